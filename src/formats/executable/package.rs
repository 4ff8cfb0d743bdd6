//! Packages of split units (`.dwp`): which part of each section belongs to which unit.
//!
//! DWARF 5, section 7.3.5.3 ("Format of the CU and TU Index Sections"), and version 2 of GCC's "DWARF Extensions for
//! Separate Debug Information Files", which numbers some sections differently.

use std::collections::BTreeMap;

use super::words::Shape;
use crate::bytes::{Cursor, ReadError};

const INFO: u32 = 1;
const ABBREVIATIONS: u32 = 3;
const LINE: u32 = 4;
const OFFSETS: u32 = 6;
/// How many units are kept: more than any program has.
const MOST_UNITS: u32 = 1 << 20;
const MOST_SECTIONS: u32 = 8;

/// Where the parts of one unit start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Contribution {
    /// In `.debug_abbrev.dwo`.
    pub(super) abbreviations: u64,
    /// In `.debug_line.dwo`.
    pub(super) line: u64,
    /// In `.debug_str_offsets.dwo`.
    pub(super) offsets: u64,
}

/// The units of a package, by where they start in `.debug_info.dwo`. Empty for what is no package.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<u64, Contribution>);

impl Index {
    /// Reads `.debug_cu_index`. What is cut off is left out.
    pub(super) fn read(bytes: &[u8], shape: Shape) -> Self {
        let mut index = Index::default();
        let _ = index.fill(bytes, shape);
        index
    }

    fn fill(&mut self, bytes: &[u8], shape: Shape) -> Result<(), ReadError> {
        let mut cursor = Cursor::new(bytes);
        // Version 2 has 32 bits for it, version 5 has 16 and padding: in either order of bytes one of them stands here.
        shape.u16(&mut cursor)?;
        shape.u16(&mut cursor)?;
        let (columns, units, slots) = (shape.u32(&mut cursor)?, shape.u32(&mut cursor)?, shape.u32(&mut cursor)?);
        if columns > MOST_SECTIONS {
            return Err(cursor.error("the index names more sections than there are"));
        }
        // Signatures and rows, which find a unit by its signature. All of them are wanted.
        cursor.skip(u64::from(slots).saturating_mul(12))?;
        let columns = (0..columns).map(|_| shape.u32(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
        for _ in 0..units.min(MOST_UNITS) {
            let (mut start, mut part) = (0, Contribution::default());
            for column in &columns {
                let offset = u64::from(shape.u32(&mut cursor)?);
                match *column {
                    INFO => start = offset,
                    ABBREVIATIONS => part.abbreviations = offset,
                    LINE => part.line = offset,
                    OFFSETS => part.offsets = offset,
                    _ => {}
                }
            }
            self.0.insert(start, part);
        }
        Ok(())
    }

    /// The parts of the unit that starts here.
    pub(super) fn part(&self, at: u64) -> Option<Contribution> {
        self.0.get(&at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_each_unit_are_found_and_cuts_are_survived() {
        let words: [u32; 23] =
            [5, 4, 2, 2, 7, 0, 9, 0, 1, 2, INFO, ABBREVIATIONS, LINE, OFFSETS, 0, 0, 0, 0, 64, 16, 8, 32, 99];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let shape = Shape { little: true, wide: false };
        let index = Index::read(&bytes, shape);
        assert_eq!(index.part(0), Some(Contribution::default()));
        assert_eq!(index.part(64), Some(Contribution { abbreviations: 16, line: 8, offsets: 32 }));
        assert_eq!(index.part(1), None);
        (0..bytes.len()).for_each(|end| drop(Index::read(&bytes[..end], shape)));
        assert!(Index::read(&[0xff; 64], shape).0.is_empty());
    }
}
