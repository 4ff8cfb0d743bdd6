//! Manifests: the layers of an image, in order.

use memchr::memmem;
use serde_json::Value;

use super::{FACTS, LISTED, LONGEST, NAME};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Most layers of one image that are kept; docker allows 127.
const LAYERS: usize = 4096;

/// The manifest of an image: `manifest.json` of `docker save`, or an OCI image manifest.
#[derive(Debug, Clone, Copy)]
pub struct ImageManifest;

impl Format for ImageManifest {
    fn name(&self) -> &'static str {
        "image-manifest"
    }

    fn summary(&self) -> &'static str {
        "Manifests of container images (docker save, OCI): which layers follow each other, so that files that a later layer \
         deletes are named as such."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let has = |key: &[u8]| memmem::find(head, key).is_some();
        match head.trim_ascii_start().first() {
            Some(b'[') => has(b"\"Config\"") && (has(b"\"Layers\"") || has(b"\"RepoTags\"")),
            Some(b'{') => has(b"\"schemaVersion\"") && has(b"\"config\"") && has(b"\"digest\""),
            _ => false,
        }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        if artifact.bytes.len() > LONGEST {
            return Err(FormatError::NotThis);
        }
        let value: Value = serde_json::from_slice(&artifact.bytes).map_err(|_| FormatError::NotThis)?;
        let images = match &value {
            Value::Array(images) => images.iter().filter_map(saved).collect(),
            image => oci(image).into_iter().collect::<Vec<_>>(),
        };
        if images.is_empty() {
            return Err(FormatError::NotThis);
        }
        let number: usize = images.iter().map(Vec::len).sum();
        out.fact("image.layers", number);
        if let Value::Array(images) = &value {
            let tags = images.iter().filter_map(|image| image.get("RepoTags")?.as_array()).flatten();
            let tags = tags.filter_map(Value::as_str).take(LISTED).map(|tag| tag.chars().take(NAME).collect());
            out.fact("image.tags", tags.collect::<Vec<String>>());
        }
        images.into_iter().for_each(|layers| out.layers(layers));
        Ok(Coverage::Part)
    }
}

/// The layers of one image in `docker save`'s manifest.json, as paths from the folder of the manifest.
fn saved(image: &Value) -> Option<Vec<String>> {
    image.get("Config")?.as_str()?;
    let layers = image.get("Layers")?.as_array()?.iter();
    layers.take(LAYERS).map(|layer| layer.as_str().map(str::to_owned)).collect()
}

/// The layers of an OCI image, which lie beside the manifest as blobs named by their digests.
fn oci(image: &Value) -> Option<Vec<String>> {
    image.get("config")?.get("digest")?;
    let layers = image.get("layers")?.as_array()?.iter();
    let hex = |layer: &Value| Some(layer.get("digest")?.as_str()?.split_once(':')?.1.to_owned());
    layers.take(LAYERS).map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn the_layers_of_both_kinds_of_manifest_are_told() {
        let saved =
            br#"[{"Config":"blobs/sha256/c","RepoTags":["tide:1"],"Layers":["blobs/sha256/a","blobs/sha256/b"]}]"#;
        let looked = inspect(&ImageManifest, "manifest.json", saved);
        assert_eq!(looked.stated.layers, [["blobs/sha256/a", "blobs/sha256/b"]]);
        assert_eq!(looked.stated.facts.get("image.tags").unwrap().to_string(), "tide:1");
        let oci = br#"{"schemaVersion":2,"config":{"digest":"sha256:c"},"layers":[{"digest":"sha256:a"}]}"#;
        let looked = inspect(&ImageManifest, "abc", oci);
        assert_eq!((looked.stated.layers[0].len(), looked.stated.facts.int("image.layers")), (1, 1));
    }

    #[test]
    fn other_json_is_something_else() {
        for other in [
            &br#"{"schemaVersion":2,"manifests":[{"digest":"sha256:a"}],"config":{}}"#[..],
            br#"{"schemaVersion":2,"config":{"digest":"sha256:c"},"layers":["#,
            br#"[{"Config":7,"Layers":[]}]"#,
            br#"{"name":"tide"}"#,
        ] {
            assert!(inspect(&ImageManifest, "a.json", other).result.is_err());
        }
    }
}
