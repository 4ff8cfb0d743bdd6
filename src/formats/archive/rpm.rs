//! RPM packages (rpm.org, "RPM V4 Package format"): the compressed payload is handed out, the header with its scripts,
//! descriptions and change log is searched as it is.

use super::tally::Tally;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

const MAGIC: &[u8] = b"\xed\xab\xee\xdb";
const LEAD: u64 = 96;
const HEADER_MAGIC: &[u8] = b"\x8e\xad\xe8\x01";
/// `RPMTAG_PAYLOADCOMPRESSOR`.
const COMPRESSOR: u32 = 1125;

/// RPM packages.
pub struct Rpm;

impl Format for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn summary(&self) -> &'static str {
        "RPM packages: hands out the payload; headers and scripts are searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The major version of the lead, and its type: binary or source package.
        probe.starts_with(MAGIC)
            && matches!(probe.head().get(4), Some(3 | 4))
            && matches!(probe.head().get(6..8), Some([0, 0 | 1]) | None)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut tally = Tally::new(artifact, out, "rpm");
        let result = read(&artifact.bytes, &mut tally);
        tally.finish(result)
    }
}

fn read(bytes: &[u8], tally: &mut Tally<'_, '_>) -> Result<(), FormatError> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(LEAD)?;
    // The signature is a header too, padded to eight bytes.
    header(&mut cursor)?;
    let padding = cursor.offset().next_multiple_of(8) - cursor.offset();
    cursor.skip(padding)?;
    let compressor = header(&mut cursor)?;
    let payload = cursor.rest();
    if payload.is_empty() {
        return Err(cursor.error("the payload is missing; build the package again").into());
    }
    let start = cursor.offset() as usize;
    if !opens(payload) {
        let kind = String::from_utf8_lossy(compressor);
        tally.member_gap(
            b"payload",
            format!("it is compressed with {kind:?}, which lastlook does not open; unpack it and look at the folder"),
        );
    }
    tally.stored(b"payload", start, payload.len() as u64)?;
    Ok(())
}

/// Reads a header. Answers with the name of the payload's compressor, if the header gives one.
fn header<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ReadError> {
    let start = cursor.clone();
    if cursor.take(4)? != HEADER_MAGIC {
        return Err(start.error("a header is damaged; build the package again"));
    }
    cursor.skip(4)?;
    let (entries, size) = (cursor.u32_be()?, cursor.u32_be()?);
    let index = cursor.take_u64(u64::from(entries) * 16)?;
    let store = cursor.take_u64(u64::from(size))?;
    let mut compressor: &[u8] = b"gzip";
    for entry in index.chunks_exact(16) {
        let mut entry = Cursor::new(entry);
        let (tag, _kind, offset) = (entry.u32_be()?, entry.u32_be()?, entry.u32_be()?);
        if tag == COMPRESSOR {
            let text = Cursor::at(store, u64::from(offset)).rest();
            compressor = &text[..memchr::memchr(0, &text[..text.len().min(32)]).unwrap_or(0)];
        }
    }
    Ok(compressor)
}

/// Whether some format recognises the payload: gzip, bzip2, xz, zstd, or cpio as it is.
fn opens(payload: &[u8]) -> bool {
    [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"0707"]
        .iter()
        .any(|magic| payload.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn forge(compressor: &str, payload: &[u8]) -> Vec<u8> {
        let section = |entries: &[(u32, u32)], store: &[u8]| {
            let mut out = [HEADER_MAGIC, &[0; 4]].concat();
            out.extend_from_slice(&(entries.len() as u32).to_be_bytes());
            out.extend_from_slice(&(store.len() as u32).to_be_bytes());
            for (tag, offset) in entries {
                for value in [*tag, 6, *offset, 1] {
                    out.extend_from_slice(&value.to_be_bytes());
                }
            }
            out.extend_from_slice(store);
            out
        };
        let mut out = vec![0; LEAD as usize];
        out[..6].copy_from_slice(b"\xed\xab\xee\xdb\x03\x00");
        out.extend(section(&[(1_000, 0)], b"signature\0"));
        out.resize(out.len().next_multiple_of(8), 0);
        out.extend(section(&[(1_024, 0), (COMPRESSOR, 8)], format!("script\0\0{compressor}\0").as_bytes()));
        out.extend_from_slice(payload);
        out
    }

    fn look(bytes: &[u8]) -> Looked {
        inspect(&Rpm, "a.rpm", bytes)
    }

    #[test]
    fn the_payload_is_handed_out_and_the_headers_stay_to_be_searched() {
        let bytes = forge("zstd", b"\x28\xb5\x2f\xfdframe");
        let looked = look(&bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.members[0].path.logical(), "payload");
        assert_eq!(&looked.members[0].bytes[..], b"\x28\xb5\x2f\xfdframe");
        let payload = bytes.len() as u64 - 9..bytes.len() as u64;
        assert!(looked.stated.explained.iter().eq([&payload]));
        assert!(looked.stated.gaps.is_empty());
    }

    #[test]
    fn a_payload_that_nobody_opens_is_a_gap() {
        let looked = look(&forge("lzma", b"\x5d\0\0\x80\0data"));
        assert_eq!(looked.stated.gaps.len(), 1);
        assert!(looked.stated.gaps[0].reason.contains("\"lzma\""));
    }

    #[test]
    fn cut_off_packages_leave_a_gap() {
        let whole = forge("gzip", &[&b"\x1f\x8b"[..], &[0; 300]].concat());
        let payload = whole.len() - 302;
        for cut in (5..=payload).step_by(97).chain([payload]) {
            assert!(matches!(look(&whole[..cut]).result, Err(FormatError::Broken(_))), "{cut}");
        }
        // A payload that is cut off is the affair of whoever decompresses it.
        assert_eq!(look(&whole[..payload + 97]).members.len(), 1);
    }
}
