//! Mach-O (Apple, `mach-o/loader.h`, `mach-o/fat.h`, `mach-o/nlist.h`): thin and universal files and dSYM companions.

use std::ops::Range;

use goblin::mach::constants::cputype::{CPU_SUBTYPE_MASK, get_arch_name_from_types};
use goblin::mach::header::{
    MH_BUNDLE, MH_CORE, MH_DSYM, MH_DYLIB, MH_DYLIB_STUB, MH_DYLINKER, MH_EXECUTE, MH_KEXT_BUNDLE, MH_OBJECT,
};
use goblin::mach::load_command::{LC_RPATH, LC_SEGMENT, LC_SEGMENT_64, LC_SYMTAB};
use goblin::mach::symbols::{N_EXT, N_SO, N_STAB};

use super::debug::{Sections, Storage, Stored, is_debug_name};
use super::names::joined;
use super::portrait::{DEBUG_SYMBOLS, Portrait, capped};
use super::words::{Shape, c_string, part};
use super::{FACTS, layout};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, Layout};

/// No universal file has more slices; a Java class file has this number or more in the same place, its major version.
const MOST_SLICES: u32 = 30;
const MOST_STRING: usize = 16 << 10;
/// `PATH_MAX` of macOS.
const MOST_PATH: usize = 1 << 10;

/// Mach-O files.
#[derive(Debug, Clone, Copy)]
pub struct MachO;

impl Format for MachO {
    fn name(&self) -> &'static str {
        "mach-o"
    }

    fn summary(&self) -> &'static str {
        "Mach-O programs, libraries and dSYM files: each slice of a universal file, debug sections, symbols, rpaths"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        is_universal(probe.head()).is_some() || is_thin(probe.head()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        if let Some(wide) = is_universal(&artifact.bytes) {
            return slices(artifact, wide, out).map(|()| Coverage::Part);
        }
        let Some(shape) = is_thin(&artifact.bytes) else { return Err(FormatError::NotThis) };
        let mut portrait = Portrait::of_program("mach-o", &artifact.bytes);
        let read = thin(artifact, shape, &mut portrait, out);
        portrait.state(out);
        read.map(|()| Coverage::Part)
    }

    fn layout(&self, artifact: &Artifact) -> Layout {
        is_thin(&artifact.bytes).map_or_else(Layout::default, |shape| layout::mach_o(&artifact.bytes, shape))
    }
}

/// Whether a universal file starts here, and whether its offsets have 64 bits. What is cut off too early to tell counts.
fn is_universal(head: &[u8]) -> Option<bool> {
    let wide = match head.get(..4)? {
        b"\xca\xfe\xba\xbe" => false,
        b"\xca\xfe\xba\xbf" => true,
        _ => return None,
    };
    let mut cursor = Cursor::at(head, 4);
    if !(1..=MOST_SLICES).contains(&cursor.u32_be().ok()?) {
        return None;
    }
    match (cursor.u32_be(), cursor.u32_be()) {
        (Ok(processor), Ok(_)) if !is_processor(processor) => None,
        _ => Some(wide),
    }
}

/// Byte order and width of the thin file that starts here. What is cut off too early to tell counts.
fn is_thin(head: &[u8]) -> Option<Shape> {
    let shape = match head.get(..4)? {
        b"\xfe\xed\xfa\xce" => Shape { little: false, wide: false },
        b"\xfe\xed\xfa\xcf" => Shape { little: false, wide: true },
        b"\xce\xfa\xed\xfe" => Shape { little: true, wide: false },
        b"\xcf\xfa\xed\xfe" => Shape { little: true, wide: true },
        _ => return None,
    };
    let mut cursor = Cursor::at(head, 4);
    let processor = shape.u32(&mut cursor).is_ok_and(|processor| !is_processor(processor));
    let kind = cursor.skip(4).and_then(|()| shape.u32(&mut cursor)).is_ok_and(|kind| !(1..=16).contains(&kind));
    (!processor && !kind).then_some(shape)
}

/// `mach/machine.h`: VAX 1 up to PowerPC 18, with two flags for the width.
fn is_processor(processor: u32) -> bool {
    processor & 0xfc00_0000 == 0 && (1..=24).contains(&(processor & 0x00ff_ffff))
}

fn architecture(processor: u32, subtype: u32) -> String {
    match (processor, get_arch_name_from_types(processor, subtype & !CPU_SUBTYPE_MASK)) {
        (0x0100_0007, _) => "x86_64".to_owned(),
        (0x0100_000c, _) => "aarch64".to_owned(),
        (7, _) => "x86".to_owned(),
        (_, Some(name)) => name.to_owned(),
        (_, None) => format!("cpu {processor:#x}"),
    }
}

/// Hands out every slice; each is then read on its own. The facts of the whole name only its architectures.
fn slices(artifact: &Artifact, wide: bool, out: &mut Inspection<'_>) -> Result<(), FormatError> {
    let mut cursor = Cursor::at(&artifact.bytes, 4);
    let count = cursor.u32_be()?;
    out.fact("executable.format", "mach-o");
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut cut_off = Ok(());
    for _ in 0..count {
        let slice = match slice(&mut cursor, wide) {
            Ok(slice) => slice,
            Err(error) => {
                cut_off = Err(error.into());
                break;
            }
        };
        let (range, complete) = part(&artifact.bytes, slice.offset, slice.size);
        let name = unique(&slice.name, &names);
        let overlaps = taken.iter().any(|other| range.start < other.end && other.start < range.end);
        let bytes = artifact.bytes.slice(range.clone());
        if !complete {
            let reason = format!("the file ends inside its slice for {name}; build or copy it again");
            cut_off = Err(FormatError::broken(artifact.bytes.len() as u64, reason));
        }
        // A slice inside a slice would be opened over and over: 30 times at each of 16 depths.
        if overlaps || slice.offset < cursor.offset() || is_universal(&bytes).is_some() {
            out.member_gap(&name, "this slice overlaps another or is a universal file again; build the file again");
        } else {
            out.member(&name, Role::ArchiveMember, bytes)?;
            out.explain(range.start as u64..range.end as u64);
            taken.push(range);
        }
        names.push(name);
        out.fact("executable.architecture", names.join(", "));
    }
    cut_off
}

fn unique(name: &str, taken: &[String]) -> String {
    if taken.iter().any(|other| other == name) { format!("{name}#{}", taken.len()) } else { name.to_owned() }
}

struct Slice {
    name: String,
    offset: u64,
    size: u64,
}

fn slice(cursor: &mut Cursor<'_>, wide: bool) -> Result<Slice, ReadError> {
    let shape = Shape { little: false, wide };
    let name = architecture(cursor.u32_be()?, cursor.u32_be()?);
    let slice = Slice { name, offset: shape.address(cursor)?, size: shape.address(cursor)? };
    cursor.skip(if wide { 8 } else { 4 })?; // alignment, reserved
    Ok(slice)
}

fn thin(
    artifact: &Artifact,
    shape: Shape,
    portrait: &mut Portrait,
    out: &mut Inspection<'_>,
) -> Result<(), FormatError> {
    let mut cursor = Cursor::at(&artifact.bytes, 4);
    portrait.architecture = architecture(shape.u32(&mut cursor)?, shape.u32(&mut cursor)?);
    let kind = shape.u32(&mut cursor)?;
    portrait.kind = match kind {
        MH_OBJECT => "object",
        MH_EXECUTE => "executable",
        MH_DYLIB | MH_BUNDLE | MH_DYLIB_STUB | MH_DYLINKER | MH_KEXT_BUNDLE => "library",
        MH_CORE => "core",
        MH_DSYM => DEBUG_SYMBOLS,
        _ => "",
    };
    if kind == MH_DSYM {
        portrait.format = "dsym";
    }
    let (count, size) = (shape.u32(&mut cursor)?, u64::from(shape.u32(&mut cursor)?));
    cursor.skip(if shape.wide { 8 } else { 4 })?; // flags, reserved
    let start = cursor.offset();
    let commands = Cursor::at(&artifact.bytes, start).take_u64(size);
    let commands = commands.map_err(|error| ReadError::new(error.offset, "the file ends inside its load commands"))?;
    let linked = matches!(portrait.kind, "executable" | "library");
    let mut reader = Reader { artifact, shape, start, linked, cut_off: None, taker: Sections::new(artifact, shape) };
    let read = reader.commands(commands, count, portrait, out);
    reader.taker.finish(portrait, out)?;
    read?;
    reader.cut_off.map_or(Ok(()), Err)
}

struct Reader<'a> {
    artifact: &'a Artifact,
    shape: Shape,
    /// Where the load commands start.
    start: u64,
    linked: bool,
    cut_off: Option<FormatError>,
    taker: Sections<'a>,
}

impl Reader<'_> {
    fn commands(
        &mut self,
        commands: &[u8],
        count: u32,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let mut cursor = Cursor::new(commands);
        for _ in 0..count {
            let at = cursor.offset();
            let kind = self.shape.u32(&mut cursor)?;
            let size = u64::from(self.shape.u32(&mut cursor)?);
            let Some(body) = size.checked_sub(8).and_then(|size| cursor.take_u64(size).ok()) else {
                return Err(FormatError::broken(
                    self.start + at,
                    format!("a load command of {size} bytes does not fit"),
                ));
            };
            match kind {
                LC_SEGMENT => self.segment(body, false, portrait, out)?,
                LC_SEGMENT_64 => self.segment(body, true, portrait, out)?,
                LC_SYMTAB => {
                    let names = self.has_local_symbols(body, portrait)?;
                    portrait.stripped = self.linked.then_some(!names);
                }
                LC_RPATH => {
                    let offset = self.shape.u32(&mut Cursor::new(body))?.saturating_sub(8);
                    portrait.add_rpath(c_string(body, u64::from(offset), MOST_STRING), 0);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&mut self, offset: u64, size: u64, what: &str) {
        let length = self.artifact.bytes.len() as u64;
        if self.cut_off.is_none() && !part(&self.artifact.bytes, offset, size).1 {
            let reason = format!("the file ends inside its {what}; build or copy it again");
            self.cut_off = Some(FormatError::broken(length, reason));
        }
    }

    /// `segment_command` and `segment_command_64` with the sections that follow.
    fn segment(
        &mut self,
        body: &[u8],
        wide: bool,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let shape = Shape { wide, ..self.shape };
        let mut cursor = Cursor::new(body);
        cursor.skip(16)?;
        shape.address(&mut cursor)?;
        shape.address(&mut cursor)?;
        let (offset, size) = (shape.address(&mut cursor)?, shape.address(&mut cursor)?);
        self.check(offset, size, "segments");
        cursor.skip(8)?; // protections
        let count = shape.u32(&mut cursor)?;
        cursor.skip(4)?;
        for _ in 0..count {
            let name = cursor.take(16)?;
            cursor.skip(16)?; // segment name
            shape.address(&mut cursor)?;
            let (size, offset) = (shape.address(&mut cursor)?, u64::from(shape.u32(&mut cursor)?));
            cursor.skip(if wide { 28 } else { 20 })?;
            let name = c_string(name, 0, 16);
            portrait.section(name, &part(&self.artifact.bytes, offset, size).0);
            if is_debug_name(name) {
                self.debug_section(name, offset, size, portrait, out)?;
            }
        }
        Ok(())
    }

    fn debug_section(
        &mut self,
        name: &[u8],
        offset: u64,
        size: u64,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        self.check(offset, size, "debug sections");
        let range = part(&self.artifact.bytes, offset, size).0;
        portrait.debug_sections += 1;
        portrait.debug_bytes = portrait.debug_bytes.saturating_add(range.len() as u64);
        let storage = if name.starts_with(b"__zdebug") { Storage::Gnu } else { Storage::Plain };
        Ok(self.taker.take(Stored::new(&capped(name), range, storage), portrait, out)?)
    }

    /// Whether the symbol table names anything that is neither exported nor imported. `strip` leaves one debugging
    /// entry of its own behind, with the value 0x5614542. Where the debug information stayed in the object files,
    /// debugging entries name the sources.
    fn has_local_symbols(&mut self, body: &[u8], portrait: &mut Portrait) -> Result<bool, FormatError> {
        let mut cursor = Cursor::new(body);
        let (offset, count) = (u64::from(self.shape.u32(&mut cursor)?), u64::from(self.shape.u32(&mut cursor)?));
        let size: usize = if self.shape.wide { 16 } else { 12 };
        self.check(offset, count * size as u64, "symbol table");
        let names = (u64::from(self.shape.u32(&mut cursor)?), u64::from(self.shape.u32(&mut cursor)?));
        self.check(names.0, names.1, "symbol names");
        let bytes = &self.artifact.bytes;
        let table = &bytes[part(bytes, offset, count * size as u64).0];
        let names = &bytes[part(bytes, names.0, names.1).0];
        let (mut local, mut folder) = (false, 0);
        for symbol in table.chunks_exact(size) {
            let value = self.shape.address(&mut Cursor::at(symbol, 8)).unwrap_or_default();
            let kind = symbol[4];
            local |= (kind & N_STAB != 0 || kind & N_EXT == 0) && value != 0x0561_4542;
            if kind == N_SO {
                let name = self.shape.u32(&mut Cursor::new(symbol))?;
                folder = source_file(names, folder, name, portrait);
            }
        }
        Ok(local)
    }
}

/// Names a source file (`mach-o/stab.h`, `N_SO`): an entry for its folder, which ends in a slash, comes before that for
/// itself, and one without a name ends the unit. Answers the place of the folder's name, or 0.
fn source_file(names: &[u8], folder: u32, name: u32, portrait: &mut Portrait) -> u32 {
    let text = |at: u32| c_string(names, u64::from(at), MOST_PATH);
    let file = text(name);
    if name == 0 || file.is_empty() {
        return 0;
    }
    if file.ends_with(b"/") {
        return name;
    }
    portrait.compiled.units += 1;
    if portrait.compiled.names.is_new(&[(0, folder as usize), (1, name as usize)]) {
        let folder = if folder == 0 { "".into() } else { String::from_utf8_lossy(text(folder)) };
        portrait.compiled.names.add(&joined(&String::from_utf8_lossy(file), &[folder.trim_end_matches('/')]));
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A 64-bit little-endian file with one debug section, an rpath and one symbol of this type.
    fn forged(kind: u32, symbol: u8) -> Vec<u8> {
        let content = b"/Users/jdoe/app/main.m\0";
        let rpath = b"/Users/jdoe/lib\0";
        let (segment, rpaths) = (72 + 80, 12 + rpath.len());
        let commands = segment + rpaths + 24;
        let at = (32 + commands) as u64;
        let mut out = words(&[0xfeed_facf, 0x0100_000c, 0, kind, 3, commands as u32, 0, 0]);
        out.extend(words(&[LC_SEGMENT_64, segment as u32]));
        out.extend(*b"__DWARF\0\0\0\0\0\0\0\0\0");
        for word in [0, 0, at, content.len() as u64] {
            out.extend(word.to_le_bytes());
        }
        out.extend(words(&[7, 7, 1, 0]));
        out.extend(*b"__debug_line_str__DWARF\0\0\0\0\0\0\0\0\0");
        out.extend([0u64.to_le_bytes(), (content.len() as u64).to_le_bytes()].concat());
        out.extend(words(&[at as u32, 0, 0, 0, 0, 0, 0, 0]));
        out.extend(words(&[LC_RPATH, rpaths as u32, 12]));
        out.extend(rpath);
        out.extend(words(&[LC_SYMTAB, 24, at as u32 + content.len() as u32, 1, 0, 0]));
        out.extend(content);
        out.extend([1, 0, 0, 0, symbol, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        out
    }

    fn universal(slices: &[(u32, &[u8])]) -> Vec<u8> {
        let mut out = [0xcafe_babe_u32, slices.len() as u32].map(u32::to_be_bytes).concat();
        let mut at = 8 + 20 * slices.len() as u32;
        for (processor, bytes) in slices {
            out.extend([*processor, 0, at, bytes.len() as u32, 0].map(u32::to_be_bytes).concat());
            at += bytes.len() as u32;
        }
        out.extend(slices.iter().flat_map(|(_, bytes)| bytes.iter()));
        out
    }

    #[test]
    fn a_program_is_described() {
        let looked = inspect(&MachO, "app", &forged(MH_EXECUTE, 0x0e));
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(text(&looked, "executable.architecture"), "aarch64");
        assert_eq!(text(&looked, "executable.kind"), "executable");
        assert_eq!(text(&looked, "executable.stripped"), "no");
        assert_eq!(text(&looked, "executable.rpath"), "/Users/jdoe/lib");
        assert_eq!(text(&looked, "executable.personal_rpath"), "yes");
        assert_eq!(looked.stated.facts.int("executable.debug_sections"), 1);
        assert_eq!(looked.stated.facts.int("executable.personal_paths"), 2);
        assert_eq!(text(&inspect(&MachO, "app", &forged(MH_EXECUTE, 0x0f)), "executable.stripped"), "yes");
        let dsym = inspect(&MachO, "app", &forged(MH_DSYM, 0x0f));
        assert_eq!(text(&dsym, "executable.format"), "dsym");
        assert_eq!(text(&dsym, "executable.kind"), "debug symbols");
    }

    #[test]
    fn every_slice_of_a_universal_file_is_handed_out() {
        let slice = forged(MH_DYLIB, 0x0f);
        let looked = inspect(&MachO, "app", &universal(&[(0x0100_0007, &slice), (0x0100_000c, &slice)]));
        assert!(looked.result.is_ok());
        let names: Vec<&str> = looked.members.iter().map(|member| member.path.logical()).collect();
        assert_eq!(names, ["x86_64", "aarch64"]);
        assert!(looked.members.iter().all(|member| member.bytes == slice));
        assert_eq!(text(&looked, "executable.architecture"), "x86_64, aarch64");
    }

    #[test]
    fn slices_in_slices_are_not_opened_again_and_again() {
        let inner = universal(&[(7, b"x")]);
        assert_eq!(inspect(&MachO, "app", &universal(&[(7, &inner)])).stated.gaps.len(), 1);
        let mut itself = universal(&[(7, b"xxxx"), (7, b"yyyy")]);
        itself[36..40].copy_from_slice(&48u32.to_be_bytes());
        let looked = inspect(&MachO, "app", &itself);
        assert_eq!((looked.members.len(), looked.stated.gaps.len()), (1, 1));
    }

    #[test]
    fn java_classes_and_other_bytes_are_something_else() {
        for bytes in [
            &b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x10\x0a\0\x02\0\x03"[..],
            b"\xca\xfe\xba\xbe\0\0\0\x2d\0\x10",
            b"\xca\xfe\xba\xbe\0\0\0\x02\0\x10\x0a\0\x02\0\x03\x07",
            b"\xca\xfe\xba\xbe\0\0\0\0",
            b"\xca\xfe\xba\xbe",
            b"\xfe\xed\xfa\xce\xff\xff\xff\xff",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01\0\0\0\0\xff\0\0\0",
            b"\xcf\xfa",
        ] {
            assert!(!inspect(&MachO, "A.class", bytes).sniffed, "{bytes:x?}");
        }
    }

    #[test]
    fn damage_anywhere_is_survived_and_cutting_is_noticed() {
        let thin = forged(MH_EXECUTE, 0x0e);
        for bytes in [universal(&[(0x0100_0007, &thin), (0x0100_000c, &thin)]), thin] {
            for end in (8..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
                let looked = inspect(&MachO, "app", &bytes[..end]);
                assert!(looked.sniffed && looked.result.is_err(), "cut off at {end}");
            }
            for at in 4..bytes.len() {
                for value in [0, 0x7f, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[at] = value;
                    let _ = inspect(&MachO, "app", &damaged);
                }
            }
        }
    }
}
