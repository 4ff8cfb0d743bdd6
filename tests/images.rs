//! Container images, as `docker save` and OCI layouts hold them: every layer is looked at, deleted files are named as such,
//! and so is what the configuration remembers.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;

use lastlook::finding::{Finding, Verdict};
use lastlook::scan::Outcome;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::Folder;
use support::forge::{TOKEN_RULE, tar, token};

/// An image being put together: its layers from the lowest up, its configuration, and what is told about its build.
struct Image {
    layers: Vec<Vec<u8>>,
    config: Value,
    attestation: Option<Value>,
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

impl Image {
    fn new(layers: &[&[(&str, &str)]]) -> Self {
        let layer = |files: &&[(&str, &str)]| {
            tar::tar(&files.iter().map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>())
        };
        let layers: Vec<Vec<u8>> = layers.iter().map(layer).collect();
        let ids: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", hex(layer))).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Labels": {"team": "pilots"}},
            "rootfs": {"type": "layers", "diff_ids": ids}, "history": [{"created_by": "COPY . /app # buildkit"}],
        });
        Image { layers, config, attestation: None }
    }

    /// The blobs of an OCI layout, by their paths in it.
    fn layout(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
        let mut blob = |bytes: Vec<u8>, kind: &str| {
            let digest = hex(&bytes);
            let size = bytes.len();
            files.push((format!("blobs/sha256/{digest}"), bytes));
            json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "digest": format!("sha256:{digest}"), "size": size})
        };
        let layers: Vec<Value> = self.layers.iter().map(|layer| blob(gzip(layer), "layer.v1.tar+gzip")).collect();
        let config = blob(self.config.to_string().into_bytes(), "config.v1+json");
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        let mut manifests = vec![blob(manifest.to_string().into_bytes(), "manifest.v1+json")];
        if let Some(attestation) = &self.attestation {
            let layer = blob(attestation.to_string().into_bytes(), "layer.v1+json");
            let config =
                blob(json!({"os": "unknown", "rootfs": {"diff_ids": []}}).to_string().into_bytes(), "config.v1+json");
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
            manifests.push(blob(manifest.to_string().into_bytes(), "manifest.v1+json"));
        }
        let index = json!({"schemaVersion": 2, "manifests": manifests}).to_string().into_bytes();
        files.push(("index.json".to_owned(), index));
        files
    }

    /// What `docker save` wrote before version 25.
    fn saved_old(&self) -> Vec<u8> {
        let config = self.config.to_string().into_bytes();
        let names: Vec<String> = self.layers.iter().map(|layer| format!("{}/layer.tar", hex(layer))).collect();
        let name = format!("{}.json", hex(&config));
        let manifest = json!([{"Config": name, "RepoTags": ["tide:1"], "Layers": names}]).to_string().into_bytes();
        let mut members: Vec<(&str, &[u8])> =
            names.iter().zip(&self.layers).map(|(name, layer)| (&**name, &**layer)).collect();
        members.extend([(&*name, &*config), ("manifest.json", &*manifest)]);
        tar::tar(&members)
    }

    /// What it writes since: an OCI layout, and the old manifest beside it.
    fn saved_new(&self) -> Vec<u8> {
        let mut files = self.layout();
        let blob = |bytes: &[u8]| format!("blobs/sha256/{}", hex(bytes));
        let layers: Vec<String> = self.layers.iter().map(|layer| blob(&gzip(layer))).collect();
        let config = blob(self.config.to_string().as_bytes());
        let manifest = json!([{"Config": config, "RepoTags": ["tide:1"], "Layers": layers}]);
        files.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
        tar::tar(&files.iter().map(|(name, bytes)| (&**name, &**bytes)).collect::<Vec<_>>())
    }

    /// The outcome of looking at it in every shape in which images travel.
    fn looks(&self) -> Vec<(&'static str, Outcome)> {
        let folder = Folder::new();
        self.layout().iter().for_each(|(name, bytes)| drop(folder.file(name, bytes)));
        let layout = self.layout();
        let packed = tar::tar(&layout.iter().map(|(name, bytes)| (&**name, &**bytes)).collect::<Vec<_>>());
        vec![
            ("folder", folder.scan()),
            ("packed layout", support::scan_bytes("image.tar", &packed)),
            ("docker before 25", support::scan_bytes("image.tar", &self.saved_old())),
            ("docker since 25", support::scan_bytes("image.tar.gz", &gzip(&self.saved_new()))),
        ]
    }
}

fn found<'o>(outcome: &'o Outcome, rule: &str) -> Vec<&'o Finding> {
    outcome.findings.iter().filter(|finding| &*finding.rule == rule).collect()
}

fn fate(finding: &Finding) -> Option<&String> {
    finding.details.iter().find(|detail| detail.contains(" in a later layer ("))
}

#[test]
fn what_a_later_layer_deletes_or_replaces_is_found_and_named_as_such() {
    let secret = format!("key = {}\n", token(3));
    let image = Image::new(&[
        &[("app/.env", "MODE=1\n"), ("app/conf/key.txt", &secret), ("app/kept.txt", &format!("k={}", token(4)))],
        &[("./app/.wh.conf", ""), ("app/.env", "MODE=2\n")],
        &[("app/.wh..env", "")],
    ]);
    for (shape, outcome) in image.looks() {
        let environments = found(&outcome, "env-file");
        assert_eq!(environments.len(), 2, "{shape}: {}", support::in_short(&outcome));
        let fates: Vec<&str> = environments.iter().map(|finding| &fate(finding).unwrap()[..20]).collect();
        assert!(
            fates.contains(&"it is replaced in a ") && fates.contains(&"it is deleted in a l"),
            "{shape}: {fates:?}"
        );
        let tokens = found(&outcome, TOKEN_RULE);
        assert_eq!(tokens.len(), 2, "{shape}: {}", support::in_short(&outcome));
        for finding in tokens {
            let is_kept = finding.path.to_string().ends_with("app/kept.txt");
            assert_eq!(fate(finding).is_none(), is_kept, "{shape}: {} {:?}", finding.path, finding.details);
        }
        assert_eq!(outcome.gaps.len(), 0, "{shape}: {:?}", outcome.gaps);
    }
}

#[test]
fn environment_labels_history_and_attestations_are_searched_line_by_line() {
    let mut image = Image::new(&[&[("app/index.js", "main()\n")]]);
    image.config["config"]["Env"] = json!(["PATH=/bin", format!("GH={}", token(5)), "DB_PASSWORD=harbour-7"]);
    image.config["config"]["Labels"] = json!({"a": "b", "z": token(6)});
    image.config["history"] = json!([
        {"created_by": "ARG NPM_TOKEN"},
        {"created_by": format!("RUN |1 NPM_TOKEN={} /bin/sh -c npm ci # buildkit", token(7))},
    ]);
    for (shape, outcome) in image.looks() {
        assert_eq!(outcome.verdict, Verdict::Blocked, "{shape}");
        let mut places: Vec<String> = found(&outcome, TOKEN_RULE)
            .iter()
            .map(|finding| {
                let path = finding.path.to_string();
                format!("{}:{}", path.rsplit('!').next().unwrap(), finding.location.unwrap().line.unwrap())
            })
            .collect();
        places.sort();
        assert_eq!(places, ["Env:2", "Labels:2", "history:2"], "{shape}: {}", support::in_short(&outcome));
        let message = |rule: &str| found(&outcome, rule)[0].message.clone();
        assert_eq!(message("image-secret-environment"), "the image sets DB_PASSWORD", "{shape}");
        assert!(message("image-secret-build-argument").ends_with("the value of NPM_TOKEN"), "{shape}");
    }
    let mut image = Image::new(&[&[("app/index.js", "main()\n")]]);
    image.attestation = Some(json!({
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {"invocation": {"parameters": {"args": {"build-arg:GH": token(8)}}}},
    }));
    let outcome = image.looks().remove(0).1;
    assert_eq!(found(&outcome, TOKEN_RULE).len(), 1, "{}", support::in_short(&outcome));
}

#[test]
fn an_image_that_gives_nothing_away_is_clear() {
    let image = Image::new(&[&[("app/index.js", "main()\n")], &[("app/.wh.old.js", "")]]);
    for (shape, outcome) in image.looks() {
        assert!(support::is_clear(&outcome), "{shape}: {}", support::in_short(&outcome));
    }
}
