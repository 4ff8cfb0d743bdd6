//! What differs between two versions, for people and for programs.

mod human;
mod wire;

use std::io;

use serde::Serialize;

use super::wire::{SCHEMA, WireFinding, WireGap, WireTool};
use super::{Context, safe_json};
use crate::compare::{Comparison, NewThing};
use crate::finding::Verdict;
use crate::scan::Outcome;

pub use human::human;
pub(super) use wire::WireComparison;

/// A comparison and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Difference<'d> {
    /// What differs.
    pub comparison: &'d Comparison,
    /// The outcome of the new version.
    pub outcome: &'d Outcome,
    /// The verdict on what is new.
    pub verdict: Verdict,
    /// What else than findings was to be stopped by.
    pub unwanted: &'d [NewThing],
}

#[derive(Serialize)]
struct WireDifference {
    schema: u32,
    tool: WireTool,
    verdict: &'static str,
    unwanted: Vec<WireUnwanted>,
    comparison: WireComparison,
    new_findings: Vec<WireFinding>,
    gone_findings: Vec<WireFinding>,
    gaps: Vec<WireGap>,
}

#[derive(Serialize)]
struct WireUnwanted {
    what: &'static str,
    number: usize,
}

/// Writes one JSON document, documented in `docs/json.md`.
///
/// # Errors
/// Those of `out`.
pub fn json(difference: &Difference<'_>, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Difference { comparison, outcome, verdict, unwanted } = *difference;
    let redactor = context.redactor(outcome);
    let finding = |finding| WireFinding::new(finding, Some(comparison), &redactor);
    let gone = |one| {
        let mut gone = finding(one);
        gone.since = Some("gone");
        gone
    };
    let asked = |thing: &NewThing| WireUnwanted { what: thing.as_str(), number: comparison.count(*thing) };
    let document = WireDifference {
        schema: SCHEMA,
        tool: WireTool::default(),
        verdict: verdict.as_str(),
        unwanted: unwanted.iter().map(asked).collect(),
        comparison: WireComparison::new(comparison, outcome, &redactor),
        new_findings: comparison.new_findings(outcome).map(finding).collect(),
        gone_findings: comparison.gone.iter().map(gone).collect(),
        gaps: outcome.gaps.iter().map(|gap| WireGap::new(gap, &redactor)).collect(),
    };
    safe_json::pretty(&document, out)
}
