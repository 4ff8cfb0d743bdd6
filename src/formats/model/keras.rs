//! Keras 3 models: a zip with `metadata.json`, `config.json` and `model.weights.h5` (keras `saving/saving_lib.py`).
//!
//! The zip reader hands out the members; here only the facts are read, from the central directory at the end.

use super::capped;
use super::hdf5::Content;
use super::zip_names::{self, Entry};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises Keras 3 models.
#[derive(Debug)]
pub struct Keras;

/// How many bytes of a JSON member are read. The configuration of the largest published models has about 1 MiB.
const JSON: u64 = 16 << 20;

/// How many bytes of compressed weights are read to count them. Keras itself stores them plain.
const WEIGHTS: u64 = 8 << 20;

/// The three members that make a zip a Keras model.
const NAMES: [&str; 3] = ["metadata.json", "config.json", "model.weights.h5"];

impl Format for Keras {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn summary(&self) -> &'static str {
        "Keras 3 model: version, class and name from the JSON members of its zip, tensors from its weights"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let listed = |name: &&str| memchr::memmem::find(probe.tail(), name.as_bytes()).is_some();
        probe.starts_with(b"PK\x03\x04") && NAMES.iter().all(listed)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let entries = zip_names::entries(bytes).map_err(|_| FormatError::NotThis)?;
        let [Some(metadata), Some(config), Some(weights)] =
            NAMES.map(|name| entries.iter().find(|entry| entry.name == name))
        else {
            return Err(FormatError::NotThis);
        };
        out.fact("model.format", "keras");
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        match weights.content(bytes, weights.size.min(if weights.method == 0 { u64::MAX } else { WEIGHTS })) {
            Some(content) if !content.is_empty() => match Content::of(&content) {
                Ok(content) => content.state(out),
                Err(_) => out.fact("model.bytes", weights.size),
            },
            _ => out.fact("model.bytes", weights.size),
        }
        let broken =
            |entry: &Entry, reason: String| FormatError::broken(entry.header, format!("{}: {reason}", entry.name));
        let unread = |entry| broken(entry, "it is encrypted, compressed in an unusual way, or cut off".to_owned());
        let json = metadata.content(bytes, JSON).ok_or_else(|| unread(metadata))?;
        let found: Metadata = serde_json::from_slice(&json).map_err(|error| broken(metadata, error.to_string()))?;
        capped::state(out, "model.version", found.keras_version.as_bytes());
        capped::state(out, "model.producer", format!("Keras {}", found.keras_version).as_bytes());
        let json = config.content(bytes, JSON).ok_or_else(|| unread(config))?;
        state_config(&json, out).map_err(|error| broken(config, error.to_string()))?;
        // The zip reader accounts for the bytes.
        Ok(Coverage::Part)
    }
}

#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    keras_version: String,
}

#[derive(serde::Deserialize)]
struct Config {
    class_name: String,
    config: Option<Named>,
}

#[derive(serde::Deserialize)]
struct Named {
    name: Option<String>,
}

/// Old versions of Keras write the list of layers where later ones write an object with a name.
#[derive(serde::Deserialize)]
struct OldConfig {
    class_name: String,
}

/// States class and name of a serialised Keras model.
pub(super) fn state_config(json: &[u8], out: &mut Inspection<'_>) -> Result<(), serde_json::Error> {
    let config = serde_json::from_slice(json).or_else(|_| {
        let OldConfig { class_name } = serde_json::from_slice(json)?;
        Ok::<_, serde_json::Error>(Config { class_name, config: None })
    })?;
    capped::state(out, "model.architecture", config.class_name.as_bytes());
    if let Some(name) = config.config.and_then(|config| config.name) {
        capped::state(out, "model.name", name.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        crate::formats::model::zip_names::tests::forge(members, false)
    }

    const METADATA: &[u8] = br#"{"keras_version": "3.15.1", "date_saved": "2026-11-01@10:00:00"}"#;
    const CONFIG: &[u8] =
        br#"{"module": "keras", "class_name": "Sequential", "config": {"name": "scorer", "layers": []}}"#;

    fn model() -> Vec<u8> {
        zip(&[("metadata.json", METADATA), ("config.json", CONFIG), ("model.weights.h5", &[7; 1000])])
    }

    #[test]
    fn a_model_states_version_class_name_and_size() {
        let looked = inspect(&Keras, "model.zip", &model());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        for (name, expected) in [
            ("model.format", "keras"),
            ("model.version", "3.15.1"),
            ("model.producer", "Keras 3.15.1"),
            ("model.architecture", "Sequential"),
            ("model.name", "scorer"),
        ] {
            assert_eq!(facts.get(name), Some(&FactValue::from(expected)), "{name}");
        }
        assert_eq!(facts.int("model.bytes"), 1000);
    }

    #[test]
    fn a_zip_without_the_three_members_is_something_else() {
        for bytes in
            [zip(&[("config.json", CONFIG), ("metadata.json", METADATA)]), zip(&[]), b"PK\x03\x04PK\x05\x06".to_vec()]
        {
            assert!(!inspect(&Keras, "model.keras", &bytes).sniffed);
        }
    }

    #[test]
    fn broken_members_are_broken_models() {
        let bytes = zip(&[("metadata.json", b"{"), ("config.json", CONFIG), ("model.weights.h5", &[7; 1000])]);
        assert!(matches!(inspect(&Keras, "m.keras", &bytes).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn a_model_that_is_cut_off_is_left_to_the_zip_reader() {
        let bytes = model();
        for end in (0..bytes.len() - 8).step_by(97) {
            assert!(!matches!(inspect(&Keras, "m.keras", &bytes[..end]).result, Ok(Coverage::Whole)), "{end}");
        }
    }
}
