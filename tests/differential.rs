//! The quick search against a slow one that knows neither keywords nor windows: what the slow one finds, the quick one
//! must find too where a keyword stands near it, and nothing else.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use lastlook::detect::Detector;
use lastlook::finding::Level;
use lastlook::rules::placeholder::is_placeholder;
use lastlook::rules::{ContentRule, Rule, RuleSet, example, load};

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
    let keywords = keywords(rule, text);
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
    let at = |word: &String| -> Vec<Range<usize>> {
        let starts = text.windows(word.len()).enumerate().filter(|(_, window)| *window == word.as_bytes());
        starts.map(|(start, _)| start..start + word.len()).collect()
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
    let examples: Vec<&String> = rule.hits.iter().chain(&rule.misses).collect();
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
            let all = 0..text.len();
            let quick: BTreeSet<(usize, usize)> = detector
                .content(&text, std::slice::from_ref(&all), path)
                .matches
                .into_iter()
                .map(|one| (one.secret.start, one.secret.end))
                .collect();
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
