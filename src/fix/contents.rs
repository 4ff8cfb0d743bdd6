//! Taking `sourcesContent` out of a map: exactly that key and its value, wherever it stands, and nothing else.

use std::ops::Range;

use super::edit::Edit;
use crate::bytes::ReadError;
use crate::formats::Origin;
use crate::formats::source_map::json::{Kind, Raw, Scanner, unescape};
use crate::formats::source_map::origin;
use crate::formats::source_map::read::{Map, start};

/// How deep sections are followed: as deep as they are read.
const DEPTH: usize = 8;

/// What is taken out of a map.
#[derive(Debug, Default)]
pub struct Dropped {
    /// The edits, in order.
    pub edits: Vec<Edit>,
    /// How many texts go.
    pub sources: u64,
    /// How many bytes go.
    pub bytes: u64,
}

/// What has to go from the map in `text` so that it embeds no source. `None` where it is no map.
///
/// # Errors
/// Where the map is damaged: what stands behind that place is not known.
pub fn drop_contents(text: &[u8]) -> Option<Result<Dropped, ReadError>> {
    let map = Map::read(text);
    if !map.is_map() {
        return None;
    }
    let mut dropped = Dropped::default();
    let walked = match map.damage {
        Some(damage) => Err(damage),
        None => dropped.map(text, start(text), DEPTH),
    };
    Some(walked.map(|()| {
        super::edit::in_order(&mut dropped.edits);
        dropped
    }))
}

/// Whether the map in `text` embeds a source that is not evidently somebody else's.
pub fn embeds_own(text: &[u8]) -> bool {
    fn any(text: &[u8], map: &Map) -> bool {
        let mut own = false;
        let walked = map.each_source(text, |_, name, content| {
            own |= content.is_some() && name.is_none_or(|name| origin(&name) == Origin::FirstParty);
        });
        own || walked.is_err() || map.sections.iter().any(|section| any(text, section))
    }
    any(text, &Map::read(text))
}

/// An entry of an object.
struct Entry {
    /// From the quote of its key to the end of its value.
    range: Range<usize>,
    key: Vec<u8>,
    value: Raw,
}

fn entries(text: &[u8], at: usize) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    Scanner::new(text, at).object(|key, value| {
        // The key is a slice of the text; its quote stands right before it.
        let start = (key.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).saturating_sub(1);
        let quoted = Raw { kind: Kind::String, start, end: start.saturating_add(key.len()).saturating_add(2) };
        let key = unescape(text, quoted).into_owned();
        entries.push(Entry { range: start..value.end, key, value });
    })?;
    Ok(entries)
}

impl Dropped {
    fn map(&mut self, text: &[u8], at: usize, depth: usize) -> Result<(), ReadError> {
        let entries = entries(text, at)?;
        let goes = |entry: &Entry| entry.key == b"sourcesContent";
        let mut kept_end = None;
        let mut at = 0;
        while at < entries.len() {
            let run = entries[at..].iter().take_while(|entry| goes(entry)).count();
            if run == 0 {
                kept_end = Some(entries[at].range.end);
                at += 1;
                continue;
            }
            let (first, last, next) = (&entries[at], &entries[at + run - 1], entries.get(at + run));
            // With the comma before it, or behind it where nothing stands before.
            let range = match (kept_end, next) {
                (Some(end), _) => end..last.range.end,
                (None, Some(next)) => first.range.start..next.range.start,
                (None, None) => first.range.start..last.range.end,
            };
            self.bytes += range.len() as u64;
            self.edits.push(Edit::remove(range));
            at += run;
        }
        for entry in &entries {
            match entry.key.as_slice() {
                b"sourcesContent" => self.count(text, entry.value)?,
                b"sections" if entry.value.kind == Kind::Array => self.sections(text, entry.value, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn count(&mut self, text: &[u8], list: Raw) -> Result<(), ReadError> {
        if list.kind != Kind::Array {
            return Ok(());
        }
        Scanner::new(&text[..list.end], list.start).array(|item| {
            self.sources += u64::from(item.kind == Kind::String && item.end - item.start > 2);
            true
        })
    }

    fn sections(&mut self, text: &[u8], list: Raw, depth: usize) -> Result<(), ReadError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(ReadError::new(list.start as u64, "its sections nest too deep"));
        };
        let mut items = Vec::new();
        Scanner::new(&text[..list.end], list.start).array(|item| {
            items.push(item);
            true
        })?;
        for item in items.iter().filter(|item| item.kind == Kind::Object) {
            for entry in entries(text, item.start)? {
                if entry.key == b"map" && entry.value.kind == Kind::Object {
                    self.map(text, entry.value.start, depth)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "contents_tests.rs"]
mod tests;
