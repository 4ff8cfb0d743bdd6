//! What TensorFlow's files share: the numbers of data types, shapes and tensors.
//!
//! Follows `tensorflow/core/framework/` `types.proto`, `tensor_shape.proto` and `tensor.proto`.

use super::proto::{Walk, numbers};
use crate::bytes::ReadError;
use crate::bytes::protobuf::{Field, Slice, Value};

/// The name of a `DataType`, in the short form that safetensors uses. References to variables have 100 more.
pub(super) fn dtype(number: u64) -> &'static str {
    const NAMES: [&str; 31] = [
        "unknown",
        "F32",
        "F64",
        "I32",
        "U8",
        "I16",
        "I8",
        "string",
        "C64",
        "I64",
        "BOOL",
        "QI8",
        "QU8",
        "QI32",
        "BF16",
        "QI16",
        "QU16",
        "U16",
        "C128",
        "F16",
        "resource",
        "variant",
        "U32",
        "U64",
        "F8_E5M2",
        "F8_E4M3",
        "F8_E4M3FNUZ",
        "F8_E4M3B11FNUZ",
        "F8_E5M2FNUZ",
        "I4",
        "U4",
    ];
    let number = if number > 100 { number - 100 } else { number };
    usize::try_from(number).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("unknown")
}

/// Bytes of an element of this type, by its name.
pub(super) fn size(dtype: &str) -> u64 {
    match dtype {
        "C128" => 16,
        "F64" | "I64" | "U64" | "C64" => 8,
        "F32" | "I32" | "U32" | "QI32" => 4,
        "F16" | "BF16" | "I16" | "U16" | "QI16" | "QU16" => 2,
        _ => 1,
    }
}

/// The number of the type of texts.
pub(super) const STRING: u64 = 7;

/// The number of elements of a `TensorShapeProto`; of an unknown side there is one.
pub(super) fn elements(walk: &Walk, shape: Slice<'_>) -> Result<u64, ReadError> {
    let mut elements = 1u64;
    walk.each(shape, |field| match (field.number, field.value) {
        (2, Value::Bytes(dim)) => {
            // A size of 0 is not written.
            let mut size = 0;
            walk.each(dim, |field| {
                if let (1, Value::Varint(number)) = (field.number, field.value) {
                    size = number;
                }
                Ok(())
            })?;
            elements = elements.saturating_mul(if (size as i64) < 0 { 1 } else { size });
            Ok(())
        }
        _ => Ok(()),
    })?;
    Ok(elements)
}

/// A `TensorProto`.
#[derive(Default)]
pub(super) struct Tensor<'a> {
    pub(super) dtype: u64,
    pub(super) elements: u64,
    /// The data, if it lies in one piece.
    pub(super) data: Option<Slice<'a>>,
}

impl<'a> Tensor<'a> {
    /// Reads a tensor.
    pub(super) fn read(walk: &Walk, message: Slice<'a>) -> Result<Self, ReadError> {
        let mut tensor = Tensor { elements: 1, ..Tensor::default() };
        walk.each(message, |field| tensor.field(walk, field))?;
        Ok(tensor)
    }

    fn field(&mut self, walk: &Walk, field: Field<'a>) -> Result<(), ReadError> {
        match (field.number, field.value) {
            (1, value) => numbers(value, |number| self.dtype = number)?,
            (2, Value::Bytes(shape)) => self.elements = elements(walk, shape)?,
            // The bytes themselves, or packed numbers; `string_val` (8) is left to be searched.
            (4..=7 | 9..=13 | 16..=18, Value::Bytes(data)) => self.data = Some(data),
            _ => {}
        }
        Ok(())
    }
}
