//! Every built-in rule by its own hits and misses: alone, and through the whole engine, where real leaks lie: in plain
//! text, in a bundle of one line, in a source map, in a package in a release, encoded, and in a program. And who else
//! speaks up there, in `tests/snapshots/cross-fire.txt`.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mod.rs"]
mod support;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use lastlook::Scanner;
use lastlook::detect::verify;
use lastlook::finding::{Category, FactSpec, Finding};
use lastlook::formats::fact_specs;
use lastlook::rules::{Matcher, Rule, example};
use libtest_mimic::{Arguments, Failed, Trial};

use support::forge::{archive, zip};

/// How much stands either side of a secret in the bundle.
const FILLER: &str = "function f(a,b){return a+b*2}var t=[1,2,3].map(function(n){return n*n});";
const REPEATS: usize = 200;
/// Where an example is hidden, and the path that the finding must have inside its folder.
const PLACES: [&str; 4] = ["plain/", "bundle/", "app.js.map!", "release.zip!package.tgz!package/"];
/// Where an encoded one is hidden. What is no secret is not looked for in encoded text.
const ENCODED_PLACES: [&str; 2] = ["base64/", "program/"];
/// Which other rules speak up at each rule's hits.
const CROSS_FIRE: &str = "tests/snapshots/cross-fire.txt";

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
    trials.push(Trial::test("cross_fire", cross_fire));
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
    let explained = text.contains(&*rule.id) && text.contains(&*rule.title);
    if output.status.success() && explained { Ok(()) } else { Err(format!("{}\n{text}", output.status).into()) }
}

/// Hits fire and misses stay silent wherever they lie.
fn engine(rule: &Arc<Rule>) -> Result<(), Failed> {
    let content = rule.content().ok_or("no content rule")?;
    let path = example_path(rule);
    let folder = tempfile::tempdir()?;
    let examples = |kind: &'static str, templates: &[Cow<'static, str>]| -> Result<Vec<String>, Failed> {
        let mut names = Vec::new();
        for (index, template) in templates.iter().enumerate() {
            let name = format!("{kind}{index}");
            hide(&folder.path().join(&name), path, &example::fill(template, 3)?, content.paths.is_some())?;
            names.push(name);
        }
        Ok(names)
    };
    let hits = examples("hit", &rule.hits)?;
    examples("miss", &rule.misses)?;
    let outcome = scanner().scan(&[folder.path()])?;
    let below = |finding: &Finding| finding.path.to_string().replace(&format!("{}/", folder.path().display()), "");
    let own = outcome.findings.iter().filter(|finding| finding.rule == rule.id);
    let found: Vec<String> = own.map(below).collect();
    let encoded = if rule.category == Category::Secret { &ENCODED_PLACES[..] } else { &[] };
    let mut problems = String::new();
    for (hit, template) in hits.iter().zip(&rule.hits) {
        for place in PLACES.iter().chain(encoded).map(|place| format!("{hit}/{place}{path}")) {
            if !found.contains(&place) {
                let others = outcome.findings.iter().filter(|finding| below(finding) == place);
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

fn example_path(rule: &Rule) -> &str {
    rule.content().and_then(|content| content.example_path.as_deref()).unwrap_or("index.js")
}

/// Lays `text` into every place below `folder`.
fn hide(folder: &Path, path: &str, text: &str, whole_file: bool) -> Result<(), Failed> {
    let put = |name: String, content: &[u8]| -> Result<(), Failed> {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().ok_or("no folder")?)?;
        Ok(fs::write(file, content)?)
    };
    put(format!("plain/{path}"), text.as_bytes())?;
    let filler = FILLER.repeat(REPEATS);
    let bundled = if whole_file { text.to_owned() } else { format!("{filler} {text} {filler}") };
    put(format!("bundle/{path}"), bundled.as_bytes())?;
    // At whichever of the three alignments the length of the text chooses.
    let encoded = data_encoding::BASE64.encode(format!("{}\n{text}\n", &"set"[text.len() % 3..]).as_bytes());
    put(format!("base64/{path}"), format!("var s = \"{encoded}\";\n").as_bytes())?;
    let utf16: Vec<u8> = format!("settings\n{text}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(
        format!("program/{path}"),
        &support::forge::binary::elf(&[b"\x7f\x80main\0", &utf16[..], b"\0\0\x90"].concat()),
    )?;
    let map = serde_json::json!({"version": 3, "sources": [path], "sourcesContent": [text], "mappings": "AAAA"});
    put("app.js.map".to_owned(), map.to_string().as_bytes())?;
    let package = archive::tgz(&[(&format!("package/{path}"), text.as_bytes())]);
    put("release.zip".to_owned(), &zip::deflated(&[("package.tgz", &package)]))
}

/// One list of who else speaks up where a rule's own hits lie as plain text, so that a change of it is seen.
fn cross_fire() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let rules = || scanner().rules().iter().filter(|rule| rule.content().is_some());
    for rule in rules() {
        for (index, template) in rule.hits.iter().enumerate() {
            let file = folder.path().join(&*rule.id).join(index.to_string()).join(example_path(rule));
            fs::create_dir_all(file.parent().ok_or("no folder")?)?;
            fs::write(file, example::fill(template, 3)?)?;
        }
    }
    let outcome = scanner().scan(&[folder.path()])?;
    let mut others: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in outcome.findings.iter().filter(|finding| finding.location.is_some()) {
        let path = finding.path.to_string();
        let id = path.strip_prefix(&format!("{}/", folder.path().display())).and_then(|rest| rest.split('/').next());
        let rule = rules().find(|rule| Some(&*rule.id) == id).ok_or("a finding lies nowhere")?;
        let spoke = std::iter::once(&finding.rule).chain(&finding.also).map(|id| &**id);
        others.entry(&rule.id).or_default().extend(spoke.filter(|other| *other != &*rule.id));
    }
    others.retain(|_, others| !others.is_empty());
    let list = |others: &BTreeSet<&str>| others.iter().copied().collect::<Vec<_>>().join(", ");
    let mut text =
        "# Which rules speak up at the hits of which others. LASTLOOK_BLESS=1 cargo test --test rules\n".to_owned();
    others.iter().for_each(|(rule, others)| text.push_str(&format!("{rule}: {}\n", list(others))));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CROSS_FIRE);
    if std::env::var_os("LASTLOOK_BLESS").is_some() {
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(&path, &text)?;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept == text { Ok(()) } else { Err(format!("{CROSS_FIRE} is out of date; it should be:\n{text}").into()) }
}
