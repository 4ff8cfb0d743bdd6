//! NW.js: a program whose pages and scripts are a zip archive, `package.nw` beside the program or behind its end. The
//! reader of zip archives hands out the files; here it is said what they are, and how well they can be read.

use flate2::read::DeflateDecoder;

use super::contents::Contents;
use super::image::Image;
use super::zipapp::{Entry, entries};
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Packages of NW.js.
#[derive(Debug, Clone, Copy)]
pub struct NwPackage;

/// Longer scripts are not judged; they are looked at as members of the archive all the same.
const MOST: u64 = 8 << 20;
const MANIFEST: &str = "package.json";

impl Format for NwPackage {
    fn name(&self) -> &'static str {
        "nwjs-package"
    }

    fn summary(&self) -> &'static str {
        "packages of NW.js (.nw): how well their scripts can be read; the files are the zip's"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.has_extension("nw") && probe.starts_with(b"PK\x03\x04")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut contents = Contents::new(&artifact.bytes, out);
        if !judge(&artifact.bytes, &mut contents) {
            return Err(FormatError::NotThis);
        }
        contents.state();
        Ok(Coverage::Part)
    }
}

/// Recognises a package behind a program.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let found = judge(image.bytes, contents);
    if found {
        contents.carrier = Some("end of file".to_owned());
    }
    Ok(found)
}

/// Judges the scripts of the archive at the end of `bytes`, if its manifest is that of an application.
fn judge(bytes: &Bytes, contents: &mut Contents<'_, '_>) -> bool {
    let entries = entries(bytes);
    let Some(manifest) = entries.iter().find(|entry| entry.name == MANIFEST) else { return false };
    let Some(main) = read(bytes, manifest, contents).and_then(|manifest| main(&manifest)) else { return false };
    contents.kind = Some("nwjs");
    contents.entry = Some(main);
    for entry in entries.iter().filter(|entry| !entry.name.ends_with('/')) {
        let text = contents.is_script(&entry.name).then(|| read(bytes, entry, contents)).flatten();
        contents.judged(&entry.name, text.as_ref());
    }
    true
}

/// What the manifest says is opened first: a page or a script.
fn main(manifest: &[u8]) -> Option<String> {
    let manifest = super::contents::json(manifest).ok()?;
    let main = manifest.get("main")?.as_str()?;
    let file = main.split(['?', '#']).next().unwrap_or(main).to_ascii_lowercase();
    [".html", ".htm", ".js", ".mjs"].iter().any(|ending| file.ends_with(ending)).then(|| main.to_owned())
}

/// The content of a file of the archive. What cannot be unpacked, the reader of zip archives says.
fn read(bytes: &Bytes, entry: &Entry, contents: &mut Contents<'_, '_>) -> Option<Bytes> {
    let range = entry.content(bytes)?;
    if entry.size > MOST {
        return None;
    }
    match entry.method {
        0 => Some(bytes.slice(range)),
        8 => {
            let (content, stop) = contents.out.attempt(DeflateDecoder::new(&bytes[range]), entry.size);
            stop.is_none().then_some(content)
        }
        _ => None,
    }
}
