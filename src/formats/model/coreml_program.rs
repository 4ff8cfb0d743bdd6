//! The weights of an ML program of Core ML (`mlmodel/format/MIL.proto`): values of operations, small ones in the program,
//! large ones in a file of blobs.

use super::coreml::Model;
use super::proto::Walk;
use crate::bytes::ReadError;
use crate::bytes::protobuf::{Slice, Value};

/// How many blocks may lie in one another.
const DEPTH: u32 = 16;

/// How many files with weights are remembered.
const PARTS: usize = 32;

/// A type of elements in MIL: its number, its name and its bits.
const TYPES: [(u64, &str, u64); 21] = [
    (1, "BOOL", 8),
    (10, "F16", 16),
    (11, "F32", 32),
    (12, "F64", 64),
    (13, "BF16", 16),
    (21, "I8", 8),
    (22, "I16", 16),
    (23, "I32", 32),
    (24, "I64", 64),
    (25, "I4", 4),
    (31, "U8", 8),
    (32, "U16", 16),
    (33, "U32", 32),
    (34, "U64", 64),
    (35, "U4", 4),
    (36, "U2", 2),
    (37, "U1", 1),
    (38, "U6", 6),
    (39, "U3", 3),
    (40, "F8_E4M3", 8),
    (41, "F8_E5M2", 8),
];

/// Reads a `Program`.
pub(super) fn program<'a>(model: &mut Model<'a>, walk: &Walk, program: Slice<'a>) -> Result<(), ReadError> {
    // Both are maps: the value of an entry is its second field.
    let inner = |message, number: u32, read: &mut dyn FnMut(Slice<'a>) -> Result<(), ReadError>| {
        walk.each(message, |field| match (field.number, field.value) {
            (found, Value::Bytes(entry)) if found == number => walk.each(entry, |field| match field.value {
                Value::Bytes(value) if field.number == 2 => read(value),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })
    };
    inner(program, 2, &mut |function| inner(function, 3, &mut |found| block(model, walk, found, DEPTH)))
}

fn block<'a>(model: &mut Model<'a>, walk: &Walk, message: Slice<'a>, depth: u32) -> Result<(), ReadError> {
    walk.each(message, |field| match (field.number, field.value) {
        (3, Value::Bytes(found)) => operation(model, walk, found, depth),
        _ => Ok(()),
    })
}

fn operation<'a>(model: &mut Model<'a>, walk: &Walk, message: Slice<'a>, depth: u32) -> Result<(), ReadError> {
    let mut constant = false;
    walk.each(message, |field| match (field.number, field.value) {
        (1, Value::Bytes(kind)) => {
            constant = kind.bytes == b"const";
            if kind.bytes.starts_with(b"constexpr_") && model.quantised.len() < PARTS {
                model.quantised.insert(super::capped::text(&kind.bytes[10..]));
            }
            Ok(())
        }
        (4, Value::Bytes(inner)) if depth > 0 => block(model, walk, inner, depth - 1),
        (5, Value::Bytes(entry)) => walk.each(entry, |field| match (field.number, field.value) {
            (2, Value::Bytes(found)) => value(model, walk, found, constant),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })
}

/// A `Value`: counted where it lies in a file of blobs, or is a constant with dimensions.
fn value<'a>(model: &mut Model<'a>, walk: &Walk, message: Slice<'a>, constant: bool) -> Result<(), ReadError> {
    let (mut kind, mut rank, mut elements) = (0, 0, 1u64);
    let (mut immediate, mut file) = (None, None);
    walk.each(message, |field| {
        match (field.number, field.value) {
            (2, Value::Bytes(types)) => walk.each(types, |field| match (field.number, field.value) {
                (1, Value::Bytes(tensor)) => walk.each(tensor, |field| {
                    match (field.number, field.value) {
                        (1, Value::Varint(number)) => kind = number,
                        (2, Value::Varint(number)) => rank = number,
                        (3, Value::Bytes(dimension)) => elements = elements.saturating_mul(side(walk, dimension)?),
                        _ => {}
                    }
                    Ok(())
                }),
                _ => Ok(()),
            })?,
            (3, Value::Bytes(value)) => immediate = Some(value),
            (5, Value::Bytes(blob)) => walk.each(blob, |field| {
                if let (1, Value::Bytes(name)) = (field.number, field.value) {
                    file = Some(name.bytes);
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    let (name, bits) =
        TYPES.iter().find(|(number, ..)| *number == kind).map_or(("", 0), |(_, name, bits)| (name, *bits));
    if name.is_empty() {
        return Ok(());
    }
    let bytes = elements.saturating_mul(bits).div_ceil(8);
    if let Some(file) = file {
        model.tensors.add(name, [elements]);
        model.tensors.elsewhere(bytes);
        if model.parts.len() < PARTS {
            model.parts.insert(file.strip_prefix(b"@model_path/").unwrap_or(file));
        }
    } else if let (Some(immediate), true) = (immediate, constant && rank > 0 && name.starts_with(['F', 'B'])) {
        model.tensors.add(name, [elements]);
        model.tensors.data(immediate.bytes, immediate.offset);
    }
    Ok(())
}

/// The size of a dimension that is known.
fn side(walk: &Walk, dimension: Slice<'_>) -> Result<u64, ReadError> {
    let mut size = 1;
    walk.each(dimension, |field| match (field.number, field.value) {
        (1, Value::Bytes(constant)) => walk.each(constant, |field| {
            if let (1, Value::Varint(number)) = (field.number, field.value) {
                size = number;
            }
            Ok(())
        }),
        _ => Ok(()),
    })?;
    Ok(size)
}
