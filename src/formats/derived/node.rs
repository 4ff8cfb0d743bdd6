//! Walking JSON that may be cut off: a value, and what lies in it.
//!
//! Only places are kept, so that a file of any size costs no memory but its own. Every step into a value reads it once
//! more; readers here go a fixed number of steps deep.

use std::borrow::Cow;
use std::ops::Range;

use crate::bytes::{Bytes, ReadError};
use crate::formats::source_map::json::{self, Kind, Raw, Scanner};

/// A JSON value inside a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    text: &'a [u8],
    raw: Raw,
}

impl<'a> Node<'a> {
    /// The value that a text starts with, behind a byte order mark. Nothing of it has been read yet.
    pub(super) fn root(text: &'a [u8]) -> Self {
        let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Node::at(text, mark)
    }

    /// The value that stands at `at`, which reaches to the end of the text at most.
    pub(super) fn at(text: &'a [u8], at: usize) -> Self {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let start = at + text[at.min(text.len())..].iter().take_while(|byte| blank(byte)).count();
        let start = start.min(text.len());
        let kind = match text.get(start) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'n') => Kind::Null,
            _ => Kind::Other,
        };
        Node { text, raw: Raw { kind, start, end: text.len() } }
    }

    /// A value whose place is known.
    pub(super) fn of(text: &'a [u8], raw: Raw) -> Self {
        Node { text, raw }
    }

    pub(super) fn is_object(&self) -> bool {
        self.raw.kind == Kind::Object
    }

    pub(super) fn is_array(&self) -> bool {
        self.raw.kind == Kind::Array
    }

    pub(super) fn is_string(&self) -> bool {
        self.raw.kind == Kind::String
    }

    /// Where it lies.
    pub(super) fn range(&self) -> Range<u64> {
        self.raw.start as u64..self.raw.end as u64
    }

    /// The value as it is written.
    pub(super) fn raw(&self) -> &'a [u8] {
        &self.text[self.raw.range()]
    }

    /// Walks the entries of an object; of anything else there are none.
    pub(super) fn entries(&self, mut entry: impl FnMut(&'a [u8], Node<'a>)) -> Result<(), ReadError> {
        if !self.is_object() {
            return Ok(());
        }
        let text = self.text;
        Scanner::new(&text[..self.raw.end], self.raw.start).object(|key, raw| entry(key, Node { text, raw }))
    }

    /// Walks the items of a list; of anything else there are none. `item` may stop the walk by answering `false`.
    pub(super) fn items(&self, mut item: impl FnMut(Node<'a>) -> bool) -> Result<(), ReadError> {
        if !self.is_array() {
            return Ok(());
        }
        let text = self.text;
        Scanner::new(&text[..self.raw.end], self.raw.start).array(|raw| item(Node { text, raw }))
    }

    /// The text of a string, unescaped.
    pub(super) fn string(&self) -> String {
        String::from_utf8_lossy(&json::unescape(self.text, self.raw)).into_owned()
    }

    /// A whole number.
    pub(super) fn number(&self) -> Option<u64> {
        std::str::from_utf8(self.raw()).ok()?.trim().parse().ok()
    }

    /// The bytes of a string, unescaped, or of any other value as they stand. `whole` is what the text was taken from.
    pub(super) fn bytes(&self, whole: &Bytes) -> Bytes {
        if !self.is_string() {
            return whole.slice(self.raw.range());
        }
        match json::unescape(self.text, self.raw) {
            Cow::Borrowed(plain) => whole.slice_ref(plain),
            Cow::Owned(unescaped) => Bytes::from(unescaped),
        }
    }
}

/// The text of a key, unescaped.
pub(super) fn key(raw: &[u8]) -> String {
    String::from_utf8_lossy(&json::unescape_inner(raw)).into_owned()
}

/// The first place that could not be read.
#[derive(Debug, Default)]
pub(super) struct Damage(Option<ReadError>);

impl Damage {
    pub(super) fn note(&mut self, walked: Result<(), ReadError>) {
        if let (None, Err(error)) = (&self.0, walked) {
            self.0 = Some(error);
        }
    }

    pub(super) fn into_result(self) -> Result<(), ReadError> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Whether the head of a JSON text starts with an object or list that has one of these as its first key.
pub(super) fn first_key_is(head: &[u8], keys: &[&[u8]]) -> bool {
    first_key(head).is_some_and(|first| keys.contains(&first))
}

/// The first key of an object, or of the first object in a list.
pub(super) fn first_key(head: &[u8]) -> Option<&[u8]> {
    let mut scanner = Scanner::new(head, if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    scanner.eat(b'[');
    if !scanner.eat(b'{') {
        return None;
    }
    scanner.peek();
    scanner.string().ok()
}

/// Whether all of these stand in `text`.
pub(super) fn has_all(text: &[u8], needles: &[&[u8]]) -> bool {
    needles.iter().all(|needle| memchr::memmem::find(text, needle).is_some())
}
