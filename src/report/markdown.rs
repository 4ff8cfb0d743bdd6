//! `markdown`: a page for the summary of a CI job, or for a comment.
//!
//! Whatever comes from the target is written so that it is text and nothing else: every punctuation mark of ASCII is a
//! character reference (CommonMark, section 2.5: these never make structure), names stand in `code`, where code hosts
//! turn no `@name` into a mention.

use std::fmt::Write as _;
use std::io;

use super::group::{Group, group, group_gaps};
use super::redact::Redactor;
use super::{Context, Report, sanitize, since, words};
use crate::finding::{Finding, Level, Verdict};
use crate::scan::Outcome;

/// The `markdown` report: the verdict, a table, and what can be opened to read more. `GITHUB_STEP_SUMMARY` takes 1 MiB
/// of each step and shows nothing of more, so the report stays below it, whatever was found.
#[derive(Debug, Clone, Copy)]
pub struct Markdown;

/// Most bytes of a report. The limit is 1,048,576; the rest is left for the notes at the end and for what the same step
/// says besides.
const BYTES: usize = 900_000;

/// Most rows of the table.
const ROWS: usize = 100;

/// Most places of one block, most gaps and most allowed findings that are named.
const PLACES: usize = 20;

/// Most characters of a name or a sentence.
const CHARACTERS: usize = 300;

/// Most characters of a rule's reason and fix.
const ADVICE: usize = 1_000;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn summary(&self) -> &'static str {
        "A Markdown page, for job summaries (GITHUB_STEP_SUMMARY) and comments"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let mut page = Page { outcome, context, redactor: &redactor, out: String::new(), left: 0 };
        page.head();
        let groups = group(&outcome.findings);
        page.table(&groups);
        for group in &groups {
            let block = page.block(group);
            page.add(&block);
        }
        for block in [page.gaps(), page.allowed(), page.stale()].into_iter().flatten() {
            page.add(&block);
        }
        page.end();
        out.write_all(page.out.as_bytes())
    }
}

struct Page<'a> {
    outcome: &'a Outcome,
    context: &'a Context<'a>,
    redactor: &'a Redactor<'a>,
    out: String,
    /// Blocks that found no room.
    left: usize,
}

impl Page<'_> {
    fn head(&mut self) {
        let (word, sentence) = words::verdict(self.outcome, self.context);
        let mark = match self.outcome.verdict {
            Verdict::Clear => "✅",
            Verdict::Blocked => "⛔",
            Verdict::Incomplete => "⚠",
        };
        let _ = writeln!(self.out, "## {mark} lastlook: {word}\n\n{}.\n", prose(&sentence));
        let targets: Vec<String> = self.context.targets.iter().map(|target| self.code(target)).collect();
        let totals = &self.outcome.totals;
        let seen = format!(
            "{}, {}, {}",
            words::count_u64(totals.files, "file"),
            words::count_u64(totals.members, "member"),
            words::size(totals.bytes)
        );
        let what = if targets.is_empty() { seen } else { format!("{} ({seen})", words::list(&targets)) };
        let count = |level, noun| words::count(self.outcome.count(level), noun);
        let _ = writeln!(
            self.out,
            "Looked at {what}: {}, {}, {}, {}.\n",
            count(Level::Error, "error"),
            count(Level::Warning, "warning"),
            count(Level::Note, "note"),
            words::count(self.outcome.gaps.len(), "gap")
        );
        self.packages();
        for line in since::summary(self.outcome, self.context, self.redactor) {
            let _ = writeln!(self.out, "{}\n", prose(&line));
        }
    }

    /// The verdict on each package, and what must be said about the choice of what was looked at.
    fn packages(&mut self) {
        let packages = self.outcome.packages.iter().map(|package| words::judged(package, self.redactor));
        let remarks = self.outcome.remarks.iter().map(|remark| self.redactor.clean(remark).into_owned());
        let lines: Vec<String> = packages.chain(remarks).collect();
        if lines.is_empty() {
            return;
        }
        let mut out = String::new();
        for line in lines.iter().take(ROWS) {
            let _ = writeln!(out, "- {}", prose(line));
        }
        if let left @ 1.. = lines.len().saturating_sub(ROWS) {
            let _ = writeln!(out, "- and {} more", words::number(left));
        }
        self.out.push_str(&out);
        self.out.push('\n');
    }

    fn table(&mut self, groups: &[Group<'_>]) {
        if groups.is_empty() {
            return;
        }
        self.out.push_str("| level | rule | where | what |\n|---|---|---|---|\n");
        for group in groups.iter().take(ROWS) {
            let first = group.first();
            let more = match group.findings().len() {
                1 => String::new(),
                number => format!(" and {} more", words::number(number - 1)),
            };
            let (rule, place) = (code(&first.rule), self.place(first));
            let _ = writeln!(self.out, "| {} | {rule} | {place}{more} | {} |", first.level, self.message(first));
        }
        if let left @ 1.. = groups.len().saturating_sub(ROWS) {
            let _ = writeln!(self.out, "| | | | and {} more |", words::count(left, "row"));
        }
        self.out.push('\n');
    }

    /// A block that can be opened, for findings that belong together.
    fn block(&self, group: &Group<'_>) -> String {
        let first = group.first();
        let rule = self.context.rules.get(&first.rule);
        let title = prose(rule.map_or(&*first.rule, |rule| &rule.title));
        let places = words::count(group.findings().len(), "place");
        let mut out =
            format!("<details><summary>{} {}: {title} ({places})</summary>\n\n", first.level, code(&first.rule));
        for finding in group.findings().iter().take(PLACES) {
            self.one(&mut out, finding);
        }
        self.rest(&mut out, group.findings().len());
        if let Some(rule) = rule {
            let _ = writeln!(out, "\n**Why:** {}\n\n**Fix:** {}", advice(&rule.why), advice(&rule.fix));
        }
        out + "\n</details>\n\n"
    }

    fn one(&self, out: &mut String, finding: &Finding) {
        let since = since::mark(self.context, finding).map(|mark| format!(" ({})", prose(mark))).unwrap_or_default();
        let _ = writeln!(out, "- {}{since}: {}", self.place(finding), self.message(finding));
        for line in words::other_places(finding, self.redactor, 5) {
            let _ = writeln!(out, "  - {}", code(&line));
        }
        for detail in finding.details.iter().take(PLACES) {
            let _ = writeln!(out, "  - {}", code(&self.redactor.clean_own(finding, detail)));
        }
        self.left_out(out, "  ", finding.details.len());
        if let Some(secret) = &finding.secret {
            let _ = writeln!(out, "  - masked: {}", code(&secret.to_string()));
        }
        let _ = writeln!(out, "  - fingerprint: <code>{}</code>", finding.fingerprint);
    }

    fn gaps(&self) -> Option<String> {
        let gaps = &self.outcome.gaps;
        let groups = group_gaps(gaps);
        if groups.is_empty() {
            return None;
        }
        let number = words::count(gaps.len(), "gap");
        let mut out = format!("<details><summary>{number}: what could not be looked at</summary>\n\n");
        for group in groups.iter().take(PLACES) {
            let _ = writeln!(out, "- {}", prose(&self.redactor.clean(group.reason)));
            for gap in group.gaps.iter().take(PLACES) {
                let _ = writeln!(out, "  - {}", self.code(&gap.path.to_string()));
            }
            self.left_out(&mut out, "  ", group.gaps.len());
        }
        self.rest(&mut out, groups.len());
        Some(out + "\n</details>\n\n")
    }

    fn allowed(&self) -> Option<String> {
        let allowed = &self.outcome.allowed;
        if allowed.is_empty() {
            return None;
        }
        let mut out = format!("<details><summary>{} allowed</summary>\n\n", words::count(allowed.len(), "finding"));
        for one in allowed.iter().take(PLACES) {
            let (rule, place) = (code(&one.finding.rule), self.place(&one.finding));
            let _ = writeln!(out, "- {rule} {place}: {}", prose(&self.redactor.clean(&one.reason)));
        }
        self.rest(&mut out, allowed.len());
        Some(out + "\n</details>\n\n")
    }

    fn stale(&self) -> Option<String> {
        let stale = &self.outcome.stale;
        if stale.is_empty() {
            return None;
        }
        let number = stale.len();
        let noun = if number == 1 { "entry" } else { "entries" };
        let mut out = format!("<details><summary>{} stale allow {noun}</summary>\n\n", words::number(number));
        for one in stale.iter().take(PLACES) {
            let _ = writeln!(out, "- {}: {}", self.code(&one.place), prose(&self.redactor.clean(&one.problem)));
        }
        self.rest(&mut out, number);
        Some(out + "\n</details>\n\n")
    }

    fn rest(&self, out: &mut String, number: usize) {
        self.left_out(out, "", number);
    }

    fn left_out(&self, out: &mut String, indent: &str, number: usize) {
        if let left @ 1.. = number.saturating_sub(PLACES) {
            let _ = writeln!(out, "{indent}- and {} more", words::number(left));
        }
    }

    /// Adds a block if there is room for it.
    fn add(&mut self, block: &str) {
        if self.out.len() + block.len() > BYTES {
            self.left += 1;
        } else {
            self.out.push_str(block);
        }
    }

    fn end(&mut self) {
        if self.left > 0 {
            let left = words::count(self.left, "block");
            let _ =
                writeln!(self.out, "{left} more found no room on this page; the human and json reports have all.\n");
        }
        if let Some(policy) = &self.context.policy {
            let policy = self.code(policy);
            let _ = writeln!(self.out, "Policy: {policy}\n");
        }
    }

    fn place(&self, finding: &Finding) -> String {
        code(&words::place(finding, self.redactor))
    }

    fn message(&self, finding: &Finding) -> String {
        prose(&self.redactor.clean(&finding.message))
    }

    fn code(&self, text: &str) -> String {
        code(&self.redactor.clean(text))
    }
}

/// A name, as text that means nothing to any reader of Markdown.
fn code(text: &str) -> String {
    format!("<code>{}</code>", inert(text, CHARACTERS))
}

/// A sentence, which may hold names.
fn prose(text: &str) -> String {
    // Code hosts link names and numbers in the text that comes out, but not inside of code.
    if text.contains(['@', '#']) { code(text) } else { inert(text, CHARACTERS) }
}

/// What a rule says, which may be longer.
fn advice(text: &str) -> String {
    let text = inert(text, ADVICE);
    if text.contains("&#64;") || text.contains("&#35;") { format!("<code>{text}</code>") } else { text }
}

/// The text on one line, with a character reference for every mark that could mean something.
fn inert(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for character in sanitize::shown_within(text, limit).chars() {
        if character.is_ascii_punctuation() && !matches!(character, ',' | ';') {
            let _ = write!(out, "&#{};", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    /// The page without what it may hold: its own tags, character references, and its own marks at the start of lines.
    fn stray(text: &str) -> Vec<String> {
        let own = regex::Regex::new(
            r"(?m)^\|---.*$|</?(details|summary|code)>|&#[0-9]+;|^## |^ *- |^\|( \| \|)?|\*\*(Why|Fix):\*\*| \| | \|$",
        )
        .unwrap();
        let left = own.replace_all(text, " ");
        let marks = regex::Regex::new("[<>*_`\\[\\]|#@!~&\\\\]|https?:|www\\.").unwrap();
        marks.find_iter(&left).map(|found| left[found.start()..].chars().take(40).collect()).collect()
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        for outcome in [testing::leaky(), testing::hostile(), testing::empty()] {
            let text = testing::render(&Markdown, &outcome);
            assert_eq!(stray(&text), [""; 0], "{text}");
        }
        assert_eq!(code("a|b`@x"), "<code>a&#124;b&#96;&#64;x</code>");
        assert_eq!(prose("see @org/team"), code("see @org/team"));
    }

    #[test]
    fn it_opens_with_the_verdict_and_a_table() {
        let text = testing::render(&Markdown, &testing::leaky());
        assert!(text.starts_with("## ⛔ lastlook: BLOCKED\n\n3 errors, and 2 gaps besides"), "{text}");
        assert!(text.contains("| error | <code>npm&#45;access&#45;token</code> | <code>dist&#47;cli"), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(text.contains("the public demo key"), "{text}");
        assert!(testing::render(&Markdown, &testing::empty()).starts_with("## ✅ lastlook: CLEAR\n"));
    }

    #[test]
    fn it_fits_into_a_job_summary_whatever_was_found() {
        let mut outcome = testing::hostile();
        let long = "\u{1f980}|".repeat(1_000);
        for number in 0..2_000_u32 {
            let mut finding = testing::in_archive(&format!("{number}{long}"), &long, &number.to_string());
            finding.message.clone_from(&long);
            finding.details = vec![long.clone(); 40];
            outcome.findings.push(finding);
        }
        outcome.gaps = (0..2_000).map(|number| testing::gap(&long, &format!("{number}{long}"))).collect();
        let text = testing::render(&Markdown, &outcome);
        assert!(text.len() < 1 << 20, "{} bytes", text.len());
        assert!(text.contains("blocks more found no room on this page"), "{}", &text[text.len() - 500..]);
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
}
