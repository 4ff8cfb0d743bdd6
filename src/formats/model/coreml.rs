//! Core ML models: a `Model` message, after `mlmodel/format/Model.proto`, `NeuralNetwork.proto` and `MIL.proto` of
//! apple/coremltools.
//!
//! The format has no mark: a version, a description and exactly one of the fields that hold a kind of model, and nothing
//! else. Programs have their large weights in a file beside them (`weights/weight.bin`).

use std::collections::BTreeSet;

use super::capped::{self, Tensors};
use super::coreml_layers;
use super::coreml_program;
use super::proto::{Walk, first_fields};
use crate::bytes::protobuf::{Slice, Value};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises Core ML models.
#[derive(Debug)]
pub struct CoreMl;

/// The newest version of the specification is 9; later ones will look the same.
const VERSIONS: std::ops::RangeInclusive<u64> = 1..=32;

/// How many models may lie in one another (pipelines).
const DEPTH: u32 = 8;

/// The kinds of models, by their fields.
const KINDS: [(u32, &str); 33] = [
    (200, "pipeline classifier"),
    (201, "pipeline regressor"),
    (202, "pipeline"),
    (300, "GLM regressor"),
    (301, "support vector regressor"),
    (302, "tree ensemble regressor"),
    (303, "neural network regressor"),
    (304, "Bayesian probit regressor"),
    (400, "GLM classifier"),
    (401, "support vector classifier"),
    (402, "tree ensemble classifier"),
    (403, "neural network classifier"),
    (404, "k nearest neighbours classifier"),
    (500, "neural network"),
    (501, "item similarity recommender"),
    (502, "ML program"),
    (555, "custom model"),
    (556, "linked model"),
    (560, "class confidence thresholding"),
    (600, "one-hot encoder"),
    (601, "imputer"),
    (602, "feature vectorizer"),
    (603, "dictionary vectorizer"),
    (604, "scaler"),
    (606, "categorical mapping"),
    (607, "normalizer"),
    (609, "array feature extractor"),
    (610, "non-maximum suppression"),
    (2000, "text classifier"),
    (2001, "word tagger"),
    (2004, "gazetteer"),
    (2005, "word embedding"),
    (3000, "serialized model"),
];

/// The kind of model in this field.
fn kind(number: u32) -> Option<&'static str> {
    KINDS.iter().find(|(field, _)| *field == number).map(|(_, name)| *name)
}

impl Format for CoreMl {
    fn name(&self) -> &'static str {
        "coreml"
    }

    fn summary(&self) -> &'static str {
        "Core ML model: kind, weights and their quantisation, author, licence, and whether the weights lie elsewhere"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        if probe.head().first() != Some(&8) {
            return false;
        }
        let Some(fields) = first_fields(Slice::whole(probe.all()), 5) else { return false };
        matches!(fields[0].value, Value::Varint(version) if VERSIONS.contains(&version))
            && fields[1..].iter().all(|field| {
                matches!(field.value, Value::Bytes(_)) && (field.number == 2 || kind(field.number).is_some())
                    || field.number == 10
            })
            && fields.iter().any(|field| kind(field.number).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut model = Model::default();
        let end = model.read(&walk, Slice::whole(&artifact.bytes), DEPTH);
        if model.foreign {
            return Err(FormatError::NotThis);
        }
        model.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// What was read of a model so far.
#[derive(Default)]
pub(super) struct Model<'a> {
    foreign: bool,
    version: u64,
    kind: &'static str,
    /// Short description, version, author and licence.
    metadata: [&'a [u8]; 4],
    producer: &'a [u8],
    pub(super) tensors: Tensors,
    /// Files with weights.
    pub(super) parts: BTreeSet<&'a [u8]>,
    /// How the weights are quantised.
    pub(super) quantised: BTreeSet<String>,
}

impl<'a> Model<'a> {
    fn read(&mut self, walk: &Walk, model: Slice<'a>, depth: u32) -> Result<(), ReadError> {
        let outermost = depth == DEPTH;
        walk.each(model, |field| {
            match (field.number, field.value) {
                (1, Value::Varint(version)) if outermost => self.version = version,
                (1 | 10, Value::Varint(_)) => {}
                (2, Value::Bytes(description)) if outermost => self.description(walk, description)?,
                (2, Value::Bytes(_)) => {}
                (number, Value::Bytes(inner)) if kind(number).is_some() => {
                    if outermost {
                        self.kind = kind(number).unwrap_or_default();
                    }
                    self.content(walk, number, inner, depth)?;
                }
                _ => self.foreign |= outermost,
            }
            Ok(())
        })
    }

    /// `ModelDescription`: of interest is its `Metadata`.
    fn description(&mut self, walk: &Walk, description: Slice<'a>) -> Result<(), ReadError> {
        walk.each(description, |field| {
            let (100, Value::Bytes(metadata)) = (field.number, field.value) else { return Ok(()) };
            walk.each(metadata, |field| {
                match (field.number, field.value) {
                    (number @ 1..=4, Value::Bytes(text)) => self.metadata[number as usize - 1] = text.bytes,
                    (100, Value::Bytes(entry)) => self.user_defined(walk, entry)?,
                    _ => {}
                }
                Ok(())
            })
        })
    }

    /// What the converter notes: its own version, and the framework that the model comes from.
    fn user_defined(&mut self, walk: &Walk, entry: Slice<'a>) -> Result<(), ReadError> {
        let (mut key, mut value) = (&b""[..], &b""[..]);
        walk.each(entry, |field| {
            match (field.number, field.value) {
                (1, Value::Bytes(text)) => key = text.bytes,
                (2, Value::Bytes(text)) => value = text.bytes,
                _ => {}
            }
            Ok(())
        })?;
        match key {
            b"com.github.apple.coremltools.source" => self.producer = value,
            b"com.github.apple.coremltools.version" if self.producer.is_empty() => self.producer = value,
            _ => {}
        }
        Ok(())
    }

    fn content(&mut self, walk: &Walk, number: u32, inner: Slice<'a>, depth: u32) -> Result<(), ReadError> {
        match number {
            // A pipeline, and those that hold one.
            200 | 201 => walk.each(inner, |field| match (field.number, field.value) {
                (1, Value::Bytes(pipeline)) if depth > 0 => self.content(walk, 202, pipeline, depth - 1),
                _ => Ok(()),
            }),
            202 => walk.each(inner, |field| match (field.number, field.value) {
                (1, Value::Bytes(model)) if depth > 0 => self.read(walk, model, depth - 1),
                _ => Ok(()),
            }),
            303 | 403 | 500 => coreml_layers::network(self, walk, inner, 0),
            502 => coreml_program::program(self, walk, inner),
            // Arrays of doubles, one for each class.
            300 | 400 => walk.each(inner, |field| match (field.number, field.value) {
                (1, Value::Bytes(array)) => walk.each(array, |field| {
                    if let (1, Value::Bytes(values)) = (field.number, field.value) {
                        self.tensors.add("F64", [values.bytes.len() as u64 / 8]);
                        self.tensors.data(values.bytes, values.offset);
                    }
                    Ok(())
                }),
                _ => Ok(()),
            }),
            // What they have learned lies in messages of other kinds: their size stands for it.
            301 | 302 | 304 | 401 | 402 | 404 | 501 | 556 | 2000..=2005 | 3000 => {
                self.tensors.elsewhere(inner.bytes.len() as u64);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn state(self, out: &mut Inspection<'_>) {
        out.fact("model.format", "coreml");
        out.fact("model.version", format!("specification {}", self.version));
        out.fact("model.protection", "plain");
        capped::state(out, "model.architecture", self.kind.as_bytes());
        capped::state(out, "model.producer", self.producer);
        let [description, _, author, license] = self.metadata;
        capped::state(out, "model.name", description);
        capped::state(out, "model.author", author);
        capped::state(out, "model.license", license);
        let quantised = self.quantised.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        capped::state(out, "model.quantisation", quantised.as_bytes());
        let weights = if !self.parts.is_empty() {
            "external"
        } else if self.tensors.bytes() > 0 {
            "inside"
        } else {
            "none"
        };
        out.fact("model.weights", weights);
        if !self.parts.is_empty() {
            let parts: Vec<String> = self.parts.iter().map(|part| capped::text(part)).collect();
            out.detail(format!("weights lie in {}", parts.join(", ")));
            parts.iter().for_each(|part| out.part(part));
        }
        self.tensors.state(out);
    }
}
