//! Models for the runtimes of telephones and small boards.

mod mnn;
mod ncnn;
mod rknn;
mod vendor;

pub use mnn::Mnn;
pub use ncnn::{NcnnGraph, NcnnWeights};
pub use rknn::Rknn;
pub use vendor::Vendor;
