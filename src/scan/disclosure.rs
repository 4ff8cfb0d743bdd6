//! What can only be said once everything was seen: which sources are shipped anyway, and which references lead nowhere.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::beside::{decoded, leads_out, resolves};
use super::carried;
use super::debug_files;
use super::model_folder;
use super::names::Names;
use super::run::Seen;
use super::standing::{Carrier, Standing};
use crate::bytes::TextId;
use crate::finding::{ArtifactPath, FactValue, Facts, GivenAway};
use crate::formats::{Family, SourceRecord, Stated};

/// How many dangling references a fact lists.
const EXAMPLES: usize = 5;
/// How many parts of a model a fact lists.
const PARTS: usize = 32;
/// How many other packages are listed.
const PACKAGES: usize = 32;

/// How many other packages a finding names.
const PACKAGES_SHOWN: usize = 8;

/// States the facts that need the whole target.
pub fn settle(seen: &mut Seen) {
    let mut stated = carried::gather(std::mem::take(&mut seen.stated));
    let all = &*seen;
    stated.par_iter_mut().for_each(|(package, path, stated)| {
        if !stated.sources.is_empty() {
            settle_sources(&Carrier::new(all, package, path, stated.family), stated);
        }
        if !stated.references.is_empty() {
            settle_references(&all.paths, path, stated);
        }
        if !stated.parts.is_empty() {
            settle_parts(&all.paths, path, stated);
        }
    });
    model_folder::settle(&mut stated);
    debug_files::settle(&mut stated);
    stated.extend(seen.originals.settle());
    seen.stated = stated;
}

/// The sources of one artifact by what they are to the publisher.
#[derive(Default)]
struct Sorted<'s> {
    undisclosed: Vec<&'s SourceRecord>,
    /// One text under two names gives nothing away twice.
    counted: HashSet<TextId>,
    shipped: u64,
    names_only: u64,
    outside: u64,
    third_party: u64,
    names: Names<'s>,
    packages: BTreeSet<String>,
}

impl<'s> Sorted<'s> {
    fn add(&mut self, carrier: &Carrier<'_>, source: &'s SourceRecord) {
        match carrier.standing(source) {
            Standing::Undisclosed => {
                self.outside += u64::from(leads_out(carrier.path(), &source.name));
                if source.text.is_none_or(|text| self.counted.insert(text.id)) {
                    self.undisclosed.push(source);
                }
            }
            Standing::NamesOnly => {
                self.outside += u64::from(leads_out(carrier.path(), &source.name));
                self.names_only += 1;
                self.names.add(&source.name);
            }
            Standing::Shipped => self.shipped += 1,
            Standing::ThirdParty { package, version } => {
                self.third_party += 1;
                if self.packages.len() < PACKAGES {
                    let named = version.map_or(package.clone(), |version| format!("{package}@{version}"));
                    self.packages.insert(named.chars().take(100).collect());
                }
            }
            Standing::Generated => {}
        }
    }

    fn state(self, family: Family, facts: &mut Facts, details: &mut Vec<String>) {
        let settled = family.settled();
        let texts = || self.undisclosed.iter().filter_map(|source| source.text);
        let (lines, bytes) = (texts().map(|text| text.lines).sum::<u64>(), texts().map(|text| text.bytes).sum::<u64>());
        for (name, number) in [
            (settled.undisclosed, self.undisclosed.len() as u64),
            (settled.lines, lines),
            (settled.bytes, bytes),
            (settled.shipped, self.shipped),
            (settled.third_party, self.third_party),
        ] {
            facts.set(name, number);
        }
        if let Some(names_only) = settled.names_only {
            facts.set(names_only, self.names_only);
        }
        if family == Family::SourceMap {
            facts.set("source_map.outside", self.outside);
            self.names.tell(facts, details);
        }
        if self.names_only > 0 && self.outside > 0 {
            details.push(format!("outside of what is published: {}", FactValue::Int(self.outside)));
        }
        if !self.packages.is_empty() {
            let shown: Vec<&str> = self.packages.iter().take(PACKAGES_SHOWN).map(String::as_str).collect();
            let more = if self.packages.len() > PACKAGES_SHOWN { " …" } else { "" };
            details.push(format!("other packages: {}{more}", shown.join(", ")));
        }
        facts.set(settled.packages, self.packages.into_iter().collect::<Vec<_>>());
    }
}

fn settle_sources(carrier: &Carrier<'_>, stated: &mut Stated) {
    let mut sorted = Sorted::default();
    stated.sources.iter().for_each(|source| sorted.add(carrier, source));
    stated.evidence = evidence(&sorted.undisclosed);
    stated.given_away = given_away(&sorted.undisclosed);
    sorted.state(stated.family, &mut stated.facts, &mut stated.details);
}

/// What the finding about this map is about, the largest first.
fn given_away(undisclosed: &[&SourceRecord]) -> Arc<[GivenAway]> {
    let one = |source: &&SourceRecord| {
        let text = source.text?;
        let name = source.name.clone();
        Some(GivenAway { name, text: text.id.number(), lines: text.lines, bytes: text.bytes })
    };
    let mut all: Vec<GivenAway> = undisclosed.iter().filter_map(one).collect();
    all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    all.into()
}

/// What makes a finding about this map that finding: the names of what it gives away. A map that was allowed with three
/// sources is not allowed with a fourth.
fn evidence(undisclosed: &[&SourceRecord]) -> Vec<u8> {
    let names: BTreeSet<&str> = undisclosed.iter().map(|source| source.name.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join("\n").into_bytes()
}

fn settle_references(paths: &HashSet<String>, path: &ArtifactPath, stated: &mut Stated) {
    let dangling: Vec<String> = stated
        .references
        .iter()
        .filter(|reference| !resolves(paths, path, &decoded(&reference.url)))
        .map(|reference| reference.url.chars().take(200).collect())
        .collect();
    stated.facts.set("reference.dangling", dangling.len());
    stated.facts.set("reference.dangling_examples", dangling.into_iter().take(EXAMPLES).collect::<Vec<_>>());
}

/// States which parts of a model lie beside it and which do not.
fn settle_parts(paths: &HashSet<String>, path: &ArtifactPath, stated: &mut Stated) {
    let parts: BTreeSet<&String> = stated.parts.iter().collect();
    let shown = |part: &String| part.chars().take(200).collect::<String>();
    let missing: Vec<String> =
        parts.iter().filter(|part| !resolves(paths, path, part)).map(|part| shown(part)).take(PARTS).collect();
    stated.facts.set("model.parts", parts.iter().map(|part| shown(part)).take(PARTS).collect::<Vec<_>>());
    if !missing.is_empty() {
        stated.facts.set("model.missing_parts", missing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Origin;
    use crate::scan::run::Package;

    #[test]
    fn a_compressed_map_is_compared_with_the_files_it_lies_beside() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let mut map = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        map.write_all(br#"{"version":3,"sources":["a.ts"],"sourcesContent":["export const a = 1;"],"mappings":""}"#)
            .unwrap();
        std::fs::write(folder.path().join("a.js.map.gz"), map.finish().unwrap()).unwrap();
        let undisclosed = || {
            let outcome = crate::Scanner::builder().threads(1).build().unwrap().scan(&[folder.path()]).unwrap();
            outcome.findings.iter().any(|finding| &*finding.rule == "source-map-embedded-sources")
        };
        assert!(undisclosed());
        std::fs::write(folder.path().join("a.ts"), "export const a = 1;\n").unwrap();
        assert!(!undisclosed());
    }

    #[test]
    fn the_parts_of_a_model_that_are_missing_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let index = r#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"m-2.safetensors"}}"#;
        std::fs::write(folder.path().join("m.safetensors.index.json"), index).unwrap();
        std::fs::write(folder.path().join("m-1.safetensors"), "x").unwrap();
        let outcome = crate::Scanner::builder().threads(1).build().unwrap().scan(&[folder.path()]).unwrap();
        let index = outcome.findings.iter().find(|finding| finding.path.base_name().ends_with("index.json")).unwrap();
        assert_eq!(index.facts.get("model.missing_parts").unwrap().to_string(), "m-2.safetensors");
        assert_eq!(index.facts.get("model.parts").unwrap().to_string(), "m-1.safetensors, m-2.safetensors");
    }

    #[test]
    fn a_map_inside_a_source_of_another_package_is_not_the_publishers() {
        let plain = ArtifactPath::file("dist/a.js.map");
        let settled = |owner: &str| {
            let path = plain.member(owner).member("inline.map");
            let source = |name: &str, origin| SourceRecord {
                name: name.to_owned(),
                origin,
                text: Some(crate::formats::Kept::of(name.as_bytes())),
            };
            let other = Origin::ThirdParty { package: "q".to_owned(), version: None };
            let sources = vec![source("../src/b.ts", Origin::FirstParty), source("../node_modules/q/c.js", other)];
            let mut stated = Stated { sources, ..Stated::default() };
            stated.facts.set("source_map.third_party", 1u64);
            let mut seen = Seen::default();
            seen.paths.insert(plain.to_string());
            seen.stated.push((Package::Target(0), path, stated));
            settle(&mut seen);
            let facts = &seen.stated[0].2.facts;
            (facts.int("source_map.undisclosed"), facts.int("source_map.third_party"))
        };
        assert_eq!(settled("../node_modules/@s/p/dist/b.js"), (0, 2));
        assert_eq!(settled("../src/b.js"), (1, 1));
    }
}
