//! Containers that are recognised but not opened. Each is a gap: whatever lies in them was not seen.

use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Containers that lastlook does not open.
pub struct Unopened;

impl Format for Unopened {
    fn name(&self) -> &'static str {
        "unopened"
    }

    fn summary(&self) -> &'static str {
        "Containers that are recognised but not opened (7z, rar, cab, squashfs, ISO, DMG, xar, lzip, LUKS, MSI \
         and others): each is a gap"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        kind_of(probe).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let Some(kind) = kind_of(&Probe::new(artifact.path.base_name(), &artifact.bytes)) else {
            return Err(FormatError::NotThis);
        };
        out.fact("archive.format", kind.name);
        out.fact("archive.members", 0u64);
        let called = kind.called;
        out.gap(format!("is {called}, which lastlook does not open; unpack it and look at the folder"));
        Ok(Coverage::Part)
    }
}

/// A kind of container.
struct Kind {
    /// The value of `archive.format`.
    name: &'static str,
    /// With its article, for the gap.
    called: &'static str,
    /// Where its mark stands.
    at: usize,
    /// Its mark.
    magic: &'static [u8],
    /// Whether what belongs to the mark makes sense. A mark at the very end of what is there is believed: then the
    /// container is cut off.
    check: fn(&[u8]) -> Result<bool, ReadError>,
}

macro_rules! kinds {
    ($($name:literal, $called:literal, $at:literal, $magic:literal, $check:expr;)*) => {
        &[$(Kind { name: $name, called: $called, at: $at, magic: $magic, check: $check }),*]
    };
}

/// Marks and checks are from the documents of each format: 7zFormat.txt, the RAR 5.0 technote, the MS-CAB and MS-CFB
/// specifications, `squashfs_fs.h`, ECMA-119 and ECMA-167, the xar wiki, the lzip manual, the LUKS
/// on-disk formats.
static KINDS: &[Kind] = kinds! {
    "7z", "a 7z archive", 0, b"7z\xbc\xaf\x27\x1c", |b| Ok(at(b, 6).u8()? == 0);
    "rar", "a RAR archive", 0, b"Rar!\x1a\x07\x00", always;
    "rar", "a RAR archive", 0, b"Rar!\x1a\x07\x01\x00", always;
    "cab", "a cabinet (cab) archive", 0, b"MSCF\0\0\0\0", |b| Ok(at(b, 12).u32_le()? == 0 && at(b, 25).u8()? == 1);
    "squashfs", "a squashfs file system", 0, b"hsqs", squashfs;
    "iso9660", "an ISO 9660 image", 0x8001, b"CD001", |b| {
        Ok(at(b, 0x8006).u8()? == 1 && matches!(at(b, 0x8000).u8()?, 0..=3 | 255))
    };
    "udf", "a UDF image", 0x8001, b"BEA01", |b| Ok(at(b, 0x8006).u8()? == 1 && at(b, 0x8000).u8()? == 0);
    "xar", "a xar archive (pkg)", 0, b"xar!", |b| Ok(at(b, 4).u16_be()? >= 28 && at(b, 6).u16_be()? <= 1);
    "lzip", "an lzip archive", 0, b"LZIP", |b| Ok(at(b, 4).u8()? <= 1 && (12..=29).contains(&(at(b, 5).u8()? & 31)));
    "lzop", "an lzop archive", 0, b"\x89LZO\0\r\n\x1a\n", always;
    "compress", "a compress (.Z) archive", 0, b"\x1f\x9d", |b| {
        // Two bytes are not much of a mark: block mode, 9 to 16 bits a code, and a first code that is a plain byte.
        Ok(matches!(b, [_, _, 0x89..=0x90, _, second, ..] if second & 1 == 0))
    };
    "snappy", "a snappy archive", 0, b"\xff\x06\0\0sNaPpY", always;
    "wim", "a Windows image (wim)", 0, b"MSWIM\0\0\0", always;
    "luks", "an encrypted LUKS volume", 0, b"LUKS\xba\xbe", |b| Ok(matches!(at(b, 6).u16_be()?, 1 | 2));
    "cfb", "a Microsoft compound file (msi, doc, xls)", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", |b| {
        Ok(matches!((at(b, 26).u16_le()?, at(b, 28).u16_le()?, at(b, 30).u16_le()?), (3, 0xfffe, 9) | (4, 0xfffe, 12)))
    };
};

static DMG: Kind =
    Kind { name: "dmg", called: "an Apple disk image (dmg)", at: 0, magic: b"koly\0\0\0\x04\0\0\x02\0", check: always };

fn kind_of(probe: &Probe<'_>) -> Option<&'static Kind> {
    let bytes = probe.all();
    // The block that describes an Apple disk image is its last.
    if bytes.len() > 512 && bytes[bytes.len() - 512..].starts_with(DMG.magic) {
        return Some(&DMG);
    }
    KINDS.iter().find(|kind| probe.has_at(kind.at, kind.magic) && (kind.check)(bytes).unwrap_or(true))
}

fn at(bytes: &[u8], offset: u64) -> Cursor<'_> {
    Cursor::at(bytes, offset)
}

fn always(_: &[u8]) -> Result<bool, ReadError> {
    Ok(true)
}

fn squashfs(bytes: &[u8]) -> Result<bool, ReadError> {
    let mut version = at(bytes, 28);
    match (version.u16_le()?, version.u16_le()?) {
        (4, 0) => {
            let size = at(bytes, 12).u32_le()?;
            let log = u32::from(at(bytes, 22).u16_le()?);
            Ok((12..=20).contains(&log) && size == 1 << log && (1..=6).contains(&at(bytes, 20).u16_le()?))
        }
        (1..=3, minor) => Ok(minor <= 1),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn look(bytes: &[u8]) -> Looked {
        inspect(&Unopened, "a.bin", bytes)
    }

    /// Zeros with these pieces set in.
    fn forge(length: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
        let mut out = vec![0; length];
        for (at, piece) in pieces {
            out[*at..at + piece.len()].copy_from_slice(piece);
        }
        out
    }

    fn samples() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("7z", forge(64, &[(0, b"7z\xbc\xaf\x27\x1c\x00\x04")])),
            ("rar", forge(64, &[(0, b"Rar!\x1a\x07\x01\x00")])),
            ("cab", forge(64, &[(0, b"MSCF"), (24, &[3, 1])])),
            ("squashfs", forge(96, &[(0, b"hsqs"), (12, &[0, 0, 2, 0]), (20, &[1, 0, 17, 0]), (28, &[4, 0, 0, 0])])),
            ("iso9660", forge(0x9000, &[(0x8000, b"\x01CD001\x01")])),
            ("dmg", forge(2_048, &[(1_536, b"koly\0\0\0\x04\0\0\x02\0")])),
            ("xar", forge(64, &[(0, b"xar!\0\x1c\0\x01")])),
            ("lzip", forge(64, &[(0, b"LZIP\x01\x0c")])),
            ("compress", forge(64, &[(0, b"\x1f\x9d\x90a")])),
            ("luks", forge(64, &[(0, b"LUKS\xba\xbe\0\x02")])),
            ("cfb", forge(512, &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), (26, &[3, 0, 0xfe, 0xff, 9, 0])])),
        ]
    }

    #[test]
    fn each_kind_is_a_gap_and_is_searched_as_raw_bytes() {
        for (name, bytes) in samples() {
            let looked = look(&bytes);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{name}");
            assert_eq!(looked.stated.facts.get("archive.format").unwrap().to_string(), name);
            assert_eq!(looked.stated.gaps.len(), 1, "{name}");
            assert!(looked.stated.explained.is_empty());
        }
    }

    #[test]
    fn a_container_that_is_cut_off_is_still_a_gap() {
        for (name, bytes) in samples().into_iter().filter(|(name, _)| !matches!(*name, "dmg" | "iso9660")) {
            for cut in (8..bytes.len()).step_by(97) {
                assert!(look(&bytes[..cut]).sniffed, "{name} {cut}");
            }
        }
    }

    #[test]
    fn words_that_begin_like_a_mark_are_none() {
        for text in ["LZIP is a format", "xar! he cried", "MSCF and CAB", "hsqs is squashfs", "koly", "7z archive"] {
            assert!(!look(text.repeat(40).as_bytes()).sniffed, "{text}");
        }
        assert!(!look(b"\x04\x22\x4d\x18\xff\xff\xff").sniffed);
        assert!(!look(b"\x1f\x9dab and more").sniffed);
    }
}
