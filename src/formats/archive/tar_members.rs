//! Where the members of a tar lie, for who reads it as it comes by. Anything unusual is left to the reader of whole tars.

use std::ops::Range;

use super::tar::header::{BLOCK, Header};

/// What stands at the place of a header.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::formats) enum Here {
    /// More has to be read, up to this offset.
    Wanted(u64),
    /// A plain file: its content, and where the next header stands.
    File(Range<u64>, u64),
    /// Something else, with the next header here.
    Other(u64),
    /// Whatever this is: it ends the reading.
    Unclear,
}

/// Whether these are the first bytes of a tar.
pub(in crate::formats) fn begins(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK).is_some_and(|block| Header::read(block).is_some())
}

/// What stands at `at` in the first bytes of a tar.
pub(in crate::formats) fn next(bytes: &[u8], at: u64) -> Here {
    let start = at.saturating_add(BLOCK as u64);
    let Some(block) = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..BLOCK)) else {
        return Here::Wanted(start);
    };
    let Some(header) = Header::read(block) else { return Here::Unclear };
    let Some(size) = header.size() else { return Here::Unclear };
    let end = start.saturating_add(size);
    let Some(after) = end.checked_next_multiple_of(BLOCK as u64) else { return Here::Unclear };
    match header.kind() {
        0 | b'0' | b'7' => Here::File(start..end, after),
        b'1'..=b'6' | b'L' | b'K' => Here::Other(after),
        b'x' | b'g' => match bytes.get(start as usize..end as usize) {
            None => Here::Wanted(end),
            // These move the end of the next member, or put holes into it.
            Some(records) if is_unusual(records) => Here::Unclear,
            Some(_) => Here::Other(after),
        },
        _ => Here::Unclear,
    }
}

fn is_unusual(records: &[u8]) -> bool {
    [&b" size="[..], b"sparse"].iter().any(|name| memchr::memmem::find(records, name).is_some())
}
