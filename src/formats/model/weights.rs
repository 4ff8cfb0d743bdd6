//! Adding up tensors.

use std::collections::BTreeSet;

use super::clip_list;
use crate::formats::Inspection;

/// More names of data types than this come from hostile input only.
const DTYPE_LIMIT: usize = 64;

/// The tensors of one model, added up.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// Number of tensors.
    pub(super) tensors: u64,
    /// Number of elements.
    pub(super) parameters: u64,
    /// Number of bytes.
    pub(super) bytes: u64,
    dtypes: BTreeSet<String>,
}

impl Weights {
    /// Counts a tensor. Announced sizes may be lies, so the sums stop at the largest number instead of wrapping.
    pub(super) fn add(&mut self, dtype: &str, elements: u64, bytes: u64) {
        self.tensors = self.tensors.saturating_add(1);
        self.parameters = self.parameters.saturating_add(elements);
        self.bytes = self.bytes.saturating_add(bytes);
        self.dtype(dtype);
    }

    /// Notes a data type.
    pub(super) fn dtype(&mut self, dtype: &str) {
        if !dtype.is_empty() && self.dtypes.len() < DTYPE_LIMIT && !self.dtypes.contains(dtype) {
            self.dtypes.insert(dtype.to_owned());
        }
    }

    /// States the sums as facts.
    pub(super) fn state(&self, out: &mut Inspection<'_>) {
        out.fact("model.tensors", self.tensors);
        out.fact("model.parameters", self.parameters);
        out.fact("model.bytes", self.bytes);
        if !self.dtypes.is_empty() {
            out.fact("model.dtypes", clip_list(&self.dtypes));
        }
    }
}

/// The number of elements of a shape; `None` where it is beyond 64 bits. A shape without dimensions is one number.
pub(super) fn elements(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1u64, |product, side| product.checked_mul(*side))
}

/// Whether a tensor may really be a text. A vocabulary or a configuration that is stored as a tensor is a flat run of
/// bytes; weights in one byte per element have two dimensions at least.
pub(super) fn may_be_text(bytes_per_element: bool, dimensions: usize) -> bool {
    bytes_per_element && dimensions < 2
}
