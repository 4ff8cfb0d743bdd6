//! Every case of the corpus, as a test of its own: what is found in its input is exactly what its `expected.json` says.
//!
//! `LASTLOOK_BLESS=1 cargo test --test corpus` writes the expectations anew; read every one that changed.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/npm.rs"]
mod npm;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use cases::Case;
use lastlook::Scanner;
use lastlook::bytes::Probe;
use lastlook::formats::FORMATS;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// Formats without a folder in `corpus/formats`, and why.
const NO_SMALL_FILE: &[(&str, &str)] = &[];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = cases::all().expect("the corpus can be listed");
    let mut trials = Vec::new();
    for case in &cases {
        let one = case.clone();
        trials.push(Trial::test(format!("case::{}", case.name), move || run(&one)));
    }
    for format in FORMATS {
        let name = format.name();
        trials.push(Trial::test(format!("format::{name}"), move || has_cases(name)));
    }
    for name in cases.iter().filter_map(|case| case.name.strip_suffix("/leaky")) {
        let name = name.to_owned();
        trials.push(Trial::test(format!("pair::{name}"), move || pair(&name)));
    }
    let all = cases.clone();
    trials.push(Trial::test("corpus::every_file_belongs_to_a_case", move || belongs(&all)));
    trials.push(Trial::test("corpus::expectations_name_rules_that_exist", move || known_rules(&cases)));
    trials.push(Trial::test("corpus::no_token_sits_in_the_repository", no_tokens));
    trials.push(Trial::test("corpus::it_stays_small", small));
    trials.push(Trial::test("incident::the_command_blocks_it_and_counts", incident));
    trials.push(Trial::test("incident::npm_packs_it_so (needs npm)", npm::packs_the_incident).with_ignored_flag(true));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Compares what is found with what is expected, and keeps the promises that the name of the case makes.
fn run(case: &Case) -> Result<(), Failed> {
    let prepared = case.prepare()?;
    let outcome = case.scan(&prepared)?;
    let file = case.folder.join("expected.json");
    let before: Option<Value> = fs::read(&file).ok().map(|bytes| serde_json::from_slice(&bytes)).transpose()?;
    let everything = before.is_none() && case.name.starts_with("formats/");
    let none = Value::Object(serde_json::Map::new());
    let wanted = before.as_ref().map(|before| before.get("facts").unwrap_or(&none));
    let actual = cases::describe(&outcome, &prepared.root, if everything { None } else { wanted.or(Some(&none)) });
    if env::var_os("LASTLOOK_BLESS").is_some() {
        fs::write(&file, format!("{}\n", serde_json::to_string_pretty(&actual)?))?;
    } else if before.as_ref() != Some(&actual) {
        let before = before.map_or("nothing (there is no expected.json)".to_owned(), |before| format!("{before:#}"));
        return Err(format!("expected {before}\nfound {actual:#}").into());
    }
    let (verdict, findings) = (actual["verdict"].as_str(), actual["findings"].as_array().ok_or("no findings")?);
    let quiet = findings.iter().all(|finding| finding["level"] == "note");
    if case.name.starts_with("clean/") && !(verdict == Some("clear") && quiet) {
        return Err(format!("a clean case gives more than notes: {actual:#}").into());
    }
    if case.name.ends_with("/fixed") && verdict != Some("clear") {
        return Err(format!("a fixed case is not clear: {actual:#}").into());
    }
    Ok(())
}

/// The leaky half of a pair must show something that the fixed half does not.
fn pair(name: &str) -> Result<(), Failed> {
    let read = |half: &str| -> Result<Value, Failed> {
        let file = cases::corpus().join(name).join(half).join("expected.json");
        Ok(serde_json::from_slice(&fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?)?)
    };
    let (leaky, fixed) = (read("leaky")?, read("fixed")?);
    let rules = |half: &Value| -> BTreeSet<String> {
        let findings = half["findings"].as_array().into_iter().flatten();
        findings.filter_map(|finding| Some(finding["rule"].as_str()?.to_owned())).collect()
    };
    if leaky["verdict"] == "clear" && rules(&leaky).is_subset(&rules(&fixed)) {
        return Err("nothing in the leaky half is found that is not in the fixed half too".into());
    }
    Ok(())
}

/// Every format has a case in which it recognises a file.
fn has_cases(name: &str) -> Result<(), Failed> {
    if let Some((_, reason)) = NO_SMALL_FILE.iter().find(|(exempt, _)| *exempt == name) {
        println!("no case for {name}: {reason}");
        return Ok(());
    }
    let format = FORMATS.iter().find(|format| format.name() == name).ok_or("no such format")?;
    let prefix = format!("formats/{name}/");
    let cases: Vec<Case> = cases::all()?.into_iter().filter(|case| case.name.starts_with(&prefix)).collect();
    if cases.is_empty() {
        return Err(format!("corpus/formats/{name}/<case>/input is missing; see corpus/README.md").into());
    }
    for case in cases {
        let prepared = case.prepare()?;
        let mut files = Vec::new();
        list(&prepared.root, &mut files)?;
        let known = files.iter().any(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            format.sniff(&Probe::new(&name, &bytes))
        });
        if !known {
            return Err(format!("{name} recognises no file of {}", case.name).into());
        }
    }
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { list(&entry.path(), files)? } else { files.push(entry.path()) }
    }
    Ok(())
}

fn belongs(cases: &[Case]) -> Result<(), Failed> {
    let corpus = cases::corpus();
    let mut files = Vec::new();
    list(&corpus, &mut files)?;
    let stray = files.iter().find(|file| {
        let own = |case: &Case| {
            let inside = file.strip_prefix(&case.folder).ok();
            inside.is_some_and(|inside| {
                inside.starts_with("input")
                    || inside == Path::new("expected.json")
                    || inside == Path::new("generate.json")
            })
        };
        !file.starts_with(corpus.join("make")) && **file != corpus.join("README.md") && !cases.iter().any(own)
    });
    stray.map_or(Ok(()), |stray| Err(format!("{} belongs to no case", stray.display()).into()))
}

fn known_rules(cases: &[Case]) -> Result<(), Failed> {
    let scanner = Scanner::builder().threads(1).build()?;
    for case in cases {
        let file = case.folder.join("expected.json");
        let expected: Value = serde_json::from_slice(&fs::read(&file)?)?;
        for finding in expected["findings"].as_array().ok_or("no findings")? {
            let rule = finding["rule"].as_str().ok_or("a finding without a rule")?;
            if scanner.rules().get(rule).is_none() {
                return Err(format!("{}: there is no rule `{rule}`", file.display()).into());
            }
        }
    }
    Ok(())
}

/// The corpus as it lies in the repository holds no secret that a provider would recognise: those are made for a scan.
fn no_tokens() -> Result<(), Failed> {
    let outcome = Scanner::builder().threads(2).build()?.scan(&[cases::corpus()])?;
    let found = outcome.findings.iter().find(|finding| finding.category == lastlook::finding::Category::Secret);
    let told =
        |finding: &lastlook::finding::Finding| format!("{}: {} ({})", finding.path, finding.message, finding.rule);
    found.map_or(Ok(()), |finding| Err(told(finding).into()))
}

fn small() -> Result<(), Failed> {
    let mut files = Vec::new();
    list(&cases::corpus(), &mut files)?;
    let size: u64 = files.iter().filter_map(|file| Some(fs::symlink_metadata(file).ok()?.len())).sum();
    if size < 3 << 20 { Ok(()) } else { Err(format!("the corpus has grown to {size} bytes").into()) }
}

/// The main job on the command line.
fn incident() -> Result<(), Failed> {
    let run = |half: &str| -> Result<(Option<i32>, Value), Failed> {
        let target = cases::corpus().join("incident").join(half);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
        let output = command.args(["--no-config", "--report", "json"]).arg(target).output()?;
        Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
    };
    let (code, report) = run("leaky")?;
    let first = &report["findings"][0];
    let (path, message) = (first["path"].as_str().unwrap_or(""), first["message"].as_str().unwrap_or(""));
    let says = message.contains("source files") && message.contains("lines") && message.contains("can be read");
    if code != Some(1) || !path.ends_with("cli.js.map") || first["rule"] != "source-map-embedded-sources" || !says {
        return Err(format!("{code:?} {path} {message}").into());
    }
    let (code, report) = run("fixed")?;
    if code == Some(0) { Ok(()) } else { Err(format!("{code:?} {report:#}").into()) }
}
