//! Writing changes: all of them are prepared beside the files they replace, and only when that went well is the first
//! file touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::edit::pieces;
use super::{Action, Change, changed};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {error}; nothing was written")]
pub struct WriteError {
    /// The file, as reports name it.
    pub name: String,
    /// What stood in the way.
    pub error: io::Error,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Written {
    /// How many changes were made.
    pub done: usize,
    /// The changes that could not be made, by the position in the list, and why.
    pub failed: Vec<(usize, io::Error)>,
}

/// A change that is ready: nothing but renaming or removing is left to be done.
struct Staged<'c> {
    change: &'c Change,
    temporary: Option<PathBuf>,
    /// What the file looked like when its content was compared.
    seen: Option<(u64, Option<SystemTime>)>,
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Makes the changes to files in the folder `root`.
///
/// # Errors
/// When one of the files is not what it was when the changes were planned, or nothing can be written beside it. Nothing
/// has been touched then.
pub fn write(root: &Path, changes: &[Change]) -> Result<Written, WriteError> {
    let failed = |change: &Change, error| WriteError { name: change.name.clone(), error };
    let mut staged = Vec::new();
    for change in changes {
        staged.push(stage(root, change).map_err(|error| failed(change, error))?);
    }
    let mut written = Written::default();
    // What replaces comes first: a file that still speaks of a map which is gone is worse than the other way round.
    let removes = |staged: &Staged<'_>| matches!(staged.change.action, Action::Remove);
    let mut order: Vec<usize> = (0..staged.len()).collect();
    order.sort_by_key(|index| removes(&staged[*index]));
    for index in order {
        match commit(&mut staged[index]) {
            Ok(()) => written.done += 1,
            Err(error) => written.failed.push((index, error)),
        }
    }
    sync_folders(changes);
    Ok(written)
}

fn stage<'c>(root: &Path, change: &'c Change) -> io::Result<Staged<'c>> {
    let folder = folder_of(&change.path);
    if !folder.canonicalize()?.starts_with(root.canonicalize()?) {
        return Err(io::Error::other("it lies behind a link that leaves the folder"));
    }
    let mut staged = Staged { change, temporary: None, seen: None };
    if change.before.is_some() {
        staged.seen = Some(state(&change.path)?);
    }
    let before = change.before()?;
    if let Action::Replace(edits) = &change.action {
        let (path, mut file) = temporary(folder, change.before.is_some())?;
        staged.temporary = Some(path);
        for piece in pieces(&before, edits) {
            file.write_all(piece)?;
        }
        if change.before.is_some() {
            file.set_permissions(change.path.symlink_metadata()?.permissions())?;
        }
        file.sync_all()?;
    }
    Ok(staged)
}

/// Makes the folders between `root` and the file `path` that are missing.
pub fn make_folders(root: &Path, path: &Path) -> io::Result<()> {
    let inside = path.strip_prefix(root).map_err(|_| io::Error::other("it lies outside of the folder"))?;
    let mut folder = root.to_owned();
    for part in inside.parent().into_iter().flat_map(Path::components) {
        if !matches!(part, std::path::Component::Normal(_)) {
            return Err(io::Error::other("it lies outside of the folder"));
        }
        folder.push(part);
        match folder.symlink_metadata() {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(io::Error::other(format!("{} is no folder, or a link to one", folder.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&folder)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn commit(staged: &mut Staged<'_>) -> io::Result<()> {
    let path = &staged.change.path;
    let same = match &staged.seen {
        Some(seen) => state(path)? == *seen,
        None => path.symlink_metadata().is_err(),
    };
    if !same {
        return Err(changed());
    }
    match &staged.temporary {
        Some(temporary) => {
            fs::rename(temporary, path)?;
            staged.temporary = None;
            Ok(())
        }
        None => fs::remove_file(path),
    }
}

fn state(path: &Path) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = path.symlink_metadata()?;
    if metadata.is_file() { Ok((metadata.len(), metadata.modified().ok())) } else { Err(changed()) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file in `folder`, under a name that nothing has. Where it takes the place of another, nobody else may read it
/// before it has the other's permissions.
fn temporary(folder: &Path, replaces: bool) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if replaces {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let _ = replaces;
    let mut last = io::Error::other("no name is free for a new file");
    for _ in 0..100 {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".lastlook-{}-{number}.tmp", std::process::id()));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Makes sure that new names survive a power cut, where the system can.
fn sync_folders(changes: &[Change]) {
    #[cfg(unix)]
    {
        let folders: std::collections::BTreeSet<&Path> = changes.iter().map(|change| folder_of(&change.path)).collect();
        for folder in folders {
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
    }
    #[cfg(not(unix))]
    let _ = changes;
}
