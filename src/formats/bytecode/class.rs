//! Java class files (The Java Virtual Machine Specification, chapter 4), whatever language they were compiled from.

use super::{Common, mutf8};
use crate::bytes::{Bytes, Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Class files.
pub struct JavaClass;

static FACTS: &[FactSpec] = &[
    super::FACTS[0],
    super::FACTS[1],
    super::FACTS[2],
    super::FACTS[3],
    super::FACTS[4],
    super::FACTS[5],
    FactSpec {
        name: "java.line_numbers",
        kind: FactType::Bool,
        doc: "Whether methods of a class say which line became which instruction",
    },
    FactSpec {
        name: "java.local_variables",
        kind: FactType::Int,
        doc: "Number of local variables and parameters whose names a class keeps",
    },
    FactSpec {
        name: "java.kotlin",
        kind: FactType::Bool,
        doc: "Whether a class carries the metadata of Kotlin, which gives back its signatures",
    },
];

impl Format for JavaClass {
    fn name(&self) -> &'static str {
        "java-class"
    }

    fn summary(&self) -> &'static str {
        "Java and Kotlin class files: the texts of the constant pool are searched; source, lines and variables are facts"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A universal Mach-O file starts with the same four bytes, and the number of its slices, at most 30.
        let mut cursor = Cursor::at(probe.head(), 6);
        let major = cursor.u16_be().is_ok_and(|major| (45..=120).contains(&major));
        let constants = cursor.u16_be().is_ok_and(|count| count > 1);
        let tag = cursor.u8().is_ok_and(|tag| (1..=20).contains(&tag));
        probe.starts_with(b"\xca\xfe\xba\xbe") && major && constants && tag
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::at(&artifact.bytes, 6);
        let major = cursor.u16_be()?;
        let mut pool = Pool::default();
        let read = pool.read(&mut cursor);
        let end = cursor.offset();
        let mut seen = Seen::default();
        let read = read.and_then(|()| seen.class(&mut cursor, &pool));
        // Java 1.1 was 45, and so on.
        let version = major.saturating_sub(44);
        let bare = seen.source.is_none() && !seen.lines && seen.variables == 0;
        let stripped = read.is_ok().then_some(bare);
        let common = Common { kind: "java-class", version: version.to_string(), source: seen.source, stripped };
        common.state(&pool.text, out);
        out.fact("java.line_numbers", seen.lines);
        out.fact("java.local_variables", seen.variables);
        out.fact("java.kotlin", pool.kotlin);
        out.decoded(artifact.path.base_name(), Bytes::from(pool.text))?;
        out.explain(8..end);
        read?;
        Ok(Coverage::Part)
    }
}

/// The texts of the constant pool (section 4.4).
#[derive(Default)]
struct Pool<'a> {
    constants: Vec<&'a [u8]>,
    text: Vec<u8>,
    kotlin: bool,
}

impl<'a> Pool<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), ReadError> {
        let count = usize::from(cursor.u16_be()?);
        self.constants.push(b"");
        while self.constants.len() < count {
            let start = cursor.offset();
            let mut constant: &[u8] = b"";
            match cursor.u8()? {
                1 => {
                    let length = cursor.u16_be()?;
                    constant = cursor.take(usize::from(length))?;
                    mutf8::append(constant, &mut self.text);
                    self.text.push(b'\n');
                    self.kotlin |= constant == b"Lkotlin/Metadata;";
                }
                7 | 8 | 16 | 19 | 20 => cursor.skip(2)?,
                15 => cursor.skip(3)?,
                3 | 4 | 9..=12 | 17 | 18 => cursor.skip(4)?,
                5 | 6 => {
                    cursor.skip(8)?;
                    // Numbers of 64 bits count twice.
                    self.constants.push(b"");
                }
                tag => return Err(ReadError::new(start, format!("there is no constant of type {tag}"))),
            }
            self.constants.push(constant);
        }
        Ok(())
    }

    fn get(&self, index: u16) -> &'a [u8] {
        self.constants.get(usize::from(index)).copied().unwrap_or_default()
    }
}

/// What attributes say (section 4.7).
#[derive(Default)]
struct Seen<'a> {
    source: Option<&'a [u8]>,
    lines: bool,
    variables: u64,
}

impl<'a> Seen<'a> {
    fn class(&mut self, cursor: &mut Cursor<'a>, pool: &Pool<'a>) -> Result<(), ReadError> {
        cursor.skip(6)?; // flags, this class, the one above
        let interfaces = cursor.u16_be()?;
        cursor.skip(u64::from(interfaces) * 2)?;
        for _ in 0..2 {
            for _ in 0..cursor.u16_be()? {
                cursor.skip(6)?;
                self.attributes(cursor, pool, 0)?;
            }
        }
        self.attributes(cursor, pool, 0)
    }

    fn attributes(&mut self, cursor: &mut Cursor<'a>, pool: &Pool<'a>, depth: u32) -> Result<(), ReadError> {
        for _ in 0..cursor.u16_be()? {
            let name = pool.get(cursor.u16_be()?);
            let length = cursor.u32_be()?;
            let mut body = Cursor::new(cursor.take_u64(u64::from(length))?);
            match name {
                b"SourceFile" => self.source = Some(pool.get(body.u16_be()?)),
                b"LineNumberTable" => self.lines |= body.u16_be()? > 0,
                b"LocalVariableTable" => self.local_variables(&mut body, pool)?,
                b"Code" if depth == 0 => self.code(&mut body, pool)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn code(&mut self, body: &mut Cursor<'a>, pool: &Pool<'a>) -> Result<(), ReadError> {
        body.skip(4)?;
        let length = body.u32_be()?;
        body.skip(u64::from(length))?;
        let handlers = body.u16_be()?;
        body.skip(u64::from(handlers) * 8)?;
        self.attributes(body, pool, 1)
    }

    fn local_variables(&mut self, body: &mut Cursor<'a>, pool: &Pool<'a>) -> Result<(), ReadError> {
        for _ in 0..body.u16_be()? {
            body.skip(4)?;
            let name = body.u16_be()?;
            body.skip(4)?;
            // Every method of an object has this one, and it says nothing.
            if pool.get(name) != b"this" {
                self.variables += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::executable::MachO;
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn constant(text: &[u8]) -> Vec<u8> {
        [&[1, 0, text.len() as u8], text].concat()
    }

    /// A class with one method, whose code has lines and one named variable.
    fn class() -> Vec<u8> {
        let texts: [&[u8]; 7] = [
            b"SourceFile",
            b"Pilot.java",
            b"Code",
            b"LineNumberTable",
            b"LocalVariableTable",
            b"depth",
            b"words\xc0\x80 of the harbour",
        ];
        let mut out = b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x0a\x05\0\0\0\0\0\0\0\0".to_vec();
        texts.iter().for_each(|text| out.extend(constant(text)));
        out.extend([0; 6]);
        out.extend([0, 0, 0, 0, 0, 1]);
        out.extend([0; 6]);
        let lines = [&[0, 6, 0, 0, 0, 6, 0, 1][..], &[0; 4]].concat();
        let variables = [&[0, 7, 0, 0, 0, 12, 0, 1, 0, 0, 0, 0][..], &[0, 8, 0, 8, 0, 1]].concat();
        let code = [&[0, 1, 0, 1, 0, 0, 0, 1, 0xb1, 0, 0, 0, 2][..], &lines, &variables].concat();
        out.extend([0, 1, 0, 5, 0, 0, 0, code.len() as u8]);
        out.extend(code);
        out.extend([0, 1, 0, 3, 0, 0, 0, 2, 0, 4]);
        out
    }

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn constants_are_handed_out_and_attributes_are_read() {
        let bytes = class();
        let looked = inspect(&JavaClass, "Pilot.class", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert!(looked.members[0].bytes.ends_with(b"depth\nwords\0 of the harbour\n"));
        for (name, value) in [
            ("bytecode.version", "17"),
            ("bytecode.source", "Pilot.java"),
            ("bytecode.stripped", "no"),
            ("java.line_numbers", "yes"),
            ("java.local_variables", "1"),
            ("java.kotlin", "no"),
        ] {
            assert_eq!(text(&looked, name), value, "{name}");
        }
        assert!(!inspect(&MachO, "Pilot.class", &bytes).sniffed);
    }

    #[test]
    fn damage_anywhere_is_survived_and_cutting_is_noticed() {
        let bytes = class();
        for end in 11..bytes.len() {
            let looked = inspect(&JavaClass, "Pilot.class", &bytes[..end]);
            assert!(looked.sniffed && matches!(looked.result, Err(FormatError::Broken(_))), "cut off at {end}");
        }
        for at in 0..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&JavaClass, "Pilot.class", &damaged);
            }
        }
    }
}
