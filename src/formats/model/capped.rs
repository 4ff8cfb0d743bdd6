//! Facts with bounds: what a model file says about itself may be of any length and any content.

use std::ops::Range;

use super::weights::Weights;
use crate::bytes::text::{looks_like_text, lossy};
use crate::formats::Inspection;

/// How many characters of a text from a file become a fact.
const CHARACTERS: usize = 200;

/// How many items of a list become a fact.
const ITEMS: usize = 32;

/// Tensors with fewer bytes stay searchable: it costs nothing, and a hostile file cannot make us keep many ranges.
const SMALL: u64 = 64;

/// At most 200 characters of a text, with malformed sequences replaced and white space at its ends removed.
pub(super) fn text(bytes: &[u8]) -> String {
    // A character has at most four bytes, so what lies behind the cut is never needed.
    let head = &bytes[..bytes.len().min(CHARACTERS * 4)];
    lossy(head).trim().chars().take(CHARACTERS).collect()
}

/// [`text`], of what is text already.
pub(super) fn clip(value: &str) -> String {
    text(value.as_bytes())
}

/// At most 32 texts, each of 200 characters.
pub(super) fn clip_list<I>(items: I) -> Vec<String>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    items.into_iter().take(ITEMS).map(|item| clip(item.as_ref())).collect()
}

/// States a text as a fact, unless it is empty.
pub(super) fn state(out: &mut Inspection<'_>, name: &'static str, value: &[u8]) {
    let value = text(value);
    if !value.is_empty() {
        out.fact(name, value);
    }
}

/// No model has more tensors than this; the data of further ones is searched.
const RANGES: usize = 1 << 20;

/// Counts the tensors of a model and remembers where their data lies.
#[derive(Debug, Default)]
pub(super) struct Tensors {
    weights: Weights,
    explained: Vec<Range<u64>>,
}

impl Tensors {
    /// One more tensor, of this data type and these dimensions. No dimensions mean one element, as in every format.
    pub(super) fn add(&mut self, dtype: &str, dims: impl IntoIterator<Item = u64>) {
        self.weights.add(dtype, dims.into_iter().fold(1, u64::saturating_mul), 0);
    }

    /// Data of a tensor at `offset`. It is accounted for, unless it looks like text: a vocabulary or a program may be
    /// stored as a tensor of bytes.
    pub(super) fn data(&mut self, bytes: &[u8], offset: u64) {
        let length = bytes.len() as u64;
        self.weights.bytes = self.weights.bytes.saturating_add(length);
        if length >= SMALL && self.explained.len() < RANGES && !looks_like_text(&bytes[..bytes.len().min(4 << 10)]) {
            self.explained.push(offset..offset.saturating_add(length));
        }
    }

    /// Data of a tensor that lies in another file, or is compressed.
    pub(super) fn elsewhere(&mut self, bytes: u64) {
        self.weights.bytes = self.weights.bytes.saturating_add(bytes);
    }

    /// Number of tensors.
    pub(super) fn count(&self) -> u64 {
        self.weights.tensors
    }

    /// Bytes of data.
    pub(super) fn bytes(&self) -> u64 {
        self.weights.bytes
    }

    /// States what was counted.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        self.weights.state(out);
        self.explained.into_iter().for_each(|range| out.explain(range));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_file_is_cut_at_200_characters() {
        assert_eq!(text("ü".repeat(1000).as_bytes()).chars().count(), 200);
        assert_eq!(clip("  mit\n"), "mit");
        assert_eq!(clip_list(vec!["x"; 1_000]).len(), 32);
        assert_eq!(text(b"  torch \xff\n"), "torch \u{fffd}");
    }

    #[test]
    fn data_that_looks_like_text_stays_searchable() {
        let mut tensors = Tensors::default();
        tensors.add("U8", [1, 300]);
        tensors.add("F32", [u64::MAX, 2]);
        tensors.data(&b"the quick brown fox ".repeat(15), 0);
        tensors.data(&[0x3d; 8], 300);
        tensors.data(&[0; 100], 400);
        assert_eq!(tensors.explained, vec![400..500; 1]);
        assert_eq!((tensors.weights.parameters, tensors.bytes(), tensors.count()), (u64::MAX, 408, 2));
    }
}
