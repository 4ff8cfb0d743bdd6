//! What ONNX and ONNX Runtime's own format share: the numbers of data types, and which operators compute on quantised
//! weights.

use std::collections::BTreeSet;

use super::capped;

/// The name of a `TensorProto.DataType`, in the short form that safetensors uses.
pub(super) fn dtype(number: u64) -> &'static str {
    const NAMES: [&str; 27] = [
        "unknown",
        "F32",
        "U8",
        "I8",
        "U16",
        "I16",
        "I32",
        "I64",
        "string",
        "BOOL",
        "F16",
        "F64",
        "U32",
        "U64",
        "C64",
        "C128",
        "BF16",
        "F8_E4M3",
        "F8_E4M3FNUZ",
        "F8_E5M2",
        "F8_E5M2FNUZ",
        "U4",
        "I4",
        "F4",
        "F8_E8M0",
        "U2",
        "I2",
    ];
    usize::try_from(number).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("unknown")
}

/// The operators of quantised models (onnx `docs/Operators.md`, and `docs/ContribOperators.md` of ONNX Runtime).
const QUANTISED: [&[u8]; 13] = [
    b"QuantizeLinear",
    b"DequantizeLinear",
    b"DynamicQuantizeLinear",
    b"QLinearConv",
    b"QLinearMatMul",
    b"QLinearAdd",
    b"ConvInteger",
    b"MatMulInteger",
    b"DynamicQuantizeMatMul",
    b"MatMulNBits",
    b"MatMulBnb4",
    b"QAttention",
    b"GatherBlockQuantized",
];

/// The operators of quantised models that a graph has.
#[derive(Debug, Default)]
pub(super) struct Quantised(BTreeSet<&'static str>);

impl Quantised {
    /// Notes an operator of a graph.
    pub(super) fn operator(&mut self, name: &[u8]) {
        if let Some(found) = QUANTISED.iter().find(|known| **known == name) {
            self.0.insert(std::str::from_utf8(found).unwrap_or_default());
        }
    }

    /// The fact.
    pub(super) fn state(&self, out: &mut crate::formats::Inspection<'_>) {
        let names: Vec<&str> = self.0.iter().copied().collect();
        capped::state(out, "model.quantisation", names.join(", ").as_bytes());
    }
}
