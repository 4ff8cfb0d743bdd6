//! Machine-learning models: what they are, how large they are, and whether anything protects them.
//!
//! Only headers are read. Tensor data is accounted for and never looked at.

mod capped;
mod flatbuffer;
mod gguf;
mod gguf_types;
pub mod hdf5;
mod joblib_zlib;
pub mod keras;
mod npz;
mod numpy;
pub mod onnx;
mod pickle;
mod pickle_machine;
mod pickle_names;
mod pickle_ops;
mod pickle_seen;
pub mod protection;
mod pytorch;
mod pytorch_legacy;
mod safetensors;
mod safetensors_header;
pub mod tflite;
mod weights;
pub(super) mod zip_names;

pub use gguf::Gguf;
pub use joblib_zlib::ZlibPickle;
pub use npz::Npz;
pub use numpy::Npy;
pub use pickle::Pickle;
pub use pytorch::PyTorch;
pub use pytorch_legacy::PyTorchLegacy;
pub use safetensors::Safetensors;

use crate::finding::{FactSpec, FactType};

/// The facts that the formats of this family may state.
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
    FactSpec { name: "model.license", kind: FactType::Text, doc: "Licence of the model, where the header says so" },
    FactSpec { name: "model.author", kind: FactType::Text, doc: "Author of the model, where the header says so" },
    FactSpec { name: "model.protection", kind: FactType::Text, doc: "plain, encrypted or unknown" },
    FactSpec { name: "model.encryption", kind: FactType::Text, doc: "The encryption scheme, where there is one" },
    FactSpec { name: "model.weights", kind: FactType::Text, doc: "Where the weights are: inside, external or none" },
    FactSpec { name: "model.globals", kind: FactType::List, doc: "Python names that loading the pickle would import" },
];

/// How many characters of a text from a file become a fact.
const TEXT_LIMIT: usize = 200;

/// How many items of a list from a file become a fact.
const LIST_LIMIT: usize = 32;

/// A text from a file, cut to what a fact may hold: 200 characters.
pub(crate) fn clip(text: &str) -> String {
    text.trim().chars().take(TEXT_LIMIT).collect()
}

/// A list of texts from a file, cut to what a fact may hold: 32 items of 200 characters.
pub(crate) fn clip_list<I>(items: I) -> Vec<String>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    items.into_iter().take(LIST_LIMIT).map(|item| clip(item.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_from_hostile_text_stay_small() {
        assert_eq!(clip(&"é".repeat(5_000)).chars().count(), 200);
        assert_eq!(clip("  mit\n"), "mit");
        assert_eq!(clip_list(vec!["x"; 1_000]).len(), 32);
    }
}
