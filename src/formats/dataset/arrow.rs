//! Arrow (Feather): `ARROW1` at both ends and a footer, or a bare stream of messages.
//!
//! Follows "Arrow IPC" of the columnar format, `File.fbs`, `Message.fbs` and `Schema.fbs`: a message is 0xffffffff, the size of
//! its FlatBuffer, the FlatBuffer, and as many bytes of columns as it says.

use super::{FACTS, clip, is_training};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::model::flatbuffer::Table;
use crate::formats::{Coverage, Format, FormatError, Inspection};

const MAGIC: &[u8] = b"ARROW1\0\0";
const MESSAGE: u32 = 0xffff_ffff;

/// How many batches of rows are counted.
const BATCHES: usize = 100_000;

/// How many columns are listed.
const COLUMNS: u32 = 32;

/// Members of the union of headers.
const SCHEMA: u8 = 1;
const BATCH: u8 = 3;

/// See the module.
pub struct Arrow;

impl Format for Arrow {
    fn name(&self) -> &'static str {
        "arrow"
    }

    fn summary(&self) -> &'static str {
        "Arrow data (IPC files and streams, Feather): rows and columns"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The first message of either form is a schema.
        let start = if probe.starts_with(MAGIC) { MAGIC.len() as u64 } else { 0 };
        Cursor::at(probe.head(), start).u32_le() == Ok(MESSAGE)
            && message(probe.all(), start).is_ok_and(|message| message.is_some_and(|message| message.kind == SCHEMA))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let file = bytes.starts_with(MAGIC);
        let mut at = if file { MAGIC.len() as u64 } else { 0 };
        let (mut rows, mut ended) = (0u64, false);
        out.fact("dataset.format", "arrow");
        for _ in 0..BATCHES {
            let Some(message) = message(bytes, at)? else {
                ended = true;
                break;
            };
            match message.kind {
                SCHEMA => columns(&message.header, out)?,
                BATCH => rows = rows.saturating_add(message.header.u64(0)?),
                _ => {}
            }
            out.fact("dataset.rows", rows);
            at = message.end;
        }
        if ended && file && !bytes.ends_with(b"ARROW1") {
            return Err(FormatError::broken(bytes.len() as u64, "the Arrow file is cut off before its footer"));
        }
        Ok(Coverage::Part)
    }
}

struct Message<'a> {
    kind: u8,
    header: Table<'a>,
    /// Where the next one begins.
    end: u64,
}

/// The message at `at`; `None` where the messages end.
fn message(bytes: &[u8], at: u64) -> Result<Option<Message<'_>>, ReadError> {
    if at == bytes.len() as u64 {
        return Ok(None);
    }
    let mut cursor = Cursor::at(bytes, at);
    if cursor.u32_le()? != MESSAGE {
        return Ok(None);
    }
    let size = cursor.u32_le()?;
    if size == 0 {
        return Ok(None);
    }
    let table = Table::root(cursor.take_u64(size.into())?)?;
    let body = table.u64(3)?;
    let end = cursor.offset().checked_add(body).filter(|end| *end <= bytes.len() as u64);
    let end = end.ok_or_else(|| cursor.error("a batch of rows goes past the end of the file"))?;
    let header = table.table(2)?.ok_or_else(|| cursor.error("a message has no header"))?;
    Ok(Some(Message { kind: table.u8(1)?, header, end }))
}

/// `Schema`: the fields in field 1, each with its name in field 0.
fn columns(schema: &Table<'_>, out: &mut Inspection<'_>) -> Result<(), ReadError> {
    let fields = schema.tables(1)?;
    let mut names = Vec::new();
    for index in 0..fields.len().min(COLUMNS) {
        names.push(clip(&String::from_utf8_lossy(fields.table(index)?.block(0)?.0)));
    }
    if is_training(names.iter().map(String::as_str)) {
        out.fact("dataset.kind", "training");
    }
    out.fact("dataset.columns", names);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn what_only_begins_like_a_message_is_none() {
        assert!(!inspect(&Arrow, "x", &[0xff; 100]).sniffed);
        assert!(!inspect(&Arrow, "x", b"ARROW1\0\0 is a mark").sniffed);
    }
}
