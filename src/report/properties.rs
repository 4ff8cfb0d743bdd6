//! What must hold for every report and any outcome.

use proptest::prelude::*;

use super::difference::{self, Difference};
use super::sanitize::is_unsafe;
use super::testing::{self, context, empty, gap, hostile, render_with, secret_finding};
use super::{Context, REPORTS, Report};
use crate::compare::NewThing;
use crate::finding::{ArtifactPath, Original, Verdict};
use crate::scan::{Allowed, Outcome, Stale};

/// The same report in all its ways: plain, with everything shown, and compared with earlier versions.
fn contexts() -> [Context<'static>; 4] {
    let since = |comparison| Context { since: Some(comparison), ..context() };
    let verbose = Context { verbose: true, base: "base dir".to_owned(), ..context() };
    [context(), verbose, since(testing::comparison()), since(testing::backwards())]
}

/// What `diff` writes, for people and for programs.
fn differences(outcome: &Outcome) -> Vec<String> {
    let mut texts = Vec::new();
    for comparison in [testing::comparison(), testing::backwards()] {
        let shown = Difference { comparison, outcome, verdict: Verdict::Blocked, unwanted: &NewThing::ALL };
        for verbose in [false, true] {
            let context = Context { verbose, since: Some(comparison), ..context() };
            let mut written = [Vec::new(), Vec::new()];
            difference::human(&shown, &context, &mut written[0]).unwrap();
            difference::json(&shown, &context, &mut written[1]).unwrap();
            texts.extend(written.map(|bytes| String::from_utf8(bytes).unwrap()));
        }
    }
    texts
}

#[test]
fn hostile_names_do_nothing_in_a_comparison() {
    for text in differences(&hostile()).into_iter().chain(differences(&testing::leaky())) {
        assert_safe("diff", &text);
        assert!(!text.contains(&testing::token("a")), "{text}");
        assert!(text.starts_with("old: ") || serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
    assert_eq!(differences(&hostile()), differences(&hostile()));
}

fn assert_safe(name: &str, text: &str) {
    let found = text.chars().find(|character| is_unsafe(*character) && *character != '\n');
    assert_eq!(found, None, "{name}: {text}");
    assert!(text.ends_with('\n'), "{name} ends without a line end");
    assert!(!text.contains("##[") && !text.contains("##vso["), "{name}: {text}");
    let orders: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    let own = |line: &&str| ["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own));
    assert!(if name == "github" { orders.iter().all(own) } else { orders.is_empty() }, "{name}: {orders:?}");
}

fn assert_parses(name: &str, text: &str) {
    match name {
        "json" | "sarif" | "gitlab" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
        "jsonl" => text.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap())),
        _ => {}
    }
}

fn each_report(outcome: &Outcome, mut check: impl FnMut(&'static dyn Report, &str)) {
    for context in contexts() {
        for report in REPORTS {
            check(*report, &render_with(*report, outcome, &context));
        }
    }
}

#[test]
fn report_names_are_unique_and_can_be_found() {
    for report in REPORTS {
        assert_eq!(super::find(report.name()).map(Report::summary), Some(report.summary()));
        assert_eq!(REPORTS.iter().filter(|other| other.name() == report.name()).count(), 1);
    }
    assert!(super::find("nothing").is_none());
}

#[test]
fn hostile_names_do_nothing() {
    each_report(&hostile(), |report, text| {
        assert_safe(report.name(), text);
        assert_parses(report.name(), text);
        assert!(!text.contains(&testing::token("a")), "{}: {text}", report.name());
    });
}

#[test]
fn names_of_a_megabyte_do_not_fill_the_screen() {
    let mut outcome = empty();
    outcome.gaps.push(gap(&"a".repeat(1 << 20), &"b".repeat(1 << 20)));
    for name in ["human", "github", "junit", "markdown"] {
        let text = render_with(super::find(name).unwrap(), &outcome, &context());
        assert!(text.len() < 5_000, "{name}: {} bytes", text.len());
    }
}

#[test]
fn the_same_outcome_gives_the_same_bytes() {
    let mut later = context();
    later.elapsed = None;
    for report in REPORTS.iter().filter(|report| report.name() != "human") {
        let texts = [context(), later.clone()].map(|context| render_with(*report, &testing::leaky(), &context));
        assert_eq!(texts[0], texts[1], "{}", report.name());
    }
}

/// Any text, made more hostile than chance would.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f-\\x9f\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}-\u{200f}:#\\[\\]%{}a-c /!]{0,60}",
        Just(testing::hostile_text()),
    ]
}

/// A secret as it is, in hex, and in base64 at each alignment.
fn write(secret: &str, way: usize) -> String {
    match way {
        0 => secret.to_owned(),
        1 => data_encoding::HEXLOWER.encode(secret.as_bytes()),
        other => data_encoding::BASE64.encode(format!("{}{secret}", &"::"[..other - 2]).as_bytes()),
    }
}

prop_compose! {
    fn any_outcome()(
        secrets in prop::collection::vec("[A-Za-z0-9_+/=-]{16,80}", 1..4),
        texts in prop::collection::vec(any_text(), 8),
        written in 0..6usize,
    ) -> (Outcome, Vec<String>) {
        let text = |index: usize| {
            let secret = &secrets[index % secrets.len()];
            let secret = if written == 0 { String::new() } else { write(secret, written - 1) };
            format!("{}{secret}", texts[index % texts.len()])
        };
        let mut outcome = empty();
        outcome.verdict = Verdict::Blocked;
        for (index, secret) in secrets.iter().enumerate() {
            let mut finding = secret_finding("a", secret);
            finding.path = ArtifactPath::file(&text(index)).member(&text(index + 1));
            finding.message = text(index + 2);
            finding.excerpt = Some(format!("{}{}{}", text(index + 3), finding.secret.as_ref().unwrap(), text(index + 4)));
            finding.details = vec![text(index + 5)];
            finding.original = Some(Original { source: text(index + 6).into(), line: 1, column: 1 });
            finding.places = vec![testing::embedded_place(&text(index + 7), &text(index), secret)];
            finding.facts.set("some.text", text(index + 6));
            outcome.allowed.push(Allowed { finding: finding.clone(), reason: text(index + 7) });
            outcome.findings.push(finding);
        }
        outcome.gaps.push(gap(&text(0), &text(1)));
        outcome.stale.push(Stale { place: text(2), problem: text(3) });
        (outcome, secrets)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_report_ever_holds_a_secret_or_an_order((outcome, secrets) in any_outcome()) {
        each_report(&outcome, |report, text| {
            assert_safe(report.name(), text);
            assert_parses(report.name(), text);
            for (secret, way) in secrets.iter().flat_map(|secret| (0..5).map(move |way| (secret, way))) {
                let written = write(secret, way);
                // The digits at both ends are not the secret's alone.
                let inner = if way < 2 { &written[..] } else { &written[3..written.len() - 4] };
                assert!(!text.contains(inner), "{} shows {secret} as {inner}: {text}", report.name());
            }
        });
    }

    #[test]
    fn colours_are_the_only_escapes((outcome, _) in any_outcome()) {
        let coloured = render_with(&super::Human, &outcome, &Context { color: true, ..context() });
        let plain = render_with(&super::Human, &outcome, &context());
        let own = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        assert_safe("human", &own.replace_all(&coloured, ""));
        assert_eq!(own.replace_all(&coloured, ""), plain);
    }
}
