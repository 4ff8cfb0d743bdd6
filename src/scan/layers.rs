//! Layers of container images: what lies in one and is deleted or replaced in a later one is still there for everybody
//! who pulls the image, and a finding in it says so.

use std::collections::{BTreeMap, HashSet};

use super::run::Package;
use crate::finding::{ArtifactPath, Finding, GivenAway};
use crate::formats::Stated;

/// How many names are looked up at most: a hostile image may have many layers and many findings.
const LOOKUPS: usize = 10_000_000;
/// How names of members may begin in a layer.
const STARTS: [&str; 3] = ["", "./", "/"];

/// Tells findings in layers what became of their files. `paths` are those of all members.
pub fn settle(stated: &[(Package, ArtifactPath, Stated)], paths: &HashSet<String>, findings: &mut [Finding]) {
    let images: Vec<Vec<String>> = stated
        .iter()
        .flat_map(|(_, path, stated)| {
            let manifest = path.to_string();
            stated.layers.iter().map(move |layers| layers.iter().map(|layer| beside(&manifest, layer)).collect())
        })
        .collect();
    // Where each layer stands: the image, and its place in it.
    let mut places: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (image, layers) in images.iter().enumerate() {
        for (at, layer) in layers.iter().enumerate() {
            places.entry(layer).or_default().push((image, at));
        }
    }
    if places.is_empty() {
        return;
    }
    let mut left = LOOKUPS;
    for finding in findings {
        let shown = finding.path.to_string();
        let cuts = shown.match_indices('!').map(|(at, _)| at);
        let Some((cut, of)) = cuts.filter_map(|cut| Some((cut, places.get(&shown[..cut])?))).next() else { continue };
        let name = shown[cut + 1..].split('!').next().unwrap_or_default();
        let name = name.trim_start_matches("./").trim_start_matches('/');
        let fates: Vec<Option<Fate>> =
            of.iter().map(|(image, at)| fate(paths, &images[*image][at + 1..], name, &mut left)).collect();
        // In an image that shows the file, it is simply there.
        let Some(fate) = fates.into_iter().collect::<Option<Vec<_>>>().and_then(|fates| fates.into_iter().next())
        else {
            continue;
        };
        let at = finding.sources.len().min(GivenAway::NAMED).min(finding.details.len());
        finding.details.insert(at, fate.sentence());
    }
}

/// What a later layer does to a file.
enum Fate {
    Deleted(String),
    Replaced(String),
}

impl Fate {
    fn sentence(&self) -> String {
        let (done, layer) = match self {
            Fate::Deleted(layer) => ("deleted", layer),
            Fate::Replaced(layer) => ("replaced", layer),
        };
        let layer = layer.rsplit(['!']).next().unwrap_or(layer);
        format!("it is {done} in a later layer ({layer}), but whoever pulls the image has this layer too")
    }
}

/// What the first of the later layers that touches the file does to it (OCI layer.md, "Whiteouts").
fn fate(paths: &HashSet<String>, later: &[String], name: &str, left: &mut usize) -> Option<Fate> {
    later.iter().find_map(|layer| {
        let mut has = |name: &str| {
            *left = left.saturating_sub(1);
            *left > 0 && STARTS.iter().any(|start| paths.contains(&format!("{layer}!{start}{name}")))
        };
        if has(name) {
            return Some(Fate::Replaced(layer.clone()));
        }
        let mut below = Some(name);
        while let Some(path) = below {
            let (folder, base) = path.rsplit_once('/').map_or(("", path), |(folder, base)| (folder, base));
            let slash = if folder.is_empty() { "" } else { "/" };
            if has(&format!("{folder}{slash}.wh.{base}")) || has(&format!("{folder}{slash}.wh..wh..opq")) {
                return Some(Fate::Deleted(layer.clone()));
            }
            below = (!folder.is_empty()).then_some(folder);
        }
        None
    })
}

/// The path of something that a manifest names, beside the manifest.
fn beside(manifest: &str, name: &str) -> String {
    let folder = manifest.rfind(['/', '!']).map_or("", |at| &manifest[..=at]);
    format!("{folder}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_deletes_a_file_its_folder_or_everything_in_it() {
        let fate_of = |name: &str, later: &[&str]| {
            let paths = later.iter().map(|path| format!("i.tar!l2!{path}")).collect();
            let fate = fate(&paths, &["i.tar!l2".to_owned()], name, &mut 1_000);
            fate.map(|fate| fate.sentence().split(' ').nth(2).unwrap_or_default().to_owned())
        };
        let deleted = Some("deleted".to_owned());
        assert_eq!(fate_of("app/.env", &["app/.wh..env"]), deleted);
        assert_eq!(fate_of("app/.env", &["./.wh.app"]), deleted);
        assert_eq!(fate_of("app/conf/.env", &["app/.wh..wh..opq"]), deleted);
        assert_eq!(fate_of("app/.env", &["app/.env"]), Some("replaced".to_owned()));
        assert_eq!(fate_of("app/.env", &["app/.wh.other", "lib/.wh..env", "a"]), None);
    }

    #[test]
    fn layers_lie_beside_their_manifest() {
        assert_eq!(beside("i.tar!manifest.json", "blobs/sha256/a"), "i.tar!blobs/sha256/a");
        assert_eq!(beside("oci/blobs/sha256/m", "a"), "oci/blobs/sha256/a");
        assert_eq!(beside("manifest.json", "a/layer.tar"), "a/layer.tar");
    }
}
