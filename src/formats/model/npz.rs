//! Several NumPy arrays in a zip: `.npz`.
//!
//! Format: `numpy.savez` of NumPy. Every member is an array and ends in `.npy`. The zip format hands the members out.

use super::numpy::{Header, MAGIC};
use super::weights::Weights;
use super::{FACTS, zip_names};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Bytes of an array that are enough for its header: 64 KiB is the most that version 1 allows, and nobody needs it.
const HEADER_BYTES: u64 = 4 << 10;

/// See the module.
pub struct Npz;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "npz"
    }

    fn summary(&self) -> &'static str {
        "NumPy arrays in a zip (.npz): their number, types and sizes."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        zip_names::first_name(probe.head()).is_some_and(|name| name.ends_with(b".npy"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let entries = zip_names::entries(&artifact.bytes)?;
        if entries.is_empty() || entries.iter().any(|entry| !entry.name.ends_with(".npy")) {
            return Err(FormatError::NotThis);
        }
        let mut weights = Weights::default();
        let mut encrypted = false;
        for entry in &entries {
            encrypted |= entry.encrypted;
            let content = entry.content(&artifact.bytes, HEADER_BYTES).unwrap_or_default();
            match Header::read(&content) {
                Ok(header) if content.starts_with(MAGIC) => weights.add(&header.dtype, header.elements, entry.size),
                _ => weights.add("", 0, entry.size),
            }
        }
        out.fact("model.format", "npz");
        out.fact("model.weights", "inside");
        out.fact("model.protection", if encrypted { "encrypted" } else { "plain" });
        if encrypted {
            out.fact("model.encryption", "zip");
        }
        weights.state(out);
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::model::numpy::tests::forge as array;
    use crate::formats::model::zip_names::tests::forge as zip;
    use crate::formats::testing::inspect;

    #[test]
    fn arrays_are_added_up() {
        let (a, b) = (array("'<f4'", "(4, 6)", 96), array("'<f2'", "(7,)", 14));
        let looked = inspect(&Npz, "a.bin", &zip(&[("a.npy", &a), ("b.npy", &b)], false));
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.stated.facts.int("model.parameters"), 31);
        assert_eq!(looked.stated.facts.int("model.tensors"), 2);
        assert_eq!(looked.stated.facts.get("model.dtypes").unwrap().to_string(), "F16, F32");
        assert_eq!(looked.stated.facts.get("model.protection").unwrap().to_string(), "plain");
        let locked = inspect(&Npz, "a.npz", &zip(&[("a.npy", &a)], true));
        assert_eq!(locked.stated.facts.get("model.protection").unwrap().to_string(), "encrypted");
    }

    #[test]
    fn a_zip_with_other_members_is_not_one_and_a_truncated_one_is_a_gap() {
        let a = array("'<f4'", "(4, 6)", 96);
        let skops = zip(&[("1.npy", &a), ("schema.json", b"{}")], false);
        assert!(matches!(inspect(&Npz, "a.skops", &skops).result, Err(FormatError::NotThis)));
        let whole = zip(&[("a.npy", &a), ("b.npy", &a)], false);
        for length in (0..whole.len()).step_by(97) {
            assert!(inspect(&Npz, "a.npz", &whole[..length]).result.is_err(), "{length}");
        }
    }
}
