//! A piece of decoded text that remembers where every byte of it was written.

use std::ops::Range;

use crate::finding::Encoding;

/// Decoded text and the places that its bytes come from.
#[derive(Debug)]
pub struct Passage {
    /// How it was encoded.
    pub encoding: Encoding,
    /// The decoded bytes.
    pub text: Vec<u8>,
    base: usize,
    /// For every decoded byte the first and the last byte (exclusive) that it was written with, from `base` on. A
    /// passage is a few windows long, so that 32 bits are plenty.
    places: Vec<(u32, u32)>,
}

impl Passage {
    /// An empty passage of a text that starts at `base` of the outer text.
    pub fn new(encoding: Encoding, base: usize) -> Self {
        Passage::with_capacity(encoding, base, 0)
    }

    /// The same, with room for this many decoded bytes.
    pub fn with_capacity(encoding: Encoding, base: usize, bytes: usize) -> Self {
        Passage { encoding, text: Vec::with_capacity(bytes), base, places: Vec::with_capacity(bytes) }
    }

    /// Adds bytes that stand for themselves at `at` and behind it in the outer text.
    pub fn copy(&mut self, bytes: &[u8], at: usize) {
        let base = self.base;
        self.places.extend((at..at + bytes.len()).map(|at| (from_base(base, at), from_base(base, at + 1))));
        self.text.extend_from_slice(bytes);
    }

    /// Adds a decoded byte that was written at `place` of the outer text.
    pub fn push(&mut self, byte: u8, place: Range<usize>) {
        self.places.push((from_base(self.base, place.start), from_base(self.base, place.end)));
        self.text.push(byte);
    }

    /// The range of the outer text that `range` of the decoded text was written in.
    pub fn outer(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.places.get(range.start).map_or(0, |place| place.0);
        let last = range.end.checked_sub(1).and_then(|last| self.places.get(last)).map_or(first, |place| place.1);
        self.base + first as usize..self.base + last.max(first) as usize
    }
}

/// How far a place is from the base.
fn from_base(base: usize, at: usize) -> u32 {
    u32::try_from(at.saturating_sub(base)).unwrap_or(u32::MAX)
}
