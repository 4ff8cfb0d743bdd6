//! The picture for people: a tree for each package, what is undisclosed first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::tree::{Folder, Row, What};
use super::{Entry, Listing, STANDINGS, Size, Written, safe, word};
use crate::finding::{Level, Verdict};
use crate::report::block::Blocks;
use crate::report::paint::{self, FAINT, Painter, STRONG};
use crate::report::redact::Redactor;
use crate::report::words::{self, shown};
use crate::report::{Context, sanitize};
use crate::scan::{Outcome, Standing};

/// How the picture is drawn.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// Colours, the targets as they were typed, and whether gaps are accepted.
    pub context: Context<'a>,
    /// How many levels of folders are shown: 0 is totals only. `None` shows as many as fit.
    pub depth: Option<usize>,
    /// Columns of a line.
    pub width: usize,
}

/// Most lines of what is undisclosed, of what is shipped anyway, and of other packages, unless a depth is asked for.
const ROOM: [usize; 3] = [40, 10, 10];
/// Fewest columns that names get.
const NAME: usize = 16;

/// A line of the table: what stands in front, and what is counted.
struct Line {
    indent: usize,
    text: String,
    style: anstyle::Style,
    /// How many files; empty for a file itself.
    files: String,
    lines: String,
    bytes: String,
}

/// Writes the picture. Not buffered: hand in a buffered writer.
///
/// # Errors
/// Those of `out`.
pub fn human(
    listing: &Listing<'_>,
    outcome: &Outcome,
    view: &View<'_>,
    written: Option<&Written>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let redactor = Redactor::new(outcome);
    let painter = Painter { color: view.context.color };
    let mut page =
        Blocks { context: &view.context, redactor: &redactor, painter, out: String::new(), told: BTreeSet::new() };
    for entries in listing.packages() {
        let name = entries.first().map_or("", |entry| entry.source.package.as_str());
        page.arrow(&shown(&redactor, name));
        let lines = table(listing, entries, view, &redactor);
        write_table(&mut page, &lines, view.width);
        page.line("");
    }
    page.gaps(outcome);
    for package in &outcome.packages {
        page.line(&words::looked_at(package, &redactor));
    }
    for remark in &outcome.remarks {
        page.label("remark", &redactor.clean(remark));
    }
    end(&mut page, listing, outcome);
    match written {
        Some(written) => tell_written(&mut page, written),
        None => tell_how(&mut page, listing),
    }
    out.write_all(page.out.as_bytes())
}

/// The lines of one package.
fn table(listing: &Listing<'_>, entries: &[Entry<'_>], view: &View<'_>, redactor: &Redactor<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let of = |index: usize| {
        let embedded = entries.iter().filter(|entry| entry.is_embedded());
        embedded.filter(move |entry| word(&entry.source.standing) == STANDINGS[index]).collect::<Vec<&Entry<'_>>>()
    };
    for (index, title, style) in [
        (0, "undisclosed", paint::of_level(Level::Error)),
        (1, "shipped anyway", STRONG),
        (2, "third-party", STRONG),
        (3, "generated", STRONG),
    ] {
        let entries = of(index);
        if entries.is_empty() {
            continue;
        }
        lines.push(Line::new(1, title, style, Size::of(entries.iter().copied()), true));
        let room = ROOM.get(index).copied().unwrap_or_default();
        match (index, view.depth) {
            (2, depth) => {
                packages(&mut lines, &entries, depth.map_or(room, |depth| if depth > 0 { usize::MAX } else { 0 }))
            }
            (_, Some(depth)) => tree(&mut lines, listing, &Folder::new(entries).rows(depth)),
            (_, None) if room > 0 => tree(&mut lines, listing, &Folder::new(entries).rows_within(room)),
            (_, None) => {}
        }
    }
    let named = entries.iter().filter(|entry| entry.source.standing == Standing::NamesOnly);
    let named = Size::of(named);
    if named.files > 0 {
        lines.push(Line {
            lines: String::new(),
            bytes: String::new(),
            ..Line::new(1, "only named", STRONG, named, true)
        });
    }
    for line in &mut lines {
        line.text = shown(redactor, &line.text);
    }
    lines
}

/// The lines of a tree.
fn tree(lines: &mut Vec<Line>, listing: &Listing<'_>, rows: &[Row]) {
    for row in rows {
        let indent = row.indent + 2;
        lines.push(match &row.what {
            What::Folder(name, size) => Line::new(indent, name, STRONG, *size, true),
            What::File(name, size) => Line::new(indent, name, anstyle::Style::new(), *size, false),
            What::Again(name, first) => {
                let first = listing.entries.get(*first).map_or("", |entry| entry.path.as_str());
                Line::plain(indent, format!("{name} (the same text as {first})"))
            }
            What::More(left) => {
                Line::plain(indent, format!("... and {} more (--depth 1 lists them)", words::number(*left)))
            }
        });
    }
}

/// The other packages, the largest first.
fn packages(lines: &mut Vec<Line>, entries: &[&Entry<'_>], room: usize) {
    let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
    for entry in entries {
        let Standing::ThirdParty { package, version } = &entry.source.standing else { continue };
        let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        sizes.entry(format!("{}{version}", safe([package.as_str()]))).or_default().add(entry.size());
    }
    let mut sizes: Vec<(String, Size)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(name, size)| (Reverse(size.bytes), name.clone()));
    for (name, size) in sizes.iter().take(room) {
        lines.push(Line::new(2, name, anstyle::Style::new(), *size, true));
    }
    let left = sizes.len().saturating_sub(room);
    if left > 0 && room > 0 {
        lines.push(Line::plain(2, format!("... and {} more (--depth 1 lists them)", words::count(left, "package"))));
    }
}

impl Line {
    fn new(indent: usize, text: &str, style: anstyle::Style, size: Size, is_sum: bool) -> Self {
        let files = if is_sum { words::count_u64(size.files, "file") } else { String::new() };
        let (lines, bytes) = (words::count_u64(size.lines, "line"), words::size(size.bytes));
        Line { indent, text: text.to_owned(), style, files, lines, bytes }
    }

    fn plain(indent: usize, text: String) -> Self {
        let nothing = String::new;
        Line { indent, text, style: FAINT, files: nothing(), lines: nothing(), bytes: nothing() }
    }

    fn is_counted(&self) -> bool {
        !self.files.is_empty() || !self.lines.is_empty()
    }
}

/// Writes lines in columns that fit into `width`, if names need not be cut to less than [`NAME`] characters.
fn write_table(page: &mut Blocks<'_>, lines: &[Line], width: usize) {
    let widest = |column: fn(&Line) -> &str| lines.iter().map(|line| column(line).chars().count()).max().unwrap_or(0);
    let columns = [widest(|line| &line.files), widest(|line| &line.lines), widest(|line| &line.bytes)];
    let counted = lines.iter().filter(|line| line.is_counted());
    let names = counted.map(|line| 2 * line.indent + line.text.chars().count()).max().unwrap_or(0);
    let numbers: usize = columns.iter().map(|column| column + 2).sum();
    let names = names.min(width.saturating_sub(numbers)).max(NAME);
    for line in lines {
        let indent = " ".repeat(2 * line.indent);
        let room = if line.is_counted() { names } else { width }.saturating_sub(indent.len()).max(NAME / 2);
        let text = cut(&line.text, room);
        let space = " ".repeat(names.saturating_sub(indent.len() + text.chars().count()));
        let text = page.painter.paint(line.style, &text);
        let numbers = [&line.files, &line.lines, &line.bytes];
        let numbers: String =
            numbers.iter().zip(columns).map(|(number, column)| format!("  {number:>column$}")).collect();
        if line.is_counted() {
            let numbers = page.painter.paint(FAINT, &numbers);
            page.line(format!("{indent}{text}{space}{numbers}").trim_end());
        } else {
            page.line(&format!("{indent}{text}"));
        }
    }
}

/// `text`, which is sanitised, within `room` characters: what is too much is cut out of the middle.
fn cut(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let tail = room.saturating_sub(1) / 2;
    let head = room.saturating_sub(1 + tail);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

/// The sum of everything, and what it means.
fn end(page: &mut Blocks<'_>, listing: &Listing<'_>, outcome: &Outcome) {
    let undisclosed = listing.total("undisclosed");
    let others: Vec<String> =
        [("shipped", "shipped anyway"), ("third_party", "third-party"), ("generated", "generated")]
            .into_iter()
            .map(|(standing, words)| (listing.total(standing), words))
            .filter(|(size, _)| size.files > 0)
            .map(|(size, words)| format!("{} {words}", words::number_u64(size.files)))
            .collect();
    let others = match (others.as_slice(), undisclosed.files) {
        ([], _) => String::new(),
        (others, 0) => format!(" ({})", others.join(", ")),
        (others, _) => format!("; besides: {}", others.join(", ")),
    };
    let line = if undisclosed.files > 0 {
        let size = format!("{}, {}", words::count_u64(undisclosed.lines, "line"), words::size(undisclosed.bytes));
        let what = words::count_u64(undisclosed.files, "undisclosed source file");
        let what = page.painter.paint(paint::of_verdict(Verdict::Blocked), &what);
        format!("A stranger could rebuild {what} ({size}){others}")
    } else {
        let what = page.painter.paint(paint::of_verdict(Verdict::Clear), "nothing that is undisclosed");
        format!("A stranger could rebuild {what}{others}")
    };
    page.line(&line);
    if !outcome.gaps.is_empty() {
        let gaps = words::count(outcome.gaps.len(), "gap");
        let word = page.painter.paint(paint::of_verdict(Verdict::Incomplete), "INCOMPLETE:");
        page.line(&format!("{word} not everything could be looked at ({gaps}), so there may be more"));
    }
}

/// What was written, and what was not.
fn tell_written(page: &mut Blocks<'_>, written: &Written) {
    let what = format!("{} ({})", words::count_u64(written.files, "file"), words::size(written.bytes));
    let folder = sanitize::shown(&written.folder).into_owned();
    page.line(&format!("Wrote {what} to {folder}"));
    for (path, reason) in &written.missed {
        let path = shown(page.redactor, path);
        page.line(&format!("Not written: {path}: {}", sanitize::shown(reason)));
    }
}

/// How to see the sources themselves.
fn tell_how(page: &mut Blocks<'_>, listing: &Listing<'_>) {
    if listing.entries.iter().any(|entry| entry.source.standing == Standing::Undisclosed) {
        page.faint("--extract DIR writes them out, --depth N opens folders");
    }
}
