//! Outcomes and rules made by hand, for the tests of all reports.

use std::time::Duration;

use super::{Context, Report};
use crate::compare::{Before, Comparison};
use crate::finding::{
    ArtifactPath, Category, Facts, Finding, Fingerprint, Gap, Level, Location, Original, Place, Secret, Span, Stage,
    Verdict,
};
use crate::manifest::Kind;
use crate::rules::{Globs, Matcher, PathRule, Rule, RuleSet};
use crate::scan::{Allowed, Content, Host, Judged, Outcome, Source, Stale, Standing, Totals};

fn rule(id: &str, category: Category, level: Level, title: &'static str, why: &'static str, fix: &'static str) -> Rule {
    Rule {
        id: id.into(),
        category,
        level,
        title: title.into(),
        message: None,
        why: why.into(),
        fix: fix.into(),
        references: vec!["https://example.test/read-on".into(), "not a url".into()],
        hits: Vec::new(),
        misses: Vec::new(),
        matcher: Matcher::Path(PathRule { paths: Globs::default(), except: Globs::default(), like: None }),
        file: "test.toml".into(),
    }
}

pub(super) fn rules() -> &'static RuleSet {
    static RULES: std::sync::OnceLock<RuleSet> = std::sync::OnceLock::new();
    RULES.get_or_init(|| {
        let map_why = "A source map with embedded sources hands the original code, comments included, to everyone who \
                       downloads the package. Nobody has to reverse anything.";
        let map_fix = "Build without source maps, or keep them out of the package with the `files` list.";
        let token_why = "Whoever has the token can publish packages in the name of its owner.";
        let all = [
            rule(
                "source-map-embedded-sources",
                Category::SourceMap,
                Level::Error,
                "Source map with the original sources",
                map_why,
                map_fix,
            ),
            rule(
                "npm-access-token",
                Category::Secret,
                Level::Error,
                "npm access token",
                token_why,
                "Revoke the token first, then remove it from the build.",
            ),
            rule(
                "executable-debug-info",
                Category::Executable,
                Level::Warning,
                "Debug information",
                "It names things.",
                "Strip it.",
            ),
            rule(
                "file-os-leftover",
                Category::File,
                Level::Note,
                "Leftover of the operating system",
                "It is noise.",
                "Delete it.",
            ),
        ];
        let mut rules = RuleSet::default();
        for rule in all {
            rules.add(rule).unwrap();
        }
        rules
    })
}

pub(super) fn context() -> Context<'static> {
    Context { elapsed: Some(Duration::from_millis(418)), targets: vec!["dist".to_owned()], ..Context::new(rules()) }
}

pub(super) fn render(report: &dyn Report, outcome: &Outcome) -> String {
    render_with(report, outcome, &context())
}

pub(super) fn render_with(report: &dyn Report, outcome: &Outcome, context: &Context<'_>) -> String {
    let mut bytes = Vec::new();
    report.write(outcome, context, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(super) fn empty() -> Outcome {
    Outcome {
        verdict: Verdict::Clear,
        findings: Vec::new(),
        allowed: Vec::new(),
        gaps: Vec::new(),
        stale: Vec::new(),
        totals: Totals { files: 12, members: 1914, bytes: 61_200_000 },
        sources: Vec::new(),
        contents: Vec::new(),
        hosts: Vec::new(),
        packages: Vec::new(),
        remarks: Vec::new(),
    }
}

fn package(name: &str, verdict: Verdict, findings: [usize; 3], places: &[&str]) -> Judged {
    Judged {
        tool: "npm".to_owned(),
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        folder: "packages".to_owned(),
        exact: verdict == Verdict::Clear,
        verdict,
        totals: Totals { files: 6, members: 957, bytes: 30_600_000 },
        findings,
        gaps: 0,
        places: places.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn gap(path: &str, reason: &str) -> Gap {
    Gap { path: ArtifactPath::file(path), stage: Stage::Format, reason: reason.to_owned() }
}

fn finding(rule: &str, path: ArtifactPath, message: &str) -> Finding {
    let known = rules().get(rule).unwrap();
    Finding {
        rule: rule.into(),
        category: known.category,
        level: known.level,
        fingerprint: Fingerprint::new(rule, &path.to_string(), message.as_bytes()),
        path,
        location: None,
        section: None,
        original: None,
        places: Vec::new(),
        message: message.to_owned(),
        facts: Facts::default(),
        secret: None,
        excerpt: None,
        encodings: Vec::new(),
        also: Vec::new(),
        repeats: 0,
        details: Vec::new(),
        sources: Default::default(),
    }
}

/// A token in a file of the target, as the detector would hand it out.
pub(super) fn secret_finding(path: &str, value: &str) -> Finding {
    secret_at(ArtifactPath::file(path), value)
}

/// A token in a file of an archive.
pub(super) fn in_archive(archive: &str, member: &str, value: &str) -> Finding {
    secret_at(ArtifactPath::file(archive).member(member), value)
}

fn secret_at(path: ArtifactPath, value: &str) -> Finding {
    let secret = Secret::new(value.as_bytes());
    let span = Span { offset: 48_212, length: value.len() as u64 };
    Finding {
        location: Some(Location { span, line: Some(1), column: Some(48_213) }),
        excerpt: Some(format!("…//registry.acmes.org/:_authToken={secret}\";fetch(…")),
        fingerprint: Fingerprint::new("npm-access-token", &path.to_string(), value.as_bytes()),
        secret: Some(secret),
        ..finding("npm-access-token", path, "npm access token")
    }
}

/// A token of 40 characters, put together here so that no file holds it.
pub(super) fn token(letter: &str) -> String {
    format!("npm{}{}", "_", letter.repeat(36))
}

pub(super) fn masked() -> String {
    Secret::new(token("a").as_bytes()).masked()
}

/// Where a secret stands in a source that a map embeds.
pub(super) fn embedded_place(map: &str, source: &str, value: &str) -> Place {
    let span = Span { offset: 300, length: value.len() as u64 };
    let path = ArtifactPath::file(map).member(source);
    let finding = secret_at(path, value);
    Place { location: Some(Location { span, line: Some(12), column: Some(7) }), ..Place::from(finding) }
}

/// What the incident looked like, and a bit of everything.
pub(super) fn leaky() -> Outcome {
    let tar = ArtifactPath::file("pkg.tgz").decompressed("pkg.tar");
    let mut map = finding(
        "source-map-embedded-sources",
        tar.member("package/cli.js.map"),
        "1,902 source files (512,110 lines) can be read from this map",
    );
    map.facts.set("source_map.sources", 1_902_u64);
    map.facts.set("source_map.lines", 512_110_u64);
    map.details = vec!["src/main.ts: 12,004 lines".to_owned(), "src/auth.ts: 9,120 lines".to_owned()];
    let mut token_here = secret_finding("dist/cli #1.js", &token("a"));
    token_here.repeats = 2;
    token_here.original = Some(Original { source: "../src/config.ts".into(), line: 12, column: 7 });
    token_here.places = vec![embedded_place("dist/cli #1.js.map", "../src/config.ts", &token("a"))];
    let mut binary = finding("executable-debug-info", ArtifactPath::file("lib.node"), "DWARF sections are in it");
    binary.location = Some(Location { span: Span { offset: 4_096, length: 512 }, line: None, column: None });
    let leftovers = ["a/.DS_Store", "b/.DS_Store"]
        .map(|path| finding("file-os-leftover", ArtifactPath::file(path), "Leftover of the operating system"));
    let [leftover, other] = leftovers;
    Outcome {
        verdict: Verdict::Blocked,
        findings: vec![map, token_here, secret_finding("dist/other.js", &token("b")), binary, leftover, other],
        allowed: vec![Allowed {
            finding: secret_finding("demo.js", &token("c")),
            reason: "the public demo key".to_owned(),
        }],
        gaps: vec![gap("x.zip", "the member is encrypted"), gap("y.zip", "the member is encrypted")],
        stale: vec![Stale {
            place: "lastlook.toml:12".to_owned(),
            problem: "this entry matched nothing; remove it".to_owned(),
        }],
        packages: vec![
            package("acme", Verdict::Blocked, [3, 1, 2], &["pkg.tgz!package/cli.js.map", "dist/other.js", "x.zip"]),
            package("acme-ui", Verdict::Clear, [0; 3], &["demo.js"]),
        ],
        remarks: vec![".: the npm package acme-docs is private, and is skipped".to_owned()],
        ..empty()
    }
}

/// Text that tries everything: escapes, direction, orders to CI systems, markup, and a secret in a name.
pub(super) fn hostile_text() -> String {
    format!(
        "::stop-commands::x\r\n##[add-mask]y ##vso[z]\x1b]0;t\x07\x1b[2J\u{9b}31m\u{202e}gpj\u{2066}\u{200b}\u{feff}\u{2028}\
         \u{e0041}\0 {{0}} [a](https://example.test) %0A::error::z {}",
        token("a")
    )
}

/// An outcome in which every text is hostile.
pub(super) fn hostile() -> Outcome {
    let text = hostile_text();
    let mut outcome = leaky();
    let all = outcome.findings.iter_mut().chain(outcome.allowed.iter_mut().map(|allowed| &mut allowed.finding));
    for finding in all {
        finding.path = ArtifactPath::file(&text).member(&text);
        finding.message.clone_from(&text);
        finding.details = vec![text.clone(); 2];
        finding.excerpt = Some(text.clone());
        finding.original = Some(Original { source: text.as_str().into(), line: 1, column: 1 });
        finding.places = vec![embedded_place(&text, &text, &token("a")); 30];
        finding.places[0].original.clone_from(&finding.original);
        finding.facts.set("source_map.root", text.clone());
        finding.facts.set("source_map.names", vec![text.clone()]);
    }
    outcome.findings[1].path = ArtifactPath::file(&text);
    outcome.gaps.push(gap(&text, &text));
    outcome.stale.push(Stale { place: text.clone(), problem: text.clone() });
    outcome.allowed[0].reason.clone_from(&text);
    for package in &mut outcome.packages {
        (package.name, package.version, package.folder) = (text.clone(), text.clone(), text.clone());
        package.places = [format!("{text}!{text}")].into();
    }
    outcome.remarks.push(text);
    let path = ArtifactPath::file(&hostile_text());
    outcome.contents = vec![Content { path: path.clone(), size: 1, digest: None, kind: Kind::Map }];
    outcome.hosts = vec![Host { name: hostile_text(), path: path.clone(), files: 2 }];
    outcome.sources = vec![Source {
        package: hostile_text(),
        place: hostile_text(),
        standing: Standing::Undisclosed,
        names: Vec::new(),
        carriers: vec![path],
        text: None,
    }];
    outcome
}

/// A comparison in which every name is hostile: with what was leaky, or what is.
pub(super) fn comparison() -> &'static Comparison {
    static MADE: std::sync::OnceLock<Comparison> = std::sync::OnceLock::new();
    let name = hostile_text();
    MADE.get_or_init(|| Comparison::new((&name, Before::Package(&leaky())), (&name, &hostile())))
}

/// The other way round: what was hostile is gone.
pub(super) fn backwards() -> &'static Comparison {
    static MADE: std::sync::OnceLock<Comparison> = std::sync::OnceLock::new();
    let name = hostile_text();
    MADE.get_or_init(|| Comparison::new((&name, Before::Package(&hostile())), (&name, &leaky())))
}
