//! V8's code cache (`src/snapshot/code-serializer.h`, `SerializedCodeData`): what bytenode writes as `.jsc`, and what
//! Node and Electron keep to start faster.

use super::Common;
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Code caches.
pub struct V8Cache;

/// Half of the source hash that says whether the source was a module.
const MODULE: u32 = 0x8000_0000;
/// Magic number, version, source, flags, length and checksum: the least that any version has.
const HEADER: u64 = 24;

static FACTS: &[FactSpec] = &[
    super::FACTS[0],
    super::FACTS[1],
    super::FACTS[4],
    super::FACTS[5],
    FactSpec {
        name: "bytecode.source_length",
        kind: FactType::Int,
        doc: "Number of characters of the source that a code cache was made of, with what Node puts around a module",
    },
];

impl Format for V8Cache {
    fn name(&self) -> &'static str {
        "v8-code-cache"
    }

    fn summary(&self) -> &'static str {
        "code caches of V8 (bytenode's .jsc): the version and the length of the source; all texts are searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        // The number counts the references to outside that the version knows: some hundreds or a few thousand.
        let magic = probe.has_at(2, b"\xde\xc0") && head.get(1).is_some_and(|high| (1..0x20).contains(high));
        magic && lengths(head, probe.len()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::at(&artifact.bytes, 4);
        let (version, source) = (cursor.u32_le()?, cursor.u32_le()?);
        let Some(end) = lengths(&artifact.bytes, artifact.bytes.len() as u64) else { return Err(FormatError::NotThis) };
        let version = format!("hash {version:08x}");
        Common { kind: "v8-code-cache", version, source: None, stripped: None }.state(&artifact.bytes, out);
        out.fact("bytecode.source_length", source & !MODULE);
        if end > artifact.bytes.len() as u64 {
            return Err(FormatError::broken(
                artifact.bytes.len() as u64,
                "the file ends before its payload; build it again",
            ));
        }
        Ok(Coverage::Part)
    }
}

/// Where the payload ends. Newer versions have a checksum of the snapshot before its length.
fn lengths(head: &[u8], whole: u64) -> Option<u64> {
    let mut cursor = Cursor::at(head, 16);
    let words = [cursor.u32_le().ok()?, cursor.u32_le().ok()?];
    let ends = [HEADER, HEADER + 4].into_iter().zip(words).map(|(header, length)| {
        // The header is padded to eight bytes, and so is the payload.
        (header.next_multiple_of(8) + u64::from(length), length)
    });
    let mut ends = ends.filter(|(_, length)| *length > 0);
    let exact = ends.clone().find(|(end, _)| (*end..end + 16).contains(&whole));
    // What was cut off is a little longer than what is there, and not wildly so.
    exact
        .or_else(|| ends.find(|(end, length)| *length < 1 << 30 && *end > whole && *end < whole.saturating_mul(64)))
        .map(|(end, _)| end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn cache(snapshot: bool) -> Vec<u8> {
        let payload = b"evalmachine.<anonymous> words of the harbour....";
        let mut words = vec![0xc0de_05cc, 0x00e4_c20b, 0xc5 | MODULE, 0xaa2e_21e5];
        words.extend(snapshot.then_some(7));
        words.extend([payload.len() as u32, 0x9f3a_0009]);
        words.resize(words.len().next_multiple_of(2), 0);
        [words.into_iter().flat_map(u32::to_le_bytes).collect(), payload.to_vec()].concat()
    }

    #[test]
    fn the_header_is_read() {
        for bytes in [cache(false), cache(true)] {
            let looked = inspect(&V8Cache, "tide.jsc", &bytes);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            assert_eq!(looked.stated.facts.int("bytecode.source_length"), 0xc5);
            let looked = inspect(&V8Cache, "tide.jsc", &bytes[..bytes.len() - 20]);
            assert!(looked.sniffed && looked.result.is_err());
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0xff;
                let _ = inspect(&V8Cache, "tide.jsc", &damaged);
            }
        }
        assert!(!inspect(&V8Cache, "a", b"\xcc\x05\xde\xc0 and nothing that a cache would have").sniffed);
    }
}
