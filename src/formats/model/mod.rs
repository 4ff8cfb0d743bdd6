//! Machine-learning models: what they are, how large they are, and whether anything protects them.
//!
//! Only headers are read. Tensor data is accounted for and never looked at.

mod capped;
mod facts;
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
mod zip_names;

pub use gguf::Gguf;
pub use joblib_zlib::ZlibPickle;
pub use npz::Npz;
pub use numpy::Npy;
pub use pickle::Pickle;
pub use pytorch::PyTorch;
pub use pytorch_legacy::PyTorchLegacy;
pub use safetensors::Safetensors;

pub use facts::FACTS;

use capped::{clip, clip_list};
