//! Parquet: `PAR1` at both ends, and before the last the size of a footer that describes everything.
//!
//! Follows the format's `parquet.thrift` (`FileMetaData`) and "Thrift compact protocol". A footer that is encrypted has `PARE`.

use super::{FACTS, clip, is_training};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How deep structures may lie in each other, and how many values a footer may have.
const DEPTH: usize = 32;
const VALUES: u64 = 16 << 20;

/// How many columns are listed.
const COLUMNS: usize = 32;

/// See the module.
pub struct Parquet;

#[derive(Default)]
struct Footer {
    rows: u64,
    columns: Vec<String>,
    producer: String,
}

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn summary(&self) -> &'static str {
        "Parquet data: rows, columns and writer, from its footer"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let mark = |mark: &[u8]| probe.starts_with(mark) && (probe.tail().ends_with(mark) || !probe.is_text());
        probe.len() >= 12 && (mark(b"PAR1") || mark(b"PARE"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let size = bytes.len() as u64;
        out.fact("dataset.format", "parquet");
        if bytes.ends_with(b"PARE") {
            out.detail("its footer is encrypted, so nobody can say what it holds without the key".to_owned());
            return Ok(Coverage::Part);
        }
        if !bytes.ends_with(b"PAR1") {
            return Err(FormatError::broken(size, "the Parquet file is cut off before its footer"));
        }
        let length = u64::from(Cursor::at(bytes, size - 8).u32_le()?);
        let start = (size - 8).checked_sub(length).filter(|start| *start >= 4);
        let start = start.ok_or_else(|| FormatError::broken(size - 8, "its footer is longer than the file"))?;
        let mut thrift = Thrift { cursor: Cursor::at(&bytes[..size as usize - 8], start), left: VALUES };
        let mut footer = Footer::default();
        thrift.footer(&mut footer)?;
        out.fact("dataset.rows", footer.rows);
        // The first element of the schema is the table itself.
        let columns: Vec<String> = footer.columns.into_iter().skip(1).take(COLUMNS).collect();
        if is_training(columns.iter().map(String::as_str)) {
            out.fact("dataset.kind", "training");
        }
        out.fact("dataset.columns", columns);
        if !footer.producer.is_empty() {
            out.fact("dataset.producer", footer.producer);
        }
        Ok(Coverage::Part)
    }
}

/// A reader of the compact protocol that knows no schema.
struct Thrift<'a> {
    cursor: Cursor<'a>,
    left: u64,
}

impl<'a> Thrift<'a> {
    /// A signed number.
    fn number(&mut self) -> Result<i64, ReadError> {
        let number = self.cursor.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn text(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.cursor.varint()?;
        self.cursor.take_u64(length)
    }

    /// The next field of a structure: its number and type. `None` ends the structure.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, ReadError> {
        let first = self.cursor.u8()?;
        if first == 0 {
            return Ok(None);
        }
        *last = if first >> 4 == 0 { self.number()? } else { last.saturating_add((first >> 4).into()) };
        Ok(Some((*last, first & 15)))
    }

    /// The number and the type of the items of a list.
    fn list(&mut self) -> Result<(u64, u8), ReadError> {
        let first = self.cursor.u8()?;
        let count = if first >> 4 == 15 { self.cursor.varint()? } else { (first >> 4).into() };
        Ok((count, first & 15))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), ReadError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| self.cursor.error("its footer has too many values"))?;
        if depth > DEPTH {
            return Err(self.cursor.error("its footer lies too deep in itself"));
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.cursor.skip(1),
            4..=6 => self.cursor.varint().map(|_| ()),
            7 => self.cursor.skip(8),
            8 => self.text().map(|_| ()),
            9 | 10 => {
                let (count, kind) = self.list()?;
                // The items of a list of truth values have a byte each.
                let kind = if matches!(kind, 1 | 2) { 3 } else { kind };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            11 => self.skip_map(depth),
            12 => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(self.cursor.error("its footer is no Thrift")),
        }
    }

    fn skip_map(&mut self, depth: usize) -> Result<(), ReadError> {
        let count = self.cursor.varint()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.cursor.u8()?;
        let plain = |kind: u8| if matches!(kind, 1 | 2) { 3 } else { kind };
        for _ in 0..count {
            self.skip(plain(kinds >> 4), depth + 1)?;
            self.skip(plain(kinds & 15), depth + 1)?;
        }
        Ok(())
    }

    /// `FileMetaData`: the schema in field 2, the rows in 3, the writer in 6.
    fn footer(&mut self, footer: &mut Footer) -> Result<(), ReadError> {
        let mut last = 0;
        while let Some((number, kind)) = self.field(&mut last)? {
            match (number, kind) {
                (2, 9) => {
                    let (count, _) = self.list()?;
                    for _ in 0..count {
                        let name = self.element()?;
                        if footer.columns.len() <= COLUMNS {
                            footer.columns.push(name);
                        }
                    }
                }
                (3, 6) => footer.rows = self.number()?.max(0) as u64,
                (6, 8) => footer.producer = clip(&String::from_utf8_lossy(self.text()?)),
                (_, kind) => self.skip(kind, 0)?,
            }
        }
        Ok(())
    }

    /// `SchemaElement`: the name in field 4.
    fn element(&mut self) -> Result<String, ReadError> {
        let (mut last, mut name) = (0, String::new());
        while let Some((number, kind)) = self.field(&mut last)? {
            match (number, kind) {
                (4, 8) => name = clip(&String::from_utf8_lossy(self.text()?)),
                (_, kind) => self.skip(kind, 0)?,
            }
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn a_footer_that_lies_is_broken() {
        let file = |footer: &[u8], length: u32| [b"PAR1", footer, &length.to_le_bytes(), b"PAR1"].concat();
        // Version 1, a list of one element called `a`, seven rows.
        let good = b"\x15\x02\x19\x1c\x48\x01a\x00\x16\x0e\x00";
        let looked = inspect(&Parquet, "x.bin", &file(good, good.len() as u32));
        assert!(looked.result.is_ok(), "{:?}", looked.result);
        assert_eq!(looked.stated.facts.int("dataset.rows"), 7);
        assert!(matches!(inspect(&Parquet, "x", &file(good, 9999)).result, Err(FormatError::Broken(_))));
        let deep = [0x19, 0x19].repeat(400);
        assert!(matches!(inspect(&Parquet, "x", &file(&deep, 800)).result, Err(FormatError::Broken(_))));
        let many = b"\x19\xf3\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert!(matches!(inspect(&Parquet, "x", &file(many, 11)).result, Err(FormatError::Broken(_))));
    }
}
