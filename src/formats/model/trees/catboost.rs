//! CatBoost: `CBM1`, the size of a FlatBuffer, the FlatBuffer, and tables of categories behind it.
//!
//! Follows `catboost/libs/model/flatbuffers/model.fbs`: `TModelCore` holds the version of the format, the trees and a list of
//! texts, among them the parameters of the training.

use super::super::flatbuffer::Table;
use super::super::{FACTS, clip};
use super::state;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// More texts than any model has about itself.
const TEXTS: u32 = 1000;

/// See the module.
pub struct CatBoost;

impl Format for CatBoost {
    fn name(&self) -> &'static str {
        "catboost"
    }

    fn summary(&self) -> &'static str {
        "CatBoost model (cbm): version, trees, leaves, and how it was trained"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        // The root of the FlatBuffer lies at its start.
        probe.starts_with(b"CBM1")
            && Cursor::at(head, 8).u32_le().is_ok_and(|root| root % 4 == 0 && (8..4096).contains(&root))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut cursor = Cursor::at(bytes, 4);
        let size = cursor.u32_le()?;
        state(out, "catboost", "CatBoost", bytes.len() as u64);
        let core = cursor.take_u64(size.into())?;
        let root = Table::root(core)?;
        super::text(out, "model.version", Some(root.block(0)?.0));
        texts(&root, out)?;
        if let Some(trees) = root.table(1)? {
            out.fact("model.trees", trees.scalars(2, 4)?.len());
            let features = trees.tables(4)?.len().saturating_add(trees.tables(5)?.len());
            out.fact("model.features", features);
            out.fact("model.parameters", trees.scalars(8, 8)?.len());
        }
        Ok(Coverage::Part)
    }
}

/// The list of texts: the version of the library, and the parameters as JSON.
fn texts(root: &Table<'_>, out: &mut Inspection<'_>) -> Result<(), ReadError> {
    let list = root.tables(2)?;
    let mut training = Vec::new();
    for index in 0..list.len().min(TEXTS) {
        let entry = list.table(index)?;
        let (key, value) = (entry.block(0)?.0, entry.block(1)?.0);
        if matches!(key, b"train_finish_time" | b"params" | b"training") && !value.is_empty() {
            training.push(clip(&format!("{}: {}", String::from_utf8_lossy(key), String::from_utf8_lossy(value))));
        }
    }
    if !training.is_empty() {
        out.fact("model.training", training);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn what_only_begins_like_one_is_none_or_broken() {
        assert!(!inspect(&CatBoost, "a.cbm", b"CBM1 is a mark").sniffed);
        let cut = [b"CBM1".as_slice(), &100u32.to_le_bytes(), &16u32.to_le_bytes()].concat();
        assert!(matches!(inspect(&CatBoost, "a.cbm", &cut).result, Err(FormatError::Broken(_))));
    }
}
