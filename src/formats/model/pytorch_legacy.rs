//! PyTorch's files from before version 1.6: five pickles, and the tensors behind them.
//!
//! Format: `_legacy_save` in `torch/serialization.py` of pytorch/pytorch. The pickles are a magic number, the protocol
//! 1001, facts about the machine, the object, and the keys of its storages; each storage is a count in 64 bits and
//! its elements, in the order of the keys.

use super::pickle_machine::walk;
use super::pickle_seen::{Fault, Walk};
use super::pytorch::{add_up, architecture, storage_dtype};
use super::{FACTS, pickle_names};
use crate::bytes::{Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The pickle of 0x1950a86a20f9469cfc6c.
pub(super) const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
const PROTOCOL: u64 = 1001;
const PICKLES: usize = 5;

/// See the module.
pub struct PyTorchLegacy;

impl Format for PyTorchLegacy {
    fn name(&self) -> &'static str {
        "pytorch-legacy"
    }

    fn summary(&self) -> &'static str {
        "Model weights of PyTorch before 1.6: tensors, parameters, and what loading would import."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        out.fact("model.format", "pytorch-legacy");
        out.fact("model.producer", "PyTorch");
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        let mut seen = Walk::default();
        let walked = walk_pickles(&artifact.bytes, &mut seen);
        let weights = add_up(&seen);
        weights.state(out);
        pickle_names::state(&seen.globals, out);
        seen.training.state(out);
        if let Some(name) = architecture(&seen) {
            out.fact("model.architecture", name);
        }
        let end = walked?;
        out.fact("model.version", PROTOCOL.to_string());
        explain_storages(&mut seen, &artifact.bytes, end, out)?;
        Ok(Coverage::Part)
    }
}

/// Walks the pickles and answers where the storages start.
fn walk_pickles<'a>(bytes: &'a [u8], seen: &mut Walk<'a>) -> Result<u64, FormatError> {
    let mut end = MAGIC.len() as u64;
    for pickle in 1..PICKLES {
        let start = end;
        end = walk(bytes, start, seen).map_err(Fault::error)?;
        if pickle == 1 && seen.number != Some(&[0xe9, 0x03]) {
            return Err(FormatError::broken(start, "the protocol of a PyTorch file is not 1001; update lastlook"));
        }
    }
    Ok(end)
}

/// Accounts for the storages, and checks that the file holds them all.
fn explain_storages(
    seen: &mut Walk<'_>,
    bytes: &[u8],
    start: u64,
    out: &mut Inspection<'_>,
) -> Result<(), FormatError> {
    seen.storages.sort_by_key(|storage| storage.key);
    let mut cursor = Cursor::at(bytes, start);
    for storage in &seen.storages {
        let (dtype, size) = storage_dtype(storage.class);
        let from = cursor.offset();
        let count = cursor.u64_le()?;
        if count != storage.elements || size == 0 {
            // The order or the type is unknown: what is left is searched as it is.
            return Ok(());
        }
        let skipped = cursor.skip(count.saturating_mul(size));
        if !matches!(dtype.as_str(), "U8" | "I8") {
            out.explain(from..if skipped.is_ok() { cursor.offset() } else { bytes.len() as u64 });
        }
        skipped?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::model::pickle::Pickle;
    use crate::formats::testing::inspect;

    fn forge() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(b"\x80\x02M\xe9\x03.");
        file.extend(b"\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03u.");
        file.extend(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n");
        file.extend(b"X\x02\x00\x00\x0094X\x03\x00\x00\x00cpuK\x06NtQK\x00K\x06\x85K\x01\x85\x89}tR.");
        file.extend(b"\x80\x02]q\x00X\x02\x00\x00\x0094q\x01a.");
        file.extend(6u64.to_le_bytes());
        file.extend([0x3f; 24]);
        file
    }

    #[test]
    fn tensors_behind_the_pickles_are_counted_and_accounted_for() {
        let file = forge();
        let looked = inspect(&PyTorchLegacy, "pytorch_model.bin", &file);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(looked.stated.facts.int("model.parameters"), 6);
        assert_eq!(looked.stated.facts.int("model.bytes"), 24);
        assert_eq!(looked.stated.explained, vec![file.len() as u64 - 32..file.len() as u64]);
        assert!(!inspect(&Pickle, "a.pkl", &file).sniffed);
    }

    #[test]
    fn a_truncated_file_is_a_gap() {
        let file = forge();
        for length in MAGIC.len()..file.len() {
            let looked = inspect(&PyTorchLegacy, "a", &file[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
        }
    }
}
