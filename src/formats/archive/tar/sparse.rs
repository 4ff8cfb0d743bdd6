//! Sparse members: files with holes, of which only the pieces between the holes are stored. Formats as in the manual of
//! GNU tar, "Storing Sparse Files": the old GNU header, and pax 0.0, 0.1 and 1.0.

use std::io::{self, Read};

use super::header::{BLOCK, number};
use crate::formats::archive::tally::decimal;

/// Where the stored pieces of a file belong: offset and length of each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Map(Vec<(u64, u64)>);

impl Map {
    /// Starts a piece at `offset`.
    pub(super) fn offset(&mut self, offset: u64) {
        self.0.push((offset, 0));
    }

    /// Gives the last piece its length.
    pub(super) fn length(&mut self, length: u64) {
        if let Some(last) = self.0.last_mut() {
            last.1 = length;
        }
    }

    /// Adds the entries of an old GNU header or of a block that continues it: twelve bytes each for offset and length,
    /// up to the first unused one.
    pub(super) fn add_old_gnu(&mut self, entries: &[u8]) {
        for entry in entries.chunks_exact(24) {
            let (Some(offset), Some(length)) = (number(&entry[..12]), number(&entry[12..])) else { return };
            self.0.push((offset, length));
        }
    }

    /// The map in front of the content (pax 1.0): decimal numbers, one a line, padded to a block. Answers with it where
    /// the content itself begins.
    pub(super) fn in_content(content: &[u8]) -> Option<(Self, usize)> {
        let mut at = 0usize;
        let mut next = || {
            let line = content.get(at..content.len().min(at.saturating_add(21)))?;
            let end = memchr::memchr(b'\n', line)?;
            at += end + 1;
            decimal(&line[..end])
        };
        let count = next()?;
        let mut map = Map::default();
        for _ in 0..count {
            let piece = (next()?, next()?);
            map.0.push(piece);
        }
        Some((map, at.next_multiple_of(BLOCK)))
    }

    /// Whether the pieces follow each other, lie within a file of `size` bytes, and are all in `stored` bytes.
    pub(super) fn fits(&self, size: u64, stored: u64) -> bool {
        let mut end = 0u64;
        let mut sum = 0u64;
        for (offset, length) in &self.0 {
            let Some(next) = offset.checked_add(*length) else { return false };
            if *offset < end || next > size {
                return false;
            }
            end = next;
            // Pieces do not overlap, so that their sum cannot be more than `size`.
            sum += length;
        }
        sum <= stored
    }

    /// Reads the file of `size` bytes with its holes filled with zeros.
    pub(super) fn fill<'a>(&'a self, stored: &'a [u8], size: u64) -> Filled<'a> {
        Filled { pieces: &self.0, stored, at: 0, size }
    }
}

/// A sparse file with its holes filled.
pub(super) struct Filled<'a> {
    pieces: &'a [(u64, u64)],
    stored: &'a [u8],
    at: u64,
    size: u64,
}

impl Read for Filled<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(((offset, length), rest)) = self.pieces.split_first() {
            if self.at < offset.saturating_add(*length) {
                break;
            }
            self.pieces = rest;
        }
        let (start, end) = self.pieces.first().map_or((self.size, self.size), |(start, len)| (*start, start + len));
        let hole = self.at < start;
        let left = if hole { start } else { end }.saturating_sub(self.at);
        let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if hole {
            into[..count].fill(0);
        } else if let Some((piece, rest)) = self.stored.split_at_checked(count) {
            into[..count].copy_from_slice(piece);
            self.stored = rest;
        } else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stored part of a sparse file is cut off"));
        }
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_become_zeros() {
        let map = Map(vec![(2, 3), (5, 0), (6, 1), (9, 0)]);
        assert!(map.fits(9, 4));
        let mut filled = Vec::new();
        map.fill(b"abcd", 9).read_to_end(&mut filled).unwrap();
        assert_eq!(filled, b"\0\0abc\0d\0\0");
        assert!(map.fill(b"abc", 9).read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn maps_that_lie_do_not_fit() {
        assert!(!Map(vec![(0, 5), (4, 1)]).fits(10, 10));
        assert!(!Map(vec![(0, 5)]).fits(4, 10));
        assert!(!Map(vec![(0, 5)]).fits(10, 4));
        assert!(!Map(vec![(u64::MAX, 5)]).fits(u64::MAX, 10));
        assert_eq!(Map::in_content(b"99999999999999999\n1\n"), None);
        assert_eq!(Map::in_content(b"1\n3\n4\n\0\0"), Some((Map(vec![(3, 4)]), 512)));
    }
}
