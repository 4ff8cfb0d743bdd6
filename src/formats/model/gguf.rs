//! GGUF: the model files of llama.cpp and its kin.
//!
//! Format: `docs/gguf.md` of ggml-org/ggml. A header with counts, named values, a table of tensors, and the tensors at
//! the next multiple of `general.alignment`. Version 1 counts with 32 bits; version 3 may be big-endian.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::weights::{Weights, elements, may_be_text};
use super::{FACTS, capped, gguf_types, shards};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Ahead, Coverage, Format, FormatError, Inspection};

const MAGIC: &[u8] = b"GGUF";
/// Later versions may come; a number beyond this is not a version.
const VERSION_LIMIT: u32 = 0xff;
/// Arrays of arrays are allowed; nobody writes them deeper than this.
const ARRAY_DEPTH: usize = 4;

/// So many bytes of a header are read. The largest vocabularies take 15 MiB.
const HEADER_LIMIT: u64 = 64 << 20;
/// More tensors than any model has in one file.
const TENSORS: u64 = 200_000;

/// More named values than any model has.
const VALUES: u64 = 65_536;

/// Names of values that become facts; where two become the same, the later one is the better.
const NAMES: &[(&str, &str)] = &[
    ("general.architecture", "model.architecture"),
    ("general.name", "model.name"),
    ("general.license", "model.license"),
    ("general.organization", "model.author"),
    ("general.author", "model.author"),
    ("general.quantized_by", "model.producer"),
    ("general.base_model.0.name", "model.base"),
    ("general.type", "model.kind"),
];

/// Beginnings of names that tell of the training.
const TRAINING: &[&str] = &["training.", "optimizer.", "general.dataset", "imatrix."];

/// See the module.
pub struct Gguf;

impl Format for Gguf {
    fn name(&self) -> &'static str {
        "gguf"
    }

    fn summary(&self) -> &'static str {
        "Model weights in GGUF (llama.cpp): tensors, parameters, quantisation, architecture and metadata; the header is searched."
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC) && version(probe.head()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (version, big) = version(&artifact.bytes).ok_or(FormatError::NotThis)?;
        let mut reader = Reader { cursor: Cursor::at(&artifact.bytes, 8), big, wide: version > 1 };
        out.fact("model.format", "gguf");
        out.fact("model.version", version.to_string());
        out.fact("model.protection", "plain");
        if !(1..=3).contains(&version) {
            return Err(FormatError::broken(4, format!("version {version} of GGUF is not known; update lastlook")));
        }
        let mut table = Table::default();
        let result = read_table(&mut reader, &mut table);
        table.weights.state(out);
        table.told.state(out);
        out.fact("model.weights", if table.weights.tensors == 0 { "none" } else { "inside" });
        let end = reader.cursor.offset();
        // Without its mark: with it, the header would be taken for a GGUF that is cut off, and opened again and again.
        out.member("(header)", Role::Header, artifact.bytes.slice(MAGIC.len()..end as usize))?;
        out.explain(0..end);
        result?;
        place_tensors(&mut table, end, artifact.bytes.len() as u64, &mut |range| out.explain(range))?;
        Ok(Coverage::Part)
    }

    fn ahead(&self, head: &[u8], size: u64) -> Ahead {
        ahead(head, size)
    }
}

/// What [`Format::ahead`] answers: the tensors, once all of the table is there.
fn ahead(head: &[u8], size: u64) -> Ahead {
    let Some((version @ 1..=3, big)) = head.starts_with(MAGIC).then(|| version(head)).flatten() else {
        return Ahead::Nothing;
    };
    let mut reader = Reader { cursor: Cursor::at(head, 8), big, wide: version > 1 };
    let mut table = Table::default();
    if read_table(&mut reader, &mut table).is_err() {
        return Ahead::More((head.len() as u64).saturating_mul(4));
    }
    let mut ranges = Vec::new();
    // What is wrong with them is said when the whole is inspected.
    let _ = place_tensors(&mut table, reader.cursor.offset(), size, &mut |range| ranges.push(range));
    Ahead::Explained(ranges)
}

/// The version and whether numbers are big-endian.
fn version(bytes: &[u8]) -> Option<(u32, bool)> {
    let little = Cursor::at(bytes, 4).u32_le().ok()?;
    match (little, little.swap_bytes()) {
        (1..=VERSION_LIMIT, _) => Some((little, false)),
        (_, 3) => Some((3, true)),
        _ => None,
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    big: bool,
    wide: bool,
}

impl<'a> Reader<'a> {
    fn u32(&mut self) -> Result<u32, ReadError> {
        if self.big { self.cursor.u32_be() } else { self.cursor.u32_le() }
    }

    fn u16(&mut self) -> Result<u16, ReadError> {
        if self.big { self.cursor.u16_be() } else { self.cursor.u16_le() }
    }

    fn u64(&mut self) -> Result<u64, ReadError> {
        if self.big { self.cursor.u64_be() } else { self.cursor.u64_le() }
    }

    fn count(&mut self) -> Result<u64, ReadError> {
        if self.wide { self.u64() } else { self.u32().map(u64::from) }
    }

    fn text(&mut self) -> Result<&'a [u8], ReadError> {
        if self.cursor.offset() > HEADER_LIMIT {
            return Err(self.cursor.error("the header is longer than lastlook reads; no model needs that many bytes"));
        }
        let length = self.count()?;
        self.cursor.take_u64(length)
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u32, depth: usize) -> Result<(), ReadError> {
        match (size_of_value(kind), kind) {
            (Some(size), _) => self.cursor.skip(size),
            (None, 8) => self.text().map(|_| ()),
            (None, 9) if depth < ARRAY_DEPTH => {
                let kind = self.u32()?;
                let count = self.count()?;
                if let Some(size) = size_of_value(kind) {
                    return self.cursor.skip(count.saturating_mul(size));
                }
                // Texts and arrays take at least four bytes each, so a lying count ends at the end of the file.
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            _ => Err(self.cursor.error(format!("a value has the unknown type {kind}"))),
        }
    }
}

/// Bytes of a value with a fixed size.
fn size_of_value(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// What the values tell.
#[derive(Default)]
struct Told<'a> {
    /// Place in [`NAMES`] and text.
    names: BTreeMap<usize, &'a [u8]>,
    file_type: Option<u64>,
    /// `split.no`, which counts from 0, and `split.count`.
    split: (u64, u64),
    training: BTreeSet<String>,
}

impl<'a> Told<'a> {
    fn note(&mut self, key: &'a [u8], value: &Scalar<'a>) {
        match (key, value) {
            (_, Scalar::Text(text)) => {
                if let Some(at) = NAMES.iter().position(|(name, _)| name.as_bytes() == key) {
                    self.names.insert(at, *text);
                }
            }
            (b"general.file_type", Scalar::Int(number)) => self.file_type = Some(*number),
            (b"split.no", Scalar::Int(number)) => self.split.0 = *number,
            (b"split.count", Scalar::Int(number)) => self.split.1 = *number,
            _ => {}
        }
        if self.training.len() < 64 && TRAINING.iter().any(|start| key.starts_with(start.as_bytes())) {
            self.training.insert(capped::text(key));
        }
    }

    fn state(&self, out: &mut Inspection<'_>) {
        for (at, text) in &self.names {
            // Most files are a `model`, which says nothing.
            if NAMES[*at].1 != "model.kind" || *text != b"model" {
                capped::state(out, NAMES[*at].1, text);
            }
        }
        if let Some(number) = self.file_type {
            let known = gguf_types::file_type(number).map(str::to_owned);
            out.fact("model.quantisation", known.unwrap_or_else(|| format!("file type {number}")));
        }
        if !self.training.is_empty() {
            out.fact("model.training", capped::clip_list(&self.training));
        }
        shards::state(out);
        if self.split.1 > 1 {
            out.fact("model.shard", format!("{} of {}", self.split.0.saturating_add(1), self.split.1));
        }
    }
}

/// A value that is not an array.
enum Scalar<'a> {
    Int(u64),
    Text(&'a [u8]),
    Other,
}

#[derive(Default)]
struct Table<'a> {
    weights: Weights,
    told: Told<'a>,
    alignment: u64,
    /// Offset in the data, size where the type is known, and whether a text may hide in it.
    tensors: Vec<(u64, Option<u64>, bool)>,
}

fn read_table<'a>(reader: &mut Reader<'a>, table: &mut Table<'a>) -> Result<(), ReadError> {
    table.alignment = 32;
    let tensors = reader.count()?;
    let values = reader.count()?;
    if values > VALUES {
        let reason = format!("the header announces {values} values; lastlook reads {VALUES}, no model has more");
        return Err(reader.cursor.error(reason));
    }
    for _ in 0..values {
        let key = reader.text()?;
        let kind = reader.u32()?;
        let value = match kind {
            8 => Scalar::Text(reader.text()?),
            4 | 5 => Scalar::Int(u64::from(reader.u32()?)),
            2 | 3 => Scalar::Int(u64::from(reader.u16()?)),
            _ => {
                reader.skip(kind, 0)?;
                Scalar::Other
            }
        };
        if let (b"general.alignment", Scalar::Int(number)) = (key, &value) {
            table.alignment = (*number).max(1);
        }
        table.told.note(key, &value);
    }
    if tensors > TENSORS {
        let reason = format!("the header announces {tensors} tensors; lastlook reads {TENSORS}, no model has more");
        return Err(reader.cursor.error(reason));
    }
    for _ in 0..tensors {
        read_tensor(reader, table)?;
    }
    Ok(())
}

fn read_tensor(reader: &mut Reader<'_>, table: &mut Table<'_>) -> Result<(), ReadError> {
    reader.text()?;
    let dimensions = reader.u32()?;
    if dimensions > 16 {
        return Err(reader.cursor.error(format!("a tensor has {dimensions} dimensions")));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(reader.count()?);
    }
    let id = reader.u32()?;
    let offset = reader.u64()?;
    let count = elements(&shape).unwrap_or(u64::MAX);
    let kind = gguf_types::kind(id);
    let size = kind.map(|(_, per_block, bytes)| count.div_ceil(per_block).saturating_mul(bytes));
    match kind {
        Some((name, ..)) => table.weights.add(name, count, size.unwrap_or(0)),
        None => table.weights.add(&format!("type {id}"), count, 0),
    }
    table.tensors.push((offset, size, may_be_text(id == 24, shape.len())));
    Ok(())
}

/// Accounts for the tensors, and checks that the file holds them all.
fn place_tensors(
    table: &mut Table<'_>,
    end: u64,
    size: u64,
    explain: &mut dyn FnMut(Range<u64>),
) -> Result<(), FormatError> {
    if table.tensors.is_empty() {
        return Ok(());
    }
    let data = end.div_ceil(table.alignment).saturating_mul(table.alignment);
    explain(end.min(size)..data.min(size));
    table.tensors.sort_unstable();
    let mut last = data;
    let mut over = None;
    for (index, (offset, bytes, text)) in table.tensors.iter().enumerate() {
        let next = table.tensors.get(index + 1).map_or(size, |(next, ..)| data.saturating_add(*next));
        let from = data.saturating_add(*offset);
        // A tensor of an unknown type reaches to the next one.
        let to = bytes.map_or(next, |bytes| from.saturating_add(bytes));
        if from < last && over.is_none() && to > from {
            over = Some(FormatError::broken(from.min(size), "two tensors lie over each other; no tool writes that"));
        }
        last = last.max(to).max(from);
        if !text {
            explain(from.min(size)..to.min(size));
        }
    }
    if last > size {
        let reason =
            format!("the tensors should end at {last} and the file ends at {size}; it is cut off, copy it again");
        return Err(FormatError::broken(size, reason));
    }
    over.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    /// Writes GGUF version 2 or 3, little- or big-endian.
    struct Writer {
        file: Vec<u8>,
        big: bool,
    }

    impl Writer {
        fn u32(&mut self, number: u32) {
            self.file.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        }

        fn u64(&mut self, number: u64) {
            self.file.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        }

        fn text(&mut self, text: &str) {
            self.u64(text.len() as u64);
            self.file.extend(text.as_bytes());
        }

        fn tensor(&mut self, name: &str, shape: &[u64], kind: u32, offset: u64) {
            self.text(name);
            self.u32(shape.len() as u32);
            shape.iter().for_each(|side| self.u64(*side));
            self.u32(kind);
            self.u64(offset);
        }
    }

    fn forge(big: bool) -> (Vec<u8>, usize) {
        let mut writer = Writer { file: b"GGUF".to_vec(), big };
        writer.u32(3);
        writer.u64(3);
        writer.u64(6);
        let texts =
            [("general.architecture", "llama"), ("general.name", "tiny"), ("general.license", "mit"), ("x.note", "n")];
        for (key, value) in texts {
            writer.text(key);
            writer.u32(8);
            writer.text(value);
        }
        writer.text("tokenizer.ggml.tokens");
        writer.u32(9);
        writer.u32(8);
        writer.u64(2);
        writer.text("<unk>");
        writer.text("a");
        writer.text("llama.block_count");
        writer.u32(4);
        writer.u32(1);
        writer.tensor("w", &[6, 4], 0, 0);
        writer.tensor("h", &[6, 4], 1, 96);
        writer.tensor("q", &[32, 2], 8, 160);
        let header = writer.file.len();
        writer.file.resize(header.next_multiple_of(32) + 160 + 68, 0);
        (writer.file, header)
    }

    fn text(looked: &Looked, fact: &str) -> String {
        looked.stated.facts.get(fact).map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn both_byte_orders_tell_the_same() {
        for big in [false, true] {
            let (file, header) = forge(big);
            let looked = inspect(&Gguf, "model.bin", &file);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            assert_eq!(text(&looked, "model.architecture"), "llama");
            assert_eq!(text(&looked, "model.name"), "tiny");
            assert_eq!(text(&looked, "model.license"), "mit");
            assert_eq!(text(&looked, "model.version"), "3");
            assert_eq!(text(&looked, "model.dtypes"), "F16, F32, Q8_0");
            assert_eq!(looked.stated.facts.int("model.tensors"), 3);
            assert_eq!(looked.stated.facts.int("model.parameters"), 24 + 24 + 64);
            assert_eq!(looked.stated.facts.int("model.bytes"), 96 + 48 + 68);
            let inner = &looked.members[0];
            assert_eq!((inner.role, inner.bytes.len()), (Role::Header, header - MAGIC.len()));
            assert!(!inspect(&Gguf, "(header)", &inner.bytes).sniffed);
        }
    }

    #[test]
    fn an_unknown_version_is_a_gap_and_a_text_is_not_gguf() {
        let (mut file, _) = forge(false);
        file[4] = 9;
        assert!(matches!(inspect(&Gguf, "a", &file).result, Err(FormatError::Broken(_))));
        assert!(!inspect(&Gguf, "a", b"GGUF is a file format").sniffed);
    }

    #[test]
    fn lying_counts_end_at_the_end_of_the_file() {
        let (mut file, _) = forge(false);
        file[8..24].fill(0xff);
        assert!(matches!(inspect(&Gguf, "a", &file).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn a_truncated_model_is_a_gap() {
        let (file, _) = forge(false);
        for length in (8..file.len()).step_by(7) {
            let looked = inspect(&Gguf, "a.gguf", &file[..length]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{length}");
        }
    }
}
