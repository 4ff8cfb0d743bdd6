//! The opcodes of pickle, protocols 0 to 5, and how their arguments are laid out.
//!
//! Table: `Lib/pickletools.py` of CPython. Nothing is ever unpickled: opcodes are read, not obeyed.

use super::pickle_names;
use crate::bytes::{Cursor, ReadError};

/// How the argument of an opcode is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// This many bytes.
    Fixed(usize),
    /// One line, without its line feed.
    Line,
    /// Two lines: a module and a name.
    TwoLines,
    /// One byte with a length, and as many bytes.
    Short,
    /// Four bytes with a length, and as many bytes.
    Long,
    /// Eight bytes with a length, and as many bytes.
    Huge,
}

/// One opcode with its argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op<'a> {
    pub(super) code: u8,
    /// The argument, without its length or line feed.
    pub(super) arg: &'a [u8],
    /// The second line of `GLOBAL` and `INST`.
    pub(super) second: &'a [u8],
}

fn layout(code: u8) -> Option<Layout> {
    Some(match code {
        b'I' | b'L' | b'S' | b'V' | b'F' | b'g' | b'p' | b'P' => Layout::Line,
        b'c' | b'i' => Layout::TwoLines,
        b'K' | b'h' | b'q' | 0x82 | 0x80 => Layout::Fixed(1),
        b'M' | 0x83 => Layout::Fixed(2),
        b'J' | b'j' | b'r' | 0x84 => Layout::Fixed(4),
        b'G' | 0x95 => Layout::Fixed(8),
        b'U' | b'C' | 0x8a | 0x8c => Layout::Short,
        b'T' | b'B' | b'X' | 0x8b => Layout::Long,
        0x8d | 0x8e | 0x96 => Layout::Huge,
        b'N' | b']' | b'a' | b'e' | b'l' | b')' | b't' | b'}' | b'd' | b's' | b'u' | b'0' | b'2' | b'(' | b'1' => {
            Layout::Fixed(0)
        }
        b'R' | b'b' | b'o' | b'.' | b'Q' => Layout::Fixed(0),
        0x81 | 0x85..=0x89 | 0x8f..=0x94 | 0x97 | 0x98 => Layout::Fixed(0),
        _ => return None,
    })
}

/// Whether this byte is an opcode.
pub(super) fn is_opcode(code: u8) -> bool {
    layout(code).is_some()
}

/// Whether the lines of an opcode hold what its protocol writes: names, numbers, quoted text.
pub(super) fn is_plausible(op: &Op<'_>) -> bool {
    let number = |arg: &[u8]| !arg.is_empty() && arg.iter().all(|byte| b"0123456789+-.eELinfa".contains(byte));
    match op.code {
        b'c' | b'i' => [op.arg, op.second].into_iter().all(pickle_names::is_name),
        b'I' | b'L' | b'F' | b'g' | b'p' => number(op.arg),
        b'S' => matches!(op.arg, [b'\'', .., b'\''] | [b'"', .., b'"']),
        _ => true,
    }
}

/// The next opcode. The outer error is the end of the bytes; `Ok(None)` is a byte that is no opcode.
///
/// # Errors
/// When the bytes end inside the argument.
pub(super) fn next<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Op<'a>>, ReadError> {
    let code = cursor.u8()?;
    let Some(layout) = layout(code) else { return Ok(None) };
    let arg = match layout {
        Layout::Fixed(count) => cursor.take(count)?,
        Layout::Line | Layout::TwoLines => line(cursor)?,
        Layout::Short => {
            let length = cursor.u8()?;
            cursor.take(usize::from(length))?
        }
        Layout::Long => {
            let length = cursor.u32_le()?;
            cursor.take_u64(u64::from(length))?
        }
        Layout::Huge => {
            let length = cursor.u64_le()?;
            cursor.take_u64(length)?
        }
    };
    let second = if layout == Layout::TwoLines { line(cursor)? } else { &[] };
    Ok(Some(Op { code, arg, second }))
}

fn line<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ReadError> {
    let end = memchr::memchr(b'\n', cursor.rest()).ok_or_else(|| cursor.error("a line has no end"))?;
    let line = cursor.take(end)?;
    cursor.skip(1)?;
    Ok(line)
}
