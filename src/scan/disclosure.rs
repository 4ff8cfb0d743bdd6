//! What can only be said once everything was seen: which sources are shipped anyway, and which references lead nowhere.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use super::run::{Package, Seen};
use crate::finding::{ArtifactPath, FactValue};
use crate::formats::source_map::origin;
use crate::formats::{Origin, SourceRecord, Stated};

/// How many of the largest undisclosed sources a finding names.
const LARGEST: usize = 5;
/// How many other packages are listed.
const PACKAGES: usize = 32;

/// How many folders above a map are tried as the root of its project, its own included.
const FOLDERS_ABOVE: usize = 8;

/// States the facts that need the whole target.
pub fn settle(seen: &mut Seen) {
    let mut stated = std::mem::take(&mut seen.stated);
    for (package, path, stated) in &mut stated {
        if !stated.sources.is_empty() {
            if let Some(other) = publisher(&seen.paths, path) {
                hand_over(&other, stated);
            }
            settle_sources(seen, package, path, stated);
        }
        if !stated.references.is_empty() {
            settle_references(&seen.paths, path, stated);
        }
    }
    seen.stated = stated;
}

/// The other package that the map at `path` belongs to, because the file that carries it is itself only embedded, and
/// stands there as a source of that package: `a.js.map!../node_modules/x/b.js!inline.map`.
fn publisher(paths: &HashSet<String>, path: &ArtifactPath) -> Option<String> {
    std::iter::successors(path.parent(), |owner| owner.parent())
        .take_while(|owner| !paths.contains(&owner.to_string()))
        .find_map(|owner| match origin(owner.logical()) {
            Origin::ThirdParty(package) => Some(package),
            Origin::FirstParty | Origin::Generated => None,
        })
}

/// Makes the sources that looked like the publisher's own, for their names are relative, those of another package.
fn hand_over(package: &str, stated: &mut Stated) {
    let mut moved = 0;
    for source in stated.sources.iter_mut().filter(|source| source.origin == Origin::FirstParty) {
        source.origin = Origin::ThirdParty(package.chars().take(100).collect());
        moved += 1;
    }
    let packages = stated.sources.iter().filter_map(|source| match &source.origin {
        Origin::ThirdParty(package) => Some(package.clone()),
        Origin::FirstParty | Origin::Generated => None,
    });
    let packages: BTreeSet<String> = packages.collect();
    stated.facts.set("source_map.packages", packages.into_iter().take(PACKAGES).collect::<Vec<_>>());
    stated.facts.set("source_map.third_party", stated.facts.int("source_map.third_party") + moved);
}

fn settle_sources(seen: &Seen, package: &Package, path: &ArtifactPath, stated: &mut Stated) {
    let (mut shipped, mut names_only) = (0u64, 0u64);
    let mut undisclosed: Vec<&SourceRecord> = Vec::new();
    // One text under two names gives nothing away twice.
    let mut counted = HashSet::new();
    for source in stated.sources.iter().filter(|source| source.origin == Origin::FirstParty) {
        match source.text {
            Some(text) if seen.texts.contains(&(package.clone(), text.id)) => shipped += 1,
            Some(text) if counted.insert(text.id) => undisclosed.push(source),
            Some(_) => {}
            None if is_beside(&seen.paths, path, &source.name) => shipped += 1,
            None => names_only += 1,
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
    stated.evidence = evidence(&undisclosed);
    undisclosed.sort_by_key(|source| (Reverse(source.text.map_or(0, |text| text.bytes)), &source.name));
    let largest = undisclosed.iter().take(LARGEST).map(|source| {
        let text = source.text.map_or((0, 0), |text| (text.lines, text.bytes));
        format!("{} ({}, {})", source.name, count_of(text.0, "line"), count_of(text.1, "byte"))
    });
    // Before what formats say of the map: it is what is given away.
    drop(stated.details.splice(..0, largest.collect::<Vec<_>>()));
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

fn decoded(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned()
}

/// Whether a source of the map at `from` is shipped as a file. Bundlers name sources from the root of the project, in a
/// scheme of their own: these may lie in any folder above the map.
fn is_beside(paths: &HashSet<String>, from: &ArtifactPath, name: &str) -> bool {
    let Some(inside) = in_project(name) else { return resolves(paths, from, name) };
    let above = std::iter::successors(Some(String::new()), |up| Some(format!("{up}../")));
    above.take(FOLDERS_ABOVE).any(|up| resolves(paths, from, &format!("{up}{inside}")))
}

/// `src/a.ts` for `webpack://app/./src/a.ts?1f2e` and `turbopack:///[project]/src/a.ts`. `None` where the name is no
/// bundler's.
fn in_project(name: &str) -> Option<&str> {
    let (scheme, rest) = name.split_once("://")?;
    if !matches!(scheme, "webpack" | "webpack-internal" | "turbopack" | "vite" | "ng" | "parcel") {
        return None;
    }
    let (owner, path) = rest.split_once('/')?;
    // A scope is only the first half of a package's name.
    let path = if owner.starts_with('@') { path.split_once('/')?.1 } else { path };
    let path = path.trim_start_matches("./");
    let path = path.strip_prefix("[project]/").unwrap_or(path);
    Some(path.split('?').next().unwrap_or(path))
}

/// Whether `name`, seen from the artifact at `from`, is a file beside it.
fn resolves(paths: &HashSet<String>, from: &ArtifactPath, name: &str) -> bool {
    // A map inside a file lies where the file lies.
    let shown = from.to_string();
    let owner = match from.parent() {
        Some(parent) if from.base_name().starts_with("inline") => parent.to_string(),
        _ => shown,
    };
    let (container, inside) =
        owner.rsplit_once('!').map_or(("", owner.as_str()), |(container, inside)| (container, inside));
    let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(file) = normalize(folder, name) else { return false };
    if container.is_empty() { paths.contains(&file) } else { paths.contains(&format!("{container}!{file}")) }
}

/// `name` as seen from `folder`, without `.` and `..`. `None` where it leaves what it lies in.
fn normalize(folder: &str, name: &str) -> Option<String> {
    let absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if absolute { format!("/{joined}") } else { joined })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn bundlers_name_sources_from_the_root_of_the_project() {
        let paths: HashSet<String> = ["p.tgz!package/src/a.ts"].map(str::to_owned).into_iter().collect();
        let tar = ArtifactPath::file("p.tgz").decompressed("p.tar");
        let at = |name: &str| is_beside(&paths, &tar.member("package/dist/js/a.js.map"), name);
        for name in [
            "webpack://app/./src/a.ts",
            "webpack:///src/a.ts?1f2e",
            "webpack://@s/app/./src/a.ts",
            "turbopack:///[project]/src/a.ts",
        ] {
            assert!(at(name), "{name}");
        }
        for name in ["webpack://app/./src/b.ts", "https://app/src/a.ts", "webpack://app/a.ts", "webpack://src"] {
            assert!(!at(name), "{name}");
        }
    }

    #[test]
    fn names_resolve_beside_the_map_and_never_outside() {
        let paths: HashSet<String> =
            ["src/a.ts", "p.tgz!package/src/a.ts", "/abs/src/a.ts"].map(str::to_owned).into_iter().collect();
        let at = |path: &ArtifactPath, name: &str| resolves(&paths, path, name);
        assert!(at(&ArtifactPath::file("dist/a.js.map"), "../src/a.ts"));
        assert!(at(&ArtifactPath::file("/abs/dist/a.js.map"), "../src/a.ts"));
        assert!(!at(&ArtifactPath::file("dist/a.js.map"), "../../src/a.ts"));
        let tar = ArtifactPath::file("p.tgz").decompressed("p.tar");
        assert!(at(&tar.member("package/dist/a.js.map"), "../src/./a.ts"));
        assert!(at(&tar.member("package/dist/a.js").member("inline.map"), "../src/a.ts"));
        assert!(!at(&tar.member("package/dist/a.js.map"), "src/a.ts"));
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
            let other = Origin::ThirdParty("q".to_owned());
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
