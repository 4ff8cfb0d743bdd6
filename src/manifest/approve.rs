//! Bringing a manifest up to date: lines change where files have, and everything else in the text stays.

use std::ops::{Bound, Range};

use super::text::{entry, quoted};
use super::{Approved, Deviation, File, Manifest, NotWritable, What, path};

/// What approving a package changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The new text of the manifest.
    pub text: String,
    /// What was not approved and now is.
    pub approved: Vec<Deviation>,
    /// What a list of files cannot settle: budgets, patterns, kinds.
    pub left: Vec<Deviation>,
}

/// Why a manifest cannot be brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// See [`NotWritable`].
    #[error(transparent)]
    NotWritable(#[from] NotWritable),
    /// An entry that spans several lines is somebody's own work.
    #[error("the entry in line {0} is not written on one line as `\"path\" = {{ … }}`; write it so")]
    NotOneLine(usize),
}

/// A piece of the text and what takes its place.
type Edit = (Range<usize>, String);

/// Approves `files`, sorted by path, in the manifest with this text.
///
/// # Errors
/// See [`ApproveError`]. Nothing is lost: the text is a new one.
pub fn approve(manifest: &Manifest, text: &str, files: &[File]) -> Result<Approval, ApproveError> {
    let (approved, left): (Vec<Deviation>, Vec<Deviation>) =
        manifest.deviations(files).into_iter().partition(|one| can_be_settled(manifest, one));
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = text.to_owned();
    if !text.ends_with('\n') {
        text.push_str(line_end);
    }
    let mut edits: Vec<Edit> = Vec::new();
    let mut added: Vec<&File> = Vec::new();
    for one in &approved {
        match &one.what {
            What::Unexpected(file) => added.push(file),
            What::Missing => {
                edits.extend(manifest.files.get(&one.path).map(|known| (line(&text, known), String::new())))
            }
            What::Changed(file, _) => edits.extend(changed(manifest, &text, file)?),
            What::OtherKind(..) | What::OverBudget { .. } | What::TooMany { .. } => {}
        }
    }
    refuse(&approved, &added)?;
    insert(manifest, &mut text, &added, line_end, &mut edits);
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, &new);
    }
    Ok(Approval { text, approved, left })
}

fn can_be_settled(manifest: &Manifest, one: &Deviation) -> bool {
    match one.what {
        What::Unexpected(_) | What::Changed(..) => true,
        What::Missing => manifest.files.contains_key(&one.path),
        What::OtherKind(..) | What::OverBudget { .. } | What::TooMany { .. } => false,
    }
}

/// Refuses what no line can say: names that lead out of the package, and two files of one name.
fn refuse(approved: &[Deviation], added: &[&File]) -> Result<(), NotWritable> {
    for file in added {
        path::approvable(&file.path).map_err(|reason| NotWritable::Path(file.path.clone(), reason))?;
    }
    let files = approved.iter().filter_map(|one| match &one.what {
        What::Unexpected(file) | What::Changed(file, _) => Some(file),
        _ => None,
    });
    let files: Vec<&File> = files.collect();
    match files.windows(2).find(|pair| pair[0].path == pair[1].path && pair[0] != pair[1]) {
        Some(pair) => Err(NotWritable::Twice(pair[0].path.clone())),
        None => Ok(()),
    }
}

/// The whole line of an entry, with its end.
fn line(text: &str, known: &Approved) -> Range<usize> {
    let start = text[..known.span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[known.span.end..].find('\n').map_or(text.len(), |at| known.span.end + at + 1);
    start..end
}

fn changed(manifest: &Manifest, text: &str, file: &File) -> Result<Option<Edit>, ApproveError> {
    let Some(known) = manifest.files.get(&file.path) else { return Ok(None) };
    let written = text.get(known.span.clone()).unwrap_or_default();
    if written.contains('\n') || !written.ends_with('}') {
        return Err(ApproveError::NotOneLine(known.line));
    }
    Ok(Some((known.span.clone(), entry(file, known.max, known.optional))))
}

/// New lines, each behind the line of the path that comes before it.
fn insert(manifest: &Manifest, text: &mut String, added: &[&File], line_end: &str, edits: &mut Vec<Edit>) {
    if added.is_empty() {
        return;
    }
    let header = header_end(text).unwrap_or_else(|| {
        text.push_str(&format!("{line_end}[files]{line_end}"));
        text.len()
    });
    let mut last: Option<&str> = None;
    for file in added {
        if last.replace(&file.path) == Some(&file.path) {
            continue;
        }
        let before = manifest.files.range::<str, _>((Bound::Unbounded, Bound::Excluded(&*file.path))).next_back();
        let at = before.map_or(header, |(_, known)| line(text, known).end);
        let new = format!("{}{line_end}", entry(file, None, false));
        match edits.iter_mut().find(|(range, _)| *range == (at..at)) {
            Some((_, together)) => together.push_str(&new),
            None => edits.push((at..at, new)),
        }
    }
}

/// The end of the line `[files]`.
fn header_end(text: &str) -> Option<usize> {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        let bare = line.split('#').next().unwrap_or_default();
        if bare.trim().replace(' ', "") == "[files]" {
            return Some(end);
        }
    }
    None
}

impl Deviation {
    /// What is the matter, in a few words, for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let kind = |file: &File| format!("{} bytes, {}", file.size, file.kind);
        match &self.what {
            What::Unexpected(file) => format!("it is not in the manifest ({})", kind(file)),
            What::Missing => "it is in the manifest, and not in the package".to_owned(),
            What::Changed(file, Some(size)) if *size != file.size => {
                format!("its content has changed ({size} bytes before, now {})", kind(file))
            }
            What::Changed(file, _) => format!("its content has changed ({})", kind(file)),
            What::OtherKind(file, approved) => format!("it is of the kind {}, not {approved}", file.kind),
            What::OverBudget { size, max } => format!("{size} bytes, and {max} are approved"),
            What::TooMany { number, most } => format!("{number} files match it, and {most} are approved"),
        }
    }

    /// The path as a manifest writes it, in quotes and with everything odd escaped.
    #[must_use]
    pub fn quoted_path(&self) -> String {
        quoted(&self.path)
    }
}
