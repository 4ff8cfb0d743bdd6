//! Python programs in a zip archive behind a `#!` line (PEP 441): zipapp, pex and shiv. The reader of zip archives hands out
//! their files; here it is said what they are.

use std::ops::Range;

use super::contents::Contents;
use super::reading::Language;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Python's applications in a zip archive.
#[derive(Debug, Clone, Copy)]
pub struct Zipapp;

const MOST_ENTRIES: u32 = 1_000_000;

impl Format for Zipapp {
    fn name(&self) -> &'static str {
        "zipapp"
    }

    fn summary(&self) -> &'static str {
        "Python programs in a zip archive behind a `#!` line (zipapp, pex, shiv): what they are; the files are the zip's"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let line = probe.starts_with(b"#!").then(|| memchr::memchr(b'\n', probe.head())).flatten();
        line.is_some_and(|end| probe.has_at(end + 1, b"PK\x03\x04"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let entries = entries(&artifact.bytes);
        let has = |name: &str| entries.iter().any(|entry| entry.name == name);
        if !has("__main__.py") && !has("__main__.pyc") {
            return Err(FormatError::NotThis);
        }
        let kind = match () {
            () if has("PEX-INFO") => "pex",
            () if has("_bootstrap/__init__.py") || has("environment.json") => "shiv",
            () => "zipapp",
        };
        let mut contents = Contents::new(&artifact.bytes, out);
        contents.kind = Some(kind);
        contents.entry = Some("__main__.py".to_owned());
        let names = entries.iter().map(|entry| entry.name.as_str()).filter(|name| !name.ends_with('/'));
        contents.listed(names.map(Language::of));
        contents.state();
        Ok(Coverage::Part)
    }
}

/// A file as the central directory lists it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// How it is compressed: 0 not at all, 8 with Deflate.
    pub(super) method: u16,
    packed: u64,
    /// How many bytes it has once it is unpacked, by its own account.
    pub(super) size: u64,
    /// Where its local header lies.
    header: u64,
}

impl Entry {
    /// Where its packed bytes lie (APPNOTE 6.3.10, 4.3.7).
    pub(super) fn content(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let mut cursor = Cursor::at(bytes, self.header);
        if cursor.take(4).ok()? != b"PK\x03\x04" {
            return None;
        }
        cursor.skip(22).ok()?;
        let (name, extra) = (u64::from(cursor.u16_le().ok()?), u64::from(cursor.u16_le().ok()?));
        cursor.skip(name + extra).ok()?;
        let start = cursor.offset();
        cursor.take_u64(self.packed).ok()?;
        Some(start as usize..cursor.offset() as usize)
    }
}

/// The files in the central directory (APPNOTE 6.3.10, 4.3.12). What is wrong with it, the reader of zip archives says.
pub(super) fn entries(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let tail = bytes.len().saturating_sub(Probe::TAIL);
    let Some(found) = memchr::memmem::rfind(&bytes[tail..], b"PK\x05\x06") else { return entries };
    let end = (tail + found) as u64;
    let mut cursor = Cursor::at(bytes, end + 12);
    let (Ok(size), Ok(offset)) = (cursor.u32_le(), cursor.u32_le()) else { return entries };
    let Some(start) = end.checked_sub(u64::from(size)) else { return entries };
    // What stands before the archive has moved it.
    let moved = start.saturating_sub(u64::from(offset));
    let mut cursor = Cursor::at(&bytes[..end as usize], start);
    for _ in 0..MOST_ENTRIES {
        match entry(&mut cursor, moved) {
            Ok(entry) => entries.push(entry),
            Err(_) => break,
        }
    }
    entries
}

fn entry(cursor: &mut Cursor<'_>, moved: u64) -> Result<Entry, ReadError> {
    if cursor.take(4)? != b"PK\x01\x02" {
        return Err(cursor.error("no entry"));
    }
    cursor.skip(6)?;
    let method = cursor.u16_le()?;
    cursor.skip(8)?;
    let (packed, size) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
    let (name, extra, comment) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
    cursor.skip(8)?;
    let header = moved + u64::from(cursor.u32_le()?);
    let name = String::from_utf8_lossy(cursor.take(usize::from(name))?).into_owned();
    cursor.skip(u64::from(extra) + u64::from(comment))?;
    Ok(Entry { name, method, packed, size, header })
}
