//! CodeView records (LLVM, "CodeView Symbol Records" and "CodeView Type Records"; Microsoft, `cvinfo.h`): which compiler
//! made an object file, with which options, and from which source files.
//!
//! Whatever is broken ends the walk: the facts are then fewer, and the bytes are searched all the same.

use super::compiled::Compiled;
use super::words::c_string;
use crate::bytes::{Cursor, ReadError, text};

const COMPILE2: u16 = 0x1116;
const COMPILE3: u16 = 0x113c;
const ENVIRONMENT: u16 = 0x113d;
const BUILD_INFO: u16 = 0x1603;
const STRING_ID: u16 = 0x1605;
const SYMBOLS: u32 = 0xf1;
const STRINGS: u32 = 0xf3;
const CHECKSUMS: u32 = 0xf4;

/// What is asked for stands in front of the functions.
const MOST_SYMBOLS: usize = 64;
const MOST_TEXT: usize = 64 << 10;
const MOST_NAME: usize = 4 << 10;
/// How many records of types and identifiers are looked at.
const MOST_IDS: usize = 1 << 22;

/// A record: its kind and content.
fn record<'a>(cursor: &mut Cursor<'a>) -> Result<(u16, &'a [u8]), ReadError> {
    let size = cursor.u16_le()?;
    let kind = cursor.u16_le()?;
    let size = size.checked_sub(2).ok_or_else(|| cursor.error("a record is shorter than its kind"))?;
    Ok((kind, cursor.take(usize::from(size))?))
}

/// Reads the first symbols of a module.
pub(super) fn symbols(bytes: &[u8], compiled: &mut Compiled) {
    let mut cursor = Cursor::new(bytes);
    for _ in 0..MOST_SYMBOLS {
        let Ok((kind, content)) = record(&mut cursor) else { return };
        match kind {
            COMPILE2 => compiled.add_named_compiler(c_string(content, 18, MOST_NAME)),
            COMPILE3 => compiled.add_named_compiler(c_string(content, 22, MOST_NAME)),
            ENVIRONMENT => environment(content.get(1..).unwrap_or_default(), compiled),
            _ => {}
        }
    }
}

/// Pairs of names and values, ended by an empty name.
fn environment(bytes: &[u8], compiled: &mut Compiled) {
    let mut words = bytes.split(|byte| *byte == 0);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name == b"cmd" && !value.is_empty() {
            compiled.add_command_line(value);
        }
    }
}

/// Reads records of identifiers, the first of which has the number `first`.
pub(super) fn ids(bytes: &[u8], first: u32, compiled: &mut Compiled) {
    let mut records: Vec<u32> = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while records.len() < MOST_IDS {
        let at = u32::try_from(cursor.offset()).unwrap_or(u32::MAX);
        let Ok((kind, content)) = record(&mut cursor) else { return };
        if kind == BUILD_INFO
            && let Some(options) = options(bytes, content, first, &records)
        {
            compiled.add_command_line(options);
        }
        records.push(at);
    }
}

/// The fifth text of a build: the options of the compiler.
fn options<'a>(bytes: &'a [u8], content: &[u8], first: u32, records: &[u32]) -> Option<&'a [u8]> {
    let number = Cursor::at(content, 2 + 4 * 4).u32_le().ok()?.checked_sub(first)?;
    let at = records.get(number as usize)?;
    let (kind, content) = record(&mut Cursor::at(bytes, u64::from(*at))).ok()?;
    let text = c_string(content, 4, MOST_TEXT);
    (kind == STRING_ID && !text.is_empty()).then_some(text)
}

/// Reads the section `.debug$S` of an object file, behind its signature.
pub(super) fn subsections(bytes: &[u8], compiled: &mut Compiled) {
    let (mut names, mut files) = (&[][..], &[][..]);
    let mut cursor = Cursor::new(bytes);
    while let (Ok(kind), Ok(size)) = (cursor.u32_le(), cursor.u32_le()) {
        let Ok(content) = cursor.take_u64(u64::from(size)) else { break };
        match kind {
            SYMBOLS => symbols(content, compiled),
            STRINGS => names = content,
            CHECKSUMS => files = content,
            _ => {}
        }
        let padding = cursor.offset().wrapping_neg() % 4;
        if cursor.skip(padding).is_err() {
            break;
        }
    }
    let mut cursor = Cursor::new(files);
    while let (Ok(offset), Ok(size), Ok(_)) = (cursor.u32_le(), cursor.u8(), cursor.u8()) {
        if compiled.names.is_new(&[(0, offset as usize)]) {
            compiled.names.add(&text::lossy(c_string(names, u64::from(offset), MOST_NAME)));
        }
        let size = u64::from(size);
        if cursor.skip(size + (size + 6).wrapping_neg() % 4).is_err() {
            break;
        }
    }
}
