//! Fixes: the smallest changes to the files of a folder that close its source-map leaks.
//!
//! A plan is made from the findings of a scan and from the files as they are then. What it cannot do is not guessed: the
//! target is looked at as if the changes were made, and what is still found must be done by hand.

mod comment;
mod contents;
pub mod diff;
mod edit;
mod inline;
mod package;
mod plan;
mod remains;
mod write;

use std::path::PathBuf;

pub use edit::Edit;
pub use plan::plan;
pub use remains::{Remaining, remaining};
pub use write::{WriteError, Written};

use crate::bytes::Bytes;
use crate::scan::Overlay;

/// What is wanted besides closing the leaks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Maps that are reported go altogether, and the comments that link them.
    pub remove_maps: bool,
    /// npm is told to leave maps out of the package. Implied by `remove_maps`.
    pub exclude_maps: bool,
}

/// What happens to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// These places of it change. They are in order and do not overlap.
    Replace(Vec<Edit>),
    /// It goes.
    Remove,
}

/// A change to one file.
#[derive(Debug, Clone)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// The file as reports name it; may come from hostile input.
    pub name: String,
    /// What is done and why, in a few words.
    pub what: String,
    /// Whether the change is best shown as a diff: it is one of text that people read.
    pub readable: bool,
    /// What the file holds; `None` where it is new.
    pub before: Option<Bytes>,
    /// What happens to it.
    pub action: Action,
}

impl Change {
    /// What the file holds afterwards; `None` where it is gone.
    #[must_use]
    pub fn after(&self) -> Option<Bytes> {
        match &self.action {
            Action::Remove => None,
            Action::Replace(edits) => Some(edit::apply(self.before.as_deref().unwrap_or_default(), edits)),
        }
    }
}

/// What would be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The folder that nothing outside of is touched.
    pub root: PathBuf,
    /// The changes, in the order of their files.
    pub changes: Vec<Change>,
    /// What should be known besides, in sentences.
    pub notes: Vec<String>,
}

impl Plan {
    /// The files as they would be, for [`crate::Scanner::scan_as_if`].
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        self.changes.iter().map(|change| (change.path.clone(), change.after())).collect()
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// When a file has changed since the plan was made, or nothing can be written. Nothing has been touched then.
    pub fn write(&self) -> Result<Written, WriteError> {
        write::write(&self.root, &self.changes)
    }
}
