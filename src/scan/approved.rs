//! What a manifest does not approve, as facts for rules.

use std::collections::HashMap;

use super::contents::{self, Content};
use super::run::Package;
use crate::finding::{ArtifactPath, Facts};
use crate::formats::Stated;
use crate::manifest::{Deviation, File, Manifest, What};

/// States what of the package `manifest` does not approve. `targets` are the names of the targets.
pub fn state(manifest: &Manifest, contents: &[Content], targets: &[String]) -> Vec<(Package, ArtifactPath, Stated)> {
    let named = contents::package(contents);
    let files: Vec<File> = named.iter().filter(|one| one.depth == 0).map(contents::Named::file).collect();
    let paths: HashMap<&str, &ArtifactPath> =
        named.iter().filter(|one| one.depth == 0).map(|one| (one.name.as_str(), &one.content.path)).collect();
    let archive = contents::archive(contents).map(|archive| &archive.path);
    let target = targets.first().map_or("", String::as_str);
    let place = |deviation: &Deviation| match paths.get(deviation.path.as_str()) {
        Some(path) => (*path).clone(),
        None => missing(&deviation.path, archive, target),
    };
    let deviations = manifest.deviations(&files);
    deviations.iter().map(|one| (Package::Target(0), place(one), stated(one, manifest))).collect()
}

/// The place of something that is not there, or of the package as a whole.
fn missing(path: &str, archive: Option<&ArtifactPath>, target: &str) -> ArtifactPath {
    match archive {
        Some(archive) if path.is_empty() => archive.clone(),
        Some(archive) => archive.member(path),
        None if path.is_empty() => ArtifactPath::file(target),
        None if target == "." => ArtifactPath::file(path),
        None => ArtifactPath::file_in_target(&format!("{}/{path}", target.trim_end_matches('/')), path),
    }
}

fn stated(deviation: &Deviation, manifest: &Manifest) -> Stated {
    let mut facts = Facts::default();
    let mut evidence = String::new();
    let digest = |file: &File| file.digest.map(|digest| digest.to_string()).unwrap_or_default();
    let of_file = |facts: &mut Facts, file: &File| {
        facts.set("manifest.size", file.size);
        facts.set("manifest.kind", file.kind.as_str());
    };
    // What is allowed is allowed as it is today: other bytes, or more of them, are another finding.
    match &deviation.what {
        What::Unexpected(file) => {
            facts.set("manifest.unexpected", true);
            of_file(&mut facts, file);
            evidence = digest(file);
        }
        What::Missing => facts.set("manifest.missing", true),
        What::Changed(file, _) => {
            facts.set("manifest.changed", true);
            of_file(&mut facts, file);
            evidence = digest(file);
        }
        What::OtherKind(file, approved) => {
            facts.set("manifest.kind_changed", true);
            facts.set("manifest.approved_kind", approved.as_str());
            of_file(&mut facts, file);
            evidence = file.kind.to_string();
        }
        What::OverBudget { size, .. } => {
            facts.set("manifest.over_budget", true);
            facts.set("manifest.size", *size);
            evidence = size.to_string();
        }
        What::TooMany { number, .. } => {
            facts.set("manifest.over_budget", true);
            evidence = number.to_string();
        }
    }
    facts.set("manifest.difference", deviation.sentence());
    let place = match deviation.line {
        Some(line) => format!("approved in {}:{line}", manifest.file),
        None => format!("the manifest is {}", manifest.file),
    };
    Stated { facts, evidence: evidence.into_bytes(), details: vec![place], ..Stated::default() }
}
