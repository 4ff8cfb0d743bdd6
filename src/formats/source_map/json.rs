//! A JSON scanner for text that may be cut off or damaged (RFC 8259, read leniently).
//!
//! It finds where values lie without building them, so that a map of any size costs no more memory than itself, and
//! everything before a damaged place can still be used. It checks no more of the grammar than it needs to find the way.

use std::borrow::Cow;
use std::ops::Range;

use crate::bytes::ReadError;

/// Walks JSON text.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// A value, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw {
    /// What it starts as.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// One past the last byte; the end of the text where the value is cut off.
    pub end: usize,
}

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// `null`
    Null,
    /// A number, `true`, `false`, or something that only looks like one.
    Other,
}

impl Raw {
    /// The bytes of the value.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'a> Scanner<'a> {
    /// A scanner at `at`.
    #[must_use]
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Scanner { text, at: at.min(text.len()) }
    }

    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    fn error(&self, reason: &str) -> ReadError {
        ReadError::new(self.at as u64, reason)
    }

    /// The next byte that is not white space, without moving past it.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Moves past `byte`, if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Moves past one value and says where it lies.
    ///
    /// # Errors
    /// The place where the text ends too early or is no JSON, and as much of the value as there is.
    pub fn value(&mut self) -> Result<Raw, (Raw, ReadError)> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'n') => Kind::Null,
            _ => Kind::Other,
        };
        let moved = match kind {
            Kind::String => self.string().map(|_| ()),
            Kind::Object | Kind::Array => self.nested(),
            Kind::Null | Kind::Other => self.word(),
        };
        let raw = Raw { kind, start, end: self.at.min(self.text.len()) };
        moved.map(|()| raw).map_err(|error| (raw, error))
    }

    /// Moves past a string and answers the bytes between its quotes, still escaped. One that is cut off is answered as
    /// an error; its bytes then reach to the end of the text.
    ///
    /// # Errors
    /// When no string starts here, or it does not end.
    pub fn string(&mut self) -> Result<&'a [u8], ReadError> {
        if !self.eat(b'"') {
            return Err(self.error("a string is expected"));
        }
        let start = self.at;
        let mut from = start;
        // Quotes are rarer than backslashes in embedded sources: look for quotes, then count the backslashes before.
        while let Some(found) = memchr::memchr(b'"', &self.text[from..]) {
            let quote = from + found;
            let slashes = self.text[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
            if slashes % 2 == 0 {
                self.at = quote + 1;
                return Ok(&self.text[start..quote]);
            }
            from = quote + 1;
        }
        let error = self.error("a string does not end");
        self.at = self.text.len();
        Err(error)
    }

    fn nested(&mut self) -> Result<(), ReadError> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(_) => {}
                None => return Err(self.error("an object or list does not end")),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> Result<(), ReadError> {
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = self.text[self.at..].iter().take_while(|byte| belongs(byte)).count();
        if length == 0 {
            return Err(self.error("a value is expected"));
        }
        self.at += length;
        Ok(())
    }

    /// Walks the entries of an object whose `{` is next, giving each key (still escaped) and value to `entry`.
    ///
    /// # Errors
    /// The first place that is no JSON; the entry that it lies in has been given to `entry` as far as it goes.
    pub fn object(&mut self, mut entry: impl FnMut(&'a [u8], Raw)) -> Result<(), ReadError> {
        self.entries(|key, scanner| match scanner.value() {
            Ok(value) => {
                entry(key, value);
                Ok(())
            }
            Err((part, error)) => {
                entry(key, part);
                Err(error)
            }
        })
    }

    /// Walks the entries of an object whose `{` is next. `entry` gets each key (still escaped), and reads the value that
    /// comes next.
    ///
    /// # Errors
    /// The first place that is no JSON, or what `entry` answers.
    pub fn entries(
        &mut self,
        mut entry: impl FnMut(&'a [u8], &mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        if !self.eat(b'{') {
            return Err(self.error("an object is expected"));
        }
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.peek();
            let key = self.string()?;
            if !self.eat(b':') {
                return Err(self.error("a `:` is expected"));
            }
            entry(key, self)?;
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.error("a `,` or `}` is expected"));
            }
        }
    }

    /// Walks the items of a list whose `[` is next. `item` may stop the walk by answering `false`.
    ///
    /// # Errors
    /// The first place that is no JSON; the item that it lies in has been given to `item` as far as it goes.
    pub fn array(&mut self, mut item: impl FnMut(Raw) -> bool) -> Result<(), ReadError> {
        if !self.eat(b'[') {
            return Err(self.error("a list is expected"));
        }
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            match self.value() {
                Ok(value) => {
                    if !item(value) {
                        return Ok(());
                    }
                }
                Err((part, error)) => {
                    if part.start < part.end {
                        item(part);
                    }
                    return Err(error);
                }
            }
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.error("a `,` or `]` is expected"));
            }
        }
    }
}

/// The bytes of a string value, unescaped. A string that is cut off is unescaped as far as it goes; escapes that mean
/// nothing are kept as they are; half a surrogate pair becomes U+FFFD.
#[must_use]
pub fn unescape(text: &[u8], value: Raw) -> Cow<'_, [u8]> {
    let raw = &text[value.range()];
    let raw = raw.strip_prefix(b"\"").unwrap_or(raw);
    // Only a string that ends has a closing quote; one that is cut off right after `\"` does not.
    let slashes = |end: usize| raw[..end].iter().rev().take_while(|byte| **byte == b'\\').count();
    let raw = match raw.strip_suffix(b"\"") {
        Some(inner) if slashes(inner.len()) % 2 == 0 => inner,
        _ => raw,
    };
    unescape_inner(raw)
}

/// The bytes between the quotes of a string, unescaped.
#[must_use]
pub fn unescape_inner(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut slash) = memchr::memchr(b'\\', raw) else { return Cow::Borrowed(raw) };
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        out.extend_from_slice(&rest[..slash]);
        rest = &rest[slash..];
        let taken = unescape_one(rest, &mut out);
        rest = &rest[taken..];
        match memchr::memchr(b'\\', rest) {
            Some(next) => slash = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Unescapes the sequence at the start of `rest` and answers its length.
fn unescape_one(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match rest.get(1) {
        Some(b'n') => b'\n',
        Some(b'"') => b'"',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'\\') => b'\\',
        Some(b'/') => b'/',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => return unescape_unicode(rest, out),
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(plain);
    2
}

fn unescape_unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(unit) = hex4(rest) else {
        out.push(b'\\');
        return 1;
    };
    let (code, taken) = match unit {
        0xd800..=0xdbff => match hex4(&rest[6..]) {
            Some(low @ 0xdc00..=0xdfff) => (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12),
            _ => (unit, 6),
        },
        _ => (unit, 6),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    taken
}

fn hex4(sequence: &[u8]) -> Option<u32> {
    let digits = sequence.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + (*digit as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Raw {
        Scanner::new(text, 0).value().expect("a value")
    }

    #[test]
    fn strings_are_unescaped_as_the_standard_says() {
        let shown = |text: &str| String::from_utf8(unescape(text.as_bytes(), whole(text.as_bytes())).into_owned());
        assert_eq!(shown(r#""a\n\"b\"\\\/""#).unwrap(), "a\n\"b\"\\/");
        assert_eq!(shown(r#""\u0041\ud83d\ude00\ud83d""#).unwrap(), "A😀\u{fffd}");
        assert_eq!(shown(r#""bad \q and \u12""#).unwrap(), r"bad \q and \u12");
        assert_eq!(shown(r#""ends in a backslash \\""#).unwrap(), r"ends in a backslash \");
    }

    #[test]
    fn a_value_that_is_cut_off_is_given_as_far_as_it_goes() {
        let text = br#"["whole", "cut \"off"#;
        let mut items = Vec::new();
        let error = Scanner::new(text, 0).array(|raw| {
            items.push(String::from_utf8(unescape(text, raw).into_owned()).unwrap());
            true
        });
        assert_eq!(items, ["whole", "cut \"off"]);
        assert_eq!(error.unwrap_err().reason, "a string does not end");
    }

    #[test]
    fn any_nesting_is_passed_over_without_recursion() {
        let deep = "[".repeat(1_000_000);
        assert!(Scanner::new(deep.as_bytes(), 0).value().is_err());
        let text = b"{\"a\": [1, {\"b\": \"]}\"}], \"c\": null}";
        let mut keys = Vec::new();
        Scanner::new(text, 0).object(|key, raw| keys.push((key, raw.kind))).unwrap();
        assert_eq!(keys, [(&b"a"[..], Kind::Array), (b"c", Kind::Null)]);
    }
}
