//! COFF object files of Windows (Microsoft, "PE Format": COFF file header, section table, string table; `/bigobj`:
//! `ANON_OBJECT_HEADER_BIGOBJ`), which libraries are made of.
//!
//! They start with no mark but the number of a processor. So the header, the table of sections and the table of symbols
//! have to fit each other and the file.

use super::FACTS;
use super::codeview;
use super::debug::{Sections, Storage, Stored, is_debug_name};
use super::pe::architecture;
use super::portrait::{Portrait, capped};
use super::words::{Shape, c_string, part};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

const SHAPE: Shape = Shape { little: true, wide: true };
/// x86, x86-64, ARM, ARM64, ARM64EC, ARM64X.
const PROCESSORS: [u16; 6] = [0x014c, 0x8664, 0x01c4, 0xaa64, 0xa641, 0xa64e];
/// `{D1BAA1C7-BAEE-4BA9-AF20-FAF66AA4DCB8}`, behind two marks and a version.
const BIG: &[u8] = b"\xc7\xa1\xba\xd1\xee\xba\xa9\x4b\xaf\x20\xfa\xf6\x6a\xa4\xdc\xb8";
/// The signature in front of CodeView records in object files.
const CODEVIEW: &[u8] = b"\x04\0\0\0";
/// The first number that names a record; smaller ones are built in.
const FIRST_ID: u32 = 0x1000;
const SECTION: u64 = 40;
const MOST_NAME: usize = 128;
const MOST_SECTIONS: u32 = 1 << 20;

/// COFF object files.
#[derive(Debug, Clone, Copy)]
pub struct Coff;

impl Format for Coff {
    fn name(&self) -> &'static str {
        "coff"
    }

    fn summary(&self) -> &'static str {
        "Windows object files (COFF, large ones too): debug sections, the compiler and its options, source files"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        Header::read(probe.all()).is_some_and(|header| header.fits(probe.all()))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let Some(header) = Header::read(&artifact.bytes) else { return Err(FormatError::NotThis) };
        let mut portrait = Portrait::of("coff", &artifact.bytes);
        portrait.kind = "object";
        portrait.architecture = architecture(header.processor);
        let read = read(artifact, &header, &mut portrait, out);
        portrait.state(out);
        read.map(|()| Coverage::Part)
    }
}

struct Header {
    processor: u16,
    sections: u32,
    /// Where the table of sections starts.
    table: u64,
    symbols: u64,
    /// Where the table of symbols ends, and the table of strings starts.
    strings: u64,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u16_le().ok()?;
        if PROCESSORS.contains(&first) {
            return Self::small(&mut cursor, first).ok().flatten();
        }
        if bytes.get(12..28)? == BIG && first == 0 {
            return Self::big(bytes).ok();
        }
        None
    }

    fn small(cursor: &mut Cursor<'_>, processor: u16) -> Result<Option<Self>, ReadError> {
        let sections = u32::from(cursor.u16_le()?);
        cursor.skip(4)?; // time
        let (symbols, count) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
        let (optional, _) = (cursor.u16_le()?, cursor.u16_le()?);
        let header = Header { processor, sections, table: 20, symbols, strings: symbols + count * 18 };
        Ok((optional == 0).then_some(header))
    }

    fn big(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(bytes, 6);
        let processor = cursor.u16_le()?;
        cursor.skip(36)?; // time, class, size, flags, size and offset of metadata
        let sections = cursor.u32_le()?;
        let (symbols, count) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
        Ok(Header { processor, sections, table: 56, symbols, strings: symbols + count * 20 })
    }

    /// Whether this can be the header of a file of these bytes: sections, then symbols, then strings with their length,
    /// and a first section with a name.
    fn fits(&self, bytes: &[u8]) -> bool {
        let length = bytes.len() as u64;
        let end = self.table + u64::from(self.sections) * SECTION;
        let has_strings = Cursor::at(bytes, self.strings)
            .u32_le()
            .is_ok_and(|size| size == 0 || (4..=length.saturating_sub(self.strings)).contains(&u64::from(size)));
        let name = bytes.get(self.table as usize..).and_then(|table| table.get(..8));
        let named = name.is_some_and(|name| {
            let name = c_string(name, 0, 8);
            matches!(name.first(), Some(b'.' | b'/' | b'_')) && name.iter().all(u8::is_ascii_graphic)
        });
        (1..=MOST_SECTIONS).contains(&self.sections) && end <= self.symbols && has_strings && named
    }
}

fn read(
    artifact: &Artifact,
    header: &Header,
    portrait: &mut Portrait,
    out: &mut Inspection<'_>,
) -> Result<(), FormatError> {
    let bytes = &artifact.bytes[..];
    let mut taker = Sections::new(artifact, SHAPE);
    let mut cursor = Cursor::at(bytes, header.table);
    let mut cut_off = Ok(());
    let mut compiled = false;
    // Sections do not overlap in an honest file.
    let mut left = bytes.len() as u64;
    for _ in 0..header.sections {
        let name = cursor.take(8)?;
        cursor.skip(8)?;
        let (size, offset) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
        cursor.skip(16)?;
        let name = long_name(bytes, name, header.strings);
        let (range, complete) = part(bytes, offset, size);
        if !complete && offset != 0 && cut_off.is_ok() {
            let reason = "the file ends inside its sections; build or copy it again";
            cut_off = Err(FormatError::broken(bytes.len() as u64, reason));
        }
        let records = name.starts_with(b".debug$");
        if !records && !is_debug_name(name) {
            continue;
        }
        portrait.debug_sections += 1;
        portrait.debug_bytes = portrait.debug_bytes.saturating_add(range.len() as u64);
        if !records {
            let storage = if name.starts_with(b".zdebug_") { Storage::Gnu } else { Storage::Plain };
            taker.take(Stored::new(&capped(name), range, storage), portrait, out)?;
        } else if let Some(rest) = left.checked_sub(range.len() as u64) {
            left = rest;
            compiled |= codeview_section(name, &bytes[range], portrait);
        }
    }
    portrait.compiled.units += u64::from(compiled);
    taker.finish(portrait, out)?;
    cut_off
}

/// Reads CodeView records. Answers whether they are those of a compiled file.
fn codeview_section(name: &[u8], content: &[u8], portrait: &mut Portrait) -> bool {
    let Some(records) = content.strip_prefix(CODEVIEW) else { return false };
    match name {
        b".debug$S" => {
            codeview::subsections(records, &mut portrait.compiled);
            true
        }
        b".debug$T" => {
            codeview::ids(records, FIRST_ID, &mut portrait.compiled);
            false
        }
        _ => false,
    }
}

/// A name, looked up in the table of strings where it stands there: `/4`.
fn long_name<'a>(bytes: &'a [u8], name: &'a [u8], strings: u64) -> &'a [u8] {
    let short = c_string(name, 0, 8);
    let offset = short.strip_prefix(b"/").and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    offset.map_or(short, |offset| c_string(bytes, strings.saturating_add(offset), MOST_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// An object with one section of CodeView records: the compiler, and the name of a file.
    fn forged(big: bool) -> Vec<u8> {
        let part = |kind: u32, content: &[u8]| {
            let mut out = [words(&[kind, content.len() as u32]), content.to_vec()].concat();
            out.resize(out.len().next_multiple_of(4), 0);
            out
        };
        let compiler = [&[0; 22][..], b"Tide Compiler 3.1\0"].concat();
        let compiler = [&((compiler.len() + 2) as u16).to_le_bytes()[..], &[0x3c, 0x11], &compiler].concat();
        let names = part(0xf3, b"\0C:\\tide\\berth.c\0");
        let files = part(0xf4, &[&words(&[1])[..], &[2, 1, 7, 7]].concat());
        let records = [CODEVIEW.to_vec(), part(0xf1, &compiler), names, files].concat();
        let (head, size) = if big { (56, 20) } else { (20, 18) };
        let at = head + 40;
        let symbols = at + records.len() as u32;
        let mut out = if big {
            let mut out = [&[0, 0, 0xff, 0xff, 2, 0, 0x64, 0x86, 0, 0, 0, 0][..], BIG, &[0; 16]].concat();
            out.extend(words(&[1, symbols, 1]));
            out
        } else {
            [&[0x64, 0x86, 1, 0][..], &words(&[0, symbols, 1, 0])].concat()
        };
        out.extend(*b".debug$S");
        out.extend(words(&[0, 0, records.len() as u32, at, 0, 0, 0, 0x4210_0040]));
        out.extend(records);
        out.extend(vec![0; size]);
        out.extend(words(&[4]));
        out
    }

    fn fact(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn small_and_large_objects_name_compiler_and_files() {
        for big in [false, true] {
            let looked = inspect(&Coff, "a.obj", &forged(big));
            assert!(looked.sniffed && looked.result.is_ok(), "{:?}", looked.result);
            assert_eq!(fact(&looked, "executable.architecture"), "x86_64");
            assert_eq!(fact(&looked, "debug.compilers"), "Tide Compiler 3.1");
            assert_eq!(fact(&looked, "debug.own_examples"), "C:\\tide\\berth.c");
            assert_eq!(looked.stated.facts.int("debug.units"), 1);
        }
    }

    #[test]
    fn numbers_that_happen_to_be_a_processor_are_no_object() {
        let text: Vec<u8> = [&b"\x64\x86"[..], &b"is how this data starts. ".repeat(20)].concat();
        for bytes in [&text[..], b"\x4c\x01", &[0x64, 0x86, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert!(!inspect(&Coff, "data", bytes).sniffed);
        }
    }

    #[test]
    fn damage_anywhere_is_survived() {
        for bytes in [forged(false), forged(true)] {
            for at in 0..bytes.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[at] = value;
                    let _ = inspect(&Coff, "a.obj", &damaged);
                }
            }
        }
    }
}
