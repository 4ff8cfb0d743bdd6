//! `human`: for people, at a terminal or in a log.

use std::io;

use super::block::Blocks;
use super::group::{GapGroup, group, group_gaps};
use super::paint::{self, FAINT, Painter, STRONG};
use super::redact::Redactor;
use super::words::{self, shown};
use super::{Context, Report, sanitize, since};
use crate::finding::{Finding, Level, Verdict};
use crate::scan::Outcome;

/// The `human` report: grouped, with reasons and fixes, the most serious first and the verdict last.
#[derive(Debug, Clone, Copy)]
pub struct Human;

/// Most blocks per level that are shown unless everything is asked for.
const BLOCKS: usize = 50;

/// Most kinds of gaps that are shown unless everything is asked for, and most places of each.
const GAPS: usize = 10;
const GAP_PLACES: usize = 5;

impl Report for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn summary(&self) -> &'static str {
        "For people: what would be given away, where, why it matters and how to fix it"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let painter = Painter { color: context.color };
        let mut page = Blocks {
            context,
            redactor: &redactor,
            painter,
            out: String::new(),
            told: std::collections::BTreeSet::new(),
        };
        page.findings(outcome);
        page.gaps(outcome);
        page.allowed(outcome);
        page.stale(outcome);
        page.how_to_accept(outcome);
        page.end(outcome);
        out.write_all(page.out.as_bytes())
    }
}

impl Blocks<'_> {
    pub(super) fn findings(&mut self, outcome: &Outcome) {
        let groups = group(&outcome.findings);
        for level in Level::ALL {
            let of_level: Vec<_> = groups.iter().filter(|group| group.level() == level).collect();
            let most = if self.context.verbose { usize::MAX } else { BLOCKS };
            let compact = level <= Level::Note && !self.context.verbose;
            for group in of_level.iter().take(most) {
                if compact { self.compact(group) } else { self.block(group) }
            }
            let left = of_level.get(most..).unwrap_or_default();
            if !left.is_empty() {
                let number: usize = left.iter().map(|group| group.findings().len()).sum();
                let more = words::count(number, level.as_str());
                self.faint(&format!("... and {more} more in blocks like these (--verbose lists them)"));
            }
            if (compact && !of_level.is_empty()) || !left.is_empty() {
                self.line("");
            }
        }
    }

    pub(super) fn gaps(&mut self, outcome: &Outcome) {
        let groups = group_gaps(&outcome.gaps);
        let most = if self.context.verbose { usize::MAX } else { GAPS };
        for group in groups.iter().take(most) {
            self.gap(group);
        }
        let left: usize = groups.iter().skip(most).map(|group| group.gaps.len()).sum();
        if left > 0 {
            self.faint(&format!("... and {} more (--verbose lists them)", words::count(left, "gap")));
            self.line("");
        }
    }

    fn gap(&mut self, group: &GapGroup<'_>) {
        let head = self.painter.paint(paint::of_level(Level::Warning), &format!("gap[{}]", group.stage.as_str()));
        let text = self.painter.paint(STRONG, &format!(": {}", shown(self.redactor, group.reason)));
        self.line(&format!("{head}{text}"));
        let most = if self.context.verbose { usize::MAX } else { GAP_PLACES };
        for gap in group.gaps.iter().take(most) {
            let path = shown(self.redactor, &gap.path.to_string());
            self.arrow(&path);
        }
        let left = group.gaps.len().saturating_sub(most);
        if left > 0 {
            self.faint(&format!("  ... and {} more (--verbose lists them)", words::number(left)));
        }
        self.line("");
    }

    fn allowed(&mut self, outcome: &Outcome) {
        if outcome.allowed.is_empty() {
            return;
        }
        if !self.context.verbose {
            let number = words::count(outcome.allowed.len(), "finding");
            self.faint(&format!("{number} allowed (--verbose lists them with their reasons)"));
            return self.line("");
        }
        for allowed in &outcome.allowed {
            let head = self.painter.paint(FAINT, &format!("allowed[{}]", sanitize::shown(&allowed.finding.rule)));
            let message = shown(self.redactor, &allowed.finding.message);
            self.line(&format!("{head}: {message}"));
            let place = words::place(&allowed.finding, self.redactor);
            self.arrow(&place);
            let reason = self.redactor.clean(&allowed.reason).into_owned();
            self.label("reason", &reason);
            self.line("");
        }
    }

    fn stale(&mut self, outcome: &Outcome) {
        for stale in &outcome.stale {
            let head = self.painter.paint(paint::of_level(Level::Warning), "stale allow entry");
            self.line(&format!("{head}: {}", shown(self.redactor, &stale.problem)));
            let place = shown(self.redactor, &stale.place);
            self.arrow(&place);
            self.line("");
        }
    }

    fn how_to_accept(&mut self, outcome: &Outcome) {
        if outcome.verdict != Verdict::Blocked {
            return;
        }
        let Some(first) = outcome.findings.first() else { return };
        let others = outcome.findings.len() > 1;
        self.line("To accept a finding on purpose, write this into lastlook.toml and say why:");
        self.line("");
        for line in allow_entry(first) {
            self.line(&format!("    {line}"));
        }
        self.line("");
        if others && !self.context.verbose {
            self.faint("That is the first finding; --verbose and --report json show every fingerprint.");
            self.line("");
        }
    }

    fn end(&mut self, outcome: &Outcome) {
        if let Some(policy) = &self.context.policy {
            self.line(&format!("Policy: {}", shown(self.redactor, policy)));
        }
        for package in &outcome.packages {
            let line = words::judged(package, self.redactor);
            self.line(&line);
        }
        for remark in &outcome.remarks {
            self.label("remark", &self.redactor.clean(remark));
        }
        for line in since::summary(outcome, self.context, self.redactor) {
            self.line(&line);
        }
        let summary = summary(outcome, self.context, self.redactor);
        self.line(&summary);
        let (word, sentence) = words::verdict(outcome, self.context);
        let word = self.painter.paint(paint::of_verdict(outcome.verdict), &format!("{word}:"));
        self.line(&format!("{word} {sentence}"));
    }
}

fn allow_entry(finding: &Finding) -> [String; 4] {
    [
        "[[allow]]".to_owned(),
        format!("rule = \"{}\"", sanitize::shown(&finding.rule)),
        format!("fingerprint = \"{}\"", finding.fingerprint),
        "reason = \"…\"".to_owned(),
    ]
}

/// What was looked at and what came of it, in one line.
fn summary(outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>) -> String {
    let totals = &outcome.totals;
    let size = words::size(totals.bytes);
    let seen = [words::count_u64(totals.files, "file"), words::count_u64(totals.members, "member"), size].join(", ");
    let targets: Vec<String> = context.targets.iter().map(|target| shown(redactor, target)).collect();
    let what = if targets.is_empty() { seen } else { format!("{} ({seen})", words::list(&targets)) };
    let time = context.elapsed.map(|time| format!(" in {}", words::duration(time))).unwrap_or_default();
    let mut counts: Vec<String> = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")]
        .into_iter()
        .map(|(level, noun)| words::count(outcome.count(level), noun))
        .collect();
    counts.push(words::count(outcome.gaps.len(), "gap"));
    format!("Looked at {what}{time}: {}", counts.join(", "))
}

#[cfg(test)]
#[path = "human_tests.rs"]
mod tests;
