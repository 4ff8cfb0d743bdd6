//! What several test files share: forging inputs, and looking at them with the library.
#![allow(dead_code)]

pub mod forge;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lastlook::Scanner;
use lastlook::finding::{Level, Verdict};
use lastlook::report::{Context, REPORTS};
use lastlook::scan::Outcome;
use tempfile::TempDir;

/// A scanner that blocks on warnings as well: models and personal paths are warnings.
pub fn scanner() -> &'static Scanner {
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::builder().threads(2).fail_on(Level::Warning).build().unwrap())
}

/// A folder of its own.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// A folder with one file.
    pub fn with(name: &str, bytes: &[u8]) -> Self {
        let folder = Folder::new();
        folder.file(name, bytes);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn scan(&self) -> Outcome {
        scanner().scan(&[self.path()]).unwrap()
    }
}

/// Scans bytes as the only file of a folder.
pub fn scan_bytes(name: &str, bytes: &[u8]) -> Outcome {
    Folder::with(name, bytes).scan()
}

/// Every report of an outcome, with its name, as verbose as it gets.
pub fn reports(outcome: &Outcome) -> Vec<(&'static str, Vec<u8>)> {
    let context = Context { verbose: true, ..Context::new(scanner().rules()) };
    let write = |report: &&dyn lastlook::report::Report| {
        let mut out = Vec::new();
        report.write(outcome, &context, &mut out).unwrap();
        (report.name(), out)
    };
    REPORTS.iter().map(write).collect()
}

/// What was found and what was not looked at, in short, for messages of failing tests.
pub fn in_short(outcome: &Outcome) -> String {
    let findings = outcome.findings.iter().take(5).map(|finding| format!("{} at {}", finding.rule, finding.path));
    let gaps = outcome.gaps.iter().take(5).map(|gap| format!("gap at {}: {}", gap.path, gap.reason));
    let lines: Vec<String> = findings.chain(gaps).map(|line| line.chars().take(200).collect()).collect();
    format!("{:?} {lines:#?}", outcome.verdict)
}

/// Whether the outcome has a finding of this rule at this place (relative to the folder that was scanned).
pub fn finds(outcome: &Outcome, rule: &str, place: &str) -> bool {
    outcome.findings.iter().any(|finding| &*finding.rule == rule && finding.path.to_string().ends_with(place))
}

pub fn is_clear(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Clear
}
