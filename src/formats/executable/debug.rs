//! Debug sections of any executable: counted, decompressed and handed out where they are compressed.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;

use bytes::Bytes;
use flate2::read::ZlibDecoder;

use super::portrait::Portrait;
use super::relocation::Relocations;
use super::sources::{Table, Tables};
use super::words::Shape;
use crate::bytes::Cursor;
use crate::finding::{Artifact, Role};
use crate::formats::{Inspection, LimitReached};

/// How a section's bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// As they are.
    Plain,
    /// ELF gABI, "Section Compression": a header with type and size, then the stream.
    Elf,
    /// GNU `.zdebug_*`: `ZLIB`, the size as a 64-bit big-endian number, then a zlib stream.
    Gnu,
}

/// Whether a section of this name holds debug information. `.debug_gdb_scripts` names a printer script and is left in
/// every Rust build.
pub(super) fn is_debug_name(name: &[u8]) -> bool {
    let name = name.strip_prefix(b".").or_else(|| name.strip_prefix(b"__")).unwrap_or_default();
    (name.starts_with(b"debug_") || name.starts_with(b"zdebug_") || name == b"stab" || name == b"stabstr")
        && !name.starts_with(b"debug_gdb_scri")
}

/// Takes the debug sections of one artifact.
pub(super) struct Sections<'a> {
    artifact: &'a Artifact,
    shape: Shape,
    /// How many bytes of sections may still be read. Sections do not overlap in an honest file, so together they are
    /// no longer than the file; a forged table that names one range a million times stops here.
    left: u64,
    names: BTreeSet<String>,
    tables: Tables,
}

impl<'a> Sections<'a> {
    /// For the sections of `artifact`.
    pub(super) fn new(artifact: &'a Artifact, shape: Shape) -> Self {
        Sections {
            artifact,
            shape,
            left: artifact.bytes.len() as u64,
            names: BTreeSet::new(),
            tables: Tables::default(),
        }
    }

    /// Takes the section at `range`, which must lie inside the artifact.
    ///
    /// # Errors
    /// When the section was decompressed and a limit forbids handing it out.
    pub(super) fn take(
        &mut self,
        name: &str,
        range: Range<usize>,
        storage: Storage,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), LimitReached> {
        let Some(left) = self.left.checked_sub(range.len() as u64) else {
            if storage != Storage::Plain {
                out.member_gap(name, "its sections overlap, so this one was not decompressed; build the file again");
            }
            return Ok(());
        };
        self.left = left;
        let stored = self.artifact.bytes.get(range.clone()).unwrap_or_default();
        if storage == Storage::Plain {
            let bytes = self.artifact.bytes.slice_ref(stored);
            self.tables.keep(Table::new(name, bytes, Some(range.start as u64)));
            return Ok(());
        }
        let Some((stream, size)) = self.open(stored, storage) else {
            out.member_gap(name, "its compression is unknown or its header is cut off; ship it without debug sections");
            return Ok(());
        };
        let (bytes, complete) = out.inflate(name, stream, size);
        portrait.paths.search(&bytes);
        if complete {
            out.explain(range.start as u64..range.end as u64);
        }
        // What may carry sources is handed out once they were taken from it.
        if self.tables.keep(Table::new(name, bytes.clone(), None)) { Ok(()) } else { self.hand_out(name, bytes, out) }
    }

    /// What a linker would have put into the line table of an object file.
    pub(super) fn relocate(&mut self, relocations: Relocations) {
        self.tables.relocations = relocations;
    }

    /// Hands out the sources that the sections carry, once all were taken.
    ///
    /// # Errors
    /// When a limit forbids handing them out.
    pub(super) fn finish(&mut self, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        let mut tables = std::mem::take(&mut self.tables);
        let handed_out = tables.hand_out(self.shape, portrait, out);
        let Tables { line, line_strings, strings, .. } = tables;
        for mut table in line.into_iter().chain(line_strings).chain(strings) {
            if table.at.is_none() {
                let rest = table.rest();
                self.hand_out(&table.name, rest, out)?;
            }
        }
        handed_out
    }

    fn hand_out(&mut self, name: &str, bytes: Bytes, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        // Object files repeat section names, one for each group.
        let mut unique = name.to_owned();
        if !self.names.insert(unique.clone()) {
            unique = format!("{name}#{}", self.names.len());
            self.names.insert(unique.clone());
        }
        out.member(&unique, Role::Header, bytes)
    }

    fn open<'s>(&self, stored: &'s [u8], storage: Storage) -> Option<(Box<dyn Read + 's>, u64)> {
        let mut cursor = Cursor::new(stored);
        if storage == Storage::Gnu {
            if cursor.take(4).ok()? != b"ZLIB" {
                return None;
            }
            let size = cursor.u64_be().ok()?;
            return Some((Box::new(ZlibDecoder::new(cursor.rest())), size));
        }
        let method = self.shape.u32(&mut cursor).ok()?;
        if self.shape.wide {
            cursor.skip(4).ok()?;
        }
        let size = self.shape.address(&mut cursor).ok()?;
        self.shape.address(&mut cursor).ok()?; // alignment
        match method {
            1 => Some((Box::new(ZlibDecoder::new(cursor.rest())), size)),
            2 => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(cursor.rest()).ok()?;
                Some((Box::new(decoder), size))
            }
            _ => None,
        }
    }
}
