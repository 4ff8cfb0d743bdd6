//! ONNX Runtime's own format: a FlatBuffer with the identifier `ORTM`, made from an ONNX model for phones and browsers.
//!
//! Follows `onnxruntime/core/flatbuffers/schema/ort.fbs` of microsoft/onnxruntime, as its Python bindings show it.

use super::capped::{self, Tensors};
use super::flatbuffer::{Table, Vector};
use super::onnx_types::{self, Quantised};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises models of ONNX Runtime.
#[derive(Debug)]
pub struct Ort;

/// The root table of a real model follows its header.
const ROOT_BEFORE: u32 = 4 << 10;

/// How many graphs may lie in one another.
const DEPTH: u32 = 16;

/// More dimensions than any tensor has.
const DIMENSIONS: u32 = 16;

/// The type of tensors that hold text.
const STRING: u32 = 8;

impl Format for Ort {
    fn name(&self) -> &'static str {
        "ort"
    }

    fn summary(&self) -> &'static str {
        "ONNX Runtime model: version, producer, operator sets, initialisers, metadata"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let root = match probe.head() {
            [a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => return false,
        };
        probe.has_at(4, b"ORTM") && root % 4 == 0 && (8..ROOT_BEFORE).contains(&root)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let session = Table::root(bytes)?;
        out.fact("model.format", "ort");
        out.fact("model.protection", "plain");
        capped::state(out, "model.version", session.block(0)?.0);
        let mut model = Model {
            tensors: Tensors::default(),
            quantised: Quantised::default(),
            external: false,
            left: bytes.len() as u64 / 4,
        };
        let end = match session.table(1) {
            Ok(Some(inner)) => model.read(inner, out),
            Ok(None) => Err(ReadError::new(0, "it holds no model")),
            Err(error) => Err(error),
        };
        let weights = if model.external {
            "external"
        } else if model.tensors.count() > 0 {
            "inside"
        } else {
            "none"
        };
        out.fact("model.weights", weights);
        model.quantised.state(out);
        model.tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

struct Model {
    tensors: Tensors,
    quantised: Quantised,
    /// Whether initialisers lie in another file.
    external: bool,
    /// How many more tables may be visited: each needs an offset of four bytes of its own, unless vectors overlap.
    left: u64,
}

impl Model {
    fn read(&mut self, model: Table<'_>, out: &mut Inspection<'_>) -> Result<(), ReadError> {
        let producer = format!("{} {}", capped::text(model.block(2)?.0), capped::text(model.block(3)?.0));
        capped::state(out, "model.producer", producer.as_bytes());
        let properties = model.tables(9)?;
        self.spend(properties)?;
        for property in properties.each_table() {
            let property = property?;
            let (key, value) = (property.block(0)?.0, property.block(1)?.0);
            match capped::text(key).to_ascii_lowercase().as_str() {
                "name" | "model_name" => capped::state(out, "model.name", value),
                "license" | "licence" | "model_license" => capped::state(out, "model.license", value),
                "author" | "authors" | "model_author" => capped::state(out, "model.author", value),
                _ => {}
            }
        }
        match model.table(7)? {
            Some(graph) => self.graph(graph, DEPTH),
            None => Err(ReadError::new(0, "it holds no graph")),
        }
    }

    fn spend(&mut self, vector: Vector<'_>) -> Result<(), ReadError> {
        self.left = self
            .left
            .checked_sub(u64::from(vector.len()))
            .ok_or_else(|| ReadError::new(0, "its vectors overlap, so that it has more tables than bytes"))?;
        Ok(())
    }

    fn graph(&mut self, graph: Table<'_>, depth: u32) -> Result<(), ReadError> {
        let initialisers = graph.tables(0)?;
        self.spend(initialisers)?;
        for tensor in initialisers.each_table() {
            self.tensor(tensor?)?;
        }
        let sparse = graph.tables(7)?;
        self.spend(sparse)?;
        for tensor in sparse.each_table() {
            if let Some(values) = tensor?.table(0)? {
                self.tensor(values)?;
            }
        }
        let nodes = graph.tables(2)?;
        self.spend(nodes)?;
        for node in nodes.each_table() {
            let node = node?;
            self.quantised.operator(node.block(5)?.0);
            let attributes = node.tables(10)?;
            self.spend(attributes)?;
            for attribute in attributes.each_table() {
                let attribute = attribute?;
                if let Some(tensor) = attribute.table(6)? {
                    self.tensor(tensor)?;
                }
                if let (Some(graph), true) = (attribute.table(7)?, depth > 0) {
                    self.graph(graph, depth - 1)?;
                }
            }
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: Table<'_>) -> Result<(), ReadError> {
        let (dims, kind) = (tensor.scalars(2, 8)?, tensor.u32(3)?);
        let (data, offset) = tensor.block(4)?;
        let mut elements = 1u64;
        for index in 0..dims.len().min(DIMENSIONS) {
            elements = elements.saturating_mul(dims.u64(index)?);
        }
        self.tensors.add(onnx_types::dtype(kind.into()), [elements]);
        // The default of -1 stands for data inside, and is not written.
        self.external |= data.is_empty() && elements > 0 && kind != STRING && tensor.has(6);
        if kind != STRING {
            self.tensors.data(data, offset);
        }
        Ok(())
    }
}
