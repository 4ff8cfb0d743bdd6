//! HDF5 files, and the Keras models in them.
//!
//! Follows the "HDF5 File Format Specification" 3.0: II.A superblock, III.E global heap, IV.A.2.m attribute message.
//! Tensors are counted by walking the tree of objects. Keras' attributes are found by a search of the first and the
//! last bytes, which is where the library puts the attributes of the root group.

use super::capped::Tensors;
use super::hdf5_tree::{DataSet, Layout, Tree};
use super::{capped, keras};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises HDF5 files.
#[derive(Debug)]
pub struct Hdf5;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// How far a user block may push the superblock. It starts at 0, 512, 1024, 2048 …; none larger has been seen.
const SUPERBLOCKS: [u64; 9] = [0, 512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

/// How many bytes from the start and from the end are searched for attributes.
const SEARCHED: usize = 4 << 20;

/// How often a name may turn up without being an attribute before the search gives up.
const TRIES: usize = 64;

/// From this size on, an HDF5 file that says nothing about itself may well hold weights.
const LARGE: u64 = 1 << 20;

/// What Keras leaves in every file that it writes: attributes of the root group, or links below it.
const MARKS: [&[u8]; 5] = [b"keras_version", b"model_weights", b"model_config", b"layer_names", b"_layer_checkpoint"];

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "hdf5"
    }

    fn summary(&self) -> &'static str {
        "HDF5 file: its data sets, and version, class and name of a Keras model in it"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The first member of a tar lies where a superblock may lie behind a block of the user's own.
        let tar = probe.has_at(257, b"ustar");
        SUPERBLOCKS.iter().any(|at| probe.has_at(*at as usize, SIGNATURE) && !(tar && *at > 0))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let at = |at: &&u64| Cursor::at(bytes, **at).rest().starts_with(SIGNATURE);
        let start = *SUPERBLOCKS.iter().find(at).ok_or(FormatError::NotThis)?;
        let superblock = Superblock::read(bytes, start)?;
        out.fact("model.version", format!("superblock {}", superblock.version));
        out.fact("model.protection", "plain");
        let searched = searched(bytes);
        let mut content = Content::default();
        let walked = content.read(bytes, &superblock);
        let keras = content.keras
            || MARKS.iter().any(|mark| searched.iter().any(|part| memchr::memmem::find(part, mark).is_some()));
        out.fact("model.format", if keras { "keras-hdf5" } else { "hdf5" });
        let weights = keras && (walked.is_err() || content.weights.count() > 0) || content.weights.bytes() >= LARGE;
        out.fact("model.weights", if weights { "inside" } else { "none" });
        if keras {
            state_keras(&superblock, bytes, &searched, out);
        }
        content.state(out);
        let length = bytes.len() as u64;
        if superblock.end > length {
            let reason = format!("it should have {} bytes; the rest is missing", superblock.end);
            return Err(FormatError::broken(length, reason));
        }
        walked?;
        Ok(Coverage::Part)
    }
}

/// The data sets of a file.
#[derive(Default)]
pub(super) struct Content {
    /// Whether its groups are those of a Keras model.
    keras: bool,
    /// What is no state of an optimizer.
    pub(super) weights: Tensors,
    /// Number of tensors in the state of an optimizer: a training can be taken up again from them.
    optimizer: u64,
}

impl Content {
    /// Reads the tree of a whole HDF5 file without a user block.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut content = Content::default();
        content.read(bytes, &Superblock::read(bytes, 0)?)?;
        Ok(content)
    }

    fn read(&mut self, bytes: &[u8], superblock: &Superblock) -> Result<(), ReadError> {
        let layout = Layout { address: superblock.address, length: superblock.length, base: superblock.base };
        let mut data = Vec::new();
        let end = Tree::new(bytes, layout, superblock.root).walk(|data_set| {
            data.extend(data_set.data.clone());
            self.add(bytes, data_set);
        });
        data.sort_unstable_by_key(|range| range.start);
        match data.windows(2).find(|pair| pair[0].end > pair[1].start) {
            Some(pair) => {
                end.and(Err(ReadError::new(pair[1].start, "two data sets overlap, which the library never writes")))
            }
            None => end,
        }
    }

    fn add(&mut self, bytes: &[u8], data_set: DataSet) {
        let first = data_set.path.split('/').next().unwrap_or_default();
        self.keras |= first == "model_weights" || data_set.path.contains("/vars/");
        if data_set.dtype.is_empty() || data_set.elements == Some(0) {
            return;
        }
        if first == "optimizer" || first == "optimizer_weights" {
            self.optimizer += 1;
            return;
        }
        self.weights.add(data_set.dtype, [data_set.elements.unwrap_or(u64::MAX)]);
        match data_set.data.and_then(|data| Some((data.start, bytes.get(data.start as usize..data.end as usize)?))) {
            Some((start, data)) => self.weights.data(data, start),
            None => self.weights.elsewhere(data_set.elements.unwrap_or(u64::MAX).saturating_mul(data_set.size)),
        }
    }

    /// States what was counted.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        if self.optimizer > 0 {
            out.fact("model.training", vec![format!("state of the optimizer ({} tensors)", self.optimizer)]);
        }
        self.weights.state(out);
    }
}

/// The first and the last bytes, without an overlap.
fn searched(bytes: &[u8]) -> [&[u8]; 2] {
    let (head, rest) = bytes.split_at(bytes.len().min(SEARCHED));
    [head, &rest[rest.len().saturating_sub(SEARCHED)..]]
}

fn state_keras(superblock: &Superblock, bytes: &[u8], searched: &[&[u8]; 2], out: &mut Inspection<'_>) {
    let find = |name: &str| searched.iter().find_map(|part| superblock.attribute(bytes, part, name.as_bytes()));
    if let Some(version) = find("keras_version") {
        capped::state(out, "model.producer", format!("Keras {}", capped::text(version)).as_bytes());
    }
    // A model_config that is no JSON costs a fact, not the scan: its bytes are searched all the same.
    if let Some(config) = find("model_config") {
        keras::state_config(config.trim_ascii(), out).ok();
    }
}

/// What is needed of the superblock.
struct Superblock {
    version: u8,
    /// Bytes of an address: 4 or 8.
    address: u8,
    /// Bytes of a length: 4 or 8.
    length: u8,
    /// What addresses count from.
    base: u64,
    /// The first byte behind the file, counted from the start of the file.
    end: u64,
    /// Where the header of the root group lies, counted from the start of the file.
    root: u64,
}

impl Superblock {
    /// The superblock at `start` (versions 0 to 3).
    fn read(bytes: &[u8], start: u64) -> Result<Self, FormatError> {
        let mut cursor = Cursor::at(bytes, start);
        cursor.skip(8)?;
        let version = cursor.u8()?;
        match version {
            0 | 1 => cursor.skip(4)?,
            2 | 3 => {}
            other => return Err(FormatError::broken(start, format!("superblock version {other} is not known"))),
        }
        let (address, length) = (cursor.u8()?, cursor.u8()?);
        if !matches!((address, length), (4 | 8, 4 | 8)) {
            let reason = format!("addresses of {address} and lengths of {length} bytes are not read");
            return Err(FormatError::broken(start, reason));
        }
        // What lies between: a reserved byte, the sizes of B-tree nodes and flags; or just flags.
        cursor.skip(match version {
            0 => 9,
            1 => 13,
            _ => 1,
        })?;
        let base = number(&mut cursor, address)?;
        number(&mut cursor, address)?;
        let end = number(&mut cursor, address)?;
        if version < 2 {
            // The block of a driver, and the name of the root group, which has none.
            number(&mut cursor, address)?;
            number(&mut cursor, address)?;
        }
        let root = number(&mut cursor, address)?.saturating_add(base);
        Ok(Superblock { version, address, length, base, end, root })
    }

    /// The value of the first attribute with this name in `part`, which is a part of `bytes`.
    fn attribute<'a>(&self, bytes: &'a [u8], part: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        let mut found = memchr::memmem::find_iter(part, name).take(TRIES);
        found.find_map(|at| self.value(bytes, part, at as u64, name.len() as u64).ok().flatten())
    }

    /// The value of an attribute message whose name lies at `at` (IV.A.2.m), if there is one.
    fn value<'a>(&self, bytes: &'a [u8], part: &'a [u8], at: u64, name: u64) -> Result<Option<&'a [u8]>, ReadError> {
        // Version 3 has one more byte, for the character set, between the sizes and the name.
        for (version, header) in [(3, 9), (2, 8), (1, 8)] {
            let Some(start) = at.checked_sub(header) else { continue };
            let mut cursor = Cursor::at(part, start);
            let (is, _) = (cursor.u8()?, cursor.u8()?);
            let (size, kind, space) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
            if is != version || u64::from(size) != name + 1 {
                continue;
            }
            let pad = |size: u16| if version == 1 { u64::from(size).next_multiple_of(8) } else { size.into() };
            let mut cursor = Cursor::at(part, at + pad(size));
            let mut datatype = Cursor::new(cursor.take_u64(pad(kind))?);
            cursor.skip(pad(space))?;
            let (class, _) = (datatype.u8()? & 0x0f, datatype.take(3)?);
            let size = datatype.u32_le()?;
            return match class {
                // A text of fixed length.
                3 => {
                    cursor.take_u64(size.into()).map(|text| Some(text.split(|byte| *byte == 0).next().unwrap_or(text)))
                }
                // A text of variable length: its length, then the address and the index of an object in a heap.
                9 => {
                    let length = cursor.u32_le()?;
                    let heap = number(&mut cursor, self.address)?;
                    let index = cursor.u32_le()?;
                    self.heap_object(bytes, heap, index, length).map(Some)
                }
                _ => Ok(None),
            };
        }
        Ok(None)
    }

    /// An object of the global heap (III.E).
    fn heap_object<'a>(&self, bytes: &'a [u8], heap: u64, index: u32, length: u32) -> Result<&'a [u8], ReadError> {
        let mut cursor = Cursor::at(bytes, self.base.saturating_add(heap));
        if cursor.take(4)? != b"GCOL" {
            return Err(cursor.error("no global heap here"));
        }
        cursor.skip(4)?;
        number(&mut cursor, self.length)?;
        // An index is a 16-bit number, so no heap has more objects.
        for _ in 0..=u16::MAX {
            let found = cursor.u16_le()?;
            cursor.skip(6)?;
            let size = number(&mut cursor, self.length)?;
            if u32::from(found) == index {
                return cursor.take_u64(size.min(length.into()));
            }
            if found == 0 {
                break;
            }
            cursor.skip(size.checked_next_multiple_of(8).unwrap_or(u64::MAX))?;
        }
        Err(cursor.error("the global heap has no such object"))
    }
}

/// An address or a length of 4 or 8 bytes.
fn number(cursor: &mut Cursor<'_>, size: u8) -> Result<u64, ReadError> {
    if size == 4 { cursor.u32_le().map(u64::from) } else { cursor.u64_le() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn superblock(version: u8, base: u64, end: u64) -> Vec<u8> {
        let mut out = [SIGNATURE, &[version]].concat();
        match version {
            0 => out.extend([0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]),
            _ => out.extend([8, 8, 0]),
        }
        [base, u64::MAX, end, 96].iter().for_each(|address| out.extend(address.to_le_bytes()));
        if version == 0 {
            // The driver's block, which there is not, and the root group, which has no name.
            let driver = out.len() - 8;
            out.truncate(driver);
            [u64::MAX, 0, 96].iter().for_each(|address| out.extend(address.to_le_bytes()));
        }
        out.resize(96, 0);
        // The header of the root group, without a message.
        out.extend([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out
    }

    /// An attribute message with a text of variable length in object `index` of the heap at `heap`.
    fn attribute(version: u8, name: &str, heap: u64, index: u32, length: usize) -> Vec<u8> {
        let mut out = vec![version, 0];
        [name.len() as u16 + 1, 16, 8].iter().for_each(|size| out.extend(size.to_le_bytes()));
        if version == 3 {
            out.push(1);
        }
        let start = out.len();
        out.extend(name.as_bytes());
        out.push(0);
        if version == 1 {
            out.resize(start + (name.len() + 1).next_multiple_of(8), 0);
        }
        out.extend([0x19, 1, 0, 0, 16, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0]);
        out.extend([2, 0, 0, 0, 0, 0, 0, 0]);
        out.extend((length as u32).to_le_bytes());
        out.extend(heap.to_le_bytes());
        out.extend(index.to_le_bytes());
        out
    }

    const CONFIG: &[u8] = br#"{"class_name": "Functional", "config": {"name": "scorer", "layers": []}}"#;

    fn model(block: usize, version: u8) -> Vec<u8> {
        let mut heap = [b"GCOL\x01\0\0\0".as_slice(), &4096u64.to_le_bytes()].concat();
        for (index, text) in [(1u16, &b"3.15.1"[..]), (2, CONFIG)] {
            heap.extend([index.to_le_bytes(), [1, 0]].concat());
            heap.extend([0; 4]);
            heap.extend((text.len() as u64).to_le_bytes());
            heap.extend(text);
            heap.resize(heap.len().next_multiple_of(8), 0);
        }
        let at = 112;
        let attributes = [
            attribute(version, "keras_version", at, 1, 6),
            attribute(version, "model_config", at, 2, CONFIG.len()),
            vec![7; 500],
        ]
        .concat();
        let end = block + 112 + heap.len() + attributes.len();
        let superblock = superblock(if version == 1 { 0 } else { 2 }, block as u64, end as u64);
        [vec![0; block], superblock, heap, attributes].concat()
    }

    #[test]
    fn a_keras_model_states_version_class_and_name() {
        for (block, version) in [(0, 1), (0, 3), (512, 1), (2048, 2)] {
            let looked = inspect(&Hdf5, "weights.bin", &model(block, version));
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            for (name, expected) in [
                ("model.format", "keras-hdf5"),
                ("model.producer", "Keras 3.15.1"),
                ("model.architecture", "Functional"),
                ("model.name", "scorer"),
                ("model.weights", "none"),
            ] {
                assert_eq!(looked.stated.facts.get(name), Some(&FactValue::from(expected)), "{name} {block} {version}");
            }
        }
    }

    #[test]
    fn other_hdf5_files_are_models_only_when_they_hold_much() {
        let mut bytes = superblock(3, 0, 2 << 20);
        bytes.resize(2 << 20, 1);
        let facts = inspect(&Hdf5, "data.h5", &bytes).stated.facts;
        assert_eq!(facts.get("model.format"), Some(&FactValue::from("hdf5")));
        assert_eq!(facts.get("model.weights"), Some(&FactValue::from("none")));
    }

    #[test]
    fn a_file_that_is_cut_off_is_broken_and_states_what_it_can() {
        let bytes = model(0, 1);
        for end in (8..bytes.len()).step_by(97).chain(8..96) {
            let looked = inspect(&Hdf5, "m.h5", &bytes[..end]);
            assert!(matches!(looked.result, Err(FormatError::Broken(_))), "{end}: {:?}", looked.result);
        }
        let cut = inspect(&Hdf5, "m.h5", &bytes[..bytes.len() - 200]);
        assert_eq!(cut.stated.facts.get("model.name"), Some(&FactValue::from("scorer")));
    }
}
