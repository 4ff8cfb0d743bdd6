//! TensorFlow's SavedModel: `saved_model.pb`, after `tensorflow/core/protobuf/saved_model.proto`. The variables lie in a
//! checkpoint beside it (`variables/`).

use super::capped;
use super::proto::{Walk, first_fields};
use super::tf_graph::Graph;
use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises SavedModels.
#[derive(Debug)]
pub struct SavedModel;

/// Where the variables lie, seen from `saved_model.pb`.
const VARIABLES: &str = "variables/variables.index";

impl Format for SavedModel {
    fn name(&self) -> &'static str {
        "tensorflow-saved-model"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow SavedModel: version of TensorFlow, constants, and whether the variables lie beside it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // Version 1 of the format, the only one there is, and a `MetaGraphDef`.
        probe.starts_with(&[8, 1, 0x12])
            && first_fields(Slice::whole(probe.all()), 2).is_some_and(|fields| {
                matches!(fields.get(1), Some(Field { number: 2, value: Value::Bytes(meta), .. }) if is_meta(*meta))
            })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut model = Model::default();
        let end = walk.each(Slice::whole(&artifact.bytes), |field| match (field.number, field.value) {
            (2, Value::Bytes(meta)) => model.meta(&walk, meta),
            _ => Ok(()),
        });
        if end.is_ok() && !model.graphs {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "tensorflow-saved-model");
        out.fact("model.version", "1");
        model.state(Some(VARIABLES), out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Recognises graphs with what is known about them: the `.meta` beside a checkpoint of TensorFlow 1.
#[derive(Debug)]
pub struct MetaGraph;

impl Format for MetaGraph {
    fn name(&self) -> &'static str {
        "tensorflow-meta-graph"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow MetaGraph (.meta): version of TensorFlow, constants, and whether the checkpoint lies beside it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&[0x0a]) && is_meta(Slice::whole(probe.all()))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut model = Model::default();
        let end = model.meta(&walk, Slice::whole(&artifact.bytes));
        // Without the version of TensorFlow, and what every graph begins with, it is a message of somebody else.
        if !model.version.first().is_some_and(u8::is_ascii_digit) || !model.graph.is_graph() {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "tensorflow-meta-graph");
        let beside = artifact.path.base_name().strip_suffix(".meta").map(|stem| format!("{stem}.index"));
        model.state(beside.as_deref(), out);
        end?;
        Ok(Coverage::Part)
    }
}

/// Whether this begins as a `MetaGraphDef`: what is known about it, then a graph.
fn is_meta(meta: Slice<'_>) -> bool {
    let Some(fields) = first_fields(meta, 2) else { return false };
    match &fields[..] {
        [Field { number: 1, value: Value::Bytes(info), .. }, rest @ ..] => {
            let known = |field: &Field<'_>| {
                matches!(
                    (field.number, field.value),
                    (1..=5, Value::Bytes(_)) | (7, Value::Varint(_)) | (6 | 8, Value::Bytes(_))
                )
            };
            let info = first_fields(*info, 4);
            info.is_some_and(|fields| !fields.is_empty() && fields.iter().all(known))
                && rest.iter().all(|field| field.number == 2)
        }
        _ => false,
    }
}

#[derive(Default)]
struct Model<'a> {
    graphs: bool,
    version: &'a [u8],
    graph: Graph,
}

impl<'a> Model<'a> {
    /// States what was read, and where the variables lie.
    fn state(self, variables: Option<&str>, out: &mut Inspection<'_>) {
        let producer = format!("TensorFlow {}", capped::text(self.version));
        capped::state(out, "model.producer", producer.as_bytes());
        out.fact("model.protection", "plain");
        let weights = if self.graph.variables > 0 {
            "external"
        } else if self.graph.tensors.bytes() > 0 {
            "inside"
        } else {
            "none"
        };
        out.fact("model.weights", weights);
        if self.graph.variables == 0 {
            self.graph.state(out);
        } else if let Some(variables) = variables {
            out.part(variables);
            out.detail(format!("its variables lie in {variables} and the files beside that"));
        }
    }

    fn meta(&mut self, walk: &Walk, meta: Slice<'a>) -> Result<(), ReadError> {
        walk.each(meta, |field| match (field.number, field.value) {
            (1, Value::Bytes(info)) => walk.each(info, |field| {
                if let (5, Value::Bytes(version)) = (field.number, field.value) {
                    self.version = version.bytes;
                }
                Ok(())
            }),
            (2, Value::Bytes(graph)) => {
                self.graphs = true;
                self.graph.read(walk, graph)
            }
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block, number};
    use super::*;
    use crate::formats::testing::inspect;

    /// A graph with one node, as TensorFlow 1 wrote it beside a checkpoint.
    fn meta(operator: &str, version: &str) -> Vec<u8> {
        let info = [block(2, Vec::new()), block(4, "train"), block(5, version)].concat();
        let node = [block(1, "w"), block(2, operator)].concat();
        let graph = [block(1, node), block(4, number(1, 27))].concat();
        let saver = block(3, block(1, "save/Const:0"));
        [block(1, info), block(2, graph), saver].concat()
    }

    #[test]
    fn a_meta_graph_says_where_its_variables_lie() {
        let looked = inspect(&MetaGraph, "model.ckpt-100.meta", &meta("VariableV2", "1.15.5"));
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let fact = |name| looked.stated.facts.get(name).map(ToString::to_string).unwrap_or_default();
        assert_eq!(fact("model.format"), "tensorflow-meta-graph");
        assert_eq!(fact("model.producer"), "TensorFlow 1.15.5");
        assert_eq!(fact("model.weights"), "external");
        assert_eq!(looked.stated.parts, ["model.ckpt-100.index"]);
        let frozen = inspect(&MetaGraph, "graph", &meta("Const", "2.1.0"));
        assert_eq!(frozen.stated.facts.get("model.weights").unwrap().to_string(), "none");
    }

    #[test]
    fn other_messages_are_none() {
        for other in [meta("Const", "x"), meta("lower", "1.0"), meta("Softmax", "1.0")] {
            let looked = inspect(&MetaGraph, "a.meta", &other);
            assert!(looked.result.is_err() && looked.stated.facts.is_empty());
        }
    }
}
