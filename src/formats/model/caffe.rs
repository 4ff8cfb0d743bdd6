//! Caffe's models (`.caffemodel`, a `NetParameter` after `src/caffe/proto/caffe.proto` of BVLC/caffe) and Caffe2's nets
//! (`init_net.pb`, a `NetDef` after `caffe2/proto/caffe2.proto` of pytorch/pytorch).
//!
//! Neither has a mark: both begin with a name and a list of layers or operators, which must look like ones.

use super::capped::{self, Tensors};
use super::proto::{Walk, first_fields, is_name, is_operator, numbers};
use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises models of Caffe and Caffe2.
#[derive(Debug)]
pub struct Caffe;

/// How many fields of the top level and of a layer a sniff looks at.
const SNIFFED: usize = 12;

/// The kinds of nets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `LayerParameter` in field 100.
    Caffe,
    /// `V1LayerParameter` in field 2.
    CaffeV1,
    /// `OperatorDef` in field 2.
    Caffe2,
}

impl Format for Caffe {
    fn name(&self) -> &'static str {
        "caffe"
    }

    fn summary(&self) -> &'static str {
        "Caffe and Caffe2 model: name, blobs, parameters"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        matches!(probe.head().first(), Some(0x0a | 0x12 | 0xa2)) && kind(probe.all()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let kind = kind(&artifact.bytes).ok_or(FormatError::NotThis)?;
        let walk = Walk::new();
        let mut net = Net { kind, foreign: false, name: b"", tensors: Tensors::default() };
        let end = net.read(&walk, Slice::whole(&artifact.bytes));
        // A net without weights is a description that nobody ships in binary form.
        if net.foreign || net.tensors.count() == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", if kind == Kind::Caffe2 { "caffe2" } else { "caffe" });
        if kind == Kind::CaffeV1 {
            out.fact("model.version", "V1");
        }
        capped::state(out, "model.name", net.name);
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        net.tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Which kind of net this may be, by its first layer or operator.
fn kind(bytes: &[u8]) -> Option<Kind> {
    let fields = first_fields(Slice::whole(bytes), SNIFFED)?;
    let mut kind = None;
    for field in fields.iter() {
        match (field.number, field.value) {
            (1, Value::Bytes(name)) if kind.is_none() && (name.bytes.is_empty() || is_name(name.bytes)) => {}
            (100, Value::Bytes(layer)) if is_layer(layer) => kind = kind.or(Some(Kind::Caffe)),
            (2, Value::Bytes(layer)) if is_old_layer(layer) => kind = kind.or(Some(Kind::CaffeV1)),
            (2, Value::Bytes(operator)) if is_caffe2(operator) => kind = kind.or(Some(Kind::Caffe2)),
            (3 | 6..=8, Value::Bytes(_)) | (4 | 5 | 7, Value::Varint(_)) => {}
            _ => return None,
        }
    }
    kind
}

/// `LayerParameter`: a name, then a type.
fn is_layer(layer: Slice<'_>) -> bool {
    let Some(fields) = first_fields(layer, 2) else { return false };
    matches!(&fields[..], [
        Field { number: 1, value: Value::Bytes(name), .. },
        Field { number: 2, value: Value::Bytes(kind), .. },
    ] if is_name(name.bytes) && is_operator(kind.bytes) && kind.bytes[0].is_ascii_uppercase())
}

/// `V1LayerParameter`: blobs below and above, a name, and a type that is a number.
fn is_old_layer(layer: Slice<'_>) -> bool {
    let Some(fields) = first_fields(layer, SNIFFED) else { return false };
    let mut known = [false; 2];
    for field in fields.iter() {
        match (field.number, field.value) {
            (2 | 3, Value::Bytes(name)) if is_name(name.bytes) => {}
            (4, Value::Bytes(name)) if is_name(name.bytes) => known[0] = true,
            (5, Value::Varint(0..=64)) => known[1] = true,
            // Blobs, parameters of layers, phases and the rest.
            (1 | 6..=42 | 1001..=1002, _) if known[0] => {}
            _ => return false,
        }
    }
    known == [true; 2]
}

/// `OperatorDef`: inputs, outputs, perhaps a name, and a type.
fn is_caffe2(operator: Slice<'_>) -> bool {
    let Some(fields) = first_fields(operator, SNIFFED) else { return false };
    let mut known = [false; 2];
    for field in fields.iter() {
        match (field.number, field.value) {
            (1 | 3, Value::Bytes(name)) if name.bytes.is_empty() || is_name(name.bytes) => {}
            (2, Value::Bytes(name)) if is_name(name.bytes) => known[0] = true,
            (4, Value::Bytes(kind)) if is_operator(kind.bytes) && kind.bytes[0].is_ascii_uppercase() => known[1] = true,
            (5 | 6, Value::Bytes(_)) if known[1] => {}
            (7..=10, _) if known[1] => {}
            _ => return false,
        }
    }
    known == [true; 2]
}

struct Net<'a> {
    kind: Kind,
    foreign: bool,
    name: &'a [u8],
    tensors: Tensors,
}

impl<'a> Net<'a> {
    fn read(&mut self, walk: &Walk, net: Slice<'a>) -> Result<(), ReadError> {
        walk.each(net, |field| {
            match (self.kind, field.number, field.value) {
                (_, 1, Value::Bytes(name)) => self.name = name.bytes,
                (Kind::Caffe, 100, Value::Bytes(layer)) => self.layer(walk, layer, 7)?,
                (Kind::CaffeV1, 2, Value::Bytes(layer)) => self.layer(walk, layer, 6)?,
                (Kind::Caffe2, 2, Value::Bytes(operator)) => self.operator(walk, operator)?,
                (_, 3..=8, _) => {}
                _ => self.foreign = true,
            }
            Ok(())
        })
    }

    fn layer(&mut self, walk: &Walk, layer: Slice<'a>, blobs: u32) -> Result<(), ReadError> {
        walk.each(layer, |field| match (field.number, field.value) {
            (number, Value::Bytes(blob)) if number == blobs => self.blob(walk, blob),
            _ => Ok(()),
        })
    }

    /// `BlobProto`: four old dimensions or a shape, and packed floats or doubles.
    fn blob(&mut self, walk: &Walk, blob: Slice<'a>) -> Result<(), ReadError> {
        let (mut old, mut shape) = (None, None);
        let (mut dtype, mut data) = ("F32", None);
        let end = walk.each(blob, |field| {
            match (field.number, field.value) {
                (1..=4, Value::Varint(side)) => old = Some(old.unwrap_or(1u64).saturating_mul(side)),
                (5, Value::Bytes(floats)) => data = Some(floats),
                (8, Value::Bytes(doubles)) => (dtype, data) = ("F64", Some(doubles)),
                (7, Value::Bytes(message)) => walk.each(message, |field| {
                    let product = shape.get_or_insert(1u64);
                    match field.number {
                        1 => numbers(field.value, |side| *product = product.saturating_mul(side)),
                        _ => Ok(()),
                    }
                })?,
                _ => {}
            }
            Ok(())
        });
        let size = if dtype == "F64" { 8 } else { 4 };
        let there = data.map_or(0, |data| data.bytes.len() as u64 / size);
        self.tensors.add(dtype, [shape.or(old).unwrap_or(there)]);
        if let Some(data) = data {
            self.tensors.data(data.bytes, data.offset);
        }
        end
    }

    /// An operator that fills a blob: its `shape` and `values` are arguments.
    fn operator(&mut self, walk: &Walk, operator: Slice<'a>) -> Result<(), ReadError> {
        let (mut dtype, mut elements, mut values) = (None, None, None);
        let end = walk.each(operator, |field| {
            match (field.number, field.value) {
                (4, Value::Bytes(kind)) => {
                    dtype = match kind.bytes {
                        b"GivenTensorFill" => Some("F32"),
                        b"GivenTensorDoubleFill" => Some("F64"),
                        b"GivenTensorIntFill" => Some("I32"),
                        b"GivenTensorInt64Fill" => Some("I64"),
                        b"GivenTensorByteStringToUInt8Fill" => Some("U8"),
                        b"Int8GivenTensorFill" => Some("QU8"),
                        b"Int8GivenIntTensorFill" => Some("QI32"),
                        _ => None,
                    };
                }
                (5, Value::Bytes(argument)) => self.argument(walk, argument, &mut elements, &mut values)?,
                _ => {}
            }
            Ok(())
        });
        // Of one that is cut off, what is there counts.
        if let (Some(dtype), Some(elements)) = (dtype, elements) {
            self.tensors.add(dtype, [elements]);
            if let Some(values) = values {
                self.tensors.data(values.bytes, values.offset);
            }
        }
        end
    }

    /// `Argument`: a name first, then a value. Values may be millions of single fields, so they are not walked.
    fn argument(
        &self,
        walk: &Walk,
        argument: Slice<'a>,
        elements: &mut Option<u64>,
        values: &mut Option<Slice<'a>>,
    ) -> Result<(), ReadError> {
        match first_fields(argument, 1).as_deref().and_then(<[_]>::first) {
            Some(Field { number: 1, value: Value::Bytes(name), .. }) if name.bytes == b"shape" => {
                let mut product = 1u64;
                walk.each(argument, |field| match field.number {
                    6 => numbers(field.value, |side| product = product.saturating_mul(side)),
                    _ => Ok(()),
                })?;
                *elements = Some(product);
            }
            Some(Field { number: 1, value: Value::Bytes(name), .. }) if name.bytes == b"values" => {
                *values = Some(argument);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block, number};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn floats() -> Vec<u8> {
        [0, 0, 0x80, 0x3f].repeat(60)
    }

    fn states(bytes: &[u8], format: &str) {
        let looked = inspect(&Caffe, "x.bin", bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{format} {:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(facts.get("model.format"), Some(&FactValue::from(format)));
        assert_eq!((facts.int("model.tensors"), facts.int("model.parameters")), (1, 60), "{format}");
        assert_eq!(facts.get("model.name"), Some(&FactValue::from("scorer")));
        assert!(matches!(inspect(&Caffe, "x.bin", &bytes[..200]).result, Err(FormatError::Broken(_))), "{format}");
    }

    #[test]
    fn blobs_are_counted_in_every_kind_of_net() {
        let blob = [block(7, block(1, [6, 10])), block(5, floats())].concat();
        let layer = [block(1, "fc"), block(2, "InnerProduct"), block(3, "x"), block(4, "y"), block(7, blob)].concat();
        states(&[block(1, "scorer"), block(100, layer)].concat(), "caffe");
        let blob = [number(1, 1), number(2, 1), number(3, 6), number(4, 10), block(5, floats())].concat();
        let layer = [block(2, "x"), block(3, "y"), block(4, "fc"), number(5, 14), block(6, blob)].concat();
        states(&[block(1, "scorer"), block(2, layer)].concat(), "caffe");
        let values: Vec<u8> = floats().chunks(4).flat_map(|float| [&[0x2d], float].concat()).collect();
        let shape = [block(1, "shape"), number(6, 6), number(6, 10)].concat();
        let operator = [
            block(2, "fc_w"),
            block(3, ""),
            block(4, "GivenTensorFill"),
            block(5, shape),
            block(5, [block(1, "values"), values].concat()),
        ];
        states(&[block(1, "scorer"), block(2, operator.concat())].concat(), "caffe2");
    }

    #[test]
    fn other_messages_are_something_else() {
        let descriptor = [block(1, "google/api.proto"), block(2, "google.api"), block(4, block(1, "Http"))].concat();
        let person = [block(1, "Jane"), block(2, "Doe")].concat();
        let nested = [block(1, "name"), block(2, [block(2, "Key"), block(4, "Value")].concat())].concat();
        for bytes in [&descriptor[..], &person, &nested, &block(1, &descriptor), b"\n\x04text", b"\n"] {
            assert!(inspect(&Caffe, "net.pb", bytes).result.is_err(), "{bytes:?}");
        }
    }
}
