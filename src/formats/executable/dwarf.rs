//! DWARF line tables: the source files that they name, and the text of those that they embed.
//!
//! DWARF 5, section 6.2.4 ("The Line Number Program Header"): the header names the columns of its file table. clang's
//! `-gembed-source` adds the column `DW_LNCT_LLVM_source` (0x2001). Up to DWARF 4 (section 6.2.4 of that) the columns are
//! fixed. Only headers are read, never line programs, and rows are walked without being kept: a reader that gathers a
//! table first needs a hundred bytes for each byte of a row.

use std::collections::HashMap;
use std::ops::Range;

use super::forms::{FLAG_PRESENT, IMPLICIT_CONST, INDIRECT, Place, Value, Written};
use super::names::{Names, joined};
use super::relocation::Relocations;
use super::words::{Shape, c_string};
use crate::bytes::{Cursor, ReadError};

const PATH: u64 = 0x1;
const DIRECTORY: u64 = 0x2;
const LLVM_SOURCE: u64 = 0x2001;

/// More folders than any unit names; beyond it files are named without theirs.
const MOST_FOLDERS: usize = 1 << 16;
/// Longer names are cut, so that many rows that share one cannot cost more than they say.
pub(super) const MOST_NAME: usize = 4 << 10;

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
    /// The folder in which the compiler ran, by the offset of the unit's table in `line`. Tables of DWARF 5 name it
    /// themselves.
    pub(super) folders: &'a HashMap<u64, String>,
}

impl<'a> LineTable<'a> {
    /// Walks every row: adds its name to `names`, and asks `each` about those that have source text, until it answers no.
    pub(super) fn walk(&self, names: &mut Names, mut each: impl FnMut(Row) -> bool) -> Walked {
        let mut walked = Walked::default();
        let mut at = 0;
        while at < self.line.len() as u64 {
            match self.unit(at, &mut walked, names, &mut each) {
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
    fn unit(
        &self,
        at: u64,
        walked: &mut Walked,
        names: &mut Names,
        each: &mut impl FnMut(Row) -> bool,
    ) -> Result<Option<u64>, ReadError> {
        let mut cursor = Cursor::at(self.line, at);
        let (wide, length) = self.shape.unit_length(&mut cursor)?;
        if length == 0 {
            return Err(cursor.error("a line table has no length"));
        }
        let next = cursor.offset().saturating_add(length);
        let end = usize::try_from(next).unwrap_or(usize::MAX).min(self.line.len());
        let mut inside = Cursor::at(&self.line[..end], cursor.offset());
        let version = self.shape.u16(&mut inside);
        let shape = Shape { wide, ..self.shape };
        let number = version.as_ref().copied().unwrap_or_default();
        let written = Written { shape, address: 8, version: number, relocations: self.relocations };
        let ran_in = self.folders.get(&at).map(String::as_str);
        let mut unit = Unit { table: self, written, folders: Vec::new(), column: false, ran_in };
        let read = version.and_then(|version| match version {
            2..=4 => {
                // Without a column for text, nothing that is broken here hides one.
                let _ = unit.read_fixed(&mut inside, names);
                Ok(true)
            }
            5 => unit.read(&mut inside, names, each),
            _ => Ok(true),
        });
        walked.column |= unit.column;
        // A unit that cannot be read to its end hides nothing from the units behind it.
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

struct Unit<'t, 'a> {
    table: &'t LineTable<'a>,
    written: Written<'t>,
    folders: Vec<(Place, usize)>,
    column: bool,
    ran_in: Option<&'t str>,
}

impl Unit<'_, '_> {
    /// Walks the rows; no once `each` has enough.
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        names: &mut Names,
        each: &mut impl FnMut(Row) -> bool,
    ) -> Result<bool, ReadError> {
        cursor.skip(2)?; // address_size, segment_selector_size
        self.written.shape.address(cursor)?; // header_length, as wide as the unit's offsets
        cursor.skip(5)?; // minimum_instruction_length … line_range
        let opcode_base = cursor.u8()?;
        cursor.skip(u64::from(opcode_base.saturating_sub(1)))?;
        self.read_folders(cursor)?;
        let columns = columns(cursor)?;
        self.column = columns.iter().any(|(content, _)| *content == LLVM_SOURCE);
        let read = self.read_rows(cursor, &columns, names, each);
        // Without a column for text, nothing that is broken here hides one.
        if self.column { read } else { Ok(true) }
    }

    fn read_rows(
        &self,
        cursor: &mut Cursor<'_>,
        columns: &[(u64, u64)],
        names: &mut Names,
        each: &mut impl FnMut(Row) -> bool,
    ) -> Result<bool, ReadError> {
        let rows = cursor.varint()?;
        if columns.is_empty() && rows > 0 {
            return Err(cursor.error("files without columns"));
        }
        for _ in 0..rows {
            if let Some(row) = self.row(cursor, columns, names)?
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
            let mut folder = (Place::Here, usize::MAX);
            for (content, form) in &columns {
                match self.written.value(cursor, *form)? {
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

    /// Reads the tables of DWARF 2 to 4: NUL-terminated folders up to an empty one, then files with the number of their
    /// folder, a time and a size. Folder 0 is the one that the compiler ran in.
    fn read_fixed(&mut self, cursor: &mut Cursor<'_>, names: &mut Names) -> Result<(), ReadError> {
        self.written.shape.address(cursor)?; // header_length
        cursor.skip(if self.written.version == 4 { 5 } else { 4 })?; // minimum_instruction_length … line_range
        let opcode_base = cursor.u8()?;
        cursor.skip(u64::from(opcode_base.saturating_sub(1)))?;
        let own = (Place::Here, usize::MAX);
        self.folders.push(own);
        loop {
            let (start, text) = inline(cursor)?;
            match text {
                b"" => break,
                _ if self.folders.len() < MOST_FOLDERS => self.folders.push((Place::Here, start)),
                _ => {}
            }
        }
        loop {
            let (start, text) = inline(cursor)?;
            if text.is_empty() {
                return Ok(());
            }
            let folder = cursor.varint()?;
            cursor.varint()?;
            cursor.varint()?;
            names.add(&self.in_folder(Some(folder), (Place::Here, start)));
        }
    }

    fn row(
        &self,
        cursor: &mut Cursor<'_>,
        columns: &[(u64, u64)],
        names: &mut Names,
    ) -> Result<Option<Row>, ReadError> {
        let (mut name, mut folder, mut text) = ((Place::Here, usize::MAX), None, None);
        for (content, form) in columns {
            match (*content, self.written.value(cursor, *form)?) {
                (PATH, Value::Text(place, start)) => name = (place, start),
                (DIRECTORY, Value::Number(index)) => folder = Some(index),
                (LLVM_SOURCE, Value::Text(place, start)) => text = Some((place, start)),
                // An index into yet another section: no compiler writes this one so.
                (LLVM_SOURCE, _) => return Err(cursor.error("source text is stored in an unknown form")),
                _ => {}
            }
        }
        let text =
            text.filter(|(place, start)| self.table.section(*place).get(*start).is_some_and(|first| *first != 0));
        if self.is_new(name, folder, names) {
            names.add(&self.in_folder(folder, name));
        }
        Ok(text.map(|(place, start)| Row { name: self.in_folder(folder, name), place, start }))
    }

    /// Whether this name was not added before. What stands in the row itself is another text each time.
    fn is_new(&self, name: (Place, usize), folder: Option<u64>, names: &mut Names) -> bool {
        let folder = folder.and_then(|index| self.folders.get(usize::try_from(index).ok()?));
        let places = [Some(&name), folder, self.folders.first()];
        let inline = places.iter().flatten().any(|(place, start)| *place == Place::Here && *start != usize::MAX);
        let place = |place: Option<&(Place, usize)>| place.map_or((9, 0), |(place, start)| (*place as usize, *start));
        inline || names.is_new(&places.map(place))
    }

    /// A file's name with its folder. The first folder is the one that the compiler ran in, and others may be relative
    /// to it (section 6.2.4, `directories`).
    fn in_folder(&self, folder: Option<u64>, name: (Place, usize)) -> String {
        let named = |index: Option<u64>| {
            let place = index.and_then(|index| self.folders.get(usize::try_from(index).ok()?));
            place.map(|place| self.text(*place)).unwrap_or_default()
        };
        let folder = named(folder.filter(|index| *index != 0));
        let first = self.ran_in.map_or_else(|| named(Some(0)), str::to_owned);
        joined(&self.text(name), &[&folder, &first])
    }

    fn text(&self, (place, start): (Place, usize)) -> String {
        let name = c_string(self.table.section(place), start as u64, MOST_NAME);
        String::from_utf8_lossy(name).into_owned()
    }
}

/// A string that stands here, and where it starts.
fn inline<'a>(cursor: &mut Cursor<'a>) -> Result<(usize, &'a [u8]), ReadError> {
    let start = cursor.offset() as usize;
    let length = memchr::memchr(0, cursor.rest()).ok_or_else(|| cursor.error("a string does not end"))?;
    let text = cursor.take(length)?;
    cursor.skip(1)?;
    Ok((start, text))
}

impl<'a> LineTable<'a> {
    /// The bytes of a section.
    pub(super) fn section(&self, place: Place) -> &'a [u8] {
        match place {
            Place::Here => self.line,
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

/// The columns of a table. Every form that may stand there takes at least one byte, so a count of rows cannot keep the
/// reader busy for longer than the section lasts.
fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, u64)>, ReadError> {
    let count = cursor.u8()?;
    let columns = (0..count).map(|_| Ok((cursor.varint()?, cursor.varint()?))).collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(|(_, form)| matches!(*form, FLAG_PRESENT | IMPLICIT_CONST | INDIRECT)) {
        return Err(cursor.error("a table has columns that take no bytes"));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::super::forge::line_unit;
    use super::*;

    const SHAPE: Shape = Shape { little: true, wide: true };

    fn walk(line: &[u8], line_strings: &[u8]) -> (Vec<Row>, Walked) {
        let relocations = Relocations::default();
        let folders = HashMap::new();
        let table =
            LineTable { line, line_strings, strings: b"", relocations: &relocations, shape: SHAPE, folders: &folders };
        let mut rows = Vec::new();
        let walked = table.walk(&mut Names::default(), |row| {
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
