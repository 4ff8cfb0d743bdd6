//! Which file of one version is which of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::names::{without_hashes, without_versions};
use super::{Change, Earlier};
use crate::bytes::Digest;
use crate::manifest::{File, Kind, Manifest};
use crate::scan::Named;

/// A file of either side.
#[derive(Debug, Clone)]
pub struct Item {
    pub name: String,
    pub depth: usize,
    pub size: Option<u64>,
    pub digest: Option<Digest>,
    pub kind: Option<Kind>,
    /// Whether any content is taken for the same.
    pub any: bool,
}

impl Item {
    fn earlier(&self) -> Earlier {
        Earlier { path: self.name.clone(), size: self.size, digest: self.digest, kind: self.kind }
    }

    fn file(&self) -> File {
        let kind = self.kind.unwrap_or(Kind::Data);
        File { path: self.name.clone(), size: self.size.unwrap_or_default(), digest: self.digest, kind }
    }

    fn is_same(&self, now: &Item) -> bool {
        let same_kind = self.kind.is_none() || self.kind == now.kind;
        if self.any { same_kind } else { self.digest == now.digest && (self.digest.is_some() || same_kind) }
    }
}

/// What came of matching the files.
#[derive(Debug, Default)]
pub struct Matched {
    pub added: Vec<File>,
    pub removed: Vec<Earlier>,
    pub changed: Vec<Change>,
    pub moved: Vec<Change>,
    /// The names of files that are as they were.
    pub unchanged: HashSet<String>,
    /// Those of them that are proven to be, by their digests.
    pub proven: HashSet<String>,
    /// Names of now, and those that they had.
    pub earlier: HashMap<String, Was>,
}

/// The name that a file had.
#[derive(Debug, Clone)]
pub struct Was {
    pub name: String,
    /// Whether it is surely the same file: the names differ in a version only, or not at all, or the content is the same.
    pub surely: bool,
}

/// The files of a package that was scanned.
pub fn of_package(named: &[Named<'_>]) -> Vec<Item> {
    let item = |one: &Named<'_>| Item {
        name: one.name.clone(),
        depth: one.depth,
        size: Some(one.content.size),
        digest: one.content.digest,
        kind: Some(one.content.kind),
        any: false,
    };
    named.iter().map(item).collect()
}

/// The files that a manifest names, and those of `now` that only its patterns speak of.
pub fn of_manifest(manifest: &Manifest, now: &[Item]) -> Vec<Item> {
    let listed = manifest.files.iter().map(|(path, approved)| Item {
        name: path.clone(),
        depth: 0,
        size: approved.size,
        digest: approved.digest,
        kind: approved.kind,
        any: approved.digest.is_none() && approved.kind != Some(Kind::Link),
    });
    let by_pattern = now.iter().filter(|item| !manifest.files.contains_key(&item.name)).filter_map(|item| {
        let pattern = manifest.patterns.iter().find(|pattern| pattern.matches(&item.name))?;
        Some(Item { size: None, digest: None, kind: pattern.kind, any: true, ..item.clone() })
    });
    listed.chain(by_pattern).collect()
}

/// Matches the files of both sides.
pub fn compare(old: &[Item], new: &[Item]) -> Matched {
    let mut matched = Matched::default();
    let (mut old_left, mut new_left): (BTreeSet<usize>, BTreeSet<usize>) = ((0..old.len()).collect(), BTreeSet::new());
    // Archives may hold several members of one name: they are taken in turn.
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, item) in old.iter().enumerate().rev() {
        by_name.entry(&item.name).or_default().push(index);
    }
    for (index, item) in new.iter().enumerate() {
        match by_name.get_mut(item.name.as_str()).and_then(Vec::pop) {
            Some(before) => {
                old_left.remove(&before);
                matched.pair(&old[before], item, true);
            }
            None => drop(new_left.insert(index)),
        }
    }
    let version = |item: &Item| Some(without_versions(&item.name).into_owned());
    matched.pair_alike((old, &mut old_left), (new, &mut new_left), true, version);
    let content = |item: &Item| item.digest.filter(|_| item.size != Some(0)).map(|digest| digest.to_string());
    matched.pair_alike((old, &mut old_left), (new, &mut new_left), true, content);
    let hash = |item: &Item| Some(without_hashes(&item.name));
    matched.pair_alike((old, &mut old_left), (new, &mut new_left), false, hash);
    matched.added = new_left.into_iter().map(|index| new[index].file()).collect();
    matched.removed = old_left.into_iter().map(|index| old[index].earlier()).collect();
    matched.added.sort();
    matched.removed.sort();
    matched.changed.sort_by(|a, b| a.after.path.cmp(&b.after.path));
    matched.moved.sort_by(|a, b| a.after.path.cmp(&b.after.path));
    matched
}

impl Matched {
    fn pair(&mut self, before: &Item, now: &Item, surely: bool) {
        self.earlier.insert(now.name.clone(), Was { name: before.name.clone(), surely });
        if before.name == now.name && before.digest.is_some() && before.digest == now.digest {
            self.proven.insert(now.name.clone());
        }
        let change = || Change { before: before.earlier(), after: now.file() };
        match (before.is_same(now), before.name == now.name) {
            (true, true) => drop(self.unchanged.insert(now.name.clone())),
            (true, false) => self.moved.push(change()),
            (false, _) => self.changed.push(change()),
        }
    }

    /// Pairs what is left of both sides where `alike` says the same of one on each side, and of no other.
    fn pair_alike(
        &mut self,
        (old, old_left): (&[Item], &mut BTreeSet<usize>),
        (new, new_left): (&[Item], &mut BTreeSet<usize>),
        surely: bool,
        alike: impl Fn(&Item) -> Option<String>,
    ) {
        let by_key = |items: &[Item], left: &BTreeSet<usize>| {
            let mut keys: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for index in left {
                if let Some(key) = alike(&items[*index]) {
                    keys.entry(key).or_default().push(*index);
                }
            }
            keys
        };
        let (before, now) = (by_key(old, old_left), by_key(new, new_left));
        for (key, indices) in now {
            if let ([after], Some([earlier])) = (&indices[..], before.get(&key).map(Vec::as_slice)) {
                old_left.remove(earlier);
                new_left.remove(after);
                self.pair(&old[*earlier], &new[*after], surely);
            }
        }
    }
}
