//! Compiled Ruby (`RubyVM::InstructionSequence#to_binary`, `compile.c`: `struct ibf_header`, `ibf_dump_object`).

use super::Common;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Compiled Ruby.
pub struct RubyIseq;

/// Type of objects that are strings.
const STRING: u8 = 5;
const MOST_OBJECTS: u64 = 1_000_000;

impl Format for RubyIseq {
    fn name(&self) -> &'static str {
        "ruby-iseq"
    }

    fn summary(&self) -> &'static str {
        "compiled Ruby (instruction sequences): the version and the path of the source; all texts are searched"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let mut cursor = Cursor::at(probe.head(), 4);
        let version = cursor.u32_le().is_ok_and(|major| (2..=9).contains(&major) || major.swap_bytes() < 10);
        probe.starts_with(b"YARB") && version
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::at(&artifact.bytes, 4);
        let version = (cursor.u32_le()?, cursor.u32_le()?);
        let size = cursor.u32_le()?;
        let read = if artifact.bytes.len() as u64 >= u64::from(size) {
            path(&artifact.bytes, &mut cursor)
        } else {
            Err(cursor.error("the file ends before it should; compile it again"))
        };
        let version = format!("{}.{}", version.0, version.1);
        let source = read.as_ref().ok().copied().flatten();
        Common { kind: "ruby-iseq", version, source, stripped: None }.state(&artifact.bytes, out);
        read?;
        Ok(Coverage::Part)
    }
}

/// The longest name of a Ruby source among the objects: its full path.
fn path<'a>(bytes: &'a [u8], cursor: &mut Cursor<'_>) -> Result<Option<&'a [u8]>, ReadError> {
    cursor.skip(8)?; // bytes behind, number of sequences
    let count = u64::from(cursor.u32_le()?);
    cursor.skip(4)?; // where the sequences are
    let list = u64::from(cursor.u32_le()?);
    let mut offsets = Cursor::at(bytes, list);
    let mut found: Option<&[u8]> = None;
    for _ in 0..count.min(MOST_OBJECTS) {
        let at = u64::from(offsets.u32_le()?);
        let mut object = Cursor::at(bytes, at);
        if object.u8()? & 0x1f != STRING {
            continue;
        }
        let text = small(&mut object).and_then(|_| small(&mut object)).and_then(|length| object.take_u64(length));
        if let Ok(text) = text
            && text.ends_with(b".rb")
            && found.is_none_or(|found| found.len() < text.len())
        {
            found = Some(text);
        }
    }
    Ok(found)
}

/// A number whose first byte says by its lowest bit that is set how many bytes follow.
fn small(cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
    let first = cursor.u8()?;
    let more = first.trailing_zeros().min(8);
    let mut value = if more >= 7 { 0 } else { u64::from(first >> (more + 1)) };
    for _ in 0..more {
        value = value << 8 | u64::from(cursor.u8()?);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    fn forged() -> Vec<u8> {
        let texts: [&[u8]; 3] = [b"tide.rb", b"words of the harbour", b"/home/jdoe/tide.rb"];
        let mut body = Vec::new();
        let mut list = Vec::new();
        for text in texts {
            list.extend((36 + body.len() as u32).to_le_bytes());
            body.extend([&[0x45, 5, text.len() as u8 * 2 + 1], text].concat());
        }
        let at = 36 + body.len() as u32;
        let words = [3, 4, at + 12, 0, 1, 3, 36, at].map(u32::to_le_bytes).concat();
        [&b"YARB"[..], &words, &body, &list].concat()
    }

    #[test]
    fn the_path_of_the_source_is_read() {
        let bytes = forged();
        let looked = inspect(&RubyIseq, "tide.yarb", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let text = |name| looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default();
        assert_eq!((text("bytecode.version"), text("bytecode.source")), ("3.4".into(), "/home/jdoe/tide.rb".into()));
        assert_eq!(text("bytecode.personal"), "1");
        for end in 8..bytes.len() {
            assert!(inspect(&RubyIseq, "tide.yarb", &bytes[..end]).result.is_err(), "cut off at {end}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let _ = inspect(&RubyIseq, "tide.yarb", &damaged);
        }
    }
}
