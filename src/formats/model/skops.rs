//! skops: scikit-learn models in a zip, as a schema in JSON with the arrays beside it.
//!
//! Format: `skops/io/_persist.py`. `schema.json` names the class of every object; `<id>.npy` are arrays, `<id>.npz` sparse
//! ones. The zip format hands the members out.

use serde::Deserialize;

use super::numpy::{Header, MAGIC};
use super::weights::Weights;
use super::zip_names::{self, Entry};
use super::{FACTS, capped, pickle_names};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// So many bytes of the schema are read. That of a forest of a thousand trees has a few.
const SCHEMA: u64 = 16 << 20;

/// Bytes of an array that are enough for its header.
const HEADER: u64 = 4 << 10;

/// See the module.
pub struct Skops;

impl Format for Skops {
    fn name(&self) -> &'static str {
        "skops"
    }

    fn summary(&self) -> &'static str {
        "A scikit-learn model in the zip of skops: its class and its arrays."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(b"PK\x03\x04") && memchr::memmem::find(probe.tail(), b"schema.json").is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let zip = &artifact.bytes[..];
        let entries = zip_names::entries(zip).map_err(|_| FormatError::NotThis)?;
        let schema = entries.iter().find(|entry| entry.name == "schema.json").ok_or(FormatError::NotThis)?;
        let json = schema.content(zip, SCHEMA).ok_or(FormatError::NotThis)?;
        let schema: Schema = serde_json::from_slice(&json).map_err(|_| FormatError::NotThis)?;
        out.fact("model.format", "skops");
        out.fact("model.version", schema.protocol.to_string());
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        let package = schema.module.split('.').next().unwrap_or_default();
        let producer = pickle_names::framework_of(package).unwrap_or("skops");
        out.fact("model.producer", producer);
        capped::state(out, "model.architecture", schema.class.as_bytes());
        add_up(&entries, zip).state(out);
        Ok(Coverage::Part)
    }
}

#[derive(Deserialize)]
struct Schema {
    #[serde(rename = "__class__")]
    class: String,
    #[serde(rename = "__module__")]
    module: String,
    protocol: u64,
}

fn add_up(entries: &[Entry], zip: &[u8]) -> Weights {
    let mut weights = Weights::default();
    for entry in entries.iter().filter(|entry| entry.name.ends_with(".npy")) {
        let content = entry.content(zip, HEADER).unwrap_or_default();
        match Header::read(&content) {
            Ok(header) if content.starts_with(MAGIC) => {
                let bytes = header.item_size.map_or(entry.size, |size| header.elements.saturating_mul(size));
                weights.add(&header.dtype, header.elements, bytes.min(entry.size));
            }
            _ => weights.add("", 0, entry.size),
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::model::numpy::tests::forge as array;
    use crate::formats::model::zip_names::tests::forge as zip;
    use crate::formats::testing::inspect;

    #[test]
    fn class_and_arrays_are_told_and_other_schemas_are_left_alone() {
        let schema = br#"{"__class__":"LogisticRegression","__module__":"sklearn.linear_model._logistic","__loader__":"ObjectNode","protocol":2,"content":{}}"#;
        let file = zip(&[("1.npy", &array("'<f8'", "(1, 4)", 32)), ("schema.json", schema)], false);
        let looked = inspect(&Skops, "x.bin", &file);
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.get("model.architecture").unwrap().to_string(), "LogisticRegression");
        assert_eq!(looked.stated.facts.get("model.producer").unwrap().to_string(), "scikit-learn");
        assert_eq!((looked.stated.facts.int("model.parameters"), looked.stated.facts.int("model.bytes")), (4, 32));
        for other in [&br#"{"$schema":"x"}"#[..], b"{", b"[]"] {
            let file = zip(&[("schema.json", other)], false);
            assert!(matches!(inspect(&Skops, "x.skops", &file).result, Err(FormatError::NotThis)));
        }
    }
}
