//! Listing the files of a target: all of them, whatever ignore files say.

use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};

use rayon::slice::ParallelSliceMut;

use crate::finding::{ArtifactPath, Gap, Stage};

/// A file to look at.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name that reports show, and the one that rules judge.
    pub name: ArtifactPath,
    /// The file itself.
    pub path: PathBuf,
    /// The position of its target among those that were asked about.
    pub target: usize,
}

/// One file of a target that is given as a list of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// The path that reports show, as a path of the file system.
    pub shown: PathBuf,
    /// The name that rules judge, with `/`: that in the package.
    pub name: String,
    /// The file itself.
    pub path: PathBuf,
}

/// The files of a list, sorted by name. None at all is a gap.
pub fn listed(target: &str, files: Vec<TargetFile>) -> Walked {
    let mut walked = Walked::default();
    if files.is_empty() {
        let reason = "there is no file in it: was it built?".to_owned();
        walked.gaps.push(Gap { path: ArtifactPath::file(target), stage: Stage::Walk, reason });
    }
    let one = |TargetFile { shown: place, name, path }| Listed {
        name: ArtifactPath::file_in_target(&shown(&place), &name),
        path,
        target: 0,
    };
    walked.files = files.into_iter().map(one).collect();
    walked.files.sort();
    walked.files.dedup();
    walked
}

/// What a walk has found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Regular files, sorted by name.
    pub files: Vec<Listed>,
    /// Links to something inside the same target. Their content is looked at where it really lies; here they are only
    /// judged by name.
    pub links: Vec<ArtifactPath>,
    /// What could not be listed.
    pub gaps: Vec<Gap>,
}

/// Lists the targets' files with this many threads. Called inside the scanner's thread pool.
pub fn walk(targets: &[&Path], threads: usize) -> Walked {
    let mut all = Walked::default();
    for (index, target) in targets.iter().enumerate() {
        let found = Mutex::new(Walked::default());
        let root = Root { path: target, real: target.canonicalize().ok(), index };
        // A slash at the end makes a link to a folder that folder: it was asked for by that name.
        let start = if target.is_symlink() && target.is_dir() { target.join("") } else { target.to_path_buf() };
        let walker =
            WalkBuilder::new(start).standard_filters(false).follow_links(false).threads(threads).build_parallel();
        walker.run(|| {
            Box::new(|entry| {
                root.entry(entry, &found);
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.files.is_empty() && found.gaps.is_empty() {
            let reason = "there is no file in it: was it built, and is this the right folder?".to_owned();
            found.gaps.push(Gap { path: root.name(target), stage: Stage::Walk, reason });
        }
        all.files.append(&mut found.files);
        all.links.append(&mut found.links);
        all.gaps.append(&mut found.gaps);
    }
    all.files.par_sort();
    all.files.dedup_by(|a, b| a.path == b.path);
    all.links.sort();
    all
}

struct Root<'t> {
    path: &'t Path,
    real: Option<PathBuf>,
    index: usize,
}

impl Root<'_> {
    fn name(&self, path: &Path) -> ArtifactPath {
        let relative = path.strip_prefix(self.path).unwrap_or(path);
        let logical =
            if relative.as_os_str().is_empty() { path.file_name().unwrap_or_default().as_ref() } else { relative };
        ArtifactPath::file_in_target(&shown(path), &text(logical))
    }

    fn entry(&self, entry: Result<DirEntry, ignore::Error>, found: &Mutex<Walked>) {
        let listed = match entry {
            Err(error) => Err(self.walk_gap(&error)),
            Ok(entry) => match entry.file_type() {
                Some(kind) if kind.is_dir() => return,
                // The target itself may be a link: it was asked for by that name.
                Some(kind) if kind.is_symlink() && entry.depth() > 0 => self.link(entry.path()).map(Err),
                kind => self.file(&entry, kind).map(Ok),
            },
        };
        let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match listed {
            Ok(Ok(file)) => found.files.push(file),
            Ok(Err(link)) => found.links.push(link),
            Err(gap) => found.gaps.push(gap),
        }
    }

    fn file(&self, entry: &DirEntry, kind: Option<FileType>) -> Result<Listed, Gap> {
        let name = self.name(entry.path());
        let regular = kind.is_some_and(|kind| kind.is_file() || kind.is_symlink());
        if !regular {
            let reason = format!("it is {}, not a file; remove it from the target", describe(kind));
            return Err(Gap { path: name, stage: Stage::Walk, reason });
        }
        Ok(Listed { name, path: entry.path().to_owned(), target: self.index })
    }

    fn link(&self, path: &Path) -> Result<ArtifactPath, Gap> {
        let name = self.name(path);
        let reason = match (path.canonicalize(), &self.real) {
            (Ok(real), Some(root)) if real.starts_with(root) => return Ok(name),
            (Ok(_), _) => {
                "it is a link that leaves the target; copy the file into the target, or remove the link".to_owned()
            }
            (Err(error), _) => format!("it is a link that leads nowhere ({error}); remove it"),
        };
        Err(Gap { path: name, stage: Stage::Walk, reason })
    }

    fn walk_gap(&self, error: &ignore::Error) -> Gap {
        let path = path_of(error).map_or_else(|| self.name(self.path), |path| self.name(path));
        let reason = match error.io_error() {
            Some(error) => format!("it cannot be listed: {error}"),
            None => "it cannot be listed".to_owned(),
        };
        Gap { path, stage: Stage::Walk, reason }
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// A path of the file system as reports show it.
pub fn shown(path: &Path) -> String {
    let inside = path.strip_prefix(".").unwrap_or(path);
    text(if inside.as_os_str().is_empty() { path } else { inside })
}

fn text(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

fn describe(kind: Option<FileType>) -> &'static str {
    #[cfg(unix)]
    if let Some(kind) = kind {
        use std::os::unix::fs::FileTypeExt;
        return match kind {
            kind if kind.is_fifo() => "a named pipe",
            kind if kind.is_socket() => "a socket",
            kind if kind.is_block_device() || kind.is_char_device() => "a device",
            _ => "something special",
        };
    }
    let _ = kind;
    "something special"
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_is_the_target_is_followed_and_one_that_leaves_it_is_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/a.js"), "a").unwrap();
        std::fs::write(at("outside"), "b").unwrap();
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("real/a.js"), at("real/inside.js")).unwrap();
        std::os::unix::fs::symlink(at("outside"), at("real/outside.js")).unwrap();
        std::os::unix::fs::symlink(at("real"), at("real/circle")).unwrap();
        let walked = walk(&[&at("link")], 1);
        let names: Vec<&str> = walked.files.iter().map(|file| file.name.logical()).collect();
        assert_eq!(names, ["a.js"]);
        assert_eq!(walked.links.iter().map(ArtifactPath::logical).collect::<Vec<_>>(), ["circle", "inside.js"]);
        assert_eq!(walked.gaps.len(), 1);
        assert!(walked.gaps[0].path.to_string().ends_with("link/outside.js"), "{:?}", walked.gaps);
    }
}
