//! The shape of the JSON reports, documented in `docs/json.md`. Every key is always there; unknown values are `null`.
//!
//! A change that could break a reader raises [`SCHEMA`]; a new key does not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Context;
use super::difference::WireComparison;
use super::redact::Redactor;
use crate::compare::Comparison;
use crate::finding::{FactValue, Facts, Finding, Gap, Level, Location, Original, Place, Section};
use crate::scan::{Allowed, Judged, Outcome, Stale};

/// Version of the shape.
pub(super) const SCHEMA: u32 = 1;

/// The whole of a `json` report.
#[derive(Serialize)]
pub(super) struct WireReport {
    schema: u32,
    tool: WireTool,
    verdict: &'static str,
    findings: Vec<WireFinding>,
    allowed: Vec<WireAllowed>,
    gaps: Vec<WireGap>,
    stale: Vec<WireStale>,
    packages: Vec<WirePackage>,
    remarks: Vec<String>,
    totals: WireTotals,
    since: Option<WireComparison>,
}

impl WireReport {
    pub(super) fn new(outcome: &Outcome, context: &Context<'_>) -> Self {
        let redactor = context.redactor(outcome);
        let since = context.since;
        WireReport {
            schema: SCHEMA,
            tool: WireTool::default(),
            verdict: outcome.verdict.as_str(),
            findings: outcome.findings.iter().map(|finding| WireFinding::new(finding, since, &redactor)).collect(),
            allowed: outcome.allowed.iter().map(|allowed| WireAllowed::new(allowed, since, &redactor)).collect(),
            gaps: outcome.gaps.iter().map(|gap| WireGap::new(gap, &redactor)).collect(),
            stale: outcome.stale.iter().map(|stale| WireStale::new(stale, &redactor)).collect(),
            packages: outcome.packages.iter().map(|package| WirePackage::new(package, &redactor)).collect(),
            remarks: outcome.remarks.iter().map(|text| redactor.clean(text).into_owned()).collect(),
            totals: WireTotals::new(outcome),
            since: since.map(|since| WireComparison::new(since, outcome, &redactor)),
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireTool {
    name: &'static str,
    version: &'static str,
}

impl Default for WireTool {
    fn default() -> Self {
        WireTool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

#[derive(Serialize)]
pub(super) struct WireFinding {
    rule: String,
    category: &'static str,
    level: &'static str,
    path: String,
    line: Option<u64>,
    column: Option<u64>,
    offset: Option<u64>,
    length: Option<u64>,
    section: Option<WireSection>,
    message: String,
    fingerprint: String,
    facts: BTreeMap<&'static str, FactValue>,
    repeats: u64,
    secret: Option<String>,
    encodings: Vec<&'static str>,
    also: Vec<String>,
    excerpt: Option<String>,
    details: Vec<String>,
    original: Option<WireOriginal>,
    places: Vec<WirePlace>,
    pub(super) since: Option<&'static str>,
}

/// Where in an executable a place lies.
#[derive(Serialize)]
struct WireSection {
    name: String,
    address: Option<String>,
}

impl WireSection {
    fn new(section: &Section, redactor: &Redactor<'_>) -> Self {
        // As text: many readers of JSON keep no more than 53 bits of a number.
        let address = section.address.map(|address| format!("{address:#x}"));
        WireSection { name: redactor.clean(&section.name).into_owned(), address }
    }
}

/// A place in a source, as a map tells it.
#[derive(Serialize)]
struct WireOriginal {
    source: String,
    line: u64,
    column: u64,
}

impl WireOriginal {
    fn new(original: &Original, redactor: &Redactor<'_>) -> Self {
        let Original { source, line, column } = original;
        WireOriginal { source: redactor.clean(source).into_owned(), line: *line, column: *column }
    }
}

/// A further place of a finding.
#[derive(Serialize)]
struct WirePlace {
    path: String,
    line: Option<u64>,
    column: Option<u64>,
    offset: Option<u64>,
    length: Option<u64>,
    fingerprint: String,
    repeats: u64,
    encodings: Vec<&'static str>,
    original: Option<WireOriginal>,
}

impl WirePlace {
    fn new(place: &Place, redactor: &Redactor<'_>) -> Self {
        let location = place.location.as_ref();
        WirePlace {
            path: redactor.clean(&place.path.to_string()).into_owned(),
            line: location.and_then(|location| location.line),
            column: location.and_then(|location| location.column),
            offset: location.map(|location| location.span.offset),
            length: location.map(|location| location.span.length),
            fingerprint: place.fingerprint.to_string(),
            repeats: place.repeats,
            encodings: place.encodings.iter().map(|encoding| encoding.as_str()).collect(),
            original: place.original.as_ref().map(|original| WireOriginal::new(original, redactor)),
        }
    }
}

impl WireFinding {
    /// `since` is what the findings are compared with, where they are.
    pub(super) fn new(finding: &Finding, since: Option<&Comparison>, redactor: &Redactor<'_>) -> Self {
        let place: Option<&Location> = finding.location.as_ref();
        WireFinding {
            rule: finding.rule.to_string(),
            category: finding.category.as_str(),
            level: finding.level.as_str(),
            path: redactor.clean(&finding.path.to_string()).into_owned(),
            line: place.and_then(|place| place.line),
            column: place.and_then(|place| place.column),
            offset: place.map(|place| place.span.offset),
            length: place.map(|place| place.span.length),
            section: finding.section.as_ref().map(|section| WireSection::new(section, redactor)),
            message: redactor.clean(&finding.message).into_owned(),
            fingerprint: finding.fingerprint.to_string(),
            facts: clean_facts(&finding.facts, redactor),
            repeats: finding.repeats,
            secret: finding.secret.as_ref().map(ToString::to_string),
            encodings: finding.encodings.iter().map(|encoding| encoding.as_str()).collect(),
            also: finding.also.iter().map(ToString::to_string).collect(),
            excerpt: finding.excerpt.as_ref().map(|text| redactor.clean_own(finding, text).into_owned()),
            details: finding.details.iter().map(|text| redactor.clean_own(finding, text).into_owned()).collect(),
            original: finding.original.as_ref().map(|original| WireOriginal::new(original, redactor)),
            places: finding.places.iter().map(|place| WirePlace::new(place, redactor)).collect(),
            since: since.map(|since| if since.was_there(finding) { "before" } else { "new" }),
        }
    }
}

fn clean_facts(facts: &Facts, redactor: &Redactor<'_>) -> BTreeMap<&'static str, FactValue> {
    let clean = |value: &FactValue| match value {
        FactValue::Text(text) => FactValue::Text(redactor.clean(text).into_owned()),
        FactValue::List(items) => FactValue::List(items.iter().map(|text| redactor.clean(text).into_owned()).collect()),
        other => other.clone(),
    };
    facts.iter().map(|(name, value)| (name, clean(value))).collect()
}

#[derive(Serialize)]
pub(super) struct WireAllowed {
    #[serde(flatten)]
    finding: WireFinding,
    reason: String,
}

impl WireAllowed {
    pub(super) fn new(allowed: &Allowed, since: Option<&Comparison>, redactor: &Redactor<'_>) -> Self {
        WireAllowed {
            finding: WireFinding::new(&allowed.finding, since, redactor),
            reason: redactor.clean(&allowed.reason).into_owned(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireGap {
    path: String,
    stage: &'static str,
    reason: String,
}

impl WireGap {
    pub(super) fn new(gap: &Gap, redactor: &Redactor<'_>) -> Self {
        WireGap {
            path: redactor.clean(&gap.path.to_string()).into_owned(),
            stage: gap.stage.as_str(),
            reason: redactor.clean(&gap.reason).into_owned(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireStale {
    place: String,
    problem: String,
}

impl WireStale {
    pub(super) fn new(stale: &Stale, redactor: &Redactor<'_>) -> Self {
        WireStale {
            place: redactor.clean(&stale.place).into_owned(),
            problem: redactor.clean(&stale.problem).into_owned(),
        }
    }
}

/// A package, and the verdict on it alone.
/// Whose set of files it is.
#[derive(Serialize)]
pub(super) struct WireSubject {
    tool: String,
    name: String,
    version: String,
    folder: String,
    exact: bool,
}

impl WireSubject {
    pub(super) fn new(package: &Judged, redactor: &Redactor<'_>) -> Self {
        let clean = |text: &str| redactor.clean(text).into_owned();
        WireSubject {
            tool: clean(&package.tool),
            name: clean(&package.name),
            version: clean(&package.version),
            folder: clean(&package.folder),
            exact: package.exact,
        }
    }
}

#[derive(Serialize)]
pub(super) struct WirePackage {
    #[serde(flatten)]
    subject: WireSubject,
    verdict: &'static str,
    files: u64,
    members: u64,
    bytes: u64,
    errors: usize,
    warnings: usize,
    notes: usize,
    gaps: usize,
}

impl WirePackage {
    pub(super) fn new(package: &Judged, redactor: &Redactor<'_>) -> Self {
        let [errors, warnings, notes] = package.findings;
        WirePackage {
            subject: WireSubject::new(package, redactor),
            verdict: package.verdict.as_str(),
            files: package.totals.files,
            members: package.totals.members,
            bytes: package.totals.bytes,
            errors,
            warnings,
            notes,
            gaps: package.gaps,
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireTotals {
    files: u64,
    members: u64,
    bytes: u64,
    errors: usize,
    warnings: usize,
    notes: usize,
    gaps: usize,
}

impl WireTotals {
    pub(super) fn new(outcome: &Outcome) -> Self {
        WireTotals {
            files: outcome.totals.files,
            members: outcome.totals.members,
            bytes: outcome.totals.bytes,
            errors: outcome.count(Level::Error),
            warnings: outcome.count(Level::Warning),
            notes: outcome.count(Level::Note),
            gaps: outcome.gaps.len(),
        }
    }
}
