//! Reading numbers whose byte order and width the file itself decides.

use crate::bytes::{Cursor, ReadError};

/// Byte order and width of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Least significant byte first.
    pub(super) little: bool,
    /// Addresses and offsets have 64 bits.
    pub(super) wide: bool,
}

impl Shape {
    /// The next 16-bit number.
    pub(super) fn u16(self, cursor: &mut Cursor<'_>) -> Result<u16, ReadError> {
        if self.little { cursor.u16_le() } else { cursor.u16_be() }
    }

    /// The next 32-bit number.
    pub(super) fn u32(self, cursor: &mut Cursor<'_>) -> Result<u32, ReadError> {
        if self.little { cursor.u32_le() } else { cursor.u32_be() }
    }

    /// The next 64-bit number.
    pub(super) fn u64(self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        if self.little { cursor.u64_le() } else { cursor.u64_be() }
    }

    /// The next address: 32 or 64 bits.
    pub(super) fn address(self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        if self.wide { self.u64(cursor) } else { self.u32(cursor).map(u64::from) }
    }

    /// The length in front of a unit of DWARF, and whether it announces lengths and offsets of 64 bits (DWARF 5, 7.4).
    pub(super) fn unit_length(self, cursor: &mut Cursor<'_>) -> Result<(bool, u64), ReadError> {
        match self.u32(cursor)? {
            0xffff_ffff => Ok((true, self.u64(cursor)?)),
            length => Ok((false, u64::from(length))),
        }
    }
}

/// The bytes from `offset` up to a NUL, at most `most` of them. Empty where nothing is there.
pub(super) fn c_string(bytes: &[u8], offset: u64, most: usize) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let rest = &rest[..rest.len().min(most)];
    &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
}

/// The part of `offset..offset + size` that lies inside `bytes`, and whether that is all of it.
pub(super) fn part(bytes: &[u8], offset: u64, size: u64) -> (std::ops::Range<usize>, bool) {
    let length = bytes.len() as u64;
    let end = offset.saturating_add(size);
    let range = offset.min(length) as usize..end.min(length) as usize;
    (range, end <= length)
}
