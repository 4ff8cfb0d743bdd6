//! Text: recognising it, decoding UTF-16, counting lines, and telling whether two texts are the same.

use std::borrow::Cow;

use xxhash_rust::xxh3::Xxh3;

/// Whether these first bytes of an artifact look like text in an ASCII-compatible encoding: no NUL, and hardly any
/// control characters. Text may start with a UTF-8 byte order mark. UTF-16 is not text in this sense.
#[must_use]
pub fn looks_like_text(head: &[u8]) -> bool {
    // Every artifact is asked. Sums of bytes are what a compiler turns into instructions for many bytes at a time.
    let control =
        |byte: &u8| u8::from((*byte <= 8) | (14..=26).contains(byte) | (28..=31).contains(byte) | (*byte == 127));
    let controls: usize = head.chunks(128).map(|part| usize::from(part.iter().map(control).sum::<u8>())).sum();
    memchr::memchr(0, head).is_none() && controls * 50 <= head.len()
}

/// How many code units without a byte order mark have to be ASCII for it to be UTF-16.
const UNMARKED: usize = 16;

/// Decodes UTF-16 that says so with a byte order mark, or whose first characters are all ASCII (RFC 4627, section 3,
/// tells it so for JSON). `None` where there is neither.
#[must_use]
pub fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let unmarked = |zero: usize| {
        let mut units = bytes.chunks_exact(2).take(UNMARKED);
        let ascii = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        units.len() == UNMARKED && units.all(|unit| unit[zero] == 0 && ascii(unit[1 - zero]))
    };
    let encoding = match bytes {
        // A UTF-32LE mark starts with the UTF-16LE one.
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE,
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE,
        [_, 0, ..] if unmarked(1) => encoding_rs::UTF_16LE,
        [0, _, ..] if unmarked(0) => encoding_rs::UTF_16BE,
        _ => return None,
    };
    Some(encoding.decode_with_bom_removal(bytes).0.into_owned())
}

/// How many lines a text has: its line feeds, and one more for a last line without one. An empty text has none.
#[must_use]
pub fn count_lines(text: &[u8]) -> u64 {
    let ended = memchr::memchr_iter(b'\n', text).count() as u64;
    ended + u64::from(text.last().is_some_and(|last| *last != b'\n'))
}

/// Identifies a text however it travels: equal for two texts that differ only in line ends, in a byte order mark or in
/// white space at their very end. 128 bits of XXH3, which is quick and not meant to withstand forgery: a publisher who
/// forges collisions with his own sources leaks nothing to anybody but himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextId(u128);

impl TextId {
    /// The identity of `text`.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_end();
        let mut hash = Xxh3::new();
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\r', rest) {
            hash.update(&rest[..at]);
            hash.update(b"\n");
            rest = &rest[at + 1..];
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        hash.update(rest);
        TextId(hash.digest128())
    }

    /// The identity as a number.
    #[must_use]
    pub fn number(self) -> u128 {
        self.0
    }
}

/// Finds lines and columns for offsets that are asked in rising order, reading the text once.
#[derive(Debug)]
pub struct LineCounter<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    line_start: usize,
}

impl<'a> LineCounter<'a> {
    /// A counter at the start of `text`.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Self {
        LineCounter { text, at: 0, line: 1, line_start: 0 }
    }

    /// Line and column (both from 1, the column in bytes) of `offset`. Offsets before the last one asked are answered
    /// by starting over.
    pub fn locate(&mut self, offset: usize) -> (u64, u64) {
        let offset = offset.min(self.text.len());
        if offset < self.at {
            *self = LineCounter::new(self.text);
        }
        for found in memchr::memchr_iter(b'\n', &self.text[self.at..offset]) {
            self.line += 1;
            self.line_start = self.at + found + 1;
        }
        self.at = offset;
        (self.line, (offset - self.line_start) as u64 + 1)
    }
}

/// How many UTF-16 code units a text has. Of malformed UTF-8 every byte that could begin a character counts as one.
#[must_use]
pub fn utf16_units(text: &[u8]) -> u64 {
    let starts = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let pairs = text.iter().filter(|byte| matches!(byte, 0xf0..=0xf4)).count();
    (starts + pairs) as u64
}

/// Where so many UTF-16 code units of `line` end, as an offset in bytes; the end of the line where it has fewer.
#[must_use]
pub fn after_utf16_units(line: &[u8], units: u64) -> usize {
    let mut left = units;
    for (at, byte) in line.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80) {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(if matches!(byte, 0xf0..=0xf4) { 2 } else { 1 });
    }
    line.len()
}

/// Finds lines and columns as source maps count them: both from 0, columns in UTF-16 code units, a byte order mark not
/// counted. Offsets asked in rising order cost one reading of the text.
#[derive(Debug)]
pub struct Utf16Counter<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    column: u64,
}

impl<'a> Utf16Counter<'a> {
    /// A counter at the start of `text`.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Utf16Counter { text, at, line: 0, column: 0 }
    }

    /// Line and column of `offset`.
    pub fn locate(&mut self, offset: usize) -> (u64, u64) {
        if offset < self.at {
            *self = Utf16Counter::new(self.text);
        }
        let offset = offset.clamp(self.at, self.text.len());
        let passed = &self.text[self.at..offset];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
                self.column = utf16_units(&passed[last + 1..]);
            }
            None => self.column += utf16_units(passed),
        }
        self.at = offset;
        (self.line, self.column)
    }
}

/// The text as UTF-8, with every malformed sequence replaced.
#[must_use]
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_whatever_its_line_ends() {
        let unix = TextId::of(b"a\nb\n\nc\n");
        assert_eq!(unix, TextId::of(b"\xef\xbb\xbfa\r\nb\r\n\r\nc\r\n"));
        assert_eq!(unix, TextId::of(b"a\rb\r\rc"));
        assert_ne!(unix, TextId::of(b"a\nb\nc\n"));
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        let mut lines = LineCounter::new(b"ab\ncd\n\nx");
        assert_eq!(lines.locate(0), (1, 1));
        assert_eq!(lines.locate(4), (2, 2));
        assert_eq!(lines.locate(7), (4, 1));
        assert_eq!(lines.locate(1), (1, 2));
        assert_eq!(count_lines(b""), 0);
        assert_eq!(count_lines(b"a"), 1);
        assert_eq!(count_lines(b"a\nb\n"), 2);
    }

    #[test]
    fn source_maps_count_code_units_and_no_byte_order_mark() {
        let text = "\u{feff}é😀x\r\nü=y".as_bytes();
        let at = |needle: &str| memchr::memmem::find(text, needle.as_bytes()).unwrap();
        let mut counter = Utf16Counter::new(text);
        assert_eq!(counter.locate(at("x")), (0, 3));
        assert_eq!(counter.locate(at("y")), (1, 2));
        assert_eq!(counter.locate(at("😀")), (0, 1), "going back starts over");
        assert_eq!(counter.locate(0), (0, 0));
        let line = "é😀x".as_bytes();
        assert_eq!([0, 1, 3, 4, 9].map(|units| after_utf16_units(line, units)), [0, 2, 6, 7, 7]);
        assert_eq!(utf16_units(b"a\xffb"), 3);
    }

    #[test]
    fn utf16_is_decoded_by_its_mark_or_its_ascii() {
        assert_eq!(decode_utf16(b"\xff\xfeh\0i\0").as_deref(), Some("hi"));
        assert_eq!(decode_utf16(b"\xfe\xff\0h\0i").as_deref(), Some("hi"));
        assert_eq!(decode_utf16(b"hi"), None);
        let unmarked: Vec<u8> = "{\"version\":3,\"sources\":[]}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode_utf16(&unmarked).as_deref(), Some("{\"version\":3,\"sources\":[]}"));
        assert_eq!(decode_utf16(&unmarked[..8]), None);
    }
}
