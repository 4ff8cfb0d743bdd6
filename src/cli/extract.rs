//! Writing sources out: into a folder that was empty, never over a file, never through a link.
//!
//! The paths come from `lastlook::report::listing`, which has made them safe; here nothing is created but what was not
//! there.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use lastlook::bytes::Digest;
use lastlook::report::listing::{Listing, Written};
use lastlook::scan::EmbeddedText;

/// What is to be written, and what has been.
pub struct Extraction {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The paths that a text goes to, until it is written.
    waiting: HashMap<Digest, Vec<String>>,
    /// Folders that are known to be no links.
    folders: HashSet<PathBuf>,
    written: Written,
}

/// Refuses a folder that is not there to be filled: one that holds something, a file, or a link.
pub fn check_folder(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("{shown} cannot be looked at")),
        Ok(found) if !found.is_dir() => {
            bail!("{shown} is not a folder\n  hint: name one that is empty or does not exist yet")
        }
        Ok(_) => {
            let mut entries = fs::read_dir(folder).with_context(|| format!("{shown} cannot be read"))?;
            if entries.next().is_some() {
                bail!("{shown} is not empty\n  hint: nothing is ever overwritten: name an empty or a new folder");
            }
            Ok(())
        }
    }
}

impl Extraction {
    /// Prepares to write the texts of `listing` into `folder`, which is created if it is not there.
    pub fn new(folder: &Path, listing: &Listing<'_>) -> Result<Self> {
        check_folder(folder)?;
        let mut state = State::default();
        state.written.folder = folder.display().to_string();
        for entry in &listing.entries {
            match entry.source.text.map(|text| text.digest) {
                Some(Some(digest)) => state.waiting.entry(digest).or_default().push(entry.file.clone()),
                Some(None) => state.missed(&entry.file, "a limit kept its text from being read"),
                None => {}
            }
        }
        if !state.waiting.is_empty() {
            match fs::create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    Err(error).with_context(|| format!("{} cannot be created", folder.display()))?;
                }
                _ => {}
            }
        }
        Ok(Extraction { folder: folder.to_owned(), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a text everywhere it belongs. Called from several threads; a text that was written is not written again.
    pub fn text(&self, text: &EmbeddedText<'_>) {
        let Some(files) = self.state().waiting.remove(&text.digest) else { return };
        for file in files {
            let done = self.write(&file, text.bytes);
            let mut state = self.state();
            match done {
                Ok(()) => {
                    state.written.files += 1;
                    state.written.bytes += text.bytes.len() as u64;
                }
                Err(error) => state.missed(&file, &error.to_string()),
            }
        }
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut path = self.folder.clone();
        let (folders, name) = file.rsplit_once('/').unwrap_or(("", file));
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            path.push(folder);
            self.make_folder(&path)?;
        }
        path.push(name);
        // An existing file is an error, and so is a link, wherever it leads.
        let mut out = OpenOptions::new().write(true).create_new(true).open(&path)?;
        out.write_all(bytes).inspect_err(|_| {
            // Half a file would be taken for a whole one. That it could not be written is told in any case.
            let _ = fs::remove_file(&path);
        })
    }

    /// Makes sure that `path`, whose parent was made sure of, is a folder and no link to one.
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        if self.state().folders.contains(path) {
            return Ok(());
        }
        if let Err(error) = fs::create_dir(path) {
            let is_folder = || fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
            if error.kind() != ErrorKind::AlreadyExists || !is_folder() {
                return Err(error);
            }
        }
        self.state().folders.insert(path.to_owned());
        Ok(())
    }

    /// Ends it: what still waits was not seen again.
    pub fn finish(&self) -> Written {
        let mut state = self.state();
        let waiting: Vec<String> = std::mem::take(&mut state.waiting).into_values().flatten().collect();
        for file in waiting {
            state.missed(&file, "it was not there any more when it was to be written");
        }
        let mut written = std::mem::take(&mut state.written);
        written.missed.sort();
        written
    }
}

impl State {
    fn missed(&mut self, file: &str, reason: &str) {
        self.written.missed.push((file.to_owned(), reason.to_owned()));
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
