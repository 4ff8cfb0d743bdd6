//! MediaPipe's bundles (`.task`): a zip without folders of stored TensorFlow Lite models, other bundles, and what belongs to them.
//!
//! Follows `mediapipe/tasks/cc/core/model_asset_bundle_resources.cc` and `…/genai/bundler/llm_bundler.py` of google-ai-edge/mediapipe.
//! The zip format hands the members out, and each model states its own facts; at the end the bundle is said to be one
//! model with all of them.

use super::FACTS;
use super::zip_names::{self, Entry};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A bundle has a handful of members.
const MEMBERS: usize = 64;

/// See the module.
pub struct MediaPipe;

impl Format for MediaPipe {
    fn name(&self) -> &'static str {
        "mediapipe"
    }

    fn summary(&self) -> &'static str {
        "MediaPipe bundle (.task): its models, and how many there are"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let listed = |name: &[u8]| memchr::memmem::find(probe.tail(), name).is_some();
        probe.starts_with(b"PK\x03\x04") && (listed(b".tflite") || listed(b"TF_LITE_") || listed(b".task"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let zip = &artifact.bytes[..];
        let entries = zip_names::entries(zip).map_err(|_| FormatError::NotThis)?;
        // Loaders map the models where they lie, so nothing is compressed, and nothing lies in a folder.
        let flat = |entry: &Entry| entry.method == 0 && !entry.name.contains('/');
        if entries.len() > MEMBERS || !entries.iter().all(flat) {
            return Err(FormatError::NotThis);
        }
        let head = |entry: &Entry| entry.content(zip, 8).unwrap_or_default();
        let is_model = |entry: &&Entry| head(entry).get(4..) == Some(b"TFL3");
        let is_bundle = |entry: &&Entry| entry.name.ends_with(".task") && head(entry).starts_with(b"PK\x03\x04");
        let models: Vec<&Entry> = entries.iter().filter(|entry| is_model(entry) || is_bundle(entry)).collect();
        let sum = |entries: &[&Entry]| entries.iter().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
        // An archive in which a model is one thing among many is no bundle.
        if models.is_empty() || sum(&models) < sum(&entries.iter().collect::<Vec<_>>()) / 2 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "mediapipe");
        out.fact("model.producer", "MediaPipe");
        out.fact("model.kind", "bundle");
        out.fact("model.weights", "none");
        out.fact("model.protection", "plain");
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::model::zip_names::tests::forge as zip;
    use crate::formats::testing::inspect;

    #[test]
    fn a_bundle_is_told_from_an_archive_with_a_model_in_it() {
        let model = [&[0x1c, 0, 0, 0][..], b"TFL3", &[0; 500]].concat();
        let bundle = zip(&[("face_detector.tflite", &model), ("metadata.binarypb", b"x")], false);
        let looked = inspect(&MediaPipe, "face.task", &bundle);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(looked.stated.facts.get("model.kind").unwrap().to_string(), "bundle");
        let nested = zip(&[("hand.task", &bundle), ("gesture.task", &bundle)], false);
        assert!(inspect(&MediaPipe, "gesture.task", &nested).result.is_ok());
        let text = "let a = 1;".repeat(100);
        for other in [
            zip(&[("assets/a.tflite", &model)], false),
            zip(&[("a.tflite", &model), ("main.js", text.as_bytes())], false),
            zip(&[("a.tflite", b"no model at all")], false),
        ] {
            assert!(matches!(inspect(&MediaPipe, "a.zip", &other).result, Err(FormatError::NotThis)));
        }
    }
}
