//! Tokens between strings that touch them, through the detector.

use super::super::Detector;
use crate::config::Text;
use crate::finding::Category;
use crate::rules::{Rule, RuleSet, example, load};

/// The rules that come with lastlook, ready to be asked.
fn builtin() -> (RuleSet, Detector) {
    let specs: Vec<_> = crate::formats::fact_specs().collect();
    let rules = load::builtin(&specs).unwrap();
    let detector = Detector::new(&rules, |rule| rule.level).unwrap();
    (rules, detector)
}

/// What is found in bytes that are no text: rules and secrets.
fn found(detector: &Detector, bytes: &[u8]) -> Vec<(String, String)> {
    let all = 0..bytes.len();
    let found = detector.binary(bytes, std::slice::from_ref(&all), "a.node").matches;
    let secret = |range: std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
    found.into_iter().map(|one| (one.active.rule.id.to_string(), secret(one.secret))).collect()
}

/// The secret that the rule finds in its own example, where it finds one.
fn secret(detector: &Detector, rule: &Rule, hit: &str, seed: u64) -> Option<String> {
    let text = example::fill(hit, seed).ok()?;
    let found = found(detector, text.as_bytes());
    found.into_iter().find(|(id, _)| *id == *rule.id).map(|(_, secret)| secret)
}

#[test]
fn tokens_are_found_between_strings_that_touch_them() {
    let (rules, detector) = builtin();
    let (mut all, mut lost, mut report) = (0, 0, String::new());
    for rule in rules.iter().filter(|rule| rule.category == Category::Secret) {
        let Some(content) = rule.content().filter(|content| content.paths.is_none()) else { continue };
        // A token that stands in the middle of what tells it cannot be glued to anything.
        let shape = |hit: &&Text| content.keywords.iter().any(|word| hit.contains(&format!("{word}<")));
        let Some(hit) = rule.hits.iter().find(shape) else { continue };
        let mut missed = 0;
        for seed in 0..10 {
            let Some(secret) = secret(&detector, rule, hit, seed) else { continue };
            if !content.keywords.iter().any(|word| secret.contains(&**word)) {
                continue;
            }
            let glued = format!("index out of range{secret}unexpected end of JSON input");
            let finds = found(&detector, glued.as_bytes());
            all += 1;
            missed += usize::from(!finds.iter().any(|(_, one)| one.starts_with(&secret[..secret.len() - 3])));
        }
        lost += missed;
        if missed > 0 {
            report += &format!("{} {missed}\n", rule.id);
        }
    }
    assert!(all > 1_000, "{all}");
    // One in fifty keys that are drawn at random does not look like it.
    assert!(lost * 100 < all * 4, "{lost} of {all} are lost:\n{report}");
}

#[test]
fn where_a_token_ends_is_told_where_its_length_is_known() {
    let (_, detector) = builtin();
    let token = |template: &str| example::fill(template, 7).unwrap();
    let (github, aws) = (token("ghp_<base62*30><crc32-base62-6>"), token("<aws-access-key-id>"));
    for (before, after) in [("range", "unexpected"), ("", "runtime"), ("A", ""), ("0", "0")] {
        let glued = |secret: &str| found(&detector, format!("\0{before}{secret}{after}\0").as_bytes());
        assert!(glued(&github).iter().any(|(_, secret)| *secret == github), "{before} {after}");
        assert!(glued(&aws).iter().any(|(_, secret)| *secret == aws), "{before} {after}");
    }
    let both = found(&detector, format!("range{aws}{aws}unexpected").as_bytes());
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn words_and_random_data_are_no_tokens() {
    let (rules, detector) = builtin();
    let words = "configuration-unexpected-identifier-in-the-middle-of-something-else-entirely";
    let (mut text, mut apart) = (String::new(), String::new());
    for keyword in rules.iter().filter_map(|rule| rule.content()).flat_map(|rule| &rule.keywords) {
        text += &format!("some{keyword}{words}");
        apart += &format!(" {keyword}{words}");
    }
    // Some of these shapes are taken for tokens in a text as well.
    let all = 0..apart.len();
    let known = detector.content(apart.as_bytes(), std::slice::from_ref(&all), "a.js").matches;
    let fresh = found(&detector, text.as_bytes());
    let fresh: Vec<_> = fresh.iter().filter(|(id, _)| !known.iter().any(|one| *one.active.rule.id == **id)).collect();
    assert!(fresh.is_empty(), "{fresh:?}");
    let random: String = (0..200).map(|seed| example::fill("<base64url*500>", seed).unwrap()).collect();
    assert_eq!(found(&detector, random.as_bytes()), []);
}

#[test]
fn names_of_symbols_are_no_tokens() {
    let (_, detector) = builtin();
    let token = example::fill("ghp_<base62*30><crc32-base62-6>", 7).unwrap().replace("ghp_", "ghs_");
    let around = |name: &str| found(&detector, format!("\0{name}{token}EiEUlvE_\0").as_bytes()).len();
    assert_eq!((around("index"), around("_Z11hi"), around("unlink._ZN5hi")), (1, 0, 0));
}

#[test]
fn text_is_taken_at_its_word() {
    let (_, detector) = builtin();
    let aws = example::fill("<aws-access-key-id>", 7).unwrap();
    let text = format!("range{aws}unexpected");
    let all = 0..text.len();
    assert!(detector.content(text.as_bytes(), std::slice::from_ref(&all), "a.js").matches.is_empty());
}

#[test]
fn decoys_cost_a_bounded_time() {
    let (_, detector) = builtin();
    for decoy in ["xsk-", "xglpat-", "xAKIA", "xxoxb-1", "xeyJ"] {
        found(&detector, decoy.repeat(100_000).as_bytes());
        found(&detector, format!("{decoy}{}", "a1B2".repeat(100_000)).as_bytes());
    }
}

#[test]
fn how_tokens_begin_is_no_token_with_words_behind_it() {
    let (_, detector) = builtin();
    let words = [&b"\x08category\"sk_live_"[..], b"eyJqa3UiairtablepackagesTooLarged3n0l4ndopenvino", b"\0\0"].concat();
    assert_eq!(found(&detector, &words), []);
    let names = b"\x01Lessfm2_sl.Bphx_mmapvenvhtmllzmanwjsdateMSL2xn--weakdsymvstswpc\x01abcdmost";
    assert_eq!(found(&detector, names), []);
    let token = example::fill("\"sk_live_<base62*24>\0\0", 3).unwrap();
    assert_eq!(found(&detector, token.as_bytes()).len(), 1);
}
