//! Vectors of words, and indexes of vectors: embeddings, from which much of what went in can be told.

mod annoy;
mod faiss;
mod fasttext;
mod hnswlib;
mod word2vec;

pub use annoy::Annoy;
pub use faiss::Faiss;
pub use fasttext::FastText;
pub use hnswlib::Hnswlib;
pub use word2vec::Word2Vec;

use crate::formats::Inspection;

/// More dimensions than any vector has.
const DIMENSIONS: u64 = 1 << 17;

/// States what an index of vectors is.
fn index(out: &mut Inspection<'_>, format: &'static str, vectors: u64, dimensions: u64, bytes: u64) {
    out.fact("model.format", format);
    out.fact("model.kind", "index");
    out.fact("model.vectors", vectors);
    out.fact("model.features", dimensions);
    out.fact("model.parameters", vectors.saturating_mul(dimensions));
    out.fact("model.bytes", bytes);
    out.fact("model.weights", "inside");
    out.fact("model.protection", "plain");
}
