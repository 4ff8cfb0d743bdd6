//! Positions: from a place in a generated file to the place in its source (ECMA-426, sections "Mappings structure" and
//! "Index source map").
//!
//! `mappings` is decoded by the `sourcemap` crate, which is given nothing else: names, texts and sections are read by
//! our own reader, so that an odd `version` or a broken list elsewhere does not cost the positions.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::json::{self, Kind, Raw, Scanner};
use super::read::{Map, start};
use crate::bytes::Bytes;

/// Longest `mappings` that are decoded. Decoded they take up to 14 times as much memory, and programs stay far below.
const MAPPINGS: usize = 32 << 20;
/// Most sections of an index map.
const SECTIONS: usize = 100_000;
/// How deep index maps may nest.
const DEPTH: usize = 8;

/// A source map, ready to be asked for positions. Nothing is decoded before the first question.
pub struct Positions {
    text: Bytes,
    sources: Vec<Source>,
    /// In rising order of their offsets. A flat map is a single section.
    sections: Vec<Section>,
    identity: Identity,
}

/// What a map says about the file it was made for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `file`.
    pub file: Option<String>,
    /// `debugId` (or the older `debug_id`), in lower case and without dashes.
    pub debug_id: Option<String>,
}

struct Source {
    name: String,
    text: Option<Raw>,
}

struct Section {
    /// Line and column, from 0, where it begins in the generated file.
    offset: (u64, u64),
    mappings: Range<usize>,
    names: usize,
    /// Its sources among all.
    sources: Range<usize>,
    decoded: OnceCell<Option<sourcemap::SourceMap>>,
}

/// Where a place of the generated file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// The source, by its position in the map.
    pub source: usize,
    /// Line of the source, from 0.
    pub line: u64,
    /// Column, in UTF-16 code units from 0.
    pub column: u64,
    /// How many UTF-16 code units the place lies behind the start of its mapping. `None` where the mapping begins on a
    /// line above: the place then is somewhere behind the position, no more is known.
    pub behind: Option<u64>,
}

/// `mappings` is missing, damaged, or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl Positions {
    /// Reads everything but the mappings. `None` where `text` is no source map.
    #[must_use]
    pub fn read(text: &Bytes) -> Option<Self> {
        let mut positions =
            Positions { text: text.clone(), sources: Vec::new(), sections: Vec::new(), identity: Identity::default() };
        let at = start(text);
        let map = Map::read(text);
        if !map.is_map() {
            return None;
        }
        positions.identity = identity(text, at);
        positions.collect(at..text.len(), (0, 0), DEPTH);
        positions.sections.sort_by_key(|section| section.offset);
        Some(positions)
    }

    /// What the map says about the file it was made for.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Adds the map in `range`, or those in its sections, to the sections.
    fn collect(&mut self, range: Range<usize>, offset: (u64, u64), depth: usize) {
        let text = self.text.clone();
        let text = &text[..range.end];
        let (mut names, mut mappings, mut lists) = (0, None, Vec::new());
        // A map that is cut off has what comes before the cut.
        let _ = Scanner::new(text, range.start).object(|key, raw| match (key, raw.kind) {
            (b"names", Kind::Array) => names = count(text, raw),
            (b"mappings", Kind::String) => mappings = Some(raw),
            (b"sections", Kind::Array) => lists.push(raw),
            _ => {}
        });
        for list in lists {
            self.collect_sections(list, offset, depth);
        }
        let first = self.sources.len();
        let base = range.start;
        let map = Map::read(&text[base..]);
        let _ = map.each_source(&text[base..], |index, name, content| {
            let moved = |raw: Raw| Raw { start: raw.start + base, end: raw.end + base, ..raw };
            // A position counts in the list as it is, whatever was left out of it.
            let at = first.saturating_add(index);
            while self.sources.len() < at {
                self.sources.push(Source { name: String::new(), text: None });
            }
            self.sources.push(Source { name: name.unwrap_or_default(), text: content.map(moved) });
        });
        if let Some(raw) = mappings
            && self.sections.len() < SECTIONS
        {
            let sources = first..self.sources.len();
            let mappings = whole_segments(text, raw);
            self.sections.push(Section { offset, mappings, names, sources, decoded: OnceCell::new() });
        }
    }

    fn collect_sections(&mut self, list: Raw, offset: (u64, u64), depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let text = self.text.clone();
        let _ = Scanner::new(&text[..list.end], list.start).array(|item| {
            let (mut inner, mut map) = ((0, 0), None);
            let _ = Scanner::new(&text[..item.end], item.start).object(|key, raw| match (key, raw.kind) {
                (b"offset", Kind::Object) => inner = line_and_column(&text, raw),
                (b"map", Kind::Object) => map = Some(raw),
                _ => {}
            });
            // The column of a section counts from the start of the map around it only in that map's first line.
            let column = if inner.0 == 0 { offset.1.saturating_add(inner.1) } else { inner.1 };
            if let Some(map) = map {
                self.collect(map.range(), (offset.0.saturating_add(inner.0), column), depth);
            }
            self.sections.len() < SECTIONS
        });
    }

    /// Where the place at `line` and `column` (from 0, in UTF-16 code units) of the generated file comes from. `None`
    /// where the map says nothing of it.
    ///
    /// # Errors
    /// When the mappings cannot be read.
    pub fn original(&self, line: u64, column: u64) -> Result<Option<Mapped>, Unreadable> {
        let after = self.sections.partition_point(|section| section.offset <= (line, column));
        let Some(section) = after.checked_sub(1).and_then(|at| self.sections.get(at)) else {
            return if self.sections.is_empty() { Err(Unreadable) } else { Ok(None) };
        };
        let map = section.decoded.get_or_init(|| self.decode(section)).as_ref().ok_or(Unreadable)?;
        let (line, column) = match line - section.offset.0 {
            0 => (0, column - section.offset.1),
            lines => (lines, column),
        };
        let (Ok(line), Ok(column)) = (u32::try_from(line), u32::try_from(column)) else { return Ok(None) };
        let found = catch_unwind(AssertUnwindSafe(|| {
            let token = map.lookup_token(line, column).filter(sourcemap::Token::has_source)?;
            Some((token.get_src_id(), token.get_src(), token.get_dst()))
        }));
        let Some((source, original, (at_line, at_column))) = found.map_err(|_| Unreadable)? else { return Ok(None) };
        // Below zero, which the crate wraps around.
        if original.0 > i32::MAX as u32 || original.1 > i32::MAX as u32 {
            return Ok(None);
        }
        Ok(Some(Mapped {
            source: section.sources.start.saturating_add(source as usize),
            line: original.0.into(),
            column: original.1.into(),
            behind: (at_line == line).then(|| u64::from(column.saturating_sub(at_column))),
        }))
    }

    fn decode(&self, section: &Section) -> Option<sourcemap::SourceMap> {
        let mappings = self.text.get(section.mappings.clone()).filter(|text| text.len() <= MAPPINGS)?;
        let list = |number: usize| vec!["\"\""; number].join(",");
        let mut slim = format!(
            "{{\"version\":3,\"sources\":[{}],\"names\":[{}],\"mappings\":\"",
            list(section.sources.len()),
            list(section.names)
        )
        .into_bytes();
        slim.extend_from_slice(mappings);
        slim.extend_from_slice(b"\"}");
        catch_unwind(|| sourcemap::SourceMap::from_slice(&slim).ok()).ok().flatten()
    }

    /// The name of a source, `sourceRoot` in front.
    #[must_use]
    pub fn name(&self, source: usize) -> Option<&str> {
        self.sources.get(source).map(|source| source.name.as_str()).filter(|name| !name.is_empty())
    }

    /// The embedded text of a source.
    #[must_use]
    pub fn text(&self, source: usize) -> Option<Cow<'_, [u8]>> {
        let raw = self.sources.get(source)?.text?;
        Some(json::unescape(&self.text, raw))
    }

    /// The sources of this name.
    pub fn named<'p>(&'p self, name: &'p str) -> impl Iterator<Item = usize> + 'p {
        self.sources.iter().enumerate().filter(move |(_, source)| source.name == name).map(|(index, _)| index)
    }
}

/// The mappings between the quotes; of mappings that are cut off, those before the last separator.
fn whole_segments(text: &[u8], raw: Raw) -> Range<usize> {
    let inner = raw.start + 1..raw.end;
    let part = text.get(inner.clone()).unwrap_or_default();
    let length = match part.strip_suffix(b"\"") {
        Some(whole) => whole.len(),
        None => memchr::memrchr2(b',', b';', part).unwrap_or(0),
    };
    inner.start..inner.start + length
}

fn count(text: &[u8], list: Raw) -> usize {
    let mut number = 0;
    let _ = Scanner::new(&text[..list.end], list.start).array(|_| {
        number += 1;
        true
    });
    number
}

fn line_and_column(text: &[u8], object: Raw) -> (u64, u64) {
    let (mut line, mut column) = (0, 0);
    let _ = Scanner::new(&text[..object.end], object.start).object(|key, raw| {
        let number = || std::str::from_utf8(&text[raw.range()]).ok()?.parse::<u64>().ok();
        match key {
            b"line" => line = number().unwrap_or(0),
            b"column" => column = number().unwrap_or(0),
            _ => {}
        }
    });
    (line, column)
}

fn identity(text: &[u8], at: usize) -> Identity {
    let mut identity = Identity::default();
    let string = |raw: Raw| String::from_utf8_lossy(&json::unescape(text, raw)).into_owned();
    let _ = Scanner::new(text, at).object(|key, raw| match (key, raw.kind) {
        (b"file", Kind::String) => identity.file = Some(string(raw)),
        (b"debugId" | b"debug_id", Kind::String) => identity.debug_id = debug_id(&string(raw)),
        _ => {}
    });
    identity
}

/// A debug ID in the form in which two of them compare: 32 hexadecimal digits in lower case.
#[must_use]
pub fn debug_id(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).take(33).collect();
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Positions {
        Positions::read(&Bytes::copy_from_slice(text.as_bytes())).expect("a map")
    }

    fn at(positions: &Positions, line: u64, column: u64) -> Option<(&str, u64, u64, Option<u64>)> {
        let mapped = positions.original(line, column).unwrap()?;
        Some((positions.name(mapped.source)?, mapped.line, mapped.column, mapped.behind))
    }

    const FLAT: &str = r#"{"version":"3","sourceRoot":"src","sources":["a.ts",null,"b.ts"],"sourcesContent":["let a"],"names":["n",7],"mappings":"AAAA,IECA;;EFAF"}"#;

    #[test]
    fn a_place_is_looked_up_with_the_rest_of_its_segment() {
        let map = read(FLAT);
        assert_eq!(at(&map, 0, 2), Some(("src/a.ts", 0, 0, Some(2))));
        assert_eq!(at(&map, 0, 4), Some(("src/b.ts", 1, 0, Some(0))));
        assert_eq!(at(&map, 1, 9), Some(("src/b.ts", 1, 0, None)), "the line has no mapping of its own");
        assert_eq!(at(&map, 2, 2), None, "a column below zero is none");
        assert_eq!(map.text(0).as_deref(), Some(&b"let a"[..]));
        assert_eq!((map.text(2), map.text(99), map.name(1)), (None, None, None));
    }

    #[test]
    fn sections_count_from_where_they_begin() {
        let inner = |name: &str| format!(r#"{{"version":3,"sources":["{name}"],"mappings":"AAAA;AACA"}}"#);
        let nested = format!(
            r#"{{"version":3,"sections":[{{"offset":{{"line":1,"column":2}},"map":{}}},{{"map":{},"offset":{{"line":0,"column":5}}}}]}}"#,
            inner("c"),
            inner("b")
        );
        let map = read(&format!(
            r#"{{"version":3,"sources":[],"sections":[{{"offset":{{"line":0,"column":0}},"map":{}}},{{"offset":{{"line":3,"column":10}},"map":{nested}}}]}}"#,
            inner("a")
        ));
        assert_eq!(at(&map, 1, 3), Some(("a", 1, 0, Some(3))));
        assert_eq!(at(&map, 3, 14), Some(("a", 1, 0, None)), "before the next section");
        assert_eq!(at(&map, 3, 16), Some(("b", 0, 0, Some(1))));
        assert_eq!(at(&map, 4, 1), Some(("b", 1, 0, Some(1))));
        assert_eq!(at(&map, 4, 2), Some(("c", 0, 0, Some(0))));
    }

    #[test]
    fn mappings_that_cannot_be_read_are_an_answer_and_cut_ones_go_as_far_as_they_go() {
        for broken in ["!!", "AAAA,gggggggggggggggg", "AAgB", "AAAAAAAA"] {
            let map = read(&format!(r#"{{"version":3,"sources":["a"],"mappings":"{broken}"}}"#));
            assert_eq!(map.original(0, 0), Err(Unreadable), "{broken}");
        }
        assert_eq!(read(r#"{"version":3,"sources":["a"]}"#).original(0, 0), Err(Unreadable));
        let cut = read(r#"{"version":3,"sources":["a"],"mappings":"AAAA,IAAI,KA"#);
        assert_eq!(at(&cut, 0, 5), Some(("a", 0, 4, Some(1))));
        assert!(Positions::read(&Bytes::from_static(b"{\"version\":3}")).is_none());
    }

    #[test]
    fn any_damage_is_survived() {
        for at in 0..FLAT.len() {
            for byte in [b'"', b'\\', 0xff, b'z', b'[', b','] {
                let mut text = FLAT.as_bytes().to_vec();
                text[at] = byte;
                if let Some(map) = Positions::read(&Bytes::from(text)) {
                    let _ = (map.original(0, 4), map.original(7, 0), map.text(0));
                }
            }
        }
    }

    #[test]
    fn debug_ids_compare_however_they_are_written() {
        let map = read(
            r#"{"version":3,"file":"a.js","debugId":"85314830-023F-4CF1-A267-535F4E37BB17","sources":[],"mappings":""}"#,
        );
        let known = debug_id("85314830023f4cf1a267535f4e37bb17");
        assert_eq!(map.identity(), &Identity { file: Some("a.js".to_owned()), debug_id: known });
        assert_eq!(debug_id("85314830"), None);
    }
}
