//! TensorFlow's checkpoints: tables of names. Version 2 is an `.index` of entries whose data lies in files beside it
//! (`tensorflow/core/protobuf/tensor_bundle.proto`), version 1 one file with everything (`saved_tensor_slice.proto`).
//!
//! Both are tables as LevelDB writes them (`doc/table_format.md` of google/leveldb); other programs write such tables
//! too, so the first entry, whose key is empty, must be the header of a checkpoint.

use super::capped::Tensors;
use super::proto::{Walk, numbers};
use super::snappy;
use super::tf_types::{self, STRING};
use crate::bytes::protobuf::{Slice, Value};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises checkpoints.
#[derive(Debug)]
pub struct TfCheckpoint;

/// The end of a table.
const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/// Bytes of the footer: two handles, padding, and the mark.
const FOOTER: u64 = 48;

/// How many tensors are counted.
const ENTRIES: u32 = 2_000_000;

/// How long the name of a variable may be.
const KEY: u64 = 4 << 10;

/// How many files with data are named.
const SHARDS: u64 = 4096;

/// The entry that holds the graph of Python objects, which is no tensor of the model.
const OBJECT_GRAPH: &[u8] = b"_CHECKPOINTABLE_OBJECT_GRAPH";

/// Names in which the state of an optimizer is kept.
const OPTIMIZER: [&[u8]; 4] = [b"/.OPTIMIZER_SLOT/", b"optimizer/", b"/Adam", b"/Momentum"];

impl Format for TfCheckpoint {
    fn name(&self) -> &'static str {
        "tensorflow-checkpoint"
    }

    fn summary(&self) -> &'static str {
        "TensorFlow checkpoint (versions 1 and 2): variables, parameters, data types, and the files that hold them"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The first entry shares nothing with the one before it, and its key is empty.
        let first = |block: &[u8]| block.starts_with(&[0, 0]);
        probe.len() > FOOTER
            && probe.tail().ends_with(&MAGIC)
            && (first(probe.head()) || snappy::first_literal(probe.head()).is_some_and(first))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let walk = Walk::new();
        let mut checkpoint = Checkpoint::new(&walk);
        let end = Table { bytes: &artifact.bytes, left: ENTRIES }.each(|key, value| checkpoint.entry(key, value));
        let Some(kind) = checkpoint.kind else { return Err(FormatError::NotThis) };
        out.fact("model.format", "tensorflow-checkpoint");
        out.fact("model.producer", "TensorFlow");
        out.fact("model.protection", "plain");
        match kind {
            Kind::Bundle => {
                out.fact("model.version", "2");
                out.fact("model.weights", if checkpoint.tensors.count() > 0 { "external" } else { "none" });
                let name = artifact.path.base_name();
                let stem = name.strip_suffix(".index").unwrap_or(name);
                let shards = checkpoint.shards;
                for shard in 0..shards.min(SHARDS) {
                    out.part(&format!("{stem}.data-{shard:05}-of-{shards:05}"));
                }
            }
            Kind::Slices => {
                out.fact("model.version", "1");
                out.fact("model.weights", if checkpoint.tensors.count() > 0 { "inside" } else { "none" });
            }
        }
        if checkpoint.optimizer > 0 {
            out.fact("model.training", vec![format!("state of the optimizer ({} tensors)", checkpoint.optimizer)]);
        }
        checkpoint.tensors.state(out);
        end?;
        Ok(Coverage::Part)
    }
}

/// The two versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bundle,
    Slices,
}

struct Checkpoint<'w> {
    walk: &'w Walk,
    kind: Option<Kind>,
    shards: u64,
    optimizer: u64,
    tensors: Tensors,
}

impl<'w> Checkpoint<'w> {
    fn new(walk: &'w Walk) -> Self {
        Checkpoint { walk, kind: None, shards: 1, optimizer: 0, tensors: Tensors::default() }
    }

    /// One entry of the table. `false` ends the reading.
    fn entry(&mut self, key: &[u8], value: Slice<'_>) -> Result<bool, ReadError> {
        match self.kind {
            None if key.is_empty() => {
                self.header(value)?;
                Ok(self.kind.is_some())
            }
            Some(Kind::Bundle) if key != OBJECT_GRAPH => self.bundled(key, value).map(|()| true),
            // The slices repeat what the header has told.
            Some(Kind::Slices) => Ok(false),
            _ => Ok(self.kind.is_some()),
        }
    }

    /// `BundleHeaderProto`: numbers and a version; or `SavedTensorSlices`: the list of all tensors.
    fn header(&mut self, value: Slice<'_>) -> Result<(), ReadError> {
        let walk = self.walk;
        let (mut bundle, mut slices, mut shards) = (false, false, 1);
        walk.each(value, |field| {
            match (field.number, field.value) {
                (1, Value::Varint(number)) => (bundle, shards) = (true, number),
                (2, Value::Varint(_)) | (3, Value::Bytes(_)) => bundle = true,
                (1, Value::Bytes(meta)) => {
                    slices = true;
                    self.meta(meta)?;
                }
                _ => (bundle, slices) = (true, true),
            }
            Ok(())
        })?;
        self.shards = shards;
        self.kind = match (bundle, slices) {
            (true, false) => Some(Kind::Bundle),
            (false, true) => Some(Kind::Slices),
            _ => None,
        };
        Ok(())
    }

    /// `SavedTensorSliceMeta`: one message for each tensor, with its name, shape and type.
    fn meta(&mut self, meta: Slice<'_>) -> Result<(), ReadError> {
        let walk = self.walk;
        walk.each(meta, |field| {
            let (1, Value::Bytes(tensor)) = (field.number, field.value) else { return Ok(()) };
            let (mut name, mut kind, mut elements) = (&b""[..], 0, 1);
            walk.each(tensor, |field| {
                match (field.number, field.value) {
                    (1, Value::Bytes(text)) => name = text.bytes,
                    (2, Value::Bytes(shape)) => elements = tf_types::elements(walk, shape)?,
                    (3, value) => numbers(value, |number| kind = number)?,
                    _ => {}
                }
                Ok(())
            })?;
            let size = tf_types::size(tf_types::dtype(kind));
            self.count(name, kind, elements, elements.saturating_mul(size));
            Ok(())
        })
    }

    /// `BundleEntryProto`.
    fn bundled(&mut self, key: &[u8], value: Slice<'_>) -> Result<(), ReadError> {
        let walk = self.walk;
        let (mut kind, mut elements, mut size) = (0, 1, 0);
        let mut slices = false;
        walk.each(value, |field| {
            match (field.number, field.value) {
                (1, Value::Varint(number)) => kind = number,
                (2, Value::Bytes(shape)) => elements = tf_types::elements(walk, shape)?,
                (5, Value::Varint(number)) => size = number,
                (7, Value::Bytes(_)) => slices = true,
                _ => {}
            }
            Ok(())
        })?;
        // A tensor in slices has an entry of its own without data, and one for each slice whose key begins with a zero.
        if slices || !key.starts_with(&[0]) {
            self.count(key, kind, elements, size);
        } else {
            self.tensors.elsewhere(size);
        }
        Ok(())
    }

    fn count(&mut self, name: &[u8], kind: u64, elements: u64, bytes: u64) {
        // Texts are paths and settings; the rest of a training is counted by itself.
        if kind == STRING {
            return;
        }
        if OPTIMIZER.iter().any(|mark| memchr::memmem::find(name, mark).is_some()) {
            self.optimizer += 1;
            return;
        }
        self.tensors.add(tf_types::dtype(kind), [elements]);
        self.tensors.elsewhere(bytes);
    }
}

/// What is asked about a key and its value: whether to go on.
type Entry<'r> = dyn FnMut(&[u8], Slice<'_>) -> Result<bool, ReadError> + 'r;

/// A table of keys and values.
struct Table<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl Table<'_> {
    /// Hands every entry to `read`, in their order, until it answers `false`.
    fn each(&mut self, mut read: impl FnMut(&[u8], Slice<'_>) -> Result<bool, ReadError>) -> Result<(), ReadError> {
        let footer = (self.bytes.len() as u64).saturating_sub(FOOTER);
        let mut cursor = Cursor::at(self.bytes, footer);
        // The index of other indices, which nobody writes.
        cursor.varint()?;
        cursor.varint()?;
        let index = (cursor.varint()?, cursor.varint()?);
        let mut blocks = Vec::new();
        self.block(index, &mut |_, handle| {
            let mut cursor = Cursor::new(handle.bytes);
            blocks.push((cursor.varint()?, cursor.varint()?));
            Ok(true)
        })?;
        // Each block lies behind the one before it, so none is read twice.
        let mut end = 0;
        for (offset, size) in blocks {
            if offset < end {
                return Err(ReadError::new(offset, "the blocks of a table overlap"));
            }
            end = offset.saturating_add(size);
            if !self.block((offset, size), &mut read)? {
                break;
            }
        }
        Ok(())
    }

    /// Hands the entries of one block to `read`.
    fn block(&mut self, (offset, size): (u64, u64), read: &mut Entry<'_>) -> Result<bool, ReadError> {
        let mut cursor = Cursor::at(self.bytes, offset);
        let block = cursor.take_u64(size)?;
        let unpacked;
        let block = match cursor.u8()? {
            0 => block,
            1 => {
                unpacked = snappy::decompress(block)
                    .ok_or_else(|| ReadError::new(offset, "the data of a compressed block is damaged"))?;
                &unpacked[..]
            }
            other => return Err(ReadError::new(offset, format!("a block has the unknown compression {other}"))),
        };
        let size = block.len() as u64;
        let tail = Cursor::at(block, size.saturating_sub(4)).u32_le()?;
        let restarts = u64::from(tail).saturating_mul(4).saturating_add(4);
        let content = size.checked_sub(restarts).ok_or_else(|| ReadError::new(offset, "a block is too short"))?;
        let mut cursor = Cursor::new(&block[..content as usize]);
        let mut key = Vec::new();
        while cursor.remaining() > 0 {
            self.left = self
                .left
                .checked_sub(1)
                .ok_or_else(|| ReadError::new(offset, format!("it has more than {ENTRIES} entries")))?;
            let (shared, more, length) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
            if shared > key.len() as u64 {
                return Err(ReadError::new(offset, "a key shares more than there is"));
            }
            if shared.saturating_add(more) > KEY {
                return Err(ReadError::new(offset, format!("a name has more than {KEY} bytes")));
            }
            key.truncate(shared as usize);
            key.extend_from_slice(cursor.take_u64(more)?);
            let at = offset.saturating_add(cursor.offset());
            let value = Slice { bytes: cursor.take_u64(length)?, offset: at };
            if !read(&key, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::tests::{block as field, number, varint};
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn block(entries: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in entries {
            out.extend([varint(0), varint(key.len() as u64), varint(value.len() as u64)].concat());
            out.extend([key, &value[..]].concat());
        }
        out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        out
    }

    fn table(entries: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
        let data = block(entries);
        let handle = [varint(0), varint(data.len() as u64)].concat();
        let index = block(&[(b"z", handle)]);
        let at = data.len() + 5;
        let mut footer = [varint(0), varint(0), varint(at as u64), varint(index.len() as u64)].concat();
        footer.resize(40, 0);
        [data, vec![0; 5], index, vec![0; 5], footer, MAGIC.to_vec()].concat()
    }

    fn entry(size: u64) -> Vec<u8> {
        let shape = field(2, [field(2, number(1, size))].concat());
        [number(1, 1), shape, number(5, size * 4)].concat()
    }

    #[test]
    fn a_checkpoint_names_its_variables_and_where_they_lie() {
        let header = [number(1, 2), field(3, number(1, 1))].concat();
        let bytes =
            table(&[(b"", header), (OBJECT_GRAPH, number(1, 7)), (b"dense/bias", entry(8)), (b"m/Adam", entry(8))]);
        let looked = inspect(&TfCheckpoint, "variables.index", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("model.tensors"), facts.int("model.parameters"), facts.int("model.bytes")), (1, 8, 32));
        let parts = vec!["variables.data-00000-of-00002".to_owned(), "variables.data-00001-of-00002".to_owned()];
        assert_eq!(looked.stated.parts, parts);
        let training = vec!["state of the optimizer (1 tensors)".to_owned()];
        assert_eq!(facts.get("model.training"), Some(&FactValue::from(training)));
    }

    #[test]
    fn the_old_kind_lists_everything_in_its_first_entry() {
        let tensor = [field(1, "w"), field(2, field(2, number(1, 6))), number(3, 2)].concat();
        let bytes = table(&[(b"", field(1, field(1, tensor))), (b"\0w", vec![7; 90])]);
        let facts = inspect(&TfCheckpoint, "model.ckpt", &bytes).stated.facts;
        assert_eq!(facts.int("model.parameters"), 6);
        assert_eq!(facts.get("model.weights"), Some(&FactValue::from("inside")));
        assert_eq!(facts.get("model.dtypes"), Some(&FactValue::from(vec!["F64".to_owned()])));
    }

    #[test]
    fn blocks_compressed_with_snappy_are_read() {
        let tensor = [field(1, "w"), field(2, field(2, number(1, 6))), number(3, 2)].concat();
        let plain = block(&[(b"", field(1, field(1, tensor)))]);
        // One literal after the size: that of a few bytes has its length in the tag.
        assert!(plain.len() < 60);
        let data = [varint(plain.len() as u64), vec![(plain.len() as u8 - 1) << 2], plain].concat();
        let index = block(&[(b"z", [varint(0), varint(data.len() as u64)].concat())]);
        let at = data.len() + 5;
        let mut footer = [varint(0), varint(0), varint(at as u64), varint(index.len() as u64)].concat();
        footer.resize(40, 0);
        let file = [data, vec![1, 0, 0, 0, 0], index, vec![0; 5], footer, MAGIC.to_vec()].concat();
        let looked = inspect(&TfCheckpoint, "model.ckpt", &file);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(looked.stated.facts.int("model.parameters"), 6);
    }

    #[test]
    fn tables_of_other_programs_are_something_else() {
        for entries in [&[(&b""[..], vec![0xff; 4])][..], &[(b"", field(9, "x"))], &[(b"key", number(1, 1))]] {
            let looked = inspect(&TfCheckpoint, "000005.ldb", &table(entries));
            assert!(looked.result.is_err(), "{entries:?}");
            assert!(looked.stated.facts.is_empty());
        }
    }

    #[test]
    fn damage_is_broken_or_something_else() {
        let header = [number(1, 1), field(3, number(1, 1))].concat();
        let bytes = table(&[(b"", header), (b"dense/bias", entry(1 << 60))]);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            inspect(&TfCheckpoint, "variables.index", &damaged);
        }
    }
}
