//! The JSON files that make a folder a model: the configurations of transformers, diffusers, PEFT and spaCy, and tokenizers.
//!
//! Such a file says what the model is and which parts belong to it; the weights lie beside it, in formats of their own. It speaks for
//! the folder: parts that it names and that are not there are said at the end.

use serde_json::{Map, Value};

use super::{FACTS, clip, clip_list};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Configurations are a few KiB. Tokenizers are megabytes, and are not read through.
const LARGEST: u64 = 1 << 20;

/// See the module.
pub struct ModelFolder;

/// What each kind is told by: names that no other JSON has together.
struct Kind {
    format: &'static str,
    kind: &'static str,
    marks: &'static [&'static str],
    read: fn(&Map<String, Value>, &mut Inspection<'_>),
}

static KINDS: &[Kind] = &[
    Kind {
        format: "diffusers",
        kind: "configuration",
        marks: &["\"_class_name\"", "\"_diffusers_version\""],
        read: diffusers,
    },
    Kind {
        format: "peft",
        kind: "adapter configuration",
        marks: &["\"peft_type\"", "\"base_model_name_or_path\""],
        read: adapter,
    },
    Kind { format: "spacy", kind: "configuration", marks: &["\"spacy_version\"", "\"lang\""], read: spacy },
    Kind {
        format: "transformers",
        kind: "configuration",
        marks: &["\"model_type\"", "\"architectures\""],
        read: transformers,
    },
    Kind {
        format: "transformers",
        kind: "configuration",
        marks: &["\"model_type\"", "\"transformers_version\""],
        read: transformers,
    },
    Kind {
        format: "tokenizer",
        kind: "tokenizer",
        marks: &["\"added_tokens\"", "\"normalizer\"", "\"pre_tokenizer\""],
        read: tokenizer,
    },
    Kind {
        format: "tokenizer",
        kind: "tokenizer",
        marks: &["\"tokenizer_class\"", "\"model_max_length\""],
        read: tokenizer,
    },
];

fn kind_of(probe: &Probe<'_>) -> Option<&'static Kind> {
    // Names of a configuration come in the order of the alphabet, and it is small: all of it is looked at. Of a tokenizer, the
    // tokens that were added come first, and they can be many.
    let bytes = &probe.all()[..probe.len().min(256 << 10) as usize];
    let found = |mark: &&str| memchr::memmem::find(bytes, mark.as_bytes()).is_some();
    KINDS.iter().find(|kind| kind.marks.iter().all(found))
}

impl Format for ModelFolder {
    fn name(&self) -> &'static str {
        "model-folder"
    }

    fn summary(&self) -> &'static str {
        "Configurations that make a folder a model (transformers, diffusers, PEFT adapters, spaCy) and tokenizers: what it is, and its parts"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        // Cheap for all other JSON: these are written by `json.dump`, whose objects begin with a name.
        let object =
            head.trim_ascii_start().strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""));
        object && probe.has_extension("json") | any_mark(head) && kind_of(probe).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let kind = kind_of(&probe).ok_or(FormatError::NotThis)?;
        let read = if probe.len() <= LARGEST {
            // What is no JSON speaks of these names, and is no configuration.
            let value: Value = serde_json::from_slice(&artifact.bytes).map_err(|_| FormatError::NotThis)?;
            value.as_object().cloned().ok_or(FormatError::NotThis)?
        } else {
            Map::new()
        };
        let top = |mark: &&str| read.contains_key(mark.trim_matches('"'));
        if !read.is_empty() && !kind.marks.iter().any(top) {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", kind.format);
        out.fact("model.kind", kind.kind);
        out.fact("model.weights", "none");
        out.fact("model.protection", "plain");
        (kind.read)(&read, out);
        Ok(Coverage::Part)
    }
}

/// Whether one of the first names is a mark. They may stand further in; then the name of the file has to say that it is JSON.
fn any_mark(head: &[u8]) -> bool {
    KINDS.iter().any(|kind| memchr::memmem::find(head, kind.marks[0].as_bytes()).is_some())
}

fn text(map: &Map<String, Value>, name: &str, fact: &'static str, out: &mut Inspection<'_>) {
    let value = map.get(name);
    let value = value.and_then(|value| value.as_str().or_else(|| value.get(0)?.as_str()));
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        out.fact(fact, clip(value));
    }
}

fn transformers(map: &Map<String, Value>, out: &mut Inspection<'_>) {
    text(map, "architectures", "model.architecture", out);
    text(map, "transformers_version", "model.version", out);
    text(map, "_name_or_path", "model.base", out);
    text(map, "model_type", "model.name", out);
}

fn adapter(map: &Map<String, Value>, out: &mut Inspection<'_>) {
    text(map, "peft_type", "model.architecture", out);
    text(map, "base_model_name_or_path", "model.base", out);
}

fn spacy(map: &Map<String, Value>, out: &mut Inspection<'_>) {
    text(map, "spacy_version", "model.version", out);
    text(map, "name", "model.name", out);
    text(map, "license", "model.license", out);
    text(map, "author", "model.author", out);
    let pipeline = map.get("pipeline").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let parts: Vec<&str> = pipeline.collect();
    out.fact("model.architecture", clip(&parts.join(", ")));
    let disabled: Vec<&str> =
        map.get("disabled").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for part in parts.iter().filter(|part| !disabled.contains(part) && is_name(part)) {
        out.part(&format!("{part}/cfg"));
    }
}

fn diffusers(map: &Map<String, Value>, out: &mut Inspection<'_>) {
    text(map, "_class_name", "model.architecture", out);
    text(map, "_diffusers_version", "model.version", out);
    text(map, "_name_or_path", "model.base", out);
    for (name, class) in map.iter().filter(|(name, _)| is_name(name)) {
        // A component is a library and a class; one that was left out has none.
        let Some(class) = class.get(1).and_then(Value::as_str) else { continue };
        let file = match name.as_str() {
            "scheduler" => "scheduler_config.json",
            other if other.starts_with("tokenizer") => "tokenizer_config.json",
            "feature_extractor" | "image_processor" => "preprocessor_config.json",
            _ if class.is_empty() => continue,
            _ => "config.json",
        };
        out.part(&format!("{name}/{file}"));
    }
}

fn tokenizer(map: &Map<String, Value>, out: &mut Inspection<'_>) {
    text(map, "tokenizer_class", "model.architecture", out);
    if let Some(model) = map.get("model").and_then(Value::as_object) {
        text(model, "type", "model.architecture", out);
        let pieces = model
            .get("vocab")
            .map_or(0, |vocab| vocab.as_object().map_or_else(|| vocab.as_array().map_or(0, Vec::len), Map::len));
        out.fact("model.vocabulary", pieces);
    }
    if map.get("chat_template").is_some() {
        out.fact("model.training", clip_list(["chat template"]));
    }
}

/// Whether a name can be that of a folder.
fn is_name(name: &str) -> bool {
    !name.starts_with('_') && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn fact(text: &str, name: &str) -> Option<String> {
        let looked = inspect(&ModelFolder, "config.json", text.as_bytes());
        looked.stated.facts.get(name).map(ToString::to_string)
    }

    #[test]
    fn each_configuration_says_what_the_folder_is() {
        let model = r#"{"architectures": ["PilotForCausalLM"], "model_type": "pilot", "hidden_size": 64}"#;
        assert_eq!(fact(model, "model.architecture").as_deref(), Some("PilotForCausalLM"));
        let adapter = r#"{"base_model_name_or_path": "harbour/base", "peft_type": "LORA", "r": 8}"#;
        assert_eq!(fact(adapter, "model.base").as_deref(), Some("harbour/base"));
        let pipeline = r#"{"_class_name": "TidePipeline", "_diffusers_version": "0.30", "unet": ["diffusers", "UNet2DModel"], "vae": [null, null]}"#;
        let looked = inspect(&ModelFolder, "model_index.json", pipeline.as_bytes());
        assert_eq!(looked.stated.parts, ["unet/config.json"]);
    }

    #[test]
    fn other_json_is_none() {
        for text in [
            r#"{"model_type": "car", "architectures": "#,
            r#"{"schema": {"model_type": "string", "architectures": "array"}}"#,
            r#"{"name": "x", "lang": "en"}"#,
        ] {
            assert_eq!(fact(text, "model.format"), None, "{text}");
        }
    }
}
