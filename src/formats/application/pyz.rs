//! PYZ, the archive in which PyInstaller keeps modules (`PyInstaller/archive/writers.py`, "ZlibArchiveWriter").

use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::contents::{Contents, Hint};
use super::marshalled::{self, Value};
use crate::bytes::Cursor;
use crate::formats::FormatError;
use crate::formats::derived::{bytecode_header, is_standard};

const MAGIC: &[u8] = b"PYZ\0";
/// What an entry is: 1 is a package, whose code is that of its `__init__`; 2 is data; 3 is a namespace without code.
const PACKAGE: u64 = 1;
const DATA: u64 = 2;
const NAMESPACE: u64 = 3;

/// The mark of the version of Python whose code the archive at `at` holds.
pub(super) fn magic(all: &[u8], at: u64) -> Option<[u8; 4]> {
    let mut cursor = Cursor::at(all, at);
    if cursor.take(4).ok()? != MAGIC {
        return None;
    }
    cursor.take(4).ok()?.try_into().ok()
}

/// Hands out the modules of the archive that lies in `range`, under names that begin with `name`.
pub(super) fn read(
    all: &[u8],
    range: Range<u64>,
    name: &str,
    contents: &mut Contents<'_, '_>,
) -> Result<(), FormatError> {
    let end = range.end.min(all.len() as u64);
    let all = &all[..end as usize];
    let Some(magic) = magic(all, range.start) else {
        return Ok(contents.stored(name, range.start, range.end - range.start, Hint::Name)?);
    };
    let header = bytecode_header(magic);
    let mut cursor = Cursor::at(all, range.start + 8);
    let table = range.start + u64::from(cursor.u32_be()?);
    let mut cursor = Cursor::at(all, table);
    let mut failed = None;
    let read = marshalled::entries(&mut cursor, |entry| {
        let failure = module(all, range.start, name, &header, entry, contents);
        failed = failure.err();
        failed.is_none()
    });
    if let Some(failure) = failed {
        return Err(failure);
    }
    read?;
    contents.explain(table as usize..cursor.offset() as usize);
    Ok(())
}

/// One entry: its name, and a tuple of kind, offset and length.
fn module(
    all: &[u8],
    start: u64,
    archive: &str,
    header: &[u8],
    entry: &[Value],
    contents: &mut Contents<'_, '_>,
) -> Result<(), FormatError> {
    let [Value::Text(module), Value::Number(kind), Value::Number(offset), Value::Number(length)] = entry else {
        contents.out.member_gap(archive, "an entry of its table is of an unknown form; build the application again");
        return Ok(());
    };
    let path = module.replace('.', "/");
    let (path, hint) = match *kind {
        NAMESPACE => return Ok(()),
        DATA => (path, Hint::Name),
        PACKAGE => (format!("{path}/__init__.pyc"), Hint::Bytecode),
        _ => (format!("{path}.pyc"), Hint::Bytecode),
    };
    let name = format!("{archive}/{path}");
    let hint = if is_standard(module) && hint == Hint::Bytecode { Hint::Runtime } else { hint };
    let Some(range) = contents.range(&name, start.saturating_add(*offset), *length) else { return Ok(()) };
    let stored = all.get(range.clone()).unwrap_or_default();
    let header = if hint == Hint::Name { &[] } else { header };
    let code = std::io::Read::chain(header, ZlibDecoder::new(stored));
    contents.unpacked(&name, code, length.saturating_mul(3), Some(range), hint)?;
    Ok(())
}
