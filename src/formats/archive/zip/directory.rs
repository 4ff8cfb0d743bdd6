//! Finding the central directory of a zip archive from its end (APPNOTE 6.3.10, sections 4.3.14 to 4.3.16).

use std::ops::Range;

use memchr::memmem;

use super::header::{CENTRAL, LOCAL};
use crate::bytes::{Cursor, Probe, ReadError};

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const END_SIZE: u64 = 22;
const END64_SIZE: u64 = 56;
const LOCATOR_SIZE: u64 = 20;

/// Where the central directory lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directory {
    /// The entries.
    pub(super) entries: Range<u64>,
    /// The records at the end, without the comment.
    pub(super) end: Range<u64>,
    /// How many bytes stand before the archive that its own offsets do not count.
    pub(super) shift: u64,
    /// Whether members lie in other files.
    pub(super) split: bool,
}

/// Whether local headers begin at the start: at once, or after the mark of a split archive.
pub(super) fn starts_with_member(bytes: &[u8]) -> bool {
    let after_mark = bytes.strip_prefix(b"PK\x07\x08").or_else(|| bytes.strip_prefix(b"PK00"));
    after_mark.unwrap_or(bytes).starts_with(&LOCAL)
}

/// The directory in the last 64 KiB, if there is one that fits the rest of the file. Costs the same for any size.
pub(super) fn find(all: &[u8]) -> Option<Directory> {
    let tail = all.len().saturating_sub(Probe::TAIL);
    search(all, tail)
}

/// The directory wherever it is: for files that certainly are archives, but have something behind them.
pub(super) fn find_anywhere(all: &[u8]) -> Option<Directory> {
    find(all).or_else(|| search(all, 0))
}

/// The last end record after `from` that fits.
fn search(all: &[u8], from: usize) -> Option<Directory> {
    let finder = memmem::find_iter(all.get(from..)?, &END);
    finder.filter_map(|found| read_end(all, (from + found) as u64).ok().flatten()).last()
}

fn read_end(all: &[u8], at: u64) -> Result<Option<Directory>, ReadError> {
    let mut cursor = Cursor::at(all, at + 4);
    let (disk, first_disk) = (cursor.u16_le()?, cursor.u16_le()?);
    cursor.take(2)?;
    let count = cursor.u16_le()?;
    let (size, offset) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
    let comment = u64::from(cursor.u16_le()?);
    let behind = cursor.remaining().checked_sub(comment);
    let is_archive = starts_with_member(all) || all.starts_with(&END);
    // In front of an archive there may be anything. Then its end must be the end, or every container that merely
    // stores a zip near its own end would look like one; but programs are signed behind their payload.
    if !is_archive && behind != Some(0) && !is_program(all) {
        return Ok(None);
    }
    let end = at..at + END_SIZE;
    let split = (disk != 0 && disk != u16::MAX) || (first_disk != 0 && first_disk != u16::MAX);
    if let Some(directory) = read_end64(all, &end, is_archive) {
        return Ok(Some(directory));
    }
    if count == 0 && size == 0 {
        let empty = Directory { entries: at..at, end, shift: 0, split: false };
        return Ok((at == 0 && offset == 0).then_some(empty));
    }
    if split && is_archive {
        // The sizes and offsets belong to other files.
        return Ok(Some(Directory { entries: at..at, end, shift: 0, split }));
    }
    Ok(place(all, size, offset, &end, is_archive))
}

/// The directory that a zip64 end record before this end record tells of.
fn read_end64(all: &[u8], end: &Range<u64>, is_archive: bool) -> Option<Directory> {
    let locator = end.start.checked_sub(LOCATOR_SIZE)?;
    let mut cursor = Cursor::at(all, locator);
    if cursor.take(4).ok()? != LOCATOR {
        return None;
    }
    cursor.take(4).ok()?;
    let stated = cursor.u64_le().ok()?;
    let usual = locator.checked_sub(END64_SIZE)?;
    let at = [stated, usual].into_iter().find(|at| Cursor::at(all, *at).take(4).is_ok_and(|mark| mark == END64))?;
    let mut cursor = Cursor::at(all, at.checked_add(40)?);
    let (size, offset) = (cursor.u64_le().ok()?, cursor.u64_le().ok()?);
    place(all, size, offset, &(at..end.end), is_archive)
}

/// Fits the stated size and offset to the file. The directory ends where the end records begin, so what is missing
/// before it was put in front of the archive later; or the offset is right and something stands in between.
fn place(all: &[u8], size: u64, offset: u64, end: &Range<u64>, is_archive: bool) -> Option<Directory> {
    let marked = |at: u64| Cursor::at(all, at).take(4).is_ok_and(|mark| mark == CENTRAL);
    let entries = if size == 0 { end.start..end.start } else { end.start.checked_sub(size)?..end.start };
    let directory = |entries: Range<u64>, shift| Directory { entries, end: end.clone(), shift, split: false };
    if let Some(shift) = entries.start.checked_sub(offset)
        && marked(entries.start)
        // An archive that begins at the start has nothing in front: this is the end of one that is stored inside.
        && (shift == 0 || !is_archive)
    {
        return Some(directory(entries, shift));
    }
    let stated = offset..offset.checked_add(size)?;
    (marked(stated.start) && stated.end <= end.start).then(|| directory(stated, 0))
}

fn is_program(all: &[u8]) -> bool {
    let marks: [&[u8]; 7] =
        [b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"];
    marks.iter().any(|mark| all.starts_with(mark))
}
