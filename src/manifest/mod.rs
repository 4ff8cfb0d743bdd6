//! Manifests: what is meant to be published, file by file.
//!
//! A manifest is a text file that people review and keep beside their sources. The shape is described in
//! `docs/manifest.md`. It comes from a repository, so reading one is reading hostile input.

mod approve;
mod kind;
pub mod path;
mod read;
mod text;

use std::collections::BTreeMap;
use std::ops::Range;

use globset::GlobMatcher;

pub use approve::{Approval, ApproveError, approve};
pub use kind::{Kind, UnknownKind};
pub use text::{NotWritable, sha256sum, write};

use crate::bytes::Digest;
use crate::finding::{FactSpec, FactType};

/// The version of the form that is read and written.
pub const VERSION: u64 = 1;

/// The facts that the engine states about files that a manifest does not approve.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "manifest.unexpected", kind: FactType::Bool, doc: "The manifest does not name the file" },
    FactSpec {
        name: "manifest.missing",
        kind: FactType::Bool,
        doc: "The manifest names the file, or a pattern, and nothing like it is there",
    },
    FactSpec { name: "manifest.changed", kind: FactType::Bool, doc: "The file is not the one that was approved" },
    FactSpec { name: "manifest.kind_changed", kind: FactType::Bool, doc: "The file is of another kind than approved" },
    FactSpec {
        name: "manifest.over_budget",
        kind: FactType::Bool,
        doc: "The file, the package or the number of files exceeds what the manifest allows",
    },
    FactSpec { name: "manifest.kind", kind: FactType::Text, doc: "What kind of file it is" },
    FactSpec { name: "manifest.approved_kind", kind: FactType::Text, doc: "What kind of file was approved" },
    FactSpec { name: "manifest.size", kind: FactType::Int, doc: "Size of the file, or of the package, in bytes" },
    FactSpec { name: "manifest.difference", kind: FactType::Text, doc: "What differs, in a few words" },
];

/// A file that is published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its path in the package, with `/`, as [`path::plain`] writes it. It may come from hostile input.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The SHA-256 of its content; `None` for a link.
    pub digest: Option<Digest>,
    /// What kind of file it is.
    pub kind: Kind,
}

/// What is meant to be published.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// The file it was read from, as it was named.
    pub file: String,
    /// The most bytes that all files may have together.
    pub max_total: Option<u64>,
    /// Files by path.
    pub files: BTreeMap<String, Approved>,
    /// Globs for files whose names change, in the order of the text. The first that matches counts.
    pub patterns: Vec<Pattern>,
}

/// A file as it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The SHA-256 that it must have; `None` where any content is approved, and for links.
    pub digest: Option<Digest>,
    /// Its size in bytes when it was approved.
    pub size: Option<u64>,
    /// The kind that it must be of.
    pub kind: Option<Kind>,
    /// The most bytes that it may have.
    pub max: Option<u64>,
    /// Whether it may be missing.
    pub optional: bool,
    /// The line of the manifest, from 1.
    pub line: usize,
    /// The bytes of the entry in the manifest's text.
    span: Range<usize>,
}

/// A glob and what is approved of the files that it matches. Any content is.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The glob, as it is written. `*` stops at `/`, `**` does not.
    pub glob: String,
    matcher: GlobMatcher,
    /// The kind that they must be of.
    pub kind: Option<Kind>,
    /// The most bytes that each of them may have.
    pub max: Option<u64>,
    /// How many there may be.
    pub most: Option<u64>,
    /// Whether there may be none.
    pub optional: bool,
    /// The line of the manifest, from 1.
    pub line: usize,
}

/// Something that was not approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The path of the file, or the glob of the pattern; empty for the package as a whole.
    pub path: String,
    /// What is the matter.
    pub what: What,
    /// The line of the manifest that speaks of it.
    pub line: Option<usize>,
}

/// How a package differs from its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// No line approves the file.
    Unexpected(File),
    /// An approved file, or every file of a pattern, is missing.
    Missing,
    /// The content is not the approved one; the size that was approved, if it is known.
    Changed(File, Option<u64>),
    /// The kind is not the approved one, which is this.
    OtherKind(File, Kind),
    /// A file or the package has more bytes than this.
    OverBudget {
        /// Its size in bytes.
        size: u64,
        /// The most that is approved.
        max: u64,
    },
    /// A pattern matches more files than it may.
    TooMany {
        /// How many there are.
        number: u64,
        /// How many are approved.
        most: u64,
    },
}

impl Manifest {
    /// What of `files` is not approved, in the order of the paths; what concerns the package as a whole comes last.
    #[must_use]
    pub fn deviations(&self, files: &[File]) -> Vec<Deviation> {
        let mut found = Vec::new();
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        let mut matched = vec![0_u64; self.patterns.len()];
        for file in files {
            if let Some(approved) = self.files.get(&file.path) {
                *seen.entry(&file.path).or_default() += 1;
                approved.judge(file, &mut found);
            } else if let Some(index) = self.patterns.iter().position(|one| one.matcher.is_match(&file.path)) {
                matched[index] += 1;
                self.patterns[index].judge(file, &mut found);
            } else {
                found.push(Deviation { path: file.path.clone(), what: What::Unexpected(file.clone()), line: None });
            }
        }
        for (path, approved) in &self.files {
            if !approved.optional && !seen.contains_key(path.as_str()) {
                found.push(Deviation { path: path.clone(), what: What::Missing, line: Some(approved.line) });
            }
        }
        for (pattern, number) in self.patterns.iter().zip(matched) {
            pattern.judge_number(number, &mut found);
        }
        found.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        let size = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        if let Some(max) = self.max_total.filter(|max| size > *max) {
            found.push(Deviation { path: String::new(), what: What::OverBudget { size, max }, line: None });
        }
        found
    }
}

fn judge_kind_and_size(file: &File, (kind, max, line): (Option<Kind>, Option<u64>, usize), found: &mut Vec<Deviation>) {
    let mut add = |what| found.push(Deviation { path: file.path.clone(), what, line: Some(line) });
    if let Some(kind) = kind.filter(|kind| *kind != file.kind) {
        add(What::OtherKind(file.clone(), kind));
    }
    if let Some(max) = max.filter(|max| file.size > *max) {
        add(What::OverBudget { size: file.size, max });
    }
}

impl Approved {
    fn judge(&self, file: &File, found: &mut Vec<Deviation>) {
        let changed = match self.digest {
            Some(digest) => file.digest != Some(digest),
            None => self.kind == Some(Kind::Link) && file.kind != Kind::Link,
        };
        if changed {
            let what = What::Changed(file.clone(), self.size);
            found.push(Deviation { path: file.path.clone(), what, line: Some(self.line) });
        }
        // What is not the approved file may well be of another kind; that is said once.
        let kind = self.kind.filter(|_| !changed);
        // The same bytes are of the kind that they were approved as, whatever a later version calls it.
        let kind = kind.filter(|_| self.digest.is_none());
        judge_kind_and_size(file, (kind, self.max, self.line), found);
    }
}

impl Pattern {
    /// Whether the pattern speaks of this path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    fn judge(&self, file: &File, found: &mut Vec<Deviation>) {
        judge_kind_and_size(file, (self.kind, self.max, self.line), found);
    }

    fn judge_number(&self, number: u64, found: &mut Vec<Deviation>) {
        let mut add = |what| found.push(Deviation { path: self.glob.clone(), what, line: Some(self.line) });
        match self.most {
            Some(most) if number > most => add(What::TooMany { number, most }),
            _ if number == 0 && !self.optional => add(What::Missing),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
