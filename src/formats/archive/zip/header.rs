//! The records of a zip archive: what stands before each member, and in the central directory (APPNOTE 6.3.10,
//! sections 4.3.7 and 4.3.12).

use std::ops::Range;

use crate::bytes::{Cursor, ReadError};

pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
pub(super) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

pub(super) const ENCRYPTED: u16 = 1;
pub(super) const HAS_DESCRIPTOR: u16 = 1 << 3;
pub(super) const UTF8: u16 = 1 << 11;
/// LZMA only: the data ends with a marker.
pub(super) const LZMA_MARKER: u16 = 1 << 1;

/// Extra fields up to this size are not searched: time stamps, user numbers, the alignment of PyTorch.
const HARMLESS_EXTRA: usize = 128;

/// What both kinds of header say about a member.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes once unpacked.
    pub(super) size: u64,
    /// Whether a zip64 field gave the sizes.
    pub(super) zip64: bool,
    /// Where the local header lies: as stated in the central directory, or where it was found.
    pub(super) local: u64,
    /// The parts of this header that are accounted for.
    pub(super) accounted: [Range<u64>; 2],
    /// The first byte after this header.
    pub(super) end: u64,
}

impl<'a> Entry<'a> {
    /// Reads the local header at `at`.
    pub(super) fn local(all: &'a [u8], at: u64) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(all, at);
        expect(&mut cursor, LOCAL)?;
        cursor.take(2)?;
        let mut entry = Entry::common(&mut cursor, at)?;
        let (name, extra) = (cursor.u16_le()?, cursor.u16_le()?);
        entry.tail(&mut cursor, [name, extra, 0])?;
        Ok(entry)
    }

    /// Reads the entry of the central directory at `at`.
    pub(super) fn central(all: &'a [u8], at: u64) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(all, at);
        expect(&mut cursor, CENTRAL)?;
        cursor.take(4)?;
        let mut entry = Entry::common(&mut cursor, at)?;
        let lengths = [cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?];
        cursor.take(8)?;
        entry.local = u64::from(cursor.u32_le()?);
        entry.tail(&mut cursor, lengths)?;
        Ok(entry)
    }

    fn common(cursor: &mut Cursor<'a>, at: u64) -> Result<Self, ReadError> {
        let (flags, method) = (cursor.u16_le()?, cursor.u16_le()?);
        cursor.take(4)?;
        let (crc, packed, size) = (cursor.u32_le()?, u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
        let accounted = [at..at, at..at];
        Ok(Entry { name: &[], flags, method, crc, packed, size, zip64: false, local: at, accounted, end: at })
    }

    /// Reads name, extra fields and comment, of these lengths.
    fn tail(&mut self, cursor: &mut Cursor<'a>, [name, extra, comment]: [u16; 3]) -> Result<(), ReadError> {
        let start = self.end;
        self.name = cursor.take(name.into())?;
        let after_name = cursor.offset();
        let extra = cursor.take(extra.into())?;
        self.zip64_field(extra);
        let after_extra = cursor.offset();
        cursor.take(comment.into())?;
        self.end = cursor.offset();
        let accounted = if extra.len() > HARMLESS_EXTRA { after_name } else { after_extra };
        self.accounted = [start..accounted, self.end..self.end];
        Ok(())
    }

    /// Takes what a zip64 field says (4.5.3): it only has the values that the header itself has no room for.
    fn zip64_field(&mut self, extra: &[u8]) {
        let mut cursor = Cursor::new(extra);
        while let (Ok(id), Ok(length)) = (cursor.u16_le(), cursor.u16_le()) {
            let Ok(field) = cursor.take(length.into()) else { return };
            if id != 1 {
                continue;
            }
            let mut field = Cursor::new(field);
            for value in [&mut self.size, &mut self.packed, &mut self.local] {
                if *value == u64::from(u32::MAX)
                    && let Ok(wide) = field.u64_le()
                {
                    *value = wide;
                    self.zip64 = true;
                }
            }
            return;
        }
    }

    /// Whether this looks like a header that a writer of archives made, and not like four bytes by chance.
    pub(super) fn is_plausible(&self) -> bool {
        let known_method = matches!(self.method, 0..=20 | 93..=99);
        known_method && !self.name.is_empty() && self.name.len() <= 4096 && self.flags & 0xc780 == 0
    }
}

fn expect(cursor: &mut Cursor<'_>, mark: [u8; 4]) -> Result<(), ReadError> {
    let at = cursor.offset();
    if cursor.take(4)? == mark { Ok(()) } else { Err(ReadError::new(at, "the mark of a zip header is missing")) }
}
