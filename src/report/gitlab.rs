//! `gitlab`: a code quality report, which GitLab shows in merge requests.
//!
//! The shape is that of GitLab's "Code Quality report format": an array of objects with `description`, `check_name`,
//! `fingerprint`, `severity` and `location`.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::redact::Redactor;
use super::{Context, Report, safe_json, sanitize, since, words};
use crate::finding::{ArtifactPath, Finding, Fingerprint, Gap, Level, Verdict};
use crate::scan::Outcome;

/// The `gitlab` report: code quality as GitLab reads it. It has no place for a verdict, so that gaps stand in it like
/// findings.
#[derive(Debug, Clone, Copy)]
pub struct Gitlab;

/// Most characters of a description. It is one line of a widget.
const CHARACTERS: usize = 1_024;

/// What GitLab calls an issue.
#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

impl Report for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn summary(&self) -> &'static str {
        "Code quality JSON, for merge requests in GitLab"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let mut known = BTreeSet::new();
        let findings = outcome.findings.iter().map(|finding| of_finding(finding, outcome, context, &redactor));
        let gaps = outcome.gaps.iter().map(|gap| of_gap(gap, outcome, context, &redactor));
        let remarks = outcome.remarks.iter().map(|remark| of_remark(remark, context, &redactor));
        let mut issues: Vec<Issue<'_>> = findings.chain(gaps).chain(remarks).collect();
        for issue in &mut issues {
            make_unique(issue, &mut known);
        }
        safe_json::pretty(&issues, out)
    }
}

fn of_finding<'f>(
    finding: &'f Finding,
    outcome: &Outcome,
    context: &Context<'_>,
    redactor: &Redactor<'_>,
) -> Issue<'f> {
    let mut text = redactor.clean(&finding.message).into_owned();
    text.push_str(&format!(" in {}", words::place(finding, redactor)));
    if let Some(secret) = &finding.secret {
        text.push_str(&format!(" ({secret})"));
    }
    if let Some(mark) = since::mark(context, finding) {
        text.push_str(&format!(" ({mark})"));
    }
    text.push_str(&of_package(&finding.path, outcome, redactor));
    let root = finding.path.root().to_string();
    // A line counts inside the file, so it is only given where the artifact is the file.
    let line = finding.location.filter(|_| finding.path.parent().is_none()).and_then(|place| place.line);
    Issue {
        description: sanitize::shown_within(&text, CHARACTERS).into_owned(),
        check_name: &finding.rule,
        fingerprint: finding.fingerprint.to_string(),
        severity: severity(finding.level),
        location: place(&root, line, context, redactor),
    }
}

fn of_gap<'f>(gap: &Gap, outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>) -> Issue<'f> {
    let path = gap.path.to_string();
    let package = of_package(&gap.path, outcome, redactor);
    let text = format!("Not looked at: {}: {}{package}", redactor.clean(&path), redactor.clean(&gap.reason));
    Issue {
        description: sanitize::shown_within(&text, CHARACTERS).into_owned(),
        check_name: "gap",
        fingerprint: Fingerprint::new("gap", &gap.path.stable(), gap.reason.as_bytes()).to_string(),
        severity: if outcome.verdict == Verdict::Clear { "minor" } else { "critical" },
        location: place(&gap.path.root().to_string(), None, context, redactor),
    }
}

/// Which of several packages it is about. The form has no other place for that.
fn of_package(place: &ArtifactPath, outcome: &Outcome, redactor: &Redactor<'_>) -> String {
    match words::packages_at(place, outcome, redactor).as_slice() {
        [] => String::new(),
        _ if outcome.packages.len() < 2 => String::new(),
        packages => format!(" [{}]", words::list(packages)),
    }
}

/// A remark has no place of its own; it stands at the root.
fn of_remark<'f>(remark: &str, context: &Context<'_>, redactor: &Redactor<'_>) -> Issue<'f> {
    let text = redactor.clean(remark);
    Issue {
        description: sanitize::shown_within(&text, CHARACTERS).into_owned(),
        check_name: "publish-set",
        fingerprint: Fingerprint::new("publish-set", "", remark.as_bytes()).to_string(),
        severity: "info",
        location: place(".", None, context, redactor),
    }
}

fn place(root: &str, line: Option<u64>, context: &Context<'_>, redactor: &Redactor<'_>) -> Place {
    let path = words::from_base(&context.base, &redactor.clean(root));
    Place { path, lines: Lines { begin: line.unwrap_or(1) } }
}

/// GitLab shows issues with one fingerprint once.
fn make_unique(issue: &mut Issue<'_>, known: &mut BTreeSet<String>) {
    let first = issue.fingerprint.clone();
    let mut number = 1_usize;
    while !known.insert(issue.fingerprint.clone()) {
        number += 1;
        issue.fingerprint = format!("{first}-{number}");
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note | Level::Off => "info",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::testing;

    /// What GitLab's documentation asks of a report.
    fn schema_errors(report: &Value) -> Vec<String> {
        let schema = json!({
            "type": "array",
            "items": {
                "type": "object",
                "required": ["description", "check_name", "fingerprint", "severity", "location"],
                "properties": {
                    "description": {"type": "string", "minLength": 1},
                    "check_name": {"type": "string", "minLength": 1},
                    "fingerprint": {"type": "string", "minLength": 1},
                    "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                    "location": {
                        "type": "object",
                        "required": ["path", "lines"],
                        "properties": {
                            "path": {"type": "string", "minLength": 1, "not": {"pattern": "^\\./"}},
                            "lines": {"type": "object", "required": ["begin"],
                                      "properties": {"begin": {"type": "integer", "minimum": 1}}}
                        }
                    }
                }
            }
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        validator.iter_errors(report).map(|error| format!("{error} at {}", error.instance_path())).collect()
    }

    fn report(outcome: &Outcome) -> Value {
        serde_json::from_str(&testing::render(&Gitlab, outcome)).unwrap()
    }

    #[test]
    fn it_is_what_gitlab_asks_for() {
        for outcome in [testing::empty(), testing::leaky(), testing::hostile()] {
            assert_eq!(schema_errors(&report(&outcome)), [""; 0]);
        }
        assert_eq!(report(&testing::empty()), json!([]));
        let mut broken = report(&testing::leaky());
        broken[0]["severity"] = json!("fatal");
        assert_eq!(schema_errors(&broken).len(), 1, "the schema must be able to refuse");
    }

    #[test]
    fn findings_and_gaps_have_a_place_in_the_repository() {
        let report = report(&testing::leaky());
        assert_eq!(report[0]["location"], json!({"path": "pkg.tgz", "lines": {"begin": 1}}));
        assert!(
            report[0]["description"]
                .as_str()
                .unwrap()
                .ends_with("in pkg.tgz!package/cli.js.map [npm package acme 1.0.0]"),
            "{report}"
        );
        assert_eq!(report[1]["location"], json!({"path": "dist/cli #1.js", "lines": {"begin": 1}}));
        assert_eq!((&report[1]["severity"], &report[3]["severity"]), (&json!("critical"), &json!("major")));
        let gaps: Vec<&Value> =
            report.as_array().unwrap().iter().filter(|issue| issue["check_name"] == "gap").collect();
        assert_eq!(gaps.len(), 2);
        let said = |gap: &Value| gap["description"].as_str().unwrap().ends_with(" [npm package acme 1.0.0]");
        assert_eq!([said(gaps[0]), said(gaps[1])], [true, false], "one is in a package");
        assert_eq!((&gaps[0]["severity"], &gaps[0]["location"]["path"]), (&json!("critical"), &json!("x.zip")));
    }

    #[test]
    fn no_fingerprint_stands_there_twice() {
        let mut outcome = testing::leaky();
        outcome.findings = vec![outcome.findings[0].clone(); 3];
        let report = report(&outcome);
        let all: BTreeSet<&str> =
            report.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(all.len(), report.as_array().unwrap().len());
    }
}
