//! PE (Microsoft, "PE Format"): Windows programs and libraries, .NET assemblies included.

use std::io::Read;

use flate2::read::DeflateDecoder;
use goblin::pe::characteristic::{IMAGE_FILE_DLL, IMAGE_FILE_EXECUTABLE_IMAGE};
use goblin::pe::debug::{IMAGE_DEBUG_TYPE_CODEVIEW, IMAGE_DEBUG_TYPE_EMBEDDEDPORTABLEPDB};
use goblin::pe::header::{CoffHeader, machine_to_str};
use goblin::pe::section_table::IMAGE_SCN_CNT_UNINITIALIZED_DATA;

use super::debug::{Sections, Storage, Stored, is_debug_name};
use super::metadata::{Metadata, SIGNATURE};
use super::portrait::{Portrait, capped};
use super::words::{Shape, c_string, part};
use super::{FACTS, layout};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, Layout};

const SHAPE: Shape = Shape { little: true, wide: true };
const MOST_NAME: usize = 128;
const MOST_PATH: usize = 4 << 10;
const MOST_DEBUG_ENTRIES: usize = 256;
/// Numbers of data directories.
const DEBUG: u32 = 6;
const RUNTIME: u32 = 14;
/// What the usual linkers write at the start: Microsoft's and GNU's, then LLVM's.
const STUBS: [&[u8]; 2] = [b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff", b"MZ\x78\0\x01\0\0\0\x04\0\0\0\0\0"];

/// PE files.
#[derive(Debug, Clone, Copy)]
pub struct Pe;

impl Format for Pe {
    fn name(&self) -> &'static str {
        "pe"
    }

    fn summary(&self) -> &'static str {
        "Windows programs and libraries: the path of the PDB file, an embedded .NET PDB, debug sections, symbols"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(b"MZ") && (has_signature(probe.all()) || is_cut_off(probe.all()))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut portrait = Portrait::of_program("pe", &artifact.bytes);
        let read = read(artifact, &mut portrait, out);
        portrait.state(out);
        read.map(|()| Coverage::Part)
    }

    fn layout(&self, artifact: &Artifact) -> Layout {
        layout::pe(&artifact.bytes)
    }
}

fn pe_offset(bytes: &[u8]) -> Option<u64> {
    Cursor::at(bytes, 0x3c).u32_le().ok().map(u64::from)
}

fn has_signature(bytes: &[u8]) -> bool {
    pe_offset(bytes).is_some_and(|at| Cursor::at(bytes, at).take(4).is_ok_and(|mark| mark == b"PE\0\0"))
}

/// Whether this is the front of a PE file whose header was lost. `MZ` alone proves nothing, and old DOS programs have
/// no PE header.
fn is_cut_off(bytes: &[u8]) -> bool {
    let has_stub = STUBS.iter().any(|stub| bytes.starts_with(stub));
    has_stub && pe_offset(bytes).is_none_or(|at| at < 0x1000 && at + 4 > bytes.len() as u64)
}

struct Section {
    name: [u8; 8],
    virtual_size: u32,
    address: u32,
    raw_size: u32,
    raw_offset: u32,
    characteristics: u32,
}

struct File<'a> {
    artifact: &'a Artifact,
    strings: Option<u64>,
    sections: Vec<Section>,
}

fn read(artifact: &Artifact, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let bytes = &artifact.bytes[..];
    let cut_off = |what: &str| FormatError::broken(bytes.len() as u64, format!("the file ends inside its {what}"));
    if !has_signature(bytes) {
        return Err(cut_off("DOS header"));
    }
    let mut at = pe_offset(bytes).unwrap_or_default() as usize + 4;
    let coff = CoffHeader::parse(bytes, &mut at).map_err(|_| cut_off("COFF header"))?;
    portrait.architecture = architecture(coff.machine);
    portrait.kind = match coff.characteristics {
        flags if flags & IMAGE_FILE_DLL != 0 => "library",
        flags if flags & IMAGE_FILE_EXECUTABLE_IMAGE != 0 => "executable",
        _ => "object",
    };
    let symbols = (u64::from(coff.pointer_to_symbol_table), u64::from(coff.number_of_symbol_table));
    let has_symbols = symbols.0 != 0 && symbols.1 != 0;
    let optional = Cursor::at(bytes, at as u64);
    let table = at as u64 + u64::from(coff.size_of_optional_header);
    let mut file =
        File { artifact, strings: (symbols.0 != 0).then(|| symbols.0 + symbols.1 * 18), sections: Vec::new() };
    file.read_sections(table, coff.number_of_sections)?;
    let cut = file.take_sections(portrait, out);
    portrait.stripped = Some(!has_symbols && portrait.debug_sections == 0);
    file.read_runtime(optional.clone(), table, portrait);
    let debug = file.read_debug_directory(optional, table, portrait, out);
    cut.and(debug)
}

impl File<'_> {
    fn bytes(&self) -> &[u8] {
        &self.artifact.bytes
    }

    fn read_sections(&mut self, offset: u64, count: u16) -> Result<(), FormatError> {
        let mut cursor = Cursor::at(&self.artifact.bytes, offset);
        for _ in 0..count {
            match section(&mut cursor) {
                Ok(section) => self.sections.push(section),
                Err(error) => return Err(ReadError::new(error.offset, "the file ends inside its section table").into()),
            }
        }
        Ok(())
    }

    /// The name of a section; longer ones stand in the string table (MinGW: `/4` for `.debug_info`).
    fn name<'s>(&'s self, section: &'s Section) -> &'s [u8] {
        let short = c_string(&section.name, 0, 8);
        let offset = short.strip_prefix(b"/").and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
        match (offset, self.strings) {
            (Some(offset), Some(strings)) => c_string(self.bytes(), strings.saturating_add(offset), MOST_NAME),
            _ => short,
        }
    }

    fn take_sections(&self, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        let mut taker = Sections::new(self.artifact, SHAPE);
        let mut cut_off = Ok(());
        for section in &self.sections {
            let (offset, size) = (u64::from(section.raw_offset), u64::from(section.raw_size));
            let (range, _) = part(self.bytes(), offset, size);
            // Only padding to the file alignment may be missing: loaders accept that.
            let needed = size.min(u64::from(section.virtual_size.max(1)));
            let stored = offset != 0 && section.characteristics & IMAGE_SCN_CNT_UNINITIALIZED_DATA == 0;
            if stored && size > 0 && cut_off.is_ok() && !part(self.bytes(), offset, needed).1 {
                let reason = "the file ends inside its sections; build or copy it again";
                cut_off = Err(FormatError::broken(self.bytes().len() as u64, reason));
            }
            let name = self.name(section);
            portrait.section(name, &range);
            if !is_debug_name(name) {
                continue;
            }
            portrait.debug_sections += 1;
            portrait.debug_bytes = portrait.debug_bytes.saturating_add(range.len() as u64);
            let storage = if name.starts_with(b".zdebug_") { Storage::Gnu } else { Storage::Plain };
            taker.take(Stored::new(&capped(name), range, storage), portrait, out)?;
        }
        cut_off
    }

    fn file_offset(&self, address: u32) -> Option<u64> {
        let section = self.sections.iter().find(|section| {
            let size = section.virtual_size.max(section.raw_size);
            (section.address..section.address.saturating_add(size)).contains(&address)
        })?;
        Some(u64::from(section.raw_offset) + u64::from(address - section.address))
    }

    /// "Debug Directory (Image Only)": data directory 6, records of 28 bytes.
    fn read_debug_directory(
        &self,
        optional: Cursor<'_>,
        optional_end: u64,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let Some((address, size)) = data_directory(optional, optional_end, DEBUG)? else { return Ok(()) };
        let Some(offset) = self.file_offset(address) else {
            return Err(FormatError::broken(u64::from(address), "its debug directory lies in no section"));
        };
        let mut cursor = Cursor::at(self.bytes(), offset);
        for _ in 0..(size as usize / 28).min(MOST_DEBUG_ENTRIES) {
            cursor.skip(12)?;
            let (kind, size) = (cursor.u32_le()?, u64::from(cursor.u32_le()?));
            cursor.skip(4)?;
            let data = u64::from(cursor.u32_le()?);
            portrait.debug_records.insert(record_name(kind));
            match kind {
                IMAGE_DEBUG_TYPE_CODEVIEW => self.codeview(data, size, portrait),
                IMAGE_DEBUG_TYPE_EMBEDDEDPORTABLEPDB => self.embedded_pdb(data, size, portrait, out)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// "CLI Header" (ECMA-335, II.25.3.3): data directory 14, which leads to the metadata of an assembly.
    fn read_runtime(&self, optional: Cursor<'_>, optional_end: u64, portrait: &mut Portrait) {
        let Ok(Some((address, _))) = data_directory(optional, optional_end, RUNTIME) else { return };
        let Some(header) = self.file_offset(address) else { return };
        let Ok(metadata) = Cursor::at(self.bytes(), header + 8).u32_le() else { return };
        let Some(metadata) = self.file_offset(metadata).and_then(|at| self.bytes().get(usize::try_from(at).ok()?..))
        else {
            return;
        };
        if metadata.starts_with(SIGNATURE)
            && let Ok(metadata) = Metadata::read(metadata)
        {
            portrait.runtime = Some(format!(".NET {}", capped(metadata.version)));
        }
    }

    fn codeview(&self, offset: u64, size: u64, portrait: &mut Portrait) {
        let record = &self.bytes()[part(self.bytes(), offset, size).0];
        let path = match record.get(..4) {
            Some(b"RSDS") => c_string(record, 24, MOST_PATH),
            Some(b"NB10") => c_string(record, 16, MOST_PATH),
            _ => return,
        };
        if !path.is_empty() {
            portrait.pdb_path = Some(capped(path));
        }
    }

    /// "Embedded Portable PDB Debug Directory Entry" (dotnet/runtime, PE-COFF.md): `MPDB`, size, raw deflate.
    fn embedded_pdb(
        &self,
        offset: u64,
        size: u64,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let (range, complete) = part(self.bytes(), offset, size);
        let mut cursor = Cursor::new(&self.bytes()[range.clone()]);
        let name = "embedded.pdb";
        let (Ok(b"MPDB"), Ok(expected), true) = (cursor.take(4), cursor.u32_le(), complete) else {
            out.member_gap(name, "the embedded PDB is cut off or damaged; build the file again");
            return Ok(());
        };
        portrait.debug_sections += 1;
        portrait.debug_bytes = portrait.debug_bytes.saturating_add(size);
        let stream: Box<dyn Read + '_> = Box::new(DeflateDecoder::new(cursor.rest()));
        let (bytes, whole) = out.inflate(name, stream, u64::from(expected));
        out.member(name, Role::ArchiveMember, bytes)?;
        if whole {
            out.explain(range.start as u64..range.end as u64);
        }
        Ok(())
    }
}

fn section(cursor: &mut Cursor<'_>) -> Result<Section, ReadError> {
    let mut name = [0; 8];
    name.copy_from_slice(cursor.take(8)?);
    let (virtual_size, address) = (cursor.u32_le()?, cursor.u32_le()?);
    let (raw_size, raw_offset) = (cursor.u32_le()?, cursor.u32_le()?);
    cursor.skip(12)?;
    Ok(Section { name, virtual_size, address, raw_size, raw_offset, characteristics: cursor.u32_le()? })
}

/// Address and size of a data directory, if the optional header (which ends at `end`) has it.
fn data_directory(mut cursor: Cursor<'_>, end: u64, index: u32) -> Result<Option<(u32, u32)>, ReadError> {
    let start = cursor.offset();
    if end < start + 2 {
        return Ok(None);
    }
    let directories = start + if cursor.u16_le()? == 0x20b { 112 } else { 96 };
    cursor.skip((directories - 4).saturating_sub(cursor.offset()))?;
    if cursor.u32_le()? <= index || directories + u64::from(index + 1) * 8 > end {
        return Ok(None);
    }
    cursor.skip(u64::from(index) * 8)?;
    let (address, size) = (cursor.u32_le()?, cursor.u32_le()?);
    Ok((address != 0 && size != 0).then_some((address, size)))
}

/// "Debug Type": what a record of the debug directory is.
fn record_name(kind: u32) -> String {
    let name = match kind {
        1 => "coff",
        IMAGE_DEBUG_TYPE_CODEVIEW => "codeview",
        3 => "frame pointers",
        4 => "misc",
        5 => "exceptions",
        12 => "features",
        13 => "pogo",
        14 => "iltcg",
        16 => "repro",
        IMAGE_DEBUG_TYPE_EMBEDDEDPORTABLEPDB => "embedded pdb",
        19 => "pdb checksum",
        20 => "characteristics",
        _ => return format!("type {kind}"),
    };
    name.to_owned()
}

pub(super) fn architecture(machine: u16) -> String {
    match machine {
        0x014c => "x86".to_owned(),
        0x8664 => "x86_64".to_owned(),
        0xaa64 => "aarch64".to_owned(),
        0x01c0 | 0x01c4 => "arm".to_owned(),
        _ => match machine_to_str(machine) {
            "UNKNOWN" | "COFF_UNKNOWN" => format!("machine {machine:#x}"),
            name => name.to_ascii_lowercase(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A 64-bit DLL with one section, whose content is a debug directory of one record and that record.
    fn forged(kind: u32, record: &[u8]) -> Vec<u8> {
        let mut out = [b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".as_slice(), &[0; 44]].concat();
        out.extend(words(&[0x40]));
        out.extend(*b"PE\0\0\x64\x86\x01\0");
        out.extend(words(&[0, 0, 0]));
        out.extend([240, 0, 0x02, 0x20]);
        let mut optional = vec![0; 240];
        optional[..2].copy_from_slice(&[0x0b, 0x02]);
        optional[108] = 16;
        optional[160..168].copy_from_slice(&words(&[0x1000, 28]));
        out.extend(optional);
        let at = out.len() as u32 + 40;
        let size = 28 + record.len() as u32;
        out.extend(*b".rdata\0\0");
        out.extend(words(&[size, 0x1000, size, at, 0, 0, 0, 0x4000_0040]));
        out.extend(words(&[0, 0, 0, kind, record.len() as u32, 0x101c, at + 28]));
        out.extend(record);
        out
    }

    fn codeview(path: &str) -> Vec<u8> {
        [b"RSDS".as_slice(), &[7; 16], &[1, 0, 0, 0], path.as_bytes(), &[0]].concat()
    }

    #[test]
    fn the_path_of_the_pdb_is_read_and_judged() {
        let looked = inspect(&Pe, "a.dll", &forged(2, &codeview("C:\\Users\\jdoe\\src\\a.pdb")));
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(text(&looked, "executable.pdb_path"), "C:\\Users\\jdoe\\src\\a.pdb");
        assert_eq!(text(&looked, "executable.pdb_path_personal"), "yes");
        assert_eq!(text(&looked, "executable.architecture"), "x86_64");
        assert_eq!(text(&looked, "executable.kind"), "library");
        assert_eq!(text(&looked, "executable.stripped"), "yes");
        let looked = inspect(&Pe, "a.dll", &forged(2, &codeview("D:\\a\\_work\\1\\a.pdb")));
        assert_eq!(text(&looked, "executable.pdb_path_personal"), "no");
    }

    #[test]
    fn an_embedded_pdb_is_handed_out() {
        let pdb = b"BSJB and so on".repeat(30);
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&pdb).unwrap();
        let size = (pdb.len() as u32).to_le_bytes();
        let record = [b"MPDB".as_slice(), &size, &encoder.finish().unwrap()].concat();
        let looked = inspect(&Pe, "a.dll", &forged(17, &record));
        assert!(looked.result.is_ok());
        assert_eq!(looked.members[0].bytes, pdb);
        assert_eq!(looked.stated.explained.len(), 1);
        assert_eq!(inspect(&Pe, "a.dll", &forged(17, b"MPDX")).stated.gaps.len(), 1);
    }

    #[test]
    fn two_letters_make_no_program() {
        let mut dos = vec![0; 4_096];
        dos[..2].copy_from_slice(b"MZ");
        for bytes in [&b"MZ"[..], b"MZ is how this note starts", &dos] {
            assert!(!inspect(&Pe, "note", bytes).sniffed);
        }
        dos[..14].copy_from_slice(STUBS[0]);
        assert!(!inspect(&Pe, "old.exe", &dos).sniffed, "a DOS program that a modern linker stubbed");
    }

    #[test]
    fn damage_anywhere_is_survived_and_cutting_is_noticed() {
        let bytes = forged(2, &codeview("C:\\Users\\jdoe\\src\\a.pdb"));
        for end in (14..bytes.len()).step_by(97).chain([0x41, bytes.len() - 1]) {
            let looked = inspect(&Pe, "a.dll", &bytes[..end]);
            assert!(looked.sniffed && looked.result.is_err(), "cut off at {end}");
        }
        for at in 2..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&Pe, "a.dll", &damaged);
            }
        }
    }
}
