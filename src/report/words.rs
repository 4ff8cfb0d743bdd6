//! Wording that several text reports share.

use std::time::Duration;

use super::Context;
use super::redact::Redactor;
use super::sanitize;
use crate::finding::{ArtifactPath, FactValue, Finding, Level, Location, Original, Verdict};
use crate::scan::{Judged, Outcome};

/// `1,902`.
pub(super) fn number(value: usize) -> String {
    FactValue::from(value).to_string()
}

/// A number of the totals, which count further than a `usize` may.
pub(super) fn number_u64(value: u64) -> String {
    FactValue::Int(value).to_string()
}

/// `1 error`, `2 errors`.
pub(super) fn count(value: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(value), if value == 1 { "" } else { "s" })
}

/// Like [`count`] for a number of the totals.
pub(super) fn count_u64(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", number_u64(value), if value == 1 { "" } else { "s" })
}

/// `61.2 MB`: decimal units, as disks and networks count.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "bytes" { count_u64(bytes, "byte") } else { format!("{value:.1} {unit}") }
}

/// `0.42 s`, `2 min 5 s`.
pub(super) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.2} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `decoded from base64, then hex`, for a secret that is encoded at its place.
pub(super) fn encodings(finding: &Finding) -> Option<String> {
    let (first, rest) = finding.encodings.split_first()?;
    Some(rest.iter().fold(format!("decoded from {first}"), |way, next| format!("{way}, then {next}")))
}

/// `npm package acme 1.0.0 in packages/acme (3 files): blocked, 2 errors`.
pub(super) fn judged(package: &Judged, redactor: &Redactor<'_>) -> String {
    let [errors, warnings, notes] = package.findings;
    let counts = [(errors, "error"), (warnings, "warning"), (notes, "note"), (package.gaps, "gap")];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(number, noun));
    let said: Vec<String> = std::iter::once(package.verdict.as_str().to_owned()).chain(counts).collect();
    format!("{}: {}", looked_at(package, redactor), said.join(", "))
}

/// `npm package acme 1.0.0 in packages/acme (3 files)`.
pub(super) fn looked_at(package: &Judged, redactor: &Redactor<'_>) -> String {
    let place = if package.folder == "." { String::new() } else { format!(" in {}", shown(redactor, &package.folder)) };
    let whole = if package.exact { "" } else { ", everything in the folder" };
    let files = count_u64(package.totals.files, "file");
    format!("{}{place} ({files}{whole})", called(package, redactor))
}

/// The packages that what is at a place is about: `npm package acme 1.0.0`.
pub(super) fn packages_at(place: &ArtifactPath, outcome: &Outcome, redactor: &Redactor<'_>) -> Vec<String> {
    outcome.packages.iter().filter(|package| package.holds(place)).map(|package| called(package, redactor)).collect()
}

/// `npm package acme 1.0.0`.
pub(super) fn called(package: &Judged, redactor: &Redactor<'_>) -> String {
    let named = [&package.name, &package.version].into_iter().filter(|part| !part.is_empty());
    let name: String = named.map(|part| format!(" {}", shown(redactor, part))).collect();
    format!("{} package{name}", shown(redactor, &package.tool))
}

/// `a, b and c`; at most three are named.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] if items.len() <= 3 => format!("{} and {last}", head.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", number(rest.len())),
    }
}

/// The path of a file from the working directory, `base` being what leads to the folder it is relative to.
pub(super) fn from_base(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let joined = if base.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    let mut plain = joined.as_str();
    while let Some(rest) = plain.strip_prefix("./") {
        plain = rest;
    }
    plain.to_owned()
}

/// Text of the target or of a rule as a text report may show it.
pub(super) fn shown(redactor: &Redactor<'_>, text: &str) -> String {
    sanitize::shown(&redactor.clean(text)).into_owned()
}

/// Where a finding is: `dist/cli.js:1:48213`, or `lib.node:+1234 (.rodata at 0x4034)`, an offset in bytes, where there are
/// no lines.
pub(super) fn place(finding: &Finding, redactor: &Redactor<'_>) -> String {
    let place = place_at(&finding.path, finding.location, redactor);
    match &finding.section {
        Some(section) => format!("{place} ({})", shown(redactor, &section.to_string())),
        None => place,
    }
}

/// Like [`place`] for any artifact.
pub(super) fn place_at(path: &ArtifactPath, location: Option<Location>, redactor: &Redactor<'_>) -> String {
    let path = shown(redactor, &path.to_string());
    match location.map(|place| (place.line, place.column, place.span.offset)) {
        Some((Some(line), Some(column), _)) => format!("{path}:{line}:{column}"),
        Some((Some(line), None, _)) => format!("{path}:{line}"),
        Some((None, _, offset)) => format!("{path}:+{offset}"),
        None => path,
    }
}

/// Where a finding comes from and where else it is, a line each: `from src/config.ts:12:7`, `also in …`. At most `most`
/// further places are named, and the rest is counted.
pub(super) fn other_places(finding: &Finding, redactor: &Redactor<'_>, most: usize) -> Vec<String> {
    let from = |original: &Option<Original>| {
        let original = original.as_ref()?;
        Some(format!("from {}:{}:{}", shown(redactor, &original.source), original.line, original.column))
    };
    let mut lines: Vec<String> = from(&finding.original).into_iter().collect();
    for place in finding.places.iter().take(most) {
        let also = format!("also in {}", place_at(&place.path, place.location, redactor));
        lines.push(from(&place.original).map_or_else(|| also.clone(), |from| format!("{also}, {from}")));
    }
    if let left @ 1.. = finding.places.len().saturating_sub(most) {
        lines.push(format!("and in {} more", count(left, "place")));
    }
    lines
}

/// The verdict as the word that opens the last line and the sentence that follows it.
pub(super) fn verdict(outcome: &Outcome, context: &Context<'_>) -> (&'static str, String) {
    let gaps = count(outcome.gaps.len(), "gap");
    match outcome.verdict {
        Verdict::Blocked => ("BLOCKED", blocked(outcome, context)),
        Verdict::Incomplete => {
            ("INCOMPLETE", format!("not everything could be looked at ({gaps}); --allow-incomplete accepts that"))
        }
        Verdict::Clear => ("CLEAR", clear(outcome)),
    }
}

fn blocked(outcome: &Outcome, context: &Context<'_>) -> String {
    let (errors, warnings) = (outcome.count(Level::Error), outcome.count(Level::Warning));
    let mut reasons = Vec::new();
    if errors > 0 {
        reasons.push(count(errors, "error"));
    }
    if warnings > 0 && (context.fail_on <= Level::Warning || errors == 0) {
        reasons.push(format!("{} (--fail-on warning)", count(warnings, "warning")));
    }
    let gaps = match outcome.gaps.len() {
        0 => String::new(),
        number => format!(", and {} besides", count(number, "gap")),
    };
    format!("{}{gaps}. Publishing this would give away what is reported here", list(&reasons))
}

fn clear(outcome: &Outcome) -> String {
    if outcome.totals.files == 0 && outcome.findings.is_empty() && outcome.gaps.is_empty() {
        return "there was nothing to look at".to_owned();
    }
    if !outcome.gaps.is_empty() {
        let gaps = count(outcome.gaps.len(), "gap");
        return format!(
            "nothing that was looked at stands against publishing it; {gaps} accepted (--allow-incomplete)"
        );
    }
    let found: Vec<String> = [(Level::Warning, "warning"), (Level::Note, "note")]
        .into_iter()
        .map(|(level, noun)| (outcome.count(level), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    match outcome.findings.len() {
        0 => "everything was looked at, and nothing stands against publishing it".to_owned(),
        1 => format!("everything was looked at; {}, which does not block", list(&found)),
        _ => format!("everything was looked at; {}, none of which blocks", list(&found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(1, "gap"), count(1902, "gap")], ["1 gap", "1,902 gaps"]);
        assert_eq!(
            [size(1), size(999), size(1_000), size(999_960), size(61_200_000)].join(" "),
            "1 byte 999 bytes 1.0 kB 1.0 MB 61.2 MB"
        );
        assert_eq!(size(u64::MAX), "18446744.1 TB");
        assert_eq!(duration(Duration::from_millis(418)), "0.42 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        let items: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(
            [list(&items[..1]), list(&items[..2]), list(&items[..3]), list(&items)].join(" | "),
            "a | a and b | a, b and c | a, b and 2 more"
        );
    }
}
