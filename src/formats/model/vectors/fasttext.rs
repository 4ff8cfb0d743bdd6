//! fastText: arguments, the dictionary with every word in clear, and two matrices.
//!
//! Follows `src/fasttext.cc`, `args.cc`, `dictionary.cc` and `densematrix.cc`: the number 793712314, version 11 or 12, twelve
//! 32-bit arguments and a float; the size of the dictionary, words, labels, tokens and pruned entries; the entries; then
//! for either matrix whether it is quantised, and its shape.

use super::super::FACTS;
use super::super::weights::Weights;
use super::DIMENSIONS;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

const MAGIC: [u8; 4] = 793_712_314u32.to_le_bytes();

/// How many bytes of the dictionary are walked to reach the matrices. Those of large languages have some 50 MB.
const WALKED: u64 = 256 << 20;

/// See the module.
pub struct FastText;

impl Format for FastText {
    fn name(&self) -> &'static str {
        "fasttext"
    }

    fn summary(&self) -> &'static str {
        "fastText model: kind, words, dimensions and matrices; the words are searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let version = Cursor::at(probe.head(), 4).u32_le();
        let dimensions = Cursor::at(probe.head(), 8).u32_le();
        probe.starts_with(&MAGIC)
            && version.is_ok_and(|version| (11..=12).contains(&version))
            && dimensions.is_ok_and(|dimensions| (1..=DIMENSIONS).contains(&u64::from(dimensions)))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut cursor = Cursor::at(bytes, 4);
        let version = cursor.u32_le()?;
        let dimensions = cursor.u32_le()?;
        out.fact("model.format", "fasttext");
        out.fact("model.version", version.to_string());
        out.fact("model.producer", "fastText");
        out.fact("model.features", dimensions);
        out.fact("model.bytes", bytes.len() as u64);
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        let kind = Cursor::at(bytes, 8 + 7 * 4).u32_le()?;
        if let Some(kind) = [(1, "cbow"), (2, "skipgram"), (3, "supervised")].iter().find(|one| one.0 == kind) {
            out.fact("model.architecture", kind.1);
        }
        let mut cursor = Cursor::at(bytes, 8 + 12 * 4 + 8);
        let (entries, words) = (cursor.u32_le()?, cursor.u32_le()?);
        out.fact("model.vectors", words);
        matrices(&mut cursor, entries, out)?;
        Ok(Coverage::Part)
    }
}

/// Walks the dictionary, and states the matrices behind it.
fn matrices(cursor: &mut Cursor<'_>, entries: u32, out: &mut Inspection<'_>) -> Result<(), ReadError> {
    cursor.skip(4 + 8)?;
    let pruned = cursor.u64_le()?;
    let start = cursor.offset();
    for _ in 0..entries {
        let rest = cursor.rest();
        let end =
            memchr::memchr(0, &rest[..rest.len().min(1 << 16)]).ok_or_else(|| cursor.error("a word has no end"))?;
        cursor.skip(end as u64 + 1 + 8 + 1)?;
        if cursor.offset() - start > WALKED {
            return Ok(());
        }
    }
    // -1 stands for none.
    if pruned != u64::MAX {
        cursor.skip(pruned.saturating_mul(8))?;
    }
    let mut weights = Weights::default();
    for _ in 0..2 {
        if cursor.u8()? != 0 {
            // The shape of a quantised matrix lies among its codes.
            out.fact("model.quantisation", "product quantisation");
            return Ok(());
        }
        let (rows, columns) = (cursor.u64_le()?, cursor.u64_le()?);
        let elements = rows.saturating_mul(columns);
        weights.add("F32", elements, elements.saturating_mul(4));
        cursor.skip(elements.saturating_mul(4))?;
    }
    weights.state(out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn a_model_that_is_cut_off_is_broken() {
        let mut file = [MAGIC, 12u32.to_le_bytes(), 10u32.to_le_bytes()].concat();
        file.resize(100, 3);
        assert!(matches!(inspect(&FastText, "a.bin", &file).result, Err(FormatError::Broken(_))));
        file[8..12].copy_from_slice(&[0xff; 4]);
        assert!(!inspect(&FastText, "a.bin", &file).sniffed);
    }
}
