//! The weights of Core ML's programs: `weight.bin`, after `MILBlob/Blob/StorageFormat.hpp` of apple/coremltools.
//!
//! A header with a count, then for each blob a record of 64 bytes and its data, all at multiples of 64.

use super::capped::Tensors;
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises files of blobs.
#[derive(Debug)]
pub struct CoreMlBlobs;

/// The mark of a record.
const SENTINEL: [u8; 4] = [0xef, 0xbe, 0xad, 0xde];

/// Bytes of the header and of a record.
const RECORD: u64 = 64;

/// The types of elements by their numbers, and their bits.
const TYPES: [(&str, u64); 18] = [
    ("unknown", 8),
    ("F16", 16),
    ("F32", 32),
    ("U8", 8),
    ("I8", 8),
    ("BF16", 16),
    ("I16", 16),
    ("U16", 16),
    ("I4", 4),
    ("U1", 1),
    ("U2", 2),
    ("U4", 4),
    ("U3", 3),
    ("U6", 6),
    ("I32", 32),
    ("U32", 32),
    ("F8_E4M3", 8),
    ("F8_E5M2", 8),
];

impl Format for CoreMlBlobs {
    fn name(&self) -> &'static str {
        "coreml-weights"
    }

    fn summary(&self) -> &'static str {
        "weights of a Core ML program: blobs, parameters, data types"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.has_at(4, &[2, 0, 0, 0, 0, 0, 0, 0]) && probe.has_at(RECORD as usize, &SENTINEL)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let count = Cursor::new(bytes).u32_le()?;
        out.fact("model.format", "coreml-weights");
        out.fact("model.version", "2");
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        let mut tensors = Tensors::default();
        let end = blobs(bytes, count, &mut tensors);
        tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

fn blobs(bytes: &[u8], count: u32, tensors: &mut Tensors) -> Result<(), FormatError> {
    let mut at = RECORD;
    for _ in 0..count {
        let mut cursor = Cursor::at(bytes, at);
        if cursor.take(4)? != SENTINEL {
            return Err(FormatError::broken(at, "no blob where one should be"));
        }
        let (kind, size, offset) = (cursor.u32_le()?, cursor.u64_le()?, cursor.u64_le()?);
        let (name, bits) = usize::try_from(kind).ok().and_then(|kind| TYPES.get(kind)).unwrap_or(&TYPES[0]);
        tensors.add(name, [size.saturating_mul(8) / bits]);
        if offset < at + RECORD {
            return Err(FormatError::broken(at, "the data of a blob overlaps what is before it"));
        }
        let data = Cursor::at(bytes, offset).take_u64(size)?;
        tensors.data(data, offset);
        at = offset.saturating_add(size).checked_next_multiple_of(RECORD).unwrap_or(u64::MAX);
    }
    Ok(())
}
