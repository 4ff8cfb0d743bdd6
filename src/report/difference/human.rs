//! The picture for people: what differs, then what is found in it, then the verdict.
//!
//! No line begins with text from the target, not even after spaces: CI systems read `::…` there as an order.

use std::collections::BTreeSet;
use std::io;

use super::Difference;
use crate::compare::{Change, Earlier, Side};
use crate::finding::{Level, Verdict};
use crate::manifest::File;
use crate::report::block::Blocks;
use crate::report::paint::{self, Painter, STRONG};
use crate::report::words::{self, shown};
use crate::report::{Context, since};
use crate::scan::Outcome;

/// Most lines of one section, unless everything is asked for.
const LINES: usize = 25;

/// Writes the picture. Not buffered: hand in a buffered writer.
///
/// # Errors
/// Those of `out`.
pub fn human(difference: &Difference<'_>, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let redactor = context.redactor(difference.outcome);
    let painter = Painter { color: context.color };
    let page = Blocks { context, redactor: &redactor, painter, out: String::new(), told: BTreeSet::new() };
    let mut page = Page { difference, page };
    page.sides();
    page.files();
    page.kinds();
    page.hosts();
    page.sources();
    page.findings();
    page.page.gaps(difference.outcome);
    page.end();
    out.write_all(page.page.out.as_bytes())
}

struct Page<'d, 'a> {
    difference: &'d Difference<'d>,
    page: Blocks<'a>,
}

impl Page<'_, '_> {
    fn text(&self, text: &str) -> String {
        shown(self.page.redactor, text)
    }

    /// A headline and a line for each thing.
    fn section(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let head = format!("{title} ({})", words::number(lines.len()));
        let head = self.page.painter.paint(STRONG, &head);
        self.page.line(&head);
        let most = if self.page.context.verbose { usize::MAX } else { LINES };
        for line in lines.iter().take(most) {
            self.page.line(&format!("  {line}"));
        }
        if let left @ 1.. = lines.len().saturating_sub(most) {
            self.page.faint(&format!("  ... and {} more (--verbose lists them)", words::number(left)));
        }
        self.page.line("");
    }

    fn sides(&mut self) {
        let comparison = self.difference.comparison;
        let side = |side: &Side| {
            let what = if side.is_manifest { "manifest, " } else { "" };
            let size = format!("{what}{}, {}", words::count_u64(side.files, "file"), words::size(side.bytes));
            let gaps = if side.gaps > 0 { format!(", {}", words::count(side.gaps, "gap")) } else { String::new() };
            format!("{} ({size}{gaps})", self.text(&side.name))
        };
        let (old, new) = (side(&comparison.old), side(&comparison.new));
        let grown = growth(Some(comparison.old.bytes).filter(|_| !comparison.old.is_manifest), comparison.new.bytes);
        self.page.line(&format!("old: {old}"));
        self.page.line(&format!("new: {new}{grown}"));
        self.page.line("");
    }

    fn files(&mut self) {
        let comparison = self.difference.comparison;
        let added = |file: &File| format!("+ {} ({}, {})", self.text(&file.path), words::size(file.size), file.kind);
        let added: Vec<String> = comparison.added.iter().map(added).collect();
        let removed = |file: &Earlier| {
            let size = file.size.map(|size| format!(" ({})", words::size(size))).unwrap_or_default();
            format!("- {}{size}", self.text(&file.path))
        };
        let removed: Vec<String> = comparison.removed.iter().map(removed).collect();
        let mut changes: Vec<&Change> = comparison.changed.iter().collect();
        // What has grown most is what people look for.
        changes.sort_by_key(|change| {
            std::cmp::Reverse(change.after.size.saturating_sub(change.before.size.unwrap_or(u64::MAX)))
        });
        let changed: Vec<String> = changes.into_iter().map(|change| self.change(change)).collect();
        let moved: Vec<String> = comparison.moved.iter().map(|change| self.change(change)).collect();
        self.section("added", &added);
        self.section("removed", &removed);
        self.section("changed", &changed);
        self.section("moved", &moved);
    }

    fn change(&self, change: &Change) -> String {
        let Change { before, after } = change;
        let was = match before.path == after.path {
            true => String::new(),
            false => format!("{} -> ", self.text(&before.path)),
        };
        let kind = match before.kind {
            Some(kind) if kind != after.kind => format!(", {kind} before, now {}", after.kind),
            _ => format!(", {}", after.kind),
        };
        let size = growth(before.size, after.size);
        format!("~ {was}{} ({}{kind}){size}", self.text(&after.path), words::size(after.size))
    }

    /// What deserves a second look: files that nobody reads.
    fn kinds(&mut self) {
        let odd = self.difference.comparison.new_kinds();
        let odd = odd.iter().filter(|(kind, _)| !matches!(kind.as_str(), "text" | "data" | "link"));
        let lines: Vec<String> = odd.map(|(kind, file)| format!("{kind}: {}", self.text(&file.path))).collect();
        self.section("new maps, programs, models and archives", &lines);
    }

    fn hosts(&mut self) {
        let hosts = self.difference.comparison.new_hosts.iter().flatten();
        let lines: Vec<String> = hosts
            .map(|host| {
                let more = match host.files {
                    1 => String::new(),
                    files => format!(" and {} more", words::count_u64(files - 1, "file")),
                };
                format!("* {} in {}{more}", self.text(&host.name), self.text(&host.path.to_string()))
            })
            .collect();
        self.section("new hosts", &lines);
    }

    fn sources(&mut self) {
        let sources = self.difference.comparison.sources.iter().flat_map(|sources| &sources.new);
        let lines: Vec<String> = sources
            .map(|source| {
                let carrier = source.carrier.as_ref().map(|path| format!(" in {}", self.text(&path.to_string())));
                let size = [words::count_u64(source.lines, "line"), words::size(source.bytes)].join(", ");
                format!("* {} ({size}){}", self.text(&source.place), carrier.unwrap_or_default())
            })
            .collect();
        self.section("newly disclosed sources", &lines);
    }

    fn findings(&mut self) {
        let Difference { comparison, outcome, .. } = *self.difference;
        let new = Outcome { findings: comparison.new_findings(outcome).cloned().collect(), ..outcome.clone() };
        self.page.findings(&new);
        let gone = comparison.gone.iter().map(|finding| {
            let place = words::place(finding, self.page.redactor);
            format!("{}[{}] {place}", finding.level, self.text(&finding.rule))
        });
        let gone: Vec<String> = gone.collect();
        self.section("findings that are gone", &gone);
    }

    fn end(&mut self) {
        let Difference { comparison, outcome, verdict, unwanted } = *self.difference;
        self.page.line(&format!("Files: {}", since::files(comparison)));
        if let Some(sources) = comparison.sources.as_ref().filter(|sources| sources.is_other()) {
            let new = words::number(sources.new.len());
            let [changed, gone] = [sources.changed, sources.gone].map(words::number_u64);
            self.page.line(&format!(
                "Sources: {new} newly disclosed, {changed} with another text, {gone} disclosed no more"
            ));
        }
        let new = comparison.new_findings(outcome).count();
        let before = outcome.findings.len() - new;
        let (new, gone) = (words::number(new), words::number(comparison.gone.len()));
        self.page.line(&format!("Findings: {new} new, {} there before, {gone} gone", words::number(before)));
        if comparison.old.is_manifest {
            let all = "A manifest cannot say which hosts and sources are new, nor which findings are in files that have changed";
            self.page.line(all);
        }
        let reasons: Vec<String> = unwanted
            .iter()
            .map(|thing| (comparison.count(*thing), thing.as_str()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, thing)| words::count(number, &format!("new {thing}")))
            .collect();
        let (word, sentence) = match verdict {
            Verdict::Blocked => ("BLOCKED", self.blocked(reasons)),
            Verdict::Incomplete => (
                "INCOMPLETE",
                "not everything in the new version could be looked at; --allow-incomplete accepts that".to_owned(),
            ),
            Verdict::Clear => ("CLEAR", "nothing is new that blocks".to_owned()),
        };
        let word = self.page.painter.paint(paint::of_verdict(verdict), &format!("{word}:"));
        self.page.line(&format!("{word} {sentence}"));
    }

    fn blocked(&self, mut reasons: Vec<String>) -> String {
        let Difference { comparison, outcome, .. } = *self.difference;
        for (level, noun) in [(Level::Warning, "new warning"), (Level::Error, "new error")] {
            let number = comparison.new_findings(outcome).filter(|finding| finding.level == level).count();
            if number > 0 && level >= self.page.context.fail_on {
                reasons.insert(0, words::count(number, noun));
            }
        }
        format!("{}. This was not in the old version", words::list(&reasons))
    }
}

/// `, +1.1 MB, 35 times as large`: how a size has changed; nothing where it has not, or nobody knows.
fn growth(before: Option<u64>, after: u64) -> String {
    match before {
        Some(before) if after > before => {
            let grown = words::size(after - before);
            let ratio = after as f64 / before as f64;
            match before {
                0 => format!(", +{grown}"),
                _ if ratio < 2.0 => format!(", +{grown}, +{:.0} %", (ratio - 1.0) * 100.0),
                _ => format!(", +{grown}, {ratio:.1} times as large"),
            }
        }
        Some(before) if after < before => format!(", -{}", words::size(before - after)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn growth_is_told_as_people_think_of_it() {
        assert_eq!(growth(Some(1_000), 1_100), ", +100 bytes, +10 %");
        assert_eq!(growth(Some(1_000), 35_000), ", +34.0 kB, 35.0 times as large");
        assert_eq!(growth(Some(1_100), 1_000), ", -100 bytes");
        assert_eq!([growth(Some(5), 5), growth(None, 5), growth(Some(0), 5)], ["", "", ", +5 bytes"]);
    }
}
