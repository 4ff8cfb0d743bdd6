//! Flax: parameters in MessagePack, in maps of maps with arrays as extension type 1.
//!
//! Follows `flax/serialization.py` (`to_bytes`, `_ndarray_to_bytes`) and the MessagePack specification. An array is a list of its
//! shape, the name of its type and its bytes; large ones come in pieces.

use super::numpy::dtype_name;
use super::weights::{Weights, elements};
use super::{FACTS, clip, clip_list};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How deep maps may lie in each other.
const DEPTH: usize = 64;

/// More values than any set of parameters has.
const VALUES: u64 = 4 << 20;

/// See the module.
pub struct Flax;

impl Format for Flax {
    fn name(&self) -> &'static str {
        "flax"
    }

    fn summary(&self) -> &'static str {
        "Flax parameters in MessagePack: arrays, their types, and optimizer state among them"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let key = match head {
            [0x81..=0x8f, rest @ ..] | [0xde, _, _, rest @ ..] => rest,
            _ => return false,
        };
        // A key of letters, and an array before long: extension type 1 of a list of three.
        matches!(key, [0xa1..=0xbf | 0xd9, ..])
            && memchr::memmem::find_iter(head, &[1, 0x93]).any(|at| {
                let mark = |back: usize| at.checked_sub(back).and_then(|at| head.get(at)).copied();
                mark(2) == Some(0xc7) || mark(3) == Some(0xc8) || mark(5) == Some(0xc9)
            })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut walk = Walk::new(&artifact.bytes);
        let end = walk.value(0);
        if walk.weights.tensors == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("model.format", "flax");
        out.fact("model.producer", "Flax");
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        if walk.optimizer {
            out.fact("model.kind", "checkpoint");
            out.fact("model.training", clip_list(["optimizer state"]));
        }
        walk.weights.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// A walk through MessagePack that adds up the arrays in it.
pub(super) struct Walk<'a> {
    cursor: Cursor<'a>,
    pub(super) weights: Weights,
    left: u64,
    optimizer: bool,
}

/// An array as `msgpack_numpy` writes it: a map that says so, with type, shape and data.
#[derive(Default)]
struct Described {
    said: bool,
    dtype: String,
    shape: Vec<u64>,
    data: Option<u64>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Walk { cursor: Cursor::new(bytes), weights: Weights::default(), left: VALUES, optimizer: false }
    }

    /// Passes over a value, and adds up the arrays in it.
    ///
    /// # Errors
    /// When it is cut off, or larger than any model.
    pub(super) fn value(&mut self, depth: usize) -> Result<(), ReadError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| self.cursor.error("it has more values than a model has"))?;
        if depth > DEPTH {
            return Err(self.cursor.error("its maps lie too deep in each other"));
        }
        let first = self.cursor.u8()?;
        match first {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => Ok(()),
            0x80..=0x8f => self.map((first & 15).into(), depth),
            0xde => self.map_of(2, depth),
            0xdf => self.map_of(4, depth),
            0x90..=0x9f => self.list((first & 15).into(), depth),
            0xdc => self.list_of(2, depth),
            0xdd => self.list_of(4, depth),
            0xa0..=0xbf => self.cursor.skip((first & 31).into()),
            0xcc | 0xd0 => self.cursor.skip(1),
            0xcd | 0xd1 => self.cursor.skip(2),
            0xca | 0xce | 0xd2 => self.cursor.skip(4),
            0xcb | 0xcf | 0xd3 => self.cursor.skip(8),
            0xc4 | 0xd9 => self.counted(1),
            0xc5 | 0xda => self.counted(2),
            0xc6 | 0xdb => self.counted(4),
            0xd4..=0xd8 => self.cursor.skip(1 + (1 << (first - 0xd4))),
            0xc7 => self.extension(1),
            0xc8 => self.extension(2),
            0xc9 => self.extension(4),
            _ => Err(self.cursor.error("it is no MessagePack")),
        }
    }

    /// A number of so many bytes, most significant first.
    fn number(&mut self, bytes: usize) -> Result<u64, ReadError> {
        Ok(self.cursor.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn counted(&mut self, bytes: usize) -> Result<(), ReadError> {
        let length = self.number(bytes)?;
        self.cursor.skip(length)
    }

    fn map_of(&mut self, bytes: usize, depth: usize) -> Result<(), ReadError> {
        let count = self.number(bytes)?;
        self.map(count, depth)
    }

    fn list_of(&mut self, bytes: usize, depth: usize) -> Result<(), ReadError> {
        let count = self.number(bytes)?;
        self.list(count, depth)
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<(), ReadError> {
        let mut array = Described::default();
        for _ in 0..count {
            let key = self.passed(depth)?;
            self.optimizer |= depth == 0 && key.get(1..).is_some_and(|key| key.starts_with(b"opt"));
            let value = self.passed(depth)?;
            match content(key) {
                b"nd" => array.said = value == [0xc3],
                b"type" => array.dtype = clip(&String::from_utf8_lossy(content(value))),
                b"shape" => array.shape = small_numbers(value).unwrap_or_default(),
                b"data" => array.data = Some(content(value).len() as u64),
                _ => {}
            }
        }
        if let Described { said: true, dtype, shape, data: Some(bytes) } = array {
            self.weights.add(&dtype_name(dtype.as_bytes()), elements(&shape).unwrap_or(u64::MAX), bytes);
        }
        Ok(())
    }

    /// Passes over a value, and answers what was passed.
    fn passed(&mut self, depth: usize) -> Result<&'a [u8], ReadError> {
        let start = self.cursor.rest();
        self.value(depth + 1)?;
        Ok(&start[..start.len() - self.cursor.rest().len()])
    }

    fn list(&mut self, count: u64, depth: usize) -> Result<(), ReadError> {
        (0..count).try_for_each(|_| self.value(depth + 1))
    }

    fn extension(&mut self, bytes: usize) -> Result<(), ReadError> {
        let length = self.number(bytes)?;
        let kind = self.cursor.u8()?;
        let inside = self.cursor.take_u64(length)?;
        if kind == 1 {
            // One that is no array is an extension of somebody else's: it counts as nothing.
            if let Ok(Some((dtype, shape, bytes))) = array(inside) {
                self.weights.add(&clip(&dtype), elements(&shape).unwrap_or(u64::MAX), bytes);
            }
        }
        Ok(())
    }
}

/// What a text or a run of bytes holds, without what says how long it is.
fn content(value: &[u8]) -> &[u8] {
    let skipped = match value.first() {
        Some(0xa0..=0xbf) => 1,
        Some(0xc4 | 0xd9) => 2,
        Some(0xc5 | 0xda) => 3,
        Some(0xc6 | 0xdb) => 5,
        _ => return &[],
    };
    value.get(skipped..).unwrap_or_default()
}

/// A list of numbers that are no longer than four bytes.
fn small_numbers(value: &[u8]) -> Option<Vec<u64>> {
    let mut cursor = Cursor::new(value);
    let count = cursor.u8().ok()?.checked_sub(0x90).filter(|count| *count < 16)?;
    let number = |_| {
        let size = match cursor.u8().ok()? {
            small @ 0..=0x7f => return Some(u64::from(small)),
            0xcc => 1,
            0xcd => 2,
            0xce => 4,
            _ => return None,
        };
        Some(cursor.take(size).ok()?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    (0..count).map(number).collect()
}

/// The type, the shape and the number of bytes of an array.
fn array(bytes: &[u8]) -> Result<Option<(String, Vec<u64>, u64)>, ReadError> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? != 0x93 {
        return Ok(None);
    }
    let first = cursor.u8()?;
    let count = if (0x90..=0x9f).contains(&first) { first & 15 } else { return Ok(None) };
    let mut shape = Vec::new();
    for _ in 0..count {
        shape.push(match cursor.u8()? {
            small @ 0..=0x7f => small.into(),
            0xcc => cursor.u8()?.into(),
            0xcd => cursor.u16_be()?.into(),
            0xce => cursor.u32_be()?.into(),
            0xcf => cursor.u64_be()?,
            _ => return Ok(None),
        });
    }
    let first = cursor.u8()?;
    if !(0xa1..=0xbf).contains(&first) {
        return Ok(None);
    }
    let dtype = String::from_utf8_lossy(cursor.take((first & 31).into())?).into_owned();
    let length = match cursor.u8()? {
        0xc4 => cursor.u8()?.into(),
        0xc5 => cursor.u16_be()?.into(),
        0xc6 => u64::from(cursor.u32_be()?),
        _ => return Ok(None),
    };
    Ok(Some((dtype, shape, length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const ONE: &[u8] = b"\x81\xa6params\x81\xa4bias\xc7\x15\x01\x93\x91\x02\xa7float32\xc4\x08\0\0\0\0\0\0\0\0";

    #[test]
    fn arrays_are_counted_and_what_is_cut_off_is_broken() {
        let looked = inspect(&Flax, "x.bin", ONE);
        assert!(looked.result.is_ok());
        assert_eq!((looked.stated.facts.int("model.parameters"), looked.stated.facts.int("model.bytes")), (2, 8));
        let two = [&[0x82], &ONE[1..], b"\xa1x"].concat();
        assert!(matches!(inspect(&Flax, "x.bin", &two).result, Err(FormatError::Broken(_))));
        let deep = [b"\x81\xa1a\xc7\x13\x01\x93\x91\x02\xa7".as_slice(), &[0x91; 5000]].concat();
        assert!(inspect(&Flax, "x.bin", &deep).result.is_err());
    }
}
