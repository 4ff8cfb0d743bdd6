//! One block of the human report: findings that belong together, laid out like a compiler's error.
//!
//! No line begins with text from the target, not even after spaces: CI systems read `::…` there as an order.

use std::collections::HashSet;

use super::group::Group;
use super::paint::{self, FAINT, FRAME, Painter, STRONG};
use super::redact::Redactor;
use super::words::{self, shown};
use super::{Context, sanitize, since};
use crate::finding::{Finding, GivenAway, Level};
use crate::rules::Rule;

/// Most places that a block shows.
const PLACES: usize = 5;

/// Writes blocks into one text.
pub(super) struct Blocks<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) redactor: &'a Redactor<'a>,
    pub(super) painter: Painter,
    pub(super) out: String,
    /// Rules whose reason and fix have been told.
    pub(super) told: std::collections::BTreeSet<String>,
}

impl Blocks<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A whole block.
    pub(super) fn block(&mut self, group: &Group<'_>) {
        let first = group.first();
        let rule = self.context.rules.get(&first.rule).cloned();
        let title = title(first, rule.as_deref());
        let head = format!("{}[{}]", first.level, sanitize::shown(&first.rule));
        let text = match group.findings().iter().map(|finding| 1 + finding.places.len()).sum() {
            1 => format!(": {title}"),
            number => format!(": {title} ({})", words::count(number, "place")),
        };
        let head = self.painter.paint(paint::of_level(first.level), &head);
        let text = self.painter.paint(STRONG, &text);
        self.line(&format!("{head}{text}"));
        if self.is_told_by_folder(group) {
            self.by_folder(group, &title);
            self.given_away(group);
            self.advice(first, rule.as_deref());
            return self.line("");
        }
        let most = if self.context.verbose { usize::MAX } else { PLACES };
        for (index, finding) in group.findings().iter().take(most).enumerate() {
            self.place(finding, (index > 0).then_some(first), &title);
        }
        let left = group.findings().len().saturating_sub(most);
        if left > 0 {
            self.faint(&format!("  ... and {} more (--verbose lists them)", words::number(left)));
        }
        self.given_away(group);
        self.advice(first, rule.as_deref());
        self.line("");
    }

    /// Whether the places are too many to be told one by one, and alike: whole files that do not block by themselves,
    /// such as the hundreds of maps beside the declarations of a package.
    fn is_told_by_folder(&self, group: &Group<'_>) -> bool {
        let alike = |finding: &&Finding| finding.location.is_none() && finding.secret.is_none();
        let many = group.findings().len() > PLACES && !self.context.verbose;
        many && group.level() <= Level::Warning && group.findings().iter().all(alike)
    }

    /// The folders in one line, and the first place as an example.
    fn by_folder(&mut self, group: &Group<'_>, title: &str) {
        let folders = group.folders().into_iter().map(|(folder, number)| {
            let folder = if folder.is_empty() { ".".to_owned() } else { shown(self.redactor, &folder) };
            format!("{folder} ({})", words::number(number))
        });
        let folders = words::list(&folders.collect::<Vec<_>>());
        self.arrow(&folders);
        let first = group.first();
        let since = since::mark(self.context, first).map(|mark| format!(" ({mark})")).unwrap_or_default();
        self.bar(&format!("for instance {}{since}", words::place(first, self.redactor)));
        let message = shown(self.redactor, &first.message);
        if message != title {
            self.bar(&message);
        }
        for detail in own_details(first) {
            let detail = sanitize::shown(&self.redactor.clean_own(first, detail)).into_owned();
            self.bar(&format!("  {detail}"));
        }
    }

    /// The sources that the findings of a group give away together: the largest, and the sum. Every text counts once.
    fn given_away(&mut self, group: &Group<'_>) {
        let mut known = HashSet::new();
        let all = group.findings().iter().flat_map(|finding| finding.sources.iter());
        let mut all: Vec<&GivenAway> = all.filter(|source| known.insert(source.text)).collect();
        all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        if group.findings().len() > 1 && !all.is_empty() {
            let size = size_of(&all);
            self.bar(&format!("in all {} ({size}), the largest:", words::count(all.len(), "source file")));
        }
        for source in all.iter().take(GivenAway::NAMED) {
            let line = shown(self.redactor, &source.line());
            self.bar(&format!("  {line}"));
        }
        let rest = all.get(GivenAway::NAMED..).unwrap_or_default();
        if !rest.is_empty() {
            let number = words::number(rest.len());
            self.bar(&format!("  and {number} more ({}): `lastlook sources` lists them", size_of(rest)));
        }
    }

    /// A block of one line, for what is merely worth knowing.
    pub(super) fn compact(&mut self, group: &Group<'_>) {
        let first = group.first();
        let rule = self.context.rules.get(&first.rule).cloned();
        let text = match group.findings() {
            [only] => shown(self.redactor, &only.message),
            _ => title(first, rule.as_deref()),
        };
        let more = match group.findings().len() {
            1 => String::new(),
            number => format!(" (and {} more)", words::number(number - 1)),
        };
        let head = format!("{}[{}]", first.level, sanitize::shown(&first.rule));
        let head = self.painter.paint(paint::of_level(first.level), &head);
        let arrow = self.painter.paint(FRAME, "-->");
        let since = since::mark(self.context, first).map(|mark| format!(" ({mark})")).unwrap_or_default();
        self.line(&format!("{head}: {text} {arrow} {}{more}{since}", words::place(first, self.redactor)));
    }

    /// One place; `first` is the place above it that it need not repeat.
    fn place(&mut self, finding: &Finding, first: Option<&Finding>, title: &str) {
        let again = match finding.repeats {
            0 => String::new(),
            1 => " (and once more in it)".to_owned(),
            times => format!(" (and {} more times in it)", words::number_u64(times)),
        };
        let place = words::place(finding, self.redactor);
        let since = since::mark(self.context, finding).map(|mark| format!(" ({mark})")).unwrap_or_default();
        self.arrow(&format!("{place}{again}{since}"));
        let told = first.is_some_and(|first| first.message == finding.message);
        let message = Some(shown(self.redactor, &finding.message)).filter(|text| !told && text != title);
        let most = if self.context.verbose { usize::MAX } else { PLACES };
        for line in words::other_places(finding, self.redactor, most) {
            self.bar(&line);
        }
        let known = first.is_some_and(|first| first.secret == finding.secret && finding.secret.is_some());
        let excerpt = finding.excerpt.as_ref().filter(|_| !known || self.context.verbose);
        match excerpt {
            Some(excerpt) => self.excerpt(finding, excerpt, message.as_deref()),
            None => message.iter().for_each(|message| self.bar(message)),
        }
        if let Some(way) = words::encodings(finding) {
            self.bar(&format!("  {way}"));
        }
        if first.is_none() || self.context.verbose {
            for detail in own_details(finding) {
                let detail = sanitize::shown(&self.redactor.clean_own(finding, detail)).into_owned();
                self.bar(&format!("  {detail}"));
            }
        }
        if self.context.verbose {
            self.label("fingerprint", finding.fingerprint.as_str());
        }
    }

    /// The surroundings of a match, the masked secret underlined, what it gives away beside the line.
    fn excerpt(&mut self, finding: &Finding, excerpt: &str, message: Option<&str>) {
        let excerpt = sanitize::shown(&self.redactor.clean_own(finding, excerpt)).into_owned();
        let masked = finding.secret.as_ref().map(|secret| sanitize::shown(&secret.masked()).into_owned());
        let found = masked.as_ref().and_then(|masked| excerpt.find(masked.as_str()).map(|at| (at, masked)));
        self.bar(&excerpt);
        // Wide characters would put the marks in the wrong column.
        let marks =
            found.filter(|(at, _)| excerpt[..*at].chars().all(|c| c.is_ascii() || c == '…')).map(|(at, masked)| {
                let marks = "^".repeat(masked.chars().count());
                let marks = self.painter.paint(paint::of_level(finding.level), &marks);
                format!("{}{marks}", " ".repeat(excerpt[..at].chars().count()))
            });
        match (marks, message) {
            (Some(marks), Some(message)) => self.bar(&format!("{marks} {message}")),
            (Some(marks), None) => self.bar(&marks),
            (None, Some(message)) => self.bar(message),
            (None, None) => {}
        }
    }

    /// Why it matters and what to do, told once per rule.
    fn advice(&mut self, finding: &Finding, rule: Option<&Rule>) {
        let Some(rule) = rule else { return };
        if !self.told.insert(finding.rule.to_string()) {
            return self.label("why, fix", "as above");
        }
        self.label("why", &rule.why);
        self.label("fix", &rule.fix);
        if self.context.verbose {
            for reference in &rule.references {
                self.label("see", reference);
            }
        }
    }

    /// `  --> text`.
    pub(super) fn arrow(&mut self, text: &str) {
        let arrow = self.painter.paint(FRAME, "-->");
        self.line(&format!("  {arrow} {text}"));
    }

    /// `   | text`.
    fn bar(&mut self, text: &str) {
        let bar = self.painter.paint(FRAME, "|");
        self.line(format!("   {bar} {text}").trim_end());
    }

    /// `   = name: text`, wrapped and sanitised.
    pub(super) fn label(&mut self, name: &str, text: &str) {
        let indent = name.len() + 7;
        let lines = paint::wrap(text, paint::COLUMNS.saturating_sub(indent));
        for (index, text) in lines.iter().enumerate() {
            if index == 0 {
                let equals = self.painter.paint(FRAME, "=");
                let name = self.painter.paint(STRONG, name);
                self.line(&format!("   {equals} {name}: {text}"));
            } else {
                self.line(&format!("{}{text}", " ".repeat(indent)));
            }
        }
    }

    pub(super) fn faint(&mut self, text: &str) {
        let text = self.painter.paint(FAINT, text);
        self.line(&text);
    }
}

/// The details but for the sources at their head, which are told for the whole group.
fn own_details(finding: &Finding) -> impl Iterator<Item = &String> {
    finding.details.iter().skip(finding.sources.len().min(GivenAway::NAMED))
}

/// `43 lines, 1,277 bytes` of these sources.
fn size_of(sources: &[&GivenAway]) -> String {
    let sum = |number: fn(&GivenAway) -> u64| sources.iter().map(|one| number(one)).fold(0, u64::saturating_add);
    format!("{}, {}", words::count_u64(sum(|one| one.lines), "line"), words::count_u64(sum(|one| one.bytes), "byte"))
}

/// What the rule calls it; where the rule is not known, its id.
fn title(finding: &Finding, rule: Option<&Rule>) -> String {
    sanitize::shown(rule.map_or(&*finding.rule, |rule| &rule.title)).into_owned()
}
