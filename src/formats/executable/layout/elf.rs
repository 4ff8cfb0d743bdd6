//! ELF (System V ABI, chapters 4 and 5).

use super::super::portrait::capped;
use super::super::words::{Shape, c_string};
use super::{address, u16_at, u32_at};
use crate::formats::Layout;

const NOBITS: u32 = 8;
const ALLOCATED: u64 = 2;
const LOAD: u32 = 1;
/// A count or an index that stands in the first section header instead.
const EXTENDED: u16 = 0xffff;
const MOST: u64 = 1 << 16;
const MOST_NAME: usize = 128;

/// The sections of an ELF file; without any, the segments that are loaded.
pub(in super::super) fn elf(bytes: &[u8]) -> Layout {
    let shape = Shape { little: bytes.get(5) != Some(&2), wide: bytes.get(4) == Some(&2) };
    let mut layout = Layout::default();
    sections(bytes, shape, &mut layout);
    if layout.is_empty() {
        segments(bytes, shape, &mut layout);
    }
    layout
}

struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
}

fn sections(bytes: &[u8], shape: Shape, layout: &mut Layout) {
    let (table, count, names) = if shape.wide { (0x28, 0x3c, 0x3e) } else { (0x20, 0x30, 0x32) };
    let (table, count) = (address(shape, bytes, table), u64::from(u16_at(shape, bytes, count)));
    if table == 0 {
        return;
    }
    let at =
        |index: u64| section(bytes, shape, table.checked_add(index.checked_mul(if shape.wide { 64 } else { 40 })?)?);
    let Some(first) = at(0) else { return };
    let count = if count == 0 { first.size } else { count };
    let names = match u16_at(shape, bytes, names) {
        EXTENDED => first.link,
        index => u32::from(index),
    };
    let names = at(u64::from(names)).map_or(0, |names| names.offset);
    for section in (0..count.min(MOST)).map_while(at).filter(|section| section.kind != 0 && section.kind != NOBITS) {
        let name = c_string(bytes, names.saturating_add(u64::from(section.name)), MOST_NAME);
        let loaded = section.flags & ALLOCATED != 0 && section.address != 0;
        let range = section.offset..section.offset.saturating_add(section.size);
        layout.add(range, capped(name), loaded.then_some(section.address));
    }
}

fn section(bytes: &[u8], shape: Shape, at: u64) -> Option<Section> {
    let wide = shape.wide;
    let size = if wide { 64 } else { 40 };
    if at.checked_add(size)? > bytes.len() as u64 {
        return None;
    }
    let [flags, location, offset, length, link] = if wide { [8, 16, 24, 32, 40] } else { [8, 12, 16, 20, 24] };
    Some(Section {
        name: u32_at(shape, bytes, at),
        kind: u32_at(shape, bytes, at + 4),
        flags: address(shape, bytes, at + flags),
        address: address(shape, bytes, at + location),
        offset: address(shape, bytes, at + offset),
        size: address(shape, bytes, at + length),
        link: u32_at(shape, bytes, at + link),
    })
}

fn segments(bytes: &[u8], shape: Shape, layout: &mut Layout) {
    let (table, count) = if shape.wide { (0x20, 0x38) } else { (0x1c, 0x2c) };
    let (table, count) = (address(shape, bytes, table), u64::from(u16_at(shape, bytes, count)));
    let [size, offset, location, length] = if shape.wide { [56, 8, 16, 32] } else { [32, 4, 8, 16] };
    for index in 0..count {
        let Some(at) = table.checked_add(index * size).filter(|at| at.saturating_add(size) <= bytes.len() as u64)
        else {
            return;
        };
        if u32_at(shape, bytes, at) == LOAD {
            let start = address(shape, bytes, at + offset);
            let end = start.saturating_add(address(shape, bytes, at + length));
            layout.add(start..end, format!("segment {index}"), Some(address(shape, bytes, at + location)));
        }
    }
}
