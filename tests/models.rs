//! Models by the real libraries: what lastlook states of each equals what the library says, whatever the file is called and
//! whatever it is packed in. `tests/models/README.md` says how to add one.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "models/workshop.rs"]
mod workshop;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use lastlook::Scanner;
use lastlook::finding::{FactValue, Facts};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};
use workshop::Model;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let scanner = Arc::new(Scanner::builder().threads(1).build().unwrap());
    let trial = |script: std::path::PathBuf| {
        let scanner = Arc::clone(&scanner);
        let name = format!("models of {}", script.file_stem().unwrap().to_string_lossy());
        Trial::test(name, move || check(&script, &scanner))
            .with_kind("needs python3, gcc and the Python package index")
            .with_ignored_flag(true)
    };
    libtest_mimic::run(&arguments, workshop::scripts().into_iter().map(trial).collect()).exit_code()
}

/// Makes the models of one library, and looks at each of them in every way in which it may be shipped.
fn check(script: &Path, scanner: &Scanner) -> Result<(), Failed> {
    let out = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for model in workshop::make(script, out.path())? {
        for (way, place) in &model.places {
            let what = format!("{} {way}", model.places[0].1.strip_prefix(out.path())?.display());
            if let Err(why) = states(&model, place, scanner) {
                wrong.push(format!("{what}: {why}"));
            }
        }
        if let Some(wanted) = model.exit {
            let command =
                Command::new(env!("CARGO_BIN_EXE_lastlook")).arg("--no-config").arg(&model.places[0].1).output()?;
            if command.status.code().map(i64::from) != Some(wanted) {
                wrong.push(format!("{}: it exits with {:?}", model.places[0].1.display(), command.status.code()));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Some finding at `place`, or at something inside of it, states all facts of the model; and there are no gaps.
fn states(model: &Model, place: &Path, scanner: &Scanner) -> Result<(), String> {
    let outcome = scanner.scan(&[place]).map_err(|error| error.to_string())?;
    if let Some(gap) = outcome.gaps.first() {
        return Err(format!("a gap at {}: {}", gap.path, gap.reason));
    }
    let told = outcome.findings.iter().filter(|finding| finding.facts.get("model.format").is_some());
    let differences = told.map(|finding| (differences(&model.facts, &finding.facts), &finding.path));
    match differences.min_by_key(|(differences, _)| differences.len()) {
        None => Err("no finding speaks of a model".to_owned()),
        Some((differences, _)) if differences.is_empty() => Ok(()),
        Some((differences, path)) => Err(format!("at {path}: {}", differences.join("; "))),
    }
}

/// What is stated and is not what is wanted.
fn differences(wanted: &Map<String, Value>, facts: &Facts) -> Vec<String> {
    let differs = |(key, wanted): (&String, &Value)| {
        let found = facts.get(&format!("model.{key}"));
        let told = |found: &FactValue| found.to_string();
        (!same(wanted, found)).then(|| format!("{key} should be {wanted} and is {:?}", found.map(told)))
    };
    wanted.iter().filter_map(differs).collect()
}

fn same(wanted: &Value, found: Option<&FactValue>) -> bool {
    match (wanted, found) {
        (Value::Null, None) => true,
        (Value::Bool(wanted), Some(FactValue::Bool(found))) => wanted == found,
        (Value::Number(wanted), Some(FactValue::Int(found))) => wanted.as_u64() == Some(*found),
        (Value::String(wanted), Some(FactValue::Text(found))) => *wanted == **found,
        (Value::Array(wanted), Some(FactValue::List(found))) => {
            let wanted: BTreeSet<&str> = wanted.iter().filter_map(Value::as_str).collect();
            wanted == found.iter().map(|item| &**item).collect()
        }
        _ => false,
    }
}
