//! TensorFlow's graphs: a `GraphDef`, after `tensorflow/core/framework/graph.proto`. A frozen graph has its weights in
//! nodes of the kind `Const`.
//!
//! The format has no mark, so every field of the top level and of its nodes must be one of a `GraphDef`, and the
//! operators must be those without which there is no graph.

use super::capped::{self, Tensors};
use super::proto::{Walk, first_fields, is_name, is_operator};
use super::tf_types::{self, STRING, Tensor};
use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises frozen graphs.
#[derive(Debug)]
pub struct TfGraph;

/// Every graph has one of these: something to begin with, or weights.
const FIRST: [&[u8]; 8] =
    [b"Placeholder", b"Const", b"VarHandleOp", b"VariableV2", b"Variable", b"NoOp", b"IteratorV2", b"_Arg"];

/// Operators that hold the weights of a graph that is not frozen.
const VARIABLES: [&[u8]; 3] = [b"VarHandleOp", b"VariableV2", b"Variable"];

impl Format for TfGraph {
    fn name(&self) -> &'static str {
        "tensorflow-graph"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow graph (frozen or not): constants, data types, and whether the weights lie elsewhere"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A node, or the library of functions before it.
        matches!(probe.head().first(), Some(0x0a | 0x12))
            && first_fields(Slice::whole(probe.all()), 4).is_some_and(|fields| {
                fields.iter().all(known)
                    && fields
                        .iter()
                        .any(|field| matches!(field.value, Value::Bytes(node) if field.number == 1 && is_node(node)))
            })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut graph = Graph::default();
        let end = graph.read(&walk, Slice::whole(&artifact.bytes));
        if !graph.is_graph() {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "tensorflow-graph");
        if graph.producer > 0 {
            out.fact("model.version", format!("graph {}", graph.producer));
        }
        out.fact("model.producer", "TensorFlow");
        out.fact("model.protection", "plain");
        let inside = graph.tensors.bytes() > 0 && graph.variables == 0;
        out.fact(
            "model.weights",
            if inside {
                "inside"
            } else if graph.variables > 0 {
                "external"
            } else {
                "none"
            },
        );
        graph.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Whether `GraphDef` has a field of this number and wire type.
fn known(field: &Field<'_>) -> bool {
    matches!((field.number, field.value), (1 | 2 | 4 | 5, Value::Bytes(_)) | (3, Value::Varint(_)))
}

/// Whether this is a `NodeDef`: a name, an operator, and nothing that a node has not. The descriptor of a protobuf file
/// begins with two texts as well, but the second is the name of a package.
fn is_node(node: Slice<'_>) -> bool {
    let Some(fields) = first_fields(node, 8) else { return false };
    let mut operator = false;
    for field in fields.iter() {
        operator |= match (field.number, field.value) {
            (1, Value::Bytes(name)) if is_name(name.bytes) && !name.bytes.ends_with(b".proto") => false,
            (2, Value::Bytes(name)) if is_operator(name.bytes) && is_start(name.bytes[0]) => true,
            (3 | 4, Value::Bytes(text)) if is_name(text.bytes) => false,
            (5, Value::Bytes(entry)) if is_attribute(entry) => false,
            (6 | 7, Value::Bytes(_)) => false,
            _ => return false,
        };
    }
    operator
}

/// Operators begin with a capital letter, internal ones with an underscore.
fn is_start(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'_'
}

/// Whether this is an entry of the map of attributes: a name, and a value.
fn is_attribute(entry: Slice<'_>) -> bool {
    let Some(fields) = first_fields(entry, 3) else { return false };
    matches!(fields.first(), Some(Field { number: 1, value: Value::Bytes(name), .. }) if is_operator(name.bytes))
        && fields.iter().all(|field| matches!((field.number, field.value), (1 | 2, Value::Bytes(_))))
}

/// What was read of a graph so far.
#[derive(Default)]
pub(super) struct Graph {
    foreign: bool,
    begins: bool,
    nodes: u64,
    /// Nodes whose values lie in a checkpoint.
    pub(super) variables: u64,
    producer: u64,
    quantised: bool,
    pub(super) tensors: Tensors,
}

impl Graph {
    /// Reads a `GraphDef`.
    pub(super) fn read(&mut self, walk: &Walk, graph: Slice<'_>) -> Result<(), ReadError> {
        walk.each(graph, |field| {
            if self.foreign || !known(&field) {
                self.foreign = true;
                return Ok(());
            }
            match (field.number, field.value) {
                (1, Value::Bytes(node)) => self.node(walk, node),
                (2, Value::Bytes(library)) => walk.each(library, |field| match (field.number, field.value) {
                    (1, Value::Bytes(function)) => walk.each(function, |field| match (field.number, field.value) {
                        (3, Value::Bytes(node)) => self.node(walk, node),
                        _ => Ok(()),
                    }),
                    _ => Ok(()),
                }),
                (4, Value::Bytes(versions)) => walk.each(versions, |field| {
                    if let (1, Value::Varint(producer)) = (field.number, field.value) {
                        self.producer = producer;
                    }
                    Ok(())
                }),
                _ => Ok(()),
            }
        })
    }

    fn node(&mut self, walk: &Walk, node: Slice<'_>) -> Result<(), ReadError> {
        let (mut constant, mut operator) = (false, &b""[..]);
        let mut value = None;
        let end = walk.each(node, |field| {
            match (field.number, field.value) {
                (1, Value::Bytes(name)) => self.foreign |= name.bytes.is_empty(),
                (2, Value::Bytes(name)) => operator = name.bytes,
                (5, Value::Bytes(entry)) => {
                    if let Some(found) = attribute(walk, entry, b"value")? {
                        value = Some(found);
                    }
                }
                (3 | 4 | 6 | 7, Value::Bytes(_)) => {}
                _ => self.foreign = true,
            }
            Ok(())
        });
        self.nodes += 1;
        constant |= operator == b"Const";
        self.begins |= FIRST.contains(&operator);
        self.variables += u64::from(VARIABLES.contains(&operator));
        self.quantised |= operator.starts_with(b"Quantized") || operator.starts_with(b"FakeQuant");
        if let Some(value) = value.filter(|_| constant) {
            self.constant(walk, value)?;
        }
        end
    }

    /// The value of a constant: an `AttrValue` with a tensor (8).
    fn constant(&mut self, walk: &Walk, value: Slice<'_>) -> Result<(), ReadError> {
        walk.each(value, |field| {
            let (8, Value::Bytes(message)) = (field.number, field.value) else { return Ok(()) };
            let tensor = Tensor::read(walk, message)?;
            self.tensors.add(tf_types::dtype(tensor.dtype), [tensor.elements]);
            if let (Some(data), true) = (tensor.data, tensor.dtype != STRING) {
                self.tensors.data(data.bytes, data.offset);
            }
            Ok(())
        })
    }

    /// Whether all that was read is a graph's, and something that every graph has is there.
    pub(super) fn is_graph(&self) -> bool {
        self.begins && !self.foreign
    }

    /// States what was counted.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        if self.quantised {
            capped::state(out, "model.quantisation", b"quantised operators");
        }
        self.tensors.state(out);
    }
}

/// The value of a map's entry with this key.
fn attribute<'a>(walk: &Walk, entry: Slice<'a>, key: &[u8]) -> Result<Option<Slice<'a>>, ReadError> {
    let (mut found, mut value) = (false, None);
    walk.each(entry, |field| {
        match (field.number, field.value) {
            (1, Value::Bytes(name)) => found = name.bytes == key,
            (2, Value::Bytes(message)) => value = Some(message),
            _ => {}
        }
        Ok(())
    })?;
    Ok(value.filter(|_| found))
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block, number};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn node(name: &str, operator: &str, rest: &[Vec<u8>]) -> Vec<u8> {
        block(1, [block(1, name), block(2, operator), rest.concat()].concat())
    }

    fn weights() -> Vec<u8> {
        let shape = block(2, [block(2, number(1, 10)), block(2, number(1, 20))].concat());
        let tensor = [number(1, 1), shape, block(4, [0, 0, 0x80, 0x3f].repeat(200))].concat();
        let value = block(5, [block(1, "value"), block(2, block(8, tensor))].concat());
        let dtype = block(5, [block(1, "dtype"), block(2, number(6, 1))].concat());
        node("w", "Const", &[dtype, value])
    }

    fn graph() -> Vec<u8> {
        [
            node("x", "Placeholder", &[]),
            weights(),
            node("y", "MatMul", &[block(3, "x"), block(3, "w")]),
            block(4, number(1, 1882)),
        ]
        .concat()
    }

    #[test]
    fn a_frozen_graph_states_its_constants() {
        let bytes = graph();
        let looked = inspect(&TfGraph, "0x1f.bin", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("model.tensors"), facts.int("model.parameters")), (1, 200));
        assert_eq!(facts.int("model.bytes"), 800);
        assert_eq!(facts.get("model.version"), Some(&FactValue::from("graph 1882")));
        assert_eq!(facts.get("model.weights"), Some(&FactValue::from("inside")));
        let [range] = &looked.stated.explained[..] else { panic!("{:?}", looked.stated.explained) };
        assert_eq!(range.end - range.start, 800);
    }

    #[test]
    fn descriptors_and_other_messages_are_something_else() {
        let file = [block(1, "api/v1.proto"), block(2, "api.v1"), block(4, block(1, "Request"))].concat();
        let capital = [block(1, "api/v1"), block(2, "Api"), block(4, block(1, "Request"))].concat();
        let unigram = [block(1, "<unk>"), vec![0x15, 0, 0, 0, 0], number(3, 2)].concat();
        let people = [block(1, "Jane"), block(2, "Doe"), block(3, "x")].concat();
        for inner in [file, capital, unigram, people] {
            let bytes = block(1, &inner).repeat(4);
            let looked = inspect(&TfGraph, "graph.pb", &bytes);
            assert!(matches!(looked.result, Err(FormatError::NotThis)), "{inner:?}");
        }
        for bytes in [&b"\n\nhello\n\n"[..], b"", b"\n", b"\x12\x00"] {
            assert!(matches!(inspect(&TfGraph, "graph.pb", bytes).result, Err(FormatError::NotThis)));
        }
    }

    #[test]
    fn a_graph_that_is_cut_off_is_broken_or_tells_less() {
        let bytes = graph();
        for end in 0..bytes.len() {
            let looked = inspect(&TfGraph, "graph.pb", &bytes[..end]);
            let whole = matches!(looked.result, Ok(Coverage::Part));
            assert!(!whole || looked.stated.facts.int("model.parameters") == 200 || end < 30, "{end}");
        }
        let cut = inspect(&TfGraph, "graph.pb", &bytes[..500]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))));
    }
}
