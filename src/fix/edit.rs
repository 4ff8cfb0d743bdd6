//! Edits: ranges of a file's bytes, and what takes their place.

use std::ops::Range;

use crate::bytes::Bytes;

/// One place of a file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub range: Range<usize>,
    /// What takes their place; empty where nothing does.
    pub new: Vec<u8>,
}

impl Edit {
    /// Takes out `range`.
    #[must_use]
    pub fn remove(range: Range<usize>) -> Self {
        Edit { range, new: Vec::new() }
    }

    /// The same in a text that what it was made for is a part of, from `start` on.
    #[must_use]
    pub fn moved(self, start: usize) -> Self {
        Edit { range: self.range.start + start..self.range.end + start, new: self.new }
    }
}

/// Puts edits into the order of their places, and drops those that overlap one before them.
pub fn in_order(edits: &mut Vec<Edit>) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut end = 0;
    edits.retain(|edit| {
        let free = edit.range.start >= end;
        if free {
            end = edit.range.end;
        }
        free
    });
}

/// The file after `edits`, which are in order and do not overlap, as slices of itself and of what is new.
pub fn pieces<'a>(before: &'a [u8], edits: &'a [Edit]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(edits.iter().map(|edit| edit.range.end));
    let ends = edits.iter().map(|edit| edit.range.start).chain(std::iter::once(before.len()));
    let new = edits.iter().map(|edit| edit.new.as_slice()).chain(std::iter::once(&[][..]));
    starts.zip(ends).zip(new).flat_map(|((start, end), new)| [before.get(start..end).unwrap_or_default(), new])
}

/// The file after `edits` as a whole.
pub fn apply(before: &[u8], edits: &[Edit]) -> Bytes {
    let mut after = Vec::with_capacity(pieces(before, edits).map(<[u8]>::len).sum());
    pieces(before, edits).for_each(|piece| after.extend_from_slice(piece));
    Bytes::from(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_edit_names_stays() {
        let mut edits =
            vec![Edit::remove(4..6), Edit { range: 0..1, new: b"XY".to_vec() }, Edit { range: 5..9, new: Vec::new() }];
        in_order(&mut edits);
        assert_eq!(edits.len(), 2);
        assert_eq!(apply(b"abcdefgh", &edits), &b"XYbcdgh"[..]);
        assert_eq!(apply(b"abc", &[]), &b"abc"[..]);
    }
}
