//! PHP archives (PHP manual, "Phar file format"): a script that ends in `__HALT_COMPILER();`, the manifest, the files one
//! after the other, and a signature. Archives that use tar or zip inside are read as those.

use bzip2::read::BzDecoder;
use flate2::read::DeflateDecoder;
use memchr::memmem;

use super::tally::Tally;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// PHP archives.
pub struct Phar;

const HALT: &[u8] = b"__HALT_COMPILER();";
/// The mark behind the signature.
const SIGNED: &[u8] = b"GBMB";
const SIGNED_FLAG: u32 = 0x1_0000;
const DEFLATED: u32 = 0x1000;
const BZIPPED: u32 = 0x2000;
/// No script in front is longer; a manifest may be 100 MB long by the manual.
const MOST_STUB: usize = 1 << 20;
/// The fixed parts of an entry: lengths, sizes, time, checksum, flags.
const ENTRY: u64 = 28;

static FACTS: &[FactSpec] = &[
    super::FACTS[0],
    super::FACTS[1],
    FactSpec { name: "phar.version", kind: FactType::Text, doc: "The version of the format that a PHP archive uses" },
    FactSpec { name: "phar.alias", kind: FactType::Text, doc: "The name under which a PHP archive addresses itself" },
    FactSpec {
        name: "phar.signature",
        kind: FactType::Text,
        doc: "How a PHP archive is signed: md5, sha1, sha256, sha512, openssl, other or none",
    },
    FactSpec { name: "phar.compressed", kind: FactType::Int, doc: "Number of compressed members of a PHP archive" },
    FactSpec { name: "phar.metadata_bytes", kind: FactType::Int, doc: "Bytes of serialized metadata in its manifest" },
];

impl Format for Phar {
    fn name(&self) -> &'static str {
        "phar"
    }

    fn summary(&self) -> &'static str {
        "PHP archives: hands out every file, plain, deflated or bzip2; the script in front is searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let script = probe.starts_with(b"<?") || probe.starts_with(b"#!");
        let signed = || probe.tail().ends_with(SIGNED);
        script && (signed() || memmem::find(probe.head(), HALT).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let start = manifest(bytes).ok_or(FormatError::NotThis)?;
        let mut cursor = Cursor::at(bytes, start as u64);
        let Some(header) = Header::read(&mut cursor) else { return Err(FormatError::NotThis) };
        header.state(bytes, out);
        let mut tally = Tally::new(artifact, out, "phar");
        let result = members(&header, &mut cursor, &mut tally);
        tally.finish(result)
    }
}

/// Where the manifest starts: behind the call, and what may close the script.
fn manifest(bytes: &[u8]) -> Option<usize> {
    let stub = &bytes[..bytes.len().min(MOST_STUB)];
    // The last call counts: the script may speak of it before.
    memmem::find_iter(stub, HALT).find_map(|at| {
        let mut at = at + HALT.len();
        for close in [&b" "[..], b"\n", b"?>", b"\r", b"\n"] {
            if bytes.get(at..)?.starts_with(close) {
                at += close.len();
            }
        }
        let mut cursor = Cursor::at(bytes, at as u64);
        Header::read(&mut cursor).map(|_| at)
    })
}

struct Header {
    end: u64,
    count: u32,
    version: u16,
    flags: u32,
    alias: String,
    metadata: u32,
}

impl Header {
    /// The fixed part, if what stands here can be a manifest.
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let length = u64::from(cursor.u32_le().ok()?);
        let end = cursor.offset().checked_add(length)?;
        let count = cursor.u32_le().ok()?;
        let version = cursor.u16_be().ok()?;
        let flags = cursor.u32_le().ok()?;
        let alias = cursor.u32_le().ok()?;
        // 1.0.0 and 1.1.x, four bits each; nothing else was ever written.
        let fits = (0x1000..0x1200).contains(&version) && length >= 18 && alias <= 0x1000;
        if !fits || u64::from(count).checked_mul(ENTRY)? > length {
            return None;
        }
        let alias = String::from_utf8_lossy(cursor.take_u64(u64::from(alias)).ok()?).into_owned();
        let metadata = cursor.u32_le().ok()?;
        cursor.skip(u64::from(metadata)).ok()?;
        Some(Header { end, count, version, flags, alias, metadata })
    }

    fn state(&self, bytes: &[u8], out: &mut Inspection<'_>) {
        let part = |shift: u16| (self.version >> shift) & 0xf;
        out.fact("phar.version", format!("{}.{}.{}", part(12), part(8), part(4)));
        out.fact("phar.alias", self.alias.chars().take(200).collect::<String>());
        out.fact("phar.metadata_bytes", self.metadata);
        let kind = bytes.strip_suffix(SIGNED).filter(|_| self.flags & SIGNED_FLAG != 0);
        let kind = kind.and_then(|bytes| Cursor::at(bytes, bytes.len() as u64 - 4).u32_le().ok());
        let signature = match kind {
            None => "none",
            Some(1) => "md5",
            Some(2) => "sha1",
            Some(3) => "sha256",
            Some(4) => "sha512",
            Some(0x10..=0x12) => "openssl",
            Some(_) => "other",
        };
        out.fact("phar.signature", signature);
    }
}

fn members(header: &Header, list: &mut Cursor<'_>, tally: &mut Tally<'_, '_>) -> Result<(), FormatError> {
    let mut compressed = 0u64;
    let mut contents = list.clone();
    let cut_off = contents.skip(header.end.saturating_sub(contents.offset())).is_err();
    let mut result = Ok(());
    for _ in 0..header.count {
        let entry = match Entry::read(list, header.end) {
            Ok(entry) => entry,
            Err(error) => {
                result = Err(error.into());
                break;
            }
        };
        let start = contents.offset();
        if entry.flags & (DEFLATED | BZIPPED) == 0 {
            if entry.name.ends_with(b"/") && entry.packed == 0 {
                continue;
            }
            tally.stored(entry.name, usize::try_from(start).unwrap_or(usize::MAX), entry.packed)?;
        } else {
            compressed += 1;
            entry.unpack(contents.clone(), tally)?;
        }
        if contents.skip(entry.packed).is_err() {
            result = Err(FormatError::broken(start, "the file ends inside its files; build the archive again"));
            break;
        }
    }
    tally.out.fact("phar.compressed", compressed);
    if cut_off && result.is_ok() {
        result = Err(FormatError::broken(header.end, "the file ends inside its manifest; build the archive again"));
    }
    result
}

struct Entry<'a> {
    name: &'a [u8],
    size: u64,
    packed: u64,
    flags: u32,
}

impl<'a> Entry<'a> {
    fn read(cursor: &mut Cursor<'a>, end: u64) -> Result<Self, ReadError> {
        let name = cursor.u32_le()?;
        let name = cursor.take_u64(u64::from(name))?;
        let size = u64::from(cursor.u32_le()?);
        cursor.skip(4)?; // time
        let packed = u64::from(cursor.u32_le()?);
        cursor.skip(4)?; // checksum
        let flags = cursor.u32_le()?;
        let metadata = cursor.u32_le()?;
        cursor.skip(u64::from(metadata))?;
        if cursor.offset() > end {
            return Err(cursor.error("its list of files is longer than the manifest; build the archive again"));
        }
        Ok(Entry { name, size, packed, flags })
    }

    fn unpack(&self, contents: Cursor<'_>, tally: &mut Tally<'_, '_>) -> Result<(), FormatError> {
        let start = usize::try_from(contents.offset()).unwrap_or(usize::MAX);
        let rest = contents.rest();
        let stored = &rest[..rest.len().min(usize::try_from(self.packed).unwrap_or(usize::MAX))];
        let name = String::from_utf8_lossy(self.name).chars().take(1_000).collect::<String>();
        let (bytes, whole) = if self.flags & DEFLATED != 0 {
            tally.out.inflate(&name, DeflateDecoder::new(stored), self.size)
        } else {
            tally.out.inflate(&name, BzDecoder::new(stored), self.size)
        };
        tally.member(self.name, bytes)?;
        if whole {
            tally.explain(start..start + stored.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn word(number: usize) -> [u8; 4] {
        (number as u32).to_le_bytes()
    }

    /// An archive of these files, each with its name, flags, size and stored bytes.
    fn forged(files: &[(&str, u32, usize, Vec<u8>)], signed: bool) -> Vec<u8> {
        let flags = if signed { SIGNED_FLAG } else { 0 };
        let mut list = [&word(files.len())[..], &[0x11, 0], &flags.to_le_bytes(), &word(4), b"tide", &word(0)].concat();
        for (name, flags, size, stored) in files {
            list.extend([&word(name.len())[..], name.as_bytes(), &word(*size), &[0; 4], &word(stored.len())].concat());
            list.extend([[0; 4], flags.to_le_bytes(), [0; 4]].concat());
        }
        let mut out = b"#!/usr/bin/env php\n<?php require 'phar://tide'; __HALT_COMPILER(); ?>\r\n".to_vec();
        out.extend([&word(list.len())[..], &list].concat());
        files.iter().for_each(|(.., stored)| out.extend(stored));
        if signed {
            out.extend([&[7; 32][..], &word(3), SIGNED].concat());
        }
        out
    }

    fn archive() -> Vec<u8> {
        let text = b"words of the harbour ".repeat(20);
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        deflated.write_all(&text).unwrap();
        let mut bzipped = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzipped.write_all(&text).unwrap();
        let (deflated, bzipped) = (deflated.finish().unwrap(), bzipped.finish().unwrap());
        let plain = b"<?php // plain".to_vec();
        let files = [("index.php", 0o644, 14, plain), ("a", DEFLATED, 420, deflated), ("b", BZIPPED, 420, bzipped)];
        forged(&files, true)
    }

    #[test]
    fn every_file_is_handed_out() {
        let looked = inspect(&Phar, "tide.phar", &archive());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let text = b"words of the harbour ".repeat(20);
        let members: Vec<_> = looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect();
        assert_eq!(members, [("index.php", &b"<?php // plain"[..]), ("a", &text), ("b", &text)]);
        let text = |name| looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default();
        assert_eq!((text("phar.version"), text("phar.alias")), ("1.1.0".into(), "tide".into()));
        assert_eq!((text("phar.signature"), text("phar.compressed")), ("sha256".into(), "2".into()));
    }

    #[test]
    fn what_is_cut_off_is_a_gap_and_a_script_is_no_archive() {
        let whole = archive();
        let start = memmem::find(&whole, b"?>").unwrap();
        for end in start + 30..whole.len() - 40 {
            let looked = inspect(&Phar, "tide.phar", &whole[..end]);
            assert!(looked.result.is_err() || !looked.stated.gaps.is_empty(), "cut off at {end}");
        }
        let script = b"<?php echo 1; __HALT_COMPILER(); data that an installer carries along, at some length";
        let looked = inspect(&Phar, "install.php", script);
        assert!(matches!(looked.result, Err(FormatError::NotThis)));
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = inspect(&Phar, "tide.phar", &damaged);
        }
    }
}
