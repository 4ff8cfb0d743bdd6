//! Attribute forms of DWARF: how a value is written, whatever it says (DWARF 5, section 7.5.6).

use super::relocation::Relocations;
use super::words::Shape;
use crate::bytes::{Cursor, ReadError};

/// A value that takes no bytes where it stands: `DW_FORM_flag_present`.
pub(super) const FLAG_PRESENT: u64 = 0x19;
/// The value stands in the abbreviation: `DW_FORM_implicit_const`.
pub(super) const IMPLICIT_CONST: u64 = 0x21;
/// The form stands in front of the value: `DW_FORM_indirect`.
pub(super) const INDIRECT: u64 = 0x16;

/// Which section a text lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// The section that is read (`.debug_line` or `.debug_info`), in the row or entry itself.
    Here,
    /// `.debug_line_str`.
    LineStrings,
    /// `.debug_str`.
    Strings,
}

/// A value, as far as anybody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// The text that starts at an offset of a section.
    Text(Place, usize),
    /// The text whose offset stands in `.debug_str_offsets` under this number.
    Index(u64),
    /// A number, or an offset into some other section.
    Number(u64),
    /// Anything else.
    Other,
}

/// How values of one unit are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'r> {
    /// Byte order, and whether offsets have 64 bits (which says nothing of addresses).
    pub(super) shape: Shape,
    /// Bytes of an address.
    pub(super) address: u8,
    /// The DWARF version.
    pub(super) version: u16,
    /// What a linker would have put there.
    pub(super) relocations: &'r Relocations,
}

impl Written<'_> {
    /// Reads a value of this form.
    ///
    /// # Errors
    /// Where it is cut off, or its form is unknown, so that nobody can say where the next one starts.
    pub(super) fn value(&self, cursor: &mut Cursor<'_>, mut form: u64) -> Result<Value, ReadError> {
        if form == INDIRECT {
            form = cursor.varint()?;
            if matches!(form, INDIRECT | IMPLICIT_CONST) {
                return Err(cursor.error("a form says that another one follows, without end"));
            }
        }
        let at = cursor.offset();
        let size = match form {
            0x0e | 0x1f => {
                let offset = self.relocations.apply(at, self.shape.address(cursor)?);
                let place = if form == 0x0e { Place::Strings } else { Place::LineStrings };
                return Ok(Value::Text(place, usize::try_from(offset).unwrap_or(usize::MAX)));
            }
            0x08 => {
                let length = memchr::memchr(0, cursor.rest()).ok_or_else(|| cursor.error("a string does not end"))?;
                cursor.skip(length as u64 + 1)?;
                return Ok(Value::Text(Place::Here, usize::try_from(at).unwrap_or(usize::MAX)));
            }
            0x17 => return Ok(Value::Number(self.relocations.apply(at, self.shape.address(cursor)?))),
            0x06 => return Ok(Value::Number(self.relocations.apply(at, u64::from(self.shape.u32(cursor)?)))),
            0x07 => return Ok(Value::Number(self.relocations.apply(at, self.shape.u64(cursor)?))),
            0x0b => return Ok(Value::Number(u64::from(cursor.u8()?))),
            0x05 => return Ok(Value::Number(u64::from(self.shape.u16(cursor)?))),
            0x0f => return Ok(Value::Number(cursor.varint()?)),
            0x1a | 0x1f02 => return Ok(Value::Index(cursor.varint()?)),
            0x25..=0x28 => return self.index(cursor, form - 0x24),
            0x0d | 0x15 | 0x1b | 0x22 | 0x23 | 0x1f01 => return cursor.varint().map(|_| Value::Other),
            0x09 | 0x18 => cursor.varint()?,
            0x0a => u64::from(cursor.u8()?),
            0x03 => u64::from(self.shape.u16(cursor)?),
            0x04 => u64::from(self.shape.u32(cursor)?),
            _ => self.size(form).ok_or_else(|| cursor.error(format!("form {form:#x} is unknown")))?,
        };
        cursor.skip(size).map(|()| Value::Other)
    }

    /// A number of 1 to 4 bytes into the table of offsets.
    fn index(&self, cursor: &mut Cursor<'_>, size: u64) -> Result<Value, ReadError> {
        let bytes = cursor.take_u64(size)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = if self.shape.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) };
        Ok(Value::Index(number))
    }

    /// The size of a form that always takes the same number of bytes.
    fn size(&self, form: u64) -> Option<u64> {
        let offset = if self.shape.wide { 8 } else { 4 };
        Some(match form {
            FLAG_PRESENT => 0,
            0x0c | 0x11 | 0x29 => 1,
            0x12 | 0x2a => 2,
            0x2b => 3,
            0x13 | 0x1c | 0x2c => 4,
            0x14 | 0x20 | 0x24 => 8,
            0x1e => 16,
            0x01 => u64::from(self.address),
            // DWARF 2 writes references to other units like addresses.
            0x10 if self.version == 2 => u64::from(self.address),
            0x10 | 0x1d | 0x1f20 | 0x1f21 => offset,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_as_long_as_the_standard_says() {
        let none = Relocations::default();
        let written =
            |wide, version| Written { shape: Shape { little: true, wide }, address: 8, version, relocations: &none };
        let length = |form, wide, version| {
            let bytes = [1u8; 64];
            let mut cursor = Cursor::new(&bytes);
            written(wide, version).value(&mut cursor, form).map(|_| cursor.offset()).ok()
        };
        for (form, short, long) in [
            (0x01, 8, 8),
            (0x0e, 4, 8),
            (0x17, 4, 8),
            (0x0a, 2, 2),
            (0x03, 259, 259),
            (0x19, 0, 0),
            (0x1e, 16, 16),
            (0x27, 3, 3),
            (0x2c, 4, 4),
            (0x1f21, 4, 8),
            (0x10, 4, 8),
            (0x18, 2, 2),
        ] {
            for (wide, size) in [(false, short), (true, long)] {
                let found = length(form, wide, 5);
                assert_eq!(found, (size <= 64).then_some(size), "form {form:#x}");
            }
        }
        assert_eq!(length(0x10, false, 2), Some(8));
        assert_eq!(length(0x16, false, 5), Some(9), "indirect, of the form 1");
        assert_eq!(length(0x77, false, 5), None);
        let mut cursor = Cursor::new(&[0x02, 0x01]);
        assert_eq!(written(false, 5).value(&mut cursor, 0x26), Ok(Value::Index(0x102)));
    }
}
