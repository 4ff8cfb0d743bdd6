//! The list of sources: everything that carries them is in it, once, in the same order on any number of threads, and a
//! check keeps nothing of it.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lastlook::Scanner;
use lastlook::bytes::Digest;
use lastlook::report::Context;
use lastlook::report::listing::{self, Listing, View};
use lastlook::scan::{EmbeddedText, Outcome, Standing};
use support::forge::{archive, map, token};
use support::{Folder, scanner};

/// The path, digest and bytes of a text that was handed out.
type Told = (String, Digest, Vec<u8>);

fn corpus(case: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(case)
}

fn look(path: &Path) -> Outcome {
    Scanner::builder().threads(2).sources().build().unwrap().scan(&[path]).unwrap()
}

/// Standing and path of each source, as one line.
fn lines(outcome: &Outcome) -> Vec<String> {
    let listing = Listing::new(outcome);
    listing.entries.iter().map(|entry| format!("{} {}", listing::word(&entry.source.standing), entry.path)).collect()
}

fn shown(outcome: &Outcome, width: usize) -> String {
    let view = View { context: Context::new(scanner().rules()), depth: None, width };
    let mut out = Vec::new();
    listing::human(&Listing::new(outcome), outcome, &view, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(outcome: &Outcome) -> serde_json::Value {
    let mut out = Vec::new();
    listing::json(&Listing::new(outcome), outcome, None, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_incident_is_listed_and_is_the_tree_that_it_was_built_from() {
    let outcome = look(&corpus("incident/leaky/input"));
    let made_from = corpus("make/incident/src");
    let mut texts: BTreeMap<Digest, String> = BTreeMap::new();
    let mut folders = vec![made_from];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.insert(Digest::of(&std::fs::read(&path).unwrap()), path.display().to_string().replace('\\', "/"));
            }
        }
    }
    let listing = Listing::new(&outcome);
    assert_eq!(listing.entries.len(), 2 * 26, "in the folder and in the archive");
    for entry in &listing.entries {
        assert_eq!(entry.source.standing, Standing::Undisclosed);
        let digest = entry.source.text.unwrap().digest.unwrap();
        let path = entry.path.strip_prefix("package/").unwrap_or(&entry.path);
        let original = texts.get(&digest).unwrap_or_else(|| panic!("{path} is no source of the incident"));
        assert!(original.ends_with(path), "{original} was rebuilt as {path}");
    }
    let total = listing.total("undisclosed");
    assert_eq!((total.files, total.lines, total.bytes), (26, 495, 17_208), "a text in two packages counts once");
}

#[test]
fn everything_that_carries_sources_is_in_the_list() {
    let outcome = look(&corpus("source-maps/inline-js/leaky"));
    assert_eq!(lines(&outcome), ["undisclosed src/main.ts", "undisclosed src/tide.ts"]);
    assert!(outcome.sources[0].carriers[0].to_string().ends_with("!inline.map"), "{:?}", outcome.sources);
    assert_eq!(lines(&look(&corpus("source-maps/index/leaky"))).len(), 2);
    assert!(!look(&corpus("source-maps/external-css/leaky")).sources.is_empty());
    assert!(look(&corpus("names-only/leaky")).sources.iter().all(|source| source.text.is_none()));
    let zipped = Folder::with(
        "p.tgz",
        &archive::tgz(&[
            ("package/dist/a.js", &map::inline_js(&map::map(&[("../src/a.ts", "a")]))),
            ("package/src/b.ts", b"b"),
            ("package/dist/b.js.map", &map::map(&[("../src/b.ts", "b"), ("webpack://p/./node_modules/q/i.js", "q")])),
        ]),
    );
    assert_eq!(lines(&zipped.scan()), Vec::<String>::new(), "a check lists nothing");
    let expected = ["undisclosed src/a.ts", "shipped src/b.ts", "third_party node_modules/q/i.js"];
    assert_eq!(lines(&look(zipped.path())), expected);
}

#[test]
fn a_text_is_one_source_however_many_maps_carry_it() {
    let folder = Folder::new();
    folder.file("dist/a.js.map", map::map(&[("../src/a.ts", "same\n"), ("../src/b.ts", "one\n")]));
    folder.file("dist/es/a.js.map", map::map(&[("../../src/a.ts", "same\n"), ("webpack://p/./src/b.ts", "other\n")]));
    folder.file("dist/c.js.map", map::map(&[("../src/copy.ts", "same\r\n")]));
    let outcome = look(folder.path());
    let paths: Vec<(String, usize)> =
        Listing::new(&outcome).entries.iter().map(|entry| (entry.path.clone(), entry.source.carriers.len())).collect();
    let expected = [("src/a.ts", 2), ("src/b.ts", 1), ("src/b~2.ts", 1), ("src/copy.ts", 1)];
    assert_eq!(paths, expected.map(|(path, carriers)| (path.to_owned(), carriers)));
    let list = json(&outcome);
    assert_eq!(list["sources"][3]["same_as"], "src/a.ts");
    assert_eq!(list["totals"]["undisclosed"], serde_json::json!({"files": 3, "lines": 3, "bytes": 15}));
}

#[test]
fn what_is_shown_is_what_is_embedded_and_never_more_than_once_for_each() {
    let texts: Arc<Mutex<Vec<Told>>> = Arc::default();
    let seen = texts.clone();
    let each = move |text: &EmbeddedText<'_>| {
        seen.lock().unwrap().push((text.path.logical().to_owned(), text.digest, text.bytes.to_vec()));
    };
    let scanner = Scanner::builder().threads(2).each_text(each).build().unwrap();
    let text = "\u{1f980} \"quoted\" \\ \u{0}\r\n\ttail  ";
    let folder = Folder::with("a.js.map", &map::map(&[("a.ts", text), ("b.ts", "")]));
    assert!(scanner.scan(&[folder.path()]).unwrap().sources.is_empty(), "nothing asked for a list");
    let texts = texts.lock().unwrap();
    assert_eq!(*texts, [("a.ts".to_owned(), Digest::of(text.as_bytes()), text.as_bytes().to_vec())]);
}

#[test]
fn any_number_of_threads_lists_the_same() {
    let folder = Folder::new();
    for number in 0..40 {
        let text = format!("text {}\n", number % 7);
        let sources = [("../src/a.ts", text.as_str()), ("../src/A.ts", &text), ("../src/a.ts", "again\n")];
        folder.file(&format!("d{}/{number}.js.map", number % 3), map::map(&sources));
        folder.file(&format!("{number}.tgz"), archive::tgz(&[("package/d/a.js.map", &map::map(&sources))]));
    }
    let list = |threads| {
        let scanner = Scanner::builder().threads(threads).sources().build().unwrap();
        json(&scanner.scan(&[folder.path()]).unwrap())
    };
    let first = list(1);
    assert!(first["sources"].as_array().unwrap().len() > 80);
    for _ in 0..5 {
        assert!(list(8) == first);
    }
}

#[test]
fn lines_fit_and_hostile_names_give_no_orders() {
    let folder = Folder::new();
    let long = format!("../src/{}/deep.ts", "very-long-folder-name".repeat(8));
    let secret = format!("../src/{}.ts", token(1));
    let names = ["::error::x", "##[group]x", "\x1b[31mred", "../\u{202e}gpj.ts", "a\nb", &long, &secret];
    let sources: Vec<(&str, &str)> = names.iter().map(|name| (*name, *name)).collect();
    folder.file("dist/a.js.map", map::map(&sources));
    let outcome = look(folder.path());
    let text = shown(&outcome, 80);
    assert!(!text.contains(['\x1b', '\u{202e}']) && !text.contains("##["), "{text}");
    let place = folder.path().display().to_string();
    for line in text.lines().filter(|line| !line.contains(&place) && !line.starts_with("A stranger")) {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    for text in [text, json(&outcome).to_string()] {
        assert!(!text.contains(&token(1)), "a secret in a name is masked: {text}");
    }
}

#[test]
fn folders_are_closed_where_there_is_no_room() {
    let folder = Folder::new();
    let names: Vec<String> = (0..300).map(|number| format!("../src/{}/{number}.ts", number % 20)).collect();
    let flat: Vec<String> = (0..300).map(|number| format!("../{number}.ts")).collect();
    for (file, names) in [("deep", &names), ("flat", &flat)] {
        let sources: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
        folder.file(&format!("{file}/d/a.js.map"), map::map(&sources));
    }
    let text = shown(&look(&folder.path().join("deep/d")), 100);
    assert!(text.contains("      19/") && text.lines().count() < 40, "{text}");
    let text = shown(&look(&folder.path().join("flat/d")), 100);
    assert!(text.contains("... and 260 more (--depth 1 lists them)") && text.lines().count() < 50, "{text}");
}

#[test]
fn damage_leaves_what_came_before_it_and_a_gap() {
    let whole = map::map(&[("../src/a.ts", "first\n"), ("../src/b.ts", "second\n")]);
    let cut = whole.windows(6).position(|window| window == b"second").unwrap() + 3;
    let outcome = look(Folder::with("dist/a.js.map", &whole[..cut]).path());
    assert_eq!(lines(&outcome).len(), 2);
    assert_eq!(json(&outcome)["complete"], false);
    assert!(shown(&outcome, 100).contains("INCOMPLETE"), "{}", shown(&outcome, 100));
}

#[test]
fn a_large_text_that_is_shipped_is_known_again_on_any_number_of_threads() {
    // From 4 MiB on, threads share what is done with one text.
    let text = |number: usize| format!("export const step{number} = () => {number};\n").repeat(150_000);
    let (shipped, kept) = (text(1), text(2));
    assert!(shipped.len() > 4 << 20);
    let folder = Folder::with("lib/steps.ts", shipped.as_bytes());
    folder.file("cli.js.map", map::map(&[("src/steps.ts", &shipped), ("src/more.ts", &kept)]));
    for threads in [1, 2, 5] {
        let scanner = Scanner::builder().threads(threads).sources().build().unwrap();
        let outcome = scanner.scan(&[folder.path()]).unwrap();
        let mut lines = lines(&outcome);
        lines.sort();
        assert_eq!(lines, ["shipped src/steps.ts", "undisclosed src/more.ts"], "{threads} threads");
    }
}
