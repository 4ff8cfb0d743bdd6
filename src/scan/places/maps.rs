//! Which source maps of the target speak of a file: those it carries, the one it refers to, the one beside it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::finding::{ArtifactPath, FactValue};
use crate::formats::Stated;
use crate::scan::run::Package;

/// The maps of the target, and what files say of theirs.
pub struct Maps<'s> {
    all: HashSet<&'s ArtifactPath>,
    /// Maps carried as `data:` URIs, by the file that carries them.
    inline: BTreeMap<&'s ArtifactPath, Vec<&'s ArtifactPath>>,
    /// All other maps by their names.
    by_name: HashMap<String, &'s ArtifactPath>,
    references: HashMap<&'s ArtifactPath, &'s Stated>,
}

impl<'s> Maps<'s> {
    /// Gathers them from what formats stated.
    pub fn of(stated: &'s [(Package, ArtifactPath, Stated)]) -> Self {
        let mut maps =
            Maps { all: HashSet::new(), inline: BTreeMap::new(), by_name: HashMap::new(), references: HashMap::new() };
        for (_, path, stated) in stated {
            if !stated.references.is_empty() {
                maps.references.insert(path, stated);
            }
            let Some(FactValue::Bool(inline)) = stated.facts.get("source_map.inline") else { continue };
            // Where several maps are carried, what is stated of all of them is stated of the file that carries them.
            if *inline && ["reference.inline", "reference.literals"].iter().any(|fact| stated.facts.get(fact).is_some())
            {
                continue;
            }
            maps.all.insert(path);
            match path.parent() {
                Some(carrier) if *inline => maps.inline.entry(carrier).or_default().push(path),
                _ => drop(maps.by_name.insert(known_as(path), path)),
            }
        }
        maps.inline.values_mut().for_each(|list| list.sort_unstable());
        maps
    }

    /// The nearest map that `path` lies in, and the member of that map on the way to it.
    pub fn around<'p>(&self, path: &'p ArtifactPath) -> Option<(&'p ArtifactPath, &'p ArtifactPath)> {
        let steps = std::iter::successors(Some(path), |path| path.parent());
        steps.filter_map(|inner| Some((inner.parent()?, inner))).find(|(map, _)| self.all.contains(map))
    }

    /// Whether the artifact is a map.
    pub fn is_map(&self, path: &ArtifactPath) -> bool {
        self.all.contains(path)
    }

    /// The maps that a file carries.
    pub fn inline_of(&self, path: &ArtifactPath) -> &[&'s ArtifactPath] {
        self.inline.get(path).map_or(&[], Vec::as_slice)
    }

    /// The maps that a file refers to, and then the one that lies beside it under its name.
    pub fn beside(&self, path: &ArtifactPath) -> Vec<&'s ArtifactPath> {
        let named = self.urls(path).filter_map(|url| self.by_name.get(&resolve(&known_as(path), &url)).copied());
        let beside = self.by_name.get(&format!("{}.map", known_as(path))).copied();
        let mut all: Vec<&ArtifactPath> = Vec::new();
        for map in named.chain(beside) {
            if !all.contains(&map) {
                all.push(map);
            }
        }
        all
    }

    /// The relative URLs of maps that a file refers to, the last one first: it is the one that tools believe.
    pub fn urls(&self, path: &ArtifactPath) -> impl Iterator<Item = String> {
        let references = self.references.get(path).map_or(&[][..], |stated| &stated.references);
        references.iter().rev().take(REFERENCES).map(|reference| decoded(&reference.url))
    }

    /// What identifies a source wherever it is embedded: its path where the map's own place tells it, its name
    /// otherwise. `name` is seen from the map at `map`.
    pub fn source(&self, map: &ArtifactPath, name: &str) -> String {
        // A map inside a file lies where the file lies.
        let mut home = map;
        while let Some(carrier) = home.parent().filter(|carrier| self.inline_of(carrier).contains(&home)) {
            home = carrier;
        }
        let home = known_as(home);
        if name.contains("://") || name.starts_with('/') {
            let container = home.rsplit_once('!').map_or("", |(container, _)| container);
            return format!("{container}!{}", name.split('?').next().unwrap_or(name));
        }
        resolve(&home, name)
    }
}

/// Most references of one file that are followed.
const REFERENCES: usize = 8;

/// The name under which other files know an artifact: `a.js.map` for the content of `a.js.map.gz`.
pub fn known_as(path: &ArtifactPath) -> String {
    let shown = path.to_string();
    match path.parent() {
        // A compressed stream shares the place of what it stands in for.
        Some(parent) if parent.to_string() == shown => {
            let around = known_as(parent);
            let folder = around.rfind(['/', '!']).map_or("", |at| &around[..=at]);
            format!("{folder}{}", path.base_name())
        }
        _ => shown,
    }
}

fn decoded(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned()
}

/// `name` as seen from the file `from`, without `.` and `..`, inside the same container.
fn resolve(from: &str, name: &str) -> String {
    let (container, inside) = from.rfind('!').map_or(("", from), |at| from.split_at(at + 1));
    let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = if folder.starts_with('/') || inside.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{container}{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_from_the_folder_of_the_file() {
        assert_eq!(resolve("dist/a.js.map", "../src/./a.ts"), "src/a.ts");
        assert_eq!(resolve("a.js.map", "../../src/a.ts"), "../../src/a.ts");
        assert_eq!(resolve("/x/dist/a.js.map", "../src/a.ts"), "/x/src/a.ts");
        assert_eq!(resolve("p.tgz!package/dist/a.js", "a.js.map"), "p.tgz!package/dist/a.js.map");
    }

    #[test]
    fn a_compressed_file_is_known_by_the_name_of_its_content() {
        let map = ArtifactPath::file("dist/a.js.map.gz").decompressed("dist/a.js.map");
        assert_eq!(known_as(&map), "dist/a.js.map");
        let member = ArtifactPath::file("p.tgz").decompressed("p.tar").member("b.js.br").decompressed("b.js");
        assert_eq!(known_as(&member), "p.tgz!b.js");
    }
}
