//! Android's Dalvik executables (Android Open Source Project, "Dalvik executable format").

use std::collections::HashSet;

use super::{Common, mutf8, short};
use crate::bytes::{Bytes, Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Dalvik executables.
pub struct Dex;

const NO_INDEX: u32 = 0xffff_ffff;
const EXAMPLES: usize = 5;
/// Fewer classes say nothing about how they were named.
const ENOUGH: u64 = 20;

static FACTS: &[FactSpec] = &[
    super::FACTS[0],
    super::FACTS[1],
    super::FACTS[4],
    super::FACTS[5],
    FactSpec { name: "dex.strings", kind: FactType::Int, doc: "Number of texts in a Dalvik executable" },
    FactSpec { name: "dex.classes", kind: FactType::Int, doc: "Number of classes in it" },
    FactSpec { name: "dex.sources", kind: FactType::Int, doc: "Number of different names of sources in it" },
    FactSpec { name: "dex.source_examples", kind: FactType::List, doc: "At most 5 of these names" },
    FactSpec {
        name: "dex.obfuscated",
        kind: FactType::Bool,
        doc: "Whether most classes have names of one or two letters, as R8 writes them (20 classes or more)",
    },
];

impl Format for Dex {
    fn name(&self) -> &'static str {
        "dex"
    }

    fn summary(&self) -> &'static str {
        "Android's Dalvik executables: all texts are searched; classes, names of sources, whether names were shortened"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let version = probe.head().get(4..7).is_some_and(|version| version.iter().all(u8::is_ascii_digit));
        probe.starts_with(b"dex\n") && version && probe.has_at(7, b"\0")
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let version = String::from_utf8_lossy(&bytes[4..7]).into_owned();
        let mut file = File { bytes, strings: Vec::new(), text: Vec::new() };
        let read = file.read_strings();
        let common = Common { kind: "dex", version, source: None, stripped: None };
        common.state(&file.text, out);
        out.fact("dex.strings", file.strings.len());
        let classes = read.and_then(|ranges| file.state_classes(out).map(|()| ranges));
        out.decoded(artifact.path.base_name(), Bytes::from(std::mem::take(&mut file.text)))?;
        let end = classes?;
        // The texts lie behind each other in the data, and only they.
        if let Some((from, to)) = end {
            out.explain(from..to);
        }
        Ok(Coverage::Part)
    }
}

struct File<'a> {
    bytes: &'a [u8],
    strings: Vec<&'a [u8]>,
    text: Vec<u8>,
}

impl<'a> File<'a> {
    /// Number and place of a table, from the header.
    fn table(&self, at: u64) -> Result<(u32, u64), ReadError> {
        let mut cursor = Cursor::at(self.bytes, at);
        Ok((cursor.u32_le()?, u64::from(cursor.u32_le()?)))
    }

    /// Reads all texts (`string_ids`), and answers which range they fill without a gap.
    fn read_strings(&mut self) -> Result<Option<(u64, u64)>, ReadError> {
        let size = u64::from(Cursor::at(self.bytes, 32).u32_le()?);
        let (count, offset) = self.table(56)?;
        let mut list = Cursor::at(self.bytes, offset);
        // Texts that overlap would cost more than the file has bytes.
        let mut left = self.bytes.len();
        let mut filled: Option<(u64, u64)> = None;
        for _ in 0..count {
            let at = u64::from(list.u32_le()?);
            let mut cursor = Cursor::at(self.bytes, at);
            cursor.varint()?; // letters
            let rest = cursor.rest();
            let length = memchr::memchr(0, rest).ok_or_else(|| cursor.error("a text in it has no end"))?;
            let end = cursor.offset() + length as u64 + 1;
            left = left.checked_sub(length).ok_or_else(|| cursor.error("texts in it overlap; build it again"))?;
            mutf8::append(&rest[..length], &mut self.text);
            self.text.push(b'\n');
            self.strings.push(&rest[..length]);
            filled = match filled {
                None => Some((at, end)),
                Some((from, to)) if to == at => Some((from, end)),
                Some(other) => Some(other),
            };
        }
        if size > self.bytes.len() as u64 {
            return Err(ReadError::new(self.bytes.len() as u64, "the file ends before it should; build it again"));
        }
        Ok(filled)
    }

    fn string(&self, index: u32) -> Option<&'a [u8]> {
        self.strings.get(usize::try_from(index).ok()?).copied()
    }

    /// Reads `class_defs`: 32 bytes each, with the type first and the source in the fifth word.
    fn state_classes(&self, out: &mut Inspection<'_>) -> Result<(), ReadError> {
        let (types, type_offset) = self.table(64)?;
        let (count, offset) = self.table(96)?;
        let (mut shortened, mut seen) = (0u64, 0u64);
        let mut sources: HashSet<u32> = HashSet::new();
        let mut examples = Vec::new();
        let mut cursor = Cursor::at(self.bytes, offset);
        for _ in 0..count {
            let class = cursor.u32_le()?;
            cursor.skip(12)?;
            let source = cursor.u32_le()?;
            cursor.skip(12)?;
            seen += 1;
            if class < types {
                let name = Cursor::at(self.bytes, type_offset + u64::from(class) * 4).u32_le()?;
                shortened += u64::from(self.string(name).is_some_and(is_short));
            }
            if source != NO_INDEX && sources.insert(source) && examples.len() < EXAMPLES {
                examples.extend(self.string(source).map(short));
            }
        }
        out.fact("dex.classes", seen);
        out.fact("dex.sources", sources.len());
        out.fact("dex.source_examples", examples);
        out.fact("dex.obfuscated", seen >= ENOUGH && shortened * 2 > seen);
        Ok(())
    }
}

/// `La/b;`: whether the last part has one or two letters.
fn is_short(descriptor: &[u8]) -> bool {
    let name = descriptor.strip_prefix(b"L").and_then(|name| name.strip_suffix(b";")).unwrap_or(descriptor);
    let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    last.split(|byte| *byte == b'$').next().is_some_and(|name| name.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// An executable with these texts, the first of which names its only class, and the second its source.
    fn forged(texts: &[&[u8]]) -> Vec<u8> {
        let (mut data, mut ids) = (Vec::new(), Vec::new());
        let start = 112 + 4 * texts.len() as u32 + 4 + 32;
        for text in texts {
            ids.extend((start + data.len() as u32).to_le_bytes());
            data.extend([&[text.len() as u8], *text, &[0]].concat());
        }
        let types = 112 + ids.len() as u32;
        let class = [0, 1, NO_INDEX, 0, 1, 0, 0, 0].map(u32::to_le_bytes).concat();
        let mut out = b"dex\n035\0".to_vec();
        out.resize(112, 0);
        out.extend([&ids[..], &[0; 4], &class, &data].concat());
        let size = out.len() as u32;
        for (at, word) in
            [(32, size), (56, texts.len() as u32), (60, 112), (64, 1), (68, types), (96, 1), (100, types + 4)]
        {
            out[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        out
    }

    #[test]
    fn texts_classes_and_sources_are_read() {
        let bytes = forged(&[b"Lorg/Pilot;", b"Pilot.kt", b"words of /home/jdoe/tide \xc0\x80"]);
        let looked = inspect(&Dex, "classes.dex", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(looked.members[0].bytes, b"Lorg/Pilot;\nPilot.kt\nwords of /home/jdoe/tide \0\n"[..]);
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("dex.strings"), facts.int("dex.classes"), facts.int("bytecode.personal")), (3, 1, 1));
        assert_eq!(facts.get("dex.source_examples"), Some(&vec!["Pilot.kt".to_owned()].into()));
        assert_eq!(looked.stated.explained.len(), 1);
        assert!(is_short(b"La/b;") && is_short(b"La/b$c;") && !is_short(b"La/Pilot;"));
        for end in 8..bytes.len() {
            assert!(inspect(&Dex, "classes.dex", &bytes[..end]).result.is_err(), "cut off at {end}");
        }
        for at in 0..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&Dex, "classes.dex", &damaged);
            }
        }
    }
}
