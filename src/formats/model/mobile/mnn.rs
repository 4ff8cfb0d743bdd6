//! MNN: a FlatBuffer without an identifier. It is told by its root: a list of operators that name each other's tensors, and the
//! names of these.
//!
//! Follows `schema/default/MNN.fbs`: `Net` has the operators in field 3 and the names of tensors in field 7; `Op` has the
//! kind of its parameters, the parameters and its name in fields 1, 2 and 3.

use super::super::FACTS;
use super::super::flatbuffer::Table;
use super::super::weights::Weights;
use crate::bytes::{Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// More operators than any network has.
const OPERATORS: u32 = 1 << 20;

/// Members of the union of parameters that hold weights.
const BLOB: u8 = 7;
const CONVOLUTION: u8 = 9;

/// Where a `Blob` keeps numbers of each type, with their sizes.
const NUMBERS: &[(u16, u64, &str)] =
    &[(3, 1, "uint8"), (4, 1, "int8"), (5, 4, "int32"), (6, 8, "int64"), (7, 4, "float32")];

/// See the module.
pub struct Mnn;

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.len() < 512 && name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

/// Whether the first operator and the first name of a tensor make sense.
fn fits(bytes: &[u8]) -> Result<bool, ReadError> {
    let root = Table::root(bytes)?;
    let (operators, names) = (root.tables(3)?, root.tables(7)?);
    if !(1..OPERATORS).contains(&operators.len()) || names.len() == 0 {
        return Ok(false);
    }
    let first = operators.table(0)?;
    let outputs = first.scalars(4, 4)?;
    let output = if outputs.len() > 0 { outputs.u32(0)? } else { u32::MAX };
    Ok(is_name(names.text(0)?) && output < names.len() && first.u8(1)? < 200 && root.u8(6)? < 16)
}

impl Format for Mnn {
    fn name(&self) -> &'static str {
        "mnn"
    }

    fn summary(&self) -> &'static str {
        "MNN model: operators, tensors and parameters"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The converter writes the root at 0x18, 0x1c or 0x20.
        matches!(probe.head(), [0x18 | 0x1c | 0x20, 0, 0, 0, ..]) && fits(probe.all()).unwrap_or(false)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let root = Table::root(&artifact.bytes)?;
        if !fits(&artifact.bytes).unwrap_or(false) {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "mnn");
        out.fact("model.producer", "MNN");
        out.fact("model.protection", "plain");
        let operators = root.tables(3)?;
        out.fact("model.layers", operators.len());
        let mut weights = Weights::default();
        let mut result = Ok(());
        for index in 0..operators.len().min(OPERATORS) {
            result = operators.table(index).and_then(|operator| add(&operator, &mut weights));
            if result.is_err() {
                break;
            }
        }
        weights.state(out);
        out.fact("model.weights", if weights.bytes > 0 { "inside" } else { "external" });
        result?;
        Ok(Coverage::Part)
    }
}

/// Adds the weights of one operator.
fn add(operator: &Table<'_>, weights: &mut Weights) -> Result<(), ReadError> {
    let (kind, Some(parameters)) = (operator.u8(1)?, operator.table(2)?) else { return Ok(()) };
    let mut some = |count: u32, size: u64, dtype: &str| {
        if count > 0 {
            weights.add(dtype, count.into(), u64::from(count) * size);
        }
    };
    match kind {
        BLOB => {
            for (field, size, dtype) in NUMBERS {
                some(parameters.scalars(*field, *size)?.len(), *size, dtype);
            }
        }
        CONVOLUTION => {
            some(parameters.scalars(1, 4)?.len(), 4, "float32");
            some(parameters.scalars(2, 4)?.len(), 4, "float32");
            if let Some(quantised) = parameters.table(3)? {
                some(quantised.scalars(0, 1)?.len(), 1, "int8");
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn other_flat_buffers_are_none() {
        let zeros = [&0x18u32.to_le_bytes()[..], &[0; 200]].concat();
        assert!(!inspect(&Mnn, "x.mnn", &zeros).sniffed);
    }
}
