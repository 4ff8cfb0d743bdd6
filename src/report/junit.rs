//! `junit`: JUnit XML, which GitLab, Jenkins and most other CI systems show as test results.
//!
//! There is no standard; this is the part that all of them read: `testsuites`, `testsuite`, `testcase` with `classname`
//! and `name`, and in it `failure`, `error` or `skipped`. There is no time in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::redact::Redactor;
use super::words::{self, shown};
use super::{Context, Report, sanitize, since};
use crate::finding::{ArtifactPath, Finding, Gap, Verdict};
use crate::scan::{Allowed, Judged, Outcome};

/// The `junit` report. Every finding is a test: one that blocks has failed, one that does not has passed with a text,
/// and one that is allowed was skipped. Gaps are errors, and the verdict is a test of its own. Each package has a suite
/// with its verdict and what is about it; the first suite has the verdict on everything, and what is about no package.
#[derive(Debug, Clone, Copy)]
pub struct Junit;

/// Most further places of one finding that are named.
const PLACES: usize = 5;

/// How a test ended.
enum End {
    /// With a text.
    Passed(String),
    Failed(String, String),
    Error(String, String),
    Skipped(String),
}

/// Tests that belong together.
struct Suite {
    name: String,
    cases: Vec<Case>,
}

/// One test.
struct Case {
    class: String,
    name: String,
    file: Option<String>,
    end: End,
}

impl Report for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn summary(&self) -> &'static str {
        "JUnit XML, for the test results of GitLab, Jenkins and others"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let of_none = |place: &ArtifactPath| !outcome.packages.iter().any(|package| package.holds(place));
        let mut cases = vec![verdict(outcome, context, &redactor)];
        cases.extend(about(outcome, context, &redactor, of_none));
        let mut suites = vec![Suite { name: "lastlook".to_owned(), cases }];
        for package in &outcome.packages {
            let name = format!("{} in {}", words::called(package, &redactor), shown(&redactor, &package.folder));
            let mut cases = vec![judged(package, &redactor)];
            cases.extend(about(outcome, context, &redactor, |place| package.holds(place)));
            suites.push(Suite { name, cases });
        }
        make_unique(&mut suites);
        out.write_all(document(&suites).as_bytes())
    }
}

/// The tests for everything at such places.
fn about(
    outcome: &Outcome,
    context: &Context<'_>,
    redactor: &Redactor<'_>,
    at: impl Fn(&ArtifactPath) -> bool,
) -> Vec<Case> {
    let findings = outcome.findings.iter().filter(|finding| at(&finding.path));
    let gaps = outcome.gaps.iter().filter(|gap| at(&gap.path));
    let allowed = outcome.allowed.iter().filter(|allowed| at(&allowed.finding.path));
    let mut cases: Vec<Case> = findings.map(|finding| found(finding, context, redactor)).collect();
    cases.extend(gaps.map(|gap| gap_case(gap, outcome, context, redactor)));
    cases.extend(allowed.map(|allowed| allowed_case(allowed, context, redactor)));
    cases
}

/// The verdict on one package.
fn judged(package: &Judged, redactor: &Redactor<'_>) -> Case {
    let text = words::judged(package, redactor);
    let end = match package.verdict {
        Verdict::Clear => End::Passed(text),
        Verdict::Blocked => End::Failed(text.clone(), text),
        Verdict::Incomplete => End::Error(text.clone(), text),
    };
    Case {
        class: "lastlook".to_owned(),
        name: format!("verdict on {}", words::called(package, redactor)),
        file: None,
        end,
    }
}

fn verdict(outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>) -> Case {
    let (word, sentence) = words::verdict(outcome, context);
    let message = format!("{word}: {sentence}");
    let mut lines = vec![message.clone()];
    lines.extend(outcome.packages.iter().map(|package| words::judged(package, redactor)));
    lines.extend(outcome.remarks.iter().map(|remark| format!("remark: {}", shown(redactor, remark))));
    lines.extend(since::summary(outcome, context, redactor));
    let text = lines.join("\n");
    let end = match outcome.verdict {
        Verdict::Clear => End::Passed(text),
        Verdict::Blocked => End::Failed(message, text),
        Verdict::Incomplete => End::Error(message, text),
    };
    Case { class: "lastlook".to_owned(), name: "verdict".to_owned(), file: None, end }
}

fn found(finding: &Finding, context: &Context<'_>, redactor: &Redactor<'_>) -> Case {
    let message = shown(redactor, &finding.message);
    let mut lines = vec![format!("{}: {message}", finding.level), format!("at {}", words::place(finding, redactor))];
    lines.extend(words::other_places(finding, redactor, PLACES));
    let details = finding.details.iter().map(|text| shown(redactor, &redactor.clean_own(finding, text)));
    lines.extend(details.map(|text| format!("- {text}")));
    if let Some(secret) = &finding.secret {
        lines.push(format!("the secret, masked: {secret}"));
    }
    if let Some(rule) = context.rules.get(&finding.rule) {
        lines.push(format!("why: {}", sanitize::shown(&rule.why)));
        lines.push(format!("fix: {}", sanitize::shown(&rule.fix)));
    }
    lines.extend(since::mark(context, finding).map(str::to_owned));
    lines.push(format!("fingerprint: {}", finding.fingerprint));
    let text = lines.join("\n");
    let end = if finding.level >= context.fail_on { End::Failed(message, text) } else { End::Passed(text) };
    Case { end, ..case(finding, context, redactor) }
}

fn allowed_case(allowed: &Allowed, context: &Context<'_>, redactor: &Redactor<'_>) -> Case {
    let end = End::Skipped(format!("allowed: {}", shown(redactor, &allowed.reason)));
    Case { end, ..case(&allowed.finding, context, redactor) }
}

/// A test for a finding that has passed without a word.
fn case(finding: &Finding, context: &Context<'_>, redactor: &Redactor<'_>) -> Case {
    let path = shown(redactor, &finding.path.to_string());
    Case {
        class: sanitize::shown(&finding.rule).into_owned(),
        name: format!("{path} ({})", finding.fingerprint.as_str().get(..8).unwrap_or_default()),
        file: Some(file(&finding.path.root().to_string(), context, redactor)),
        end: End::Passed(String::new()),
    }
}

fn gap_case(gap: &Gap, outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>) -> Case {
    let (path, reason) = (shown(redactor, &gap.path.to_string()), shown(redactor, &gap.reason));
    let end = match outcome.verdict {
        Verdict::Clear => End::Skipped(format!("not looked at, which was accepted: {reason}")),
        _ => End::Error(format!("not looked at: {reason}"), format!("not looked at: {path}: {reason}")),
    };
    let file = Some(file(&gap.path.root().to_string(), context, redactor));
    Case { class: "gap".to_owned(), name: format!("{path} ({})", gap.stage.as_str()), file, end }
}

fn file(root: &str, context: &Context<'_>, redactor: &Redactor<'_>) -> String {
    shown(redactor, &words::from_base(&context.base, root))
}

/// Readers take two tests with one name for one test, also in different suites.
fn make_unique(suites: &mut [Suite]) {
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        let number = known.entry((case.class.clone(), case.name.clone())).or_default();
        *number += 1;
        if *number > 1 {
            case.name = format!("{} #{number}", case.name);
        }
    }
}

fn document(suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let _ = writeln!(out, "<testsuites name=\"lastlook\" {}>", counts(&all));
    for suite in suites {
        let cases: Vec<&Case> = suite.cases.iter().collect();
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escape(&suite.name), counts(&cases));
        suite.cases.iter().for_each(|case| write_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Case]) -> String {
    let count = |wanted: fn(&End) -> bool| cases.iter().filter(|case| wanted(&case.end)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        count(|end| matches!(end, End::Failed(..))),
        count(|end| matches!(end, End::Error(..))),
        count(|end| matches!(end, End::Skipped(..))),
    )
}

fn write_case(out: &mut String, case: &Case) {
    let file = case.file.as_ref().map(|file| format!(" file=\"{}\"", escape(file))).unwrap_or_default();
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"{file}", escape(&case.class), escape(&case.name));
    let _ = match &case.end {
        End::Passed(text) if text.is_empty() => writeln!(out, "/>"),
        End::Passed(text) => writeln!(out, ">\n      <system-out>{}</system-out>\n    </testcase>", escape(text)),
        End::Skipped(message) => writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escape(message)),
        End::Failed(message, text) => ended(out, ("failure", "finding"), message, text),
        End::Error(message, text) => ended(out, ("error", "gap"), message, text),
    };
}

fn ended(out: &mut String, (word, kind): (&str, &str), message: &str, text: &str) -> std::fmt::Result {
    let (message, text) = (escape(message), escape(text));
    writeln!(out, ">\n      <{word} message=\"{message}\" type=\"{kind}\">{text}</{word}>\n    </testcase>")
}

/// Text for an attribute or an element (XML 1.0, section 2.4). It holds no control character any more.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;
    use crate::report::testing;

    /// The elements of a document with their attributes. Refuses what is not well-formed.
    fn elements(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
        let tag = regex::Regex::new("<([/?]?)([a-z-]+)((?: [a-z]+=\"[^\"<]*\")*)\\s*([/?]?)>").unwrap();
        let attribute = regex::Regex::new(" ([a-z]+)=\"([^\"]*)\"").unwrap();
        let entity = regex::Regex::new("^(amp|lt|gt|quot|apos);").unwrap();
        for (at, _) in text.match_indices('&') {
            assert!(entity.is_match(&text[at + 1..]), "a bare & in {}", &text[at..]);
        }
        let (mut open, mut all, mut end) = (Vec::new(), Vec::new(), 0);
        for found in tag.captures_iter(text) {
            let whole = found.get(0).unwrap();
            assert!(!text[end..whole.start()].contains(['<', '>']), "no markup: {}", &text[end..whole.start()]);
            end = whole.end();
            match (&found[1], &found[4]) {
                ("?", "?") => continue,
                ("/", "") => assert_eq!(open.pop(), Some(found[2].to_owned())),
                ("", closed) => {
                    let list: Vec<_> = attribute.captures_iter(&found[3]).collect();
                    let named: BTreeMap<_, _> = list.iter().map(|one| (one[1].to_owned(), one[2].to_owned())).collect();
                    assert_eq!(list.len(), named.len(), "an attribute stands there twice");
                    all.push((found[2].to_owned(), named));
                    if closed.is_empty() {
                        open.push(found[2].to_owned());
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(open.is_empty() && text[end..].trim().is_empty());
        all
    }

    #[test]
    fn it_is_well_formed_and_counts_right() {
        for outcome in [testing::empty(), testing::leaky(), testing::hostile()] {
            let text = testing::render(&Junit, &outcome);
            let all = elements(&text);
            assert_eq!((all[0].0.as_str(), all[1].0.as_str()), ("testsuites", "testsuite"));
            // Each suite runs to the next one.
            let suites: Vec<&[_]> = all[1..].chunk_by(|_, next| next.0 != "testsuite").collect();
            assert_eq!(suites.len(), 1 + outcome.packages.len());
            for (head, inside) in suites.iter().map(|suite| (&suite[0].1, *suite)).chain([(&all[0].1, &all[1..])]) {
                let number = |name: &str| inside.iter().filter(|(element, _)| element == name).count().to_string();
                for (attribute, element) in
                    [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
                {
                    assert_eq!(head[attribute], number(element), "{text}");
                }
            }
            let cases: Vec<_> = all.iter().filter(|(name, _)| name == "testcase").collect();
            let names: std::collections::BTreeSet<_> =
                cases.iter().map(|(_, case)| (&case["classname"], &case["name"])).collect();
            assert_eq!(names.len(), cases.len(), "{text}");
        }
    }

    #[test]
    fn what_blocks_has_failed_and_what_does_not_has_passed() {
        let text = testing::render(&Junit, &testing::leaky());
        assert_eq!(text.matches("<failure ").count(), 5, "three errors, the verdict and that on a package: {text}");
        assert_eq!(text.matches("<error ").count(), 2, "{text}");
        assert!(text.contains("<skipped message=\"allowed: the public demo key\"/>"), "{text}");
        assert!(text.contains("file=\"dist/cli #1.js\""), "{text}");
        let strict = Context { fail_on: Level::Warning, ..testing::context() };
        let text = testing::render_with(&Junit, &testing::leaky(), &strict);
        assert_eq!(text.matches("<failure ").count(), 6, "{text}");
        let clear = testing::render(&Junit, &testing::empty());
        assert!(clear.contains("tests=\"1\" failures=\"0\" errors=\"0\""), "{clear}");
    }

    #[test]
    fn each_package_has_a_suite_with_its_verdict_and_what_is_about_it() {
        let text = testing::render(&Junit, &testing::leaky());
        let suites: Vec<&str> = text.split("<testsuite name=").skip(1).collect();
        assert_eq!(suites.len(), 3, "{text}");
        assert!(
            suites[1].starts_with("\"npm package acme 1.0.0 in packages\" tests=\"4\" failures=\"3\" errors=\"1\"")
        );
        assert!(suites[1].contains("name=\"verdict on npm package acme 1.0.0\">\n      <failure "), "{text}");
        assert!(suites[1].contains("dist/other.js") && !suites[0].contains("dist/other.js"), "{text}");
        assert!(suites[0].contains("lib.node") && !suites[1].contains("lib.node"), "what is about no package: {text}");
        assert!(suites[2].contains("errors=\"0\" skipped=\"1\"") && suites[2].contains("acme-ui 1.0.0 in packages ("));
    }
}
