//! Walking the protocol buffers of models: several frameworks write them, and none of them has a mark.
//!
//! A walk has a budget of fields, so that a file of nothing but tiny fields costs no more than a real one.

use std::cell::Cell;

use crate::bytes::protobuf::{Field, Slice, Value};
use crate::bytes::{Cursor, ReadError};

/// How many fields are read of one model. The largest published graphs have some 200,000 nodes of about 20 fields.
const FIELDS: u64 = 8 << 20;

/// How many characters a name may have to be taken for one.
const NAME: usize = 1 << 10;

/// What is left of the fields that may be read.
#[derive(Debug)]
pub(super) struct Walk {
    left: Cell<u64>,
}

impl Walk {
    /// A walk over one model.
    pub(super) fn new() -> Self {
        Walk { left: Cell::new(FIELDS) }
    }

    /// Reads a message to its end. Where it is cut off, what is there of its last field is read too.
    ///
    /// # Errors
    /// When the message is cut off or damaged, or when `read` fails; and when the model has far too many fields.
    pub(super) fn each<'a>(
        &self,
        message: Slice<'a>,
        mut read: impl FnMut(Field<'a>) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut fields = message.fields();
        while let Some(field) = fields.next() {
            let left = self.left.get().checked_sub(1).ok_or_else(|| {
                ReadError::new(message.offset, format!("it has more than {FIELDS} fields, no model has"))
            })?;
            self.left.set(left);
            match field {
                Ok(field) => read(field)?,
                Err(error) => {
                    // The error at the cut says more than whatever is made of the last message inside.
                    fields.cut_off().map(read);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// Hands the numbers of a repeated field to `read`, whether they are packed or not.
///
/// # Errors
/// When packed numbers are cut off.
pub(super) fn numbers(value: Value<'_>, mut read: impl FnMut(u64)) -> Result<(), ReadError> {
    match value {
        Value::Varint(number) => read(number),
        Value::Bytes(packed) => {
            let mut cursor = Cursor::new(packed.bytes);
            while cursor.remaining() > 0 {
                let at = packed.offset.saturating_add(cursor.offset());
                read(cursor.varint().map_err(|error| ReadError::new(at, error.reason))?);
            }
        }
        Value::Fixed32(_) | Value::Fixed64(_) => {}
    }
    Ok(())
}

/// How many fields are looked at to recognise a message.
const FIRST: usize = 16;

/// The first fields of a message.
pub(super) struct First<'a> {
    fields: [Field<'a>; FIRST],
    count: usize,
}

impl<'a> std::ops::Deref for First<'a> {
    type Target = [Field<'a>];

    fn deref(&self) -> &Self::Target {
        &self.fields[..self.count]
    }
}

/// The first fields of what may be a message, at most `most`, and at most 16; `None` where they are no message. A field
/// that goes past the end of what is there ends the list and counts.
pub(super) fn first_fields(message: Slice<'_>, most: usize) -> Option<First<'_>> {
    let none = Field { number: 0, offset: 0, value: Value::Varint(0) };
    let mut first = First { fields: [none; FIRST], count: 0 };
    let mut fields = message.fields();
    while first.count < most.min(FIRST) {
        let field = match fields.next() {
            Some(Ok(field)) => field,
            Some(Err(_)) => {
                first.fields[first.count] = fields.cut_off()?;
                first.count += 1;
                break;
            }
            None => break,
        };
        first.fields[first.count] = field;
        first.count += 1;
    }
    Some(first)
}

/// Whether this may be the name of a node, a layer or a variable: printable, and not empty.
pub(super) fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && text.len() <= NAME && text.iter().all(|byte| matches!(byte, 0x20..=0x7e | 0x80..))
}

/// Whether this may be the name of an operator: an identifier.
pub(super) fn is_operator(text: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'>' | b'-');
    !text.is_empty() && text.len() <= 256 && !text[0].is_ascii_digit() && text.iter().all(part)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn varint(mut value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while value > 0x7f {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    /// A field with a number.
    pub(in super::super) fn number(field: u64, value: u64) -> Vec<u8> {
        [varint(field << 3), varint(value)].concat()
    }

    /// A field with a text or a message.
    pub(in super::super) fn block(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
        let value = value.as_ref();
        [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
    }

    #[test]
    fn a_walk_ends_where_no_model_would() {
        let bytes = [8, 1].repeat(usize::try_from(FIELDS).unwrap() + 1);
        let mut seen = 0;
        let end = Walk::new().each(Slice::whole(&bytes), |_| {
            seen += 1;
            Ok(())
        });
        assert!(end.unwrap_err().reason.contains("no model has"));
        assert_eq!(seen, FIELDS);
    }

    #[test]
    fn numbers_are_read_packed_and_unpacked() {
        let mut read = Vec::new();
        for value in [Value::Varint(3), Value::Bytes(Slice { bytes: &[1, 0x80, 1], offset: 7 }), Value::Fixed32(9)] {
            numbers(value, |number| read.push(number)).unwrap();
        }
        assert_eq!(read, [3, 1, 128]);
        let cut = Value::Bytes(Slice { bytes: &[1, 0x80], offset: 7 });
        assert_eq!(numbers(cut, |_| {}).unwrap_err().offset, 8);
    }
}
