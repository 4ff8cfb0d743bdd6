//! The quick search against a slow one that knows neither keywords nor windows: what the slow one finds, the quick one
//! must find too where a keyword stands near it, and nothing else.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lastlook::detect::Detector;
use lastlook::finding::Level;
use lastlook::rules::placeholder::is_placeholder;
use lastlook::rules::{ContentRule, Rule, RuleSet, example, load};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// How many texts each rule is tried on.
const TEXTS: u64 = 12;

/// What stands between two examples, as bundlers, configuration files and binaries put it.
const SEPARATORS: [&str; 12] =
    ["\n", " ", ",", "\"", "';\n", "\0\0", "\\n", "=", ": ", "\u{e4}", ")]}", "\n\n# key token secret password\n"];

/// A small generator of numbers (xorshift64), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn facts() -> Vec<&'static lastlook::finding::FactSpec> {
    lastlook::formats::fact_specs().collect()
}

/// Every secret that the rule's pattern finds when it is tried on the whole text, and whether it has a keyword as near as
/// the rule asks for.
fn slow(rule: &ContentRule, text: &[u8]) -> BTreeSet<(usize, usize, bool)> {
    let pattern = rule.pattern.get().expect("the pattern compiles");
    let keywords = LazyCell::new(|| keywords(rule, text));
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at <= text.len() {
        let Some(captures) = pattern.captures_at(text, at) else { break };
        let whole = captures.get(0).expect("group 0").range();
        let secret = captures.iter().skip(1).flatten().next().map_or(whole.clone(), |group| group.range());
        at = secret.end.max(whole.start + 1);
        let value = &text[secret.clone()];
        let refused = !rule.placeholders && is_placeholder(value)
            || rule.checksum.is_some_and(|checksum| !checksum.verify(value))
            || rule.structure.is_some_and(|structure| !structure.verify(value))
            || rule.allow.iter().any(|allow| allow.get().is_some_and(|allow| allow.is_match(value)));
        if !refused && rule.entropy.is_none_or(|least| shannon(value) >= least) {
            let near = |word: &Range<usize>| whole.start + rule.span >= word.start && whole.end <= word.end + rule.span;
            found.insert((secret.start, secret.end, keywords.iter().any(near)));
        }
    }
    found
}

fn keywords(rule: &ContentRule, text: &[u8]) -> Vec<Range<usize>> {
    let text = if rule.ignore_case { text.to_ascii_lowercase() } else { text.to_vec() };
    let at = |word: &Cow<str>| -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(start) = text[from..].windows(word.len()).position(|window| window == word.as_bytes()) {
            places.push(from + start..from + start + word.len());
            from += start + 1;
        }
        places
    };
    rule.keywords.iter().flat_map(at).collect()
}

fn shannon(bytes: &[u8]) -> f64 {
    let share = |byte: u8| bytes.iter().filter(|other| **other == byte).count() as f64 / bytes.len() as f64;
    let distinct: BTreeSet<u8> = bytes.iter().copied().collect();
    distinct.into_iter().map(share).map(|share| -share * share.log2()).sum()
}

/// The rule's examples one after another, with filler of any length between and some bytes changed.
fn text(rule: &Rule, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let examples: Vec<&Cow<str>> = rule.hits.iter().chain(&rule.misses).collect();
    let mut text = Vec::new();
    for round in 0..6 {
        let filler = [0, 1, 7, 300, 511, 600, 5_000][numbers.below(7)];
        let letters = ["x = 1; ", "a", "-", "{\"k\":0},", "\n"][numbers.below(5)];
        text.extend(letters.bytes().cycle().take(filler));
        text.extend(SEPARATORS[numbers.below(SEPARATORS.len())].bytes());
        let template = examples[numbers.below(examples.len())];
        let mut example = example::fill(template, seed * 16 + round).expect("an example").into_bytes();
        if numbers.below(4) == 0 && !example.is_empty() {
            let at = numbers.below(example.len());
            match numbers.below(3) {
                0 => example[at] = b"aZ0_ \"\n"[numbers.below(7)],
                1 => example.truncate(at),
                _ => {
                    example.remove(at);
                }
            }
        }
        text.extend(example);
        text.extend(SEPARATORS[numbers.below(SEPARATORS.len())].bytes());
    }
    text
}

/// What the search itself finds in a text as it stands.
fn quick(detector: &Detector, text: &[u8], path: &str) -> BTreeSet<(usize, usize)> {
    let all = 0..text.len();
    let found = detector.content(text, std::slice::from_ref(&all), path).matches;
    found.into_iter().filter(|one| one.encodings.is_empty()).map(|one| (one.secret.start, one.secret.end)).collect()
}

#[test]
fn windows_miss_nothing_that_a_search_of_the_whole_text_finds() {
    let rules = load::builtin(&facts()).expect("the built-in rules");
    let mut wrong = Vec::new();
    for rule in rules.iter() {
        let Some(content) = rule.content() else { continue };
        let mut alone = RuleSet::default();
        alone.share(Arc::clone(rule));
        let detector = Detector::new(&alone, |_| Level::Error).unwrap();
        let path = content.example_path.as_deref().unwrap_or("index.js");
        let mut found = 0;
        for seed in 1..=TEXTS {
            let text = text(rule, seed);
            let quick = quick(&detector, &text, path);
            let slow = slow(content, &text);
            found += slow.len();
            let missed: Vec<_> = slow.iter().filter(|one| one.2 && !quick.contains(&(one.0, one.1))).collect();
            let invented: Vec<_> =
                quick.iter().filter(|one| !slow.iter().any(|other| (other.0, other.1) == **one)).collect();
            if !missed.is_empty() || !invented.is_empty() {
                wrong.push(format!("{} seed {seed}: missed {missed:?}, invented {invented:?}", rule.id));
            }
        }
        if found == 0 {
            wrong.push(format!("{}: the texts never hold what it looks for", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// How much of a file is compared: to try every pattern on every byte is slow, which is why nobody searches like that.
const LONGEST: usize = 256 << 10;

/// The beginnings of all files under `folder`, with their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if entry.file_type().unwrap().is_file() {
                let mut bytes = fs::read(entry.path()).unwrap();
                bytes.truncate(LONGEST);
                files.push((entry.path().to_string_lossy().replace('\\', "/").to_lowercase(), bytes));
            }
        }
    }
    files.sort();
    files
}

/// Compares every rule by itself in every file, and all rules together with each by itself. Answers how much was found.
fn compare(files: &[(String, Vec<u8>)]) -> usize {
    let rules = load::builtin(&facts()).expect("the built-in rules");
    let together = Detector::new(&rules, |_| Level::Error).unwrap();
    let together: Vec<_> = files.par_iter().map(|(path, text)| quick(&together, text, path)).collect();
    let contents: Vec<&Arc<Rule>> = rules.iter().filter(|rule| rule.content().is_some()).collect();
    let compare = |rule: &&Arc<Rule>| {
        let content = rule.content().unwrap();
        let mut alone = RuleSet::default();
        alone.share(Arc::clone(rule));
        let detector = Detector::new(&alone, |_| Level::Error).unwrap();
        let (mut found, mut wrong) = (0, Vec::new());
        for ((path, text), together) in files.iter().zip(&together) {
            let quick = quick(&detector, text, path);
            let speaks = content.paths.as_ref().is_none_or(|paths| paths.is_match(path));
            let slow = if speaks { slow(content, text) } else { BTreeSet::new() };
            let missed = slow.iter().filter(|one| one.2 && !quick.contains(&(one.0, one.1)));
            wrong.extend(missed.map(|one| format!("{} in {path}: missed {one:?}", rule.id)));
            let invented = quick.iter().filter(|one| !slow.iter().any(|other| (other.0, other.1) == **one));
            wrong.extend(invented.map(|one| format!("{} in {path}: invented {one:?}", rule.id)));
            let lost = quick.iter().filter(|one| !together.iter().any(|other| other.0 < one.1 && one.0 < other.1));
            wrong.extend(lost.map(|one| format!("{} in {path}: nothing says {one:?} when all rules search", rule.id)));
            found += quick.len();
        }
        (found, wrong)
    };
    let (found, wrong): (Vec<usize>, Vec<Vec<String>>) = contents.par_iter().map(compare).unzip();
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    found.iter().sum()
}

#[test]
fn every_file_of_the_corpus_is_searched_as_if_every_pattern_were_tried_on_every_byte() {
    let found = compare(&files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")));
    assert!(found > 0, "nothing was found in the corpus at all");
}

#[test]
#[ignore = "needs npm and the registry"]
fn published_packages_are_searched_as_if_every_pattern_were_tried_on_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    for package in
        ["aws-sdk@2.1692.0", "ssh2@1.16.0", "jsrsasign@11.1.0", "axios@1.7.9", "ethers@6.13.4", "left-pad@1.3.0"]
    {
        let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        npm.args(["pack", "--ignore-scripts", "--silent", package]).current_dir(folder.path());
        assert!(npm.status().unwrap().success(), "npm pack {package}");
    }
    let archives: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    for archive in archives {
        let into = archive.with_extension("");
        fs::create_dir(&into).unwrap();
        let tar = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&into).status().unwrap();
        assert!(tar.success(), "{}", archive.display());
        fs::remove_file(archive).unwrap();
    }
    let mut files = files(folder.path());
    // Every seventh file: all of them would take minutes and say the same.
    let mut at = 0;
    files.retain(|(path, _)| {
        at += 1;
        at % 7 == 0 || path.contains("test") || path.contains("readme")
    });
    assert!(compare(&files) > 0, "ssh2 ships private keys as test data");
}
