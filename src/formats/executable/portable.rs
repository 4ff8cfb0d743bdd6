//! Portable PDBs (dotnet/runtime, `PortablePdb-Metadata.md`): documents, their embedded text, and where to fetch them.

use bytes::Bytes;
use flate2::read::DeflateDecoder;

use super::compiled::Compiled;
use super::metadata::{Metadata, blob, packed};
use super::portrait::Portrait;
use super::sources::Texts;
use super::toolchain::managed_origin;
use super::words::{Shape, c_string};
use crate::bytes::{Cursor, ReadError, text};
use crate::finding::{Artifact, Role};
use crate::formats::{FormatError, Inspection, Kept};

const DOCUMENT: usize = 0x30;
const CUSTOM: usize = 0x37;
const METHOD: usize = 0x06;
/// `{0E8A571B-6926-466E-B4AD-8AB04611F5FE}`
const EMBEDDED_SOURCE: &[u8] = b"\x1b\x57\x8a\x0e\x26\x69\x6e\x46\xb4\xad\x8a\xb0\x46\x11\xf5\xfe";
/// `{CC110556-A091-4D38-9FEC-25AB9A351A6A}`
const SOURCE_LINK: &[u8] = b"\x56\x05\x11\xcc\x91\xa0\x38\x4d\x9f\xec\x25\xab\x9a\x35\x1a\x6a";
/// `{B5FEEC05-8CD0-4A83-96DA-466284BB4BD8}`
const OPTIONS: &[u8] = b"\x05\xec\xfe\xb5\xd0\x8c\x83\x4a\x96\xda\x46\x62\x84\xbb\x4b\xd8";
/// The tables whose rows additional information may belong to (`HasCustomDebugInformation`); its tag has 5 bits. Those
/// with the numbers of documents and scopes are in the file itself.
const PARENTS: [usize; 27] = [
    0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14, 0x11, 0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28,
    0x2a, 0x2c, 0x2b, 0x30, 0x32, 0x33, 0x34, 0x35,
];
const DOCUMENT_TAG: u32 = 22;
const MOST_NAME: usize = 4 << 10;

const SHORT: Shape = Shape { little: true, wide: false };

/// Reads a portable PDB: its documents are named, and those with text are handed out.
///
/// # Errors
/// Where it is damaged, after everything before that was handed out.
pub(super) fn read(artifact: &Artifact, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let metadata = Metadata::read(&artifact.bytes)?;
    let tables = Tables::read(&metadata)?;
    let mut reader = Reader {
        artifact,
        blobs: metadata.stream(b"#Blob"),
        start: metadata.place(b"#Blob").start,
        guids: metadata.stream(b"#GUID"),
        documents: Vec::new(),
        texts: Texts::default(),
        named: 0,
        left: artifact.bytes.len() as u64 * 2,
    };
    reader.documents(&tables, &mut portrait.compiled);
    let read = reader.additions(&tables, &mut portrait.compiled, out);
    portrait.embedded_source |= !reader.texts.is_empty() || read.is_err();
    reader.texts.state(out);
    read?;
    if metadata.end > artifact.bytes.len() as u64 {
        let reason = "the file ends before its streams; build or copy it again";
        return Err(FormatError::broken(artifact.bytes.len() as u64, reason));
    }
    Ok(())
}

/// The rows of the tables that are wanted.
struct Tables<'a> {
    documents: &'a [u8],
    additions: &'a [u8],
    /// Bytes of an index into the blobs and the GUIDs, and of the parent of an addition.
    blob: usize,
    guid: usize,
    parent: usize,
}

impl<'a> Tables<'a> {
    fn read(metadata: &Metadata<'a>) -> Result<Self, ReadError> {
        let bytes = metadata.stream(b"#~");
        let mut cursor = Cursor::new(bytes);
        cursor.skip(6)?;
        let heaps = cursor.u8()?;
        cursor.skip(1)?;
        let valid = cursor.u64_le()?;
        cursor.skip(8)?;
        if valid & !(0xff << DOCUMENT) != 0 {
            return Err(cursor.error("it has tables that no PDB has"));
        }
        let mut rows = [0u32; 64];
        let mut pdb = Cursor::at(metadata.stream(b"#Pdb"), 24);
        let elsewhere = pdb.u64_le()?;
        count(&mut pdb, elsewhere, &mut rows)?;
        count(&mut cursor, valid, &mut rows)?;
        let heap = |bit: u8| if heaps & 1 << bit != 0 { 4 } else { 2 };
        let (string, guid, blob) = (heap(0), heap(1), heap(2));
        let index = |table: usize| if rows[table] < 1 << 16 { 2 } else { 4 };
        let parent = if PARENTS.iter().all(|table| rows[*table] < 1 << 11) { 2 } else { 4 };
        let sizes = [
            blob + guid + blob + guid,
            index(DOCUMENT) + blob,
            index(METHOD) + index(0x35) + index(0x33) + index(0x34) + 8,
            4 + string,
            string + blob,
            index(0x35) + blob,
            index(METHOD) * 2,
            parent + guid + blob,
        ];
        let mut tables = Tables { documents: &[], additions: &[], blob, guid, parent };
        for (number, size) in (DOCUMENT..).zip(sizes) {
            let content = cursor.take_u64(u64::from(rows[number]) * size as u64)?;
            match number {
                DOCUMENT => tables.documents = content,
                CUSTOM => tables.additions = content,
                _ => {}
            }
        }
        Ok(tables)
    }
}

/// Reads the numbers of rows of the tables whose bits are set.
fn count(cursor: &mut Cursor<'_>, bits: u64, rows: &mut [u32; 64]) -> Result<(), ReadError> {
    for (table, rows) in rows.iter_mut().enumerate() {
        if bits & 1 << table != 0 {
            *rows = cursor.u32_le()?;
        }
    }
    Ok(())
}

/// An index of two or four bytes.
fn index(cursor: &mut Cursor<'_>, size: usize) -> Result<u32, ReadError> {
    if size == 2 { SHORT.u16(cursor).map(u32::from) } else { SHORT.u32(cursor) }
}

struct Reader<'a> {
    artifact: &'a Artifact,
    blobs: &'a [u8],
    /// Where the blobs start in the file.
    start: usize,
    guids: &'a [u8],
    documents: Vec<u32>,
    texts: Texts,
    named: u64,
    /// How many bytes of additions may still be read: a forged file could have all its rows share one.
    left: u64,
}

/// How much of names is read: every document could be made of the same long parts.
const MOST_NAMED: u64 = 64 << 20;

impl Reader<'_> {
    fn documents(&mut self, tables: &Tables<'_>, compiled: &mut Compiled) {
        let mut cursor = Cursor::new(tables.documents);
        while let Ok(name) = index(&mut cursor, tables.blob) {
            self.documents.push(name);
            let name = self.name(name);
            compiled.names.add(&name);
            if cursor.skip((tables.guid * 2 + tables.blob) as u64).is_err() {
                break;
            }
        }
    }

    /// The name of a document: a separator, and the parts that it stands between.
    fn name(&mut self, at: u32) -> String {
        let Some(range) = blob(self.blobs, u64::from(at)).filter(|_| self.named < MOST_NAMED) else {
            return String::new();
        };
        let bytes = &self.blobs[range];
        let separator = text::lossy(bytes).chars().next().unwrap_or('\0');
        let mut cursor = Cursor::at(bytes, separator.len_utf8() as u64);
        let mut name = String::new();
        let mut first = true;
        while let Ok(part) = packed(&mut cursor) {
            if !first && separator != '\0' {
                name.push(separator);
            }
            first = false;
            let part = blob(self.blobs, u64::from(part)).map(|range| &self.blobs[range]).unwrap_or_default();
            name.push_str(&text::lossy(&part[..part.len().min(MOST_NAME)]));
            if name.len() > MOST_NAME {
                break;
            }
        }
        self.named += name.len() as u64 + 32;
        name
    }

    fn additions(
        &mut self,
        tables: &Tables<'_>,
        compiled: &mut Compiled,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let mut cursor = Cursor::new(tables.additions);
        while cursor.remaining() > 0 {
            let parent = index(&mut cursor, tables.parent)?;
            let guid = index(&mut cursor, tables.guid)?;
            let at = index(&mut cursor, tables.blob)?;
            let guid =
                (guid as usize).checked_sub(1).and_then(|guid| self.guids.get(guid.checked_mul(16)?..)?.get(..16));
            let content = blob(self.blobs, u64::from(at));
            let size = content.as_ref().map_or(0, |range| range.len() as u64);
            let Some(left) = self.left.checked_sub(size) else {
                out.gap("its additions overlap, so not all were looked at; build the file again");
                return Ok(());
            };
            self.left = left;
            match (guid, content) {
                (Some(EMBEDDED_SOURCE), Some(range)) => self.embedded(parent, range, out)?,
                (Some(EMBEDDED_SOURCE), None) => out.gap("an embedded source is cut off; build the file again"),
                (Some(SOURCE_LINK), Some(range)) => {
                    compiled.add_source_link(&self.blobs[range]);
                }
                (Some(OPTIONS), Some(range)) => add_options(&self.blobs[range], compiled),
                _ => {}
            }
        }
        Ok(())
    }

    fn embedded(
        &mut self,
        parent: u32,
        range: std::ops::Range<usize>,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let row = (parent >> 5) as usize;
        let document =
            (parent & 31 == DOCUMENT_TAG).then(|| self.documents.get(row.checked_sub(1)?)).flatten().copied();
        let name = document.map(|document| self.name(document)).unwrap_or_default();
        let name = if name.is_empty() { format!("document-{row}") } else { name };
        let place = (self.start + range.start) as u64..(self.start + range.end) as u64;
        let stored = self.artifact.bytes.slice(place.start as usize..place.end as usize);
        if let Some((text, complete)) = text_of(&name, &stored, out) {
            self.texts.take(&name, managed_origin(&name), text, out)?;
            if complete {
                out.explain(place);
            }
        }
        Ok(())
    }
}

/// The text of an embedded source: its size where it is packed by deflate, 0 otherwise, and then the text. And whether
/// that is all of it.
pub(super) fn text_of(name: &str, stored: &Bytes, out: &mut Inspection<'_>) -> Option<(Bytes, bool)> {
    let size = stored.get(..4).map(|size| i32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    match size {
        Some(0) => Some((stored.slice(4..), true)),
        Some(size) if size > 0 => {
            Some(out.inflate(name, DeflateDecoder::new(&stored[4..]), u64::from(size.unsigned_abs())))
        }
        _ => {
            out.member_gap(name, "this embedded source is stored in an unknown form; build the file again");
            None
        }
    }
}

/// Pairs of names and values, each ended by a NUL.
fn add_options(bytes: &[u8], compiled: &mut Compiled) {
    let mut at = 0;
    let (mut language, mut version) = (&[][..], &[][..]);
    while at < bytes.len() {
        let name = c_string(bytes, at as u64, MOST_NAME);
        let value = c_string(bytes, (at + name.len() + 1) as u64, MOST_NAME);
        match name {
            b"language" => language = value,
            b"compiler-version" => version = value,
            _ => {}
        }
        at += name.len() + value.len() + 2;
    }
    compiled.add_named_compiler(&[language, version].join(&b' '));
}

impl Texts {
    /// Hands out a text, unless the same was handed out under this name.
    fn take(
        &mut self,
        name: &str,
        origin: crate::formats::Origin,
        text: Bytes,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let kept = Kept::of(&text);
        if self.is_new(name, kept) {
            out.member(name, Role::EmbeddedSource, text)?;
            self.add(name, origin, kept, out);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{Pdb, forge};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    /// A portable PDB by its document: two files, one with its text packed and one with its text as it is, and a link.
    fn forged(texts: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut blobs = vec![0];
        let mut add = |content: &[u8]| {
            let at = blobs.len() as u16;
            blobs.extend([0x80 | (content.len() >> 8) as u8, content.len() as u8]);
            blobs.extend(content);
            at.to_le_bytes()
        };
        let (mut documents, mut additions) = (Vec::new(), Vec::new());
        for (row, (name, text)) in (1u16..).zip(texts) {
            let parts: Vec<u8> = name
                .split('/')
                .flat_map(|part| {
                    let at = u16::from_le_bytes(add(part.as_bytes()));
                    [0x80 | (at >> 8) as u8, at as u8]
                })
                .collect();
            documents.extend([&add(&[&b"/"[..], &parts].concat())[..], &[0; 6]].concat());
            additions.extend([&(row << 5 | 22).to_le_bytes()[..], &[1, 0], &add(text)].concat());
        }
        let link = br#"{"documents":{"/_/*":"https://git.harbour.internal/tide/*"}}"#;
        additions.extend([&[1 << 5 | 7, 0][..], &[2, 0], &add(link)].concat());
        additions.extend([&[1 << 5 | 7, 0][..], &[3, 0], &add(b"language\0C#\0compiler-version\x004.9.0\0")].concat());
        let mut tables =
            [&[0; 4][..], &[2, 0, 0, 1], &(1u64 << DOCUMENT | 1 << CUSTOM).to_le_bytes(), &[0; 8]].concat();
        tables.extend((texts.len() as u32).to_le_bytes());
        tables.extend((texts.len() as u32 + 2).to_le_bytes());
        tables.extend([documents, additions].concat());
        let guids = [EMBEDDED_SOURCE, SOURCE_LINK, OPTIONS].concat();
        forge::metadata("PDB v1.0", &[("#Pdb", vec![0; 32]), ("#~", tables), ("#GUID", guids), ("#Blob", blobs)])
    }

    fn plain(text: &[u8]) -> Vec<u8> {
        [&[0; 4][..], text].concat()
    }

    fn packed_text(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(
            (text.len() as u32).to_le_bytes().to_vec(),
            flate2::Compression::default(),
        );
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn fact(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn embedded_texts_are_handed_out_and_links_are_told() {
        let long = b"class Berth { /* nine, east */ }\n".repeat(20);
        let file = forged(&[
            ("/_/src/Berth.cs", packed_text(&long)),
            ("/_/src/Tide.cs", plain(b"class Tide {}\n")),
            ("/_/src/obj/Release/net8.0/Tide.AssemblyInfo.cs", plain(b"[assembly: Tide]\n")),
        ]);
        let looked = inspect(&Pdb, "a.pdb", &file);
        assert!(looked.result.is_ok() && looked.stated.gaps.is_empty(), "{:?} {:?}", looked.result, looked.stated.gaps);
        let members: Vec<_> = looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect();
        assert_eq!(members[..2], [("/_/src/Berth.cs", &long[..]), ("/_/src/Tide.cs", &b"class Tide {}\n"[..])]);
        let generated =
            looked.stated.sources.iter().filter(|source| source.origin == crate::formats::Origin::Generated);
        assert_eq!((looked.stated.sources.len(), generated.count()), (3, 1));
        assert_eq!(fact(&looked, "debug.source_links"), "https://git.harbour.internal/tide/*");
        assert_eq!(looked.stated.facts.int("debug.source_links_internal"), 1);
        assert_eq!(fact(&looked, "debug.compilers"), "C# 4.9.0");
        assert_eq!((looked.stated.facts.int("debug.files"), looked.stated.facts.int("debug.embedded")), (3, 3));
    }

    #[test]
    fn damage_anywhere_is_survived_and_cuts_are_noticed() {
        let file = forged(&[("/a/b.cs", packed_text(&b"class B {}\n".repeat(9))), ("c.cs", plain(b"class C {}"))]);
        for end in 24..file.len() {
            let looked = inspect(&Pdb, "a.pdb", &file[..end]);
            assert!(!looked.sniffed || looked.result.is_err(), "cut off at {end}");
        }
        for at in 24..file.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = file.clone();
                damaged[at] = value;
                let _ = inspect(&Pdb, "a.pdb", &damaged);
            }
        }
    }

    #[test]
    fn numbers_of_every_length_are_read() {
        let number = |bytes: &[u8]| packed(&mut Cursor::new(bytes)).ok();
        assert_eq!(number(&[0x03]), Some(3));
        assert_eq!(number(&[0x80, 0x80]), Some(0x80));
        assert_eq!(number(&[0xc0, 0, 0x40, 0]), Some(0x4000));
        assert_eq!((number(&[0x80]), number(&[])), (None, None));
    }
}
