//! The objects of an HDF5 file: groups, and the data sets in them with their dimensions and types.
//!
//! Follows the "HDF5 File Format Specification" 3.0: III.A.1 B-trees version 1, III.B symbol table nodes, III.D local
//! heaps, IV.A object headers and their messages. No data is read.

use std::collections::HashSet;
use std::ops::Range;

use super::hdf5_dense;
use crate::bytes::{Cursor, ReadError};

/// How many objects are visited. The largest models have some ten thousand tensors.
const OBJECTS: usize = 200_000;

/// How many messages, links and nodes of trees are visited: each object has a few.
const STEPS: u32 = 4_000_000;

/// More dimensions than the library allows.
const RANK: u8 = 32;

/// How addresses are written, and from where they count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Bytes of an address: 4 or 8.
    pub(super) address: u8,
    /// Bytes of a length: 4 or 8.
    pub(super) length: u8,
    /// What addresses count from.
    pub(super) base: u64,
}

/// A data set.
#[derive(Debug, Default)]
pub(super) struct DataSet {
    /// The names on the way to it, `/`-separated, at most 256 bytes.
    pub(super) path: String,
    /// Number of elements; `None` where it is beyond 64 bits.
    pub(super) elements: Option<u64>,
    /// The type of its elements as safetensors writes it (`F32`); empty for texts, structures and references.
    pub(super) dtype: &'static str,
    /// Bytes of an element.
    pub(super) size: u64,
    /// Where its bytes lie, if they lie in one piece inside the file.
    pub(super) data: Option<Range<u64>>,
}

impl Layout {
    /// An address of the file; `None` for the undefined one.
    pub(super) fn address(&self, cursor: &mut Cursor<'_>) -> Result<Option<u64>, ReadError> {
        let (address, undefined) = match self.address {
            4 => (u64::from(cursor.u32_le()?), u64::from(u32::MAX)),
            _ => (cursor.u64_le()?, u64::MAX),
        };
        Ok((address != undefined).then(|| address.saturating_add(self.base)))
    }

    /// A length of the file.
    pub(super) fn length(&self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        if self.length == 4 { cursor.u32_le().map(u64::from) } else { cursor.u64_le() }
    }
}

/// Walks all objects from a root.
pub(super) struct Tree<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) layout: Layout,
    pub(super) steps: u32,
    seen: HashSet<u64>,
    waiting: Vec<(u64, String)>,
}

/// What the header of an object says.
#[derive(Default)]
struct Object {
    data_set: DataSet,
    space: bool,
    kind: bool,
}

impl<'a> Tree<'a> {
    /// A walk that begins at the object header at `root`, counted from the start of the file.
    pub(super) fn new(bytes: &'a [u8], layout: Layout, root: u64) -> Self {
        Tree { bytes, layout, steps: STEPS, seen: HashSet::from([root]), waiting: vec![(root, String::new())] }
    }

    /// Hands every data set to `found`.
    ///
    /// # Errors
    /// When an object is damaged, lies outside the file, or when there are far too many. What was found counts.
    pub(super) fn walk(&mut self, mut found: impl FnMut(DataSet)) -> Result<(), ReadError> {
        let mut damage = Ok(());
        while let Some((at, path)) = self.waiting.pop() {
            if self.seen.len() > OBJECTS {
                return Err(ReadError::new(at, format!("it has more than {OBJECTS} objects")));
            }
            let mut object = Object::default();
            // Other objects may be whole: the damage is told at the end.
            damage = damage.and(self.header(at, &path, &mut object));
            if object.space && object.kind {
                object.data_set.path = path;
                found(object.data_set);
            }
        }
        damage
    }

    /// One more step; an error where a file makes us go on for ever.
    pub(super) fn step(&mut self, at: u64) -> Result<(), ReadError> {
        self.steps =
            self.steps.checked_sub(1).ok_or_else(|| ReadError::new(at, "its objects are tangled without end"))?;
        Ok(())
    }

    /// Notes an object in a group.
    pub(super) fn child(&mut self, parent: &str, name: &[u8], at: u64) {
        if self.seen.len() <= OBJECTS && self.seen.insert(at) {
            let name = String::from_utf8_lossy(&name[..name.len().min(255)]);
            let path = if parent.is_empty() { name.into_owned() } else { format!("{parent}/{name}") };
            self.waiting.push((at, if path.len() > 256 { parent.to_owned() } else { path }));
        }
    }

    /// Reads an object header (IV.A.1) and the blocks that continue it.
    fn header(&mut self, at: u64, path: &str, object: &mut Object) -> Result<(), ReadError> {
        let mut cursor = Cursor::at(self.bytes, at);
        let modern = cursor.rest().starts_with(b"OHDR");
        let (mut block, ordered) =
            if modern { self.modern_header(&mut cursor)? } else { self.old_header(&mut cursor)? };
        let mut blocks = Vec::new();
        loop {
            self.step(at)?;
            self.messages(&mut block, modern, ordered, path, object, &mut blocks)?;
            let Some((start, length)) = blocks.pop() else { return Ok(()) };
            block = Cursor::at(self.bytes, start);
            let mut length: u64 = length;
            if modern {
                if block.take(4)? != b"OCHK" {
                    return Err(block.error("no block of messages where an object header says"));
                }
                // Mark and checksum.
                length = length.saturating_sub(8);
            }
            let end = block.offset().saturating_add(length);
            let end = usize::try_from(end).ok().filter(|end| *end <= self.bytes.len());
            let end = end.ok_or_else(|| block.error("a block of messages goes past the end"))?;
            block = Cursor::at(&self.bytes[..end], block.offset());
        }
    }

    /// Version 1 (IV.A.1.a): the cursor over its messages.
    fn old_header(&self, cursor: &mut Cursor<'a>) -> Result<(Cursor<'a>, bool), ReadError> {
        let version = cursor.u8()?;
        if version != 1 {
            return Err(cursor.error(format!("object header version {version} is not known")));
        }
        cursor.skip(7)?;
        let size = cursor.u32_le()?;
        cursor.skip(4)?;
        Ok((self.part(cursor, size.into())?, false))
    }

    /// Version 2 (IV.A.1.b).
    fn modern_header(&self, cursor: &mut Cursor<'a>) -> Result<(Cursor<'a>, bool), ReadError> {
        cursor.skip(4)?;
        let version = cursor.u8()?;
        if version != 2 {
            return Err(cursor.error(format!("object header version {version} is not known")));
        }
        let flags = cursor.u8()?;
        cursor.skip(if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 })?;
        let size = match flags & 3 {
            0 => u64::from(cursor.u8()?),
            1 => u64::from(cursor.u16_le()?),
            2 => u64::from(cursor.u32_le()?),
            _ => cursor.u64_le()?,
        };
        Ok((self.part(cursor, size)?, flags & 4 != 0))
    }

    /// The next `size` bytes as a cursor that keeps its offset in the file.
    fn part(&self, cursor: &mut Cursor<'a>, size: u64) -> Result<Cursor<'a>, ReadError> {
        let start = cursor.offset();
        cursor.skip(size)?;
        Ok(Cursor::at(&self.bytes[..cursor.offset() as usize], start))
    }

    /// Reads the messages of one block.
    fn messages(
        &mut self,
        block: &mut Cursor<'a>,
        modern: bool,
        ordered: bool,
        path: &str,
        object: &mut Object,
        blocks: &mut Vec<(u64, u64)>,
    ) -> Result<(), ReadError> {
        let least = match (modern, ordered) {
            (true, false) => 4,
            (true, true) => 6,
            (false, _) => 8,
        };
        while block.remaining() >= least {
            self.step(block.offset())?;
            let (kind, size, flags);
            if modern {
                (kind, size, flags) = (u16::from(block.u8()?), block.u16_le()?, block.u8()?);
                block.skip(if ordered { 2 } else { 0 })?;
            } else {
                (kind, size, flags) = (block.u16_le()?, block.u16_le()?, block.u8()?);
                block.skip(3)?;
            }
            let mut body = self.part(block, size.into())?;
            // A message that lies elsewhere: the data type of a committed type, which no model has.
            if flags & 2 != 0 {
                object.kind |= kind == 3;
                continue;
            }
            self.message(kind, &mut body, path, object, blocks)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        kind: u16,
        body: &mut Cursor<'a>,
        path: &str,
        object: &mut Object,
        blocks: &mut Vec<(u64, u64)>,
    ) -> Result<(), ReadError> {
        match kind {
            0x01 => {
                object.space = true;
                object.data_set.elements = self.dataspace(body)?;
            }
            0x02 => hdf5_dense::links(self, body, path)?,
            0x03 => {
                object.kind = true;
                (object.data_set.dtype, object.data_set.size) = datatype(body)?;
            }
            0x06 => self.link(body, path)?,
            0x08 => object.data_set.data = self.data_layout(body)?,
            0x10 => {
                if let Some(start) = self.layout.address(body)? {
                    blocks.push((start, self.layout.length(body)?));
                }
            }
            0x11 => {
                let (tree, heap) = (self.layout.address(body)?, self.layout.address(body)?);
                if let (Some(tree), Some(heap)) = (tree, heap) {
                    self.symbols(tree, heap, path)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The number of elements of a dataspace (IV.A.2.b).
    fn dataspace(&self, body: &mut Cursor<'a>) -> Result<Option<u64>, ReadError> {
        let (version, rank, _flags) = (body.u8()?, body.u8()?, body.u8()?);
        let kind = body.u8()?;
        match version {
            1 => body.skip(4)?,
            2 if kind == 2 => return Ok(Some(0)),
            2 => {}
            other => return Err(body.error(format!("dataspace version {other} is not known"))),
        }
        if rank > RANK {
            return Err(body.error(format!("a data set has {rank} dimensions")));
        }
        let mut elements = Some(1u64);
        for _ in 0..rank {
            let side = self.layout.length(body)?;
            elements = elements.and_then(|elements| elements.checked_mul(side));
        }
        Ok(elements)
    }

    /// Where data lies in one piece (IV.A.2.i).
    fn data_layout(&self, body: &mut Cursor<'a>) -> Result<Option<Range<u64>>, ReadError> {
        let (version, class) = (body.u8()?, body.u8()?);
        if !matches!((version, class), (3 | 4, 1)) {
            return Ok(None);
        }
        let start = self.layout.address(body)?;
        let length = self.layout.length(body)?;
        let file = self.bytes.len() as u64;
        let range = start.and_then(|start| Some(start..start.checked_add(length)?));
        match range {
            Some(range) if range.end > file => {
                Err(ReadError::new(range.start.min(file), "the data of a data set goes past the end"))
            }
            range => Ok(range),
        }
    }

    /// A link message (IV.A.2.g): a name and where the object lies. Links by name and to other files are passed over.
    pub(super) fn link(&mut self, body: &mut Cursor<'a>, path: &str) -> Result<(), ReadError> {
        let (version, flags) = (body.u8()?, body.u8()?);
        if version != 1 {
            return Ok(());
        }
        let kind = if flags & 8 == 0 { 0 } else { body.u8()? };
        body.skip(if flags & 4 == 0 { 0 } else { 8 } + u64::from(flags >> 4 & 1))?;
        let length = match flags & 3 {
            0 => u64::from(body.u8()?),
            1 => u64::from(body.u16_le()?),
            2 => u64::from(body.u32_le()?),
            _ => body.u64_le()?,
        };
        let name = body.take_u64(length)?;
        if kind == 0
            && let Some(at) = self.layout.address(body)?
        {
            self.child(path, name, at);
        }
        Ok(())
    }

    /// A group of the old kind: a B-tree of symbol table nodes, whose names lie in a heap.
    fn symbols(&mut self, tree: u64, heap: u64, path: &str) -> Result<(), ReadError> {
        let mut cursor = Cursor::at(self.bytes, heap);
        if cursor.take(4)? != b"HEAP" {
            return Err(ReadError::new(heap, "no local heap where a group says"));
        }
        cursor.skip(4)?;
        let size = self.layout.length(&mut cursor)?;
        self.layout.length(&mut cursor)?;
        let names = match self.layout.address(&mut cursor)? {
            Some(start) => Cursor::at(self.bytes, start).take_u64(size)?,
            None => &[],
        };
        let mut nodes = vec![(tree, u8::MAX)];
        while let Some((at, above)) = nodes.pop() {
            self.step(at)?;
            let mut cursor = Cursor::at(self.bytes, at);
            match cursor.take(4)? {
                b"SNOD" => self.symbol_node(&mut cursor, names, path)?,
                b"TREE" => {
                    let (_, level, used) = (cursor.u8()?, cursor.u8()?, cursor.u16_le()?);
                    if level >= above {
                        return Err(ReadError::new(at, "a B-tree does not get lower"));
                    }
                    self.layout.address(&mut cursor)?;
                    self.layout.address(&mut cursor)?;
                    for _ in 0..used {
                        self.layout.length(&mut cursor)?;
                        nodes.extend(self.layout.address(&mut cursor)?.map(|child| (child, level)));
                        self.step(at)?;
                    }
                }
                _ => return Err(ReadError::new(at, "no node of a group where its B-tree says")),
            }
        }
        Ok(())
    }

    /// A symbol table node (III.B).
    fn symbol_node(&mut self, cursor: &mut Cursor<'a>, names: &[u8], path: &str) -> Result<(), ReadError> {
        cursor.skip(2)?;
        for _ in 0..cursor.u16_le()? {
            self.step(cursor.offset())?;
            let name = if self.layout.address == 4 { cursor.u32_le()?.into() } else { cursor.u64_le()? };
            let at = self.layout.address(cursor)?;
            let kind = cursor.u32_le()?;
            cursor.skip(20)?;
            let name = Cursor::at(names, name).rest();
            let name = &name[..name.len().min(256)];
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            // 2 stands for a link by name.
            if let (Some(at), true) = (at, kind != 2) {
                self.child(path, name, at);
            }
        }
        Ok(())
    }
}

/// The type of elements (IV.A.2.d), and their size.
fn datatype(body: &mut Cursor<'_>) -> Result<(&'static str, u64), ReadError> {
    let class = body.u8()? & 0x0f;
    let bits = body.u8()?;
    body.skip(2)?;
    let size = u64::from(body.u32_le()?);
    let name = match (class, size) {
        (0, 1) if bits & 8 == 0 => "U8",
        (0, 2) if bits & 8 == 0 => "U16",
        (0, 4) if bits & 8 == 0 => "U32",
        (0, 8) if bits & 8 == 0 => "U64",
        (0, 1) => "I8",
        (0, 2) => "I16",
        (0, 4) => "I32",
        (0, 8) => "I64",
        (1, 8) => "F64",
        (1, 4) => "F32",
        (1, 2) => {
            // Offset, precision, and where the exponent lies; then its bits.
            body.skip(5)?;
            if body.u8()? == 8 { "BF16" } else { "F16" }
        }
        (1, 1) => {
            body.skip(5)?;
            if body.u8()? == 5 { "F8_E5M2" } else { "F8_E4M3" }
        }
        // The library writes truth values as an enumeration of one byte.
        (8, 1) => "BOOL",
        _ => "",
    };
    Ok((name, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { address: 8, length: 8, base: 0 };

    /// An object header of version 1 with these messages.
    fn header(messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, content) in messages {
            body.extend([kind.to_le_bytes(), (content.len() as u16).to_le_bytes(), [0; 2], [0; 2]].concat());
            body.extend(content);
        }
        let size = (body.len() as u32).to_le_bytes();
        [&[1, 0, 0, 0, 1, 0, 0, 0][..], &size, &[0; 4], &body].concat()
    }

    fn addresses(numbers: &[u64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn walk(bytes: &[u8]) -> (Vec<DataSet>, Result<(), ReadError>) {
        let mut found = Vec::new();
        let end = Tree::new(bytes, LAYOUT, 0).walk(|data_set| found.push(data_set));
        (found, end)
    }

    #[test]
    fn a_data_set_is_read_with_its_place() {
        let space = [&[1, 2, 0, 0, 0, 0, 0, 0][..], &addresses(&[10, 20])].concat();
        let kind = vec![0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
        let place = [&[3, 1][..], &addresses(&[200, 800])].concat();
        let mut bytes = header(&[(1, space.clone()), (3, kind.clone()), (8, place.clone())]);
        bytes.resize(1000, 0);
        let (found, end) = walk(&bytes);
        assert_eq!(end, Ok(()));
        assert_eq!((found[0].elements, found[0].dtype, found[0].data.clone()), (Some(200), "F32", Some(200..1000)));
        let (found, end) = walk(&bytes[..999]);
        assert!(end.is_err() && found.len() == 1);
        let huge = [&[1, 2, 0, 0, 0, 0, 0, 0][..], &addresses(&[1 << 60, 1 << 60])].concat();
        let (found, _) = walk(&header(&[(1, huge), (3, kind)]));
        assert_eq!(found[0].elements, None);
    }

    #[test]
    fn objects_that_lead_back_to_themselves_end() {
        // A block of messages that continues in itself, again and again.
        let back = addresses(&[16, 24 * 2000]);
        let (_, end) = walk(&header(&vec![(0x10, back); 2000]));
        assert!(end.unwrap_err().reason.contains("tangled"));
        // A node of a B-tree that is its own child.
        let mut bytes = header(&[(0x11, addresses(&[64, 200]))]);
        bytes.resize(64, 0);
        bytes.extend([&b"TREE\x00\x01\xff\xff"[..], &addresses(&[u64::MAX, u64::MAX])].concat());
        bytes.extend(addresses(&[0, 64, 0, 64]));
        bytes.resize(200, 0);
        bytes.extend([&b"HEAP\0\0\0\0"[..], &addresses(&[8, 0, 240]), &[0; 16]].concat());
        assert!(walk(&bytes).1.is_err());
    }

    #[test]
    fn damage_is_an_error_and_never_more() {
        let space = [&[1, 1, 0, 0, 0, 0, 0, 0][..], &addresses(&[10])].concat();
        let bytes = header(&[(1, space), (0x11, addresses(&[0, 0])), (0x10, addresses(&[16, 8])), (2, vec![0; 18])]);
        for at in 0..bytes.len() {
            for value in [0, 1, 2, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let (found, _) = walk(&damaged);
                assert!(found.len() <= 2);
            }
        }
    }
}
