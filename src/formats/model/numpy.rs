//! NumPy arrays: `.npy`.
//!
//! Format: NEP 1 and `numpy/lib/format.py`. A magic, a version, and a Python dictionary with `descr`, `fortran_order`
//! and `shape` before the numbers.

use super::weights::{Weights, elements};
use super::{FACTS, clip};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Ahead, Coverage, Format, FormatError, Inspection};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Structures in structures deeper than this are not followed.
const DESCR_DEPTH: usize = 8;

/// See the module.
pub struct Npy;

impl Format for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn summary(&self) -> &'static str {
        "A NumPy array: its type and shape; pickled objects in it are handed out."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC) && matches!(probe.head().get(6..8), Some([1..=3, 0]))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        out.fact("model.format", "npy");
        let header = Header::read(&artifact.bytes)?;
        out.fact("model.version", header.version);
        out.fact("model.protection", "plain");
        out.fact("model.weights", "inside");
        let rest = artifact.bytes.len() as u64 - header.data;
        let (count, size) = (header.elements, header.item_size);
        let bytes = size.map_or(rest, |size| count.saturating_mul(size));
        let mut weights = Weights::default();
        weights.add(&header.dtype, count, bytes);
        weights.state(out);
        if header.objects {
            out.fact("model.bytes", rest);
            out.member("(objects).pkl", Role::ArchiveMember, artifact.bytes.slice(header.data as usize..))?;
            out.explain(header.data..artifact.bytes.len() as u64);
            return Ok(Coverage::Part);
        }
        if header.numbers {
            out.explain(header.data..header.data + bytes.min(rest));
        }
        // Of a type that is not understood, an element has a byte at least.
        if bytes.max(if size.is_none() { count } else { 0 }) > rest {
            let reason =
                format!("the array should have {count} elements and {rest} bytes are there; copy the file again");
            return Err(FormatError::broken(artifact.bytes.len() as u64, reason));
        }
        Ok(Coverage::Part)
    }

    fn ahead(&self, head: &[u8], size: u64) -> Ahead {
        let header = if head.starts_with(MAGIC) { Header::read(head).ok() } else { None };
        let Some(header) = header.filter(|header| header.numbers && !header.objects) else { return Ahead::Nothing };
        let bytes = header.elements.saturating_mul(header.item_size.unwrap_or(0));
        Ahead::Explained(vec![header.data..header.data.saturating_add(bytes).min(size).max(header.data)])
    }
}

/// What the header of an array says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) version: String,
    /// In the words of safetensors (`F32`) where there is one, else NumPy's own.
    pub(super) dtype: String,
    pub(super) elements: u64,
    /// Bytes of one element; `None` for types that are not understood.
    pub(super) item_size: Option<u64>,
    /// Pickled objects follow.
    objects: bool,
    /// Only numbers of two bytes or more follow, which hold no text.
    numbers: bool,
    data: u64,
}

impl Header {
    /// Reads the header at the start of an array.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let mut cursor = Cursor::new(bytes);
        cursor.skip(MAGIC.len() as u64)?;
        let (major, minor) = (cursor.u8()?, cursor.u8()?);
        let length = if major == 1 { u32::from(cursor.u16_le()?) } else { cursor.u32_le()? };
        let at = cursor.offset();
        let text = cursor.take_u64(u64::from(length))?;
        let damaged = |what: &str| ReadError::new(at, format!("the array's header says no {what}"));
        let descr = value(text, b"'descr':").ok_or_else(|| damaged("type"))?;
        let shape = value(text, b"'shape':").and_then(numbers).ok_or_else(|| damaged("shape"))?;
        let (kind, size) = description(descr, 0).map_or((None, None), |(size, _)| (quoted(descr), size));
        let plain = kind.map(|(kind, _)| kind).unwrap_or_default();
        let objects = if plain.is_empty() { contains_objects(descr) } else { bare(plain).first() == Some(&b'O') };
        Ok(Header {
            version: format!("{major}.{minor}"),
            dtype: if plain.is_empty() { "struct".to_owned() } else { dtype_name(plain) },
            elements: elements(&shape).unwrap_or(u64::MAX),
            item_size: if objects { None } else { size },
            objects,
            numbers: holds_no_text(bare(plain)),
            data: cursor.offset(),
        })
    }
}

/// Whether a type is a number of two bytes or more. Numbers of one byte may well be a text.
pub(super) fn holds_no_text(dtype: &[u8]) -> bool {
    matches!(dtype, [b'f' | b'i' | b'u' | b'c', rest @ ..] if !rest.is_empty() && rest != b"1")
}

/// A type without its byte order.
fn bare(dtype: &[u8]) -> &[u8] {
    match dtype {
        [b'<' | b'>' | b'=' | b'|', rest @ ..] => rest,
        other => other,
    }
}

/// The bytes of one element of a type such as `<f4`, `U10` or `M8[ns]`.
pub(super) fn item_size(dtype: &[u8]) -> Option<u64> {
    let (kind, size) = bare(dtype).split_first()?;
    let digits: &[u8] = size.split(|byte| *byte == b'[').next()?;
    let number = || std::str::from_utf8(digits).ok()?.parse::<u64>().ok();
    match kind {
        b'?' => Some(1),
        b'O' => Some(8),
        b'U' => number()?.checked_mul(4),
        b'b' | b'i' | b'u' | b'f' | b'c' | b'S' | b'a' | b'V' | b'M' | b'm' | b'B' => number(),
        _ => None,
    }
}

/// The name of a type as safetensors has it, where it has one.
pub(super) fn dtype_name(dtype: &[u8]) -> String {
    let bits = item_size(dtype).unwrap_or(0).saturating_mul(8);
    match bare(dtype).first() {
        Some(b'f') => format!("F{bits}"),
        Some(b'i') => format!("I{bits}"),
        Some(b'u') => format!("U{bits}"),
        Some(b'c') => format!("C{bits}"),
        Some(b'b' | b'?') => "BOOL".to_owned(),
        _ => clip(&String::from_utf8_lossy(&bare(dtype)[..bare(dtype).len().min(64)])),
    }
}

/// What follows a key of the dictionary.
fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(text, key)?;
    Some(text[at + key.len()..].trim_ascii_start())
}

/// A quoted text at the start, and what follows it.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (quote, rest) = text.split_first().filter(|(quote, _)| matches!(quote, b'\'' | b'"'))?;
    let end = memchr::memchr(*quote, rest)?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// A tuple of numbers at the start.
fn numbers(text: &[u8]) -> Option<Vec<u64>> {
    let inner = text.strip_prefix(b"(")?;
    let end = memchr::memchr(b')', inner)?;
    let sides = inner[..end].split(|byte| *byte == b',').map(|side| side.trim_ascii());
    sides
        .filter(|side| !side.is_empty())
        .map(|side| std::str::from_utf8(side).ok()?.trim_end_matches('L').parse().ok())
        .collect()
}

/// The bytes of one element of a described type, where they are understood, and what follows the description. A
/// description is a text, or a list of fields `(name, description[, shape])`.
fn description(text: &[u8], depth: usize) -> Option<(Option<u64>, &[u8])> {
    if let Some((dtype, rest)) = quoted(text) {
        return Some((item_size(dtype), rest));
    }
    let mut rest = text.strip_prefix(b"[").filter(|_| depth < DESCR_DEPTH)?;
    let mut sum = Some(0u64);
    loop {
        rest = skip(rest, b" ,");
        if let Some(after) = rest.strip_prefix(b"]") {
            return Some((sum, after));
        }
        let (size, after) = field(rest.strip_prefix(b"(")?, depth)?;
        sum = sum.zip(size).and_then(|(sum, size)| sum.checked_add(size));
        rest = after;
    }
}

/// One field, behind its opening parenthesis.
fn field(text: &[u8], depth: usize) -> Option<(Option<u64>, &[u8])> {
    // A field with a title has `('title', 'name')` for a name.
    let after_name = match text.strip_prefix(b"(") {
        Some(titled) => &titled[memchr::memchr(b')', titled)? + 1..],
        None => quoted(text)?.1,
    };
    let (size, after) = description(skip(after_name, b" ,"), depth + 1)?;
    let rest = skip(after, b" ,");
    let Some(end) = rest.strip_prefix(b"(").and_then(|inner| memchr::memchr(b')', inner)) else {
        return Some((size, rest.strip_prefix(b")")?));
    };
    let count = elements(&numbers(rest)?);
    let size = size.zip(count).and_then(|(size, count)| size.checked_mul(count));
    Some((size, skip(&rest[end + 2..], b" ,").strip_prefix(b")")?))
}

fn skip<'a>(text: &'a [u8], what: &[u8]) -> &'a [u8] {
    let start = text.iter().position(|byte| !what.contains(byte)).unwrap_or(text.len());
    &text[start..]
}

fn contains_objects(descr: &[u8]) -> bool {
    let list = &descr[..memchr::memmem::find(descr, b"'shape':").unwrap_or(descr.len())];
    memchr::memmem::find(list, b"'|O'").is_some()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// Forges an array as `numpy.save` writes it.
    pub(in super::super) fn forge(descr: &str, shape: &str, data: usize) -> Vec<u8> {
        let mut header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        let padding = (10 + header.len() + 1).next_multiple_of(64) - 11 - header.len();
        header.extend(std::iter::repeat_n(' ', padding));
        header.push('\n');
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.resize(file.len() + data, 1);
        file
    }

    fn ints(descr: &str, shape: &str, data: usize) -> (u64, u64, String, bool) {
        let looked = inspect(&Npy, "a.bin", &forge(descr, shape, data));
        assert!(looked.result.is_ok(), "{descr} {:?}", looked.result);
        let facts = &looked.stated.facts;
        let dtypes = facts.get("model.dtypes").unwrap().to_string();
        (facts.int("model.parameters"), facts.int("model.bytes"), dtypes, !looked.stated.explained.is_empty())
    }

    #[test]
    fn types_and_shapes_are_counted() {
        assert_eq!(ints("'<f4'", "(4, 6)", 96), (24, 96, "F32".into(), true));
        assert_eq!(ints("'>f8'", "()", 8), (1, 8, "F64".into(), true));
        assert_eq!(ints("'|b1'", "(0, 4)", 0), (0, 0, "BOOL".into(), false));
        assert_eq!(ints("'<M8[ns]'", "(2,)", 16), (2, 16, "M8[ns]".into(), false));
        assert_eq!(ints("[('x', '<f4'), ('y', '<i8', (2,))]", "(3,)", 60), (3, 60, "struct".into(), false));
        assert_eq!(ints("[('a', [('b', '|S3'), ('c', '|u1')]), ('d', '<f2')]", "(2,)", 12).1, 12);
    }

    #[test]
    fn arrays_of_text_or_bytes_are_left_to_be_searched() {
        assert!(!ints("'<U11'", "(2,)", 88).3);
        assert!(!ints("'|S5'", "(2,)", 10).3);
        assert!(!ints("'|u1'", "(9,)", 9).3);
    }

    #[test]
    fn pickled_objects_are_handed_out() {
        let looked = inspect(&Npy, "a.npy", &forge("'|O'", "(2,)", 33));
        assert_eq!(looked.members[0].bytes.len(), 33);
        assert_eq!(looked.members[0].path.base_name(), "(objects).pkl");
    }

    #[test]
    fn what_is_missing_is_a_gap_and_hostile_headers_do_no_harm() {
        let file = forge("'<f4'", "(4, 6)", 96);
        for length in 8..file.len() {
            assert!(matches!(inspect(&Npy, "a", &file[..length]).result, Err(FormatError::Broken(_))), "{length}");
        }
        let huge = "(18446744073709551615, 18446744073709551615)";
        assert!(matches!(inspect(&Npy, "a", &forge("'<f4'", huge, 9)).result, Err(FormatError::Broken(_))));
        let deep = format!("{}'<f4'", "[('a', ".repeat(5_000));
        let _ = inspect(&Npy, "a", &forge(&deep, "(1,)", 9));
        for at in 8..128 {
            let mut broken = file.clone();
            broken[at] = b'(';
            let _ = inspect(&Npy, "a", &broken);
        }
    }
}
