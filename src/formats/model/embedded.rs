//! Models in executables: appended to them, as a section of their own, among their constant data, or in the data of a
//! WebAssembly module.
//!
//! Only places where a model can begin are looked at: the end of what the headers account for, the start of every section
//! or segment of data, and in these the marks of formats that are made for being linked in. What is found there must
//! be a model that can be read.

use std::ops::Range;

use memchr::memmem;

use super::carried::is_model;
use crate::bytes::{Cursor, Probe, Ranges, ReadError};
use crate::finding::{Artifact, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// How many sections, segments and load commands are looked at.
const PARTS: u64 = 10_000;

/// How many marks of one kind are looked at.
const MARKS: usize = 100;

/// Less is no model.
const SMALLEST: usize = 64;

/// Marks of formats that are made to be linked in, and where they stand in their file.
const LINKED: &[(&[u8], usize)] = &[(b"TFL3", 4), (b"GGUF\x03\0\0\0", 0), (b"GGUF\x02\0\0\0", 0), (b"ORTM", 4)];

/// See the module.
pub struct EmbeddedModel;

/// Where data lies, and where the file ends by its own account.
#[derive(Default)]
struct Layout {
    data: Vec<Range<u64>>,
    end: Option<u64>,
}

impl Format for EmbeddedModel {
    fn name(&self) -> &'static str {
        "embedded-model"
    }

    fn summary(&self) -> &'static str {
        "Models appended to an executable, or among its data or that of a WebAssembly module: each is a member"
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        kind(probe.head()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let read = kind(bytes).ok_or(FormatError::NotThis)?;
        let mut layout = Layout::default();
        // A damaged executable is told as such by its own format; here it has the parts that were read.
        let _ = read(bytes, &mut layout);
        let size = bytes.len() as u64;
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut places: Vec<(Range<u64>, bool)> = layout.data.into_iter().map(|part| (part, true)).collect();
        places.extend(layout.end.map(|end| (end..size, false)));
        for (part, linked) in places {
            // Headers may say anything: a part that ends before it begins has nothing in it.
            let part = part.start.min(size)..part.end.min(size);
            if part.is_empty() {
                continue;
            }
            let starts = std::iter::once(part.start);
            let inside = if linked { marks(bytes, &part, out.accounted()) } else { Vec::new() };
            for start in starts.chain(inside) {
                let place = start..part.end;
                // The reader of zip archives hands out the files of one that is appended, and does not see that they are
                // one model.
                let zip = !linked && bytes[start as usize..].starts_with(b"PK\x03\x04");
                let elsewhere = out.accounted().iter().filter(|_| !zip);
                let known = found.iter().chain(elsewhere).any(|known| known.contains(&start));
                if known || place.end.saturating_sub(place.start) < SMALLEST as u64 {
                    continue;
                }
                let model = artifact.bytes.slice(place.start as usize..place.end as usize);
                if is_model(&model) {
                    out.member(&format!("(model at {start:#x})"), Role::ArchiveMember, model)?;
                    found.push(place);
                }
            }
        }
        if found.is_empty() { Err(FormatError::NotThis) } else { Ok(Coverage::Part) }
    }
}

/// Where formats that are linked in may begin, outside of what other formats have handed out.
fn marks(bytes: &[u8], part: &Range<u64>, accounted: &[Range<u64>]) -> Vec<u64> {
    let mut elsewhere = Ranges::default();
    accounted.iter().for_each(|range| elsewhere.add(range.clone()));
    let holes = elsewhere.holes(part.end).into_iter().map(|hole| hole.start.max(part.start)..hole.end);
    let mut starts = Vec::new();
    for hole in holes.filter(|hole| hole.start < hole.end) {
        let data = &bytes[hole.start as usize..hole.end as usize];
        starts.extend(LINKED.iter().flat_map(|(mark, at)| {
            let found = memmem::find_iter(data, mark).take(MARKS);
            found.filter_map(|found| found.checked_sub(*at)).map(|start| hole.start + start as u64)
        }));
    }
    starts.sort_unstable();
    starts
}

type Reader = fn(&[u8], &mut Layout) -> Result<(), ReadError>;

fn kind(head: &[u8]) -> Option<Reader> {
    match head {
        [0x7f, b'E', b'L', b'F', 1 | 2, 1, ..] => Some(elf),
        [b'M', b'Z', ..] => Some(pe),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => Some(mach_o),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Some(wasm),
        _ => None,
    }
}

/// System V ABI, chapter 4: the table of sections, which also tells where the file ends.
fn elf(bytes: &[u8], layout: &mut Layout) -> Result<(), ReadError> {
    let wide = bytes.get(4) == Some(&2);
    let word = |at: u64| match wide {
        true => Cursor::at(bytes, at).u64_le(),
        false => Cursor::at(bytes, at).u32_le().map(u64::from),
    };
    let half = |at: u64| Cursor::at(bytes, at).u16_le().map(u64::from);
    let (segments, sections) = if wide { (word(32)?, word(40)?) } else { (word(28)?, word(32)?) };
    let base = if wide { 54 } else { 42 };
    let (segment_size, segment_count, size, count) = (half(base)?, half(base + 2)?, half(base + 4)?, half(base + 6)?);
    let mut end = sections.saturating_add(size * count).max(segments.saturating_add(segment_size * segment_count));
    for index in 0..segment_count.min(PARTS) {
        let at = segments.saturating_add(index * segment_size).min(bytes.len() as u64);
        let (offset, length) = if wide { (at + 8, at + 32) } else { (at + 4, at + 16) };
        end = end.max(word(offset)?.saturating_add(word(length)?));
    }
    for index in 0..count.min(PARTS) {
        let at = sections.saturating_add(index * size);
        let kind = Cursor::at(bytes, at.saturating_add(4)).u32_le()?;
        let (flags, offset, length) = if wide { (at + 8, at + 24, at + 32) } else { (at + 8, at + 16, at + 20) };
        let (flags, offset, length) = (word(flags)?, word(offset)?, word(length)?);
        // NOBITS has no bytes; machine code is no data.
        if kind == 8 || kind == 0 {
            continue;
        }
        let part = offset..offset.saturating_add(length);
        end = end.max(part.end);
        if flags & 4 == 0 {
            layout.data.push(part);
        }
    }
    layout.end = Some(end);
    Ok(())
}

/// PE format (Microsoft), "Section Table".
fn pe(bytes: &[u8], layout: &mut Layout) -> Result<(), ReadError> {
    let header = u64::from(Cursor::at(bytes, 0x3c).u32_le()?);
    if Cursor::at(bytes, header).take(4)? != b"PE\0\0" {
        return Ok(());
    }
    let count = u64::from(Cursor::at(bytes, header + 6).u16_le()?);
    let table = header + 24 + u64::from(Cursor::at(bytes, header + 20).u16_le()?);
    let mut end = 0;
    for index in 0..count.min(PARTS) {
        let at = table + index * 40;
        let length = u64::from(Cursor::at(bytes, at + 16).u32_le()?);
        let offset = u64::from(Cursor::at(bytes, at + 20).u32_le()?);
        let flags = Cursor::at(bytes, at + 36).u32_le()?;
        end = end.max(offset + length);
        if flags & 0x20 == 0 {
            layout.data.push(offset..offset + length);
        }
    }
    layout.end = (end > 0).then_some(end);
    Ok(())
}

/// Mach-O of 64 bits (`mach-o/loader.h`): sections of `LC_SEGMENT_64`. The signature is the last thing in the file.
fn mach_o(bytes: &[u8], layout: &mut Layout) -> Result<(), ReadError> {
    let count = u64::from(Cursor::at(bytes, 16).u32_le()?);
    let (mut at, mut end) = (32, 0);
    for _ in 0..count.min(PARTS) {
        let (command, size) = (Cursor::at(bytes, at).u32_le()?, u64::from(Cursor::at(bytes, at + 4).u32_le()?));
        if command == 0x19 {
            end = end.max(Cursor::at(bytes, at + 40).u64_le()?.saturating_add(Cursor::at(bytes, at + 48).u64_le()?));
            let sections = u64::from(Cursor::at(bytes, at + 64).u32_le()?);
            for index in 0..sections.min(PARTS) {
                let section = at + 72 + index * 80;
                let length = Cursor::at(bytes, section + 40).u64_le()?;
                let offset = u64::from(Cursor::at(bytes, section + 48).u32_le()?);
                let flags = Cursor::at(bytes, section + 64).u32_le()?;
                if offset > 0 && flags & 0x8000_0000 == 0 && (layout.data.len() as u64) < PARTS {
                    layout.data.push(offset..offset.saturating_add(length));
                }
            }
        }
        at = at.saturating_add(size.max(8));
    }
    layout.end = (end > 0).then_some(end);
    Ok(())
}

/// WebAssembly core specification, 5.5.14: the segments of the data section, each behind an expression for its place.
fn wasm(bytes: &[u8], layout: &mut Layout) -> Result<(), ReadError> {
    let mut cursor = Cursor::at(bytes, 8);
    while cursor.remaining() > 0 {
        let (id, size) = (cursor.u8()?, cursor.varint()?);
        let start = cursor.offset();
        if id == 0 {
            // A custom section: its content stands behind its name.
            let name = cursor.varint()?;
            cursor.skip(name)?;
            layout.data.push(cursor.offset()..start.saturating_add(size));
        }
        if id == 11 {
            return segments(&mut cursor, layout);
        }
        cursor = Cursor::at(bytes, start);
        cursor.skip(size)?;
        if layout.data.len() as u64 > PARTS {
            break;
        }
    }
    Ok(())
}

fn segments(cursor: &mut Cursor<'_>, layout: &mut Layout) -> Result<(), ReadError> {
    let count = cursor.varint()?;
    for _ in 0..count.min(PARTS) {
        let mode = cursor.varint()?;
        if mode == 2 {
            cursor.varint()?;
        }
        if mode != 1 {
            // `i32.const`, `i64.const` or `global.get` with a number, and `end`.
            if !matches!(cursor.u8()?, 0x41 | 0x42 | 0x23) {
                return Err(cursor.error("the place of a data segment is computed in some other way"));
            }
            cursor.varint()?;
            cursor.skip(1)?;
        }
        let size = cursor.varint()?;
        let start = cursor.offset();
        cursor.skip(size)?;
        layout.data.push(start..start + size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn model() -> Vec<u8> {
        let json = br#"{"w":{"dtype":"F32","shape":[10,20],"data_offsets":[0,800]}}"#;
        let mut file = (json.len() as u64).to_le_bytes().to_vec();
        file.extend(json);
        file.resize(file.len() + 800, 0x3f);
        file
    }

    fn number(mut value: usize) -> Vec<u8> {
        let mut digits = Vec::new();
        loop {
            let rest = value >> 7;
            digits.push((value & 0x7f) as u8 | if rest > 0 { 0x80 } else { 0 });
            if rest == 0 {
                return digits;
            }
            value = rest;
        }
    }

    fn module(segments: &[Vec<u8>]) -> Vec<u8> {
        let mut data = number(segments.len());
        for segment in segments {
            data.extend([0, 0x41, 0x80, 0x08, 0x0b]);
            data.extend(number(segment.len()));
            data.extend(segment);
        }
        [b"\0asm\x01\0\0\0\x0b".as_slice(), &number(data.len()), &data].concat()
    }

    #[test]
    fn a_model_in_the_data_of_a_module_is_a_member() {
        let looked = inspect(&EmbeddedModel, "a.wasm", &module(&[b"text of a program".to_vec(), model()]));
        assert_eq!(looked.members.len(), 1);
        assert_eq!(looked.members[0].bytes, model());
        let without = inspect(&EmbeddedModel, "a.wasm", &module(&[vec![7; 900]]));
        assert!(matches!(without.result, Err(FormatError::NotThis)));
    }

    #[test]
    fn headers_that_lie_cost_nothing() {
        for head in [&b"\x7fELF\x02\x01\x01"[..], b"MZ", b"\xcf\xfa\xed\xfe", b"\0asm\x01\0\0\0"] {
            for fill in [0u8, 0x7f, 0xff] {
                let file = [head, &vec![fill; 3000]].concat();
                assert!(inspect(&EmbeddedModel, "a", &file).members.is_empty());
            }
        }
    }
}
