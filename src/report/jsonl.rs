//! `jsonl`: one JSON object per line.

use std::io;

use serde::Serialize;

use super::difference::WireComparison;
use super::wire::{SCHEMA, WireAllowed, WireFinding, WireGap, WirePackage, WireStale, WireTool, WireTotals};
use super::{Context, Report, safe_json};
use crate::scan::Outcome;

/// The `jsonl` report: one JSON object per line and kind of thing, the verdict last. A report without that last line was
/// cut off and must not be read as clear.
#[derive(Debug, Clone, Copy)]
pub struct JsonLines;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Finding(WireFinding),
    Allowed(WireAllowed),
    Gap(WireGap),
    Stale(WireStale),
    Package(WirePackage),
    Remark { text: String },
    Verdict { schema: u32, tool: WireTool, verdict: &'static str, totals: WireTotals, since: Option<WireComparison> },
}

impl Report for JsonLines {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn summary(&self) -> &'static str {
        "One JSON object per line, the verdict last, for streams and logs (docs/json.md)"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        for finding in &outcome.findings {
            safe_json::line(&Line::Finding(WireFinding::new(finding, context.since, &redactor)), out)?;
        }
        for allowed in &outcome.allowed {
            safe_json::line(&Line::Allowed(WireAllowed::new(allowed, context.since, &redactor)), out)?;
        }
        for gap in &outcome.gaps {
            safe_json::line(&Line::Gap(WireGap::new(gap, &redactor)), out)?;
        }
        for stale in &outcome.stale {
            safe_json::line(&Line::Stale(WireStale::new(stale, &redactor)), out)?;
        }
        for package in &outcome.packages {
            safe_json::line(&Line::Package(WirePackage::new(package, &redactor)), out)?;
        }
        for remark in &outcome.remarks {
            safe_json::line(&Line::Remark { text: redactor.clean(remark).into_owned() }, out)?;
        }
        let verdict = Line::Verdict {
            schema: SCHEMA,
            tool: WireTool::default(),
            verdict: outcome.verdict.as_str(),
            totals: WireTotals::new(outcome),
            since: context.since.map(|since| WireComparison::new(since, outcome, &redactor)),
        };
        safe_json::line(&verdict, out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::testing;

    #[test]
    fn each_line_says_what_it_is_and_the_verdict_comes_last() {
        let text = testing::render(&JsonLines, &testing::leaky());
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!(&types[..2], ["finding", "finding"]);
        assert_eq!(&types[types.len() - 5..], ["stale", "package", "package", "remark", "verdict"]);
        assert_eq!(lines[0]["rule"], "source-map-embedded-sources");
        let last = lines.last().unwrap();
        assert_eq!(last["verdict"], "blocked");
        assert_eq!(last["totals"]["errors"], 3);
    }
}
