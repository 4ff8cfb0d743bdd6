//! The parts of an executable in which packers put what they pack: sections, notes, resources, and what follows the end.
//!
//! Nothing is judged here. A table that is damaged gives the parts before the damage; that it is damaged, the readers of
//! [`executable`](crate::formats::executable) say.

mod elf;
mod macho;
mod pe;

use std::ops::Range;

use crate::bytes::{Bytes, Cursor, ReadError};

/// How many parts of one executable are looked at. More than linkers write, and few enough to go through for each packer.
const MOST_PIECES: usize = 20_000;
/// The longest name of a part that is kept, in bytes.
const MOST_NAME: usize = 128;

/// The container of an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Elf,
    Pe,
    MachO,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A section of data: named `.rodata`, or `__TEXT,__const` in Mach-O.
    Data,
    /// A section of machine code, or one that other readers take apart: debug information, symbols.
    Other,
    /// A note of an ELF file, named by its owner.
    Note,
    /// A resource of a PE file, named `type/name`.
    Resource,
}

/// A part of an executable, by name.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The type of a note.
    pub(super) tag: u32,
    pub(super) range: Range<usize>,
}

/// An executable by its parts.
#[derive(Debug)]
pub(super) struct Image<'a> {
    pub(super) container: Container,
    pub(super) bytes: &'a Bytes,
    pub(super) pieces: Vec<Piece>,
    /// What the loader does not know of: from the end of the image to the end of the file, without a signature there.
    pub(super) overlay: Range<usize>,
}

/// Which container begins with these bytes.
pub(super) fn container(bytes: &[u8]) -> Option<Container> {
    match bytes.get(..4)? {
        b"\x7fELF" => (bytes.len() >= 52).then_some(Container::Elf),
        [b'M', b'Z', ..] => pe::is_pe(bytes).then_some(Container::Pe),
        b"\xcf\xfa\xed\xfe" | b"\xce\xfa\xed\xfe" => Some(Container::MachO),
        _ => None,
    }
}

impl<'a> Image<'a> {
    /// Reads the tables of an executable as far as they go.
    pub(super) fn of(bytes: &'a Bytes) -> Option<Self> {
        let container = container(bytes)?;
        let mut pieces = Pieces { length: bytes.len(), end: 0, list: Vec::new(), signature: None };
        let read = match container {
            Container::Elf => elf::read(bytes, &mut pieces),
            Container::Pe => pe::read(bytes, &mut pieces),
            Container::MachO => macho::read(bytes, &mut pieces),
        };
        // Without its tables nobody knows where an image ends.
        let end = if read.is_ok() { pieces.end } else { bytes.len() };
        let signed = pieces.signature.filter(|start| *start >= end && *start <= bytes.len());
        let overlay = end.min(bytes.len())..signed.unwrap_or(bytes.len());
        Some(Image { container, bytes, pieces: pieces.list, overlay })
    }

    /// The content of a part.
    pub(super) fn content(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

/// The parts that were found so far.
struct Pieces {
    length: usize,
    end: usize,
    list: Vec<Piece>,
    signature: Option<usize>,
}

impl Pieces {
    /// Adds a part that takes up room in the image. What lies past the end of the file is cut off.
    fn section(&mut self, kind: Kind, name: &[u8], offset: u64, size: u64) {
        self.reach(offset, size);
        self.add(kind, name, 0, offset, size);
    }

    /// Says that the image reaches at least this far.
    fn reach(&mut self, offset: u64, size: u64) {
        let end = offset.saturating_add(size).min(self.length as u64) as usize;
        self.end = self.end.max(end);
    }

    fn add(&mut self, kind: Kind, name: &[u8], tag: u32, offset: u64, size: u64) {
        let start = offset.min(self.length as u64) as usize;
        let end = offset.saturating_add(size).min(self.length as u64) as usize;
        if self.list.len() < MOST_PIECES && start < end {
            let name = String::from_utf8_lossy(&name[..name.len().min(MOST_NAME)]).into_owned();
            self.list.push(Piece { kind, name, tag, range: start..end });
        }
    }
}

/// Byte order and width of a file's own numbers.
#[derive(Debug, Clone, Copy)]
struct Shape {
    little: bool,
    wide: bool,
}

impl Shape {
    fn u16(self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        if self.little { cursor.u16_le() } else { cursor.u16_be() }.map(u64::from)
    }

    fn u32(self, cursor: &mut Cursor<'_>) -> Result<u32, ReadError> {
        if self.little { cursor.u32_le() } else { cursor.u32_be() }
    }

    fn address(self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        match (self.wide, self.little) {
            (true, true) => cursor.u64_le(),
            (true, false) => cursor.u64_be(),
            (false, _) => self.u32(cursor).map(u64::from),
        }
    }
}

/// The bytes from `offset` up to a NUL.
fn c_string(bytes: &[u8], offset: u64) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let rest = &rest[..rest.len().min(MOST_NAME)];
    &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
}
