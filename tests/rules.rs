//! Every built-in rule by its own hits and misses: alone, and through the whole engine, where real leaks lie: in a bundle
//! of one line, in a source map, in a package.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use std::{fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use lastlook::Scanner;
use lastlook::detect::verify;
use lastlook::finding::FactSpec;
use lastlook::formats::fact_specs;
use lastlook::rules::{Matcher, Rule, example};
use libtest_mimic::{Arguments, Failed, Trial};

/// How much stands either side of a secret in the bundle.
const FILLER: &str = "function f(a,b){return a+b*2}var t=[1,2,3].map(function(n){return n*n});";
const REPEATS: usize = 200;
/// Where an example is hidden, and the path that the finding must have inside its folder.
const PLACES: [&str; 3] = ["bundle/", "app.js.map!", "package.tgz!package/"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for rule in scanner().rules().iter() {
        let (one, id) = (Arc::clone(rule), rule.id.clone());
        trials.push(Trial::test(format!("examples::{id}"), move || examples(&one)));
        let one = Arc::clone(rule);
        trials.push(Trial::test(format!("shown::{id}"), move || shown(&one)));
        if let Matcher::Content(_) = rule.matcher {
            let one = Arc::clone(rule);
            trials.push(Trial::test(format!("engine::{id}"), move || engine(&one)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One scanner with all rules: what fires among all of them is what users see.
fn scanner() -> &'static Scanner {
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::builder().threads(1).build().expect("the built-in rules load"))
}

fn examples(rule: &Arc<Rule>) -> Result<(), Failed> {
    let facts: Vec<&FactSpec> = fact_specs().collect();
    let problems: Vec<String> = verify(rule, &facts).into_iter().map(|problem| problem.message).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// One name everywhere: what reports call a rule is what `lastlook rules show` explains.
fn shown(rule: &Arc<Rule>) -> Result<(), Failed> {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    if !rule.id.split('-').all(word) {
        return Err(format!("`{}` is not made of lower-case words joined by `-`", rule.id).into());
    }
    let output = Command::new(env!("CARGO_BIN_EXE_lastlook")).args(["rules", "show", &rule.id]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let explained = text.contains(&*rule.id) && text.contains(rule.title.as_str());
    if output.status.success() && explained { Ok(()) } else { Err(format!("{}\n{text}", output.status).into()) }
}

/// Hits fire and misses stay silent wherever they lie.
fn engine(rule: &Arc<Rule>) -> Result<(), Failed> {
    let content = rule.content().ok_or("no content rule")?;
    let path = content.example_path.as_deref().unwrap_or("index.js");
    let whole_file = content.paths.is_some();
    let folder = tempfile::tempdir()?;
    let examples = |kind: &'static str, templates: &[String]| -> Result<Vec<String>, Failed> {
        let mut names = Vec::new();
        for (index, template) in templates.iter().enumerate() {
            let name = format!("{kind}{index}");
            hide(&folder.path().join(&name), path, &example::fill(template, 3)?, whole_file)?;
            names.push(name);
        }
        Ok(names)
    };
    let hits = examples("hit", &rule.hits)?;
    examples("miss", &rule.misses)?;
    let outcome = scanner().scan(&[folder.path()])?;
    let found: Vec<String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.rule == rule.id)
        .map(|finding| finding.path.to_string().replace(&format!("{}/", folder.path().display()), ""))
        .collect();
    let mut problems = String::new();
    for (hit, template) in hits.iter().zip(&rule.hits) {
        for place in PLACES.map(|place| format!("{hit}/{place}{path}")) {
            if !found.contains(&place) {
                let others = outcome.findings.iter().filter(|finding| finding.path.to_string().ends_with(&place));
                let others: Vec<&str> = others.map(|finding| &*finding.rule).collect();
                let _ = writeln!(problems, "`{template}` is not found at {place}; other rules there: {others:?}");
            }
        }
    }
    for path in found.iter().filter(|path| path.starts_with("miss")) {
        let _ = writeln!(problems, "it fires on a miss at {path}");
    }
    if !outcome.gaps.is_empty() {
        let _ = writeln!(problems, "there are gaps: {:?}", outcome.gaps);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// Lays `text` into a bundle, a source map and a package below `folder`.
fn hide(folder: &Path, path: &str, text: &str, whole_file: bool) -> Result<(), Failed> {
    let filler = FILLER.repeat(REPEATS);
    let bundled = if whole_file { text.to_owned() } else { format!("{filler} {text} {filler}") };
    let bundle = folder.join("bundle").join(path);
    fs::create_dir_all(bundle.parent().ok_or("no folder")?)?;
    fs::write(bundle, &bundled)?;
    let map = serde_json::json!({"version": 3, "sources": [path], "sourcesContent": [text], "mappings": "AAAA"});
    fs::write(folder.join("app.js.map"), map.to_string())?;
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, format!("package/{path}"), text.as_bytes())?;
    let mut file = fs::File::create(folder.join("package.tgz"))?;
    file.write_all(&tar.into_inner()?.finish()?)?;
    Ok(())
}
