//! The shadows that stand in for the values of a pickle, and what is read from them.

use std::rc::Rc;

use super::pickle_ops::Op;
use super::weights::elements;

/// The shadow of a value.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Other,
    Int(u64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Tuple(Rc<Vec<Value<'a>>>, u8),
    /// What is imported, by its place in `Walk::globals`.
    Global(u32),
    /// A storage of PyTorch, by its place in `Walk::storages`.
    Storage(u32),
    Dtype(&'a [u8]),
    Dict(Option<Rc<Wrapped<'a>>>),
    Wrapper,
}

/// The state of joblib's `NumpyArrayWrapper`.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrapped<'a> {
    pub(super) elements: Option<u64>,
    pub(super) dtype: Option<&'a [u8]>,
    pub(super) aligned: bool,
}

/// What a dictionary tells about a joblib array, added to what it told before.
pub(super) fn wrapped<'a>(known: Option<Rc<Wrapped<'a>>>, items: &[Value<'a>]) -> Option<Rc<Wrapped<'a>>> {
    let mut found = known.as_deref().cloned();
    for pair in items.chunks_exact(2) {
        match (&pair[0], &pair[1]) {
            (Value::Text(b"shape"), shape) => found.get_or_insert_default().elements = element_count(shape),
            (Value::Text(b"dtype"), Value::Dtype(dtype)) => found.get_or_insert_default().dtype = Some(dtype),
            (Value::Text(b"numpy_array_alignment_bytes"), Value::Int(_)) => {
                found.get_or_insert_default().aligned = true;
            }
            _ => {}
        }
    }
    found.map(Rc::new)
}

pub(super) fn element_count(shape: &Value<'_>) -> Option<u64> {
    let Value::Tuple(sides, _) = shape else { return None };
    let sides: Option<Vec<u64>> =
        sides.iter().map(|side| if let Value::Int(n) = side { Some(*n) } else { None }).collect();
    elements(&sides?)
}

/// The text of `STRING`, which stands in quotes.
pub(super) fn unquoted(arg: &[u8]) -> &[u8] {
    match arg {
        [b'\'' | b'"', inner @ .., b'\'' | b'"'] => inner,
        other => other,
    }
}

/// A number that is not negative; `None` for all others and those beyond 64 bits.
pub(super) fn integer(op: Op<'_>) -> Option<u64> {
    match op.code {
        b'I' | b'L' | b'g' | b'p' => {
            let digits = std::str::from_utf8(op.arg).ok()?;
            digits.trim().trim_end_matches('L').parse().ok()
        }
        b'J' | 0x8a | 0x8b if op.arg.last().is_some_and(|last| last & 0x80 != 0) => None,
        _ if op.arg.len() > 9 || op.arg.get(8).is_some_and(|top| *top != 0) => None,
        _ => Some(op.arg.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))),
    }
}
