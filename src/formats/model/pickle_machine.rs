//! Walks a pickle without unpickling it: a stack of shadows stands in for the values, so that names, tensors and the
//! raw arrays of joblib are found, and nothing is ever built, imported or called.

use std::collections::HashMap;
use std::rc::Rc;

use super::numpy::item_size;
use super::pickle_ops::{self, Op};
use super::pickle_risks::can_harm;
use super::pickle_seen::{Array, Fault, Storage, Tensor, Walk};
use super::pickle_value::{Value, Wrapped, element_count, integer, unquoted, wrapped};
use crate::bytes::{Cursor, ReadError};

/// More opcodes than this are not walked: a second of work, and far beyond any pickled model.
const OP_LIMIT: u64 = 64_000_000;
const STACK_LIMIT: usize = 1 << 19;
/// So many values are remembered, which takes 16 MiB; only names, tuples and objects are.
const MEMO_LIMIT: usize = 400_000;
/// So many imported names are kept, and as many more that can do harm.
const GLOBAL_LIMIT: usize = 4096;
const STORAGE_LIMIT: usize = 1 << 18;
/// Longer tuples are neither shapes nor persistent ids.
const TUPLE_LIMIT: usize = 64;
/// Tuples in tuples deeper than this are not followed, so that dropping them needs no deep recursion.
const TUPLE_DEPTH: u8 = 8;
/// Longer texts are not names.
const NAME_LIMIT: usize = 4096;
/// Object arrays of joblib are pickles in pickles.
const NESTING: usize = 4;
/// So many values are kept in tuples: 24 bytes each.
const KEPT_LIMIT: usize = 1 << 20;
/// Pickles in pickles that are walked as well.
const INNER_LIMIT: usize = 100_000;

#[derive(Default)]
struct Memo<'a> {
    known: HashMap<u64, Value<'a>>,
    count: u64,
    /// Whether the last number was counted (`MEMOIZE`) instead of given.
    implicit: bool,
    /// Whether a value was not remembered for want of room.
    full: bool,
}

struct Machine<'a, 'w> {
    cursor: Cursor<'a>,
    walk: &'w mut Walk<'a>,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: Memo<'a>,
    outer: Vec<Memo<'a>>,
    /// The tuple of nothing, of which pickles are full.
    empty: Rc<Vec<Value<'a>>>,
}

/// Walks the pickles that loading this one would load too, and those in them, as deep as they lie. What cannot be walked
/// ends its own pickle only; whether there were too many is answered.
pub(super) fn walk_inner(walk: &mut Walk<'_>) -> bool {
    let mut walked = 0;
    while let Some(bytes) = walk.inner.pop() {
        let mut at = 0;
        // A legacy file of PyTorch is several pickles.
        while walked < INNER_LIMIT && self::walk(bytes, at, walk).is_ok_and(|end| std::mem::replace(&mut at, end) < end)
        {
            walked += 1;
            if bytes.get(at as usize) != Some(&0x80) {
                break;
            }
        }
        walked += 1;
        if walked >= INNER_LIMIT || walk.ops > OP_LIMIT {
            return false;
        }
    }
    true
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
        empty: Rc::default(),
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
            b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d => {
                self.walk.training.note(op.arg);
                self.push(Value::Text(op.arg));
            }
            b'B' | b'C' | 0x8e | 0x96 => self.push(Value::Bytes(op.arg)),
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
                let value = self.storage(&id);
                self.push(value);
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
        let container = match code {
            b')' => Value::Tuple(Rc::clone(&self.empty), 0),
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let bottom = self.marks.last().copied().unwrap_or(0);
                let start = self.stack.len().checked_sub(count).filter(|start| *start >= bottom);
                self.tuple(start.ok_or_else(|| Self::underflow(at))?)
            }
            b't' => {
                let mark = self.marks.pop().ok_or_else(|| Self::underflow(at))?;
                self.tuple(mark.min(self.stack.len()))
            }
            b'd' => Value::Dict(wrapped(None, &self.pop_mark(at)?)),
            _ => {
                self.pop_mark(at)?;
                Value::Other
            }
        };
        self.push(container);
        Ok(())
    }

    /// Takes what lies on the stack from `start` on as a tuple. What is too large or too deep costs nothing.
    fn tuple(&mut self, start: usize) -> Value<'a> {
        let values = &self.stack[start..];
        let inner = values.iter().map(|value| if let Value::Tuple(_, depth) = value { depth + 1 } else { 0 }).max();
        let depth = inner.unwrap_or(0);
        let kept = self.walk.kept.saturating_add(values.len() + 1);
        if values.len() > TUPLE_LIMIT || depth > TUPLE_DEPTH || kept > KEPT_LIMIT {
            self.stack.truncate(start);
            return Value::Other;
        }
        self.walk.kept = kept;
        Value::Tuple(Rc::new(self.stack.split_off(start)), depth)
    }

    fn remember(&mut self, op: Op<'a>) {
        let implicit = op.code == 0x94;
        // Numbers that are given and numbers that are counted never meet in one pickle: together they are a way to say
        // one name and mean another.
        if implicit != self.memo.implicit && self.memo.count > 0 {
            self.global(b"?", b"?");
        }
        self.memo.implicit = implicit;
        let key = if implicit { Some(self.memo.count) } else { integer(op) };
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
            self.memo.full |= keep;
            if !implicit {
                self.memo.known.remove(&key);
            }
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
                    _ if self.memo.full => {
                        let reason = "the pickle remembers more values than lastlook does, and imports a name by them";
                        return Err(Fault::Limit(ReadError::new(at, reason)));
                    }
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
        let count = self.walk.globals.len();
        if count >= 2 * GLOBAL_LIMIT || count >= GLOBAL_LIMIT && !can_harm(module, name) {
            self.walk.more_globals = true;
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
            (b"torch.storage", b"_load_from_bytes", [Value::Bytes(bytes)]) => {
                if self.walk.packed.len() < STORAGE_LIMIT {
                    self.walk.packed.push(bytes.len() as u64);
                }
                self.inner(bytes);
                Value::Other
            }
            (_, b"loads" | b"_loads", [Value::Bytes(bytes), ..]) => {
                self.inner(bytes);
                Value::Other
            }
            (b"_codecs", b"encode", [Value::Text(text), ..]) => Value::Bytes(text),
            (b"torch._utils", _, [Value::Storage(storage), Value::Int(offset), shape, ..]) => {
                self.tensor(*storage, *offset, shape);
                Value::Other
            }
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

    /// Notes a pickle inside this one, to be walked after it.
    fn inner(&mut self, bytes: &'a [u8]) {
        if self.walk.inner.len() < INNER_LIMIT {
            self.walk.inner.push(bytes);
        }
    }

    /// Notes a tensor of PyTorch. Tied weights are two tensors over the same numbers.
    fn tensor(&mut self, storage: u32, offset: u64, shape: &Value<'a>) {
        let Some(elements) = element_count(shape) else { return };
        if self.walk.tensors.len() < STORAGE_LIMIT {
            self.walk.tensors.push(Tensor { storage, offset, elements });
        }
    }

    /// Notes a storage that a persistent id of PyTorch names: `('storage', class, key, place, elements, …)`.
    fn storage(&mut self, id: &Value<'a>) -> Value<'a> {
        let Value::Tuple(items, _) = id else { return Value::Other };
        let [Value::Text(b"storage"), class, Value::Text(key), _, Value::Int(elements), ..] = items.as_slice() else {
            return Value::Other;
        };
        if let Some(known) = self.walk.keys.get(key) {
            return Value::Storage(*known);
        }
        if self.walk.storages.len() >= STORAGE_LIMIT {
            return Value::Other;
        }
        let class = self.name_of(class).map_or(&b""[..], |(_, name)| name);
        let index = self.walk.storages.len() as u32;
        self.walk.keys.insert(key, index);
        self.walk.storages.push(Storage { class, key, elements: *elements });
        Value::Storage(index)
    }
}
