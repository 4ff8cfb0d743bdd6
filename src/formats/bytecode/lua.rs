//! Compiled Lua: `luac` (`ldump.c` and `lundump.c` of Lua 5.1 to 5.4) and LuaJIT (`lj_bcdump.h`).

use super::Common;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Compiled Lua.
pub struct Lua;

const PUC: &[u8] = b"\x1bLua";
const JIT: &[u8] = b"\x1bLJ";
/// What Lua 5.2 and later check for damage in transit.
const DATA: &[u8] = b"\x19\x93\r\n\x1a\n";

impl Format for Lua {
    fn name(&self) -> &'static str {
        "lua-bytecode"
    }

    fn summary(&self) -> &'static str {
        "compiled Lua 5.1 to 5.4 and LuaJIT: the name of the source, and whether names of variables were left out"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let version = probe.head().get(4).is_none_or(|version| (0x51..=0x54).contains(version));
        let jit = probe.head().get(3).is_some_and(|version| matches!(version, 1 | 2));
        (probe.starts_with(PUC) && version) || (probe.starts_with(JIT) && jit)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut cursor = Cursor::at(&artifact.bytes, 3);
        let jit = artifact.bytes.starts_with(JIT);
        let read = if jit { luajit(&mut cursor) } else { puc(&mut cursor) };
        let (version, kind) = match artifact.bytes.get(if jit { 3 } else { 4 }) {
            Some(version) if jit => (format!("{version}"), "luajit"),
            Some(version) => (format!("{}.{}", version >> 4, version & 15), "lua"),
            None => (String::new(), "lua"),
        };
        let source = read.as_ref().ok().copied().flatten();
        let stripped = read.is_ok().then_some(source.is_none());
        // What a file stands under starts with an at sign; anything else is text that was compiled.
        let source = source.map(|source| source.strip_prefix(b"@").unwrap_or(source));
        Common { kind, version, source, stripped }.state(&artifact.bytes, out);
        read?;
        Ok(Coverage::Part)
    }
}

/// The name of the source, from a file of LuaJIT.
fn luajit<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, ReadError> {
    cursor.skip(1)?;
    if cursor.varint()? & 2 != 0 {
        return Ok(None);
    }
    let length = cursor.varint()?;
    Ok(Some(cursor.take_u64(length)?))
}

/// The name of the source, behind a header that changed with every version. Lua 5.2 has it behind the main function.
fn puc<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, ReadError> {
    cursor.skip(1)?;
    let version = cursor.u8()?;
    cursor.skip(1)?; // format
    match version {
        0x51 => {
            let little = cursor.u8()? != 0;
            let [_, size, ..] = sizes::<5>(cursor)?;
            long(cursor, size, little)
        }
        0x52 => {
            let little = cursor.u8()? != 0;
            let sizes = sizes::<5>(cursor)?;
            check(cursor)?;
            Function { version, little, sizes }.skip(cursor, 0)
        }
        0x53 => {
            check(cursor)?;
            let [_, _, _, integer, number] = sizes::<5>(cursor)?;
            cursor.skip(u64::from(integer) + u64::from(number) + 1)?;
            match cursor.u8()? {
                0 => Ok(None),
                0xff => cursor.u64_le().and_then(|length| cursor.take_u64(length.saturating_sub(1))).map(Some),
                length => cursor.take(usize::from(length) - 1).map(Some),
            }
        }
        _ => {
            check(cursor)?;
            let [_, integer, number] = sizes::<3>(cursor)?;
            cursor.skip(u64::from(integer) + u64::from(number) + 1)?;
            match size(cursor)? {
                0 => Ok(None),
                length => cursor.take_u64(length - 1).map(Some),
            }
        }
    }
}

fn check(cursor: &mut Cursor<'_>) -> Result<(), ReadError> {
    if cursor.take(DATA.len())? == DATA { Ok(()) } else { Err(cursor.error("its header is damaged; compile it again")) }
}

fn sizes<const N: usize>(cursor: &mut Cursor<'_>) -> Result<[u8; N], ReadError> {
    let mut sizes = [0; N];
    sizes.copy_from_slice(cursor.take(N)?);
    Ok(sizes)
}

/// Lua 5.4: seven bits a byte, the most significant first; the last byte has its highest bit set.
fn size(cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
    let mut value = 0u64;
    for _ in 0..10 {
        let byte = cursor.u8()?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            return Ok(value);
        }
    }
    Err(cursor.error("a number in it has no end; compile it again"))
}

fn number(cursor: &mut Cursor<'_>, size: u8, little: bool) -> Result<u64, ReadError> {
    match (size, little) {
        (4, true) => cursor.u32_le().map(u64::from),
        (4, false) => cursor.u32_be().map(u64::from),
        (8, true) => cursor.u64_le(),
        (8, false) => cursor.u64_be(),
        _ => Err(cursor.error("it has numbers of a size that no processor has; compile it again")),
    }
}

/// A text with its length before it and a NUL behind it.
fn long<'a>(cursor: &mut Cursor<'a>, size: u8, little: bool) -> Result<Option<&'a [u8]>, ReadError> {
    match number(cursor, size, little)? {
        0 => Ok(None),
        length => {
            let text = cursor.take_u64(length)?;
            Ok(Some(&text[..text.len() - 1]))
        }
    }
}

/// How deep functions may lie in each other; Lua itself allows 200.
const DEPTH: u32 = 250;

/// Reads over functions of Lua 5.2.
struct Function {
    version: u8,
    little: bool,
    sizes: [u8; 5],
}

impl Function {
    /// Reads over a function, and answers the name of its source.
    fn skip<'a>(&self, cursor: &mut Cursor<'a>, depth: u32) -> Result<Option<&'a [u8]>, ReadError> {
        if depth > DEPTH || self.version != 0x52 {
            return Err(cursor.error("functions lie too deep in each other; compile it again"));
        }
        let [int, size, instruction, float, _] = self.sizes;
        cursor.skip(u64::from(int) * 2 + 3)?;
        let code = self.count(cursor)?;
        cursor.skip(code.saturating_mul(u64::from(instruction)))?;
        for _ in 0..self.count(cursor)? {
            match cursor.u8()? {
                0 => {}
                1 => cursor.skip(1)?,
                3 => cursor.skip(u64::from(float))?,
                4 => {
                    long(cursor, size, self.little)?;
                }
                other => return Err(cursor.error(format!("there is no constant of type {other}"))),
            }
        }
        for _ in 0..self.count(cursor)? {
            self.skip(cursor, depth + 1)?;
        }
        let outer = self.count(cursor)?;
        cursor.skip(outer.saturating_mul(2))?;
        let source = long(cursor, size, self.little)?;
        let lines = self.count(cursor)?;
        cursor.skip(lines.saturating_mul(u64::from(int)))?;
        for _ in 0..self.count(cursor)? {
            long(cursor, size, self.little)?;
            cursor.skip(u64::from(int) * 2)?;
        }
        for _ in 0..self.count(cursor)? {
            long(cursor, size, self.little)?;
        }
        Ok(source)
    }

    fn count(&self, cursor: &mut Cursor<'_>) -> Result<u64, ReadError> {
        number(cursor, self.sizes[0], self.little)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::inspect;

    /// What each version writes before the first function of `/home/jdoe/t.lua`.
    fn heads() -> Vec<(&'static str, &'static str, Vec<u8>)> {
        let name = b"@/home/jdoe/t.lua";
        let check = b"\0\x19\x93\r\n\x1a\n";
        let long = [&18u64.to_le_bytes()[..], name, b"\0"].concat();
        let function = [&[0; 11][..], &[0; 12], &[0; 4], &long, &[0; 12]].concat();
        vec![
            ("lua", "5.1", [b"\x1bLuaQ\0\x01\x04\x08\x04\x08\0".to_vec(), long].concat()),
            ("lua", "5.2", [b"\x1bLuaR\0\x01\x04\x08\x04\x08\0".to_vec(), check[1..].to_vec(), function].concat()),
            (
                "lua",
                "5.3",
                [b"\x1bLuaS".to_vec(), check.to_vec(), vec![4, 8, 4, 8, 8], vec![0; 17], vec![18], name.to_vec()]
                    .concat(),
            ),
            (
                "lua",
                "5.4",
                [b"\x1bLuaT".to_vec(), check.to_vec(), vec![4, 8, 8], vec![0; 17], vec![0x92], name.to_vec()].concat(),
            ),
            ("luajit", "2", [b"\x1bLJ\x02\x08\x11".to_vec(), name.to_vec()].concat()),
        ]
    }

    #[test]
    fn every_version_names_its_source() {
        for (kind, version, bytes) in heads() {
            let looked = inspect(&Lua, "t.luac", &bytes);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{kind} {version} {:?}", looked.result);
            let text = |name| looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default();
            assert_eq!((text("bytecode.kind"), text("bytecode.version")), (kind.to_owned(), version.to_owned()));
            assert_eq!(text("bytecode.source"), "/home/jdoe/t.lua", "{kind} {version}");
            assert_eq!((text("bytecode.stripped"), text("bytecode.personal")), ("no".to_owned(), "1".to_owned()));
            for end in 5..bytes.len() {
                assert!(inspect(&Lua, "t.luac", &bytes[..end]).result.is_err(), "{kind} {version} cut off at {end}");
            }
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0xff;
                let _ = inspect(&Lua, "t.luac", &damaged);
            }
        }
    }
}
