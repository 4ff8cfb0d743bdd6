//! ELF (System V ABI, chapters 4 and 5): executables, libraries, objects, core dumps and separate debug files.

use std::collections::HashMap;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{ET_CORE, ET_DYN, ET_EXEC, ET_REL, Header, machine_to_str};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_COMPRESSED, SHF_EXECINSTR, SHN_XINDEX, SHT_DYNAMIC, SHT_NOBITS, SHT_REL, SHT_RELA, SHT_SYMTAB, SectionHeader,
};

use super::debug::{Sections, Storage, Stored, is_debug_name};
use super::links;
use super::portrait::{DEBUG_SYMBOLS, Portrait, capped};
use super::relocation::Relocations;
use super::words::{Shape, c_string, part};
use super::{FACTS, layout};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection, Layout};

/// The largest link units stay far below; more would only cost memory.
const MOST_SECTIONS: u64 = 1_000_000;
const MOST_NAME: usize = 128;
const MOST_STRING: usize = 16 << 10;
const MOST_DYNAMIC: usize = 100_000;

/// ELF files.
#[derive(Debug, Clone, Copy)]
pub struct Elf;

impl Format for Elf {
    fn name(&self) -> &'static str {
        "elf"
    }

    fn summary(&self) -> &'static str {
        "ELF programs and libraries: debug sections (decompressed), symbols, library folders, build-machine paths"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let is_one_of = |at: usize, most: u8| probe.head().get(at).is_none_or(|byte| (1..=most).contains(byte));
        probe.starts_with(b"\x7fELF") && is_one_of(4, 2) && is_one_of(5, 2) && is_one_of(6, 1)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut portrait = Portrait::of_program("elf", &artifact.bytes);
        let read = read(artifact, &mut portrait, out);
        portrait.state(out);
        read.map(|()| Coverage::Part)
    }

    fn layout(&self, artifact: &Artifact) -> Layout {
        layout::elf(&artifact.bytes)
    }
}

struct File<'a> {
    bytes: &'a [u8],
    header: Header,
    shape: Shape,
    programs: Vec<ProgramHeader>,
    sections: Vec<SectionHeader>,
}

fn read(artifact: &Artifact, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let bytes = &artifact.bytes[..];
    let cut_off = |what: &str| FormatError::broken(bytes.len() as u64, format!("the file ends before its {what}"));
    let header = goblin::elf::Elf::parse_header(bytes).map_err(|_| cut_off("ELF header does"))?;
    let shape = Shape { little: bytes[5] == 1, wide: bytes[4] == 2 };
    portrait.architecture = architecture(&header);
    portrait.kind = match header.e_type {
        ET_REL => "object",
        ET_EXEC => "executable",
        ET_DYN => "library",
        ET_CORE => "core",
        _ => "",
    };
    let mut file = File { bytes, header, shape, programs: Vec::new(), sections: Vec::new() };
    // Both tables are tried, so that a file that lost its end still tells what its front says.
    let programs = file.read_programs();
    let sections = file.read_sections();
    if sections.is_ok() {
        file.read_dynamic(portrait);
    }
    let taken = file.take_sections(artifact, portrait, out);
    programs.and(sections).and(taken)
}

impl File<'_> {
    fn context(&self) -> Ctx {
        let container = if self.shape.wide { Container::Big } else { Container::Little };
        Ctx::new(container, if self.shape.little { Endian::Little } else { Endian::Big })
    }

    fn read_programs(&mut self) -> Result<(), FormatError> {
        let (offset, count) = (self.header.e_phoff, u64::from(self.header.e_phnum));
        let size = if self.shape.wide { 56 } else { 32 };
        // 0xffff (PN_XNUM) announces a count elsewhere; only core dumps need it.
        if offset == 0 || count == 0 || count == 0xffff {
            return Ok(());
        }
        self.check(offset, count * size, "program headers")?;
        self.programs = ProgramHeader::parse(self.bytes, offset as usize, count as usize, self.context())
            .map_err(|error| FormatError::broken(offset, error.to_string()))?;
        // A section table lies at the end and shows whether the file was cut off. Without one, the segments must; a
        // separate debug file has sections, and segments that point at bytes it no longer has.
        if self.header.e_shoff == 0 {
            for program in self.programs.iter().filter(|program| matches!(program.p_type, PT_LOAD | PT_DYNAMIC)) {
                self.check(program.p_offset, program.p_filesz, "segments")?;
            }
        }
        Ok(())
    }

    fn read_sections(&mut self) -> Result<(), FormatError> {
        let offset = self.header.e_shoff;
        if offset == 0 {
            return Ok(());
        }
        let size: u64 = if self.shape.wide { 64 } else { 40 };
        self.check(offset, size, "section headers")?;
        let parse = |count: u64| {
            SectionHeader::parse(self.bytes, offset as usize, count as usize, self.context())
                .map_err(|error| FormatError::broken(offset, error.to_string()))
        };
        let mut count = u64::from(self.header.e_shnum);
        if count == 0 {
            count = parse(1)?.first().map_or(0, |first| first.sh_size);
        }
        if count > MOST_SECTIONS {
            return Err(FormatError::broken(offset, format!("{count} sections are more than any linker writes")));
        }
        self.check(offset, count * size, "section headers")?;
        if count > 0 {
            self.sections = parse(count)?;
        }
        Ok(())
    }

    fn check(&self, offset: u64, size: u64, what: &str) -> Result<(), FormatError> {
        if part(self.bytes, offset, size).1 {
            return Ok(());
        }
        let end = offset.saturating_add(size);
        let reason = format!("the file ends before its {what}, which reach to {end}; build or copy it again");
        Err(FormatError::broken(self.bytes.len() as u64, reason))
    }

    fn names(&self) -> (u64, u64) {
        let mut index = u32::from(self.header.e_shstrndx);
        if index == SHN_XINDEX {
            index = self.sections.first().map_or(0, |first| first.sh_link);
        }
        self.sections.get(index as usize).map_or((0, 0), |table| (table.sh_offset, table.sh_size))
    }

    /// Looks at every section, and ends with the first that the file does not have in full.
    fn take_sections(
        &self,
        artifact: &Artifact,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let mut taker = Sections::new(artifact, self.shape);
        let names = self.names();
        let table = &self.bytes[part(self.bytes, names.0, names.1).0];
        let mut linking = Linking::new(self);
        let mut cut_off = Ok(());
        let (mut symbols, mut removed_code, mut split) = (false, false, false);
        for (index, section) in self.sections.iter().enumerate() {
            if section.sh_type == SHT_NOBITS {
                removed_code |= section.sh_flags & u64::from(SHF_EXECINSTR) != 0;
                continue;
            }
            symbols |= section.sh_type == SHT_SYMTAB;
            let (range, complete) = part(self.bytes, section.sh_offset, section.sh_size);
            let name = c_string(table, section.sh_name as u64, MOST_NAME);
            if cut_off.is_ok() && section.sh_type != 0 {
                cut_off = self.check(section.sh_offset, section.sh_size, "sections");
            }
            portrait.section(name, &range);
            let storage = storage(section, name);
            let is_debug = is_debug_name(name);
            split |= is_debug && name.ends_with(b".dwo");
            if is_debug {
                portrait.debug_sections += 1;
                portrait.debug_bytes = portrait.debug_bytes.saturating_add(range.len() as u64);
            }
            if complete && storage == Storage::Plain {
                links::read(name, self.shape, artifact.bytes.slice(range.clone()), range.start, portrait, out)?;
            }
            if is_debug || (storage != Storage::Plain && complete) {
                let relocations = linking.relocations(self, index);
                taker.take(Stored { name: &capped(name), range, storage, relocations }, portrait, out)?;
            }
        }
        self.conclude(portrait, symbols, removed_code, split);
        taker.finish(portrait, out)?;
        cut_off
    }

    fn content(&self, section: &SectionHeader) -> &[u8] {
        &self.bytes[part(self.bytes, section.sh_offset, section.sh_size).0]
    }

    fn conclude(&self, portrait: &mut Portrait, symbols: bool, removed_code: bool, split: bool) {
        let linked = matches!(self.header.e_type, ET_EXEC | ET_DYN);
        // objcopy --only-keep-debug leaves the sections of the program, but not their content.
        let only_debug = portrait.debug_sections > 0 && linked && removed_code;
        if only_debug || (split && !self.has_code()) {
            portrait.kind = DEBUG_SYMBOLS;
        } else if linked && (self.header.e_shoff == 0 || !self.sections.is_empty()) {
            portrait.stripped = Some(!symbols);
        }
    }

    fn has_code(&self) -> bool {
        let is_code = |section: &SectionHeader| section.sh_flags & u64::from(SHF_EXECINSTR) != 0 && section.sh_size > 0;
        self.sections.iter().any(is_code)
    }

    /// Reads the dynamic section (chapter 5, "Dynamic Section"): library folders, and whether an `ET_DYN` file is a
    /// program.
    fn read_dynamic(&self, portrait: &mut Portrait) {
        let entries = self.dynamic_entries();
        let value = |wanted: u64| entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
        let is_program = value(DT_FLAGS_1).is_some_and(|flags| flags & DF_1_PIE != 0)
            || (self.programs.iter().any(|program| program.p_type == PT_INTERP) && value(DT_SONAME).is_none());
        if self.header.e_type == ET_DYN && is_program {
            portrait.kind = "executable";
        }
        let Some(strings) = self.dynamic_strings(value(DT_STRTAB)) else { return };
        for (_, offset) in entries.iter().filter(|(tag, _)| matches!(*tag, DT_RPATH | DT_RUNPATH)).take(32) {
            portrait.add_rpath(c_string(strings, *offset, MOST_STRING), b':');
        }
    }

    fn dynamic_section(&self) -> Option<&SectionHeader> {
        self.sections.iter().find(|section| section.sh_type == SHT_DYNAMIC)
    }

    fn dynamic_entries(&self) -> Vec<(u64, u64)> {
        let place = match self.dynamic_section() {
            Some(section) => (section.sh_offset, section.sh_size),
            // Segments of a file with sections may point at bytes that were removed.
            None if !self.sections.is_empty() => return Vec::new(),
            None => match self.programs.iter().find(|program| program.p_type == PT_DYNAMIC) {
                Some(program) => (program.p_offset, program.p_filesz),
                None => return Vec::new(),
            },
        };
        let mut cursor = Cursor::new(&self.bytes[part(self.bytes, place.0, place.1).0]);
        let entry =
            std::iter::from_fn(|| Some((self.shape.address(&mut cursor).ok()?, self.shape.address(&mut cursor).ok()?)));
        entry.take_while(|(tag, _)| *tag != 0).take(MOST_DYNAMIC).collect()
    }

    fn dynamic_strings(&self, address: Option<u64>) -> Option<&[u8]> {
        if let Some(section) = self.dynamic_section() {
            let table = self.sections.get(section.sh_link as usize)?;
            return Some(&self.bytes[part(self.bytes, table.sh_offset, table.sh_size).0]);
        }
        let address = address?;
        let segment = self.programs.iter().find(|program| {
            program.p_type == PT_LOAD
                && (program.p_vaddr..program.p_vaddr.saturating_add(program.p_filesz)).contains(&address)
        })?;
        let into = address - segment.p_vaddr;
        Some(&self.bytes[part(self.bytes, segment.p_offset.checked_add(into)?, segment.p_filesz - into).0])
    }
}

/// The relocations of an object file, by the section that they belong to.
struct Linking {
    tables: HashMap<usize, usize>,
    /// How many bytes of them may still be read: a forged file could have all its sections share one table.
    left: u64,
}

impl Linking {
    fn new(file: &File<'_>) -> Self {
        let is_table = |section: &SectionHeader| matches!(section.sh_type, SHT_RELA | SHT_REL);
        let sections = file.sections.iter().enumerate().filter(|_| file.header.e_type == ET_REL);
        let tables = sections.filter(|(_, section)| is_table(section));
        let tables = tables.map(|(index, section)| (section.sh_info as usize, index)).collect();
        Linking { tables, left: file.bytes.len() as u64 }
    }

    fn relocations(&mut self, file: &File<'_>, section: usize) -> Relocations {
        let table = self.tables.get(&section).and_then(|index| file.sections.get(*index));
        let Some(table) = table else { return Relocations::default() };
        let content = file.content(table);
        let symbols = file.sections.get(table.sh_link as usize);
        let (Some(left), Some(symbols)) = (self.left.checked_sub(content.len() as u64), symbols) else {
            return Relocations::default();
        };
        self.left = left;
        Relocations::read(content, file.content(symbols), file.shape, table.sh_type == SHT_RELA)
    }
}

const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;

fn storage(section: &SectionHeader, name: &[u8]) -> Storage {
    if section.sh_flags & u64::from(SHF_COMPRESSED) != 0 {
        Storage::Elf
    } else if name.starts_with(b".zdebug_") {
        Storage::Gnu
    } else {
        Storage::Plain
    }
}

fn architecture(header: &Header) -> String {
    match machine_to_str(header.e_machine) {
        "386" => "x86".to_owned(),
        "RISCV" => format!("riscv{}", if header.e_ident[4] == 2 { 64 } else { 32 }),
        "EM_UNKNOWN" => format!("machine {}", header.e_machine),
        name => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::forge::{self, Section};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn a_real_program_is_described() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let looked = inspect(&Elf, "lastlook", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(text(&looked, "executable.format"), "elf");
        assert_eq!(text(&looked, "executable.kind"), "executable");
        assert_eq!(text(&looked, "executable.architecture"), std::env::consts::ARCH);
        assert_eq!(text(&looked, "executable.stripped"), "no");
        assert!(looked.stated.facts.int("executable.debug_sections") > 3);
        assert!(looked.stated.facts.int("executable.debug_bytes") > 10_000);
        assert!(looked.stated.gaps.is_empty());
        for end in [5, 40, 63, 64, 4_096, bytes.len() / 2, bytes.len() - 64, bytes.len() - 1] {
            let looked = inspect(&Elf, "lastlook", &bytes[..end]);
            assert!(looked.result.is_err(), "cut off at {end}");
            assert_eq!(text(&looked, "executable.format"), "elf");
        }
    }

    #[test]
    #[ignore = "needs gcc and strip"]
    fn what_compilers_write_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let status = std::process::Command::new(program).args(arguments).current_dir(&folder).status().unwrap();
            assert!(status.success(), "{program} {arguments:?}");
        };
        let look = |name: &str| inspect(&Elf, name, &std::fs::read(folder.path().join(name)).unwrap());
        std::fs::write(folder.path().join("a.c"), "int main(void) { return 0; }\n").unwrap();
        run(
            "gcc",
            &["-g", "-gz=zlib", "-fdebug-prefix-map=/tmp=/home/jdoe", "-Wl,-rpath,/home/jdoe/lib", "a.c", "-o", "a"],
        );
        run("strip", &["--only-keep-debug", "a", "-o", "a.debug"]);
        run("strip", &["a", "-o", "a.stripped"]);
        let looked = look("a");
        assert!(looked.members.iter().any(|member| member.path.logical() == ".debug_info"));
        assert!(looked.stated.facts.int("executable.personal_paths") > 1);
        assert_eq!(text(&looked, "executable.personal_rpath"), "yes");
        assert_eq!(text(&looked, "executable.kind"), "executable");
        let companion = look("a.debug");
        assert!(companion.result.is_ok(), "{:?}", companion.result);
        assert_eq!(text(&companion, "executable.kind"), "debug symbols");
        assert_eq!(text(&look("a.stripped"), "executable.stripped"), "yes");
    }

    #[test]
    fn compressed_debug_sections_are_handed_out() {
        let story = b"/home/jdoe/secret-project/main.c\0".repeat(50);
        let mut zdebug = b"ZLIB".to_vec();
        zdebug.extend((story.len() as u64).to_be_bytes());
        zdebug.extend(forge::zlib(&story));
        let mut chdr = forge::chdr(1, story.len() as u64);
        chdr.extend(forge::zlib(&story));
        let bytes = forge::elf(
            ET_DYN,
            &[
                Section::plain(".text", b"\xc3").code(),
                Section::plain(".debug_str", &chdr).compressed(),
                Section::plain(".zdebug_info", &zdebug),
                Section::plain(".debug_line", b"plain"),
            ],
        );
        let looked = inspect(&Elf, "a.so", &bytes);
        assert!(looked.result.is_ok(), "{:?}", looked.result);
        let mut names: Vec<&str> = looked.members.iter().map(|member| member.path.logical()).collect();
        names.sort_unstable();
        assert_eq!(names, [".debug_str", ".zdebug_info"]);
        assert!(looked.members.iter().all(|member| member.bytes == story));
        assert_eq!(looked.stated.explained.len(), 2);
        assert_eq!(looked.stated.facts.int("executable.debug_sections"), 3);
        assert_eq!(looked.stated.facts.int("executable.personal_paths"), 1);
        assert_eq!(text(&looked, "executable.personal_path_examples"), "/home/jdoe/secret-project/main.c");
        assert_eq!(looked.stated.details, ["/home/jdoe/secret-project/main.c"]);
        assert_eq!(text(&looked, "executable.stripped"), "yes");
    }

    #[test]
    fn what_cannot_be_decompressed_leaves_a_gap() {
        let mut unknown = forge::chdr(9, 5);
        unknown.extend(b"?????");
        let mut damaged = forge::chdr(1, 500);
        damaged.extend(&forge::zlib(&b"a story that was cut off".repeat(20))[..20]);
        let sections =
            [Section::plain(".debug_str", &unknown).compressed(), Section::plain(".debug_info", &damaged).compressed()];
        let looked = inspect(&Elf, "a.so", &forge::elf(ET_DYN, &sections));
        assert_eq!(looked.stated.gaps.len(), 2);
        assert!(looked.stated.explained.is_empty());
        assert_eq!(looked.members.len(), 1);
    }

    #[test]
    fn overlapping_sections_cost_no_more_than_the_file() {
        let mut packed = forge::chdr(1, 0);
        packed.extend(forge::zlib(b""));
        let mut sections = vec![Section::plain(".debug_str", &packed).compressed()];
        sections.extend((0..500).map(|_| Section::again(".debug_str").compressed()));
        let looked = inspect(&Elf, "a.o", &forge::elf(ET_REL, &sections));
        assert!(looked.result.is_ok());
        let sum = looked.members.len() + looked.stated.gaps.len();
        assert_eq!(sum, 501);
    }

    #[test]
    fn kinds_are_told_apart() {
        let link = [Section::plain(".gnu_debuglink", b"tool.debug\0\0\x01\x02\x03\x04")];
        let looked = inspect(&Elf, "tool", &forge::elf(ET_EXEC, &link));
        assert_eq!(text(&looked, "executable.debug_link"), "tool.debug");
        assert_eq!(text(&looked, "executable.kind"), "executable");
        let looked = inspect(&Elf, "core.123", &forge::elf(ET_CORE, &[]));
        assert_eq!(text(&looked, "executable.kind"), "core");
        let companion = [Section::plain(".text", b"").code().nobits(), Section::plain(".debug_info", b"x")];
        let looked = inspect(&Elf, "tool.debug", &forge::elf(ET_EXEC, &companion));
        assert_eq!(text(&looked, "executable.kind"), "debug symbols");
        assert_eq!(looked.stated.facts.get("executable.stripped"), None);
        let split = [Section::plain(".debug_info.dwo", b"x")];
        assert_eq!(text(&inspect(&Elf, "a.dwo", &forge::elf(ET_REL, &split)), "executable.kind"), "debug symbols");
        let object = [Section::plain(".text", b"\xc3").code(), Section::plain(".debug_info", b"x")];
        assert_eq!(text(&inspect(&Elf, "a.o", &forge::elf(ET_REL, &object)), "executable.kind"), "object");
    }

    #[test]
    fn library_folders_are_listed() {
        let strings = b"\0$ORIGIN/../lib:/home/jdoe/lib\0";
        let dynamic: Vec<u8> = [DT_RUNPATH, 1, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        let sections = [Section::plain(".dynstr", strings), Section::plain(".dynamic", &dynamic).dynamic(1)];
        let looked = inspect(&Elf, "a.so", &forge::elf(ET_DYN, &sections));
        assert_eq!(text(&looked, "executable.rpath"), "$ORIGIN/../lib, /home/jdoe/lib");
        assert_eq!(looked.stated.facts.get("executable.personal_rpath"), Some(&FactValue::Bool(true)));
    }

    #[test]
    fn damage_anywhere_is_survived_and_cutting_is_noticed() {
        let sections = [
            Section::plain(".text", &[0xc3; 300]).code(),
            Section::plain(".debug_line", &[1; 200]),
            Section::plain(".debug_str", &forge::chdr(1, 100)).compressed(),
        ];
        let bytes = forge::elf(ET_DYN, &sections);
        for end in (4..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            let looked = inspect(&Elf, "a.so", &bytes[..end]);
            assert!(looked.sniffed && looked.result.is_err(), "cut off at {end}");
        }
        for at in 7..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&Elf, "a.so", &damaged);
            }
        }
        assert!(!inspect(&Elf, "a", b"\x7fELF\x09\x09\x09").sniffed);
    }
}
