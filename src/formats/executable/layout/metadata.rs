//! The metadata of .NET assemblies (ECMA-335, II.24.2): its heaps hold names, `#US` the string literals of the program.

use super::super::portrait::capped;
use super::super::words::c_string;
use super::pe::SHAPE;
use super::{u16_at, u32_at};
use crate::formats::Layout;

const MOST_NAME: usize = 32;
const MOST_STREAMS: u16 = 16;

/// Adds the metadata streams that the CLI header at relative virtual address `header` leads to.
pub(super) fn metadata(bytes: &[u8], base: u64, header: u32, place: impl Fn(u64) -> Option<u64>, layout: &mut Layout) {
    let Some(header) = (header != 0).then(|| place(u64::from(header))).flatten() else { return };
    let rva = u64::from(u32_at(SHAPE, bytes, header.saturating_add(8)));
    let Some(root) = place(rva).filter(|root| c_string(bytes, *root, 4) == b"BSJB") else { return };
    let version = u64::from(u32_at(SHAPE, bytes, root + 12));
    // The version is padded, then come flags and the number of streams.
    let mut at = root + 16 + version;
    let count = u16_at(SHAPE, bytes, at + 2).min(MOST_STREAMS);
    at += 4;
    for _ in 0..count {
        let (offset, size) = (u64::from(u32_at(SHAPE, bytes, at)), u64::from(u32_at(SHAPE, bytes, at + 4)));
        let name = c_string(bytes, at + 8, MOST_NAME);
        let start = root + offset;
        let address = base.checked_add(rva + offset);
        layout.add(start..start + size, format!(".NET {}", capped(name)), address.filter(|_| !name.is_empty()));
        at += 8 + (name.len() as u64 / 4 + 1) * 4;
    }
}
