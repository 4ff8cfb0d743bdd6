//! Machine-learning models: what they are, how large they are, and whether anything protects them.
//!
//! Only headers are read. Tensor data is accounted for and never looked at.

mod caffe;
mod capped;
mod coreml;
mod coreml_blobs;
mod coreml_layers;
mod coreml_package;
mod coreml_program;
mod facts;
mod flatbuffer;
mod gguf;
mod gguf_types;
pub mod hdf5;
mod hdf5_dense;
mod hdf5_tree;
mod joblib_zlib;
pub mod keras;
mod mxnet;
mod npz;
mod numpy;
pub mod onnx;
mod onnx_types;
mod openvino;
mod ort;
mod paddle;
mod pickle;
mod pickle_machine;
mod pickle_names;
mod pickle_ops;
mod pickle_seen;
pub mod protection;
mod proto;
mod pytorch;
mod pytorch_legacy;
mod safetensors;
mod safetensors_header;
mod tensorrt;
mod tf_checkpoint;
mod tf_graph;
mod tf_saved_model;
mod tf_types;
mod tfjs;
pub mod tflite;
mod weights;
mod zip_names;

pub use caffe::Caffe;
pub use coreml::CoreMl;
pub use coreml_blobs::CoreMlBlobs;
pub use coreml_package::{CoreMlCompiled, CoreMlPackage};
pub use gguf::Gguf;
pub use joblib_zlib::ZlibPickle;
pub use mxnet::{MxnetParameters, MxnetSymbol};
pub use npz::Npz;
pub use numpy::Npy;
pub use openvino::OpenVino;
pub use ort::Ort;
pub use paddle::{PaddleParameters, PaddleProgram};
pub use pickle::Pickle;
pub use pytorch::PyTorch;
pub use pytorch_legacy::PyTorchLegacy;
pub use safetensors::Safetensors;
pub use tensorrt::TensorRt;
pub use tf_checkpoint::TfCheckpoint;
pub use tf_graph::TfGraph;
pub use tf_saved_model::SavedModel;
pub use tfjs::TfJs;

pub use facts::FACTS;

use capped::{clip, clip_list};
