//! Python's marshal format (`Python/marshal.c`), as far as tables of contents use it: lists of names and numbers.

use crate::bytes::{Cursor, ReadError};

/// How many values one entry may have, in all its tuples.
const MOST_VALUES: usize = 16;
const MOST_ENTRIES: u32 = 1_000_000;
const MOST_REFERENCES: usize = 2_000_000;

/// A value of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    None,
}

struct Reader<'r, 'b> {
    cursor: &'r mut Cursor<'b>,
    /// What later values may refer to: values, and tuples as the values in them.
    references: Vec<Vec<Value>>,
}

/// Shows every entry of a list (or dictionary) to `each` as the values in it, tuples taken apart, until that says no.
pub(super) fn entries(cursor: &mut Cursor<'_>, mut each: impl FnMut(&[Value]) -> bool) -> Result<(), ReadError> {
    let mut reader = Reader { cursor, references: Vec::new() };
    let kind = reader.cursor.u8()?;
    if kind & 0x80 != 0 {
        reader.references.push(Vec::new());
    }
    match kind & 0x7f {
        b'[' | b'(' => {
            for _ in 0..reader.cursor.u32_le()?.min(MOST_ENTRIES) {
                let entry = reader.value(0)?;
                if !each(&entry) {
                    return Ok(());
                }
            }
        }
        b'{' => {
            for _ in 0..MOST_ENTRIES {
                if reader.cursor.rest().first() == Some(&b'0') {
                    reader.cursor.skip(1)?;
                    break;
                }
                let mut entry = reader.value(0)?;
                entry.extend(reader.value(0)?);
                if !each(&entry) {
                    return Ok(());
                }
            }
        }
        other => return Err(reader.cursor.error(format!("a table of contents is no object of type {other:#04x}"))),
    }
    Ok(())
}

impl Reader<'_, '_> {
    fn value(&mut self, depth: usize) -> Result<Vec<Value>, ReadError> {
        let kind = self.cursor.u8()?;
        let slot = (kind & 0x80 != 0).then(|| {
            self.references.push(Vec::new());
            self.references.len() - 1
        });
        let value = match kind & 0x7f {
            b'r' => {
                let index = self.cursor.u32_le()? as usize;
                self.references.get(index).cloned().unwrap_or_default()
            }
            b'N' => vec![Value::None],
            b'T' => vec![Value::Number(1)],
            b'F' => vec![Value::Number(0)],
            b'i' => vec![Value::Number(u64::from(self.cursor.u32_le()?))],
            b'I' => vec![Value::Number(self.cursor.u64_le()?)],
            b'l' => vec![self.long()?],
            b'z' | b'Z' => {
                let size = u64::from(self.cursor.u8()?);
                vec![self.text(size)?]
            }
            b'a' | b'A' | b'u' | b't' | b's' => {
                let size = u64::from(self.cursor.u32_le()?);
                vec![self.text(size)?]
            }
            b')' => {
                let count = u32::from(self.cursor.u8()?);
                self.tuple(count, depth)?
            }
            b'(' => {
                let count = self.cursor.u32_le()?;
                self.tuple(count, depth)?
            }
            other => return Err(self.cursor.error(format!("there is no object of type {other:#04x} in a table"))),
        };
        if let Some(slot) = slot.filter(|slot| *slot < MOST_REFERENCES) {
            self.references[slot].clone_from(&value);
        }
        Ok(value)
    }

    fn text(&mut self, size: u64) -> Result<Value, ReadError> {
        let bytes = self.cursor.take_u64(size)?;
        Ok(Value::Text(String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).into_owned()))
    }

    /// A number of more than 32 bits: digits of 15 bits each.
    fn long(&mut self) -> Result<Value, ReadError> {
        let digits = self.cursor.u32_le()?;
        if digits > 4 {
            return Err(self.cursor.error("a number in a table is too large"));
        }
        let mut value = 0u64;
        for index in 0..digits {
            value |= u64::from(self.cursor.u16_le()? & 0x7fff) << (15 * index);
        }
        Ok(Value::Number(value))
    }

    fn tuple(&mut self, count: u32, depth: usize) -> Result<Vec<Value>, ReadError> {
        if depth > 3 || count as usize > MOST_VALUES {
            return Err(self.cursor.error("the entries of a table nest too deep or are too long"));
        }
        let mut values = Vec::new();
        for _ in 0..count {
            values.extend(self.value(depth + 1)?);
            if values.len() > MOST_VALUES {
                return Err(self.cursor.error("an entry of a table has too many values"));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<Vec<Value>>, bool) {
        let mut found = Vec::new();
        let whole = entries(&mut Cursor::new(bytes), |entry| {
            found.push(entry.to_vec());
            true
        });
        (found, whole.is_ok())
    }

    #[test]
    fn names_and_places_are_read_with_references() {
        let table = b"\xdb\x02\0\0\0\xa9\x02\xda\x01a\xa9\x03\xe9\x01\0\0\0\xe9\x11\0\0\0\xe9\x07\0\0\0)\x02r\x02\0\0\0r\x03\0\0\0";
        let one = [Value::Text("a".into()), Value::Number(1), Value::Number(17), Value::Number(7)];
        let (found, whole) = read(table);
        assert!(whole);
        assert_eq!(found, [one.to_vec(), one.to_vec()]);
        for end in 0..table.len() {
            assert!(!read(&table[..end]).1, "{end}");
        }
    }

    #[test]
    fn tuples_may_not_nest_or_multiply() {
        let deep = [b"[\x01\0\0\0".to_vec(), b")\x01".repeat(100)].concat();
        assert!(!read(&deep).1);
        let wide = [b"[\x01\0\0\0".to_vec(), b")\xff".to_vec(), b"N".repeat(255)].concat();
        assert!(!read(&wide).1);
    }
}
