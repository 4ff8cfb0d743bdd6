//! Mach-O (Apple, `mach-o/loader.h`): the sections of a thin file. Universal files hand out theirs as members.

use super::{Kind, Pieces, Shape, c_string};
use crate::bytes::{Cursor, ReadError};

const LC_SEGMENT: u32 = 0x1;
const LC_SYMTAB: u32 = 0x2;
const LC_SEGMENT_64: u32 = 0x19;
/// `S_ATTR_PURE_INSTRUCTIONS` and `S_ATTR_SOME_INSTRUCTIONS`.
const INSTRUCTIONS: u32 = 0x8000_0400;
const MOST_COMMANDS: u32 = 10_000;
const MOST_SECTIONS: u32 = 10_000;

pub(super) fn read(bytes: &[u8], pieces: &mut Pieces) -> Result<(), ReadError> {
    let shape = Shape { little: true, wide: bytes.first() == Some(&0xcf) };
    let mut cursor = Cursor::at(bytes, 16);
    let count = cursor.u32_le()?.min(MOST_COMMANDS);
    cursor.skip(if shape.wide { 12 } else { 8 })?;
    for _ in 0..count {
        let at = cursor.offset();
        let (kind, size) = (cursor.u32_le()?, u64::from(cursor.u32_le()?));
        match kind {
            LC_SEGMENT | LC_SEGMENT_64 => segment(&mut cursor, kind == LC_SEGMENT_64, pieces)?,
            LC_SYMTAB => {
                cursor.skip(8)?;
                let (offset, length) = (cursor.u32_le()?, cursor.u32_le()?);
                pieces.reach(u64::from(offset), u64::from(length));
            }
            _ => {}
        }
        if size < 8 {
            return Err(cursor.error("a load command is shorter than its header"));
        }
        cursor = Cursor::at(bytes, at.saturating_add(size));
    }
    Ok(())
}

fn segment(cursor: &mut Cursor<'_>, wide: bool, pieces: &mut Pieces) -> Result<(), ReadError> {
    let shape = Shape { little: true, wide };
    cursor.skip(16)?;
    shape.address(cursor)?;
    shape.address(cursor)?;
    let (offset, size) = (shape.address(cursor)?, shape.address(cursor)?);
    pieces.reach(offset, size);
    cursor.skip(8)?;
    let count = cursor.u32_le()?.min(MOST_SECTIONS);
    cursor.skip(4)?;
    for _ in 0..count {
        let (section, segment) = (cursor.take(16)?, cursor.take(16)?);
        shape.address(cursor)?;
        let size = shape.address(cursor)?;
        let offset = u64::from(cursor.u32_le()?);
        cursor.skip(12)?;
        let flags = cursor.u32_le()?;
        cursor.skip(if wide { 12 } else { 8 })?;
        let (segment, section) = (c_string(segment, 0), c_string(section, 0));
        let name = [segment, b",", section].concat();
        let elsewhere = flags & INSTRUCTIONS != 0 || segment == b"__DWARF";
        // 1 and 12 are filled with zeros when the program starts.
        if offset != 0 && !matches!(flags & 0xff, 1 | 12) {
            pieces.section(if elsewhere { Kind::Other } else { Kind::Data }, &name, offset, size);
        }
    }
    Ok(())
}
