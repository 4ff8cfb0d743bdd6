//! PDB files: Microsoft's (MSF container, LLVM "The PDB File Format") and portable ones (ECMA-335, II.24.2, and
//! dotnet/runtime, PortablePdb-Metadata.md).

use super::portrait::{DEBUG_SYMBOLS, Portrait};
use super::{FACTS, msf, native, portable};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

const OLD: &[u8] = b"Microsoft C/C++ program database 2.00\r\n\x1aJG\0\0";
const PORTABLE: &[u8] = b"BSJB\x01\0\x01\0\0\0\0\0";

/// Files of debug symbols for Windows and .NET.
#[derive(Debug, Clone, Copy)]
pub struct Pdb;

impl Format for Pdb {
    fn name(&self) -> &'static str {
        "pdb"
    }

    fn summary(&self) -> &'static str {
        "Windows and .NET debug symbols: modules and source files, the sources that they embed, where to fetch others"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(msf::MAGIC) || probe.starts_with(OLD) || is_portable(probe.all())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut portrait = Portrait::of("pdb", bytes);
        portrait.kind = DEBUG_SYMBOLS;
        portrait.debug_bytes = bytes.len() as u64;
        let read = if bytes.starts_with(msf::MAGIC) {
            native::read(artifact, &mut portrait, out).and(check(bytes, msf_length(bytes)))
        } else if bytes.starts_with(OLD) {
            Ok(())
        } else {
            portable::read(artifact, &mut portrait, out)
        };
        portrait.state(out);
        read.map(|()| Coverage::Part)
    }
}

fn check(bytes: &[u8], length: Option<u64>) -> Result<(), FormatError> {
    if length.is_some_and(|length| length <= bytes.len() as u64) {
        return Ok(());
    }
    Err(FormatError::broken(bytes.len() as u64, "the file ends before its streams; build or copy it again"))
}

/// Super block: block size at 32, number of blocks at 40.
fn msf_length(bytes: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::at(bytes, 32);
    let size = u64::from(cursor.u32_le().ok()?);
    cursor.u32_le().ok()?;
    Some(size * u64::from(cursor.u32_le().ok()?))
}

/// The metadata root of a portable PDB, as opposed to that of an assembly: its version says so.
fn is_portable(bytes: &[u8]) -> bool {
    bytes.starts_with(PORTABLE) && bytes.get(16..).is_some_and(|version| version.starts_with(b"PDB v"))
}

#[cfg(test)]
mod tests {
    use super::super::forge;
    use super::*;
    use crate::finding::{FactValue, Role};
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn sources(looked: &Looked) -> Vec<(&str, &[u8])> {
        let sources = looked.members.iter().filter(|member| member.role == Role::EmbeddedSource);
        sources.map(|member| (member.path.logical(), &member.bytes[..])).collect()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A hash table, without its entries: as many of them as there are bits.
    fn table(count: u32) -> Vec<u8> {
        words(&[count, count, 1, (1 << count) - 1, 0])
    }

    /// Streams of a PDB, by the documents of LLVM: two modules, of which one was linked in, and two injected sources.
    fn streams(text: &[u8]) -> Vec<Vec<u8>> {
        let names: &[u8] = b"/names\0/src/headerblock\0/src/files/c:\\tide\\berth.c\0/src/files/c:\\tide\\a.natvis\0";
        let mut info = [words(&[20_000_404, 1, 1, 0, 0, 0, 0]), words(&[names.len() as u32]), names.to_vec()].concat();
        info.extend(table(4));
        info.extend(words(&[0, 7, 7, 5, 24, 6, 51, 9]));
        let strings: &[u8] = b"\0C:\\Tide\\Berth.c\0c:\\tide\\berth.c\0";
        let strings = [words(&[0xeffe_effe, 1, strings.len() as u32]), strings.to_vec()].concat();
        let entry =
            [words(&[0, 40, 19_980_827, 0, text.len() as u32, 1, 0, 17]), vec![0, 0, 0, 0], vec![0; 8]].concat();
        let header = [vec![0; 64], table(1), entry].concat();
        let module = |name: &str, stream: u16| {
            let mut out = vec![0; 34];
            out.extend(stream.to_le_bytes());
            out.extend([0; 28]);
            out.extend(name.bytes().chain(*b"\0x.obj\0"));
            out.resize(out.len().next_multiple_of(4), 0);
            out
        };
        let modules = [module("berth.obj", 8), module("* Linker *", u16::MAX)].concat();
        let files = [&[2, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0][..], b"C:\\Tide\\Berth.c\0"].concat();
        let mut head = vec![0; 64];
        head[24..28].copy_from_slice(&(modules.len() as u32).to_le_bytes());
        head[36..40].copy_from_slice(&(files.len() as u32).to_le_bytes());
        let mut compile = [&[0; 22][..], b"Tide Compiler 3.1\0"].concat();
        compile.splice(..0, [(compile.len() + 2) as u8, 0, 0x3c, 0x11]);
        let ids = {
            let record = |kind: u16, content: &[u8]| {
                [&((content.len() + 2) as u16).to_le_bytes()[..], &kind.to_le_bytes(), content].concat()
            };
            let options = record(0x1605, b"\0\0\0\0-c -DBERTH=nine\0");
            let build = record(0x1603, &[&[5, 0][..], &words(&[0x1000; 5])].concat());
            [words(&[20_040_203, 56, 0x1000, 0x1002, 0]), vec![0; 36], options, build].concat()
        };
        let dbi = [head, modules, files].concat();
        let module = [vec![4, 0, 0, 0], compile].concat();
        let natvis = b"<AutoVisualizer/>".to_vec();
        vec![vec![], info, vec![], dbi, ids, header, text.to_vec(), strings, module, natvis]
    }

    #[test]
    fn sources_that_were_put_into_the_file_are_handed_out_wherever_their_blocks_lie() {
        let source = b"int berths = 12; /* nine of them east */\n".repeat(40);
        for scattered in [false, true] {
            let looked = inspect(&Pdb, "a.pdb", &forge::msf(&streams(&source), scattered));
            assert!(
                looked.result.is_ok() && looked.stated.gaps.is_empty(),
                "{:?} {:?}",
                looked.result,
                looked.stated.gaps
            );
            assert_eq!(sources(&looked), [("C:\\Tide\\Berth.c", &source[..])]);
            assert_eq!(text(&looked, "executable.embedded_source"), "yes");
            assert_eq!(looked.stated.facts.int("debug.units"), 1);
            assert_eq!(text(&looked, "debug.compilers"), "Tide Compiler 3.1");
            assert_eq!(
                (looked.stated.facts.int("debug.command_lines"), looked.stated.facts.int("debug.defines")),
                (1, 1)
            );
            assert!(text(&looked, "debug.own_examples").contains("Berth.c"));
        }
    }

    #[test]
    fn damage_anywhere_in_a_pdb_is_survived() {
        let bytes = forge::msf(&streams(&b"int tide;\n".repeat(60)), true);
        for at in (32..bytes.len()).filter(|at| bytes[*at] != 0 || at % 16 == 0) {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&Pdb, "a.pdb", &damaged);
            }
        }
        for end in (msf::MAGIC.len()..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            assert!(inspect(&Pdb, "a.pdb", &bytes[..end]).result.is_err(), "cut off at {end}");
        }
    }

    /// Documents of .NET have a stream each, with their text or, as a rule, without.
    #[test]
    fn documents_without_text_are_named_only() {
        let mut streams = streams(b"x");
        let vendor = b"\xc4\x45\x4b\x99\xe9\xe6\xd2\x11\x90\x3f\x00\xc0\x4f\xa3\x02\xa1";
        let document = [&[0; 16][..], vendor, &[0; 32], &[4, 0, 0, 0, 0, 0, 0, 0], &[1; 4]].concat();
        streams[6] = document.clone();
        let looked = inspect(&Pdb, "a.pdb", &forge::msf(&streams, false));
        assert!(sources(&looked).is_empty() && looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
        assert_eq!(text(&looked, "executable.embedded_source"), "");
        let mut document = document;
        document[68] = 8;
        document.extend([&[0; 4][..], b"tide"].concat());
        streams[6] = document;
        let looked = inspect(&Pdb, "a.pdb", &forge::msf(&streams, false));
        assert_eq!(sources(&looked), [("C:\\Tide\\Berth.c", &b"tide"[..])]);
    }

    #[test]
    fn assemblies_are_no_debug_symbols() {
        assert!(!inspect(&Pdb, "a", b"BSJB\x01\0\x01\0\0\0\0\0\x0c\0\0\0v4.0.30319\0\0").sniffed);
    }
}
