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
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn msf(content: &[u8]) -> Vec<u8> {
        let mut out = MSF.to_vec();
        for word in [512u32, 1, 2] {
            out.extend(word.to_le_bytes());
        }
        out.extend(content);
        out.resize(1_024, 0);
        out
    }

    fn portable(guid: &[u8]) -> Vec<u8> {
        let mut out = PORTABLE.to_vec();
        out.extend([12, 0, 0, 0]);
        out.extend(*b"PDB v1.0\0\0\0\0\0\0\x01\0");
        out.extend([48, 0, 0, 0, guid.len() as u8, 0, 0, 0]);
        out.extend(*b"#GUID\0\0\0");
        assert_eq!(out.len(), 48);
        out.extend(guid);
        out
    }

    #[test]
    fn both_kinds_are_recognised() {
        let looked = inspect(&Pdb, "a.pdb", &msf(b"/src/files/c:\\a.natvis\0C:\\Users\\jdoe\\a.obj\0"));
        assert!(looked.result.is_ok());
        assert_eq!(text(&looked, "executable.kind"), "debug symbols");
        assert_eq!(looked.stated.facts.int("executable.personal_paths"), 1);
        assert_eq!(text(&looked, "executable.embedded_source"), "");
        assert_eq!(text(&inspect(&Pdb, "a.pdb", &msf(b"/src/files/a.c\0")), "executable.embedded_source"), "yes");
        let looked = inspect(&Pdb, "a.pdb", &portable(EMBEDDED_SOURCE));
        assert!(looked.result.is_ok(), "{:?}", looked.result);
        assert_eq!(text(&looked, "executable.format"), "pdb");
        assert_eq!(text(&looked, "executable.embedded_source"), "yes");
    }

    #[test]
    fn what_is_cut_off_is_noticed() {
        for (bytes, front) in [(msf(b"x"), MSF.len()), (portable(&[7; 16]), 24)] {
            for end in (front..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
                assert!(inspect(&Pdb, "a.pdb", &bytes[..end]).result.is_err(), "cut off at {end}");
            }
        }
        assert!(!inspect(&Pdb, "a", b"BSJB\x01\0\x01\0\0\0\0\0\x0c\0\0\0v4.0.30319\0\0").sniffed);
    }
}
