//! PaddlePaddle's models: the program (`.pdmodel`, a `ProgramDesc` after `paddle/fluid/framework/framework.proto`) and
//! its parameters (`.pdiparams`: one tensor after the other, as `SerializeToStream` in `lod_tensor.cc` writes them).

use super::capped::Tensors;
use super::proto::{Walk, first_fields, is_name, is_operator, numbers};
use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises programs.
#[derive(Debug)]
pub struct PaddleProgram;

/// Recognises parameters.
#[derive(Debug)]
pub struct PaddleParameters;

/// How long the description of a tensor may be: a type and some dimensions.
const DESCRIPTION: u32 = 1 << 10;

/// How many tensors are counted.
const TENSORS: u32 = 2_000_000;

/// The short name of a type, and its bytes.
type Kind = (&'static str, u64);

/// The name of a `VarType.Type` that a tensor may have, and its bytes.
fn dtype(number: u64) -> Option<Kind> {
    Some(match number {
        0 => ("BOOL", 1),
        1 => ("I16", 2),
        2 => ("I32", 4),
        3 => ("I64", 8),
        4 => ("F16", 2),
        5 => ("F32", 4),
        6 => ("F64", 8),
        19 => ("U64", 8),
        20 => ("U8", 1),
        21 => ("I8", 1),
        22 => ("BF16", 2),
        23 => ("C64", 8),
        24 => ("C128", 16),
        _ => return None,
    })
}

impl Format for PaddleProgram {
    fn name(&self) -> &'static str {
        "paddle"
    }

    fn summary(&self) -> &'static str {
        "PaddlePaddle program: version, parameters that it needs, and that their values lie beside it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.head().first() == Some(&0x0a)
            && first_fields(Slice::whole(probe.all()), 2).is_some_and(|fields| {
                matches!(fields.first(), Some(Field { number: 1, value: Value::Bytes(block), .. }) if is_block(*block))
            })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut program = Program::default();
        let end = program.read(&walk, Slice::whole(&artifact.bytes));
        if program.foreign || program.operators == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "paddle");
        if program.version > 0 {
            let [major, minor, patch] = [1_000_000, 1_000, 1].map(|unit| program.version / unit % 1_000);
            out.fact("model.version", format!("{major}.{minor}.{patch}"));
        }
        out.fact("model.producer", "PaddlePaddle");
        out.fact("model.protection", "plain");
        if program.quantised {
            out.fact("model.quantisation", "quantised operators");
        }
        let external = program.tensors.count() > 0;
        out.fact("model.weights", if external { "external" } else { "none" });
        if let (true, Some(stem)) = (external, artifact.path.base_name().strip_suffix(".pdmodel")) {
            out.part(&format!("{stem}.pdiparams"));
        }
        program.tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Whether this begins as a `BlockDesc`: its number, its parent's number, then variables.
fn is_block(block: Slice<'_>) -> bool {
    let Some(fields) = first_fields(block, 3) else { return false };
    matches!(&fields[..], [
        Field { number: 1, value: Value::Varint(0), .. },
        Field { number: 2, value: Value::Varint(_), .. },
        Field { number: 3, value: Value::Bytes(variable), .. },
    ] if is_variable(*variable))
}

/// Whether this begins as a `VarDesc`: a name, then a type.
fn is_variable(variable: Slice<'_>) -> bool {
    let Some(fields) = first_fields(variable, 2) else { return false };
    matches!(&fields[..], [
        Field { number: 1, value: Value::Bytes(name), .. },
        Field { number: 2, value: Value::Bytes(_), .. },
    ] if is_name(name.bytes))
}

#[derive(Default)]
struct Program {
    foreign: bool,
    version: u64,
    operators: u64,
    quantised: bool,
    tensors: Tensors,
}

impl Program {
    fn read(&mut self, walk: &Walk, program: Slice<'_>) -> Result<(), ReadError> {
        walk.each(program, |field| {
            match (field.number, field.value) {
                (1, Value::Bytes(block)) => walk.each(block, |field| match (field.number, field.value) {
                    (3, Value::Bytes(variable)) => self.variable(walk, variable),
                    (4, Value::Bytes(operator)) => self.operator(walk, operator),
                    _ => Ok(()),
                })?,
                (4, Value::Bytes(version)) => walk.each(version, |field| {
                    if let (1, Value::Varint(number)) = (field.number, field.value) {
                        self.version = number;
                    }
                    Ok(())
                })?,
                (2 | 3 | 5, Value::Bytes(_)) => {}
                _ => self.foreign = true,
            }
            Ok(())
        })
    }

    fn operator(&mut self, walk: &Walk, operator: Slice<'_>) -> Result<(), ReadError> {
        walk.each(operator, |field| {
            if let (3, Value::Bytes(kind)) = (field.number, field.value) {
                self.operators += u64::from(is_operator(kind.bytes));
                self.quantised |= kind.bytes.starts_with(b"quantize_linear") || kind.bytes.starts_with(b"fake_");
            }
            Ok(())
        })
    }

    /// `VarDesc`: a variable that persists and is a tensor is a parameter.
    fn variable(&mut self, walk: &Walk, variable: Slice<'_>) -> Result<(), ReadError> {
        let (mut persistable, mut found) = (false, None);
        walk.each(variable, |field| {
            match (field.number, field.value) {
                (3, Value::Varint(number)) => persistable = number == 1,
                // `VarType.lod_tensor` is a `LoDTensorDesc`, whose first field is the tensor.
                (2, Value::Bytes(kind)) => walk.each(kind, |field| match (field.number, field.value) {
                    (3, Value::Bytes(lod)) => walk.each(lod, |field| {
                        if let (1, Value::Bytes(tensor)) = (field.number, field.value) {
                            found = Some(described(walk, tensor)?);
                        }
                        Ok(())
                    }),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })?;
        if let (true, Some((Some((name, size)), elements))) = (persistable, found) {
            self.tensors.add(name, [elements]);
            self.tensors.elsewhere(elements.saturating_mul(size));
        }
        Ok(())
    }
}

/// `TensorDesc`: type and dimensions; one that is not known counts as one.
fn described(walk: &Walk, tensor: Slice<'_>) -> Result<(Option<Kind>, u64), ReadError> {
    let (mut kind, mut elements) = (None, 1u64);
    walk.each(tensor, |field| {
        match (field.number, field.value) {
            (1, Value::Varint(number)) => kind = dtype(number),
            (2, value) => numbers(value, |side| {
                elements = elements.saturating_mul(if (side as i64) < 0 { 1 } else { side });
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((kind, elements))
}

impl Format for PaddleParameters {
    fn name(&self) -> &'static str {
        "paddle-parameters"
    }

    fn summary(&self) -> &'static str {
        "PaddlePaddle parameters: tensors, parameters, data types"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // Most files that begin with zeros go on with more of them.
        probe.starts_with(&[0; 16]) && matches!(tensor(probe.all(), 0), Ok(Some(_)))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut tensors = Tensors::default();
        let mut at = 0;
        let mut end = Ok(());
        for _ in 0..TENSORS {
            if at >= bytes.len() as u64 {
                break;
            }
            match tensor(bytes, at) {
                Ok(Some(found)) => {
                    tensors.add(found.dtype, [found.elements]);
                    let data =
                        Cursor::at(bytes, found.data).take_u64(found.size.min(bytes.len() as u64 - found.data))?;
                    tensors.data(data, found.data);
                    at = found.data.saturating_add(found.size);
                }
                Ok(None) => {
                    end = Err(FormatError::broken(at, "no tensor where one should be"));
                    break;
                }
                Err(error) => {
                    end = Err(error.into());
                    break;
                }
            }
        }
        if tensors.count() == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "paddle-parameters");
        out.fact("model.producer", "PaddlePaddle");
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        tensors.state(out);
        end?;
        if at > bytes.len() as u64 {
            return Err(FormatError::broken(bytes.len() as u64, format!("it should have {at} bytes at least")));
        }
        Ok(Coverage::Part)
    }
}

/// A tensor in a file of parameters.
struct Stored {
    dtype: &'static str,
    elements: u64,
    data: u64,
    size: u64,
}

/// The tensor at `at`: a version, no levels of detail, a version, and a description, behind which its data lies. `None`
/// where there is none.
fn tensor(bytes: &[u8], at: u64) -> Result<Option<Stored>, ReadError> {
    let mut cursor = Cursor::at(bytes, at);
    if cursor.take(16)? != [0; 16] {
        return Ok(None);
    }
    let length = cursor.u32_le()?;
    if !(2..=DESCRIPTION).contains(&length) {
        return Ok(None);
    }
    let description = Slice { bytes: cursor.take(length as usize)?, offset: at };
    let known = |field: &Field<'_>| matches!((field.number, field.value), (1, Value::Varint(_)) | (2, _));
    if !first_fields(description, 16).is_some_and(|fields| fields[0].number == 1 && fields.iter().all(known)) {
        return Ok(None);
    }
    let (Some((name, bytes_each)), elements) = described(&Walk::new(), description)? else { return Ok(None) };
    Ok(Some(Stored { dtype: name, elements, data: cursor.offset(), size: elements.saturating_mul(bytes_each) }))
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block, number};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn description(sides: &[u64]) -> Vec<u8> {
        [number(1, 5), sides.iter().flat_map(|side| number(2, *side)).collect()].concat()
    }

    fn stored(sides: &[u64]) -> Vec<u8> {
        let description = description(sides);
        let data = [0, 0, 0x80, 0x3f].repeat(sides.iter().product::<u64>() as usize);
        [vec![0; 16], (description.len() as u32).to_le_bytes().to_vec(), description, data].concat()
    }

    #[test]
    fn parameters_are_counted() {
        let bytes = [stored(&[6, 10]), stored(&[10])].concat();
        let looked = inspect(&PaddleParameters, "x.bin", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")), (2, 70, 280));
        for end in 30..bytes.len() {
            let cut = inspect(&PaddleParameters, "x.bin", &bytes[..end]);
            let whole = stored(&[6, 10]).len();
            assert!(matches!(cut.result, Err(FormatError::Broken(_))) || end == whole, "{end} {:?}", cut.result);
        }
        let huge = stored(&[]).repeat(1);
        let huge = [&huge[..16], &[12, 0, 0, 0], &[8, 5, 16, 255, 255, 255, 255, 255, 255, 255, 255, 63]].concat();
        assert!(matches!(inspect(&PaddleParameters, "x.bin", &huge).result, Err(FormatError::Broken(_))));
        for other in [vec![0; 4096], [vec![0; 16], b"\x04\0\0\0text".to_vec()].concat()] {
            assert!(matches!(inspect(&PaddleParameters, "x.pdiparams", &other).result, Err(FormatError::NotThis)));
        }
    }

    #[test]
    fn a_program_names_what_it_needs() {
        let kind = [number(1, 7), block(3, block(1, description(&[6, 10])))].concat();
        let variable = [block(1, "fc_w"), block(2, kind), number(3, 1)].concat();
        let operator = [block(1, [block(1, "X"), block(2, "x")].concat()), block(3, "matmul_v2")].concat();
        let inner = [number(1, 0), number(2, u64::MAX), block(3, variable), block(4, operator)].concat();
        let bytes = [block(1, inner), block(4, number(1, 2_006_001))].concat();
        let looked = inspect(&PaddleProgram, "model.pdmodel", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(facts.int("model.parameters"), 60);
        assert_eq!(facts.get("model.version"), Some(&FactValue::from("2.6.1")));
        assert_eq!(facts.get("model.weights"), Some(&FactValue::from("external")));
    }
}
