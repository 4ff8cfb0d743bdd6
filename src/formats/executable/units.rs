//! Compilation units: what was compiled, in which folder, by which compiler and with which options.
//!
//! DWARF 2 to 5, sections 7.5.1 (unit headers), 7.5.3 (abbreviations) and 7.3 (split units). Only the first entry of each
//! unit is read. Whatever is broken ends the walk: the facts are then fewer, and the bytes are searched all the same.

use std::collections::HashMap;
use std::rc::Rc;

use super::forms::{IMPLICIT_CONST, Place, Value, Written};
use super::package::{Contribution, Index};
use super::relocation::Relocations;
use super::words::{Shape, c_string};
use crate::bytes::{Cursor, ReadError};

const COMPILE_UNIT: u64 = 0x11;
const SKELETON_UNIT: u64 = 0x4a;
const NAME: u64 = 0x03;
const LINE_TABLE: u64 = 0x10;
const FOLDER: u64 = 0x1b;
const PRODUCER: u64 = 0x25;
const STR_OFFSETS_BASE: u64 = 0x72;
const SPLIT_NAME: u64 = 0x76;
const GNU_SPLIT_NAME: u64 = 0x2130;
const APPLE_FLAGS: u64 = 0x3fe2;

/// Options of compilers can be long; what is behind this is not counted.
const MOST_STRING: usize = 64 << 10;
/// How many units are looked at: a forged section could hold millions of empty ones.
const MOST_UNITS: u64 = 1 << 20;

/// A text of a section, by its place: equal places are equal texts.
pub(super) type At = (Place, usize);

/// The first entry of a unit.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// The source file.
    pub(super) name: Option<At>,
    /// The folder that the compiler ran in.
    pub(super) folder: Option<At>,
    /// The compiler, and with some its options.
    pub(super) producer: Option<At>,
    /// The options, with others.
    pub(super) flags: Option<At>,
    /// The file with the rest of the unit.
    pub(super) split: Option<At>,
    /// Where its line table starts.
    pub(super) line: Option<u64>,
}

/// The sections that units need.
pub(super) struct Units<'a> {
    pub(super) info: &'a [u8],
    pub(super) abbreviations: &'a [u8],
    pub(super) strings: &'a [u8],
    pub(super) line_strings: &'a [u8],
    pub(super) offsets: &'a [u8],
    /// What a linker would have put into `info`, and into `offsets`.
    pub(super) relocations: [&'a Relocations; 2],
    pub(super) shape: Shape,
    /// Whether the sections are those of a split unit (`.debug_info.dwo`).
    pub(super) split: bool,
    /// Which parts of the sections belong to which unit, in a package of split units.
    pub(super) index: Index,
}

/// An entry's attributes and their forms.
type Shapes = Rc<Vec<(u64, u64)>>;

impl<'a> Units<'a> {
    /// Shows the first entry of every compilation unit to `each`.
    pub(super) fn walk(&self, mut each: impl FnMut(&Self, Unit)) {
        let mut known = Abbreviations { left: self.abbreviations.len() as u64 * 4 + 4_096, known: HashMap::new() };
        let mut at = 0;
        for _ in 0..MOST_UNITS {
            let mut cursor = Cursor::at(self.info, at);
            let Ok((wide, length)) = self.shape.unit_length(&mut cursor) else { return };
            let next = cursor.offset().saturating_add(length);
            let end = usize::try_from(next).unwrap_or(usize::MAX).min(self.info.len());
            let mut inside = Cursor::at(&self.info[..end], cursor.offset());
            if let Ok(Some(unit)) = self.unit(&mut inside, at, wide, &mut known) {
                each(self, unit);
            }
            if next <= at || next >= self.info.len() as u64 {
                return;
            }
            at = next;
        }
    }

    fn unit(
        &self,
        cursor: &mut Cursor<'_>,
        at: u64,
        wide: bool,
        known: &mut Abbreviations,
    ) -> Result<Option<Unit>, ReadError> {
        let shape = Shape { wide, ..self.shape };
        let version = shape.u16(cursor)?;
        let part = self.index.part(at);
        let mut kind = 1;
        let (abbreviations, address) = match version {
            5 => {
                kind = cursor.u8()?;
                let address = cursor.u8()?;
                (self.offset(cursor, shape)?, address)
            }
            2..=4 => (self.offset(cursor, shape)?, cursor.u8()?),
            _ => return Ok(None),
        };
        match kind {
            4 | 5 => cursor.skip(8)?, // dwo_id
            // Units of types, which other units share.
            2 | 6 => return Ok(None),
            _ => {}
        }
        let code = cursor.varint()?;
        let from = abbreviations.saturating_add(part.map_or(0, |part| part.abbreviations));
        let Some(shapes) = known.find(self.abbreviations, from, code)? else { return Ok(None) };
        let written = Written { shape, address, version, relocations: self.relocations[0] };
        let mut unit = self.entry(cursor, &shapes, &written, part);
        let line = part.map_or(0, |part| part.line);
        // A split unit does not say where the table lies that is in the same file: there is one.
        let at = unit.line.or(self.split.then_some(0));
        unit.line = at.map(|at| at.saturating_add(line));
        Ok(Some(unit))
    }

    fn offset(&self, cursor: &mut Cursor<'_>, shape: Shape) -> Result<u64, ReadError> {
        let at = cursor.offset();
        Ok(self.relocations[0].apply(at, shape.address(cursor)?))
    }

    fn entry(
        &self,
        cursor: &mut Cursor<'_>,
        shapes: &Shapes,
        written: &Written<'_>,
        part: Option<Contribution>,
    ) -> Unit {
        let mut texts: Vec<(u64, Value)> = Vec::new();
        let mut unit = Unit::default();
        let mut base = self.base(written, part);
        for (attribute, form) in shapes.iter() {
            if *form == IMPLICIT_CONST {
                continue;
            }
            // A value that cannot be read hides those behind it, but not those before.
            let Ok(value) = written.value(cursor, *form) else { break };
            match (*attribute, value) {
                (LINE_TABLE, Value::Number(offset)) => unit.line = Some(offset),
                (STR_OFFSETS_BASE, Value::Number(offset)) => base = offset,
                (NAME | FOLDER | PRODUCER | APPLE_FLAGS | SPLIT_NAME | GNU_SPLIT_NAME, value) => {
                    texts.push((*attribute, value));
                }
                _ => {}
            }
        }
        // The base may stand behind the texts that need it.
        for (attribute, value) in texts {
            let at = match value {
                Value::Text(place, start) => Some((place, start)),
                Value::Index(index) => self.indexed(base, index, written.shape),
                Value::Number(_) | Value::Other => None,
            };
            match attribute {
                NAME => unit.name = at,
                FOLDER => unit.folder = at,
                PRODUCER => unit.producer = at,
                APPLE_FLAGS => unit.flags = at,
                _ => unit.split = at,
            }
        }
        unit
    }

    /// Where the offsets of a unit start if it does not say so: split units of DWARF 5 have a header in front of them.
    fn base(&self, written: &Written<'_>, part: Option<Contribution>) -> u64 {
        let header = match (self.split && written.version >= 5, written.shape.wide) {
            (true, true) => 16,
            (true, false) => 8,
            (false, _) => 0,
        };
        part.map_or(0, |part| part.offsets).saturating_add(header)
    }

    /// The text with this number (section 7.26).
    fn indexed(&self, base: u64, index: u64, shape: Shape) -> Option<At> {
        let size = if shape.wide { 8 } else { 4 };
        let at = base.checked_add(index.checked_mul(size)?)?;
        let offset = shape.address(&mut Cursor::at(self.offsets, at)).ok()?;
        Some((Place::Strings, usize::try_from(self.relocations[1].apply(at, offset)).ok()?))
    }

    /// The text at a place.
    pub(super) fn text(&self, (place, start): At, most: usize) -> &'a [u8] {
        let section = match place {
            Place::Here => self.info,
            Place::LineStrings => self.line_strings,
            Place::Strings => self.strings,
        };
        c_string(section, start as u64, most.min(MOST_STRING))
    }
}

/// Abbreviations that were looked up before.
struct Abbreviations {
    /// How many bytes may still be read: tables are shared by units, and the entry of a unit is mostly the first one.
    left: u64,
    known: HashMap<(u64, u64), Option<Shapes>>,
}

impl Abbreviations {
    /// The attributes of the entry with this code, if it is that of a compilation unit.
    fn find(&mut self, table: &[u8], from: u64, code: u64) -> Result<Option<Shapes>, ReadError> {
        if let Some(known) = self.known.get(&(from, code)) {
            return Ok(known.clone());
        }
        let mut cursor = Cursor::at(table, from);
        let found = self.search(&mut cursor, code);
        self.left = self.left.saturating_sub(cursor.offset().saturating_sub(from));
        let found = found?;
        self.known.insert((from, code), found.clone());
        Ok(found)
    }

    fn search(&self, cursor: &mut Cursor<'_>, wanted: u64) -> Result<Option<Shapes>, ReadError> {
        let end = cursor.offset().saturating_add(self.left);
        while cursor.offset() < end {
            let code = cursor.varint()?;
            if code == 0 {
                return Ok(None);
            }
            let tag = cursor.varint()?;
            cursor.skip(1)?; // whether it has children
            let mut shapes = Vec::new();
            loop {
                let (attribute, form) = (cursor.varint()?, cursor.varint()?);
                if form == IMPLICIT_CONST {
                    cursor.varint()?;
                } else if (attribute, form) == (0, 0) {
                    break;
                }
                if code == wanted {
                    shapes.push((attribute, form));
                }
            }
            if code == wanted {
                return Ok(matches!(tag, COMPILE_UNIT | SKELETON_UNIT).then(|| Rc::new(shapes)));
            }
        }
        Ok(None)
    }
}
