//! Fixes: the smallest changes to the files of a folder that close its source-map leaks.
//!
//! A plan is made from the findings of a scan and from the files as they are then. What it cannot do is not guessed: the
//! target is looked at as if the changes were made, and what is still found must be done by hand.

mod comment;
mod contents;
mod diff;
mod edit;
mod inline;
mod package;
mod plan;
mod remains;
pub mod scripts;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use edit::Edit;
pub use plan::plan;
pub use remains::{Remaining, remaining};
pub use write::{WriteError, Written};

use sha2::{Digest, Sha256};

use crate::bytes::{Bytes, open};
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
    /// What happens to it.
    pub action: Action,
    /// What the file held when the change was planned; `None` where it is new.
    before: Option<Print>,
}

/// Tells the content of a file from any other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Print {
    length: u64,
    digest: [u8; 32],
}

impl Print {
    fn of(content: &[u8]) -> Self {
        Print { length: content.len() as u64, digest: Sha256::digest(content).into() }
    }
}

impl Change {
    /// A file that is written where none is. It is called `name` in what is shown.
    #[must_use]
    pub fn create(path: PathBuf, name: String, what: String, content: Vec<u8>) -> Self {
        let action = Action::Replace(vec![Edit { range: 0..0, new: content }]);
        Change { path, name, what, readable: true, action, before: None }
    }

    /// Edits, in order, to a file that holds `before`.
    #[must_use]
    pub fn edit(path: PathBuf, name: String, what: String, before: &[u8], edits: Vec<Edit>) -> Self {
        let before = Some(Print::of(before));
        Change { path, name, what, readable: true, action: Action::Replace(edits), before }
    }

    /// What the file holds, which is what it held when the change was planned; nothing where it is new.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else by now.
    pub fn before(&self) -> io::Result<Bytes> {
        match &self.before {
            None if self.path.symlink_metadata().is_ok() => Err(changed()),
            None => Ok(Bytes::new()),
            Some(print) => {
                if self.path.symlink_metadata()?.len() != print.length {
                    return Err(changed());
                }
                let content = open::read(&self.path, print.length)?;
                if Print::of(&content) == *print { Ok(Bytes::from(content)) } else { Err(changed()) }
            }
        }
    }

    /// What the file holds afterwards; nothing where it is gone.
    ///
    /// # Errors
    /// As [`Change::before`].
    pub fn after(&self) -> io::Result<Bytes> {
        match &self.action {
            Action::Remove => Ok(Bytes::new()),
            Action::Replace(edits) => Ok(edit::apply(&self.before()?, edits)),
        }
    }

    /// The change as the lines of a unified diff.
    ///
    /// # Errors
    /// As [`Change::before`].
    pub fn diff(&self) -> io::Result<Vec<String>> {
        Ok(diff::unified(&self.name, &self.before()?, &self.after()?))
    }
}

fn changed() -> io::Error {
    io::Error::other("it has changed since it was looked at; run it again when nothing else writes to the folder")
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
    /// The positions of the changes by their files.
    by_path: BTreeMap<PathBuf, usize>,
}

impl Plan {
    /// A plan of these changes to files in the folder `root`.
    #[must_use]
    pub fn of_changes(root: PathBuf, changes: Vec<Change>) -> Self {
        let by_path = changes.iter().enumerate().map(|(index, change)| (change.path.clone(), index)).collect();
        Plan { root, changes, notes: Vec::new(), by_path }
    }

    /// Makes the folders that files of the plan are missing, one by one and never through a link.
    ///
    /// # Errors
    /// When one of them is a link or a file, lies outside of the root, or cannot be made.
    pub fn make_folders(&self) -> Result<(), WriteError> {
        for change in &self.changes {
            write::make_folders(&self.root, &change.path)
                .map_err(|error| WriteError { name: change.name.clone(), error })?;
        }
        Ok(())
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// When a file has changed since the plan was made, or nothing can be written. Nothing has been touched then.
    pub fn write(&self) -> Result<Written, WriteError> {
        write::write(&self.root, &self.changes)
    }

    fn of(&self, path: &Path) -> Option<&Change> {
        self.by_path.get(path).and_then(|index| self.changes.get(*index))
    }
}

/// The files as they would be, for [`crate::Scanner::scan_as_if`].
impl Overlay for Plan {
    fn is_gone(&self, path: &Path) -> bool {
        self.of(path).is_some_and(|change| change.action == Action::Remove)
    }

    fn holds(&self, path: &Path) -> Option<io::Result<Bytes>> {
        self.of(path).map(Change::after)
    }
}

#[cfg(test)]
mod tests;
