//! FAISS: four letters, the dimension, the number of vectors, and two numbers that once meant something.
//!
//! Follows `faiss/impl/index_write.cpp`: `write_index_header` writes 2^20 twice, which no other file has there.

use super::super::FACTS;
use super::{DIMENSIONS, index};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The two numbers, little-endian, at 16.
const DUMMIES: &[u8] = b"\0\0\x10\0\0\0\0\0\0\0\x10\0\0\0\0\0";

/// The letters of the common kinds, and the class that each stands for.
const KINDS: &[(&[u8; 4], &str)] = &[
    (b"IxF2", "IndexFlatL2"),
    (b"IxFI", "IndexFlatIP"),
    (b"IxFl", "IndexFlat"),
    (b"IHNf", "IndexHNSWFlat"),
    (b"IHNp", "IndexHNSWPQ"),
    (b"IHNs", "IndexHNSWSQ"),
    (b"IwFl", "IndexIVFFlat"),
    (b"IwPQ", "IndexIVFPQ"),
    (b"IwSq", "IndexIVFScalarQuantizer"),
    (b"IxMp", "IndexIDMap"),
    (b"IxM2", "IndexIDMap2"),
    (b"IxPq", "IndexPQ"),
    (b"IxPT", "IndexPreTransform"),
    (b"IxSQ", "IndexScalarQuantizer"),
    (b"IxHe", "IndexLSH"),
];

/// See the module.
pub struct Faiss;

impl Format for Faiss {
    fn name(&self) -> &'static str {
        "faiss"
    }

    fn summary(&self) -> &'static str {
        "FAISS index: its kind, how many vectors, of how many dimensions"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(b"I") && probe.has_at(16, DUMMIES) && probe.head()[..4].iter().all(u8::is_ascii_alphanumeric)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut cursor = Cursor::at(bytes, 4);
        let (dimensions, vectors, trained) =
            (u64::from(cursor.u32_le()?), cursor.u64_le()?, Cursor::at(bytes, 32).u8()?);
        if dimensions > DIMENSIONS || trained > 1 {
            return Err(FormatError::NotThis);
        }
        index(out, "faiss", vectors, dimensions, bytes.len() as u64);
        out.fact("model.producer", "FAISS");
        if let Some((_, class)) = KINDS.iter().find(|(mark, _)| bytes.starts_with(&mark[..])) {
            out.fact("model.architecture", *class);
        }
        // A flat index is its vectors and nothing else.
        let flat = bytes.starts_with(b"IxF2") || bytes.starts_with(b"IxFI");
        let wanted = vectors.saturating_mul(dimensions).saturating_mul(4);
        if flat && wanted > bytes.len() as u64 {
            return Err(FormatError::broken(bytes.len() as u64, "the index is cut off before its last vector"));
        }
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn an_index_that_is_cut_off_is_broken() {
        let mut file =
            [b"IxF2".as_slice(), &4u32.to_le_bytes(), &3u64.to_le_bytes(), DUMMIES, &[1, 1, 0, 0, 0]].concat();
        file.extend(12u64.to_le_bytes());
        assert!(matches!(inspect(&Faiss, "a.index", &file).result, Err(FormatError::Broken(_))));
        file.extend([0x3f; 48]);
        let looked = inspect(&Faiss, "a", &file);
        assert!(looked.result.is_ok());
        assert_eq!((looked.stated.facts.int("model.vectors"), looked.stated.facts.int("model.features")), (3, 4));
        assert!(!inspect(&Faiss, "a.index", b"IxF2 and so on, for more than thirty-two bytes").sniffed);
    }
}
