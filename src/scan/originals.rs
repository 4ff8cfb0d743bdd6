//! Original sources that are shipped as plain files beside what was compiled from them. That is often meant, and it is
//! what `files` in a manifest forgets most easily.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::run::Package;
use crate::bytes::Probe;
use crate::finding::{ArtifactPath, FactValue};
use crate::formats::Stated;
use crate::formats::source_map::installed;

/// How many folders and examples are listed.
const LISTED: usize = 5;

/// Plain files of each package that may be original sources, and the outputs that may have been compiled from them.
#[derive(Debug, Default)]
pub struct Originals {
    sources: Vec<(Package, ArtifactPath, Kind)>,
    /// The stem and the kind of every output: `index` for `dist/index.min.js`.
    outputs: HashSet<(Package, Kind, Box<str>)>,
}

/// What a source compiles to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// JavaScript.
    Script,
    /// CSS.
    Style,
}

/// What a plain file is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Source(Kind),
    Output(Kind),
    /// JavaScript with Flow's types, which Flow's compiler takes out again: a source if there is an output elsewhere.
    Flow,
}

/// One plain file, ready to be noted.
#[derive(Debug)]
pub struct File {
    part: Part,
    stem: Box<str>,
}

impl File {
    /// What the file at `path` is, judged by its name and its first bytes. `None` where it is nothing that is compiled.
    pub fn of(path: &ArtifactPath, probe: &Probe<'_>) -> Option<File> {
        let name = path.base_name();
        let (stem, extension) = name.rsplit_once('.')?;
        if !probe.is_text() {
            return None;
        }
        // Qt keeps translations in XML files called .ts.
        let markup = || probe.head().trim_ascii_start().starts_with(b"<");
        let part = match extension {
            "ts" | "mts" | "cts" if stem.ends_with(".d") || stem.contains(".d.") || markup() => return None,
            "ts" | "tsx" | "mts" | "cts" | "jsx" | "vue" | "svelte" | "coffee" => Part::Source(Kind::Script),
            "scss" | "sass" | "less" | "styl" => Part::Source(Kind::Style),
            "flow" => Part::Source(Kind::Script),
            "js" | "mjs" | "cjs" if is_flow(probe.head()) => Part::Flow,
            "js" | "mjs" | "cjs" => Part::Output(Kind::Script),
            "css" => Part::Output(Kind::Style),
            _ => return None,
        };
        if installed(path.logical()).is_some() {
            return None;
        }
        Some(File { part, stem: bare(stem).into() })
    }
}

/// The stem without what build tools add: `index` for `index.min` and for `index.js` of `index.js.flow`.
fn bare(mut stem: &str) -> &str {
    const ADDED: [&str; 9] = [".min", ".prod", ".production", ".cjs", ".mjs", ".esm", ".umd", ".js", ".module"];
    while let Some(front) = ADDED.iter().find_map(|end| stem.strip_suffix(end)) {
        stem = front;
    }
    stem
}

/// Whether a first comment asks Flow to check the file.
fn is_flow(head: &[u8]) -> bool {
    let comment = head.trim_ascii_start();
    let end = if comment.starts_with(b"/*") {
        memchr::memmem::find(comment, b"*/")
    } else if comment.starts_with(b"//") {
        memchr::memchr(b'\n', comment)
    } else {
        return false;
    };
    memchr::memmem::find(&comment[..end.unwrap_or(comment.len())], b"@flow").is_some()
}

impl Originals {
    /// Notes a plain file of `package`.
    pub fn note(&mut self, package: &Package, path: &ArtifactPath, file: File) {
        match file.part {
            Part::Source(kind) => self.sources.push((package.clone(), path.clone(), kind)),
            Part::Flow => self.sources.push((package.clone(), path.clone(), Kind::Script)),
            Part::Output(kind) => _ = self.outputs.insert((package.clone(), kind, file.stem)),
        }
    }

    /// One statement for each package that ships originals beside their outputs, at the place of the first of them.
    pub fn settle(&mut self) -> Vec<(Package, ArtifactPath, Stated)> {
        let mut shipped: BTreeMap<Package, BTreeSet<(String, ArtifactPath)>> = BTreeMap::new();
        for (package, path, kind) in std::mem::take(&mut self.sources) {
            let stem = path.base_name().rsplit_once('.').map_or("", |(stem, _)| stem);
            let key = (package, kind, bare(stem).into());
            if self.outputs.contains(&key) {
                shipped.entry(key.0).or_default().insert((path.to_string(), path));
            }
        }
        shipped.into_iter().filter_map(|(package, files)| state(package, files)).collect()
    }
}

fn state(package: Package, files: BTreeSet<(String, ArtifactPath)>) -> Option<(Package, ArtifactPath, Stated)> {
    let mut folders: BTreeMap<String, u64> = BTreeMap::new();
    for (_, path) in &files {
        // Named as in a fingerprint: the same whether the package was packed or not.
        let name = path.stable();
        let folder = name.rsplit_once('/').map_or(".", |(folder, _)| folder);
        *folders.entry(folder.chars().take(200).collect()).or_default() += 1;
    }
    let mut folders: Vec<(String, u64)> = folders.into_iter().collect();
    folders.sort_by_key(|(folder, number)| (std::cmp::Reverse(*number), folder.clone()));
    let listed = folders.iter().take(LISTED).map(|(folder, number)| format!("{folder} ({})", FactValue::Int(*number)));
    let mut stated = Stated::default();
    stated.facts.set("package.originals", files.len());
    stated.facts.set("package.originals_folders", listed.collect::<Vec<_>>());
    let place = files.into_iter().next()?.1;
    Some((package, place, stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn originals(files: &[(&str, &str)]) -> Option<u64> {
        let mut all = Originals::default();
        let package = Package::Target(0);
        for (name, text) in files {
            let path = ArtifactPath::file(name);
            if let Some(file) = File::of(&path, &Probe::new(path.base_name(), text.as_bytes())) {
                all.note(&package, &path, file);
            }
        }
        let settled = all.settle();
        assert!(settled.len() < 2, "one statement for a package");
        settled.first().map(|(_, _, stated)| stated.facts.int("package.originals"))
    }

    #[test]
    fn originals_beside_their_outputs_are_counted_once_for_a_package() {
        let output = ("dist/a.min.js", "x");
        assert_eq!(originals(&[("src/a.ts", "let a"), ("src/b.ts", "b"), output]), Some(1));
        assert_eq!(originals(&[("src/a.tsx", "a"), ("lib/a.js.flow", "a"), ("a.vue", "<template>"), output]), Some(3));
        assert_eq!(originals(&[("a.scss", "a"), ("a.css", "a")]), Some(1));
        assert_eq!(originals(&[("src/a.js", "/** @flow strict */"), output]), Some(1));
    }

    #[test]
    fn declarations_translations_and_packages_of_others_are_no_originals() {
        let output = ("dist/a.js", "x");
        for file in [("a.d.ts", "x"), ("a.d.mts", "x"), ("a.ts", "<?xml version='1.0'?>"), ("a.ts", "G\0\0")] {
            assert_eq!(originals(&[file, output]), None, "{file:?}");
        }
        assert_eq!(originals(&[("node_modules/x/a.ts", "x"), output]), None);
        assert_eq!(originals(&[("src/a.ts", "x"), ("a.css", "x")]), None);
        assert_eq!(originals(&[("a.js", "// @flow"), ("a.mjs", "// @flow")]), None);
    }
}
