//! Machine-learning models: what they are, how large they are, and whether anything protects them.
//!
//! Only headers are read. Tensor data is accounted for and never looked at.

mod base64;
mod capped;
mod carried;
mod embedded;
mod executorch;
mod facts;
pub(in crate::formats) mod flatbuffer;
mod flax;
mod folder;
mod ggml;
mod gguf;
mod gguf_types;
pub mod hdf5;
mod joblib_zlib;
pub mod keras;
mod mobile;
mod npz;
mod numpy;
pub mod onnx;
mod pickle;
mod pickle_estimator;
mod pickle_machine;
mod pickle_names;
mod pickle_ops;
mod pickle_risks;
mod pickle_seen;
mod pickle_value;
pub mod protection;
mod pytorch;
mod pytorch_legacy;
mod safetensors;
mod safetensors_header;
mod safetensors_index;
mod sentencepiece;
mod shards;
mod skops;
pub mod tflite;
mod trees;
mod unidentified;
mod vectors;
mod weights;
mod zip_names;

pub use base64::Base64Model;
pub use embedded::EmbeddedModel;
pub use executorch::ExecuTorch;
pub use flax::Flax;
pub use folder::ModelFolder;
pub use ggml::Ggml;
pub use gguf::Gguf;
pub use joblib_zlib::ZlibPickle;
pub use mobile::{Mnn, NcnnGraph, NcnnWeights, Rknn, Vendor};
pub use npz::Npz;
pub use numpy::Npy;
pub use pickle::Pickle;
pub use pytorch::PyTorch;
pub use pytorch_legacy::PyTorchLegacy;
pub use safetensors::Safetensors;
pub use safetensors_index::SafetensorsIndex;
pub use sentencepiece::SentencePiece;
pub use skops::Skops;
pub use trees::{CatBoost, LightGbm, XgBoost};
pub use unidentified::Unidentified;
pub use vectors::{Annoy, Faiss, FastText, Hnswlib, Word2Vec};

pub use facts::FACTS;

use capped::{clip, clip_list};
