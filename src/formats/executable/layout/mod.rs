//! Where the bytes of executables lie: sections, segments and virtual addresses. Read only where something was found, by
//! readers that know nothing else and stop at the first damage: what they cannot tell is left out.

mod elf;
mod macho;
mod metadata;
mod pe;
mod wasm;

pub(super) use elf::elf;
pub(super) use macho::mach_o;
pub(super) use pe::pe;
pub(super) use wasm::wasm;

use super::words::Shape;
use crate::bytes::Cursor;

/// A number that the shape gives the width of, or 0 where the file ends before it.
fn address(shape: Shape, bytes: &[u8], at: u64) -> u64 {
    shape.address(&mut Cursor::at(bytes, at)).unwrap_or_default()
}

/// A 32-bit number, or 0 where the file ends before it.
fn u32_at(shape: Shape, bytes: &[u8], at: u64) -> u32 {
    shape.u32(&mut Cursor::at(bytes, at)).unwrap_or_default()
}

/// A 16-bit number, or 0 where the file ends before it.
fn u16_at(shape: Shape, bytes: &[u8], at: u64) -> u16 {
    shape.u16(&mut Cursor::at(bytes, at)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
