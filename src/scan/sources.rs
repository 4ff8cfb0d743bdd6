//! The sources that a stranger could rebuild from a target. Listed only when somebody asks: a check needs no list.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::run::{Package, Run, Seen};
use super::standing::{Carrier, Standing};
use super::{carried, place};
use crate::bytes::{Digest, TextId};
use crate::finding::{Artifact, ArtifactPath};
use crate::formats::source_map::origin;
use crate::formats::{Family, Kept, SourceRecord};

/// A source that maps, debug information or anything else in the target embeds or names: one text at one place,
/// however many artifacts carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is a part of, as reports show it: the outermost archive, or the target.
    pub package: String,
    /// Where in the rebuilt tree it would lie, with `/` between the components. It comes from hostile input, and
    /// several sources may claim one place: [`crate::report::listing`] makes paths of it that may be written.
    pub place: String,
    /// What it is to the publisher.
    pub standing: Standing,
    /// Its names, as they are given.
    pub names: Vec<String>,
    /// The artifacts that embed or name it.
    pub carriers: Vec<ArtifactPath>,
    /// Its text; `None` where it is only named.
    pub text: Option<SourceText>,
}

/// What is known of an embedded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceText {
    /// Identifies the text however it travels.
    pub id: TextId,
    /// Identifies its very bytes; `None` where a limit kept them from being handed out.
    pub digest: Option<Digest>,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// The text of a source, shown during a scan to whoever asked for it with [`super::Builder::each_text`].
#[derive(Debug)]
pub struct EmbeddedText<'t> {
    /// The source: the artifact that embeds it, and its name there.
    pub path: &'t ArtifactPath,
    /// Identifies the bytes, as in [`SourceText::digest`].
    pub digest: Digest,
    /// The text as it is embedded, with nothing but the escapes of its container undone.
    pub bytes: &'t [u8],
}

/// An embedded text that was seen.
#[derive(Debug)]
pub struct Embedded {
    pub package: Package,
    pub path: ArtifactPath,
    pub kept: Kept,
    pub digest: Digest,
}

impl Run<'_> {
    /// Shows an embedded text to whoever asked for it, and notes it for the list of sources.
    pub(super) fn embedded(&self, artifact: &Artifact, package: &Package) {
        let scanner = self.scanner;
        if !scanner.lists_sources && scanner.each_text.is_none() {
            return;
        }
        let digest = Digest::of(&artifact.bytes);
        if let Some(each_text) = &scanner.each_text {
            each_text(&EmbeddedText { path: &artifact.path, digest, bytes: &artifact.bytes });
        }
        if scanner.lists_sources {
            let kept = Kept::of(&artifact.bytes);
            let (package, path) = (package.clone(), artifact.path.clone());
            self.note(|seen| seen.embedded.push(Embedded { package, path, kept, digest }));
        }
    }
}

/// One source before it is merged with those that are the same.
struct One {
    standing: Standing,
    name: String,
    text: Option<SourceText>,
}

/// What makes two sources one. The order is that of the list.
type Key = (String, Standing, String, Option<SourceText>);

/// Names, and artifacts that carry them.
type Found = (BTreeSet<String>, BTreeSet<ArtifactPath>);

/// Lists the sources of a target: by package, then by standing, then by place. `targets` are the names of the targets.
pub fn list(seen: &Seen, embedded: Vec<Embedded>, targets: &[String]) -> Vec<Source> {
    let mut carriers = by_carrier(embedded, &carried::maps(&seen.stated));
    let mut all: BTreeMap<Key, Found> = BTreeMap::new();
    let stated = seen.stated.iter().filter(|(_, _, stated)| !stated.sources.is_empty());
    for (package, path, stated) in stated {
        let texts = carriers.remove(&(package.clone(), path.clone())).unwrap_or_default();
        let ones = told(&Carrier::new(seen, package, path, stated.family), &stated.sources, texts);
        add(&mut all, seen, targets, (package, path), ones);
    }
    // What a format has handed out without a word is a source like any other.
    for ((package, path), texts) in carriers {
        let ones = told(&Carrier::new(seen, &package, &path, Family::SourceMap), &[], texts);
        add(&mut all, seen, targets, (&package, &path), ones);
    }
    drop_named_twice(&mut all);
    let source = |((package, standing, place, text), (names, carriers)): (Key, Found)| Source {
        package,
        place,
        standing,
        names: names.into_iter().collect(),
        carriers: carriers.into_iter().collect(),
        text,
    };
    all.into_iter().map(source).collect()
}

/// The texts by what speaks of them: the map that embeds them, or the file whose maps are judged together.
fn by_carrier(
    embedded: Vec<Embedded>,
    carried: &HashSet<&ArtifactPath>,
) -> BTreeMap<(Package, ArtifactPath), Vec<Embedded>> {
    let mut carriers: BTreeMap<(Package, ArtifactPath), Vec<Embedded>> = BTreeMap::new();
    for one in embedded {
        let map = one.path.parent().unwrap_or(&one.path);
        let carrier = map.parent().filter(|_| carried.contains(map)).unwrap_or(map).clone();
        carriers.entry((one.package.clone(), carrier)).or_default().push(one);
    }
    carriers
}

/// What a carrier's records and the texts that it has handed out say together.
fn told(carrier: &Carrier<'_>, records: &[SourceRecord], mut texts: Vec<Embedded>) -> Vec<One> {
    // Threads hand them over in any order; those at the end are taken first.
    texts.sort_by(|a, b| (b.path.logical(), b.digest).cmp(&(a.path.logical(), a.digest)));
    let mut by_text: HashMap<(&str, TextId), Vec<&Embedded>> = HashMap::new();
    for text in &texts {
        by_text.entry((text.path.logical(), text.kept.id)).or_default().push(text);
    }
    let mut ones: Vec<One> = Vec::new();
    for record in records {
        let embedded = record.text.and_then(|kept| by_text.get_mut(&(record.name.as_str(), kept.id))?.pop());
        let text = record.text.map(|kept| known(kept, embedded.map(|embedded| embedded.digest)));
        ones.push(One { standing: carrier.standing(record), name: record.name.clone(), text });
    }
    let mut left: Vec<&Embedded> = by_text.into_values().flatten().collect();
    left.sort_by(|a, b| (a.path.logical(), a.digest).cmp(&(b.path.logical(), b.digest)));
    for embedded in left {
        let name = embedded.path.logical().to_owned();
        let record = SourceRecord { origin: origin(&name), name, text: Some(embedded.kept) };
        let text = Some(known(embedded.kept, Some(embedded.digest)));
        ones.push(One { standing: carrier.standing(&record), name: record.name, text });
    }
    ones
}

fn known(kept: Kept, digest: Option<Digest>) -> SourceText {
    SourceText { id: kept.id, digest, lines: kept.lines, bytes: kept.bytes }
}

fn add(
    all: &mut BTreeMap<Key, Found>,
    seen: &Seen,
    targets: &[String],
    (package, path): (&Package, &ArtifactPath),
    ones: Vec<One>,
) {
    let folder = place::folder(package, path, &seen.paths);
    let shown = match package {
        Package::Archive(archive) => archive.to_string(),
        Package::Target(index) => targets.get(*index).cloned().unwrap_or_default(),
    };
    for one in ones {
        let place = place::seen_from(&folder, &one.name).join("/");
        let (names, carriers) = all.entry((shown.clone(), one.standing, place, one.text)).or_default();
        names.insert(one.name);
        carriers.insert(path.clone());
    }
}

/// Drops what one map only names and another embeds: its name gives nothing away any more.
fn drop_named_twice(all: &mut BTreeMap<Key, Found>) {
    let embedded: BTreeSet<(String, String)> = all
        .keys()
        .filter(|(_, _, _, text)| text.is_some())
        .map(|(package, _, place, _)| (package.clone(), place.clone()))
        .collect();
    all.retain(|(package, _, place, text), _| text.is_some() || !embedded.contains(&(package.clone(), place.clone())));
}
