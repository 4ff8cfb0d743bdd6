//! PE (Microsoft, "PE Format"): sections, resources by type and name, and where a signature begins.

use super::{Kind, Pieces, c_string};
use crate::bytes::{Cursor, ReadError};

const CODE: u32 = 0x20;
const EXECUTE: u32 = 0x2000_0000;
/// How many entries all folders of resources may have together.
const MOST_RESOURCES: u32 = 4_096;
const MOST_SECTIONS: u16 = 1_000;
/// The longest name of a resource, in characters.
const MOST_LETTERS: u16 = 100;

struct Section {
    address: u64,
    size: u64,
    offset: u64,
}

fn header(bytes: &[u8]) -> Option<u64> {
    Cursor::at(bytes, 0x3c).u32_le().ok().map(u64::from)
}

pub(super) fn is_pe(bytes: &[u8]) -> bool {
    header(bytes).is_some_and(|at| Cursor::at(bytes, at).take(4).is_ok_and(|mark| mark == b"PE\0\0"))
}

pub(super) fn read(bytes: &[u8], pieces: &mut Pieces) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, header(bytes).unwrap_or_default() + 4);
    cursor.skip(2)?;
    let count = cursor.u16_le()?.min(MOST_SECTIONS);
    cursor.skip(12)?;
    let optional_size = u64::from(cursor.u16_le()?);
    cursor.skip(2)?;
    let optional = cursor.offset();
    let mut table = Cursor::at(bytes, optional + optional_size);
    let mut sections = Vec::new();
    for _ in 0..count {
        let name = table.take(8)?;
        let (virtual_size, address) = (u64::from(table.u32_le()?), u64::from(table.u32_le()?));
        let (size, offset) = (u64::from(table.u32_le()?), u64::from(table.u32_le()?));
        table.skip(12)?;
        let flags = table.u32_le()?;
        let name = c_string(name, 0);
        let is_code = flags & (CODE | EXECUTE) != 0 || name.starts_with(b".debug") || name == b".rsrc";
        pieces.section(if is_code { Kind::Other } else { Kind::Data }, name, offset, size);
        sections.push(Section { address, size: size.max(virtual_size), offset });
    }
    pieces.reach(0, table.offset());
    let (resources, signature) = directories(bytes, optional, optional_size);
    pieces.signature = signature.and_then(|start| usize::try_from(start).ok()).filter(|start| *start > 0);
    let place = |address: u64| {
        let inside = |section: &&Section| (section.address..section.address + section.size).contains(&address);
        sections.iter().find(inside).map(|section| section.offset + (address - section.address))
    };
    if let Some(root) = resources.and_then(place) {
        let mut tree = Tree { bytes, root, left: MOST_RESOURCES, place: &place, pieces };
        // A damaged tree gives what lies before the damage.
        let _ = tree.folder(0, &mut Vec::new());
    }
    Ok(())
}

/// The address of the resources and the offset of the signature (data directories 2 and 4).
fn directories(bytes: &[u8], optional: u64, size: u64) -> (Option<u64>, Option<u64>) {
    let wide = Cursor::at(bytes, optional).u16_le().is_ok_and(|magic| magic == 0x20b);
    let first: u64 = if wide { 112 } else { 96 };
    let number = |index: u64| {
        let at = first + index * 8;
        let there = at + 8 <= size;
        Cursor::at(bytes, optional + at).u32_le().ok().filter(|value| there && *value != 0).map(u64::from)
    };
    (number(2), number(4))
}

/// ".rsrc Section": folders of types, of names and of languages.
struct Tree<'t, P> {
    bytes: &'t [u8],
    root: u64,
    left: u32,
    place: &'t P,
    pieces: &'t mut Pieces,
}

impl<P: Fn(u64) -> Option<u64>> Tree<'_, P> {
    fn folder(&mut self, at: u64, path: &mut Vec<String>) -> Result<(), ReadError> {
        let mut cursor = Cursor::at(self.bytes, self.root + at);
        cursor.skip(12)?;
        let count = u32::from(cursor.u16_le()?) + u32::from(cursor.u16_le()?);
        for _ in 0..count {
            let Some(left) = self.left.checked_sub(1) else { return Ok(()) };
            self.left = left;
            let (name, target) = (cursor.u32_le()?, cursor.u32_le()?);
            path.push(self.name(name)?);
            let inside = u64::from(target & 0x7fff_ffff);
            if target & 0x8000_0000 == 0 {
                self.resource(inside, path)?;
            } else if path.len() < 3 {
                self.folder(inside, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn name(&self, name: u32) -> Result<String, ReadError> {
        if name & 0x8000_0000 == 0 {
            return Ok(name.to_string());
        }
        let mut cursor = Cursor::at(self.bytes, self.root + u64::from(name & 0x7fff_ffff));
        let count = cursor.u16_le()?.min(MOST_LETTERS);
        let mut letters = Vec::new();
        for _ in 0..count {
            letters.push(cursor.u16_le()?);
        }
        Ok(String::from_utf16_lossy(&letters))
    }

    fn resource(&mut self, at: u64, path: &[String]) -> Result<(), ReadError> {
        let mut cursor = Cursor::at(self.bytes, self.root + at);
        let (address, size) = (cursor.u32_le()?, cursor.u32_le()?);
        if let Some(offset) = (self.place)(u64::from(address)) {
            let name = path.iter().take(2).map(String::as_str).collect::<Vec<_>>().join("/");
            self.pieces.add(Kind::Resource, name.as_bytes(), 0, offset, u64::from(size));
        }
        Ok(())
    }
}
