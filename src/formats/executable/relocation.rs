//! Relocations of ELF object files (System V ABI, chapter 4, "Relocation").
//!
//! An object file leaves the offsets in its debug sections to the linker. Read as they stand, all of them would point at
//! the first string.

use super::words::{Shape, part};
use crate::bytes::Cursor;

/// What a linker would write into one section: offset, the symbol's value with the addend, and whether what stands there
/// counts as well. Sorted by offset.
#[derive(Debug, Default)]
pub(super) struct Relocations(Vec<(u64, u64, bool)>);

impl Relocations {
    /// Reads a table (`SHT_RELA` where `with_addend`, else `SHT_REL`) whose symbols are in `symbols`.
    pub(super) fn read(table: &[u8], symbols: &[u8], shape: Shape, with_addend: bool) -> Self {
        let mut cursor = Cursor::new(table);
        let entries = std::iter::from_fn(|| {
            let (offset, info) = (shape.address(&mut cursor).ok()?, shape.address(&mut cursor).ok()?);
            let addend = if with_addend { shape.address(&mut cursor).ok()? } else { 0 };
            let index = if shape.wide { info >> 32 } else { info >> 8 };
            Some((offset, symbol_value(symbols, index, shape)?.wrapping_add(addend), !with_addend))
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        Relocations(entries)
    }

    /// The offset that stands at `at` once relocated.
    pub(super) fn apply(&self, at: u64, value: u64) -> u64 {
        match self.0.binary_search_by_key(&at, |(offset, ..)| *offset) {
            Ok(index) => {
                let (_, target, adds) = self.0[index];
                if adds { target.wrapping_add(value) } else { target }
            }
            Err(_) => value,
        }
    }
}

/// `st_value` of a symbol: 0 for a section's own symbol.
fn symbol_value(symbols: &[u8], index: u64, shape: Shape) -> Option<u64> {
    let (size, at) = if shape.wide { (24, 8) } else { (16, 4) };
    let (range, complete) = part(symbols, index.checked_mul(size)?, size);
    complete.then(|| shape.address(&mut Cursor::at(&symbols[range], at)).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_that_a_linker_would_write() {
        let shape = Shape { little: true, wide: true };
        let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let symbols = [vec![0; 24], words(&[0, 100, 0])].concat();
        let with = Relocations::read(&words(&[8, 1 << 32 | 10, 7, 4, 10, 5]), &symbols, shape, true);
        assert_eq!((with.apply(8, 99), with.apply(4, 99), with.apply(5, 99)), (107, 5, 99));
        let without = Relocations::read(&words(&[8, 1 << 32 | 10]), &symbols, shape, false);
        assert_eq!(without.apply(8, 3), 103);
        // A symbol that is not there ends the table.
        assert_eq!(Relocations::read(&words(&[8, 9 << 32, 7]), &symbols, shape, true).apply(8, 3), 3);
    }
}
