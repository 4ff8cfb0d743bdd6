//! Comparing what is about to be published with what was published before: files, hosts, sources and findings.
//!
//! Versions differ in names that mean nothing: of the archive, of the folder in it, of bundles with a hash. Such names are
//! matched first (`files`), and everything else is compared by the names that come out.

mod files;
mod findings;
mod names;
mod sources;
mod verdict;

use std::collections::{BTreeSet, HashSet};

pub use sources::{NewSource, Sources};
pub use verdict::{NewThing, UnknownThing};

use crate::bytes::Digest;
use crate::finding::{Finding, Fingerprint, Level, Secret};
use crate::manifest::{File, Kind, Manifest};
use crate::scan::{self, Host, Outcome};

/// What was published before.
#[derive(Debug, Clone, Copy)]
pub enum Before<'b> {
    /// A package, scanned with contents, hosts and sources listed.
    Package(&'b Outcome),
    /// A manifest: files are known, and nothing of what is in them.
    Manifest(&'b Manifest),
}

/// One of the two that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// As it was named.
    pub name: String,
    /// Files of the package.
    pub files: u64,
    /// Bytes of these files, as far as they are known.
    pub bytes: u64,
    /// How much could not be looked at.
    pub gaps: usize,
    /// Whether it is a manifest.
    pub is_manifest: bool,
}

/// A file as it was before. What a manifest does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Earlier {
    /// Its path in the package.
    pub path: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// The SHA-256 of its content.
    pub digest: Option<Digest>,
    /// What kind of file it was.
    pub kind: Option<Kind>,
}

/// A file that is another than it was: in its content, its name, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file before.
    pub before: Earlier,
    /// The file now.
    pub after: File,
}

/// What is new since an earlier version, and what is gone. Everything is sorted.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What was published before.
    pub old: Side,
    /// What is about to be published.
    pub new: Side,
    /// Files that were not there.
    pub added: Vec<File>,
    /// Files that are there no more.
    pub removed: Vec<Earlier>,
    /// Files with another content, under the same name or one that differs in a version or a hash only.
    pub changed: Vec<Change>,
    /// Files with the same content under another name.
    pub moved: Vec<Change>,
    /// How many files are as they were.
    pub unchanged: u64,
    /// Hosts that shipped text did not name before; `None` where a manifest cannot say.
    pub new_hosts: Option<Vec<Host>>,
    /// Hosts that it names no more.
    pub gone_hosts: Option<Vec<String>>,
    /// First-party sources that were not disclosed before; `None` where a manifest cannot say.
    pub sources: Option<Sources>,
    /// Findings that are no more; empty where a manifest cannot say.
    pub gone: Vec<Finding>,
    /// The findings that were there before.
    known: HashSet<Key>,
    /// What was secret before, and may stand in names.
    secrets: Vec<Secret>,
}

/// A finding of an outcome: rule, path, fingerprint.
type Key = (String, String, Fingerprint);

fn key(finding: &Finding) -> Key {
    (finding.rule.to_string(), finding.path.to_string(), finding.fingerprint.clone())
}

impl Comparison {
    /// Compares `new` with `before`. Both are called as the user calls them.
    #[must_use]
    pub fn new((old_name, before): (&str, Before<'_>), (new_name, new): (&str, &Outcome)) -> Self {
        let named = scan::package(&new.contents);
        let mut now = files::of_package(&named);
        let mut then = match before {
            Before::Package(outcome) => files::of_package(&scan::package(&outcome.contents)),
            Before::Manifest(manifest) => {
                now.retain(|item| item.depth == 0);
                files::of_manifest(manifest, &now)
            }
        };
        let shift = names::align(&mut then, &mut now);
        let matched = files::compare(&then, &now);
        let place = findings::Places { named: &named, shift: shift.1, earlier: &matched.earlier };
        let known = match before {
            Before::Package(old) => findings::known(old, shift.0, new, &place),
            Before::Manifest(_) => findings::in_unchanged_files(new, &place, &matched),
        };
        let gone = match before {
            Before::Package(old) => findings::gone(old, shift.0, new, &place),
            Before::Manifest(_) => Vec::new(),
        };
        let old = match before {
            Before::Package(outcome) => Some(outcome),
            Before::Manifest(_) => None,
        };
        Comparison {
            old: side(old_name, &then, old.map_or(0, |old| old.gaps.len()), old.is_none()),
            new: side(new_name, &now, new.gaps.len(), false),
            added: matched.added,
            removed: matched.removed,
            changed: matched.changed,
            moved: matched.moved,
            unchanged: matched.unchanged.len() as u64,
            new_hosts: old.map(|old| new_hosts(old, new)),
            gone_hosts: old.map(|old| new_hosts(new, old).into_iter().map(|host| host.name).collect()),
            sources: old.map(|old| sources::compare(old, new)),
            gone,
            known,
            secrets: old.into_iter().flat_map(secrets).collect(),
        }
    }

    /// The secrets that were found before.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Whether a finding of the new outcome was there before.
    #[must_use]
    pub fn was_there(&self, finding: &Finding) -> bool {
        self.known.contains(&key(finding))
    }

    /// The findings of `outcome`, which is the new one, that were not there before.
    pub fn new_findings<'o>(&self, outcome: &'o Outcome) -> impl Iterator<Item = &'o Finding> {
        outcome.findings.iter().filter(|finding| !self.was_there(finding))
    }

    /// How many new findings have this level or a higher one.
    #[must_use]
    pub fn count_new(&self, outcome: &Outcome, level: Level) -> usize {
        self.new_findings(outcome).filter(|finding| finding.level >= level).count()
    }

    /// The kinds of files that are new: of files that were added, and of files that were of another kind before.
    #[must_use]
    pub fn new_kinds(&self) -> Vec<(Kind, &File)> {
        let added = self.added.iter().map(|file| (file.kind, file));
        let other =
            self.changed.iter().filter(|change| change.before.kind.is_some_and(|kind| kind != change.after.kind));
        added.chain(other.map(|change| (change.after.kind, &change.after))).collect()
    }
}

/// Every secret of an outcome.
fn secrets(outcome: &Outcome) -> impl Iterator<Item = Secret> {
    let allowed = outcome.allowed.iter().map(|allowed| &allowed.finding);
    outcome.findings.iter().chain(allowed).filter_map(|finding| finding.secret.clone())
}

fn side(name: &str, items: &[files::Item], gaps: usize, is_manifest: bool) -> Side {
    let own = items.iter().filter(|item| item.depth == 0);
    let bytes = own.clone().filter_map(|item| item.size).fold(0, u64::saturating_add);
    Side { name: name.to_owned(), files: own.count() as u64, bytes, gaps, is_manifest }
}

/// The hosts of `new` that `old` does not name.
fn new_hosts(old: &Outcome, new: &Outcome) -> Vec<Host> {
    let known: BTreeSet<&str> = old.hosts.iter().map(|host| host.name.as_str()).collect();
    new.hosts.iter().filter(|host| !known.contains(host.name.as_str())).cloned().collect()
}
