//! ONNX models: a `ModelProto`, after `onnx/onnx.proto` of IR version 13.
//!
//! The format has no magic number, so the whole top level must be fields of a `ModelProto` and the graph must hold
//! nodes or tensors. Weights may lie in a sibling file (`TensorProto.data_location = EXTERNAL`).

use std::collections::BTreeSet;

use super::capped::{self, Tensors};
use super::onnx_types::{Quantised, dtype};
use super::proto::{Walk, numbers};
use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises ONNX models.
#[derive(Debug)]
pub struct Onnx;

/// How many graphs may lie in one another (bodies of `If`, `Loop` and `Scan`); what lies deeper is searched as bytes.
const DEPTH: u32 = 16;

/// How many fields of the top level a sniff looks at. Models without local functions have about ten.
const SNIFFED: usize = 64;

/// How many files with weights are remembered.
const PARTS: usize = 32;

/// The oldest version of the IR that requires `opset_import`.
const IR_WITH_OPSETS: u64 = 3;

impl Format for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn summary(&self) -> &'static str {
        "ONNX model: producer, operator sets, initialisers, licence and author, and whether the weights lie elsewhere"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let mut fields = Slice::whole(probe.all()).fields();
        let mut graph = false;
        for field in fields.by_ref().take(SNIFFED) {
            match field {
                Ok(field) if known(&field) => graph |= field.number == 7,
                Ok(_) => return false,
                Err(_) => break,
            }
        }
        let cut = fields.cut_off().is_some_and(|field| known(&field));
        // A cut-off graph is judged by its content, and a file cut off before its graph by its name.
        graph || cut || (probe.has_extension("onnx") && probe.head().first() == Some(&0x08))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut model = Model::default();
        let end = model.read(&walk, Slice::whole(&artifact.bytes));
        if model.foreign || !matches!(model.ir, 1..=64) {
            return Err(FormatError::NotThis);
        }
        let named = Probe::new(artifact.path.base_name(), &[]).has_extension("onnx");
        let length = artifact.bytes.len() as u64;
        let end = match end {
            Err(error) if named || (model.operators > 0 && (model.cut || !model.opsets.is_empty())) => {
                Err(FormatError::Broken(error))
            }
            Err(_) => return Err(FormatError::NotThis),
            Ok(()) if !model.graph && named => Err(FormatError::broken(length, "it ends before the graph")),
            Ok(()) if !model.graph || (model.operators == 0 && model.tensors.count() == 0) => {
                return Err(FormatError::NotThis);
            }
            Ok(()) if model.ir >= IR_WITH_OPSETS && model.opsets.is_empty() => {
                Err(FormatError::broken(length, "it ends before the list of operator sets"))
            }
            Ok(()) => Ok(Coverage::Part),
        };
        model.state(out);
        end
    }
}

/// Whether `ModelProto` has a field of this number and wire type.
fn known(field: &Field<'_>) -> bool {
    match field.value {
        Value::Varint(_) => matches!(field.number, 1 | 5),
        Value::Bytes(_) => matches!(field.number, 2..=4 | 6..=8 | 14 | 20 | 25 | 26),
        Value::Fixed32(_) | Value::Fixed64(_) => false,
    }
}

/// What was read of a model so far.
#[derive(Debug, Default)]
struct Model<'a> {
    foreign: bool,
    cut: bool,
    ir: u64,
    producer: &'a [u8],
    producer_version: &'a [u8],
    graph: bool,
    graph_name: &'a [u8],
    opsets: Vec<String>,
    metadata: [&'a [u8]; 3],
    operators: u64,
    tensors: Tensors,
    /// Files that weights lie in, as they are named.
    external: BTreeSet<&'a [u8]>,
    quantised: Quantised,
}

impl<'a> Model<'a> {
    fn read(&mut self, walk: &Walk, whole: Slice<'a>) -> Result<(), ReadError> {
        let mut fields = whole.fields();
        let mut damage = Ok(());
        while let Some(field) = fields.next() {
            let field = match field {
                Ok(field) => field,
                Err(error) => {
                    self.cut = true;
                    if let Some(field) = fields.cut_off() {
                        self.foreign |= !known(&field);
                        // The error at the cut says more than whatever it makes of the last message inside.
                        self.top(walk, &field).ok();
                    }
                    return Err(error);
                }
            };
            if !known(&field) {
                self.foreign = true;
                return Ok(());
            }
            // What follows a damaged graph still tells whether this is a model at all.
            damage = damage.and(self.top(walk, &field));
        }
        damage
    }

    fn top(&mut self, walk: &Walk, field: &Field<'a>) -> Result<(), ReadError> {
        match (field.number, field.value) {
            (1, Value::Varint(version)) => self.ir = version,
            (2, Value::Bytes(text)) => self.producer = text.bytes,
            (3, Value::Bytes(text)) => self.producer_version = text.bytes,
            (7, Value::Bytes(graph)) => {
                self.graph = true;
                self.graph(walk, graph, DEPTH)?;
            }
            (8, Value::Bytes(opset)) => self.opset(walk, opset)?,
            (14, Value::Bytes(entry)) => self.metadata(walk, entry)?,
            (20, Value::Bytes(training)) => walk.each(training, |field| match field.value {
                Value::Bytes(graph) if matches!(field.number, 1 | 2) => self.graph(walk, graph, DEPTH),
                _ => Ok(()),
            })?,
            (25, Value::Bytes(function)) => walk.each(function, |field| match field.value {
                Value::Bytes(node) if field.number == 7 => self.node(walk, node, DEPTH),
                _ => Ok(()),
            })?,
            _ => {}
        }
        Ok(())
    }

    fn opset(&mut self, walk: &Walk, opset: Slice<'a>) -> Result<(), ReadError> {
        let (mut domain, mut version) = (&b""[..], 0);
        walk.each(opset, |field| {
            match (field.number, field.value) {
                (1, Value::Bytes(text)) => domain = text.bytes,
                (2, Value::Varint(number)) => version = number,
                _ => {}
            }
            Ok(())
        })?;
        let domain = if domain.is_empty() { "opset".into() } else { capped::text(domain) };
        // Text is cut at 200 characters anyway.
        if self.opsets.len() < 32 {
            self.opsets.push(format!("{domain} {version}"));
        }
        Ok(())
    }

    fn metadata(&mut self, walk: &Walk, entry: Slice<'a>) -> Result<(), ReadError> {
        let (key, value) = entry_of(walk, entry)?;
        let index = match capped::text(key).to_ascii_lowercase().as_str() {
            "name" | "model_name" => 0,
            "license" | "licence" | "model_license" => 1,
            "author" | "authors" | "model_author" => 2,
            _ => return Ok(()),
        };
        self.metadata[index] = value;
        Ok(())
    }

    fn graph(&mut self, walk: &Walk, graph: Slice<'a>, depth: u32) -> Result<(), ReadError> {
        walk.each(graph, |field| match (field.number, field.value) {
            (1, Value::Bytes(node)) => self.node(walk, node, depth),
            (2, Value::Bytes(name)) if depth == DEPTH => {
                self.graph_name = name.bytes;
                Ok(())
            }
            (5, Value::Bytes(tensor)) => self.tensor(walk, tensor),
            (15, Value::Bytes(sparse)) => self.sparse(walk, sparse),
            _ => Ok(()),
        })
    }

    fn node(&mut self, walk: &Walk, node: Slice<'a>, depth: u32) -> Result<(), ReadError> {
        walk.each(node, |field| match (field.number, field.value) {
            (4, Value::Bytes(operator)) => {
                let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':');
                self.quantised.operator(operator.bytes);
                self.operators += u64::from(!operator.bytes.is_empty() && operator.bytes.iter().take(256).all(name));
                Ok(())
            }
            (5, Value::Bytes(attribute)) => self.attribute(walk, attribute, depth),
            _ => Ok(()),
        })
    }

    fn attribute(&mut self, walk: &Walk, attribute: Slice<'a>, depth: u32) -> Result<(), ReadError> {
        walk.each(attribute, |field| match (field.number, field.value) {
            (5 | 10, Value::Bytes(tensor)) => self.tensor(walk, tensor),
            (6 | 11, Value::Bytes(graph)) if depth > 0 => self.graph(walk, graph, depth - 1),
            (22 | 23, Value::Bytes(sparse)) => self.sparse(walk, sparse),
            _ => Ok(()),
        })
    }

    fn sparse(&mut self, walk: &Walk, sparse: Slice<'a>) -> Result<(), ReadError> {
        walk.each(sparse, |field| match (field.number, field.value) {
            (1, Value::Bytes(values)) => self.tensor(walk, values),
            _ => Ok(()),
        })
    }

    fn tensor(&mut self, walk: &Walk, tensor: Slice<'a>) -> Result<(), ReadError> {
        let mut read = Tensor { elements: 1, ..Tensor::default() };
        let end = walk.each(tensor, |field| read.field(walk, field));
        if read.dtype != 0 {
            self.tensors.add(dtype(read.dtype), [read.elements]);
        }
        for data in read.data.into_iter().flatten() {
            self.tensors.data(data.bytes, data.offset);
        }
        if read.external {
            self.tensors.elsewhere(read.length);
            if self.external.len() < PARTS {
                self.external.insert(read.location);
            }
        }
        end
    }

    fn state(self, out: &mut Inspection<'_>) {
        out.fact("model.format", "onnx");
        let mut version = format!("IR {}", self.ir);
        self.opsets.iter().for_each(|opset| version = format!("{version}, {opset}"));
        capped::state(out, "model.version", version.as_bytes());
        let producer = format!("{} {}", capped::text(self.producer), capped::text(self.producer_version));
        capped::state(out, "model.producer", producer.as_bytes());
        let [name, license, author] = self.metadata;
        capped::state(out, "model.name", if name.is_empty() { self.graph_name } else { name });
        capped::state(out, "model.license", license);
        capped::state(out, "model.author", author);
        out.fact("model.protection", if self.external.is_empty() { "plain" } else { "unknown" });
        out.fact(
            "model.weights",
            match self.external.is_empty() {
                false => "external",
                true if self.tensors.count() > 0 => "inside",
                true => "none",
            },
        );
        let parts: Vec<String> = self.external.iter().map(|part| capped::text(part)).collect();
        if !parts.is_empty() {
            out.detail(format!("weights lie in {}", parts.join(", ")));
            parts.iter().for_each(|part| out.part(part));
        }
        self.quantised.state(out);
        self.tensors.state(out);
    }
}

/// What was read of a `TensorProto`.
#[derive(Default)]
struct Tensor<'a> {
    elements: u64,
    dtype: u64,
    /// `raw_data`, and one of the packed lists that may stand in for it.
    data: [Option<Slice<'a>>; 2],
    external: bool,
    location: &'a [u8],
    length: u64,
}

impl<'a> Tensor<'a> {
    fn field(&mut self, walk: &Walk, field: Field<'a>) -> Result<(), ReadError> {
        match (field.number, field.value) {
            (1, value) => numbers(value, |dim| self.elements = self.elements.saturating_mul(dim))?,
            (2, Value::Varint(dtype)) => self.dtype = dtype,
            (9, Value::Bytes(raw)) => self.data[0] = Some(raw),
            // Floats, 32-bit and 64-bit numbers; `string_data` (6) is left to be searched.
            (4 | 5 | 7 | 10 | 11, Value::Bytes(packed)) => self.data[1] = Some(packed),
            (13, Value::Bytes(entry)) => match entry_of(walk, entry)? {
                (b"location", value) => self.location = value,
                (b"length", value) => self.length = capped::text(value).parse().unwrap_or(0),
                _ => {}
            },
            (14, Value::Varint(1)) => self.external = true,
            _ => {}
        }
        Ok(())
    }
}

/// Key and value of a `StringStringEntryProto`.
fn entry_of<'a>(walk: &Walk, entry: Slice<'a>) -> Result<(&'a [u8], &'a [u8]), ReadError> {
    let (mut key, mut value) = (&b""[..], &b""[..]);
    walk.each(entry, |field| {
        match (field.number, field.value) {
            (1, Value::Bytes(text)) => key = text.bytes,
            (2, Value::Bytes(text)) => value = text.bytes,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block, number};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn tensor(data: Vec<u8>) -> Vec<u8> {
        [number(1, 10), number(1, 20), number(2, 1), block(8, "w"), data].concat()
    }

    fn model(tensor: &[u8], rest: &[Vec<u8>]) -> Vec<u8> {
        let node = [block(1, "x"), block(2, "y"), block(3, "first"), block(4, "MatMul")].concat();
        let graph = [block(1, node), block(2, "main_graph"), block(5, tensor)].concat();
        let top = [number(1, 10), block(2, "pytorch"), block(3, "2.9"), block(7, graph), block(8, number(2, 21))];
        [top.concat(), rest.concat()].concat()
    }

    fn props() -> Vec<Vec<u8>> {
        let entry = |key: &str, value: &str| block(14, [block(1, key), block(2, value)].concat());
        vec![entry("license", "proprietary"), entry("author", "Example Ltd"), entry("name", "scorer")]
    }

    fn raw() -> Vec<u8> {
        tensor(block(9, [0, 0, 0x80, 0x3f].repeat(200)))
    }

    #[test]
    fn a_model_states_what_it_holds_and_explains_its_weights() {
        let bytes = model(&raw(), &props());
        let looked = inspect(&Onnx, "model.bin", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!(facts.int("model.parameters"), 200);
        assert_eq!((facts.int("model.tensors"), facts.int("model.bytes")), (1, 800));
        for (name, expected) in [
            ("model.version", "IR 10, opset 21"),
            ("model.producer", "pytorch 2.9"),
            ("model.license", "proprietary"),
            ("model.author", "Example Ltd"),
            ("model.name", "scorer"),
            ("model.weights", "inside"),
            ("model.protection", "plain"),
        ] {
            assert_eq!(facts.get(name), Some(&FactValue::from(expected)), "{name}");
        }
        let [range] = &looked.stated.explained[..] else { panic!("{:?}", looked.stated.explained) };
        assert!(bytes[range.start as usize..range.end as usize] == [0, 0, 0x80, 0x3f].repeat(200)[..]);
    }

    #[test]
    fn weights_in_a_sibling_file_are_external() {
        let location = [block(1, "location"), block(2, "model.onnx.data")].concat();
        let bytes = model(&tensor([block(13, location), number(14, 1)].concat()), &[]);
        let looked = inspect(&Onnx, "model.onnx", &bytes);
        assert_eq!(looked.stated.facts.get("model.weights"), Some(&FactValue::from("external")));
        assert_eq!(looked.stated.facts.get("model.name"), Some(&FactValue::from("main_graph")));
        assert_eq!(looked.stated.details, ["weights lie in model.onnx.data"]);
    }

    #[test]
    fn a_constant_in_the_body_of_a_loop_counts() {
        let constant = block(1, [block(4, "Constant"), block(5, block(5, raw()))].concat());
        let body = block(1, [block(4, "Loop"), block(5, block(6, constant))].concat());
        let bytes = [number(1, 8), block(8, number(2, 17)), block(7, body)].concat();
        let looked = inspect(&Onnx, "m", &bytes);
        assert_eq!(looked.stated.facts.int("model.parameters"), 200);
    }

    #[test]
    fn graphs_in_graphs_do_not_exhaust_the_stack() {
        let mut graph = block(1, block(4, "Identity"));
        for _ in 0..2_000 {
            graph = block(1, [block(4, "If"), block(5, block(6, graph))].concat());
        }
        let bytes = [number(1, 8), block(8, number(2, 17)), block(7, graph)].concat();
        assert!(matches!(inspect(&Onnx, "m", &bytes).result, Ok(Coverage::Part)));
    }

    #[test]
    fn other_protobufs_and_text_are_something_else() {
        let core_ml = [number(1, 8), block(2, "x"), block(100, "layers")].concat();
        let saved_model = [number(1, 1), block(2, block(1, "meta"))].concat();
        let no_operators = [number(1, 8), block(7, block(2, "name"))].concat();
        let late = [model(&raw(), &[]), block(100, "x")].concat();
        for bytes in [&core_ml[..], &saved_model, &no_operators, &late, b"Bonjour\n", b"", b"\x08\x08", b"::::::"] {
            assert!(matches!(inspect(&Onnx, "model.pb", bytes).result, Err(FormatError::NotThis)), "{bytes:?}");
        }
    }

    #[test]
    fn a_model_that_is_cut_off_is_never_taken_for_a_whole_one() {
        // Everything behind the operator sets is optional: only up to there can a cut at the end of a field be told.
        let needed = model(&raw(), &[]).len();
        let bytes = model(&raw(), &props());
        for end in (1..bytes.len()).step_by(97).chain(1..needed) {
            let looked = inspect(&Onnx, "model.onnx", &bytes[..end]);
            let broken = matches!(looked.result, Err(FormatError::Broken(_)));
            assert!(broken || end >= needed || end < 2, "{end}: {:?}", looked.result);
        }
        let cut = inspect(&Onnx, "model", &bytes[..400]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))), "without a telling name too");
        assert_eq!(cut.stated.facts.int("model.parameters"), 200);
        assert_eq!(cut.stated.explained.len(), 1);
    }
}
