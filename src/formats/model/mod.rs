//! Models: files that carry trained weights, and the containers that hide such files from strangers.

pub mod hdf5;
pub mod keras;
pub mod onnx;
pub mod protection;
pub mod tflite;

mod capped;
mod flatbuffer;

use crate::finding::{FactSpec, FactType};

/// What a format of this family may state about a model. Text comes from hostile input: at most 200 characters each,
/// and at most 32 items in a list.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "model.format", kind: FactType::Text, doc: "The model format" },
    FactSpec { name: "model.version", kind: FactType::Text, doc: "Version of the format" },
    FactSpec { name: "model.tensors", kind: FactType::Int, doc: "Number of tensors" },
    FactSpec {
        name: "model.parameters",
        kind: FactType::Int,
        doc: "Number of parameters: the sum of all tensor sizes in elements",
    },
    FactSpec { name: "model.bytes", kind: FactType::Int, doc: "Bytes of weights in this artifact" },
    FactSpec { name: "model.dtypes", kind: FactType::List, doc: "Data types of the tensors" },
    FactSpec { name: "model.architecture", kind: FactType::Text, doc: "Architecture, where the header says so" },
    FactSpec { name: "model.producer", kind: FactType::Text, doc: "Framework or tool that wrote the file" },
    FactSpec { name: "model.name", kind: FactType::Text, doc: "Name of the model, where the header says so" },
    FactSpec { name: "model.license", kind: FactType::Text, doc: "License, where the header says so" },
    FactSpec { name: "model.author", kind: FactType::Text, doc: "Author, where the header says so" },
    FactSpec { name: "model.protection", kind: FactType::Text, doc: "plain, encrypted or unknown" },
    FactSpec { name: "model.encryption", kind: FactType::Text, doc: "The encryption scheme, where there is one" },
    FactSpec { name: "model.weights", kind: FactType::Text, doc: "Where the weights are: inside, external or none" },
    FactSpec { name: "model.globals", kind: FactType::List, doc: "Python names that loading the pickle would import" },
];
