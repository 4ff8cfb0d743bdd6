//! TensorFlow.js: a `model.json` with a topology and a manifest of weights, which lie in shards beside it; or the
//! manifest alone, as packages for faces and speech ship it.
//!
//! Follows "TensorFlow.js Converter: Web-friendly format" and `tfjs-core/src/io/types.ts` of tensorflow/tfjs.

use std::borrow::Cow;

use super::capped::{self, Tensors};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises models of TensorFlow.js.
#[derive(Debug)]
pub struct TfJs;

/// The longest description that is read. Those of large language models have some 200 KiB.
const LONGEST: usize = 32 << 20;

/// How many shards are remembered.
const PARTS: usize = 1_000;

impl Format for TfJs {
    fn name(&self) -> &'static str {
        "tfjs"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow.js model: format, producer, weights and their quantisation, and the shards that hold them"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
        probe.is_text()
            && match head.trim_ascii_start().first() {
                Some(b'{') => has(b"\"modelTopology\"") || has(b"\"weightsManifest\""),
                Some(b'[') => has(b"\"shape\"") && has(b"\"dtype\"") && (has(b"\"weights\"") || has(b"\"paths\"")),
                _ => false,
            }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        if bytes.len() > LONGEST {
            let reason = format!("a description of more than {LONGEST} bytes is not read; no model has one");
            return Err(FormatError::broken(0, reason));
        }
        let manifest = bytes.trim_ascii_start().first() == Some(&b'[');
        let read = if manifest {
            serde_json::from_slice(bytes).map(|groups| Model { weights_manifest: groups, ..Model::default() })
        } else {
            serde_json::from_slice(bytes)
        };
        let model: Model<'_> = match read {
            Ok(model) => model,
            Err(error) if error.is_eof() => {
                return Err(FormatError::broken(bytes.len() as u64, "the description of the model is cut off"));
            }
            Err(_) => return Err(FormatError::NotThis),
        };
        let shards = model.weights_manifest.iter().map(|group| group.paths.len()).sum::<usize>();
        if manifest && (shards == 0 || model.weights_manifest.iter().all(|group| group.weights.is_empty())) {
            return Err(FormatError::NotThis);
        }
        model.state(out);
        Ok(Coverage::Part)
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Model<'a> {
    #[serde(borrow)]
    format: Option<Cow<'a, str>>,
    #[serde(borrow)]
    generated_by: Option<Cow<'a, str>>,
    #[serde(borrow)]
    converted_by: Option<Cow<'a, str>>,
    #[serde(borrow)]
    weights_manifest: Vec<Group<'a>>,
}

/// Shards, and the weights that lie in them one after the other.
#[derive(serde::Deserialize)]
struct Group<'a> {
    #[serde(borrow, default)]
    paths: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    weights: Vec<Weight<'a>>,
}

#[derive(serde::Deserialize)]
struct Weight<'a> {
    #[serde(default)]
    shape: Vec<u64>,
    #[serde(borrow)]
    dtype: Cow<'a, str>,
    #[serde(borrow)]
    quantization: Option<Quantisation<'a>>,
}

#[derive(serde::Deserialize)]
struct Quantisation<'a> {
    #[serde(borrow)]
    dtype: Cow<'a, str>,
}

/// The short name of a type, and its bytes.
fn dtype(name: &str) -> (&str, u64) {
    match name {
        "float32" => ("F32", 4),
        "float16" => ("F16", 2),
        "int32" => ("I32", 4),
        "uint8" => ("U8", 1),
        "uint16" => ("U16", 2),
        "bool" => ("BOOL", 1),
        "complex64" => ("C64", 8),
        other => (other, 0),
    }
}

impl Model<'_> {
    fn state(self, out: &mut Inspection<'_>) {
        out.fact("model.format", "tfjs");
        capped::state(out, "model.version", self.format.unwrap_or_default().as_bytes());
        let producer = [self.generated_by, self.converted_by].into_iter().flatten();
        capped::state(out, "model.producer", producer.collect::<Vec<_>>().join(", ").as_bytes());
        out.fact("model.protection", "plain");
        let (mut tensors, mut parts, mut quantised) = (Tensors::default(), Vec::new(), None);
        for group in self.weights_manifest {
            for weight in &group.weights {
                let stored = weight.quantization.as_ref().map_or(&weight.dtype, |quantisation| &quantisation.dtype);
                let (name, size) = dtype(stored);
                let elements = weight.shape.iter().fold(1, |product: u64, side| product.saturating_mul(*side));
                tensors.add(name, [elements]);
                tensors.elsewhere(elements.saturating_mul(size));
                if let Some(quantisation) = &weight.quantization {
                    quantised = Some(quantisation.dtype.to_string());
                }
            }
            let left = PARTS - parts.len();
            parts.extend(group.paths.iter().take(left).map(|path| capped::text(path.as_bytes())));
        }
        capped::state(out, "model.quantisation", quantised.unwrap_or_default().as_bytes());
        out.fact("model.weights", if tensors.count() > 0 { "external" } else { "none" });
        if !parts.is_empty() {
            out.detail(format!("weights lie in {} shards, the first is {}", parts.len(), parts[0]));
            parts.iter().for_each(|part| out.part(part));
        }
        tensors.state(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    const WEIGHTS: &str = r#"{"name": "dense/kernel", "shape": [10, 20], "dtype": "float32"},
        {"name": "dense/bias", "shape": [20], "dtype": "float32",
         "quantization": {"dtype": "uint8", "scale": 0.1, "min": -1.0, "original_dtype": "float32"}}"#;

    #[test]
    fn a_model_names_its_shards() {
        let group = format!(r#"[{{"paths": ["group1-shard1of1.bin"], "weights": [{WEIGHTS}]}}]"#);
        let json = format!(
            r#"{{"format": "layers-model", "generatedBy": "keras v2.15.0", "convertedBy": null,
                "modelTopology": {{"model_config": {{}}}}, "weightsManifest": {group}}}"#
        );
        for text in [json.as_str(), group.as_str()] {
            let looked = inspect(&TfJs, "m.json", text.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            let facts = &looked.stated.facts;
            assert_eq!((facts.int("model.tensors"), facts.int("model.parameters")), (2, 220));
            assert_eq!(facts.int("model.bytes"), 820);
            assert_eq!(facts.get("model.quantisation"), Some(&FactValue::from("uint8")));
            assert_eq!(looked.stated.parts, ["group1-shard1of1.bin"]);
            let cut = inspect(&TfJs, "m.json", &text.as_bytes()[..text.len() - 9]);
            assert!(matches!(cut.result, Err(FormatError::Broken(_))));
        }
    }

    #[test]
    fn other_json_is_something_else() {
        for text in [
            r#"{"name": "x"}"#,
            r#"[{"shape": "round", "dtype": "x", "weights": 3}]"#,
            r#"[{"shape":1,"dtype":2,"paths":[]}]"#,
        ] {
            assert!(matches!(inspect(&TfJs, "model.json", text.as_bytes()).result, Err(FormatError::NotThis)));
        }
    }
}
