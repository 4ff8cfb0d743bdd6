//! Python programs in a zip archive behind a `#!` line (PEP 441): zipapp, pex and shiv. The reader of zip archives hands out
//! their files; here it is said what they are.

use super::contents::Contents;
use super::reading::Language;
use crate::bytes::{Cursor, Probe};
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
        let names = names(&artifact.bytes);
        let has = |name: &str| names.iter().any(|other| other == name);
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
        contents.listed(names.iter().filter(|name| !name.ends_with('/')).map(|name| Language::of(name)));
        contents.state();
        Ok(Coverage::Part)
    }
}

/// The names in the central directory (APPNOTE 6.3.10, 4.3.12). What is wrong with it, the reader of zip archives says.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let tail = bytes.len().saturating_sub(Probe::TAIL);
    let Some(found) = memchr::memmem::rfind(&bytes[tail..], b"PK\x05\x06") else { return names };
    let end = (tail + found) as u64;
    let Ok(size) = Cursor::at(bytes, end + 12).u32_le() else { return names };
    let Some(start) = end.checked_sub(u64::from(size)) else { return names };
    let mut cursor = Cursor::at(&bytes[..end as usize], start);
    let mut entry = || {
        if cursor.take(4)? != b"PK\x01\x02" {
            return Err(cursor.error("no entry"));
        }
        cursor.skip(24)?;
        let (name, extra, comment) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
        cursor.skip(12)?;
        let name = String::from_utf8_lossy(cursor.take(usize::from(name))?).into_owned();
        cursor.skip(u64::from(extra) + u64::from(comment))?;
        Ok(name)
    };
    for _ in 0..MOST_ENTRIES {
        match entry() {
            Ok(name) => names.push(name),
            Err(_) => break,
        }
    }
    names
}
