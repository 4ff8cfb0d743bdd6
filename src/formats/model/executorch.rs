//! ExecuTorch programs (`.pte`): PyTorch models for devices, a FlatBuffer with segments of data behind it.
//!
//! Format: `schema/program.fbs` and `runtime/executor/program.h` of pytorch/executorch. The identifier is `ET` and two
//! digits at offset 4; an extended header (`eh00`) at offset 8 says where the segments start.

use super::flatbuffer::Table;
use super::weights::{Weights, elements};
use super::{FACTS, capped};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The root table follows the header; anything further away is some other file with these bytes.
const ROOT_BEFORE: u32 = 4 << 10;
/// More than this of anything is no program.
const MOST: u32 = 1 << 20;
/// More dimensions than any tensor has.
const DIMENSIONS: u32 = 32;
/// The member `Tensor` of the union of values.
const TENSOR: u8 = 5;

/// See the module.
pub struct ExecuTorch;

impl Format for ExecuTorch {
    fn name(&self) -> &'static str {
        "executorch"
    }

    fn summary(&self) -> &'static str {
        "An ExecuTorch program (.pte): constant tensors, segments of weights, and the backends that they are made for."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        match probe.head() {
            [a, b, c, d, b'E', b'T', b'0'..=b'9', b'0'..=b'9', ..] => {
                let root = u32::from_le_bytes([*a, *b, *c, *d]);
                root % 4 == 0 && (8..ROOT_BEFORE).contains(&root)
            }
            _ => false,
        }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        out.fact("model.format", "executorch");
        out.fact("model.producer", "PyTorch");
        out.fact("model.protection", "plain");
        let root = Table::root(bytes)?;
        out.fact("model.version", root.u32(0)?.to_string());
        let mut weights = Weights::default();
        let result = read(root, &mut weights, out);
        let segments = segments(bytes, root, out);
        if let Ok(size) = segments {
            weights.bytes = weights.bytes.saturating_add(size);
        }
        out.fact("model.weights", if weights.bytes > 0 { "inside" } else { "none" });
        weights.state(out);
        result?;
        segments?;
        Ok(Coverage::Part)
    }
}

/// Adds up the constant tensors of the program's plans, and the buffers inside the FlatBuffer.
fn read(root: Table<'_>, weights: &mut Weights, out: &mut Inspection<'_>) -> Result<(), ReadError> {
    let mut backends = std::collections::BTreeSet::new();
    for plan in root.tables(1)?.each_table().take(64) {
        let plan = plan?;
        let values = plan.tables(2)?;
        for index in 0..values.len().min(MOST) {
            let value = values.table(index)?;
            if value.u8(0)? == TENSOR
                && let Some(tensor) = value.table(1)?
            {
                constant(tensor, weights)?;
            }
        }
        for delegate in plan.tables(7)?.each_table().take(64) {
            backends.insert(capped::text(delegate?.block(0)?.0));
        }
    }
    if !backends.is_empty() {
        out.detail(format!("It is made for {}.", backends.into_iter().collect::<Vec<_>>().join(", ")));
    }
    for buffer in root.tables(2)?.each_table().take(MOST as usize) {
        weights.bytes = weights.bytes.saturating_add(buffer?.block(0)?.0.len() as u64);
    }
    Ok(())
}

/// Counts a tensor that has data and no place in the memory of the run.
fn constant(tensor: Table<'_>, weights: &mut Weights) -> Result<(), ReadError> {
    if tensor.u32(5)? == 0 || tensor.table(6)?.is_some() {
        return Ok(());
    }
    let sides = tensor.scalars(2, 4)?;
    let shape: Result<Vec<u64>, ReadError> =
        (0..sides.len().min(DIMENSIONS)).map(|index| sides.u32(index).map(u64::from)).collect();
    let dtype = ["U8", "I8", "I16", "I32", "I64", "F16", "F32", "F64"].get(usize::from(tensor.u8(0)?)).copied();
    weights.add(dtype.unwrap_or("other"), elements(&shape?).unwrap_or(u64::MAX), 0);
    Ok(())
}

/// Accounts for the segments behind the FlatBuffer, and answers how many bytes they have.
fn segments(bytes: &[u8], root: Table<'_>, out: &mut Inspection<'_>) -> Result<u64, FormatError> {
    let mut header = Cursor::at(bytes, 8);
    if header.take(4)? != b"eh00" {
        return Ok(0);
    }
    header.skip(4)?;
    let (program, base) = (header.u64_le()?, header.u64_le()?);
    let size = bytes.len() as u64;
    if program > size {
        return Err(FormatError::broken(size, "the program is cut off; copy the file again"));
    }
    let (mut sum, mut last) = (0u64, 0u64);
    for segment in root.tables(4)?.each_table().take(MOST as usize) {
        let segment = segment?;
        let (offset, length) = (segment.u64(0)?, segment.u64(1)?);
        let from = base.saturating_add(offset);
        let to = from.saturating_add(length);
        out.explain(from.min(size)..to.min(size));
        sum = sum.saturating_add(length);
        last = last.max(to);
    }
    if last > size {
        let reason = format!("the segments should end at {last} and the file ends at {size}; copy it again");
        return Err(FormatError::broken(size, reason));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const PROGRAM: &[u8] = include_bytes!("../../../corpus/formats/executorch/forged/input/model.pte");

    #[test]
    fn constants_and_segments_are_added_up() {
        let looked = inspect(&ExecuTorch, "0x1f.bin", PROGRAM);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(looked.stated.facts.int("model.tensors"), 1);
        assert_eq!(looked.stated.facts.int("model.parameters"), 24);
        assert_eq!(looked.stated.facts.int("model.bytes"), 96);
        assert_eq!(looked.stated.facts.get("model.dtypes").unwrap().to_string(), "F32");
        assert!(looked.stated.details[0].contains("XnnpackBackend"));
    }

    #[test]
    fn damage_is_a_gap_and_does_no_harm() {
        for length in (8..PROGRAM.len()).step_by(7) {
            let looked = inspect(&ExecuTorch, "a.pte", &PROGRAM[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
        }
        for at in 0..PROGRAM.len() {
            for byte in [0, 0x7f, 0xff] {
                let mut broken = PROGRAM.to_vec();
                broken[at] = byte;
                let _ = inspect(&ExecuTorch, "a.pte", &broken);
            }
        }
    }
}
