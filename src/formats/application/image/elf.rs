//! ELF (System V ABI, chapters 4 and 5): sections by name, notes by owner.

use std::collections::HashSet;

use super::{Kind, Pieces, Shape, c_string};
use crate::bytes::{Cursor, ReadError};

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const SHT_PROGBITS: u32 = 1;
const SHT_NOTE: u32 = 7;
const SHT_NOBITS: u32 = 8;
const SHF_EXECINSTR: u64 = 4;
const SHF_COMPRESSED: u64 = 0x800;
/// How many notes one segment may have.
const MOST_NOTES: usize = 1_000;

pub(super) fn read(bytes: &[u8], pieces: &mut Pieces) -> Result<(), ReadError> {
    let shape = Shape { little: bytes.get(5) == Some(&1), wide: bytes.get(4) == Some(&2) };
    let mut header = Cursor::at(bytes, 24);
    shape.address(&mut header)?; // entry point
    let (programs, sections) = (shape.address(&mut header)?, shape.address(&mut header)?);
    header.skip(6)?; // flags, size of this header
    let program_size = shape.u16(&mut header)?;
    let program_count = shape.u16(&mut header)?;
    let section_size = shape.u16(&mut header)?;
    let section_count = shape.u16(&mut header)?;
    let names = shape.u16(&mut header)?;
    let mut seen = HashSet::new();
    for index in 0..program_count {
        let Some(at) = programs.checked_add(index * program_size) else { break };
        program(bytes, at, shape, pieces, &mut seen)?;
    }
    pieces.reach(programs, program_count * program_size);
    pieces.reach(sections, section_count * section_size);
    let section_at = |index: u64| Section::read(bytes, sections.saturating_add(index * section_size), shape);
    let names = section_at(names).ok();
    for index in 0..section_count {
        let section = section_at(index)?;
        let name = names.as_ref().map_or(&[][..], |names| {
            let table = usize::try_from(names.offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
            c_string(table, u64::from(section.name))
        });
        match section.kind {
            0 | SHT_NOBITS => {}
            SHT_NOTE => {
                pieces.section(Kind::Other, name, section.offset, section.size);
                notes(bytes, section.offset, section.size, shape, pieces, &mut seen);
            }
            _ => pieces.section(section.holds(name), name, section.offset, section.size),
        }
    }
    Ok(())
}

fn program(bytes: &[u8], at: u64, shape: Shape, pieces: &mut Pieces, seen: &mut HashSet<u64>) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, at);
    let kind = shape.u32(&mut cursor)?;
    if shape.wide {
        cursor.skip(4)?;
    }
    let offset = shape.address(&mut cursor)?;
    shape.address(&mut cursor)?;
    shape.address(&mut cursor)?;
    let size = shape.address(&mut cursor)?;
    match kind {
        PT_LOAD => pieces.reach(offset, size),
        PT_NOTE => notes(bytes, offset, size, shape, pieces, seen),
        _ => {}
    }
    Ok(())
}

struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
}

impl Section {
    fn read(bytes: &[u8], at: u64, shape: Shape) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(bytes, at);
        let (name, kind) = (shape.u32(&mut cursor)?, shape.u32(&mut cursor)?);
        let flags = shape.address(&mut cursor)?;
        shape.address(&mut cursor)?;
        Ok(Section { name, kind, flags, offset: shape.address(&mut cursor)?, size: shape.address(&mut cursor)? })
    }

    /// Debug information is taken apart by the reader of ELF files, compressed or not.
    fn holds(&self, name: &[u8]) -> Kind {
        let elsewhere = [&b".debug"[..], b".zdebug", b".gnu_debug", b".comment", b".stab"];
        let data = self.kind == SHT_PROGBITS
            && self.flags & (SHF_EXECINSTR | SHF_COMPRESSED) == 0
            && !elsewhere.iter().any(|start| name.starts_with(start));
        if data { Kind::Data } else { Kind::Other }
    }
}

/// The notes of a segment or section. Some writers repeat them in both, and in many sections.
fn notes(bytes: &[u8], offset: u64, size: u64, shape: Shape, pieces: &mut Pieces, seen: &mut HashSet<u64>) {
    pieces.reach(offset, size);
    let end = offset.saturating_add(size).min(bytes.len() as u64);
    let mut at = offset;
    for _ in 0..MOST_NOTES {
        let mut cursor = Cursor::at(bytes, at);
        let header = [(); 3].map(|()| shape.u32(&mut cursor));
        let [Ok(name), Ok(length), Ok(tag)] = header else { return };
        let Ok(owner) = cursor.take_u64(u64::from(name)) else { return };
        let content = (at + 12).saturating_add(u64::from(name).next_multiple_of(4));
        let next = content.saturating_add(u64::from(length).next_multiple_of(4));
        if at + 12 > end || content.saturating_add(u64::from(length)) > end {
            return;
        }
        let owner = owner.strip_suffix(b"\0").unwrap_or(owner);
        if seen.len() < MOST_NOTES && seen.insert(content) {
            pieces.add(Kind::Note, owner, tag, content, u64::from(length));
        }
        at = next;
    }
}
