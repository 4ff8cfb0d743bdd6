//! Walks a pickle without unpickling it: a stack of shadows stands in for the values, so that names, tensors and the
//! raw arrays of joblib are found, and nothing is ever built, imported or called.

use std::collections::HashMap;
use std::rc::Rc;

use super::numpy::item_size;
use super::pickle_ops::{self, Op};
use super::pickle_seen::{Array, Fault, Storage, Walk};
use super::weights::elements;
use crate::bytes::{Cursor, ReadError};

/// More opcodes than this are not walked: a second of work, and far beyond any pickled model.
const OP_LIMIT: u64 = 64_000_000;
const STACK_LIMIT: usize = 1 << 20;
const MEMO_LIMIT: usize = 1 << 20;
const GLOBAL_LIMIT: usize = 4096;
const STORAGE_LIMIT: usize = 1 << 20;
/// Longer tuples are neither shapes nor persistent ids.
const TUPLE_LIMIT: usize = 64;
/// Tuples in tuples deeper than this are not followed, so that dropping them needs no deep recursion.
const TUPLE_DEPTH: u8 = 8;
/// Longer texts are not names.
const NAME_LIMIT: usize = 4096;
/// Object arrays of joblib are pickles in pickles.
const NESTING: usize = 4;
/// So many values are kept in tuples: 24 bytes each.
const KEPT_LIMIT: usize = 8 << 20;

/// The shadow of a value.
#[derive(Debug, Clone)]
enum Value<'a> {
    Other,
    Int(u64),
    Text(&'a [u8]),
    Bytes(u64),
    Tuple(Rc<Vec<Value<'a>>>, u8),
    Global(u32),
    Dtype(&'a [u8]),
    Dict(Option<Rc<Wrapped<'a>>>),
    Wrapper,
}

/// The state of joblib's `NumpyArrayWrapper`.
#[derive(Debug, Clone, Default)]
struct Wrapped<'a> {
    elements: Option<u64>,
    dtype: Option<&'a [u8]>,
    aligned: bool,
}

#[derive(Default)]
struct Memo<'a> {
    known: HashMap<u64, Value<'a>>,
    count: u64,
}

struct Machine<'a, 'w> {
    cursor: Cursor<'a>,
    walk: &'w mut Walk<'a>,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: Memo<'a>,
    outer: Vec<Memo<'a>>,
}

/// Walks one pickle that starts at `offset`, adds what it sees to `walk`, and answers where the pickle ends.
///
/// # Errors
/// See [`Fault`]; what was seen before stays in `walk`.
pub(super) fn walk<'a>(bytes: &'a [u8], offset: u64, walk: &mut Walk<'a>) -> Result<u64, Fault> {
    let mut machine = Machine {
        cursor: Cursor::at(bytes, offset),
        walk,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
        outer: Vec::new(),
    };
    loop {
        let at = machine.cursor.offset();
        let op = match pickle_ops::next(&mut machine.cursor) {
            Ok(Some(op)) => op,
            Ok(None) => return Err(Fault::Nonsense(ReadError::new(at, "a byte is no opcode of pickle"))),
            Err(error) => return Err(Fault::Cut(error)),
        };
        machine.walk.ops += 1;
        if machine.walk.ops > OP_LIMIT || machine.stack.len().max(machine.marks.len()) > STACK_LIMIT {
            return Err(Fault::Limit(ReadError::new(at, "the pickle is longer than lastlook reads")));
        }
        if op.code == b'.' {
            machine.pop(at)?;
            match machine.outer.pop() {
                Some(memo) => machine.memo = memo,
                None => return Ok(machine.cursor.offset()),
            }
        } else {
            machine.step(op, at)?;
        }
    }
}

impl<'a> Machine<'a, '_> {
    fn underflow(at: u64) -> Fault {
        Fault::Nonsense(ReadError::new(at, "an opcode of pickle finds no value to work on"))
    }

    fn pop(&mut self, at: u64) -> Result<Value<'a>, Fault> {
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return Err(Self::underflow(at));
        }
        self.stack.pop().ok_or_else(|| Self::underflow(at))
    }

    fn pop_mark(&mut self, at: u64) -> Result<Vec<Value<'a>>, Fault> {
        let mark = self.marks.pop().ok_or_else(|| Self::underflow(at))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    fn step(&mut self, op: Op<'a>, at: u64) -> Result<(), Fault> {
        match op.code {
            0x80 | 0x95 | 0x98 => {}
            b'I' | b'L' | b'K' | b'M' | b'J' | 0x8a | 0x8b => {
                self.walk.number = Some(op.arg);
                self.push(integer(op).map_or(Value::Other, Value::Int));
            }
            b'S' => self.push(Value::Text(unquoted(op.arg))),
            b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d => self.push(Value::Text(op.arg)),
            b'B' | b'C' | 0x8e | 0x96 => self.push(Value::Bytes(op.arg.len() as u64)),
            b'N' | b'F' | b'G' | b']' | b'P' | 0x88 | 0x89 | 0x8f | 0x97 => self.push(Value::Other),
            0x82..=0x84 => {
                let value = self.global(b"copyreg", b"extension");
                self.push(value);
            }
            b'}' => self.push(Value::Dict(None)),
            b'(' => self.marks.push(self.stack.len()),
            b'0' if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
            }
            b'0' => drop(self.pop(at)?),
            b'1' => drop(self.pop_mark(at)?),
            b'2' => {
                let value = self.stack.last().cloned().ok_or_else(|| Self::underflow(at))?;
                self.push(value);
            }
            b'a' | b's' | b'e' | b'u' | 0x90 => self.fill(op.code, at)?,
            b'l' | b'd' | 0x91 | b')' | b't' | 0x85..=0x87 => self.collect(op.code, at)?,
            b'g' | b'h' | b'j' => {
                let value = integer(op).and_then(|key| self.memo.known.get(&key)).cloned();
                self.push(value.unwrap_or(Value::Other));
            }
            b'p' | b'q' | b'r' | 0x94 => self.remember(op),
            b'Q' => {
                let id = self.pop(at)?;
                self.storage(&id);
                self.push(Value::Other);
            }
            _ => self.object(op, at)?,
        }
        Ok(())
    }

    /// The opcodes that put values into a container, which stays on the stack.
    fn fill(&mut self, code: u8, at: u64) -> Result<(), Fault> {
        let values = match code {
            b'a' => vec![self.pop(at)?],
            b's' => {
                let value = self.pop(at)?;
                vec![self.pop(at)?, value]
            }
            _ => self.pop_mark(at)?,
        };
        let container = self.pop(at)?;
        let container = match (code, container) {
            (b's' | b'u', Value::Dict(known)) => Value::Dict(wrapped(known, &values)),
            (_, container) => container,
        };
        self.push(container);
        Ok(())
    }

    /// The opcodes that make a container of what is on the stack.
    fn collect(&mut self, code: u8, at: u64) -> Result<(), Fault> {
        let values = match code {
            b')' => Vec::new(),
            0x85..=0x87 => {
                let mut values = Vec::new();
                for _ in 0..=code - 0x85 {
                    values.insert(0, self.pop(at)?);
                }
                values
            }
            _ => self.pop_mark(at)?,
        };
        let container = match code {
            b'l' | 0x91 => Value::Other,
            b'd' => Value::Dict(wrapped(None, &values)),
            _ => self.tuple(values),
        };
        self.push(container);
        Ok(())
    }

    fn tuple(&mut self, values: Vec<Value<'a>>) -> Value<'a> {
        let inner = values.iter().map(|value| if let Value::Tuple(_, depth) = value { depth + 1 } else { 0 }).max();
        let depth = inner.unwrap_or(0);
        self.walk.kept = self.walk.kept.saturating_add(values.len());
        if values.len() > TUPLE_LIMIT || depth > TUPLE_DEPTH || self.walk.kept > KEPT_LIMIT {
            return Value::Other;
        }
        Value::Tuple(Rc::new(values), depth)
    }

    fn remember(&mut self, op: Op<'a>) {
        let key = if op.code == 0x94 { Some(self.memo.count) } else { integer(op) };
        self.memo.count += 1;
        let keep = match self.stack.last() {
            Some(Value::Text(text)) => text.len() <= NAME_LIMIT,
            Some(Value::Other | Value::Int(_) | Value::Dict(_)) | None => false,
            Some(_) => true,
        };
        let (Some(key), Some(value)) = (key, self.stack.last()) else { return };
        if keep && self.memo.known.len() < MEMO_LIMIT {
            self.memo.known.insert(key, value.clone());
        } else {
            self.memo.known.remove(&key);
        }
    }

    /// The opcodes that name, call or fill an object.
    fn object(&mut self, op: Op<'a>, at: u64) -> Result<(), Fault> {
        let value = match op.code {
            b'c' => self.global(op.arg, op.second),
            0x93 => {
                let (name, module) = (self.pop(at)?, self.pop(at)?);
                match (module, name) {
                    (Value::Text(module), Value::Text(name)) => self.global(module, name),
                    _ => self.global(b"?", b"?"),
                }
            }
            b'i' => {
                self.pop_mark(at)?;
                self.global(op.arg, op.second);
                Value::Other
            }
            b'o' => {
                self.pop_mark(at)?;
                Value::Other
            }
            b'R' | 0x81 => {
                let (args, callee) = (self.pop(at)?, self.pop(at)?);
                self.called(&callee, &args)
            }
            0x92 => {
                self.pop(at)?;
                let (args, callee) = (self.pop(at)?, self.pop(at)?);
                self.called(&callee, &args)
            }
            b'b' => {
                let (state, object) = (self.pop(at)?, self.pop(at)?);
                self.built(object, &state)?
            }
            _ => return Err(Fault::Nonsense(ReadError::new(at, "a byte is no opcode of pickle"))),
        };
        self.push(value);
        Ok(())
    }

    fn global(&mut self, module: &'a [u8], name: &'a [u8]) -> Value<'a> {
        if let Some(id) = self.walk.global_ids.get(&(module, name)) {
            return Value::Global(*id);
        }
        if self.walk.globals.len() >= GLOBAL_LIMIT {
            return Value::Other;
        }
        let id = self.walk.globals.len() as u32;
        self.walk.globals.push((module, name));
        self.walk.global_ids.insert((module, name), id);
        Value::Global(id)
    }

    fn name_of(&self, value: &Value<'a>) -> Option<(&'a [u8], &'a [u8])> {
        match value {
            Value::Global(id) => self.walk.globals.get(*id as usize).copied(),
            _ => None,
        }
    }

    /// The shadow of what a call answers.
    fn called(&mut self, callee: &Value<'a>, args: &Value<'a>) -> Value<'a> {
        let Some((module, name)) = self.name_of(callee) else { return Value::Other };
        let args: &[Value<'a>] = match args {
            Value::Tuple(args, _) => args,
            _ => &[],
        };
        match (module, name, args) {
            (b"numpy", b"dtype", [Value::Text(dtype), ..]) => Value::Dtype(dtype),
            (_, b"NumpyArrayWrapper", _) => Value::Wrapper,
            (b"copy_reg" | b"copyreg", b"_reconstructor", [class, ..])
                if self.name_of(class).is_some_and(|(_, name)| name == b"NumpyArrayWrapper") =>
            {
                Value::Wrapper
            }
            (_, b"_frombuffer", [_, Value::Dtype(dtype), shape, ..]) => {
                self.array(dtype, shape);
                Value::Other
            }
            (b"torch.storage", b"_load_from_bytes", [Value::Bytes(count)]) => {
                if self.walk.packed.len() < STORAGE_LIMIT {
                    self.walk.packed.push(*count);
                }
                Value::Other
            }
            (b"_codecs", b"encode", [Value::Text(text), ..]) => Value::Bytes(text.len() as u64),
            _ => Value::Other,
        }
    }

    /// The shadow of an object once its state was set.
    fn built(&mut self, object: Value<'a>, state: &Value<'a>) -> Result<Value<'a>, Fault> {
        match (&object, state) {
            (Value::Wrapper, Value::Dict(Some(wrapped))) => {
                self.raw_array(wrapped)?;
                return Ok(Value::Other);
            }
            (Value::Other, Value::Tuple(state, _)) => {
                if let [Value::Int(_), shape, Value::Dtype(dtype), _, _] = state.as_slice() {
                    self.array(dtype, shape);
                }
            }
            _ => {}
        }
        Ok(object)
    }

    fn array(&mut self, dtype: &'a [u8], shape: &Value<'a>) {
        let Some(elements) = element_count(shape).filter(|_| dtype.first() != Some(&b'O')) else { return };
        let bytes = elements.saturating_mul(item_size(dtype).unwrap_or(0));
        self.keep(Array { dtype, elements, bytes, raw: None });
    }

    fn keep(&mut self, array: Array<'a>) {
        if self.walk.arrays.len() < STORAGE_LIMIT {
            self.walk.arrays.push(array);
        }
    }

    /// Passes over the bytes that joblib writes behind the description of an array: padding to a multiple of 16, and
    /// the numbers. An array of objects is a pickle of its own.
    fn raw_array(&mut self, wrapped: &Wrapped<'a>) -> Result<(), Fault> {
        let (Some(elements), Some(dtype)) = (wrapped.elements, wrapped.dtype) else { return Ok(()) };
        let Some(size) = item_size(dtype) else { return Ok(()) };
        if dtype.first() == Some(&b'O') {
            if self.outer.len() >= NESTING {
                return Err(Fault::Limit(self.cursor.error("pickles lie too deep in each other")));
            }
            self.outer.push(std::mem::take(&mut self.memo));
            return Ok(());
        }
        if wrapped.aligned {
            let padding = self.cursor.u8().map_err(Fault::Cut)?;
            self.cursor.skip(u64::from(padding)).map_err(Fault::Cut)?;
        }
        let bytes = elements.saturating_mul(size);
        let start = self.cursor.offset();
        let end = start.saturating_add(bytes.min(self.cursor.remaining()));
        self.keep(Array { dtype, elements, bytes, raw: Some(start..end) });
        self.cursor.skip(bytes).map_err(Fault::Cut)
    }

    /// Notes a storage that a persistent id of PyTorch names: `('storage', class, key, place, elements, …)`.
    fn storage(&mut self, id: &Value<'a>) {
        let Value::Tuple(items, _) = id else { return };
        let [Value::Text(b"storage"), class, Value::Text(key), _, Value::Int(elements), ..] = items.as_slice() else {
            return;
        };
        let class = self.name_of(class).map_or(&b""[..], |(_, name)| name);
        if self.walk.storages.len() < STORAGE_LIMIT && self.walk.keys.insert(key) {
            self.walk.storages.push(Storage { class, key, elements: *elements });
        }
    }
}

/// What a dictionary tells about a joblib array, added to what it told before.
fn wrapped<'a>(known: Option<Rc<Wrapped<'a>>>, items: &[Value<'a>]) -> Option<Rc<Wrapped<'a>>> {
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

fn element_count(shape: &Value<'_>) -> Option<u64> {
    let Value::Tuple(sides, _) = shape else { return None };
    let sides: Option<Vec<u64>> =
        sides.iter().map(|side| if let Value::Int(n) = side { Some(*n) } else { None }).collect();
    elements(&sides?)
}

/// The text of `STRING`, which stands in quotes.
fn unquoted(arg: &[u8]) -> &[u8] {
    match arg {
        [b'\'' | b'"', inner @ .., b'\'' | b'"'] => inner,
        other => other,
    }
}

/// A number that is not negative; `None` for all others and those beyond 64 bits.
fn integer(op: Op<'_>) -> Option<u64> {
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
