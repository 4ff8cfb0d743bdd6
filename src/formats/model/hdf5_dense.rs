//! Groups of the new kind of HDF5 with many links: a fractal heap of link messages, indexed by a B-tree version 2.
//!
//! Follows the "HDF5 File Format Specification" 3.0: III.A.2 B-trees version 2, III.G fractal heaps, IV.A.2.c link info.

use super::hdf5_tree::Tree;
use crate::bytes::{Cursor, ReadError};

/// What is needed of the header of a fractal heap (III.G).
struct Heap {
    /// Bytes of an offset into the heap, and of a length.
    offset_size: u8,
    length_size: u8,
    width: u64,
    starting: u64,
    largest_direct: u64,
    /// Bits of the largest heap.
    bits: u16,
    root: Option<u64>,
    rows: u16,
    filtered: bool,
}

/// Hands the links of a link info message (IV.A.2.c) to the tree. Nothing happens for a group whose links lie in the
/// header itself.
pub(super) fn links<'a>(tree: &mut Tree<'a>, body: &mut Cursor<'a>, path: &str) -> Result<(), ReadError> {
    let (version, flags) = (body.u8()?, body.u8()?);
    if version != 0 {
        return Ok(());
    }
    body.skip(if flags & 1 == 0 { 0 } else { 8 })?;
    let (heap, index) = (tree.layout.address(body)?, tree.layout.address(body)?);
    let (Some(heap), Some(index)) = (heap, index) else { return Ok(()) };
    let heap = Heap::read(tree, heap)?;
    if heap.filtered {
        return Err(ReadError::new(index, "a group has compressed links, which are not read"));
    }
    let mut cursor = Cursor::at(tree.bytes, index);
    if cursor.take(4)? != b"BTHD" {
        return Err(ReadError::new(index, "no B-tree where a group says"));
    }
    let (_, kind, node, record, depth) =
        (cursor.u8()?, cursor.u8()?, cursor.u32_le()?, cursor.u16_le()?, cursor.u16_le()?);
    cursor.skip(2)?;
    let root = tree.layout.address(&mut cursor)?;
    let records = cursor.u16_le()?;
    // Type 5 indexes links by name: a hash and the identifier of an object in the heap.
    if kind != 5 || record < 5 || depth > 8 {
        return Err(ReadError::new(index, "a B-tree of links is of an impossible kind"));
    }
    let Some(root) = root else { return Ok(()) };
    let shape = Shape::new(u64::from(node), u64::from(record), tree.layout.address, depth);
    let mut nodes = vec![(root, u64::from(records), depth)];
    while let Some((at, records, depth)) = nodes.pop() {
        tree.step(at)?;
        let mut cursor = Cursor::at(tree.bytes, at);
        let mark = cursor.take(4)?;
        if mark != if depth == 0 { b"BTLF" } else { b"BTIN" } {
            return Err(ReadError::new(at, "no node of a B-tree where it says"));
        }
        cursor.skip(2)?;
        for _ in 0..records.min(u64::from(node)) {
            tree.step(at)?;
            let mut id = Cursor::new(cursor.take(usize::from(record))?);
            id.skip(4)?;
            if let Some(mut message) = heap.object(tree, &mut id)? {
                tree.link(&mut message, path)?;
            }
        }
        if depth > 0 {
            for _ in 0..=records.min(u64::from(node)) {
                let child = tree.layout.address(&mut cursor)?;
                let below = uint(&mut cursor, shape.count_size(depth - 1))?;
                if depth > 1 {
                    uint(&mut cursor, shape.total_size(depth - 1))?;
                }
                tree.step(at)?;
                nodes.extend(child.map(|child| (child, below, depth - 1)));
            }
        }
    }
    Ok(())
}

/// How many bytes the counts in pointers to nodes take: as many as the largest possible count needs (III.A.2).
struct Shape {
    /// For each depth the most records of a node, and of everything below it.
    most: Vec<(u64, u64)>,
}

impl Shape {
    fn new(node: u64, record: u64, address: u8, depth: u16) -> Self {
        // Mark, version, type and checksum.
        let room = node.saturating_sub(10);
        let leaf = room / record.max(1);
        let mut most = vec![(leaf, leaf)];
        for level in 1..=depth {
            let (below, total) = most[usize::from(level) - 1];
            let total_size = if level > 1 { bytes_for(total) } else { 0 };
            let pointer = u64::from(address) + u64::from(bytes_for(below)) + u64::from(total_size);
            let here = room.saturating_sub(pointer) / record.saturating_add(pointer).max(1);
            most.push((here, here.saturating_add(1).saturating_mul(total).saturating_add(here)));
        }
        Shape { most }
    }

    fn count_size(&self, depth: u16) -> u8 {
        bytes_for(self.most[usize::from(depth)].0)
    }

    fn total_size(&self, depth: u16) -> u8 {
        bytes_for(self.most[usize::from(depth)].1)
    }
}

/// How many bytes a number needs.
fn bytes_for(number: u64) -> u8 {
    (number.max(1).ilog2() / 8 + 1) as u8
}

/// A number of up to eight bytes, least significant first.
fn uint(cursor: &mut Cursor<'_>, size: u8) -> Result<u64, ReadError> {
    let bytes = cursor.take(usize::from(size))?;
    Ok(bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

impl Heap {
    fn read(tree: &Tree<'_>, at: u64) -> Result<Self, ReadError> {
        let mut cursor = Cursor::at(tree.bytes, at);
        if cursor.take(4)? != b"FRHP" {
            return Err(ReadError::new(at, "no fractal heap where a group says"));
        }
        cursor.skip(3)?;
        let filters = cursor.u16_le()?;
        cursor.skip(1)?;
        let most_managed = cursor.u32_le()?;
        let layout = tree.layout;
        // The next huge object's number and the tree of huge objects.
        layout.length(&mut cursor)?;
        layout.address(&mut cursor)?;
        // Free space and its manager, then eight sizes and counts.
        layout.length(&mut cursor)?;
        layout.address(&mut cursor)?;
        for _ in 0..8 {
            layout.length(&mut cursor)?;
        }
        let width = u64::from(cursor.u16_le()?);
        let (starting, largest_direct) = (layout.length(&mut cursor)?, layout.length(&mut cursor)?);
        let bits = cursor.u16_le()?;
        cursor.skip(2)?;
        let root = layout.address(&mut cursor)?;
        let rows = cursor.u16_le()?;
        if width == 0 || starting == 0 || !starting.is_power_of_two() || bits > 64 || rows > 64 {
            return Err(ReadError::new(at, "a fractal heap has an impossible shape"));
        }
        let direct_size = largest_direct.max(2).ilog2().div_ceil(8) as u8;
        let length_size = bytes_for(u64::from(most_managed)).min(direct_size);
        let offset_size = bits.div_ceil(8) as u8;
        let filtered = filters > 0;
        Ok(Heap { offset_size, length_size, width, starting, largest_direct, bits, root, rows, filtered })
    }

    /// The object with this identifier; `None` for kinds that links never are.
    fn object<'a>(&self, tree: &mut Tree<'a>, id: &mut Cursor<'_>) -> Result<Option<Cursor<'a>>, ReadError> {
        // Type 0 is a managed object: an offset and a length.
        if id.u8()? & 0x30 != 0 {
            return Ok(None);
        }
        let (offset, length) = (uint(id, self.offset_size)?, uint(id, self.length_size)?);
        let Some(start) = self.place(tree, offset)? else { return Ok(None) };
        let end = usize::try_from(start.saturating_add(length)).ok().filter(|end| *end <= tree.bytes.len());
        let end = end.ok_or_else(|| ReadError::new(start, "an object of a heap goes past the end"))?;
        Ok(Some(Cursor::at(&tree.bytes[..end], start)))
    }

    /// Where an offset of the heap lies in the file: through the doubling table of blocks (III.G, "Doubling Table").
    fn place(&self, tree: &mut Tree<'_>, offset: u64) -> Result<Option<u64>, ReadError> {
        let (Some(mut block), mut offset, mut rows) = (self.root, offset, u64::from(self.rows)) else {
            return Ok(None);
        };
        while rows > 0 {
            tree.step(block)?;
            let mut cursor = Cursor::at(tree.bytes, block);
            if cursor.take(4)? != b"FHIB" {
                return Err(ReadError::new(block, "no block of a heap where it says"));
            }
            cursor.skip(1 + u64::from(tree.layout.address) + self.bits.div_ceil(8) as u64)?;
            let Some((row, column, size, rest)) = self.cell(offset, rows) else { return Ok(None) };
            let entry = (row * self.width + column) * u64::from(tree.layout.address);
            cursor.skip(entry)?;
            let Some(next) = tree.layout.address(&mut cursor)? else { return Ok(None) };
            (block, offset) = (next, rest);
            // A block that is too large to be direct has rows of its own.
            let nested = u64::from((size / self.starting / self.width).max(1).ilog2()) + 1;
            rows = if size > self.largest_direct { nested } else { 0 };
        }
        Ok(Some(block.saturating_add(offset)))
    }

    /// The row and column of the block with this offset, its size, and the offset in it.
    fn cell(&self, offset: u64, rows: u64) -> Option<(u64, u64, u64, u64)> {
        let mut start = 0u64;
        for row in 0..rows.min(64) {
            let size = self.starting.checked_shl(row.saturating_sub(1) as u32).filter(|size| *size > 0)?;
            let all = size.checked_mul(self.width)?;
            if offset - start < all {
                let column = (offset - start) / size;
                return Some((row, column, size, (offset - start) % size));
            }
            start = start.checked_add(all)?;
        }
        None
    }
}
