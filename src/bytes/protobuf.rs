//! The wire format of protocol buffers: fields with their numbers, types and offsets, without a schema.
//!
//! Follows "Encoding" of the Protocol Buffers documentation (protobuf.dev). Nothing is copied; nothing is decoded that
//! is not asked for. Groups (wire types 3 and 4) have been deprecated since 2008 and are refused.

use super::{Cursor, ReadError};

/// A message, or any other length-delimited value: some bytes and where they lie in the artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where the first of them lies, in bytes from the start of the artifact.
    pub offset: u64,
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0: a whole number, a truth value or an enumeration.
    Varint(u64),
    /// Wire type 1: eight bytes.
    Fixed64(u64),
    /// Wire type 2: a text, bytes, a message, or packed numbers.
    Bytes(Slice<'a>),
    /// Wire type 5: four bytes.
    Fixed32(u32),
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its number, from 1 to 536,870,911.
    pub number: u32,
    /// Where its tag lies, in bytes from the start of the artifact.
    pub offset: u64,
    /// Its value.
    pub value: Value<'a>,
}

impl<'a> Slice<'a> {
    /// A message that fills a whole artifact.
    #[must_use]
    pub fn whole(bytes: &'a [u8]) -> Self {
        Slice { bytes, offset: 0 }
    }

    /// The fields, when the bytes are a message.
    #[must_use]
    pub fn fields(self) -> Fields<'a> {
        Fields { cursor: Cursor::new(self.bytes), base: self.offset, cut: None, over: false }
    }

    /// Where the bytes end, in bytes from the start of the artifact.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

/// Walks the fields of one message in the order in which they are written. After an error it ends.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    cursor: Cursor<'a>,
    base: u64,
    cut: Option<Field<'a>>,
    over: bool,
}

impl<'a> Fields<'a> {
    /// After an error because a length-delimited value goes past the end: the field with the bytes that are there.
    #[must_use]
    pub fn cut_off(&self) -> Option<Field<'a>> {
        self.cut
    }

    fn read(&mut self) -> Result<Field<'a>, ReadError> {
        let offset = self.base.saturating_add(self.cursor.offset());
        let tag = self.cursor.varint()?;
        let number = match u32::try_from(tag >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => number,
            _ => return Err(ReadError::new(offset - self.base, format!("{tag} is not a protobuf tag"))),
        };
        let value = match tag & 7 {
            0 => Value::Varint(self.cursor.varint()?),
            1 => Value::Fixed64(self.cursor.u64_le()?),
            2 => {
                let length = self.cursor.varint()?;
                let start = self.base.saturating_add(self.cursor.offset());
                let rest = self.cursor.rest();
                match self.cursor.take_u64(length) {
                    Ok(bytes) => Value::Bytes(Slice { bytes, offset: start }),
                    Err(error) => {
                        let value = Value::Bytes(Slice { bytes: rest, offset: start });
                        self.cut = Some(Field { number, offset, value });
                        return Err(error);
                    }
                }
            }
            5 => Value::Fixed32(self.cursor.u32_le()?),
            other => {
                return Err(ReadError::new(offset - self.base, format!("{other} is not a wire type that is in use")));
            }
        };
        Ok(Field { number, offset, value })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over || self.cursor.remaining() == 0 {
            return None;
        }
        let field = self.read().map_err(|error| {
            self.over = true;
            ReadError::new(self.base.saturating_add(error.offset), error.reason)
        });
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_read_with_its_offset() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let fields: Vec<_> = Slice { bytes: &bytes, offset: 100 }.fields().map(Result::unwrap).collect();
        assert_eq!(fields[0], Field { number: 1, offset: 100, value: Value::Varint(150) });
        assert_eq!(fields[1].value, Value::Bytes(Slice { bytes: b"hi", offset: 105 }));
        assert_eq!(fields[2], Field { number: 3, offset: 107, value: Value::Fixed32(1) });
        assert_eq!(fields[3], Field { number: 4, offset: 112, value: Value::Fixed64(2) });
        assert_eq!(fields.len(), 4);
    }

    #[test]
    fn a_value_that_goes_past_the_end_is_an_error_that_lends_what_is_there() {
        let bytes = [0x3a, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3];
        let mut fields = Slice::whole(&bytes).fields();
        assert_eq!(fields.next().unwrap().unwrap_err().offset, 5);
        let cut = Field { number: 7, offset: 0, value: Value::Bytes(Slice { bytes: &[1, 2, 3], offset: 5 }) };
        assert_eq!(fields.cut_off(), Some(cut));
        assert_eq!(fields.next(), None);
    }

    #[test]
    fn impossible_tags_are_errors_and_nothing_panics() {
        for bytes in [&[0x00, 0x00][..], &[0x0b], &[0x0f, 0], &[0xff; 11], &[0x80], &[0x0d, 1, 2], &[0x09; 5]] {
            assert!(Slice { bytes, offset: u64::MAX }.fields().next().unwrap().is_err(), "{bytes:?}");
        }
    }
}
