//! safetensors: a JSON header and the tensors behind it.
//!
//! Format: `README.md` and `safetensors/src/tensor.rs` of huggingface/safetensors. Eight bytes hold the length of the
//! header, at most 100,000,000; the tensors follow it without holes. CryptoTensors keeps the layout and encrypts the
//! tensors; what it needs for that lies in `__metadata__`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::pickle_seen::Training;
use super::safetensors_header::{Header, Tensor};
use super::weights::{Weights, elements, may_be_text};
use super::{FACTS, clip, clip_list, shards};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Ahead, Coverage, Format, FormatError, Inspection};

/// The longest header that the reference implementation reads.
const HEADER_LIMIT: u64 = 100_000_000;

/// So much of a header is read; that of the largest published model has 10 MiB.
const READ_LIMIT: u64 = 32 << 20;

/// Names of `__metadata__` that say who made a model and how, the best first (the SAI model specification's and those
/// of common training tools).
const NAMES: &[(&str, &[&str])] = &[
    ("model.architecture", &["modelspec.architecture", "architecture", "model_type", "ss_base_model_version"]),
    ("model.name", &["modelspec.title", "name", "title", "ss_output_name"]),
    ("model.license", &["modelspec.license", "license"]),
    ("model.author", &["modelspec.author", "author"]),
    ("model.base", &["base_model", "base_model_name_or_path", "ss_sd_model_name"]),
    ("model.quantisation", &["quantization_method", "quant_method", "quantization", "quantization_format"]),
];

/// Names of `__metadata__` that tell of the training, and what they tell.
const TRAINING: &[(&str, &str)] = &[
    ("ss_dataset_dirs", "data sets"),
    ("ss_datasets", "data sets"),
    ("ss_tag_frequency", "tags of the data"),
    ("ss_reg_dataset_dirs", "regularisation data"),
    ("ss_optimizer", "optimizer"),
    ("ss_learning_rate", "learning rate"),
    ("ss_num_train_images", "number of images"),
    ("ss_num_epochs", "epochs"),
    ("ss_training_comment", "comment"),
    ("ss_session_id", "session"),
    ("training_info", "training run"),
    ("modelspec.date", "date"),
];

/// See the module.
pub struct Safetensors;

impl Format for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn summary(&self) -> &'static str {
        "Model weights in safetensors: tensors, parameters, metadata and CryptoTensors encryption; the header is searched."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let Ok(length) = Cursor::new(head).u64_le() else { return false };
        if !(2..=HEADER_LIMIT).contains(&length) || !probe.has_at(8, b"{") {
            return false;
        }
        let json = &head[8..];
        let next = json[1..].iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(next, Some(b'"' | b'}')) && (length <= probe.len() - 8 || has_field(json))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::new(&artifact.bytes);
        let length = cursor.u64_le()?;
        let cut = cursor.remaining() < length;
        let json = &cursor.rest()[..length.min(cursor.remaining()).min(READ_LIMIT) as usize];
        let (header, result) = Header::read(json);
        if header.tensors.is_empty() && header.metadata.is_empty() {
            let empty = result.is_ok() && length == artifact.bytes.len() as u64 - 8;
            let damaged = result.is_err() && has_field(&json[..json.len().min(Probe::HEAD)]);
            if !empty && !damaged {
                return Err(FormatError::NotThis);
            }
        }
        let data = 8 + json.len() as u64;
        state(&header, out);
        out.member("(header)", Role::Header, artifact.bytes.slice(8..data as usize))?;
        out.explain(0..data);
        let encrypted = state_protection(&header, out);
        if length > READ_LIMIT && !cut {
            out.explain(data..8 + length);
            let reason =
                format!("the header has {length} bytes, and {READ_LIMIT} of them were read; no model needs that many");
            return Err(FormatError::broken(data, reason));
        }
        if cut {
            let reason = format!("the header should have {length} bytes and {} are there", json.len());
            return Err(FormatError::broken(data, format!("{reason}; the file is cut off, copy it again")));
        }
        if let Err(error) = result {
            let at = 8 + offset_of(json, error.line(), error.column());
            return Err(FormatError::broken(at, format!("the safetensors header is damaged: {error}")));
        }
        explain_tensors(&header.tensors, data, artifact.bytes.len() as u64, encrypted, out)?;
        Ok(Coverage::Part)
    }

    fn ahead(&self, head: &[u8], size: u64) -> Ahead {
        let Ok(length) = Cursor::new(head).u64_le() else { return Ahead::Nothing };
        if !(2..=READ_LIMIT).contains(&length) || !head[8..].starts_with(b"{") {
            return Ahead::Nothing;
        }
        let data = 8 + length;
        let Some(json) = head.get(8..data as usize) else { return Ahead::More(data) };
        let (header, result) = Header::read(json);
        if result.is_err() || header.tensors.is_empty() {
            return Ahead::Nothing;
        }
        let encrypted = encryption(&header) == Some(true);
        Ahead::Explained(header.tensors.iter().filter_map(|tensor| weights_of(tensor, data, size, encrypted)).collect())
    }
}

/// Whether this JSON has a name that only a safetensors header has.
fn has_field(json: &[u8]) -> bool {
    [&b"\"data_offsets\""[..], b"\"__metadata__\"", b"\"dtype\""]
        .iter()
        .any(|field| memchr::memmem::find(json, field).is_some())
}

/// Where a line and a column of `json` are, in bytes.
fn offset_of(json: &[u8], line: usize, column: usize) -> u64 {
    let start = match line.checked_sub(2) {
        Some(skipped) => memchr::memchr_iter(b'\n', json).nth(skipped).map_or(0, |at| at + 1),
        None => 0,
    };
    start.saturating_add(column).min(json.len()) as u64
}

fn state(header: &Header, out: &mut Inspection<'_>) {
    let mut weights = Weights::default();
    for tensor in &header.tensors {
        let count = elements(&tensor.shape).unwrap_or(u64::MAX);
        weights.add(&clip(&tensor.dtype), count, tensor.end.saturating_sub(tensor.begin));
    }
    out.fact("model.format", "safetensors");
    out.fact("model.weights", if header.tensors.is_empty() { "none" } else { "inside" });
    weights.state(out);
    for (fact, names) in NAMES {
        if let Some(text) = names.iter().find_map(|name| header.meta(name)) {
            out.fact(fact, clip(text));
        }
    }
    let producer = match header.meta("format") {
        Some("pt") => Some("PyTorch"),
        Some("tf") => Some("TensorFlow"),
        Some("flax") => Some("Flax"),
        Some("np") => Some("NumPy"),
        Some("mlx") => Some("MLX"),
        other => other,
    };
    if let Some(producer) = producer {
        out.fact("model.producer", clip(producer));
    }
    shards::state(out);
    let told = TRAINING.iter().filter(|(name, _)| header.meta(name).is_some());
    let mut training: BTreeSet<String> = told.map(|(_, what)| (*what).to_owned()).collect();
    let mut optimizer = Training::default();
    header
        .tensors
        .iter()
        .flat_map(|tensor| tensor.name.rsplit(['.', '/']))
        .for_each(|part| optimizer.note(part.as_bytes()));
    if optimizer.has_optimizer() {
        training.extend(optimizer.names().map(str::to_owned));
    }
    if !training.is_empty() {
        out.fact("model.training", clip_list(training));
    }
    if optimizer.has_optimizer() {
        out.fact("model.kind", "checkpoint");
    } else if is_adapter(header) {
        out.fact("model.kind", "adapter");
    }
}

/// Whether the tensors change another model instead of being one (LoRA and its kin).
fn is_adapter(header: &Header) -> bool {
    const MARKS: [&str; 7] = ["lora_A", "lora_B", "lora_up", "lora_down", "lora_embedding_", "hada_w1", "lokr_w1"];
    header.meta("ss_network_module").is_some()
        || header.tensors.iter().any(|tensor| MARKS.iter().any(|mark| tensor.name.contains(mark)))
}

/// States how the tensors are protected, and answers whether all of them are encrypted.
fn state_protection(header: &Header, out: &mut Inspection<'_>) -> bool {
    let Some(encrypted) = encryption(header) else {
        out.fact("model.protection", "plain");
        return false;
    };
    out.fact("model.encryption", "cryptotensors");
    out.fact("model.protection", if encrypted { "encrypted" } else { "unknown" });
    encrypted
}

/// Whether all tensors are encrypted; `None` where none is said to be.
fn encryption(header: &Header) -> Option<bool> {
    let keys: Result<std::collections::BTreeMap<String, serde::de::IgnoredAny>, _> =
        serde_json::from_str(header.meta("__encryption__")?);
    Some(keys.is_ok_and(|keys| {
        header.meta("__crypto_keys__").is_some() && header.tensors.iter().all(|tensor| keys.contains_key(&tensor.name))
    }))
}

/// Where a tensor lies in a file of `size` bytes, unless a text may hide in it or it ends before it begins.
fn weights_of(tensor: &Tensor, data: u64, size: u64, encrypted: bool) -> Option<Range<u64>> {
    let (from, to) = (data.saturating_add(tensor.begin), data.saturating_add(tensor.end));
    let bytes = matches!(tensor.dtype.as_str(), "U8" | "I8" | "BOOL") || !known(&tensor.dtype);
    (from <= to && (encrypted || !may_be_text(bytes, tensor.shape.len()))).then(|| from.min(size)..to.min(size))
}

/// Accounts for the tensors, and checks that they follow each other without holes to the end of the file.
fn explain_tensors(
    tensors: &[Tensor],
    data: u64,
    size: u64,
    encrypted: bool,
    out: &mut Inspection<'_>,
) -> Result<(), FormatError> {
    let mut lies = None;
    let mut ranges: Vec<(u64, u64)> = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let (from, to) = (data.saturating_add(tensor.begin), data.saturating_add(tensor.end));
        if from > to {
            lies = Some(FormatError::broken(from.min(size), "a tensor ends before it begins"));
            continue;
        }
        ranges.push((from, to));
        if let Some(range) = weights_of(tensor, data, size, encrypted) {
            out.explain(range);
        }
        if lies.is_none() && wrong_size(tensor) {
            lies = Some(FormatError::broken(from.min(size), "a tensor has not the size that its shape and type say"));
        }
    }
    ranges.sort_unstable();
    let mut end = data;
    for (from, to) in ranges {
        if from < end && from < to && lies.is_none() {
            lies = Some(FormatError::broken(from.min(size), "two tensors lie over each other; no library writes that"));
        }
        end = end.max(to);
    }
    if end > size {
        let reason =
            format!("the tensors should end at {end} and the file ends at {size}; it is cut off, copy it again");
        return Err(FormatError::broken(size, reason));
    }
    lies.map_or(Ok(()), Err)
}

/// Whether a tensor's range contradicts its shape. Types of less than a byte, and unknown ones, are not judged.
fn wrong_size(tensor: &Tensor) -> bool {
    let size = match tensor.dtype.as_str() {
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => 1,
        "I16" | "U16" | "F16" | "BF16" => 2,
        "I32" | "U32" | "F32" => 4,
        "I64" | "U64" | "F64" | "C64" => 8,
        _ => return false,
    };
    elements(&tensor.shape).and_then(|count| count.checked_mul(size)) != Some(tensor.end.saturating_sub(tensor.begin))
}

/// Whether this is a type of number. What is not is searched: nobody can say what it holds.
fn known(dtype: &str) -> bool {
    matches!(dtype.as_bytes(), [b'F' | b'I' | b'U' | b'C', b'0'..=b'9', ..] | [b'B', b'F', ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FactValue, Stage};
    use crate::formats::testing::{Looked, inspect};

    fn forge(json: &str, data: usize) -> Vec<u8> {
        let mut file = (json.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(json.as_bytes());
        file.resize(file.len() + data, 0x3f);
        file
    }

    fn look(json: &str, data: usize) -> Looked {
        inspect(&Safetensors, "weights.bin", &forge(json, data))
    }

    fn text(looked: &Looked, fact: &str) -> String {
        looked.stated.facts.get(fact).map(ToString::to_string).unwrap_or_default()
    }

    const PLAIN: &str = r#"{"__metadata__":{"format":"pt","license":"mit","ss_output_name":"me"},"w":{"dtype":"F32","shape":[4,6],"data_offsets":[0,96]},"layer.0.b":{"dtype":"F16","shape":[5],"data_offsets":[96,106]}}  "#;

    #[test]
    fn the_header_says_what_the_model_is_and_is_searched() {
        let looked = look(PLAIN, 106);
        assert_eq!(looked.result.as_ref().ok(), Some(&Coverage::Part));
        assert_eq!(looked.stated.facts.int("model.tensors"), 2);
        assert_eq!(looked.stated.facts.int("model.parameters"), 29);
        assert_eq!(looked.stated.facts.int("model.bytes"), 106);
        assert_eq!(text(&looked, "model.dtypes"), "F16, F32");
        assert_eq!(text(&looked, "model.license"), "mit");
        assert_eq!(text(&looked, "model.name"), "me");
        assert_eq!(text(&looked, "model.producer"), "PyTorch");
        assert_eq!(text(&looked, "model.protection"), "plain");
        assert_eq!(looked.members[0].role, Role::Header);
        assert_eq!(looked.members[0].bytes, PLAIN.as_bytes());
        let explained: u64 = looked.stated.explained.iter().map(|range| range.end - range.start).sum();
        assert_eq!(explained, 8 + PLAIN.len() as u64 + 106);
    }

    #[test]
    fn an_empty_model_is_one() {
        assert_eq!(text(&look("{}      ", 0), "model.weights"), "none");
    }

    #[test]
    fn crypto_tensors_are_encrypted_only_when_all_of_them_are() {
        let header = |keys: &str| {
            format!(
                r#"{{"__metadata__":{{"__crypto_keys__":"{{}}","__encryption__":"{keys}"}},"a":{{"dtype":"U8","shape":[4],"data_offsets":[0,4]}},"b":{{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}}}"#
            )
        };
        let whole = look(&header(r#"{\"a\":{\"wrapped_key\":\"x\"},\"b\":{}}"#), 8);
        assert_eq!(text(&whole, "model.protection"), "encrypted");
        assert_eq!(text(&whole, "model.encryption"), "cryptotensors");
        assert!(whole.stated.explained.iter().any(|range| range.end - range.start == 4));
        let partly = look(&header(r#"{\"a\":{}}"#), 8);
        assert_eq!(text(&partly, "model.protection"), "unknown");
    }

    #[test]
    fn a_flat_tensor_of_bytes_is_left_to_be_searched() {
        let json = r#"{"t":{"dtype":"U8","shape":[40],"data_offsets":[0,40]}}"#;
        let looked = look(json, 40);
        let end = 8 + json.len() as u64;
        assert_eq!(looked.stated.explained, vec![0..end]);
    }

    #[test]
    fn tensors_beyond_the_end_are_a_gap_and_other_json_is_not_a_model() {
        assert!(matches!(look(PLAIN, 105).result, Err(FormatError::Broken(_))));
        assert!(matches!(look(r#"{"a":1}"#, 0).result, Err(FormatError::NotThis)));
        assert!(!inspect(&Safetensors, "a", b"{\"a\":1}").sniffed);
        let lying = look(r#"{"w":{"dtype":"F32","shape":[18446744073709551615,9],"data_offsets":[9,3]}}"#, 9);
        assert!(matches!(lying.result, Err(FormatError::Broken(_))));
        assert_eq!(lying.stated.facts.get("model.parameters"), Some(&FactValue::Int(u64::MAX)));
    }

    #[test]
    fn a_truncated_model_is_never_whole() {
        let file = forge(PLAIN, 106);
        for length in (0..file.len()).step_by(7) {
            let looked = inspect(&Safetensors, "model.safetensors", &file[..length]);
            assert!(looked.result.is_err(), "{length}");
            if length > 60 {
                assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
            }
            assert!(looked.stated.gaps.iter().all(|gap| gap.stage == Stage::Format));
        }
    }
}
