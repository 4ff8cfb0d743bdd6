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
        let producer = format!("TensorFlow {}", capped::text(model.version));
        capped::state(out, "model.producer", producer.as_bytes());
        out.fact("model.protection", "plain");
        let inside = model.graph.tensors.bytes() > 0 && model.graph.variables == 0;
        let weights = if model.graph.variables > 0 {
            "external"
        } else if inside {
            "inside"
        } else {
            "none"
        };
        out.fact("model.weights", weights);
        if model.graph.variables > 0 {
            out.part(VARIABLES);
            out.detail(format!("its variables lie in {VARIABLES} and the files beside that"));
        } else {
            model.graph.state(out);
        }
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
