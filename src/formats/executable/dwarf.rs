//! Source text in DWARF line tables.
//!
//! DWARF 5, section 6.2.4 ("The Line Number Program Header"): the header names the columns of its file table. clang's
//! `-gembed-source` adds the column `DW_LNCT_LLVM_source` (0x2001). Only headers are read, never line programs, and rows
//! are walked without being kept: a reader that gathers a table first needs a hundred bytes for each byte of a row.

use std::ops::Range;

use super::relocation::Relocations;
use super::words::{Shape, c_string};
use crate::bytes::{Cursor, ReadError};

const PATH: u64 = 0x1;
const DIRECTORY: u64 = 0x2;
const LLVM_SOURCE: u64 = 0x2001;

/// More folders than any unit names; beyond it files are named without theirs.
const MOST_FOLDERS: usize = 1 << 16;
/// Longer names are cut, so that many rows that share one cannot cost more than they say.
const MOST_NAME: usize = 4 << 10;

/// Which section a text lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// `.debug_line`, in the row itself.
    Line,
    /// `.debug_line_str`.
    LineStrings,
    /// `.debug_str`.
    Strings,
}

/// A row of a file table with source text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The file's name, with its folder.
    pub(super) name: String,
    /// Where its text starts.
    pub(super) place: Place,
    /// The offset in that section.
    pub(super) start: usize,
}

/// What walking the line tables came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Whether a unit's file table has a column for source text.
    pub(super) column: bool,
    /// The first damage that may have hidden a text.
    pub(super) damage: Option<ReadError>,
}

/// The sections that a line table needs.
pub(super) struct LineTable<'a> {
    pub(super) line: &'a [u8],
    pub(super) line_strings: &'a [u8],
    pub(super) strings: &'a [u8],
    /// What a linker would have put into `line`; empty for linked files.
    pub(super) relocations: &'a Relocations,
    pub(super) shape: Shape,
}

impl<'a> LineTable<'a> {
    /// Walks every row that has source text, until `each` answers no.
    pub(super) fn each_source(&self, mut each: impl FnMut(Row) -> bool) -> Walked {
        let mut walked = Walked::default();
        let mut at = 0;
        while at < self.line.len() as u64 {
            match self.unit(at, &mut walked, &mut each) {
                Ok(Some(next)) if next > at => at = next,
                Ok(_) => break,
                // The rest of the section is unreachable. Padding behind the last unit hides nothing.
                Err(error) => {
                    let rest = self.line.get(at as usize..).unwrap_or_default();
                    if rest.iter().any(|byte| *byte != 0) {
                        walked.damage.get_or_insert(error);
                    }
                    break;
                }
            }
        }
        walked
    }

    /// Reads one unit's header, and answers where the next unit starts; nothing once `each` has enough.
    fn unit(&self, at: u64, walked: &mut Walked, each: &mut impl FnMut(Row) -> bool) -> Result<Option<u64>, ReadError> {
        let mut cursor = Cursor::at(self.line, at);
        let mut length = u64::from(self.shape.u32(&mut cursor)?);
        // Section 7.4: this escape announces 64-bit lengths and offsets.
        let wide = length == 0xffff_ffff;
        if wide {
            length = self.shape.u64(&mut cursor)?;
        }
        if length == 0 {
            return Err(cursor.error("a line table has no length"));
        }
        let next = cursor.offset().saturating_add(length);
        let end = usize::try_from(next).unwrap_or(usize::MAX).min(self.line.len());
        let mut unit = Unit { table: self, shape: Shape { wide, ..self.shape }, folders: Vec::new(), column: false };
        // A unit that cannot be read to its end hides nothing from the units behind it.
        let mut inside = Cursor::at(&self.line[..end], cursor.offset());
        let read = unit.read(&mut inside, each);
        walked.column |= unit.column;
        match read {
            Ok(true) => Ok(Some(next)),
            Ok(false) => Ok(None),
            Err(error) => {
                walked.damage.get_or_insert(error);
                Ok(Some(next))
            }
        }
    }
}

/// A value of a row.
enum Value {
    Text(Place, usize),
    Number(u64),
    Other,
}

struct Unit<'t, 'a> {
    table: &'t LineTable<'a>,
    shape: Shape,
    folders: Vec<(Place, usize)>,
    column: bool,
}

impl Unit<'_, '_> {
    /// Walks the rows; no once `each` has enough.
    fn read(&mut self, cursor: &mut Cursor<'_>, each: &mut impl FnMut(Row) -> bool) -> Result<bool, ReadError> {
        if self.shape.u16(cursor)? != 5 {
            return Ok(true);
        }
        cursor.skip(2)?; // address_size, segment_selector_size
        self.shape.address(cursor)?; // header_length, as wide as the unit's offsets
        cursor.skip(5)?; // minimum_instruction_length … line_range
        let opcode_base = cursor.u8()?;
        cursor.skip(u64::from(opcode_base.saturating_sub(1)))?;
        self.read_folders(cursor)?;
        let columns = columns(cursor)?;
        self.column = columns.iter().any(|(content, _)| *content == LLVM_SOURCE);
        if !self.column {
            return Ok(true);
        }
        let rows = cursor.varint()?;
        for _ in 0..rows {
            if let Some(row) = self.row(cursor, &columns)?
                && !each(row)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_folders(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ReadError> {
        let columns = columns(cursor)?;
        let rows = cursor.varint()?;
        if columns.is_empty() && rows > 0 {
            return Err(cursor.error("folders without columns"));
        }
        for _ in 0..rows {
            let mut folder = (Place::Line, usize::MAX);
            for (content, form) in &columns {
                match self.value(cursor, *form)? {
                    Value::Text(place, start) if *content == PATH => folder = (place, start),
                    _ => {}
                }
            }
            if self.folders.len() < MOST_FOLDERS {
                self.folders.push(folder);
            }
        }
        Ok(())
    }

    fn row(&self, cursor: &mut Cursor<'_>, columns: &[(u64, u64)]) -> Result<Option<Row>, ReadError> {
        let (mut name, mut folder, mut text) = (String::new(), None, None);
        for (content, form) in columns {
            match (*content, self.value(cursor, *form)?) {
                (PATH, Value::Text(place, start)) => name = self.text(place, start),
                (DIRECTORY, Value::Number(index)) => folder = Some(index),
                (LLVM_SOURCE, Value::Text(place, start)) => text = Some((place, start)),
                // An index into yet another section: no compiler writes this one so.
                (LLVM_SOURCE, _) => return Err(cursor.error("source text is stored in an unknown form")),
                _ => {}
            }
        }
        let Some((place, start)) = text else { return Ok(None) };
        let has_text = self.table.section(place).get(start).is_some_and(|first| *first != 0);
        Ok(has_text.then(|| Row { name: self.in_folder(folder, name), place, start }))
    }

    /// A file's name with its folder. The first folder is the one that the compiler ran in, and others may be relative
    /// to it (section 6.2.4, `directories`).
    fn in_folder(&self, folder: Option<u64>, name: String) -> String {
        let named = |index: u64| {
            let (place, start) = usize::try_from(index).ok().and_then(|index| self.folders.get(index))?;
            Some(self.text(*place, *start))
        };
        let mut full = name;
        for index in folder.into_iter().chain([0]) {
            if is_absolute(&full) {
                break;
            }
            match named(index) {
                Some(folder) if !folder.is_empty() && folder != "." => full = format!("{folder}/{full}"),
                _ => {}
            }
            if index == 0 {
                break;
            }
        }
        full
    }

    fn text(&self, place: Place, start: usize) -> String {
        let name = c_string(self.table.section(place), start as u64, MOST_NAME);
        String::from_utf8_lossy(name).into_owned()
    }

    /// Reads a value of this form (section 7.5.6). Every known form takes at least one byte, so a count of rows cannot
    /// keep the reader busy for longer than the section lasts.
    fn value(&self, cursor: &mut Cursor<'_>, form: u64) -> Result<Value, ReadError> {
        let at = cursor.offset();
        let size = match form {
            0x0e | 0x1f => {
                let offset = self.table.relocations.apply(at, self.shape.address(cursor)?);
                let place = if form == 0x0e { Place::Strings } else { Place::LineStrings };
                return Ok(Value::Text(place, usize::try_from(offset).unwrap_or(usize::MAX)));
            }
            0x08 => {
                let rest = cursor.rest();
                let length = memchr::memchr(0, rest).ok_or_else(|| cursor.error("a string does not end"))?;
                cursor.skip(length as u64 + 1)?;
                return Ok(Value::Text(Place::Line, usize::try_from(at).unwrap_or(usize::MAX)));
            }
            0x0b => return Ok(Value::Number(u64::from(cursor.u8()?))),
            0x05 => return Ok(Value::Number(u64::from(self.shape.u16(cursor)?))),
            0x0f => return Ok(Value::Number(cursor.varint()?)),
            0x1a => return cursor.varint().map(|_| Value::Other),
            0x0c | 0x25 => 1,
            0x26 => 2,
            0x27 => 3,
            0x06 | 0x28 => 4,
            0x07 => 8,
            0x1e => 16,
            0x17 => 4 + 4 * u64::from(self.shape.wide),
            0x09 => cursor.varint()?,
            0x0a => u64::from(cursor.u8()?),
            0x03 => u64::from(self.shape.u16(cursor)?),
            0x04 => u64::from(self.shape.u32(cursor)?),
            _ => return Err(cursor.error(format!("form {form:#x} is unknown"))),
        };
        cursor.skip(size).map(|()| Value::Other)
    }
}

impl<'a> LineTable<'a> {
    /// The bytes of a section.
    pub(super) fn section(&self, place: Place) -> &'a [u8] {
        match place {
            Place::Line => self.line,
            Place::LineStrings => self.line_strings,
            Place::Strings => self.strings,
        }
    }

    /// Where the text that starts here lies: up to its NUL.
    pub(super) fn text(&self, place: Place, start: usize) -> Range<usize> {
        let section = self.section(place);
        let start = start.min(section.len());
        let length = memchr::memchr(0, &section[start..]).unwrap_or(section.len() - start);
        start..start + length
    }
}

fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, u64)>, ReadError> {
    let count = cursor.u8()?;
    (0..count).map(|_| Ok((cursor.varint()?, cursor.varint()?))).collect()
}

fn is_absolute(name: &str) -> bool {
    let drive = matches!(name.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    drive || name.starts_with(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::super::forge::line_unit;
    use super::*;

    const SHAPE: Shape = Shape { little: true, wide: true };

    fn walk(line: &[u8], line_strings: &[u8]) -> (Vec<Row>, Walked) {
        let relocations = Relocations::default();
        let table = LineTable { line, line_strings, strings: b"", relocations: &relocations, shape: SHAPE };
        let mut rows = Vec::new();
        let walked = table.each_source(|row| {
            rows.push(row);
            true
        });
        (rows, walked)
    }

    #[test]
    fn every_text_is_found_with_its_name() {
        let strings = b"/build\0a.c\0int a;\n\0sub\0";
        let line = [line_unit(&[(7, 0)], None), line_unit(&[(7, 0), (7, 0)], Some(11))].concat();
        let (rows, walked) = walk(&line, strings);
        assert_eq!(walked, Walked { column: true, damage: None });
        let row = |name: &str| Row { name: name.to_owned(), place: Place::LineStrings, start: 11 };
        assert_eq!(rows, [row("/build/a.c"), row("/build/a.c")]);
        assert_eq!(walk(&line_unit(&[(7, 0)], None), strings).1, Walked::default());
        // A row without text: its string is empty.
        assert!(walk(&line_unit(&[(7, 0)], Some(6)), strings).0.is_empty());
    }

    #[test]
    fn cuts_and_damage_are_noticed_and_survived() {
        let strings = b"/build\0a.c\0int a;\n\0sub\0";
        let unit = line_unit(&[(7, 0)], Some(11));
        for end in 1..unit.len() {
            let (rows, walked) = walk(&unit[..end], strings);
            assert!(walked.damage.is_some() || rows.len() == 1, "cut off at {end}");
        }
        for at in 0..unit.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = unit.clone();
                damaged[at] = value;
                let _ = walk(&damaged, strings);
            }
        }
        assert_eq!(walk(&[0; 64], b"").1, Walked::default());
        // The damage of one unit does not hide the next.
        let mut damaged = unit.clone();
        damaged[21] = 0x7e;
        assert_eq!(walk(&[damaged, unit].concat(), strings).0.len(), 1);
    }
}
