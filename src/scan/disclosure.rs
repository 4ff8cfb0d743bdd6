//! What can only be said once everything was seen: which sources are shipped anyway, and which references lead nowhere.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use super::beside::{decoded, resolves};
use super::run::Seen;
use super::standing::{Carrier, Standing};
use crate::finding::{ArtifactPath, FactValue};
use crate::formats::{SourceRecord, Stated};

/// How many of the largest undisclosed sources a finding names.
const LARGEST: usize = 5;
/// How many other packages are listed.
const PACKAGES: usize = 32;

/// States the facts that need the whole target.
pub fn settle(seen: &mut Seen) {
    let mut stated = std::mem::take(&mut seen.stated);
    for (package, path, stated) in &mut stated {
        if !stated.sources.is_empty() {
            settle_sources(&Carrier::new(seen, package, path), stated);
        }
        if !stated.references.is_empty() {
            settle_references(&seen.paths, path, stated);
        }
    }
    seen.stated = stated;
}

fn settle_sources(carrier: &Carrier<'_>, stated: &mut Stated) {
    let (mut shipped, mut names_only, mut third_party) = (0u64, 0u64, 0u64);
    let mut packages = BTreeSet::new();
    let mut undisclosed: Vec<&SourceRecord> = Vec::new();
    // One text under two names gives nothing away twice.
    let mut counted = HashSet::new();
    for source in &stated.sources {
        match carrier.standing(source) {
            Standing::Undisclosed if source.text.is_none_or(|text| counted.insert(text.id)) => undisclosed.push(source),
            Standing::Undisclosed | Standing::Generated => {}
            Standing::Shipped => shipped += 1,
            Standing::NamesOnly => names_only += 1,
            Standing::ThirdParty { package, .. } => {
                third_party += 1;
                if packages.len() < PACKAGES {
                    packages.insert(package.chars().take(100).collect());
                }
            }
        }
    }
    let texts = || undisclosed.iter().filter_map(|source| source.text);
    let (lines, bytes) = (texts().map(|text| text.lines).sum::<u64>(), texts().map(|text| text.bytes).sum::<u64>());
    let facts = &mut stated.facts;
    facts.set("source_map.undisclosed", undisclosed.len());
    facts.set("source_map.undisclosed_lines", lines);
    facts.set("source_map.undisclosed_bytes", bytes);
    facts.set("source_map.shipped", shipped);
    facts.set("source_map.names_only", names_only);
    facts.set("source_map.third_party", third_party);
    facts.set("source_map.packages", packages.into_iter().collect::<Vec<String>>());
    stated.evidence = evidence(&undisclosed);
    undisclosed.sort_by_key(|source| (Reverse(source.text.map_or(0, |text| text.bytes)), &source.name));
    let largest = undisclosed.iter().take(LARGEST).map(|source| {
        let text = source.text.map_or((0, 0), |text| (text.lines, text.bytes));
        format!("{} ({}, {})", source.name, count_of(text.0, "line"), count_of(text.1, "byte"))
    });
    stated.details.extend(largest.collect::<Vec<_>>());
}

/// What makes a finding about this map that finding: the names of what it gives away. A map that was allowed with three
/// sources is not allowed with a fourth.
fn evidence(undisclosed: &[&SourceRecord]) -> Vec<u8> {
    let names: BTreeSet<&str> = undisclosed.iter().map(|source| source.name.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join("\n").into_bytes()
}

fn count_of(number: u64, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {word}{plural}", FactValue::Int(number))
}

fn settle_references(paths: &HashSet<String>, path: &ArtifactPath, stated: &mut Stated) {
    let dangling: Vec<String> = stated
        .references
        .iter()
        .filter(|reference| !resolves(paths, path, &decoded(&reference.url)))
        .map(|reference| reference.url.chars().take(200).collect())
        .collect();
    stated.facts.set("reference.dangling", dangling.len());
    stated.facts.set("reference.dangling_examples", dangling.into_iter().take(LARGEST).collect::<Vec<_>>());
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
