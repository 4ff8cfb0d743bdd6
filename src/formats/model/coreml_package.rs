//! What lies around a Core ML model: the manifest of a package (`.mlpackage`), and the program (`model.mil`) and the
//! description (`metadata.json`) of a compiled one (`.mlmodelc`).
//!
//! The manifest follows `modelpackage/src/ModelPackage.hpp` of apple/coremltools; the two files of compiled models are
//! text and not documented. Their `coremldata.bin` has no mark and is left to be searched.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::capped::{self, Tensors};
use crate::bytes::Probe;
use crate::bytes::text::lossy;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises manifests of packages.
#[derive(Debug)]
pub struct CoreMlPackage;

/// Recognises programs and descriptions of compiled models.
#[derive(Debug)]
pub struct CoreMlCompiled;

/// How many parts are listed.
const PARTS: usize = 32;

/// How many values are counted. The largest programs have some ten thousand.
const BLOBS: usize = 200_000;

/// What stands before a value that lies in a file of blobs.
const BLOB: &[u8] = b"(BLOBFILE(path = ";

/// How far before that its type begins, and how long a path is.
const NEAR: usize = 300;

fn has(head: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(head, needle).is_some()
}

impl Format for CoreMlPackage {
    fn name(&self) -> &'static str {
        "coreml-package"
    }

    fn summary(&self) -> &'static str {
        "manifest of a Core ML package: where its model and its weights lie"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        probe.is_text()
            && head.trim_ascii_start().first() == Some(&b'{')
            && has(head, b"\"itemInfoEntries\"")
            && has(head, b"\"com.apple.CoreML\"")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let manifest: Manifest<'_> = match serde_json::from_slice(&artifact.bytes) {
            Ok(manifest) => manifest,
            Err(error) if error.is_eof() => {
                return Err(FormatError::broken(artifact.bytes.len() as u64, "the manifest is cut off"));
            }
            Err(_) => return Err(FormatError::NotThis),
        };
        out.fact("model.format", "coreml-package");
        capped::state(out, "model.version", manifest.version.as_bytes());
        out.fact("model.weights", "external");
        out.fact("model.protection", "plain");
        // The other item is a folder, `weights`, which the model itself names.
        let files = manifest.items.values().filter(|item| item.path.ends_with(".mlmodel"));
        files.take(PARTS).for_each(|item| out.part(&format!("Data/{}", item.path)));
        Ok(Coverage::Part)
    }
}

#[derive(serde::Deserialize)]
struct Manifest<'a> {
    #[serde(borrow, rename = "fileFormatVersion")]
    version: Cow<'a, str>,
    #[serde(borrow, rename = "itemInfoEntries")]
    items: BTreeMap<Cow<'a, str>, Item<'a>>,
}

#[derive(serde::Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
}

impl Format for CoreMlCompiled {
    fn name(&self) -> &'static str {
        "coreml-compiled"
    }

    fn summary(&self) -> &'static str {
        "compiled Core ML model: weights that its program names, author and licence from its description"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        probe.is_text()
            && (probe.starts_with(b"program(") && has(head, b"func ") && has(head, b"tensor<")
                || head.trim_ascii_start().first() == Some(&b'[')
                    && (has(head, b"\"metadataOutputVersion\"")
                        || has(head, b"\"storagePrecision\"") && has(head, b"\"inputSchema\"")))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        if bytes.starts_with(b"program(") { program(bytes, out) } else { description(bytes, out) }
    }
}

/// A program: of interest are the values that lie in a file of blobs, whose types stand before them.
fn program(bytes: &[u8], out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
    let version = bytes[8..].split(|byte| *byte == b')').next().unwrap_or_default();
    if version.len() > 8 || !version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return Err(FormatError::NotThis);
    }
    let (mut tensors, mut parts) = (Tensors::default(), BTreeSet::new());
    for at in memchr::memmem::find_iter(bytes, BLOB).take(BLOBS) {
        let before = &bytes[at.saturating_sub(NEAR)..at];
        let kind = memchr::memmem::rfind(before, b"tensor<").map(|start| &before[start + 7..]);
        if let Some((dtype, bits, elements)) = kind.and_then(tensor_type) {
            tensors.add(dtype, [elements]);
            tensors.elsewhere(elements.saturating_mul(bits).div_ceil(8));
        }
        let after = &bytes[at..bytes.len().min(at + NEAR)];
        if let Some(path) = memchr::memmem::find(after, b"@model_path/").map(|start| &after[start + 12..])
            && parts.len() < PARTS
        {
            parts.insert(capped::text(path.split(|byte| *byte == b'"').next().unwrap_or_default()));
        }
    }
    out.fact("model.format", "coreml-compiled");
    capped::state(out, "model.version", format!("program {}", lossy(version)).as_bytes());
    out.fact("model.architecture", "ML program");
    out.fact("model.protection", "plain");
    out.fact("model.weights", if parts.is_empty() { "none" } else { "external" });
    parts.iter().for_each(|part| out.part(part));
    tensors.state(out);
    if bytes.trim_ascii_end().last() != Some(&b'}') {
        return Err(FormatError::broken(bytes.len() as u64, "the program is cut off"));
    }
    Ok(Coverage::Part)
}

/// `fp16, [64, 3]>`: the short name of the type, its bits, and the number of elements.
fn tensor_type(text: &[u8]) -> Option<(&'static str, u64, u64)> {
    let (kind, rest) = text.split_at(text.iter().position(|byte| *byte == b',')?);
    let (name, bits) = match kind {
        b"fp16" => ("F16", 16),
        b"fp32" => ("F32", 32),
        b"int8" => ("I8", 8),
        b"uint8" => ("U8", 8),
        b"int16" => ("I16", 16),
        b"uint16" => ("U16", 16),
        b"int32" => ("I32", 32),
        b"int4" => ("I4", 4),
        b"uint4" => ("U4", 4),
        b"uint6" => ("U6", 6),
        b"uint3" => ("U3", 3),
        b"uint2" => ("U2", 2),
        b"uint1" => ("U1", 1),
        _ => return None,
    };
    let start = rest.iter().position(|byte| *byte == b'[')? + 1;
    let sides = &rest[start..rest.iter().position(|byte| *byte == b']')?];
    let sides = lossy(sides).split(',').map(|side| side.trim().parse().unwrap_or(1)).collect::<Vec<u64>>();
    Some((name, bits, sides.iter().fold(1, |product: u64, side| product.saturating_mul(*side))))
}

#[derive(serde::Deserialize)]
struct Description<'a> {
    #[serde(borrow, rename = "storagePrecision", default)]
    precision: Cow<'a, str>,
    #[serde(borrow, default)]
    author: Cow<'a, str>,
    #[serde(borrow, default)]
    license: Cow<'a, str>,
    #[serde(borrow, rename = "shortDescription", default)]
    description: Cow<'a, str>,
    #[serde(rename = "specificationVersion", default)]
    specification: u64,
}

fn description(bytes: &[u8], out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
    let descriptions: Vec<Description<'_>> = match serde_json::from_slice(bytes) {
        Ok(descriptions) => descriptions,
        Err(error) if error.is_eof() => {
            return Err(FormatError::broken(bytes.len() as u64, "the description is cut off"));
        }
        Err(_) => return Err(FormatError::NotThis),
    };
    let first = descriptions.first().ok_or(FormatError::NotThis)?;
    out.fact("model.format", "coreml-compiled");
    out.fact("model.version", format!("specification {}", first.specification));
    capped::state(out, "model.author", first.author.as_bytes());
    capped::state(out, "model.license", first.license.as_bytes());
    capped::state(out, "model.name", first.description.as_bytes());
    capped::state(out, "model.quantisation", first.precision.as_bytes());
    Ok(Coverage::Part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    #[test]
    fn a_program_tells_its_weights() {
        let text = br#"program(1.3)
[buildInfo = dict<string, string>({{"coremlc-version", "3500.14.1"}})]
{
    func main<ios18>(tensor<fp16, [1, 10]> x) {
            tensor<fp16, [20, 10]> w = const()[name = string("w"), val = tensor<fp16, [20, 10]>(BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
            tensor<fp16, [1, 20]> y = linear(weight = w, x = x)[name = string("y")];
        } -> (y);
}
"#;
        let looked = inspect(&CoreMlCompiled, "model.mil", text);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(
            (facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")),
            (1, 200, 400)
        );
        assert_eq!(looked.stated.parts, ["weights/weight.bin"]);
        let json = br#"[{"metadataOutputVersion": "3.0", "storagePrecision": "Float16", "author": "Example Ltd",
            "license": "proprietary", "specificationVersion": 9, "inputSchema": []}]"#;
        let facts = inspect(&CoreMlCompiled, "metadata.json", json).stated.facts;
        assert_eq!(facts.get("model.license"), Some(&FactValue::from("proprietary")));
    }
}
