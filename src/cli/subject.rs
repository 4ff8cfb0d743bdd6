//! What `fix` looks at: the files of a project that are published, and what is packed that no file of the project stands
//! for.
//!
//! A tool that packs answers with an archive, which nobody can mend. Its members are the project's files where path and
//! content are the same; these are looked at in their place, and whatever else is in the archive is left to people.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use lastlook::Scanner;
use lastlook::bytes::{Digest, Limits};
use lastlook::finding::{Category, Finding};
use lastlook::scan::{Outcome, Overlay, TargetFile, together};
use lastlook::target::{self, Contents, Package, Set};

use super::check;
use super::targets::{Asked, inside, judged, named, target_file};

/// Where the files of a package lie in its project: at the root, or in the folder that Python projects may keep them in.
const ROOTS: [&str; 2] = ["", "src"];

/// What `fix` looks at.
pub struct Subject {
    parts: Vec<Part>,
    /// The packages, in the words of reports, and what must be said aloud about the choice.
    asked: Asked,
}

enum Part {
    /// Everything in a place.
    Whole(PathBuf),
    /// Files of the project, in the folder that reports call so.
    Files(String, Vec<TargetFile>),
    /// An archive, without the members that files of the project stand for.
    Packed(String, TargetFile, Members),
}

/// The members of an archive, by their names without the folder that all lie in.
#[derive(Default)]
struct Members {
    all: BTreeSet<String>,
    /// Those that files of the project stand for.
    found: BTreeSet<String>,
}

impl Subject {
    /// Finds out which files of the project at `target` are published.
    pub fn new(target: &Path, asked: Asked, limits: &Limits) -> Self {
        let mut parts: Vec<Part> = asked.plain.iter().cloned().map(Part::Whole).collect();
        for (path, set) in &asked.sets {
            match &set.contents {
                Contents::Whole(folder) => parts.push(Part::Whole(named(path, folder))),
                Contents::Files(files) => of_files(target, (path, set), files, limits, &mut parts),
            }
        }
        Subject { parts, asked }
    }

    /// Looks at it with the changes of `overlay`.
    pub fn look(&self, scanner: &Scanner, overlay: &dyn Overlay) -> Result<Outcome> {
        let mut outcomes = Vec::new();
        for part in &self.parts {
            let outcome = match part {
                Part::Whole(path) => scanner.scan_as_if(&[path], overlay).map_err(|error| check::no_target(&error))?,
                Part::Files(folder, files) => scanner.scan_files_as_if(folder, files.clone(), overlay),
                Part::Packed(folder, archive, members) => {
                    let mut outcome = scanner.scan_files(folder, vec![archive.clone()]);
                    outcome
                        .findings
                        .retain(|found| found.category != Category::SourceMap || !members.account_for(found));
                    outcome
                }
            };
            outcomes.push((None, outcome));
        }
        Ok(together(outcomes, self.asked.remarks.clone()))
    }

    /// The packages that were asked about; none where everything in a place is looked at.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.asked.sets.iter().map(|(_, set)| &set.package)
    }
}

/// The parts that a list of files is looked at as.
fn of_files(target: &Path, (path, set): (&Path, &Set), files: &[target::File], limits: &Limits, parts: &mut Vec<Part>) {
    let folder = judged(path, set).folder;
    let mut own = Vec::new();
    for file in files {
        let mut one = target_file(path, file);
        if !file.made {
            one.path = as_walked(target, path, &file.path);
            own.push(one);
            continue;
        }
        let mut members = Members::default();
        // An archive that cannot be opened whole is looked at whole.
        let alone = Contents::Files(vec![file.clone()]);
        for entry in target::list(&alone, limits).unwrap_or_default() {
            let standing = ROOTS.iter().map(|root| set.package.folder.join(root).join(&entry.name));
            if let Some(source) = standing.into_iter().find(|source| is(source, entry.size, entry.sha256)) {
                let found = target::File { name: entry.name.clone(), path: source, made: false };
                own.push(TargetFile { path: as_walked(target, path, &found.path), ..target_file(path, &found) });
                members.found.insert(entry.name.clone());
            }
            members.all.insert(entry.name);
        }
        // One that was packed for the answer goes with us. One that a build has left there is published as it is, whatever
        // becomes of the files that it was made from.
        if inside(path, &file.path).is_some() {
            members.found.clear();
        }
        parts.push(Part::Packed(folder.clone(), one, members));
    }
    if !own.is_empty() {
        parts.push(Part::Files(folder, own));
    }
}

/// Whether this is a file with this content.
fn is(path: &Path, size: u64, sha256: Digest) -> bool {
    let same_size = path.symlink_metadata().is_ok_and(|there| there.is_file() && there.len() == size);
    same_size && std::fs::read(path).is_ok_and(|content| Digest::of(&content) == sha256)
}

/// The path by which a walk of `target` meets a file, so that the changes of a plan are known by it.
fn as_walked(target: &Path, asked: &Path, file: &Path) -> PathBuf {
    let shown = named(asked, file);
    if target == Path::new(".") && shown.is_relative() { target.join(shown) } else { shown }
}

impl Members {
    /// Whether what is found lies in a member that files of the project stand for.
    fn account_for(&self, found: &Finding) -> bool {
        let mut path = Some(&found.path);
        while let Some(here) = path {
            let whole = here.logical();
            let inside = whole.split_once('/').map_or(whole, |(_, inside)| inside);
            let known: Vec<&str> = [whole, inside].into_iter().filter(|name| self.all.contains(*name)).collect();
            // The folder that all members lie in may be left out of their names. Where both are names, both must be known.
            if here.depth() > 0 && !known.is_empty() {
                return known.into_iter().all(|name| self.found.contains(name));
            }
            path = here.parent();
        }
        false
    }
}
