//! Nuitka's onefile programs (`nuitka/tools/onefile_compressor`, `OnefileBootstrap.c`): a stream of files, compressed as one
//! or as they are.

use std::io::{BufRead, BufReader, Read};

use ruzstd::decoding::StreamingDecoder;

use super::contents::{Contents, Hint};
use super::image::{Container, Image, Kind};
use crate::bytes::Cursor;
use crate::formats::{FormatError, LimitReached};

const PACKED: &[u8] = b"KAY\x28\xb5\x2f\xfd";
const PLAIN: &[u8] = b"KAX";
/// The longest name of a file, in bytes.
const MOST_NAME: u64 = 4 << 10;
const MOST_FILES: u32 = 200_000;
const MOST_PLAIN: u32 = 50_000;
/// How many marks are tried: the program itself may compare with it.
const TRIED: usize = 8;

/// Opens the stream of files, if the executable carries one.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let wide = image.container == Container::Pe;
    let data = image
        .pieces
        .iter()
        .filter(|piece| piece.kind == Kind::Data || (piece.kind == Kind::Resource && piece.name.starts_with("10/")));
    let places = data.map(|piece| (piece.range.clone(), piece.name.as_str()));
    for (range, carrier) in places.chain([(image.overlay.clone(), "end of file")]) {
        let content = image.content(&range);
        for at in memchr::memmem::find_iter(content, PACKED).take(TRIED) {
            let start = range.start + at + 3;
            let frame = &image.bytes[start..range.end];
            let found = [true, false].into_iter().find(|flags| {
                StreamingDecoder::new(frame).is_ok_and(|decoder| first(&mut BufReader::new(decoder), wide, *flags))
            });
            if let Some(flags) = found {
                contents.kind = Some("nuitka");
                contents.carrier = Some(carrier.to_owned());
                packed(frame, start, wide, flags, contents)?;
                return Ok(true);
            }
        }
        if let Some((at, flags)) = plain_stream(content, wide) {
            contents.kind = Some("nuitka");
            contents.carrier = Some(carrier.to_owned());
            let mut walk = Walk { content, at: at + PLAIN.len() as u64, wide, flags };
            while let Some((name, offset, size)) = walk.next_file() {
                contents.stored(&name, range.start as u64 + offset, size, Hint::Name)?;
            }
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a first file stands here: a name that is one, and a size.
fn first(stream: &mut impl BufRead, wide: bool, flags: bool) -> bool {
    header(stream, wide, flags).is_some_and(|(name, _)| is_name(&name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|letter| letter.is_control() || letter == char::REPLACEMENT_CHARACTER)
}

/// The name and size of the next file; an empty name ends the stream. Systems with permissions have a byte of flags.
fn header(stream: &mut impl BufRead, wide: bool, flags: bool) -> Option<(String, u64)> {
    let mut name = Vec::new();
    if wide {
        let mut letters = Vec::new();
        loop {
            let mut letter = [0; 2];
            stream.read_exact(&mut letter).ok()?;
            match u16::from_le_bytes(letter) {
                0 => break,
                _ if letters.len() as u64 > MOST_NAME => return None,
                letter => letters.push(letter),
            }
        }
        name.extend(String::from_utf16_lossy(&letters).bytes());
    } else {
        stream.take(MOST_NAME).read_until(0, &mut name).ok()?;
        if name.pop() != Some(0) {
            return None;
        }
    }
    if name.is_empty() {
        return Some((String::new(), 0));
    }
    let mut rest = [0; 9];
    let rest = if flags { &mut rest[..] } else { &mut rest[1..] };
    stream.read_exact(rest).ok()?;
    // Whether there is such a byte is told by what it makes of the first size.
    if flags && rest[0] > 1 {
        return None;
    }
    let size = rest.last_chunk::<8>().map(|size| u64::from_le_bytes(*size)).filter(|size| *size < 1 << 40)?;
    Some((String::from_utf8_lossy(&name).into_owned(), size))
}

fn packed(
    frame: &[u8],
    start: usize,
    wide: bool,
    flags: bool,
    contents: &mut Contents<'_, '_>,
) -> Result<(), FormatError> {
    let counted = Counted { inner: frame, read: 0 };
    let Ok(decoder) = StreamingDecoder::new(counted) else { return Ok(()) };
    let mut stream = BufReader::with_capacity(64 << 10, decoder);
    for _ in 0..MOST_FILES {
        let Some((name, size)) = header(&mut stream, wide, flags) else {
            contents.out.gap("its stream of files is damaged or cut off; build the application again");
            return Ok(());
        };
        if name.is_empty() {
            let read = stream.get_ref().get_ref().read;
            contents.explain(start..start + read);
            return Ok(());
        }
        if !one(&mut stream, &name, size, contents)? {
            return Ok(());
        }
    }
    contents.out.gap("it carries more files than any application; the rest was not looked at");
    Ok(())
}

/// Hands out one file of the stream. `false` where it ended too early, or a limit was reached.
fn one(
    stream: &mut impl BufRead,
    name: &str,
    size: u64,
    contents: &mut Contents<'_, '_>,
) -> Result<bool, LimitReached> {
    let mut file = stream.take(size);
    let complete = contents.unpacked(name, &mut file, size, None, Hint::Name)?;
    let missing = file.limit();
    if complete && missing > 0 {
        contents.out.member_gap(name, "the stream of files ends inside of it; build the application again");
    }
    Ok(complete && missing == 0)
}

/// A reader that knows how much of its input was read.
struct Counted<'c> {
    inner: &'c [u8],
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, output: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(output)?;
        self.read += count;
        Ok(count)
    }
}

/// Where files begin that are stored as they are. Three letters prove nothing: every file has to have a name and a place,
/// and the list has to end.
fn plain_stream(content: &[u8], wide: bool) -> Option<(u64, bool)> {
    memchr::memmem::find_iter(content, PLAIN).take(TRIED).find_map(|at| {
        [true, false].into_iter().find_map(|flags| {
            let mut walk = Walk { content, at: (at + PLAIN.len()) as u64, wide, flags };
            let mut files = 0;
            while files < MOST_PLAIN && walk.next_file().is_some() {
                files += 1;
            }
            (files > 0 && walk.at == u64::MAX).then_some((at as u64, flags))
        })
    })
}

/// Goes through files that are stored as they are.
struct Walk<'w> {
    content: &'w [u8],
    /// Where the next file begins; [`u64::MAX`] once the list has ended as it should.
    at: u64,
    wide: bool,
    flags: bool,
}

impl Walk<'_> {
    fn next_file(&mut self) -> Option<(String, u64, u64)> {
        let mut rest = Cursor::at(self.content, self.at).rest();
        let before = rest.len();
        let (name, size) = header(&mut rest, self.wide, self.flags)?;
        if name.is_empty() {
            self.at = u64::MAX;
            return None;
        }
        let offset = self.at + (before - rest.len()) as u64;
        let end = offset.checked_add(size).filter(|end| *end <= self.content.len() as u64)?;
        self.at = end;
        is_name(&name).then_some((name, offset, size))
    }
}
