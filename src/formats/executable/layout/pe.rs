//! Portable Executables (PE format, "Section Table"), and the heaps of .NET assemblies in them.

use super::super::portrait::capped;
use super::super::words::{Shape, c_string};
use super::metadata::metadata;
use super::{address, u16_at, u32_at};
use crate::formats::Layout;

pub(super) const SHAPE: Shape = Shape { little: true, wide: true };
const MOST_NAME: usize = 128;
const UNINITIALIZED: u32 = 0x80;
/// The 15th data directory: the CLI header of .NET assemblies.
const CLI_HEADER: u64 = 14;

/// The sections of a PE file.
pub(in super::super) fn pe(bytes: &[u8]) -> Layout {
    let mut layout = Layout::default();
    let header = u64::from(u32_at(SHAPE, bytes, 0x3c)) + 4;
    let optional = header + 20;
    let wide = u16_at(SHAPE, bytes, optional) == 0x20b;
    let base = if wide { address(SHAPE, bytes, optional + 24) } else { u64::from(u32_at(SHAPE, bytes, optional + 28)) };
    let sections = sections(bytes, header);
    for section in &sections {
        layout.add(section.offset..section.offset + section.size, section.name.clone(), base.checked_add(section.rva));
    }
    let directories = optional + if wide { 112 } else { 96 };
    if u32_at(SHAPE, bytes, directories - 4) > CLI_HEADER as u32 {
        let header = u32_at(SHAPE, bytes, directories + CLI_HEADER * 8);
        metadata(bytes, base, header, |rva| place(&sections, rva), &mut layout);
    }
    layout
}

struct Section {
    name: String,
    /// Relative virtual address.
    rva: u64,
    offset: u64,
    size: u64,
}

fn sections(bytes: &[u8], header: u64) -> Vec<Section> {
    let count = u64::from(u16_at(SHAPE, bytes, header + 2));
    let symbols = u64::from(u32_at(SHAPE, bytes, header + 8));
    let strings = symbols + u64::from(u32_at(SHAPE, bytes, header + 12)) * 18;
    let table = header + 20 + u64::from(u16_at(SHAPE, bytes, header + 16));
    let at = |index: u64| table + index * 40;
    let whole = (0..count).map(at).take_while(|at| at + 40 <= bytes.len() as u64);
    let stored = whole.filter(|at| u32_at(SHAPE, bytes, at + 36) & UNINITIALIZED == 0);
    let section = |at: u64| {
        let short = c_string(bytes, at, 8);
        let long = short.strip_prefix(b"/").and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
        let name = match long {
            Some(offset) if symbols != 0 => c_string(bytes, strings.saturating_add(offset), MOST_NAME),
            _ => short,
        };
        Section {
            name: capped(name),
            rva: u64::from(u32_at(SHAPE, bytes, at + 12)),
            offset: u64::from(u32_at(SHAPE, bytes, at + 20)),
            size: u64::from(u32_at(SHAPE, bytes, at + 16)),
        }
    };
    stored.map(section).collect()
}

/// Where in the file the byte at a relative virtual address is.
fn place(sections: &[Section], rva: u64) -> Option<u64> {
    let section = sections.iter().find(|section| (section.rva..section.rva + section.size).contains(&rva))?;
    Some(section.offset + (rva - section.rva))
}
