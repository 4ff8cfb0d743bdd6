//! The metadata root of .NET (ECMA-335, II.24.2): assemblies and portable PDBs share it.

use std::ops::Range;

use super::words::{c_string, part};
use crate::bytes::{Cursor, ReadError};

/// How a metadata root starts.
pub(super) const SIGNATURE: &[u8] = b"BSJB";
/// No writer has more than eight.
const MOST_STREAMS: u16 = 64;

/// The streams of a metadata root.
pub(super) struct Metadata<'a> {
    /// `v4.0.30319`, `PDB v1.0` …
    pub(super) version: &'a [u8],
    streams: Vec<(&'a [u8], Range<usize>)>,
    /// Where the last of them should end.
    pub(super) end: u64,
    bytes: &'a [u8],
}

impl<'a> Metadata<'a> {
    /// Reads the root at the start of `bytes`.
    ///
    /// # Errors
    /// Where the table of streams is damaged or cut off.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(bytes, 12);
        let length = cursor.u32_le()?;
        let version = cursor.take_u64(u64::from(length))?;
        let version = &version[..memchr::memchr(0, version).unwrap_or(version.len())];
        cursor.skip(2)?;
        let count = cursor.u16_le()?;
        if count > MOST_STREAMS {
            return Err(cursor.error("it has more streams than any compiler writes"));
        }
        let mut metadata = Metadata { version, streams: Vec::new(), end: 0, bytes };
        for _ in 0..count {
            let (offset, size) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
            let name = c_string(cursor.rest(), 0, 32);
            cursor.skip(name.len() as u64 / 4 * 4 + 4)?;
            metadata.end = metadata.end.max(offset + size);
            metadata.streams.push((name, part(bytes, offset, size).0));
        }
        Ok(metadata)
    }

    /// Where a stream lies, or what the file has of it.
    pub(super) fn place(&self, name: &[u8]) -> Range<usize> {
        let found = self.streams.iter().find(|(other, _)| *other == name);
        found.map_or(0..0, |(_, range)| range.clone())
    }

    /// The content of a stream.
    pub(super) fn stream(&self, name: &[u8]) -> &'a [u8] {
        &self.bytes[self.place(name)]
    }
}

/// A number of one, two or four bytes (II.23.2).
pub(super) fn packed(cursor: &mut Cursor<'_>) -> Result<u32, ReadError> {
    let first = u32::from(cursor.u8()?);
    let mut more = |count: u32| (0..count).try_fold(0, |number, _| Ok(number << 8 | u32::from(cursor.u8()?)));
    match first {
        0..=0x7f => Ok(first),
        0x80..=0xbf => Ok((first & 0x3f) << 8 | more(1)?),
        _ => Ok((first & 0x1f) << 24 | more(3)?),
    }
}

/// Where the content of the blob at `offset` of the heap lies inside the heap (II.24.2.4).
pub(super) fn blob(heap: &[u8], offset: u64) -> Option<Range<usize>> {
    let mut cursor = Cursor::at(heap, offset);
    let size = u64::from(packed(&mut cursor).ok()?);
    let (range, complete) = part(heap, cursor.offset(), size);
    complete.then_some(range)
}
