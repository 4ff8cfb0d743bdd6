//! The index of a safetensors model that is split into several files: `model.safetensors.index.json`.
//!
//! Format: `huggingface_hub/serialization` and `transformers/modeling_utils.py`. `weight_map` says which file holds which
//! tensor, `metadata.total_size` how many bytes all of them have. The same form serves PyTorch's parts.

use std::collections::BTreeSet;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::FACTS;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// So many bytes of an index are read: that of the largest published model has 10 MiB.
const INDEX_LIMIT: usize = 64 << 20;

/// So many parts are kept.
const PARTS: usize = 4096;

/// See the module.
pub struct SafetensorsIndex;

impl Format for SafetensorsIndex {
    fn name(&self) -> &'static str {
        "weights-index"
    }

    fn summary(&self) -> &'static str {
        "The index of a model in several files (safetensors, PyTorch): its parts, and those that are missing."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        // Writers sort the keys, so `metadata` stands before the map; it may be left out.
        head.trim_ascii_start().starts_with(b"{") && (has(b"\"weight_map\"") || has(b"\"total_size\""))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        if bytes.len() > INDEX_LIMIT {
            return Err(FormatError::broken(INDEX_LIMIT as u64, "the index is longer than lastlook reads"));
        }
        let index: Index = match serde_json::from_slice(bytes) {
            Ok(index) => index,
            // Cut off in the middle of what is an index beyond doubt.
            Err(error) if error.is_eof() && memchr::memmem::find(bytes, b"\"weight_map\"").is_some() => {
                return Err(FormatError::broken(
                    bytes.len() as u64,
                    format!("the index of a model is cut off: {error}"),
                ));
            }
            Err(_) => return Err(FormatError::NotThis),
        };
        let Some(WeightMap { tensors, files }) = index.weight_map.filter(|map| !map.files.is_empty()) else {
            return Err(FormatError::NotThis);
        };
        let all = |extension: &str| files.iter().all(|file| file.ends_with(extension));
        let format = match () {
            () if all(".safetensors") => "safetensors-index",
            () if all(".bin") || all(".pt") => "pytorch-index",
            () => return Err(FormatError::NotThis),
        };
        out.fact("model.format", format);
        out.fact("model.weights", "external");
        out.fact("model.protection", "plain");
        out.fact("model.tensors", tensors);
        if let Some(total) = index.metadata.and_then(|metadata| metadata.total_size) {
            out.detail(format!("All parts together have {total} bytes of weights."));
        }
        files.iter().for_each(|file| out.part(file));
        Ok(Coverage::Part)
    }
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    weight_map: Option<WeightMap>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    total_size: Option<f64>,
}

/// The number of tensors, and the names of the files.
#[derive(Default)]
struct WeightMap {
    tensors: u64,
    files: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for WeightMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = WeightMap;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("file names by tensor names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightMap, A::Error> {
                let mut found = WeightMap::default();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    let file: std::borrow::Cow<'de, str> = map.next_value()?;
                    found.tensors += 1;
                    if found.files.len() < PARTS && !found.files.contains(&*file) {
                        found.files.insert(file.into_owned());
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const INDEX: &str = r#"{"metadata":{"total_size":64},"weight_map":{"a":"m-00001-of-00002.safetensors","b":"m-00002-of-00002.safetensors","c":"m-00002-of-00002.safetensors"}}"#;

    #[test]
    fn the_parts_are_named_and_a_cut_index_is_a_gap() {
        let looked = inspect(&SafetensorsIndex, "x.json", INDEX.as_bytes());
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.parts, ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"]);
        assert_eq!(looked.stated.facts.int("model.tensors"), 3);
        for length in 60..INDEX.len() {
            let looked = inspect(&SafetensorsIndex, "x.json", &INDEX.as_bytes()[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
        }
        let other = br#"{"total_size": 3, "files": []}"#;
        assert!(matches!(inspect(&SafetensorsIndex, "x.json", other).result, Err(FormatError::NotThis)));
        let other = br#"{"weight_map": {"a": "style.css"}}"#;
        assert!(matches!(inspect(&SafetensorsIndex, "x.json", other).result, Err(FormatError::NotThis)));
    }
}
