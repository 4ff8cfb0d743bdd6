//! Archives in the middle of data: what `include_bytes!`, `go:embed` and linkers leave there.

use std::io::Read;
use std::ops::Range;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::super::contents::{Contents, Hint};
use super::super::image::{Image, Kind, Piece};
use super::{hand_out, is_taken};
use crate::bytes::{Cursor, Stop};
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
/// What streams begin with, and what their names end with.
const STREAMS: [(&[u8], &str); 3] = [(GZIP, ".gz"), (ZSTD, ".zst"), (XZ, ".xz")];
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
    let mut places: Vec<&Piece> =
        image.pieces.iter().filter(|piece| piece.kind == Kind::Data && piece.range.len() >= SMALLEST).collect();
    // Sections of a forged table may lie in each other.
    places.sort_by_key(|piece| (piece.range.start, piece.range.end));
    let mut from = 0;
    for piece in places {
        let range = piece.range.start.max(from)..piece.range.end;
        if range.start < range.end {
            from = range.end;
            for hole in search.holes(range) {
                search.range(image, hole, piece, is_zip, contents)?;
            }
        }
    }
    if search.exhausted {
        contents.out.gap("it holds more marks of compressed data than any program, and not all of them were tried");
    }
    Ok(())
}

impl Search {
    /// The parts of a range that were not handed out, and are long enough for a stream.
    fn holes(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let (mut holes, mut from) = (Vec::new(), range.start as u64);
        let end = range.end as u64;
        let first = self.taken.partition_point(|taken| taken.end <= from);
        for taken in self.taken[first..].iter().take_while(|taken| taken.start < end) {
            holes.push(from..taken.start.max(from));
            from = taken.end.max(from);
        }
        holes.push(from.min(end)..end);
        holes.retain(|hole| hole.end - hole.start >= SMALLEST as u64);
        // They lie in the range, which is one of the file's.
        holes.into_iter().map(|hole| hole.start as usize..hole.end as usize).collect()
    }

    fn range(
        &mut self,
        image: &Image<'_>,
        range: Range<usize>,
        section: &Piece,
        is_zip: bool,
        contents: &mut Contents<'_, '_>,
    ) -> Result<(), FormatError> {
        let all = &image.bytes[..range.end];
        let mut archives = archives(all, range.start, is_zip).into_iter().peekable();
        let mut streams = STREAMS.map(|(mark, ending)| {
            let found = memchr::memmem::find_iter(&all[range.start..], mark);
            found.map(move |at| Place { range: range.start + at..range.end, ending }).peekable()
        });
        let mut done = range.start;
        loop {
            let first = archives.peek().map(|archive| archive.range.start);
            let next = streams.iter_mut().filter_map(|stream| Some((stream.peek()?.range.start, stream)));
            let (place, is_archive) = match next.min_by_key(|(start, _)| *start) {
                Some((start, stream)) if first.is_none_or(|first| start < first) => (stream.next(), false),
                _ => (archives.next(), true),
            };
            let Some(Place { range, ending }) = place else { return Ok(()) };
            let start = range.start;
            if start < done || contents.payloads >= MOST {
                continue;
            }
            // What fills a section has its name.
            let fills = start == section.range.start;
            let name = if fills { section.name.clone() } else { format!("{start:#x}{ending}") };
            if is_archive && !is_taken(&range, &self.taken) {
                done = range.end;
                hand_out(&name, range, image, contents)?;
            } else if !is_archive && !is_taken(&(start..start + 1), &self.taken) {
                done = self.stream(&image.bytes[range], &name, start, contents)?.map_or(done, |length| start + length);
            }
        }
    }

    /// Hands out the stream that these bytes begin with, if it opens, and answers how long it is.
    fn stream(
        &mut self,
        bytes: &[u8],
        name: &str,
        start: usize,
        contents: &mut Contents<'_, '_>,
    ) -> Result<Option<usize>, FormatError> {
        let Some(left) = self.left.checked_sub(START) else {
            self.exhausted = true;
            return Ok(None);
        };
        let mut rest = bytes;
        let Some(decoder) = decoder(&mut rest) else { return Ok(None) };
        let (content, stop) = contents.out.attempt(decoder, left);
        let count = content.len() as u64;
        self.left = left.saturating_sub(count);
        let length = bytes.len() - rest.len();
        match stop {
            None if count >= LEAST => {
                let range = start..start + length;
                if is_taken(&range, &self.taken) {
                    return Ok(None);
                }
                contents.payloads += 1;
                contents.stream(name, range, content)?;
                Ok(Some(length))
            }
            // The reader of such streams, which keeps to the limits, says how far it goes.
            Some(Stop::Limit) if count >= SURELY => {
                drop(content);
                contents.payloads += 1;
                contents.stored(name, start as u64, bytes.len() as u64, Hint::Name)?;
                Ok(Some(bytes.len()))
            }
            Some(Stop::Limit) => {
                self.exhausted = true;
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

/// The archives between `from` and the end, in order; of those that lie in each other the largest first.
fn archives(all: &[u8], from: usize, is_zip: bool) -> Vec<Place> {
    let zips = zips(all, from).filter(|_| !is_zip).take(MOST as usize).map(|range| Place { range, ending: ".zip" });
    let tars = tars(all, from).take(MOST as usize).map(|range| Place { range, ending: ".tar" });
    let mut archives: Vec<Place> = zips.chain(tars).collect();
    archives.sort_by_key(|place| (place.range.start, std::cmp::Reverse(place.range.end)));
    archives
}

/// Where an archive lies, or a stream may begin.
struct Place {
    range: Range<usize>,
    /// What its name ends with.
    ending: &'static str,
}

/// The decoder of the stream that these bytes begin with.
fn decoder<'r, 'b: 'r>(rest: &'r mut &'b [u8]) -> Option<Box<dyn Read + 'r>> {
    if rest.starts_with(GZIP) {
        rest.get(3).is_some_and(|flags| flags & 0xe0 == 0).then(|| Box::new(GzDecoder::new(rest)) as Box<dyn Read + 'r>)
    } else if rest.starts_with(ZSTD) {
        Some(Box::new(StreamingDecoder::new(rest).ok()?))
    } else if rest.starts_with(XZ) {
        Some(Box::new(lzma_rust2::XzReader::new(rest, false)))
    } else {
        None
    }
}

/// Whether a stream begins here that [`find`] opens.
pub(super) fn is_stream(bytes: &[u8]) -> bool {
    STREAMS.iter().any(|(mark, _)| bytes.starts_with(mark))
}

/// The length of the archive that these bytes begin with, if it opens.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let opens = bytes.starts_with(b"7z\xbc\xaf\x27\x1c\0") || bytes.starts_with(b"Rar!\x1a\x07");
    opens.then_some(bytes.len())
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
