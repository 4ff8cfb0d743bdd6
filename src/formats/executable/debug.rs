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
    /// Those of the program, and those of split units.
    tables: [Tables; 2],
}

/// A debug section as a file stores it.
pub(super) struct Stored<'n> {
    pub(super) name: &'n str,
    /// Where it lies in the artifact, and all of it inside.
    pub(super) range: Range<usize>,
    pub(super) storage: Storage,
    /// What a linker would have put into it, in an object file.
    pub(super) relocations: Relocations,
}

impl<'n> Stored<'n> {
    /// A section that needs no linker.
    pub(super) fn new(name: &'n str, range: Range<usize>, storage: Storage) -> Self {
        Stored { name, range, storage, relocations: Relocations::default() }
    }
}

impl<'a> Sections<'a> {
    /// For the sections of `artifact`.
    pub(super) fn new(artifact: &'a Artifact, shape: Shape) -> Self {
        Sections {
            artifact,
            shape,
            left: artifact.bytes.len() as u64,
            names: BTreeSet::new(),
            tables: [Tables::default(), Tables::default()],
        }
    }

    /// Takes a section.
    ///
    /// # Errors
    /// When it was decompressed and a limit forbids handing it out.
    pub(super) fn take(
        &mut self,
        section: Stored<'_>,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), LimitReached> {
        let Stored { name, range, storage, relocations } = section;
        let Some(left) = self.left.checked_sub(range.len() as u64) else {
            if storage != Storage::Plain {
                out.member_gap(name, "its sections overlap, so this one was not decompressed; build the file again");
            }
            return Ok(());
        };
        self.left = left;
        portrait.compiled.macros |= is_macros(name);
        let stored = self.artifact.bytes.get(range.clone()).unwrap_or_default();
        // The index is that of a package of split units, whatever its name.
        let tables = &mut self.tables[usize::from(name.ends_with(".dwo") || name == ".debug_cu_index")];
        if storage == Storage::Plain {
            let bytes = self.artifact.bytes.slice_ref(stored);
            // What is not kept is searched where it lies.
            let _ = tables.keep(Table::new(name, bytes, Some(range.start as u64), relocations));
            return Ok(());
        }
        let Some((stream, size)) = open(self.shape, stored, storage) else {
            out.member_gap(name, "its compression is unknown or its header is cut off; ship it without debug sections");
            return Ok(());
        };
        let (bytes, complete) = out.inflate(name, stream, size);
        portrait.paths.search(&bytes);
        if complete {
            out.explain(range.start as u64..range.end as u64);
        }
        // What may carry sources is handed out once they were taken from it.
        match tables.keep(Table::new(name, bytes, None, relocations)) {
            Some(table) => self.hand_out(name, table.bytes, out),
            None => Ok(()),
        }
    }

    /// Hands out the sources that the sections carry, once all were taken.
    ///
    /// # Errors
    /// When a limit forbids handing them out.
    pub(super) fn finish(&mut self, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        let mut handed_out = Ok(());
        for (index, mut tables) in std::mem::take(&mut self.tables).into_iter().enumerate() {
            handed_out = handed_out.and(tables.hand_out(self.shape, index == 1, portrait, out));
            for mut table in tables.into_tables().filter(|table| table.at.is_none()) {
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
}

fn open(shape: Shape, stored: &[u8], storage: Storage) -> Option<(Box<dyn Read + '_>, u64)> {
    let mut cursor = Cursor::new(stored);
    if storage == Storage::Gnu {
        if cursor.take(4).ok()? != b"ZLIB" {
            return None;
        }
        let size = cursor.u64_be().ok()?;
        return Some((Box::new(ZlibDecoder::new(cursor.rest())), size));
    }
    let method = shape.u32(&mut cursor).ok()?;
    if shape.wide {
        cursor.skip(4).ok()?;
    }
    let size = shape.address(&mut cursor).ok()?;
    shape.address(&mut cursor).ok()?; // alignment
    match method {
        1 => Some((Box::new(ZlibDecoder::new(cursor.rest())), size)),
        2 => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(cursor.rest()).ok()?;
            Some((Box::new(decoder), size))
        }
        _ => None,
    }
}

/// Whether a section holds the definitions of macros (`-g3`).
fn is_macros(name: &str) -> bool {
    let name = name.trim_start_matches(['.', '_']).trim_end_matches(".dwo");
    matches!(name.strip_prefix('z').unwrap_or(name), "debug_macro" | "debug_macinfo")
}
