//! `lastlook fix`: shows, or makes, the changes that close source-map leaks.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use lastlook::Scanner;
use lastlook::bytes::Bytes;
use lastlook::finding::{FactValue, Verdict};
use lastlook::fix::{self, Plan, Remaining, Wish, Written};
use lastlook::formats::source_map::toolchain;
use lastlook::report::{Redactor, sanitize};
use lastlook::scan::{Outcome, Overlay};

use super::args::FixArgs;
use super::progress::{Bar, Shared};
use super::subject::Subject;
use super::targets::{Asked, Wanted};
use super::{Exit, output, settings};

/// How many characters of a line of a diff are shown.
const LINE: usize = 160;

/// Plans, and with `--write` makes, the changes.
pub fn run(args: &FixArgs) -> Result<Exit> {
    let rules = settings::rules(&[])?;
    let policy = settings::policy(&args.as_check(), &rules)?;
    let limits = policy.limits.clone();
    let wanted = Wanted::new(&args.folder, &policy)?;
    let target = settings::from_here(&args.path);
    let subject = Subject::new(&target, Asked::about(std::slice::from_ref(&target), &wanted)?, &limits);
    let bar = Bar::new(!args.run.no_progress);
    let mut builder =
        Scanner::builder().rules(rules).policy(policy).threads(args.run.threads.into()).progress(Shared(bar.clone()));
    if args.run.allow_incomplete {
        builder = builder.allow_incomplete(true);
    }
    let scanner = builder.build()?;
    let outcome = subject.look(&scanner, &())?;
    let wish = Wish { remove_maps: args.remove_maps, exclude_maps: args.exclude_maps };
    let plan = fix::plan(&target, &outcome, wish, limits.file);
    let diffs = if args.write { Vec::new() } else { diffs(&plan)? };
    let written = if args.write { Some(plan.write()?) } else { None };
    let after = match &written {
        Some(_) => subject.look(&scanner, &Gone(&plan)),
        None if plan.changes.is_empty() => Ok(outcome.clone()),
        None => subject.look(&scanner, &plan),
    };
    bar.clear();
    let after = after?;
    let page = Page {
        redactor: Redactor::new(&outcome),
        remaining: fix::remaining(&after, scanner.fails_on(), wish),
        outcome: &outcome,
        packages: subject.packages().map(ToString::to_string).collect(),
        plan: &plan,
        diffs,
        written: written.as_ref(),
        after: &after,
    };
    output::to_stdout(|out| page.show(out))?;
    Ok(page.exit(scanner.accepts_gaps()))
}

/// Files as they are. Those that a plan has removed are missing on purpose.
struct Gone<'p>(&'p Plan);

impl Overlay for Gone<'_> {
    fn is_gone(&self, path: &Path) -> bool {
        self.0.is_gone(path) && path.symlink_metadata().is_err()
    }

    fn holds(&self, _: &Path) -> Option<io::Result<Bytes>> {
        None
    }
}

/// What is best shown as a diff, for every change.
fn diffs(plan: &Plan) -> Result<Vec<Vec<String>>> {
    let diff = |change: &fix::Change| match change.readable {
        true => change.diff().with_context(|| change.name.clone()),
        false => Ok(Vec::new()),
    };
    plan.changes.iter().map(diff).collect()
}

struct Page<'p> {
    redactor: Redactor<'p>,
    outcome: &'p Outcome,
    /// The packages whose files were looked at.
    packages: Vec<String>,
    plan: &'p Plan,
    /// The diff of each change that has one.
    diffs: Vec<Vec<String>>,
    written: Option<&'p Written>,
    after: &'p Outcome,
    remaining: Vec<Remaining>,
}

impl Page<'_> {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        self.changes(out)?;
        self.by_hand(out)?;
        self.settings(out)?;
        self.end(out)?;
        self.looked_at(out)
    }

    /// What was looked at, where that is not everything in the folder.
    fn looked_at(&self, out: &mut dyn Write) -> io::Result<()> {
        self.outcome.remarks.iter().try_for_each(|remark| writeln!(out, "remark: {}", self.text(remark)))?;
        let packages: Vec<String> = self.packages.iter().map(|package| self.text(package)).collect();
        match packages.as_slice() {
            [] => Ok(()),
            [one] => writeln!(out, "Looked at what is published of the {one}; --target folder means everything"),
            all => writeln!(
                out,
                "Looked at what is published of {}: {}; --target folder means everything",
                count(all.len(), "package"),
                all.join(", ")
            ),
        }
    }

    fn text(&self, text: &str) -> String {
        sanitize::shown(&self.redactor.clean(text)).into_owned()
    }

    fn changes(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, change) in self.plan.changes.iter().enumerate() {
            let failed = self.written.and_then(|written| written.failed.iter().find(|(at, _)| *at == index));
            if let Some((_, error)) = failed {
                writeln!(out, "{}: not done: {}", self.text(&change.name), self.text(&error.to_string()))?;
                continue;
            }
            writeln!(out, "{}: {}", self.text(&change.name), self.text(&change.what))?;
            for line in self.diffs.get(index).into_iter().flatten() {
                writeln!(out, "  {}", sanitize::shown_within(&self.redactor.clean(line), LINE))?;
            }
        }
        self.plan.notes.iter().try_for_each(|note| writeln!(out, "note: {}", self.text(note)))?;
        if self.plan.changes.is_empty() { Ok(()) } else { writeln!(out) }
    }

    fn by_hand(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.remaining.is_empty() {
            return Ok(());
        }
        writeln!(out, "To be done by hand:")?;
        for one in &self.remaining {
            writeln!(out, "  {}: {}", self.text(&one.place), self.text(&one.message))?;
            writeln!(out, "    {}", self.text(&one.advice))?;
        }
        writeln!(out)
    }

    /// What to change in the build, for every bundler that made one of the maps.
    fn settings(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for found in self.outcome.findings.iter().filter(|found| found.facts.int("source_map.undisclosed") > 0) {
            if let Some(FactValue::Text(bundler)) = found.facts.get("source_map.bundler") {
                let place = found.path.to_string();
                let known = places.entry(bundler).or_default();
                if !known.contains(&place) {
                    known.push(place);
                }
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        writeln!(out, "So that the next build does not give them away again:")?;
        for (bundler, places) in places {
            let more = places.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {} more", FactValue::from(more)) };
            let first = places.first().map(|place| self.text(place)).unwrap_or_default();
            writeln!(out, "  {bundler} ({first}{more}): {}", toolchain::setting(bundler))?;
        }
        writeln!(out)
    }

    fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        let by_hand = match self.remaining.len() {
            0 => String::new(),
            number => format!("; {} to be done by hand", count(number, "thing")),
        };
        match (self.plan.changes.len(), self.written) {
            (0, _) if self.remaining.is_empty() => writeln!(out, "Nothing to do: no source map gives anything away"),
            (0, _) => writeln!(out, "Nothing can be done by editing files{by_hand}"),
            (number, None) => {
                writeln!(
                    out,
                    "{} would be made{by_hand}. Nothing was written; --write does it",
                    count(number, "change")
                )
            }
            (_, Some(written)) => {
                let failed = match written.failed.len() {
                    0 => String::new(),
                    number => format!("; {} failed", count(number, "change")),
                };
                writeln!(out, "{} made{failed}{by_hand}", count(written.done, "change"))
            }
        }
    }

    fn exit(&self, accepts_gaps: bool) -> Exit {
        let failed = self.written.is_some_and(|written| !written.failed.is_empty());
        let would_change = self.written.is_none() && !self.plan.changes.is_empty();
        if failed || would_change || !self.remaining.is_empty() {
            Exit::Blocked
        } else if self.after.gaps.is_empty() || accepts_gaps {
            Verdict::Clear.into()
        } else {
            Verdict::Incomplete.into()
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", FactValue::from(number), if number == 1 { "" } else { "s" })
}
