//! The debug information of Hermes bytecode: which source files it names.

use super::{HEADER, Header};
use crate::bytes::Cursor;
use crate::bytes::text::lossy;

/// What the end of the header and the debug information say.
pub(super) struct Found {
    pub(super) names: Vec<String>,
    /// The number in front of the offset, which counts kept sources of functions in versions that keep any.
    pub(super) function_sources: u32,
}

/// The header's word with the offset moved from version to version, and so did the length of what it points at. Both
/// are told from the fact that the debug information reaches exactly to the digest.
const WORDS: std::ops::Range<usize> = 13..24;
/// Lengths of the debug information's own header: 99 and 98, up to 90, up to 96.
const HEADERS: [u64; 3] = [16, 20, 28];
/// Bytes of a name's place, and of a run of addresses that belong to one file.
const NAME: u64 = 8;
const REGION: u64 = 12;
/// No bundle names more files; all names together are no longer than the file.
const MOST_NAMES: u64 = 200_000;

/// Reads the debug information; `None` if there is none where any known version has it.
pub(super) fn read(bytes: &[u8], header: &Header) -> Option<Found> {
    let word = |index: usize| Cursor::at(&bytes[..HEADER.min(bytes.len())], 32 + 4 * index as u64).u32_le().ok();
    // Later versions first: in earlier ones the words behind the offset are zero.
    for index in WORDS.rev() {
        let Some(at) = word(index).map(u64::from).filter(|at| *at >= HEADER as u64 && *at < header.end()) else {
            continue;
        };
        for size in HEADERS {
            if let Some(names) = table(bytes, at, size, header.end()) {
                return Some(Found { names, function_sources: word(index - 1)? });
            }
        }
    }
    None
}

/// Reads the names of debug information with a header of this size, if it ends where the digest starts.
fn table(bytes: &[u8], at: u64, size: u64, end: u64) -> Option<Vec<String>> {
    let mut cursor = Cursor::at(bytes, at);
    let (count, storage, regions) = (cursor.u32_le().ok()?, cursor.u32_le().ok()?, cursor.u32_le().ok()?);
    let data = Cursor::at(bytes, at + size - 4).u32_le().ok()?;
    let (count, storage) = (u64::from(count), u64::from(storage));
    let names = at + size + count * NAME;
    if names + storage + u64::from(regions) * REGION + u64::from(data) != end {
        return None;
    }
    let text = Cursor::at(bytes, names).take_u64(storage).ok()?;
    let mut cursor = Cursor::at(bytes, at + size);
    let name = |_| {
        let (offset, length) = (cursor.u32_le().ok()?, cursor.u32_le().ok()?);
        // The highest bit of the length says that it is UTF-16.
        let (utf16, length) = (length >> 31 == 1, length & 0x7fff_ffff);
        let size = u64::from(length) * if utf16 { 2 } else { 1 };
        let stored = Cursor::at(text, u64::from(offset)).take_u64(size.min(4 << 10)).ok()?;
        let name = if utf16 { encoding_rs::UTF_16LE.decode_without_bom_handling(stored).0 } else { lossy(stored) };
        Some(name.into_owned())
    };
    Some((0..count.min(MOST_NAMES)).map_while(name).collect())
}
