//! Scripts that carry an archive and unpack it: those of makeself, and others whose archive follows their last line.

use super::contents::{Contents, Hint};
use super::payload;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Self-extracting scripts.
#[derive(Debug, Clone, Copy)]
pub struct SelfExtracting;

const MAKESELF: &[u8] = b"# This script was generated using Makeself";
/// How long a script may be before its archive.
const MOST_SCRIPT: usize = 1 << 20;
const MOST_FILES: usize = 1_000;
/// What compressed streams and archives begin with that may follow a line.
const MARKS: [&[u8]; 6] =
    [b"\n\x1f\x8b\x08", b"\n\x28\xb5\x2f\xfd", b"\n\xfd7zXZ\0", b"\nBZh", b"\n7z\xbc\xaf\x27\x1c", b"\nPK\x03\x04"];

impl Format for SelfExtracting {
    fn name(&self) -> &'static str {
        "self-extracting-script"
    }

    fn summary(&self) -> &'static str {
        "shell scripts with an archive behind them (makeself, caxa, installers): the archive"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(b"#!") && (is_makeself(probe.head()) || archive(probe.all()).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut contents = Contents::new(&artifact.bytes, out);
        let bytes = &artifact.bytes[..];
        let length = bytes.len() as u64;
        let read = if is_makeself(bytes) {
            contents.kind = Some("makeself");
            makeself(bytes, &mut contents)
        } else {
            contents.kind = Some("self-extracting");
            let start = archive(bytes).ok_or(FormatError::NotThis)? as u64;
            contents.stored("payload", start, length - start, Hint::Name).map_err(FormatError::from)
        };
        contents.carrier = Some("end of file".to_owned());
        contents.state();
        read.map(|()| Coverage::Part)
    }
}

fn is_makeself(bytes: &[u8]) -> bool {
    memchr::memmem::find(&bytes[..bytes.len().min(Probe::HEAD)], MAKESELF).is_some()
}

/// The value of a variable that the script sets at the start of a line.
fn variable<'s>(script: &'s str, name: &str) -> Option<&'s str> {
    let line = script.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("=\""))?;
    line.split('"').next()
}

/// The header has as many lines as it says, and then come archives of the sizes that it says.
fn makeself(bytes: &[u8], contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let script = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_SCRIPT)]);
    let lines = variable(&script, "skip").and_then(|lines| lines.parse::<usize>().ok());
    let sizes = variable(&script, "filesizes");
    let start = lines.filter(|lines| *lines > 0).and_then(|lines| memchr::memchr_iter(b'\n', bytes).nth(lines - 1));
    let (Some(sizes), Some(start)) = (sizes, start) else {
        return Err(FormatError::broken(bytes.len() as u64, "where the archive of makeself begins is not told"));
    };
    let mut at = start as u64 + 1;
    for (index, size) in sizes.split_whitespace().take(MOST_FILES).enumerate() {
        let size = size.parse::<u64>().unwrap_or(bytes.len() as u64 - at.min(bytes.len() as u64));
        let name = if index == 0 { "payload".to_owned() } else { format!("payload-{}", index + 1) };
        contents.stored(&name, at, size, Hint::Name)?;
        at = at.saturating_add(size);
    }
    Ok(())
}

/// Where the archive behind a script begins. What stands before it has to be text,for a
/// mark in the middle of a binary says nothing.
fn archive(bytes: &[u8]) -> Option<usize> {
    let head = &bytes[..bytes.len().min(MOST_SCRIPT)];
    let starts = MARKS.iter().filter_map(|mark| memchr::memmem::find(head, mark)).map(|at| at + 1);
    let start = starts.min()?;
    let script = &bytes[..start];
    let is_text = crate::bytes::text::looks_like_text(script);
    (is_text && payload::begins(&bytes[start..]) && !is_zipapp(script)).then_some(start)
}

/// A single line before a zip archive is what Python, and the reader of zip archives, know.
fn is_zipapp(script: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', script).nth(1).is_none()
}
