//! The strings of Hermes bytecode, which lie in one block without anything between them.

use std::io::Read;
use std::ops::Range;

use super::{HEADER, Header};
use crate::bytes::{Cursor, Ranges, ReadError};
use crate::finding::Role;
use crate::formats::{FormatError, Inspection};

/// Length of a function's header: until version 96, and since.
const FUNCTION_HEADERS: [u64; 2] = [16, 12];
/// A string whose length is this has its place in the second table.
const OVERFLOWED: u32 = 0xff;

/// Hands out all strings as one text, each on a line of its own: a token that stands between two others in the block
/// has neither a start nor an end.
pub(super) fn hand_out(bytes: &[u8], header: &Header, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let tables = Tables::find(bytes, header)?;
    let mut lines = Lines { bytes, tables: &tables, index: 0, line: Vec::new(), at: 0, covered: Ranges::default() };
    let name = "strings";
    let (text, complete) = out.inflate(name, &mut lines, u64::from(header.storage));
    let covered = std::mem::take(&mut lines.covered);
    out.member(name, Role::Header, text)?;
    if complete {
        let mut covered = covered;
        covered.merged().iter().for_each(|range| out.explain(range.clone()));
    }
    tables.damage.map_or(Ok(()), |damage| Err(damage.into()))
}

/// Where the tables lie.
struct Tables {
    small: Range<usize>,
    overflow: Range<usize>,
    storage: Range<usize>,
    /// Set if the file ends before they do.
    damage: Option<ReadError>,
}

impl Tables {
    /// Finds the tables behind the functions' headers, whose length depends on the version: the right one is followed
    /// by runs of kinds that count every string.
    fn find(bytes: &[u8], header: &Header) -> Result<Tables, FormatError> {
        let start = |size: u64| HEADER as u64 + u64::from(header.functions) * size;
        let counts_all = |at: u64| {
            let mut cursor = Cursor::at(bytes, at);
            let runs = (0..header.kinds).map_while(|_| cursor.u32_le().ok());
            // The highest bit says whether these are names or literals.
            runs.map(|run| u64::from(run & 0x7fff_ffff)).sum::<u64>() == u64::from(header.strings)
        };
        let kinds = FUNCTION_HEADERS.map(start).into_iter().find(|at| counts_all(*at));
        let kinds = kinds.ok_or_else(|| {
            let reason = format!("the tables of version {} are not where they are expected", header.version);
            FormatError::broken(HEADER as u64, reason)
        })?;
        let small = kinds + u64::from(header.kinds) * 4 + u64::from(header.identifiers) * 4;
        let overflow = small + u64::from(header.strings) * 4;
        let storage = overflow + u64::from(header.overflow) * 8;
        let end = storage + u64::from(header.storage);
        let length = bytes.len() as u64;
        let part = |from: u64, to: u64| from.min(length) as usize..to.min(length) as usize;
        Ok(Tables {
            small: part(small, overflow),
            overflow: part(overflow, storage),
            storage: part(storage, end),
            damage: (end > length).then(|| ReadError::new(length, "the file ends inside its strings")),
        })
    }

    /// Where the string at this index lies, and whether it is UTF-16.
    fn string(&self, bytes: &[u8], index: usize) -> Option<(Range<usize>, bool)> {
        let entry = Cursor::at(&bytes[self.small.clone()], index as u64 * 4).u32_le().ok()?;
        let (utf16, mut offset, mut length) = (entry & 1 == 1, entry >> 1 & 0x7f_ffff, entry >> 24);
        if length == OVERFLOWED {
            let mut cursor = Cursor::at(&bytes[self.overflow.clone()], u64::from(offset) * 8);
            (offset, length) = (cursor.u32_le().ok()?, cursor.u32_le().ok()?);
        }
        let size = u64::from(length) * if utf16 { 2 } else { 1 };
        let available = self.storage.len() as u64;
        let start = u64::from(offset).min(available);
        let end = (start + size).min(available);
        Some((self.storage.start + start as usize..self.storage.start + end as usize, utf16))
    }
}

/// Reads the strings one after the other, so that the limits of decompression hold for strings that share their bytes.
struct Lines<'a> {
    bytes: &'a [u8],
    tables: &'a Tables,
    index: usize,
    line: Vec<u8>,
    at: usize,
    covered: Ranges,
}

impl Lines<'_> {
    fn next_line(&mut self) -> bool {
        let Some((range, utf16)) = self.tables.string(self.bytes, self.index) else { return false };
        self.index += 1;
        self.at = 0;
        self.covered.add(range.start as u64..range.end as u64);
        let stored = &self.bytes[range];
        self.line.clear();
        if utf16 {
            self.line.extend(encoding_rs::UTF_16LE.decode_without_bom_handling(stored).0.as_bytes());
        } else {
            self.line.extend(stored);
        }
        self.line.push(b'\n');
        true
    }
}

impl Read for Lines<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at >= self.line.len() && !self.next_line() {
            return Ok(0);
        }
        let rest = &self.line[self.at..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hermes;
    use super::super::tests::forged;
    use crate::formats::testing::inspect;

    #[test]
    fn strings_that_share_bytes_cannot_fill_the_memory() {
        // Two hundred thousand strings over the same megabyte, each through the second table.
        let (count, storage) = (200_000u32, 1_000_000u32);
        let mut bytes = forged()[..128].to_vec();
        let set = |bytes: &mut Vec<u8>, at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        for (at, value) in [(40, 0), (44, 1), (52, count), (56, 1), (60, storage)] {
            set(&mut bytes, at, value);
        }
        bytes.extend(count.to_le_bytes());
        bytes.extend((0..count).flat_map(|_| (0xff_u32 << 24).to_le_bytes()));
        bytes.extend([0u32.to_le_bytes(), storage.to_le_bytes()].concat());
        bytes.resize(bytes.len() + storage as usize, b'x');
        let length = bytes.len() as u32 + 20;
        set(&mut bytes, 32, length);
        bytes.extend([0; 20]);
        let looked = inspect(&Hermes, "main.jsbundle", &bytes);
        assert!(looked.stated.gaps.iter().any(|gap| gap.reason.contains("limits")), "{:?}", looked.stated.gaps);
    }
}
