//! Configuration files of forty kinds and more, as tools write them: every credential planted in one is found at its
//! line, and the same file with a placeholder or a variable in its place is silent.
//!
//! `tests/config_files` holds the files, at the paths that tools give them. `{{field}}` stands for what a rule's
//! template calls `<field>`; `<` is taken, because half of these files are XML.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lastlook::finding::{Category, Level};
use lastlook::rules::example;
use lastlook::scan::Outcome;
use support::Folder;

/// What people write where the credential will stand.
const STAND_INS: [&str; 6] =
    ["changeme", "${SECRET}", "<your-password>", "********", "xxxxxxxxxxxxxxxx", "YOUR_SECRET_HERE"];

/// Files that are found by their names, and whose content is the secret from the first byte to the last.
const BY_NAME: [&str; 1] = ["config/master.key"];

/// Encrypted files: whatever is in them is not given away.
const ENCRYPTED: [&str; 1] = ["group_vars/vault.yml"];

fn templates() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_files");
    let (mut folders, mut found) = (vec![root.clone()], Vec::<PathBuf>::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The file with a credential in every field, and the lines at which they begin.
fn planted(template: &str, seed: u64) -> (String, BTreeSet<u64>) {
    let (mut text, mut lines) = (String::new(), BTreeSet::new());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (field, behind) = after.split_once("}}").unwrap();
        text.push_str(before);
        lines.insert(text.matches('\n').count() as u64 + 1);
        text.push_str(&example::fill(&format!("<{field}>"), seed + text.len() as u64).unwrap());
        rest = behind;
    }
    text.push_str(rest);
    (text, lines)
}

/// The file with `stand_in` in every field.
fn without(template: &str, stand_in: &str) -> String {
    let mut pieces = template.split("{{");
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |text, piece| text + stand_in + piece.split_once("}}").unwrap().1)
}

fn scanned(name: &str, text: &str) -> Outcome {
    Folder::with(name, text.as_bytes()).scan()
}

/// The lines at which secrets are reported, with their rules.
fn secrets(outcome: &Outcome) -> Vec<(u64, String)> {
    let secrets = outcome.findings.iter().filter(|one| one.category == Category::Secret && one.level >= Level::Warning);
    secrets.map(|one| (one.location.as_ref().and_then(|place| place.line).unwrap_or(0), one.rule.to_string())).collect()
}

#[test]
fn every_planted_credential_is_found_at_its_line() {
    let mut wrong = Vec::new();
    for (name, template) in templates() {
        if ENCRYPTED.contains(&name.as_str()) {
            continue;
        }
        for seed in [1, 1001, 2001] {
            let (text, lines) = planted(&template, seed);
            let outcome = scanned(&name, &text);
            let found = secrets(&outcome);
            if BY_NAME.contains(&name.as_str()) {
                assert!(outcome.findings.iter().any(|one| one.level == Level::Error), "{name}");
                continue;
            }
            let at: BTreeSet<u64> = found.iter().map(|(line, _)| *line).collect();
            if at != lines {
                wrong.push(format!("{name}: planted at {lines:?}, found {found:?} in\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_same_files_without_credentials_are_silent() {
    let mut wrong = Vec::new();
    for (name, template) in templates() {
        for stand_in in STAND_INS {
            let found = secrets(&scanned(&name, &without(&template, stand_in)));
            if !found.is_empty() {
                wrong.push(format!("{name} with {stand_in}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn encrypted_files_are_silent() {
    for name in ENCRYPTED {
        let template = templates().into_iter().find(|(path, _)| path == name).unwrap().1;
        assert_eq!(secrets(&scanned(name, &planted(&template, 1).0)), []);
    }
}

#[test]
fn there_are_forty_kinds() {
    assert!(templates().len() >= 40);
}
