//! TensorFlow Lite (LiteRT) models: a FlatBuffer with the identifier `TFL3`.
//!
//! Follows `tensorflow/lite/schema/schema.fbs` version 3; name, licence and author come from the model metadata
//! (`metadata_schema.fbs`, identifier `M001`) where a model carries it.

use std::collections::BTreeSet;

use super::capped::{self, Tensors};
use super::flatbuffer::{Table, Vector};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises TensorFlow Lite models.
#[derive(Debug)]
pub struct Tflite;

/// The root table of a real model follows its header; anything further away is some other file with these four bytes.
const ROOT_BEFORE: u32 = 4 << 10;

/// More dimensions than any tensor has; a hostile file may announce billions.
const DIMENSIONS: u32 = 16;

/// The type of tensors that hold text.
const STRING: u8 = 5;

impl Format for Tflite {
    fn name(&self) -> &'static str {
        "tflite"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow Lite model: tensors, parameters, description, and name, author and licence from its metadata"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let root = match probe.head() {
            [a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => return false,
        };
        probe.has_at(4, b"TFL3") && root % 4 == 0 && (8..ROOT_BEFORE).contains(&root)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let root = Table::root(bytes)?;
        let version = root.u32(0)?;
        if version > 16 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "tflite");
        out.fact("model.version", version.to_string());
        out.fact("model.protection", "plain");
        let mut model = Model {
            tensors: Tensors::default(),
            quantised: BTreeSet::new(),
            seen: Vec::new(),
            left: bytes.len() as u64 / 4,
            bytes,
        };
        let end = model.read(root, out);
        out.fact("model.weights", if model.tensors.bytes() > 0 { "inside" } else { "none" });
        let quantised = model.quantised.iter().copied().collect::<Vec<_>>().join(", ");
        capped::state(out, "model.quantisation", quantised.as_bytes());
        model.tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

struct Model<'a> {
    tensors: Tensors,
    /// The types of tensors whose numbers have a scale.
    quantised: BTreeSet<&'static str>,
    /// One bit for each buffer that was counted: subgraphs share them.
    seen: Vec<u64>,
    /// How many more tables may be visited. Each needs an offset of four bytes of its own, unless vectors overlap,
    /// which no compiler writes and which could make us visit the same tables again and again.
    left: u64,
    bytes: &'a [u8],
}

impl<'a> Model<'a> {
    fn read(&mut self, root: Table<'a>, out: &mut Inspection<'_>) -> Result<(), ReadError> {
        capped::state(out, "model.producer", root.block(3)?.0);
        let buffers = root.tables(4)?;
        self.spend(buffers)?;
        self.seen = vec![0; buffers.len() as usize / 64 + 1];
        self.metadata(root, buffers, out)?;
        let subgraphs = root.tables(2)?;
        self.spend(subgraphs)?;
        for subgraph in subgraphs.each_table() {
            let subgraph = subgraph?;
            subgraph.block(4)?;
            let tensors = subgraph.tables(0)?;
            self.spend(tensors)?;
            for tensor in tensors.each_table() {
                self.tensor(tensor?, buffers)?;
            }
            let operators = subgraph.tables(3)?;
            self.spend(operators)?;
            for operator in operators.each_table() {
                let operator = operator?;
                operator.scalars(1, 4)?;
                operator.scalars(2, 4)?;
            }
        }
        // Whatever is left is only visited to tell a whole file from one that was cut off.
        for buffer in buffers.each_table() {
            self.buffer(buffer?)?;
        }
        let codes = root.tables(1)?;
        self.spend(codes)?;
        for code in codes.each_table() {
            code?.block(1)?;
        }
        Ok(())
    }

    fn spend(&mut self, vector: Vector<'a>) -> Result<(), ReadError> {
        self.left = self
            .left
            .checked_sub(u64::from(vector.len()))
            .ok_or_else(|| ReadError::new(0, "its vectors overlap, so that it has more tables than bytes"))?;
        Ok(())
    }

    fn tensor(&mut self, tensor: Table<'a>, buffers: Vector<'a>) -> Result<(), ReadError> {
        tensor.block(3)?;
        let (shape, kind, index) = (tensor.scalars(0, 4)?, tensor.u8(1)?, tensor.u32(2)?);
        if index == 0 {
            // The buffer that is always there and always empty.
            return Ok(());
        }
        let bit = 1u64 << (index % 64);
        let Some(word) = self.seen.get_mut(index as usize / 64).filter(|word| **word & bit == 0) else {
            return Ok(());
        };
        *word |= bit;
        let (data, offset) = self.buffer(buffers.table(index)?)?;
        if data.is_empty() {
            return Ok(());
        }
        if shape.len() <= DIMENSIONS {
            let dims: Result<Vec<u64>, _> = (0..shape.len()).map(|at| shape.u32(at).map(u64::from)).collect();
            self.tensors.add(dtype(kind), dims?);
        }
        // `QuantizationParameters.scale`.
        if let Some(quantisation) = tensor.table(4)?
            && quantisation.scalars(2, 4)?.len() > 0
        {
            self.quantised.insert(dtype(kind));
        }
        if kind != STRING {
            self.tensors.data(data, offset);
        }
        Ok(())
    }

    /// The data of a buffer: in a vector, or behind the FlatBuffer in models of more than 2 GiB.
    fn buffer(&self, buffer: Table<'a>) -> Result<(&'a [u8], u64), ReadError> {
        let (offset, size) = (buffer.u64(1)?, buffer.u64(2)?);
        // 0 and 1 stand for "not used" and "not settled".
        if offset <= 1 || size == 0 {
            return buffer.block(0);
        }
        let data = crate::bytes::Cursor::at(self.bytes, offset).take_u64(size)?;
        Ok((data, offset))
    }

    fn metadata(&mut self, root: Table<'a>, buffers: Vector<'a>, out: &mut Inspection<'_>) -> Result<(), ReadError> {
        let entries = root.tables(6)?;
        self.spend(entries)?;
        for entry in entries.each_table() {
            let entry = entry?;
            if entry.block(0)?.0 != b"TFLITE_METADATA" {
                continue;
            }
            let (inner, offset) = self.buffer(buffers.table(entry.u32(1)?)?)?;
            if let Err(error) = state_metadata(inner, out) {
                return Err(ReadError::new(offset.saturating_add(error.offset), error.reason));
            }
        }
        Ok(())
    }
}

fn state_metadata(bytes: &[u8], out: &mut Inspection<'_>) -> Result<(), ReadError> {
    let root = Table::root(bytes)?;
    capped::state(out, "model.name", root.block(0)?.0);
    capped::state(out, "model.author", root.block(4)?.0);
    capped::state(out, "model.license", root.block(5)?.0);
    Ok(())
}

/// The name of a `TensorType`, in the short form that safetensors uses.
fn dtype(number: u8) -> &'static str {
    const NAMES: [&str; 20] = [
        "F32", "F16", "I32", "U8", "I64", "string", "BOOL", "I16", "C64", "I8", "F64", "C128", "U64", "resource",
        "variant", "U32", "U16", "I4", "BF16", "I2",
    ];
    NAMES.get(usize::from(number)).copied().unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    /// Writes a FlatBuffer front to back: what a table points at follows it.
    enum Item {
        U32(u32),
        Text(Vec<u8>),
        Numbers(Vec<u32>),
        Tables(Vec<Vec<Option<Item>>>),
    }
    use Item::*;

    fn put(out: &mut [u8], at: usize, value: usize) {
        out[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap().to_le_bytes());
    }

    fn table(out: &mut Vec<u8>, fields: &[Option<Item>]) -> usize {
        out.resize(out.len().next_multiple_of(4), 0);
        let vtable = out.len();
        out.extend((4 + 2 * fields.len() as u16).to_le_bytes());
        out.extend((4 + 4 * fields.len() as u16).to_le_bytes());
        for (index, field) in fields.iter().enumerate() {
            out.extend(field.as_ref().map_or(0, |_| 4 + 4 * index as u16).to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(4), 0);
        let at = out.len();
        out.resize(at + 4 + 4 * fields.len(), 0);
        put(out, at, at - vtable);
        for (index, field) in fields.iter().enumerate() {
            let slot = at + 4 + 4 * index;
            match field {
                None => {}
                Some(U32(number)) => put(out, slot, *number as usize),
                Some(Text(bytes)) => {
                    out.resize(out.len().next_multiple_of(4), 0);
                    let target = out.len();
                    put(out, slot, target - slot);
                    out.extend((bytes.len() as u32).to_le_bytes());
                    out.extend(bytes);
                    out.push(0);
                }
                Some(Numbers(numbers)) => {
                    out.resize(out.len().next_multiple_of(4), 0);
                    let target = out.len();
                    put(out, slot, target - slot);
                    out.extend((numbers.len() as u32).to_le_bytes());
                    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                }
                Some(Tables(tables)) => {
                    out.resize(out.len().next_multiple_of(4), 0);
                    let target = out.len();
                    put(out, slot, target - slot);
                    out.extend((tables.len() as u32).to_le_bytes());
                    out.resize(out.len() + 4 * tables.len(), 0);
                    for (index, fields) in tables.iter().enumerate() {
                        let element = target + 4 + 4 * index;
                        let inner = table(out, fields);
                        put(out, element, inner - element);
                    }
                }
            }
        }
        at
    }

    fn flatbuffer(id: &[u8; 4], fields: &[Option<Item>]) -> Vec<u8> {
        let mut out = [&[0; 4][..], id].concat();
        let root = table(&mut out, fields);
        put(&mut out, 0, root);
        out
    }

    fn text(text: &str) -> Option<Item> {
        Some(Text(text.into()))
    }

    fn model() -> Vec<u8> {
        let tensor = |shape: &[u32], buffer, name| {
            vec![Some(Numbers(shape.to_vec())), Some(U32(0)), Some(U32(buffer)), text(name)]
        };
        let tensors = vec![
            tensor(&[1, 10], 0, "input"),
            tensor(&[10, 20], 1, "dense/weights"),
            tensor(&[10, 20], 1, "the same buffer again"),
        ];
        let operator = vec![None, Some(Numbers(vec![0, 1])), Some(Numbers(vec![2]))];
        let subgraph = vec![Some(Tables(tensors)), None, None, Some(Tables(vec![operator])), text("main")];
        let metadata = flatbuffer(
            b"M001",
            &[text("scorer"), text("private"), text("v1"), None, text("Example Ltd"), text("proprietary")],
        );
        let buffers = vec![vec![], vec![Some(Text([0, 0, 0x80, 0x3f].repeat(200)))], vec![Some(Text(metadata))]];
        flatbuffer(
            b"TFL3",
            &[
                Some(U32(3)),
                None,
                Some(Tables(vec![subgraph])),
                text("MLIR Converted."),
                Some(Tables(buffers)),
                None,
                Some(Tables(vec![vec![text("TFLITE_METADATA"), Some(U32(2))]])),
            ],
        )
    }

    #[test]
    fn a_model_states_what_it_holds_and_explains_its_weights() {
        let bytes = model();
        let looked = inspect(&Tflite, "model.bin", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        for (name, expected) in [
            ("model.format", FactValue::from("tflite")),
            ("model.version", "3".into()),
            ("model.producer", "MLIR Converted.".into()),
            ("model.name", "scorer".into()),
            ("model.author", "Example Ltd".into()),
            ("model.license", "proprietary".into()),
            ("model.weights", "inside".into()),
            ("model.tensors", 1u64.into()),
            ("model.parameters", 200u64.into()),
            ("model.bytes", 800u64.into()),
            ("model.dtypes", vec!["F32".to_owned()].into()),
        ] {
            assert_eq!(facts.get(name), Some(&expected), "{name}");
        }
        let [range] = &looked.stated.explained[..] else { panic!("{:?}", looked.stated.explained) };
        assert!(bytes[range.start as usize..range.end as usize] == [0, 0, 0x80, 0x3f].repeat(200)[..]);
    }

    #[test]
    fn four_bytes_at_offset_4_do_not_make_a_model() {
        for bytes in [&b"the TFL3 format"[..], b"\x10\0\0", b"\x06\0\0\0TFL3", b"\0\0\0\x40TFL3"] {
            assert!(!inspect(&Tflite, "notes.tflite", bytes).sniffed);
        }
    }

    #[test]
    fn a_model_that_is_cut_off_is_broken() {
        let bytes = model();
        // The last text ends with padding that nothing reads.
        for end in (0..bytes.len() - 8).step_by(97).chain(8..bytes.len() - 8) {
            let looked = inspect(&Tflite, "m.tflite", &bytes[..end]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))) || end < 8, "{end}: {:?}", looked.result);
        }
        let cut = inspect(&Tflite, "m.tflite", &bytes[..bytes.len() - 40]);
        assert_eq!(cut.stated.facts.get("model.format"), Some(&FactValue::from("tflite")));
    }

    #[test]
    fn overlapping_vectors_are_not_visited_again_and_again() {
        let tensors = Some(Tables((0..300).map(|_| vec![Some(U32(0))]).collect()));
        let subgraphs = std::iter::once(vec![tensors]).chain((1..300).map(|_| vec![])).collect();
        let mut bytes = flatbuffer(b"TFL3", &[Some(U32(3)), None, Some(Tables(subgraphs))]);
        // The root table has three fields and ends at 36; the vector of subgraphs follows. All become the first one.
        assert_eq!(bytes[36..40], 300u32.to_le_bytes());
        let first = 40 + u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
        for element in (40..40 + 4 * 300).step_by(4) {
            put(&mut bytes, element, first - element);
        }
        let looked = inspect(&Tflite, "m.tflite", &bytes);
        let Err(FormatError::Broken(error)) = looked.result else { panic!("{:?}", looked.result) };
        assert!(error.reason.contains("overlap"));
    }
}
