//! The files of a target, with their digests and kinds. Listed only when somebody asks.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts;
use super::run::Run;
use crate::bytes::{Digest, Probe};
use crate::finding::{Artifact, ArtifactPath, Facts, Gap, Role};
use crate::formats::{Coverage, Format, Stated};
use crate::manifest::{File, Kind, path::plain};

/// A file of the target, or a member of an archive at any depth.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    /// Where it is.
    pub path: ArtifactPath,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content; `None` for a link.
    pub digest: Option<Digest>,
    /// What kind of file it is.
    pub kind: Kind,
}

impl Content {
    /// A file or member that was looked at.
    pub(super) fn of(artifact: &Artifact, kind: Kind) -> Self {
        let (path, size) = (artifact.path.clone(), artifact.bytes.len() as u64);
        Content { path, size, digest: Some(Digest::of(&artifact.bytes)), kind }
    }

    /// A link to something in the target.
    pub(super) fn link(path: ArtifactPath) -> Self {
        Content { path, size: 0, digest: None, kind: Kind::Link }
    }
}

/// What the formats that have read an artifact say of its kind.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    model: bool,
    map: bool,
    executable: bool,
    archive: bool,
    bytecode: bool,
    dataset: bool,
}

impl Kinds {
    /// Notes what a format has made of the artifact.
    pub(super) fn note(&mut self, format: &dyn Format, coverage: Option<Coverage>, stated: &Stated) {
        let has = |family: &str| states(&stated.facts, family);
        self.model |= has("model.");
        self.map |= stated.facts.get("source_map.sources").is_some();
        self.executable |= has("executable.") || has("application.");
        self.bytecode |= has("bytecode.");
        self.dataset |= has("dataset.");
        let opens = format.facts().iter().any(|fact| fact.name.starts_with("archive."));
        // A mark that was there by accident has neither covered anything nor left a gap.
        self.archive |= opens && (coverage.is_some() || !stated.gaps.is_empty());
    }

    /// The kind, by what says most about it: a model in a zip is a model.
    pub(super) fn kind(&self, probe: &Probe<'_>) -> Kind {
        let found = [
            (self.model, Kind::Model),
            (self.executable, Kind::Executable),
            (self.map, Kind::Map),
            (self.archive, Kind::Archive),
            (self.bytecode, Kind::Executable),
            (self.dataset, Kind::Dataset),
            (probe.is_text(), Kind::Text),
        ];
        found.into_iter().find(|(is, _)| *is).map_or(Kind::Data, |(_, kind)| kind)
    }
}

fn states(facts: &Facts, family: &str) -> bool {
    facts.iter().any(|(name, _)| name.starts_with(family))
}

impl Run<'_> {
    /// Notes a file, and the hosts that it names, where somebody wants them listed.
    pub fn list(&self, artifact: &Artifact, probe: &Probe<'_>, kinds: Kinds, gaps: &mut Vec<Gap>) {
        let kind = kinds.kind(probe);
        if self.scanner.lists_hosts && hosts::are_looked_for(artifact, probe, kind) {
            let found = hosts::find(&artifact.bytes);
            gaps.extend(found.gap(&artifact.path));
            self.note(|seen| seen.hosts.add(&artifact.path, found));
        }
        if self.scanner.lists_contents && matches!(artifact.role, Role::File | Role::ArchiveMember) {
            let content = Content::of(artifact, kind);
            self.note(|seen| seen.contents.push(content));
        }
    }
}

/// A content by the name that it has in its package, whatever the package and its version are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'c> {
    /// Path in the package; `!` stands between an archive in it and a member of that.
    pub name: String,
    /// How many archives of the package were opened to get there; 0 for a file of the package.
    pub depth: usize,
    /// The content.
    pub content: &'c Content,
}

impl Named<'_> {
    /// As a manifest speaks of it.
    #[must_use]
    pub fn file(&self) -> File {
        let Content { size, digest, kind, .. } = self.content;
        File { path: self.name.clone(), size: *size, digest: *digest, kind: *kind }
    }
}

/// The contents of one package, by name: those of the archive, if the target is one (or a folder with nothing but one in
/// it), and otherwise those of the folder. A folder that holds everything in an archive and that its tool has put there
/// (`package/`, `name-1.0.0/`) is left out.
#[must_use]
pub fn package(contents: &[Content]) -> Vec<Named<'_>> {
    let outer = archive(contents);
    let skipped = usize::from(outer.is_some());
    let all: Vec<(Vec<String>, &Content)> = contents
        .iter()
        .map(|content| (steps(&content.path), content))
        .filter(|(steps, _)| steps.len() > skipped)
        .map(|(steps, content)| (steps[skipped..].to_vec(), content))
        .collect();
    let tops = tops(&all, outer.is_some());
    let mut named: Vec<Named<'_>> = all
        .iter()
        .map(|(steps, content)| Named { name: name(steps, &tops), depth: steps.len() - 1, content })
        .collect();
    named.sort_by(|a, b| (&a.name, a.content).cmp(&(&b.name, b.content)));
    named
}

/// The archive that the whole target is; `None` for a folder of files.
#[must_use]
pub fn archive(contents: &[Content]) -> Option<&Content> {
    let mut files = contents.iter().filter(|content| content.path.parent().is_none());
    let (only, more) = (files.next()?, files.next());
    let opened = || contents.iter().any(|content| content.path.parent().is_some());
    Some(only).filter(|only| more.is_none() && only.kind == Kind::Archive && opened())
}

/// The names on the way to an artifact; a decompressed stream has none of its own.
fn steps(path: &ArtifactPath) -> Vec<String> {
    let mut steps: Vec<String> = std::iter::successors(Some(path), |path| path.parent())
        .filter(|path| !path.shares_place())
        .map(|path| plain(path.logical()))
        .collect();
    steps.reverse();
    steps
}

/// The folders to leave out, by the archive that they are in. Files of a folder keep their places.
fn tops(all: &[(Vec<String>, &Content)], is_archive: bool) -> BTreeMap<Vec<String>, String> {
    let mut shared: BTreeMap<Vec<String>, BTreeSet<&str>> = BTreeMap::new();
    for (steps, _) in all.iter().filter(|(steps, _)| is_archive || steps.len() > 1) {
        let Some((last, before)) = steps.split_last() else { continue };
        let top = last.split_once('/').map_or("", |(top, _)| top);
        shared.entry(before.to_vec()).or_default().insert(top);
    }
    let single = shared.into_iter().filter_map(|(archive, tops)| match tops.into_iter().collect::<Vec<_>>()[..] {
        [top] if is_wrapper(top) => Some((archive, format!("{top}/"))),
        _ => None,
    });
    single.collect()
}

/// Whether a folder's name is that of a package manager (npm), or holds a version.
fn is_wrapper(name: &str) -> bool {
    let bytes = name.as_bytes();
    let versioned = bytes.windows(3).enumerate().any(|(at, three)| {
        three[0].is_ascii_digit()
            && three[1] == b'.'
            && three[2].is_ascii_digit()
            && bytes[..at].iter().any(|b| *b == b'-')
    });
    name == "package" || versioned
}

fn name(steps: &[String], tops: &BTreeMap<Vec<String>, String>) -> String {
    let part = |index: usize| {
        let step = &steps[index];
        tops.get(&steps[..index]).and_then(|top| step.strip_prefix(top.as_str())).unwrap_or(step)
    };
    (0..steps.len()).map(part).collect::<Vec<_>>().join("!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: ArtifactPath, kind: Kind) -> Content {
        Content { path, size: 1, digest: None, kind }
    }

    fn names(contents: &[Content]) -> Vec<String> {
        package(contents).iter().map(|one| format!("{} {}", one.depth, one.name)).collect()
    }

    #[test]
    fn a_package_has_the_same_names_packed_and_unpacked() {
        let file = ArtifactPath::file_in_target("out/app-1.0.0.tgz", "app-1.0.0.tgz");
        let tar = file.decompressed("app-1.0.0.tar");
        let inner = tar.member("package/lib.jar");
        let packed = [
            content(file, Kind::Archive),
            content(tar.member("package/dist/a.js"), Kind::Text),
            content(inner.clone(), Kind::Archive),
            content(inner.member("lib-2.1/X.class"), Kind::Executable),
        ];
        assert_eq!(names(&packed), ["0 dist/a.js", "0 lib.jar", "1 lib.jar!X.class"]);
        let at = |name: &str| ArtifactPath::file_in_target(&format!("package/{name}"), name);
        let unpacked = [content(at("dist/a.js"), Kind::Text), content(at("lib.jar"), Kind::Archive)];
        assert_eq!(names(&unpacked), ["0 dist/a.js", "0 lib.jar"]);
    }

    #[test]
    fn folders_that_mean_something_stay() {
        let zip = ArtifactPath::file("app.zip");
        let zipped = [content(zip.clone(), Kind::Archive), content(zip.member("./js//a.js"), Kind::Text)];
        assert_eq!(names(&zipped), ["0 js/a.js"]);
        let two = [
            content(zip.clone(), Kind::Archive),
            content(zip.member("package/a.js"), Kind::Text),
            content(zip.member("readme"), Kind::Text),
        ];
        assert_eq!(names(&two), ["0 package/a.js", "0 readme"]);
        assert_eq!(names(&[content(ArtifactPath::file("package/a.js"), Kind::Text)]), ["0 package/a.js"]);
        let program = [content(zip.clone(), Kind::Executable), content(zip.member("x"), Kind::Text)];
        assert_eq!(names(&program), ["0 app.zip", "1 app.zip!x"]);
    }
}
