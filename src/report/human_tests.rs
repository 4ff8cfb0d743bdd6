//! What a person reads: whole reports, word for word.

use super::*;
use crate::finding::GivenAway;
use crate::report::testing::{context, empty, gap, in_archive, leaky, render, render_with, secret_finding, token};

const LEAKY: &str = r#"
error[source-map-embedded-sources]: Source map with the original sources
  --> pkg.tgz!package/cli.js.map
   | 1,902 source files (512,110 lines) can be read from this map
   |   src/main.ts: 12,004 lines
   |   src/auth.ts: 9,120 lines
   = why: A source map with embedded sources hands the original code, comments included, to everyone
          who downloads the package. Nobody has to reverse anything.
   = fix: Build without source maps, or keep them out of the package with the `files` list.

error[npm-access-token]: npm access token (3 places)
  --> dist/cli #1.js:1:48213 (and 2 more times in it)
   | from ../src/config.ts:12:7
   | also in dist/cli #1.js.map!../src/config.ts:12:7
   | …//registry.acmes.org/:_authToken=npm_****aa";fetch(…
   |                                   ^^^^^^^^^^
  --> dist/other.js:1:48213
   | …//registry.acmes.org/:_authToken=npm_****bb";fetch(…
   |                                   ^^^^^^^^^^
   = why: Whoever has the token can publish packages in the name of its owner.
   = fix: Revoke the token first, then remove it from the build.

warning[executable-debug-info]: Debug information
  --> lib.node:+4096
   | DWARF sections are in it
   = why: It names things.
   = fix: Strip it.

note[file-os-leftover]: Leftover of the operating system --> a/.DS_Store (and 1 more)

gap[format]: the member is encrypted
  --> x.zip
  --> y.zip

1 finding allowed (--verbose lists them with their reasons)

stale allow entry: this entry matched nothing; remove it
  --> lastlook.toml:12

To accept a finding on purpose, write this into lastlook.toml and say why:

    [[allow]]
    rule = "source-map-embedded-sources"
    fingerprint = "a13f462c94a118dd7e830a2ac3580bd9"
    reason = "…"

That is the first finding; --verbose and --report json show every fingerprint.

npm package acme 1.0.0 in packages (6 files, everything in the folder): blocked, 3 errors, 1 warning, 2 notes
npm package acme-ui 1.0.0 in packages (6 files): clear
   = remark: .: the npm package acme-docs is private, and is skipped
Looked at dist (12 files, 1,914 members, 61.2 MB) in 0.42 s: 3 errors, 1 warning, 2 notes, 2 gaps
BLOCKED: 3 errors, and 2 gaps besides. Publishing this would give away what is reported here
"#;

#[test]
fn hundreds_of_warnings_about_whole_files_are_told_by_folder() {
    let mut outcome = empty();
    outcome.findings = (0..300)
        .map(|index| {
            let folder = ["types", "esm", "cjs", "umd"][[0, 0, 0, 1, 1, 2, 3][index % 7]];
            let mut finding = secret_finding(&format!("dist/{folder}/{index:03}.d.ts.map"), "x");
            (finding.secret, finding.excerpt, finding.location, finding.level) = (None, None, None, Level::Warning);
            finding
        })
        .collect();
    let text = render(&Human, &outcome);
    assert!(text.contains("(300 places)\n  --> dist/types (129), dist/esm (86) and 2 more\n"), "{text}");
    assert!(text.contains("   | for instance dist/types/000.d.ts.map\n"), "{text}");
    assert_eq!(text.matches(".d.ts.map").count(), 1, "{text}");
}

fn last_line(outcome: &Outcome, context: &Context<'_>) -> String {
    render_with(&Human, outcome, context).lines().last().unwrap().to_owned()
}

#[test]
fn it_reads_like_a_compiler() {
    assert_eq!(render(&Human, &leaky()), LEAKY.trim_start());
}

#[test]
fn verbose_leaves_nothing_out() {
    let text = render_with(&Human, &leaky(), &Context { verbose: true, ..context() });
    for finding in &leaky().findings {
        assert!(text.contains(finding.fingerprint.as_str()), "{text}");
    }
    assert!(text.contains("allowed[npm-access-token]: npm access token\n  --> demo.js:1:48213\n"), "{text}");
    assert!(text.contains("   = reason: the public demo key\n"), "{text}");
    assert!(text.contains("  --> b/.DS_Store\n"), "{text}");
    assert!(!text.contains("--verbose"), "{text}");
}

#[test]
fn five_places_are_shown_and_the_rest_is_counted() {
    let mut outcome = empty();
    outcome.findings = (0..42).map(|index| secret_finding(&format!("{index}.js"), &token("a"))).collect();
    let text = render(&Human, &outcome);
    assert!(text.starts_with("error[npm-access-token]: npm access token (42 places)\n  --> 0.js:1:48213\n"), "{text}");
    assert_eq!(text.matches("  --> ").count(), 5, "{text}");
    assert_eq!(text.matches("_authToken").count(), 1, "one secret is shown once: {text}");
    assert!(text.contains("  ... and 37 more (--verbose lists them)\n"), "{text}");
}

#[test]
fn the_sources_of_a_group_are_told_once_and_each_text_counts_once() {
    let source = |name: &str, text: u128| GivenAway { name: name.to_owned(), text, lines: 2, bytes: 100 + text as u64 };
    let map = |name: &str, sources: Vec<GivenAway>| Finding {
        details: sources.iter().take(GivenAway::NAMED).map(GivenAway::line).chain(["a word more".to_owned()]).collect(),
        sources: sources.into(),
        path: crate::finding::ArtifactPath::file(name),
        ..leaky().findings[0].clone()
    };
    let mut outcome = empty();
    outcome.findings = vec![map("a.js.map", (1..=7).rev().map(|text| source(&format!("{text}.ts"), text)).collect())];
    let text = render(&Human, &outcome);
    assert!(
        text.contains(
            "   |   a word more\n   |   7.ts (2 lines, 107 bytes)\n   |   6.ts (2 lines, 106 bytes)\n   |   5.ts (2 lines, \
             105 bytes)\n   |   4.ts (2 lines, 104 bytes)\n   |   3.ts (2 lines, 103 bytes)\n   |   and 2 more (4 lines, \
             203 bytes): `lastlook sources` lists them\n"
        ),
        "{text}"
    );
    outcome.findings.push(map("b.js.map", vec![source("seven.ts", 7), source("eight.ts", 8)]));
    let text = render(&Human, &outcome);
    assert!(text.contains("   | in all 8 source files (16 lines, 836 bytes), the largest:\n   |   eight.ts"), "{text}");
    assert_eq!(text.matches("107 bytes").count(), 1, "{text}");
}

#[test]
fn a_rule_explains_itself_once() {
    let mut outcome = empty();
    outcome.findings = ["a", "b"].map(|name| in_archive(&format!("{name}.tgz"), "x.js", &token(name))).to_vec();
    let text = render(&Human, &outcome);
    assert_eq!(text.matches("= why: Whoever").count(), 1, "{text}");
    assert_eq!(text.matches("= why, fix: as above").count(), 1, "{text}");
}

#[test]
fn what_is_too_much_is_counted_never_dropped() {
    let mut outcome = empty();
    outcome.findings = (0..BLOCKS + 3).map(|n| in_archive(&format!("{n}.tgz"), "x", &format!("value {n}"))).collect();
    outcome.gaps = (0..GAPS + 7).map(|n| gap("a.zip", &format!("broken at {n}"))).collect();
    let text = render(&Human, &outcome);
    assert!(text.contains("... and 3 errors more in blocks like these"), "{text}");
    assert!(text.contains("... and 7 gaps more"), "{text}");
}

#[test]
fn the_last_line_is_the_verdict() {
    let mut outcome = empty();
    assert_eq!(
        last_line(&outcome, &context()),
        "CLEAR: everything was looked at, and nothing stands against publishing it"
    );
    outcome.findings = leaky().findings.split_off(3);
    assert_eq!(
        last_line(&outcome, &context()),
        "CLEAR: everything was looked at; 1 warning and 2 notes, none of which blocks"
    );
    outcome.verdict = Verdict::Blocked;
    let strict = Context { fail_on: Level::Warning, ..context() };
    assert_eq!(
        last_line(&outcome, &strict),
        "BLOCKED: 1 warning (--fail-on warning). Publishing this would give away what is reported here"
    );
    outcome.findings.clear();
    outcome.gaps = leaky().gaps;
    outcome.verdict = Verdict::Incomplete;
    assert_eq!(
        last_line(&outcome, &context()),
        "INCOMPLETE: not everything could be looked at (2 gaps); --allow-incomplete accepts that"
    );
    outcome.verdict = Verdict::Clear;
    let accepted = last_line(&outcome, &Context { incomplete_allowed: true, ..context() });
    assert!(accepted.ends_with("2 gaps accepted (--allow-incomplete)"), "{accepted}");
}

#[test]
fn an_unknown_rule_is_reported_by_its_id() {
    let mut outcome = empty();
    outcome.findings = vec![secret_finding("a.js", "x")];
    outcome.findings[0].rule = "users-own".into();
    assert!(render(&Human, &outcome).starts_with("error[users-own]: users-own\n"));
}
