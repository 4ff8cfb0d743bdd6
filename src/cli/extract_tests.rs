//! Whatever sources are called, what is written lies inside the folder and is what was embedded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lastlook::Scanner;
use lastlook::rules::RuleSet;
use lastlook::scan::Outcome;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder with a map of these sources, and the outcome of looking at it.
fn looked(sources: &[(String, String)]) -> (TempDir, Outcome) {
    let target = tempfile::tempdir().unwrap();
    let names: Vec<&String> = sources.iter().map(|(name, _)| name).collect();
    let texts: Vec<&String> = sources.iter().map(|(_, text)| text).collect();
    let map = serde_json::json!({"version": 3, "sources": names, "sourcesContent": texts, "mappings": ""});
    fs::create_dir(target.path().join("dist")).unwrap();
    fs::write(target.path().join("dist/a.js.map"), map.to_string()).unwrap();
    let scanner = Scanner::builder().rules(RuleSet::default()).threads(2).sources().build().unwrap();
    let outcome = scanner.scan(&[target.path()]).unwrap();
    (target, outcome)
}

/// Looks at the target again and writes its sources out.
fn write_out(extraction: Extraction, target: &Path) -> Written {
    let extraction = Arc::new(extraction);
    let writer = extraction.clone();
    let each = move |text: &EmbeddedText<'_>| writer.text(text);
    Scanner::builder().rules(RuleSet::default()).threads(2).each_text(each).build().unwrap().scan(&[target]).unwrap();
    extraction.finish()
}

/// All files below `folder`, by their path from it. Anything that is neither file nor folder fails.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut folders, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else {
                assert!(kind.is_file(), "{path:?}");
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn pairs(sources: &[(&str, &str)]) -> Vec<(String, String)> {
    sources.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn texts_are_written_byte_for_byte_under_readable_names() {
    let text = "\u{feff}const s = \"ü\\n\";\r\n\t// \u{1f980} \u{0} \u{7f}  \r\n";
    let sources = pairs(&[
        ("webpack://app/./src/a.ts", text),
        ("../src/b.ts", "b\r\n"),
        ("../src/b.ts", "b\n"),
        ("../src/B.ts", "B\n"),
        ("../../../../etc/passwd", "no"),
        ("../node_modules/p/index.js", "p"),
    ]);
    let (target, outcome) = looked(&sources);
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("out");
    let written = write_out(Extraction::new(&folder, &Listing::new(&outcome)).unwrap(), target.path());
    assert_eq!(written.missed, []);
    let found = files(&folder);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = ["etc/passwd", "node_modules/p/index.js", "src/B.ts", "src/a.ts", "src/b~2.ts", "src/b~3.ts"];
    assert_eq!(names, expected);
    assert_eq!(found["src/a.ts"], text.as_bytes());
    let all: BTreeSet<&[u8]> = found.values().map(Vec::as_slice).collect();
    assert_eq!(all, sources.iter().map(|(_, text)| text.as_bytes()).collect());
    assert_eq!((written.files, written.bytes), (6, found.values().map(|text| text.len() as u64).sum()));
}

#[test]
fn only_an_empty_or_a_new_folder_is_written_to() {
    let outer = tempfile::tempdir().unwrap();
    let at = |name: &str| outer.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/file"), "mine").unwrap();
    assert!(check_folder(&at("empty")).is_ok() && check_folder(&at("new")).is_ok());
    for refused in ["full", "full/file"] {
        assert!(check_folder(&at(refused)).is_err(), "{refused}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("empty"), at("link")).unwrap();
        assert!(check_folder(&at("link")).is_err());
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        assert!(check_folder(&at("dangling")).is_err());
    }
}

#[test]
fn where_nothing_is_embedded_no_folder_is_made() {
    let (target, outcome) = looked(&[]);
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("out");
    let written = write_out(Extraction::new(&folder, &Listing::new(&outcome)).unwrap(), target.path());
    assert_eq!((written.files, folder.exists()), (0, false));
}

#[test]
fn what_is_gone_when_it_is_to_be_written_is_told() {
    let (target, outcome) = looked(&pairs(&[("../a.ts", "a"), ("../b.ts", "b")]));
    let outer = tempfile::tempdir().unwrap();
    let extraction = Extraction::new(&outer.path().join("out"), &Listing::new(&outcome)).unwrap();
    fs::write(target.path().join("dist/a.js.map"), "{}").unwrap();
    let written = write_out(extraction, target.path());
    let missed: Vec<&str> = written.missed.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!((written.files, missed), (0, vec!["a.ts", "b.ts"]));
}

#[cfg(unix)]
#[test]
fn a_link_that_appears_meanwhile_is_not_followed_and_a_file_not_overwritten() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sources = pairs(&[("../link.ts", "1"), ("../to/a.ts", "2"), ("../there.ts", "3"), ("../good.ts", "4")]);
    let (target, outcome) = looked(&sources);
    let outer = tempfile::tempdir().unwrap();
    let (folder, outside) = (outer.path().join("out"), outer.path().join("outside"));
    fs::create_dir(&outside).unwrap();
    let extraction = Extraction::new(&folder, &Listing::new(&outcome)).unwrap();
    symlink(outside.join("new"), folder.join("link.ts")).unwrap();
    symlink(&outside, folder.join("to")).unwrap();
    fs::write(folder.join("there.ts"), "mine").unwrap();
    let written = write_out(extraction, target.path());
    let missed: Vec<&str> = written.missed.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(missed, ["link.ts", "there.ts", "to/a.ts"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fs::read(folder.join("there.ts")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.join("good.ts")).unwrap(), b"4");
    assert_eq!(fs::metadata(folder.join("good.ts")).unwrap().permissions().mode() & 0o111, 0, "nobody may run it");
}

/// Names as an attacker would choose them: anything, and pieces that mean something to somebody.
fn name() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "..",
        ".",
        "/",
        "\\",
        "a",
        "A",
        "b.ts",
        "B.TS",
        "b.ts.",
        "b.ts ",
        "nul",
        "COM1.x",
        "C:",
        "~2",
        ".git",
        "\0",
        "webpack://",
        "file:///",
        "https://u:p@h/",
        "node_modules/",
        "?q",
        "\u{202e}",
        "ß",
        "ẞ",
        "é",
        "e\u{301}",
        ":",
        "a/b/c/",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()), any::<String>(), "[a-c/.]{1,6}",]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_they_are_called_all_are_written_inside_and_none_twice(
        named in prop::collection::vec((name(), "[ab\r\n]{1,3}"), 1..40),
    ) {
        let (target, outcome) = looked(&named);
        let listing = Listing::new(&outcome);
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("beside"), "untouched").unwrap();
        let folder = outer.path().join("a/b/out");
        fs::create_dir_all(&folder).unwrap();
        let written = write_out(Extraction::new(&folder, &listing).unwrap(), target.path());
        prop_assert_eq!(&written.missed, &[]);
        let found = files(outer.path());
        let embedded: Vec<_> = listing.entries.iter().filter(|entry| entry.is_embedded()).collect();
        // One file for each, and the one that was there: nothing was written over another.
        prop_assert_eq!(found.len(), embedded.len() + 1);
        prop_assert_eq!(&found["beside"], b"untouched");
        for entry in embedded {
            let text = &found[&format!("a/b/out/{}", entry.file)];
            prop_assert_eq!(Some(Digest::of(text)), entry.source.text.and_then(|text| text.digest));
        }
        // And nothing that was embedded is missing.
        let texts: BTreeSet<&[u8]> = found.values().map(Vec::as_slice).collect();
        for (_, text) in &named {
            prop_assert!(texts.contains(text.as_bytes()), "{text:?}");
        }
    }
}
