//! `github`: workflow commands, which GitHub Actions turns into annotations.

use std::io;

use super::group::{Group, group};
use super::redact::Redactor;
use super::words::{self, shown};
use super::{Context, Report, sanitize, since};
use crate::finding::{Level, Verdict};
use crate::scan::Outcome;

/// The `github` report: workflow commands (`::error file=…::…`) for GitHub Actions.
#[derive(Debug, Clone, Copy)]
pub struct Github;

/// Most annotations of one level that GitHub shows of one step.
const PER_LEVEL: usize = 10;

/// Most further places of one finding that an annotation names.
const PLACES: usize = 5;

/// Most characters of a message; a log line is no place for more.
const CHARACTERS: usize = 4_000;

impl Report for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn summary(&self) -> &'static str {
        "Annotations for GitHub Actions; the ten most serious of each level"
    }

    fn write(&self, outcome: &Outcome, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let redactor = context.redactor(outcome);
        let groups = group(&outcome.findings);
        let mut left = 0;
        for level in [Level::Error, Level::Warning, Level::Note] {
            let of_level = groups.iter().filter(|group| group.level() == level);
            let room = PER_LEVEL - reserved(level, outcome);
            for (index, group) in of_level.enumerate() {
                if index < room {
                    out.write_all(annotation(group, context, &redactor).as_bytes())?;
                } else {
                    left += group.findings().len();
                }
            }
        }
        if !outcome.gaps.is_empty() {
            out.write_all(gaps(outcome, &redactor).as_bytes())?;
        }
        out.write_all(summary(outcome, context, &redactor, left).as_bytes())
    }
}

/// How many annotations of a level are kept for what is said at the end.
fn reserved(level: Level, outcome: &Outcome) -> usize {
    let gaps = !outcome.gaps.is_empty() && level == gap_level(outcome);
    usize::from(gaps) + usize::from(level == Level::Note)
}

/// Gaps are errors unless they were accepted.
fn gap_level(outcome: &Outcome) -> Level {
    if outcome.verdict == Verdict::Clear { Level::Warning } else { Level::Error }
}

fn annotation(group: &Group<'_>, context: &Context<'_>, redactor: &Redactor<'_>) -> String {
    let first = group.first();
    let rule = context.rules.get(&first.rule);
    let title = rule.map_or(&*first.rule, |rule| &rule.title);
    let mut lines = vec![shown(redactor, &first.message), words::place(first, redactor)];
    lines.extend(words::other_places(first, redactor, PLACES));
    lines.extend(first.details.iter().map(|text| shown(redactor, &redactor.clean_own(first, text))));
    if let Some(secret) = &first.secret {
        lines.push(format!("The secret, masked: {secret}"));
    }
    if let more @ 1.. = group.findings().len() - 1 {
        lines.push(format!("And {} like it", words::count(more, "place")));
    }
    lines.extend(since::mark(context, first).map(str::to_owned));
    if let Some(rule) = rule {
        lines.push(format!("Why: {}", sanitize::shown(&rule.why)));
        lines.push(format!("Fix: {}", sanitize::shown(&rule.fix)));
    }
    let mut properties = vec![("file", words::from_base(&context.base, &first.path.root().to_string()))];
    // A line counts inside the file, so it is only given where the artifact is the file.
    if let Some(place) = first.location.filter(|_| first.path.parent().is_none()) {
        properties.extend(place.line.map(|line| ("line", line.to_string())));
        properties.extend(place.line.and(place.column).map(|column| ("col", column.to_string())));
    }
    properties.push(("title", format!("{title} [{}]", first.rule)));
    let properties: Vec<(&str, String)> =
        properties.into_iter().map(|(name, value)| (name, shown(redactor, &value))).collect();
    command(first.level, &properties, &lines)
}

fn gaps(outcome: &Outcome, redactor: &Redactor<'_>) -> String {
    let mut lines = vec![format!("{}: not everything could be looked at", words::count(outcome.gaps.len(), "gap"))];
    for gap in outcome.gaps.iter().take(PER_LEVEL) {
        lines.push(format!("{}: {}", shown(redactor, &gap.path.to_string()), shown(redactor, &gap.reason)));
    }
    if outcome.gaps.len() > PER_LEVEL {
        lines.push(format!("... and {} more", words::number(outcome.gaps.len() - PER_LEVEL)));
    }
    command(gap_level(outcome), &[("title", "lastlook: gaps".to_owned())], &lines)
}

fn summary(outcome: &Outcome, context: &Context<'_>, redactor: &Redactor<'_>, left: usize) -> String {
    let (word, sentence) = words::verdict(outcome, context);
    let mut lines = vec![format!("{word}: {sentence}")];
    if left > 0 {
        let left = words::count(left, "finding");
        lines.push(format!("{left} more than GitHub shows as annotations; the human and json reports have all"));
    }
    if !outcome.allowed.is_empty() {
        lines.push(format!("{} allowed", words::count(outcome.allowed.len(), "finding")));
    }
    lines.extend(since::summary(outcome, context, redactor));
    let stale = outcome.stale.iter().take(PER_LEVEL);
    lines.extend(stale.map(|stale| shown(redactor, &format!("{}: {}", stale.place, stale.problem))));
    lines.extend(told(outcome.packages.iter().map(|package| words::judged(package, redactor))));
    lines.extend(told(outcome.remarks.iter().map(|remark| shown(redactor, remark))));
    if outcome.stale.len() > PER_LEVEL {
        lines.push(format!("... and {} more", words::number(outcome.stale.len() - PER_LEVEL)));
    }
    command(Level::Note, &[("title", "lastlook".to_owned())], &lines)
}

/// The first of these lines, and how many there are more.
fn told(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let left = lines.len().saturating_sub(PER_LEVEL);
    let more = (left > 0).then(|| format!("... and {} more", words::number(left)));
    lines.take(PER_LEVEL).chain(more).collect()
}

/// One workflow command. Lines must be sanitised already.
fn command(level: Level, properties: &[(&str, String)], lines: &[String]) -> String {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note | Level::Off => "notice",
    };
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape_property(value))).collect();
    let text = lines.join("\n");
    let text = match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{} [cut]", &text[..end]),
        None => text,
    };
    format!("::{name} {}::{}\n", properties.join(","), escape_data(&text))
}

/// Escapes the text of a command (`escapeData` of the Actions toolkit).
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property (`escapeProperty` of the Actions toolkit).
fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn a_finding_becomes_an_annotation_at_its_line() {
        let text = testing::render(&Github, &testing::leaky());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("::error file=pkg.tgz,title=Source map with the original sources "),
            "{}",
            lines[0]
        );
        assert!(
            lines[1].starts_with("::error file=dist/cli #1.js,line=1,col=48213,title=npm access token "),
            "{}",
            lines[1]
        );
        assert!(
            lines[1].contains("%0Adist/cli #1.js:1:48213%0A") && lines[1].contains("And 1 place like it"),
            "{}",
            lines[1]
        );
        assert!(lines[2].starts_with("::warning file=lib.node,title="), "{}", lines[2]);
        assert!(text.contains("::error title=lastlook%3A gaps::2 gaps: not everything"), "{text}");
        let last = lines.last().unwrap();
        assert!(last.starts_with("::notice title=lastlook::BLOCKED: 3 errors"), "{last}");
    }

    #[test]
    fn properties_and_text_are_escaped() {
        let command = command(Level::Warning, &[("file", "a,b:c%".to_owned())], &["x: 1%".to_owned(), "y".to_owned()]);
        assert_eq!(command, "::warning file=a%2Cb%3Ac%25::x: 1%25%0Ay\n");
    }

    #[test]
    fn no_more_than_ten_of_a_level_and_the_rest_is_counted() {
        let mut outcome = testing::empty();
        outcome.verdict = Verdict::Blocked;
        outcome.gaps.push(testing::gap("x", "encrypted"));
        for index in 0..30_u8 {
            let mut finding = testing::in_archive(&format!("{index}.tgz"), "a.js", &format!("{index}"));
            finding.level = if index < 15 { Level::Error } else { Level::Note };
            outcome.findings.push(finding);
        }
        let text = testing::render(&Github, &outcome);
        assert_eq!(text.matches("::error ").count(), 10);
        assert_eq!(text.matches("::notice ").count(), 10);
        assert!(text.contains("12 findings more than GitHub shows"), "{text}");
    }

    #[test]
    fn files_are_named_from_the_root_of_the_repository() {
        let mut context = testing::context();
        context.base = "packages/cli/".to_owned();
        let mut bytes = Vec::new();
        Github.write(&testing::leaky(), &context, &mut bytes).unwrap();
        assert!(String::from_utf8(bytes).unwrap().contains("file=packages/cli/dist/cli #1.js,"));
    }
}
