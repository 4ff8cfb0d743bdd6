//! One secret of every kind through everything that it may be shipped in: found wherever it is, and once.
//!
//! With `LASTLOOK_MATRIX=FOLDER` the files are written there instead of being scanned, for other tools to look at:
//! `FOLDER/<carrier>/<kind>/<file>`.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod carrier;
mod containers;
mod encodings;
mod files;
mod kinds;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lastlook::finding::{Category, Finding};
use libtest_mimic::{Arguments, Failed, Trial};

use carrier::Carrier;
use kinds::{KINDS, Kind, Leak};

/// How many places a secret must be found in at least.
const PLACES: usize = 56;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if let Some(folder) = std::env::var_os("LASTLOOK_MATRIX") {
        write_all(&PathBuf::from(folder));
        return ExitCode::SUCCESS;
    }
    let mut trials: Vec<Trial> = carriers()
        .map(|(index, carrier)| Trial::test(format!("matrix::{}", carrier.name), move || look_at(index, carrier)))
        .collect();
    trials.push(Trial::test("matrix_is_complete", is_complete));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn carriers() -> impl Iterator<Item = (usize, &'static Carrier)> {
    containers::CONTAINERS.iter().chain(files::FILES).chain(encodings::ENCODINGS).enumerate()
}

/// The secrets of one carrier, with their kinds. Every secret is another one, so that none is found in the place of its
/// neighbour.
fn leaks(index: usize) -> impl Iterator<Item = (&'static Kind, Leak)> {
    let seed = move |at: usize| (index * KINDS.len() + at + 1) as u64;
    KINDS.iter().enumerate().map(move |(at, kind)| (kind, kind.leak(seed(at))))
}

fn write(folder: &Path, kind: &Kind, carrier: &Carrier, leak: &Leak) {
    let file = folder.join(kind.name).join(carrier.path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, (carrier.fill)(leak)).unwrap();
}

fn write_all(folder: &Path) {
    for (index, carrier) in carriers() {
        leaks(index).for_each(|(kind, leak)| write(&folder.join(carrier.name), kind, carrier, &leak));
    }
}

fn look_at(index: usize, carrier: &'static Carrier) -> Result<(), Failed> {
    let folder = support::Folder::new();
    let leaks: Vec<(&Kind, Leak)> = leaks(index).collect();
    leaks.iter().for_each(|(kind, leak)| write(folder.path(), kind, carrier, leak));
    let outcome = folder.scan();
    let mut problems = String::new();
    for (kind, leak) in &leaks {
        let inside = format!("{}/", folder.path().join(kind.name).display());
        let findings = outcome.findings.iter().filter(|finding| finding.path.to_string().starts_with(&inside));
        let secrets: Vec<&Finding> = findings.filter(|finding| finding.category == Category::Secret).collect();
        if let Some(problem) = problem(kind, leak, &secrets) {
            let _ = writeln!(problems, "{}: {problem}", kind.name);
        }
    }
    for gap in &outcome.gaps {
        let _ = writeln!(problems, "gap at {}: {}", gap.path, gap.reason);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// What is wrong with what was found in one file.
fn problem(kind: &Kind, leak: &Leak, secrets: &[&Finding]) -> Option<String> {
    let is_it = |finding: &&&Finding| finding.secret.as_ref().is_some_and(|secret| leak.is(secret.expose()));
    let times: u64 = secrets.iter().filter(is_it).map(|finding| 1 + finding.repeats).sum();
    let others = secrets.iter().filter(|finding| !is_it(finding) && kind.beside != Some(&*finding.rule)).count();
    let shown = || -> Vec<String> {
        secrets.iter().map(|one| format!("{} at {}, as {:?}", one.rule, one.path, one.encodings)).collect()
    };
    (times != 1 || others > 0).then(|| format!("found {times} times, and {others} others: {:#?}", shown()))
}

/// Enough places, with names that are told apart.
fn is_complete() -> Result<(), Failed> {
    let mut names: Vec<&str> = carriers().map(|(_, carrier)| carrier.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two carriers have one name");
    assert!(count >= PLACES, "{count} places");
    Ok(())
}
