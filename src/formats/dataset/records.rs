//! TFRecord: records behind their length and a checksum of it, and the event files of TensorBoard, which are such records.
//!
//! Follows "TFRecords format details" of the TensorFlow documentation: a 64-bit length, its masked CRC-32C, the data, the data's
//! masked CRC-32C. The first event says `brain.Event:2` (`event.proto`, field 3).

use super::FACTS;
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How many records are counted: each costs a look at another page of the file.
const RECORDS: u64 = 1 << 20;

/// Bytes of a record besides its data.
const FRAME: u64 = 8 + 4 + 4;

/// See the module.
pub struct Records;

/// CRC-32C (Castagnoli) of a few bytes.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0x82f6_3b78 * (crc & 1)));
    !bytes.iter().fold(!0, step)
}

fn masked(bytes: &[u8]) -> u32 {
    crc(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The length of the record at `at`, if its checksum is right.
fn length(bytes: &[u8], at: u64) -> Option<u64> {
    let mut cursor = Cursor::at(bytes, at);
    let digits = cursor.take(8).ok()?;
    (cursor.u32_le().ok()? == masked(digits)).then(|| Cursor::new(digits).u64_le().unwrap_or(0))
}

impl Format for Records {
    fn name(&self) -> &'static str {
        "tfrecord"
    }

    fn summary(&self) -> &'static str {
        "TFRecord data and TensorBoard events: how many records"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // Lengths are far below 2^56, so that the last byte of the first tells most other files.
        probe.head().get(7) == Some(&0) && probe.len() >= FRAME && length(probe.head(), 0).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let size = bytes.len() as u64;
        let events = memchr::memmem::find(&bytes[..bytes.len().min(64)], b"brain.Event:").is_some();
        out.fact("dataset.format", if events { "tfevents" } else { "tfrecord" });
        if events {
            out.fact("dataset.kind", "training log");
        }
        let (mut at, mut rows) = (0, 0u64);
        while at < size && rows < RECORDS {
            let next = length(bytes, at)
                .and_then(|length| at.checked_add(length)?.checked_add(FRAME))
                .filter(|next| *next <= size);
            out.fact("dataset.rows", rows);
            let Some(next) = next else {
                return Err(FormatError::broken(at, "a record is cut off, or its checksum is wrong"));
            };
            (at, rows) = (next, rows + 1);
        }
        out.fact("dataset.rows", rows);
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn record(data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u64).to_le_bytes();
        [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
    }

    #[test]
    fn records_are_counted() {
        assert_eq!(crc(b"123456789"), 0xe306_9283);
        let file = [record(b"one"), record(b""), record(&[7; 300])].concat();
        let looked = inspect(&Records, "x.bin", &file);
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.int("dataset.rows"), 3);
        assert!(matches!(inspect(&Records, "x", &file[..file.len() - 1]).result, Err(FormatError::Broken(_))));
        assert!(!inspect(&Records, "zeros", &[0; 100]).sniffed);
        let events = inspect(&Records, "x", &record(b"\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2"));
        assert_eq!(events.stated.facts.get("dataset.format").unwrap().to_string(), "tfevents");
    }
}
