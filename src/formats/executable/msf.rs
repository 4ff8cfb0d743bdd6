//! The container of Microsoft's PDB files (LLVM, "The MSF File Format"): streams in blocks that may lie anywhere.

use std::ops::Range;

use bytes::Bytes;

use super::words::part;
use crate::bytes::{Cursor, ReadError};

/// How a version 7 file starts.
pub(super) const MAGIC: &[u8] = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0";
/// The size of a stream that was deleted.
const NO_STREAM: u32 = u32::MAX;

/// A file of streams.
pub(super) struct Msf<'a> {
    bytes: &'a Bytes,
    block: u32,
    streams: Vec<Stream>,
    /// How many bytes of streams may still be read: in an honest file no block belongs to two of them.
    left: u64,
}

struct Stream {
    size: u32,
    blocks: Vec<u32>,
}

/// The content of a stream.
pub(super) struct Content {
    /// All of it, or what the file has of it.
    pub(super) bytes: Bytes,
    /// Where it lies in the file.
    pub(super) places: Vec<Range<u64>>,
    /// Whether the file has all of it.
    pub(super) complete: bool,
}

impl Content {
    /// Whether its blocks lie in the file one after the other, so that a search through the file sees it as it is.
    pub(super) fn is_joined(&self) -> bool {
        self.places.len() < 2
    }
}

impl<'a> Msf<'a> {
    /// Reads the directory of streams.
    ///
    /// # Errors
    /// Where it is damaged or cut off.
    pub(super) fn read(bytes: &'a Bytes) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(bytes, 32);
        let block = cursor.u32_le()?;
        if !matches!(block, 512..=65_536) || !block.is_power_of_two() {
            return Err(ReadError::new(32, format!("blocks of {block} bytes are none of this container")));
        }
        cursor.skip(8)?; // free block map, number of blocks
        let size = cursor.u32_le()?;
        cursor.skip(4)?;
        let map = u64::from(cursor.u32_le()?) * u64::from(block);
        let mut msf = Msf { bytes, block, streams: Vec::new(), left: bytes.len() as u64 };
        if u64::from(size) > bytes.len() as u64 {
            return Err(ReadError::new(44, "the directory of streams is larger than the file"));
        }
        let blocks = numbers(&mut Cursor::at(bytes, map), size.div_ceil(block))?;
        let directory = msf.gather(&Stream { size, blocks });
        if !directory.complete {
            return Err(ReadError::new(map, "the file ends inside its directory of streams"));
        }
        let mut cursor = Cursor::new(&directory.bytes);
        let count = cursor.u32_le()?;
        let sizes = numbers(&mut cursor, count)?;
        for size in sizes {
            let size = if size == NO_STREAM { 0 } else { size };
            let blocks = numbers(&mut cursor, size.div_ceil(block))?;
            msf.streams.push(Stream { size, blocks });
        }
        Ok(msf)
    }

    /// How many streams there are.
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// The stream with this number. Nothing where there is none, or more was gathered than an honest file holds.
    pub(super) fn stream(&mut self, index: usize) -> Option<Content> {
        let stream = self.streams.get(index)?;
        // A stream that is larger than the file is gathered as far as that goes, and said to be incomplete.
        self.left = self.left.checked_sub(u64::from(stream.size).min(self.bytes.len() as u64))?;
        Some(self.gather(&self.streams[index]))
    }

    /// Whether a stream lies in one piece.
    pub(super) fn is_joined(&self, index: usize) -> bool {
        let adjoin = |pair: &[u32]| pair[0].checked_add(1) == Some(pair[1]);
        self.streams.get(index).is_none_or(|stream| stream.blocks.windows(2).all(adjoin))
    }

    fn gather(&self, stream: &Stream) -> Content {
        let mut places: Vec<Range<u64>> = Vec::new();
        let (mut left, mut complete) = (u64::from(stream.size), stream.size as usize <= self.bytes.len());
        for number in &stream.blocks {
            let size = left.min(u64::from(self.block));
            let (range, whole) = part(self.bytes, u64::from(*number) * u64::from(self.block), size);
            complete &= whole;
            left -= size;
            let range = range.start as u64..range.end as u64;
            match places.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => places.push(range),
            }
        }
        let piece = |range: &Range<u64>| range.start as usize..range.end as usize;
        let bytes = match places.as_slice() {
            [] => Bytes::new(),
            [one] => self.bytes.slice(piece(one)),
            _ if !complete => Bytes::new(),
            many => many.iter().map(|range| &self.bytes[piece(range)]).collect::<Vec<_>>().concat().into(),
        };
        Content { bytes, places, complete: complete && left == 0 }
    }
}

fn numbers(cursor: &mut Cursor<'_>, count: u32) -> Result<Vec<u32>, ReadError> {
    let bytes = cursor.take_u64(u64::from(count) * 4)?;
    Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
}
