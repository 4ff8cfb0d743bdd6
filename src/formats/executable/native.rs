//! Microsoft's PDB files (LLVM, "The PDB File Format"): modules, the names of source files, and the sources that were put
//! into the file. Streams are read where the directory says that they lie, in however many pieces.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::codeview;
use super::compiled::Compiled;
use super::msf::{Content, Msf};
use super::portable::text_of;
use super::portrait::Portrait;
use super::sources::Texts;
use super::toolchain::managed_origin;
use super::words::{c_string, part};
use crate::bytes::{Cursor, ReadError, text};
use crate::finding::{Artifact, Role};
use crate::formats::{FormatError, Inspection, Kept};

const INFO: usize = 1;
const MODULES: usize = 3;
const IDS: usize = 4;
const MOST_NAME: usize = 4 << 10;
const MOST_MODULES: usize = 1 << 18;
const MOST_STREAMS_NAMED: usize = 1 << 18;
/// The folder of streams with sources.
const FILES: &str = "/src/files/";
/// `{994B45C4-E6E9-11D2-903F-00C04FA302A1}`: Microsoft, as the vendor of a language. .NET puts it in front of every
/// document, with its text or without.
const VENDOR: &[u8] = b"\xc4\x45\x4b\x99\xe9\xe6\xd2\x11\x90\x3f\x00\xc0\x4f\xa3\x02\xa1";

/// Reads a PDB file: its modules and files are named, and the sources in it are handed out.
///
/// # Errors
/// Where its directory is damaged, or a limit forbids handing out more.
pub(super) fn read(artifact: &Artifact, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let msf = Msf::read(&artifact.bytes)?;
    let mut reader = Reader { msf, seen: Vec::new() };
    reader.seen.resize(reader.msf.len(), false);
    let modules = reader.modules(&mut portrait.compiled, out)?;
    for module in modules {
        if let Some(content) = reader.stream(module, out)? {
            codeview::symbols(content.bytes.get(4..).unwrap_or_default(), &mut portrait.compiled);
        }
    }
    if let Some(content) = reader.stream(IDS, out)? {
        let _ = ids(&content.bytes, &mut portrait.compiled);
    }
    reader.sources(portrait, out)?;
    // What lies in one piece is searched where it lies.
    for index in 0..reader.msf.len() {
        if !reader.seen[index] && !reader.msf.is_joined(index) {
            reader.stream(index, out)?;
        }
    }
    Ok(())
}

struct Reader<'a> {
    msf: Msf<'a>,
    seen: Vec<bool>,
}

impl Reader<'_> {
    /// The content of a stream. One that lies in pieces is handed out as well, because a search through the file sees no
    /// word that crosses from one piece to the next.
    fn stream(&mut self, index: usize, out: &mut Inspection<'_>) -> Result<Option<Content>, FormatError> {
        let Some(content) = self.take(index, out) else { return Ok(None) };
        if !content.is_joined() && content.complete {
            out.member(&format!("stream-{index}"), Role::Header, content.bytes.clone())?;
            content.places.iter().for_each(|place| out.explain(place.clone()));
        }
        Ok(Some(content))
    }

    fn take(&mut self, index: usize, out: &mut Inspection<'_>) -> Option<Content> {
        let seen = self.seen.get_mut(index)?;
        if std::mem::replace(seen, true) {
            return None;
        }
        let content = self.msf.stream(index);
        let name = || format!("stream-{index}");
        match &content {
            None => out.member_gap(&name(), "its streams share blocks, so this one was not read; build the file again"),
            Some(content) if !content.complete => {
                out.member_gap(&name(), "the file ends inside this stream; build or copy it again");
            }
            Some(_) => {}
        }
        content
    }

    /// Counts the modules and names their sources ("The PDB DBI Stream"). Answers the streams of the modules.
    fn modules(&mut self, compiled: &mut Compiled, out: &mut Inspection<'_>) -> Result<Vec<usize>, FormatError> {
        let Some(content) = self.stream(MODULES, out)? else { return Ok(Vec::new()) };
        let mut streams = Vec::new();
        // A file without this stream's content has no modules, and is whole all the same.
        let _ = read_modules(&content.bytes, compiled, &mut streams);
        Ok(streams)
    }

    fn sources(&mut self, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        let Some(content) = self.stream(INFO, out)? else { return Ok(()) };
        let mut named = BTreeMap::new();
        let _ = read_names(&content.bytes, &mut named);
        let strings = match named.get("/names") {
            Some(index) => self.stream(*index, out)?.map(|content| content.bytes),
            None => None,
        };
        let header = match named.get("/src/headerblock") {
            Some(index) => self.stream(*index, out)?.map(|content| content.bytes),
            None => None,
        };
        let mut injected = HashMap::new();
        if let (Some(header), Some(strings)) = (&header, &strings) {
            let _ = read_injected(header, strings, &mut injected);
        }
        let mut texts = Texts::default();
        let mut handed_out = Ok(());
        for (name, index) in &named {
            if name == "sourcelink" || name.starts_with("sourcelink$") {
                if let Some(content) = self.stream(*index, out)? {
                    portrait.compiled.add_source_link(&content.bytes);
                }
            } else if let Some(file) = name.strip_prefix(FILES) {
                let source = injected.get(&file.to_lowercase());
                handed_out = handed_out.and(self.source(file, source, *index, &mut texts, portrait, out));
            }
        }
        texts.state(out);
        handed_out
    }

    fn source(
        &mut self,
        file: &str,
        source: Option<&Injected>,
        index: usize,
        texts: &mut Texts,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let Some(content) = self.take(index, out) else { return Ok(()) };
        let name = source.map_or(file, |source| &*source.name);
        let (bytes, complete) = match document(&content.bytes) {
            Some(text) if text.is_empty() => {
                portrait.compiled.names.add(name);
                return Ok(());
            }
            Some(text) => match text_of(name, &text, out) {
                Some(text) => text,
                None => return Ok(()),
            },
            None if source.is_some_and(|source| source.packed != 0) => {
                out.member_gap(name, "this source is packed in a way that nobody documents; build the file again");
                portrait.embedded_source = true;
                return Ok(());
            }
            None => (content.bytes.clone(), true),
        };
        portrait.compiled.names.add(name);
        if complete && content.complete {
            content.places.iter().for_each(|place| out.explain(place.clone()));
        }
        // A debugger's view of data is no source of the program.
        if name.to_ascii_lowercase().ends_with(".natvis") {
            return Ok(out.member(name, Role::Header, bytes)?);
        }
        portrait.embedded_source = true;
        let kept = Kept::of(&bytes);
        if texts.is_new(name, kept) {
            out.member(name, Role::EmbeddedSource, bytes)?;
            texts.add(name, managed_origin(name), kept, out);
        }
        Ok(())
    }
}

/// The text in what .NET's writer puts into a stream for every document: language, vendor, kind and the kind of the
/// checksum, sizes of checksum and text, then both. Nothing for another stream.
fn document(bytes: &Bytes) -> Option<Bytes> {
    if bytes.get(16..32)? != VENDOR {
        return None;
    }
    let mut cursor = Cursor::at(bytes, 64);
    let (checksum, size) = (u64::from(cursor.u32_le().ok()?), u64::from(cursor.u32_le().ok()?));
    (72 + checksum + size == bytes.len() as u64).then(|| bytes.slice((72 + checksum) as usize..))
}

/// "The PDB DBI Stream": modules, and the files that each was compiled from.
fn read_modules(bytes: &[u8], compiled: &mut Compiled, streams: &mut Vec<usize>) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, 24);
    let mut size = || cursor.u32_le().map(u64::from);
    let (modules, contributions, map, files) = (size()?, size()?, size()?, size()?);
    let mut cursor = Cursor::new(&bytes[part(bytes, 64, modules).0]);
    while cursor.remaining() >= 64 && streams.len() < MOST_MODULES {
        cursor.skip(34)?;
        let stream = cursor.u16_le()?;
        cursor.skip(28)?;
        let name = c_string(cursor.rest(), 0, usize::MAX);
        cursor.skip(name.len() as u64 + 1)?;
        let object = c_string(cursor.rest(), 0, usize::MAX).len() as u64;
        cursor.skip(object + 1)?;
        // `* Linker *`, and imported functions, which have no code of their own.
        if stream != u16::MAX && !name.starts_with(b"* ") && !name.starts_with(b"Import:") {
            compiled.units += 1;
        }
        if stream != u16::MAX {
            streams.push(usize::from(stream));
        }
        cursor.skip(cursor.offset().wrapping_neg() % 4)?;
    }
    read_files(&bytes[part(bytes, 64 + modules + contributions + map, files).0], compiled)
}

/// "File Info Substream".
fn read_files(bytes: &[u8], compiled: &mut Compiled) -> Result<(), ReadError> {
    let mut cursor = Cursor::new(bytes);
    let modules = u64::from(cursor.u16_le()?);
    // The number of files does not fit into the 16 bits that follow; those of the modules add up to it.
    cursor.skip(2 + modules * 2)?;
    let counts = cursor.take_u64(modules * 2)?;
    let count: u64 = counts.chunks_exact(2).map(|count| u64::from(u16::from_le_bytes([count[0], count[1]]))).sum();
    let offsets = cursor.take_u64(count * 4)?;
    let names = cursor.rest();
    let mut cursor = Cursor::new(offsets);
    while let Ok(offset) = cursor.u32_le() {
        if compiled.names.is_new(&[(0, offset as usize)]) {
            compiled.names.add(&text::lossy(c_string(names, u64::from(offset), MOST_NAME)));
        }
    }
    Ok(())
}

/// "The PDB Info Stream": the streams that have names.
fn read_names(bytes: &[u8], named: &mut BTreeMap<String, usize>) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, 28);
    let size = cursor.u32_le()?;
    let names = cursor.take_u64(u64::from(size))?;
    let count = table(&mut cursor)?;
    for _ in 0..count.min(MOST_STREAMS_NAMED) {
        let (offset, stream) = (cursor.u32_le()?, cursor.u32_le()?);
        let name = text::lossy(c_string(names, u64::from(offset), MOST_NAME)).into_owned();
        named.insert(name, stream as usize);
    }
    Ok(())
}

/// Reads the head of a serialised hash table ("The PDB Serialized Hash Table Format"), up to its entries. Answers how
/// many there are.
fn table(cursor: &mut Cursor<'_>) -> Result<usize, ReadError> {
    let size = cursor.u32_le()?;
    cursor.skip(4)?; // capacity
    for _ in 0..2 {
        let words = cursor.u32_le()?; // which entries are used, which were deleted
        cursor.skip(u64::from(words) * 4)?;
    }
    Ok(size as usize)
}

/// A source that was put into the file.
struct Injected {
    name: String,
    packed: u8,
}

/// `/src/headerblock` (LLVM, `SrcHeaderBlockEntry`): the sources by the names of their streams.
fn read_injected(bytes: &[u8], strings: &[u8], injected: &mut HashMap<String, Injected>) -> Result<(), ReadError> {
    // `/names`: signature, version of the hash, size, then the texts.
    let strings = strings.get(12..).unwrap_or_default();
    let name = |offset: u32| text::lossy(c_string(strings, u64::from(offset), MOST_NAME)).into_owned();
    let mut cursor = Cursor::at(bytes, 64);
    let count = table(&mut cursor)?;
    for _ in 0..count.min(MOST_STREAMS_NAMED) {
        cursor.skip(20)?; // key, size, version, checksum, size of the file
        let file = cursor.u32_le()?;
        cursor.skip(4)?;
        let stream = cursor.u32_le()?;
        let packed = cursor.u8()?;
        cursor.skip(11)?;
        injected.insert(name(stream).to_lowercase(), Injected { name: name(file), packed });
    }
    Ok(())
}

/// "The PDB TPI and IPI Streams": identifiers, among them the options of compilers.
fn ids(bytes: &[u8], compiled: &mut Compiled) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, 4);
    let (header, first) = (cursor.u32_le()?, cursor.u32_le()?);
    let records = bytes.get(header as usize..).unwrap_or_default();
    codeview::ids(records, first, compiled);
    Ok(())
}
