//! Python's marshal format (`Python/marshal.c`), as far as it takes to find every text in a code object.

use crate::bytes::{Cursor, ReadError};

/// How deep objects may lie in each other; Python itself stops at 2,000.
const DEPTH: usize = 2_000;
/// How many names of source files are kept.
const FILES: usize = 16;

/// The layout of code objects, which changed with the version of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Python 2.
    Two,
    /// Python 3.0 to 3.7.
    Three,
    /// Python 3.8 to 3.10: arguments that are only positional are counted.
    Eight,
    /// Python 3.11 and later: all local variables in one list, and tables of exceptions.
    Eleven,
}

impl Layout {
    /// Numbers at the start, objects before the name of the source file, and after it up to the first line's number.
    fn counts(self) -> (u64, u32, u32) {
        match self {
            Layout::Two => (4, 6, 1),
            Layout::Three => (5, 6, 1),
            Layout::Eight => (6, 6, 1),
            Layout::Eleven => (5, 5, 2),
        }
    }

    /// Objects after the first line's number.
    fn tables(self) -> u32 {
        if self == Layout::Eleven { 2 } else { 1 }
    }
}

/// What is to be read next.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// So many objects.
    Objects(u32),
    /// Objects up to the mark that ends a dictionary.
    Dictionary,
    /// The name of the source file.
    File,
    /// A number.
    Number,
}

/// Everything in a code object that is text.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// All texts, one after the other, each with a line end.
    pub(super) text: Vec<u8>,
    /// How many they are.
    pub(super) count: u64,
    /// The names of source files, as the compiler saw them.
    pub(super) files: Vec<String>,
}

/// Reads the object at the cursor. What was read before an error stays in `texts`.
pub(super) fn read(cursor: &mut Cursor<'_>, layout: Layout, texts: &mut Texts) -> Result<(), ReadError> {
    let mut tasks = vec![Task::Objects(1)];
    while let Some(task) = tasks.pop() {
        if tasks.len() > DEPTH * 4 {
            return Err(cursor.error(format!("objects lie more than {DEPTH} levels deep")));
        }
        match task {
            Task::Number => cursor.skip(4)?,
            Task::File => one(cursor, layout, texts, &mut tasks, true).map(|_| ())?,
            Task::Objects(0) => {}
            Task::Objects(left) => {
                tasks.push(Task::Objects(left - 1));
                one(cursor, layout, texts, &mut tasks, false)?;
            }
            Task::Dictionary => {
                tasks.push(Task::Dictionary);
                if !one(cursor, layout, texts, &mut tasks, false)? {
                    tasks.pop();
                }
            }
        }
    }
    Ok(())
}

/// Reads one object, and leaves what lies in it as tasks. `false` for the mark that ends a dictionary.
fn one(
    cursor: &mut Cursor<'_>,
    layout: Layout,
    texts: &mut Texts,
    tasks: &mut Vec<Task>,
    file: bool,
) -> Result<bool, ReadError> {
    let start = cursor.offset();
    // The highest bit asks readers to remember the object.
    match cursor.u8()? & 0x7f {
        b'0' => return Ok(false),
        b'N' | b'F' | b'T' | b'S' | b'.' => {}
        b'i' | b'r' | b'R' => cursor.skip(4)?,
        b'I' | b'g' => cursor.skip(8)?,
        b'y' => cursor.skip(16)?,
        b'f' => short(cursor).map(|_| ())?,
        b'x' => {
            short(cursor)?;
            short(cursor)?;
        }
        b'l' => {
            let digits = cursor.u32_le()?.cast_signed().unsigned_abs();
            cursor.skip(u64::from(digits) * 2)?;
        }
        b'z' | b'Z' => texts.add(short(cursor)?, file),
        b'a' | b'A' | b'u' | b't' => texts.add(long(cursor)?, file),
        // Bytes, and in Python 2 every text; code and tables are bytes too, and no text.
        b's' => texts.add_bytes(long(cursor)?, file),
        b')' => tasks.push(Task::Objects(u32::from(cursor.u8()?))),
        b'(' | b'[' | b'<' | b'>' => {
            let count = cursor.u32_le()?;
            tasks.push(Task::Objects(count));
        }
        b'{' => tasks.push(Task::Dictionary),
        b':' => tasks.push(Task::Objects(3)),
        b'c' => {
            let (numbers, before, after) = layout.counts();
            cursor.skip(numbers * 4)?;
            let tables = Task::Objects(layout.tables());
            tasks.extend([tables, Task::Number, Task::Objects(after), Task::File, Task::Objects(before)]);
        }
        other => return Err(ReadError::new(start, format!("there is no object of type {other:#04x}"))),
    }
    Ok(true)
}

fn short<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ReadError> {
    let length = cursor.u8()?;
    cursor.take(usize::from(length))
}

fn long<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ReadError> {
    let length = cursor.u32_le()?;
    cursor.take_u64(u64::from(length))
}

impl Texts {
    fn add(&mut self, text: &[u8], file: bool) {
        self.count += 1;
        self.text.extend_from_slice(text);
        self.text.push(b'\n');
        if file && self.files.len() < FILES {
            let name = String::from_utf8_lossy(text).chars().take(1_000).collect();
            if !self.files.contains(&name) {
                self.files.push(name);
            }
        }
    }

    fn add_bytes(&mut self, bytes: &[u8], file: bool) {
        let printable = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\r' | b'\t');
        if file || bytes.iter().all(printable) {
            self.add(bytes, file);
        } else {
            // Bytes may still hold a text somewhere.
            self.text.extend_from_slice(bytes);
            self.text.push(b'\n');
        }
    }
}
