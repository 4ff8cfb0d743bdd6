//! Archives in the middle of data: what `include_bytes!`, `go:embed` and linkers leave there.

use std::io::Read;
use std::ops::Range;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::super::contents::Contents;
use super::super::image::{Image, Kind};
use super::{hand_out, is_taken};
use crate::bytes::Cursor;
use crate::formats::FormatError;

/// Streams of less content, and archives of fewer bytes, are test data and tables.
const LEAST: u64 = 1 << 10;
/// The shortest stream.
const SMALLEST: usize = 18;
/// How many streams of one executable are handed out.
const MOST: u64 = 10_000;
/// How many bytes may be decompressed in vain, besides the size of the executable.
const IN_VAIN: u64 = 16 << 20;
/// What opening a decoder costs, in bytes that could have been decompressed instead.
const START: u64 = 4 << 10;

const GZIP: &[u8] = &[0x1f, 0x8b, 8];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const ZIP_END: &[u8] = b"PK\x05\x06";
const TAR: &[u8] = b"ustar";

/// What may come out of a stream before it is believed without having ended.
const SURELY: u64 = 1 << 20;

/// What is spent on looking.
struct Search {
    left: u64,
    /// Whether marks were passed over because too much was spent.
    exhausted: bool,
    taken: Vec<Range<u64>>,
}

/// Hands out every archive in the data of the executable that opens.
pub(super) fn find(image: &Image<'_>, is_zip: bool, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let left = (image.bytes.len() as u64).saturating_mul(4).saturating_add(IN_VAIN);
    let mut search = Search { left, exhausted: false, taken: contents.taken().to_vec() };
    let mut places: Vec<Range<usize>> = image
        .pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Data && piece.range.len() >= SMALLEST)
        .map(|piece| piece.range.clone())
        .collect();
    // Sections of a forged table may lie in each other.
    places.sort_by_key(|range| (range.start, range.end));
    let mut from = 0;
    for place in places {
        let range = place.start.max(from)..place.end;
        if range.start < range.end {
            search.range(image, range.clone(), is_zip, contents)?;
            from = range.end;
        }
    }
    if search.exhausted {
        contents.out.gap("it holds more marks of compressed data than any program, and not all of them were tried");
    }
    Ok(())
}

impl Search {
    fn range(
        &mut self,
        image: &Image<'_>,
        range: Range<usize>,
        is_zip: bool,
        contents: &mut Contents<'_, '_>,
    ) -> Result<(), FormatError> {
        let mut found = Vec::new();
        for mark in [GZIP, ZSTD, XZ] {
            let mut from = range.start;
            while let Some(at) = memchr::memmem::find(&image.bytes[from..range.end], mark) {
                let start = from + at;
                from = start + mark.len();
                if let Some(length) = self.length(&image.bytes[start..range.end]) {
                    found.push((start..start + length, mark[0]));
                    from = start + length;
                }
            }
        }
        if !is_zip {
            found.extend(zips(&image.bytes[..range.end], range.start).map(|range| (range, b'P')));
        }
        found.extend(tars(&image.bytes[..range.end], range.start).map(|range| (range, b'u')));
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut done = 0;
        for (range, mark) in found {
            if contents.payloads < MOST && range.start >= done && !is_taken(&range, &self.taken) {
                done = range.end;
                let ending = match mark {
                    b'P' => ".zip",
                    b'u' => ".tar",
                    0x1f => ".gz",
                    0xfd => ".xz",
                    _ => ".zst",
                };
                hand_out(&format!("{:#x}{ending}", range.start), range, image, contents)?;
            }
        }
        Ok(())
    }

    fn length(&mut self, bytes: &[u8]) -> Option<usize> {
        let Some(left) = self.left.checked_sub(START) else {
            self.exhausted = true;
            return None;
        };
        let (length, spent) = decoded(bytes, left);
        self.left = left.saturating_sub(spent);
        length
    }
}

/// The length of the stream that these bytes begin with, if it opens.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    decoded(bytes, (bytes.len() as u64).saturating_mul(200).max(IN_VAIN)).0
}

/// The length of the stream that these bytes begin with, if at most `left` bytes come out of it and it is whole; and how
/// many have.
fn decoded(bytes: &[u8], left: u64) -> (Option<usize>, u64) {
    let mut rest = bytes;
    let produced = if bytes.starts_with(GZIP) {
        if bytes.get(3).is_none_or(|flags| flags & 0xe0 != 0) {
            return (None, 0);
        }
        drain(GzDecoder::new(&mut rest), left)
    } else if bytes.starts_with(ZSTD) {
        match StreamingDecoder::new(&mut rest) {
            Ok(decoder) => drain(decoder, left),
            Err(_) => return (None, 0),
        }
    } else if bytes.starts_with(XZ) {
        drain(lzma_rust2::XzReader::new(&mut rest, false), left)
    } else {
        let opens = bytes.starts_with(b"7z\xbc\xaf\x27\x1c\0") || bytes.starts_with(b"Rar!\x1a\x07");
        return (opens.then_some(bytes.len()), 0);
    };
    let length = bytes.len() - rest.len();
    match produced {
        Ok(count) => ((count >= LEAST).then_some(length), count),
        // The reader of such streams, which keeps to the limits, says how far it goes.
        Err((count, true)) => ((count >= SURELY).then_some(bytes.len()), count),
        Err((count, false)) => (None, count),
    }
}

/// Reads to the end. How much came out; and if the end was not reached, whether that was for want of patience.
fn drain(mut from: impl Read, left: u64) -> Result<u64, (u64, bool)> {
    let mut chunk = [0; 16 << 10];
    let mut count = 0u64;
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(count),
            Ok(read) => count += read as u64,
            Err(_) => return Err((count, false)),
        }
        if count > left {
            return Err((count, true));
        }
    }
}

/// Archives whose end record leads to a directory and that to the first member (APPNOTE 6.3.10, 4.3.16).
fn zips(all: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    memchr::memmem::find_iter(&all[from..], ZIP_END).filter_map(move |found| {
        let end = (from + found) as u64;
        let mut cursor = Cursor::at(all, end + 8);
        let count = (cursor.u16_le().ok()?, cursor.u16_le().ok()?);
        let (size, offset) = (u64::from(cursor.u32_le().ok()?), u64::from(cursor.u32_le().ok()?));
        let comment = u64::from(cursor.u16_le().ok()?);
        let directory = end.checked_sub(size)?;
        let start = directory.checked_sub(offset)?;
        let marked = |at: u64, mark: &[u8]| Cursor::at(all, at).take(4).is_ok_and(|found| found == mark);
        let whole = cursor.offset().checked_add(comment).filter(|end| *end <= all.len() as u64)?;
        let fits = count.0 == count.1 && count.0 > 0 && start >= from as u64;
        let opens = marked(directory, b"PK\x01\x02") && marked(start, b"PK\x03\x04");
        (fits && opens).then_some(start as usize..whole as usize)
    })
}

/// Archives whose headers have the right checksum and follow each other (POSIX.1-1988, `tar.h`).
fn tars(all: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    let mut done = from;
    memchr::memmem::find_iter(&all[from..], TAR).filter_map(move |found| {
        let start = (from + found).checked_sub(257).filter(|start| *start >= done)?;
        let mut at = start;
        while let Some(size) = tar_member(all, at) {
            at = at.checked_add(512)?.checked_add(size.checked_next_multiple_of(512)?)?.min(all.len());
        }
        // Blocks of zeros end the archive.
        let zeros = all[at..].chunks_exact(512).take(2).take_while(|block| block.iter().all(|byte| *byte == 0)).count();
        done = at + zeros * 512;
        (at > start && (done - start) as u64 >= LEAST).then_some(start..done)
    })
}

/// The size of the member whose header stands at `at`, if one does.
fn tar_member(all: &[u8], at: usize) -> Option<usize> {
    let header = all.get(at..at.checked_add(512)?)?;
    if !header[257..].starts_with(TAR) {
        return None;
    }
    let octal = |field: &[u8]| {
        let field = field.trim_ascii_end();
        let field = field.strip_suffix(b"\0").unwrap_or(field).trim_ascii();
        u64::from_str_radix(std::str::from_utf8(field).ok()?, 8).ok()
    };
    let (stated, size) = (octal(&header[148..156])?, octal(&header[124..136])?);
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(index, byte)| u64::from(if (148..156).contains(&index) { b' ' } else { *byte }))
        .sum();
    if stated != sum {
        return None;
    }
    usize::try_from(size).ok()
}
