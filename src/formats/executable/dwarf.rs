//! Whether DWARF line tables carry source text.
//!
//! DWARF 5, section 6.2.4 ("The Line Number Program Header"): the header names the columns of its file table. clang's
//! `-gembed-source` adds the column `DW_LNCT_LLVM_source` (0x2001). Only headers are read, never line programs.

use super::words::Shape;
use crate::bytes::{Cursor, ReadError};

const LLVM_SOURCE: u64 = 0x2001;

/// Whether a unit of this `.debug_line` section has a column with source text. Damage ends the search with "no".
pub(super) fn embeds_source(section: &[u8], shape: Shape) -> bool {
    let mut at = 0;
    while let Ok((embeds, next)) = unit(section, at, shape) {
        if embeds {
            return true;
        }
        if next <= at || next >= section.len() as u64 {
            return false;
        }
        at = next;
    }
    false
}

/// Reads one unit's header: whether it names the column, and where the next unit starts.
fn unit(section: &[u8], at: u64, shape: Shape) -> Result<(bool, u64), ReadError> {
    let mut cursor = Cursor::at(section, at);
    let mut length = u64::from(shape.u32(&mut cursor)?);
    // Section 7.4: this escape announces 64-bit lengths and offsets.
    let wide = length == 0xffff_ffff;
    if wide {
        length = shape.u64(&mut cursor)?;
    }
    let next = cursor.offset().saturating_add(length);
    // A unit that cannot be read to its file table hides nothing from the units behind it.
    let embeds = file_columns(&mut cursor, Shape { wide, ..shape }).unwrap_or(false);
    Ok((embeds, next))
}

fn file_columns(cursor: &mut Cursor<'_>, shape: Shape) -> Result<bool, ReadError> {
    if shape.u16(cursor)? != 5 {
        return Ok(false);
    }
    cursor.skip(2)?; // address_size, segment_selector_size
    shape.address(cursor)?; // header_length, as wide as the unit's offsets
    cursor.skip(5)?; // minimum_instruction_length … line_range
    let opcode_base = cursor.u8()?;
    cursor.skip(u64::from(opcode_base.saturating_sub(1)))?;
    let columns = columns(cursor)?;
    let rows = cursor.varint()?;
    if columns.is_empty() && rows > 0 {
        return Ok(false);
    }
    for _ in 0..rows {
        for (_, form) in &columns {
            skip_form(cursor, *form, shape)?;
        }
    }
    Ok(self::columns(cursor)?.iter().any(|(content, _)| *content == LLVM_SOURCE))
}

fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, u64)>, ReadError> {
    let count = cursor.u8()?;
    (0..count).map(|_| Ok((cursor.varint()?, cursor.varint()?))).collect()
}

/// Skips a value of this form (section 7.5.6). Every known form takes at least one byte, so a count of rows cannot keep
/// the reader busy for longer than the section lasts.
fn skip_form(cursor: &mut Cursor<'_>, form: u64, shape: Shape) -> Result<(), ReadError> {
    let size = match form {
        0x0b | 0x0c | 0x25 => 1,
        0x05 | 0x26 => 2,
        0x27 => 3,
        0x06 | 0x28 => 4,
        0x07 => 8,
        0x1e => 16,
        // strp, sec_offset, line_strp
        0x0e | 0x17 | 0x1f => 4 + 4 * u64::from(shape.wide),
        0x08 => {
            let rest = cursor.rest();
            memchr::memchr(0, rest).map_or(rest.len() as u64 + 1, |nul| nul as u64 + 1)
        }
        0x0f | 0x1a => return cursor.varint().map(|_| ()),
        0x09 => cursor.varint()?,
        0x0a => u64::from(cursor.u8()?),
        0x03 => u64::from(shape.u16(cursor)?),
        0x04 => u64::from(shape.u32(cursor)?),
        _ => return Err(cursor.error(format!("form {form:#x} is unknown"))),
    };
    cursor.skip(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_unit(column: &[u8]) -> Vec<u8> {
        let mut body = vec![5, 0, 8, 0, 0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 2, 0];
        body.extend([1, 1, 0x1f, 1, 0, 0, 0, 0]); // one directory: path as line_strp
        body.extend([2, 1, 0x1f]);
        body.extend(column);
        let mut unit = (body.len() as u32).to_le_bytes().to_vec();
        unit.extend(body);
        unit
    }

    #[test]
    fn the_source_column_is_found_in_any_unit() {
        let shape = Shape { little: true, wide: true };
        let (plain, with_source) = (line_unit(&[2, 0x0b]), line_unit(&[0x81, 0x40, 0x1f]));
        assert!(!embeds_source(&plain, shape));
        assert!(embeds_source(&[plain.clone(), with_source.clone()].concat(), shape));
        for end in 0..with_source.len() {
            assert!(!embeds_source(&with_source[..end], shape));
        }
        assert!(!embeds_source(&[0; 64], shape));
    }
}
