//! Mach-O: segments and the sections in them, by their load commands.

use super::super::portrait::capped;
use super::super::words::{Shape, c_string};
use super::{address, u32_at};
use crate::formats::Layout;

const SEGMENT: u32 = 0x1;
const SEGMENT_64: u32 = 0x19;
/// The types of sections that have no bytes in the file: S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL.
const EMPTY: [u8; 3] = [0x1, 0xc, 0x12];
const MOST: u32 = 10_000;

/// The segments and sections of one slice.
pub(in super::super) fn mach_o(bytes: &[u8], shape: Shape) -> Layout {
    let mut layout = Layout::default();
    let mut at = if shape.wide { 32 } else { 28 };
    for _ in 0..u32_at(shape, bytes, 16).min(MOST) {
        let (kind, size) = (u32_at(shape, bytes, at), u64::from(u32_at(shape, bytes, at + 4)));
        match kind {
            SEGMENT => segment(bytes, Shape { wide: false, ..shape }, at, at + size, &mut layout),
            SEGMENT_64 => segment(bytes, Shape { wide: true, ..shape }, at, at + size, &mut layout),
            _ => {}
        }
        at += size;
        if size < 8 || at >= bytes.len() as u64 {
            break;
        }
    }
    layout
}

/// `segment_command` and `segment_command_64`, and the sections that follow.
fn segment(bytes: &[u8], shape: Shape, at: u64, end: u64, layout: &mut Layout) {
    let word = if shape.wide { 8 } else { 4 };
    let number = |at: u64| address(shape, bytes, at);
    let start = number(at + 24 + 2 * word);
    let loaded = number(at + 24);
    let name = capped(c_string(bytes, at + 8, 16));
    layout.add(start..start.saturating_add(number(at + 24 + 3 * word)), name, Some(loaded));
    let count = u64::from(u32_at(shape, bytes, at + 24 + 4 * word + 8));
    let (first, size) = (at + 24 + 4 * word + 16, if shape.wide { 80 } else { 68 });
    for at in (0..count).map(|index| first + index * size).take_while(|at| at + size <= end) {
        let flags = u32_at(shape, bytes, at + 32 + 2 * word + 16);
        if EMPTY.contains(&flags.to_le_bytes()[0]) {
            continue;
        }
        let name = format!("{},{}", capped(c_string(bytes, at + 16, 16)), capped(c_string(bytes, at, 16)));
        let start = u64::from(u32_at(shape, bytes, at + 32 + 2 * word));
        layout.add(start..start.saturating_add(number(at + 32 + word)), name, Some(number(at + 32)));
    }
}
