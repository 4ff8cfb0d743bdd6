//! MXNet's models: parameters (`.params`, a list of arrays as `NDArray::Save` in `src/ndarray/ndarray.cc` of apache/mxnet
//! writes it) and the graph that needs them (`-symbol.json`).

use serde::de::IgnoredAny;

use super::capped::Tensors;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises parameters.
#[derive(Debug)]
pub struct MxnetParameters;

/// Recognises graphs.
#[derive(Debug)]
pub struct MxnetSymbol;

/// The mark of a list of arrays, and a reserved number.
const MAGIC: [u8; 16] = [0x12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The marks of arrays: the second version, and those with other meanings of shapes without dimensions.
const V1: u32 = 0xf993_fac8;
const V2: u32 = 0xf993_fac9;
const V3: u32 = 0xf993_faca;

/// More dimensions than the library allows.
const RANK: u32 = 32;

impl Format for MxnetParameters {
    fn name(&self) -> &'static str {
        "mxnet-parameters"
    }

    fn summary(&self) -> &'static str {
        "MXNet parameters: tensors, parameters, data types"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&MAGIC)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::at(&artifact.bytes, MAGIC.len() as u64);
        let mut tensors = Tensors::default();
        let end = arrays(&mut cursor, &mut tensors);
        out.fact("model.format", "mxnet-parameters");
        out.fact("model.producer", "MXNet");
        out.fact("model.protection", "plain");
        out.fact("model.weights", if tensors.count() > 0 { "inside" } else { "none" });
        tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Reads the arrays, and the names behind them, which are left to be searched.
fn arrays(cursor: &mut Cursor<'_>, tensors: &mut Tensors) -> Result<(), ReadError> {
    let count = cursor.u64_le()?;
    for _ in 0..count {
        array(cursor, tensors)?;
    }
    for _ in 0..cursor.u64_le()? {
        let length = cursor.u64_le()?;
        cursor.skip(length)?;
    }
    Ok(())
}

fn array(cursor: &mut Cursor<'_>, tensors: &mut Tensors) -> Result<(), ReadError> {
    let magic = cursor.u32_le()?;
    let dense = match magic {
        V2 | V3 => cursor.u32_le()? as i32 <= 0,
        _ => true,
    };
    if !dense {
        return Err(cursor.error("a sparse array, which is not read"));
    }
    // Before the versions, the number of dimensions stood here, and each had four bytes.
    let (rank, wide) = if matches!(magic, V1 | V2 | V3) { (cursor.u32_le()?, true) } else { (magic, false) };
    if rank > RANK {
        return Err(cursor.error(format!("an array has {rank} dimensions")));
    }
    let mut elements = 1u64;
    for _ in 0..rank {
        let side = if wide { cursor.u64_le()? } else { cursor.u32_le()?.into() };
        elements = elements.saturating_mul(side);
    }
    if rank == 0 && magic != V3 {
        return Ok(());
    }
    // The device that it was on.
    cursor.skip(8)?;
    let kind = cursor.u32_le()?;
    let (name, size) = match kind {
        0 => ("F32", 4),
        1 => ("F64", 8),
        2 => ("F16", 2),
        3 => ("U8", 1),
        4 => ("I32", 4),
        5 => ("I8", 1),
        6 => ("I64", 8),
        7 => ("BOOL", 1),
        12 => ("BF16", 2),
        other => return Err(cursor.error(format!("{other} is not a type of arrays that is known"))),
    };
    tensors.add(name, [elements]);
    let offset = cursor.offset();
    let data = cursor.take_u64(elements.saturating_mul(size))?;
    tensors.data(data, offset);
    Ok(())
}

impl Format for MxnetSymbol {
    fn name(&self) -> &'static str {
        "mxnet"
    }

    fn summary(&self) -> &'static str {
        "MXNet graph: version, and that its parameters lie in another file"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let has = |needle| memchr::memmem::find(head, needle).is_some();
        probe.is_text()
            && head.trim_ascii_start().first() == Some(&b'{')
            && has(b"\"nodes\"")
            && has(b"\"op\": \"null\"")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let symbol: Symbol = match serde_json::from_slice(&artifact.bytes) {
            Ok(symbol) => symbol,
            Err(error) if error.is_eof() => {
                return Err(FormatError::broken(artifact.bytes.len() as u64, "the graph is cut off"));
            }
            Err(_) => return Err(FormatError::NotThis),
        };
        // TVM writes graphs of the same form, with types and places of everything.
        if symbol.attrs.dltype.is_some() {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "mxnet");
        if let Some((_, version)) = symbol.attrs.mxnet_version {
            let [major, minor, patch] = [10_000, 100, 1].map(|unit| version / unit % 100);
            out.fact("model.version", format!("{major}.{minor}.{patch}"));
        }
        out.fact("model.producer", "MXNet");
        out.fact("model.protection", "plain");
        out.fact("model.weights", if symbol.arg_nodes.len() > 1 { "external" } else { "none" });
        Ok(Coverage::Part)
    }
}

#[derive(serde::Deserialize)]
struct Symbol {
    #[serde(rename = "nodes")]
    _nodes: Vec<IgnoredAny>,
    arg_nodes: Vec<u64>,
    #[serde(rename = "heads")]
    _heads: Vec<IgnoredAny>,
    #[serde(default)]
    attrs: Attributes,
}

#[derive(serde::Deserialize, Default)]
struct Attributes {
    mxnet_version: Option<(String, u64)>,
    dltype: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn params(sides: &[u64]) -> Vec<u8> {
        let mut out = [&MAGIC[..], &1u64.to_le_bytes(), &V2.to_le_bytes(), &0u32.to_le_bytes()].concat();
        out.extend((sides.len() as u32).to_le_bytes());
        sides.iter().for_each(|side| out.extend(side.to_le_bytes()));
        out.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out
    }

    #[test]
    fn arrays_are_counted() {
        let mut bytes = params(&[6, 10]);
        bytes.extend([0, 0, 0x80, 0x3f].repeat(60));
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(8u64.to_le_bytes());
        bytes.extend(b"arg:fc_w");
        let looked = inspect(&MxnetParameters, "x.bin", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")), (1, 60, 240));
        for end in 16..bytes.len() {
            assert!(matches!(inspect(&MxnetParameters, "x", &bytes[..end]).result, Err(FormatError::Broken(_))));
        }
        let huge = params(&[1 << 60, 1 << 60]);
        assert!(matches!(inspect(&MxnetParameters, "x", &huge).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn a_graph_says_its_version() {
        let json =
            br#"{"nodes": [{"op": "null", "name": "data", "inputs": []}, {"op": "null", "name": "w", "inputs": []}],
            "arg_nodes": [0, 1], "heads": [[1, 0, 0]], "attrs": {"mxnet_version": ["int", 10901]}}"#;
        let facts = inspect(&MxnetSymbol, "scorer-symbol.json", json).stated.facts;
        assert_eq!(facts.get("model.version"), Some(&FactValue::from("1.9.1")));
        let other = br#"{"nodes": [{"op": "null"}], "edges": []}"#;
        assert!(matches!(inspect(&MxnetSymbol, "graph.json", other).result, Err(FormatError::NotThis)));
    }
}
