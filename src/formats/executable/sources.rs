//! Source files whose text is in the debug information: members, like the sources of a map.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use bytes::Bytes;

use super::dwarf::{LineTable, Row};
use super::forms::Place;
use super::names::Names;
use super::package::Index;
use super::portrait::Portrait;
use super::relocation::Relocations;
use super::toolchain::origin;
use super::units::Units;
use super::words::Shape;
use crate::bytes::{Ranges, TextId};
use crate::finding::Role;
use crate::formats::{Family, Inspection, Kept, LimitReached, Origin, SourceRecord};

/// How many sources one file may carry: beyond it the table is a bomb, not a program.
const SOURCES: usize = 200_000;
/// How many other packages are listed.
const PACKAGES: usize = 32;

/// A section that units and line tables need, in the file or decompressed.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) bytes: Bytes,
    /// Where it lies in the artifact; nowhere if it was decompressed.
    pub(super) at: Option<u64>,
    /// What a linker would have put into it, in an object file.
    relocations: Relocations,
    /// What of it was handed out as sources.
    texts: Ranges,
}

impl Table {
    pub(super) fn new(name: &str, bytes: Bytes, at: Option<u64>, relocations: Relocations) -> Self {
        Table { name: name.to_owned(), bytes, at, relocations, texts: Ranges::default() }
    }

    /// The section without the sources in it, which are members of their own.
    pub(super) fn rest(&mut self) -> Bytes {
        let holes = self.texts.holes(self.bytes.len() as u64);
        match holes.as_slice() {
            [all] if *all == (0..self.bytes.len() as u64) => self.bytes.clone(),
            holes => {
                // Every text ends in a NUL, so what is joined here stays apart.
                let parts = holes.iter().map(|hole| &self.bytes[hole.start as usize..hole.end as usize]);
                Bytes::from(parts.collect::<Vec<_>>().concat())
            }
        }
    }
}

/// The sections that tell of sources, gathered while the executable is read. Those of split units have tables of their
/// own.
#[derive(Default)]
pub(super) struct Tables {
    info: Vec<Table>,
    abbreviations: Option<Table>,
    offsets: Option<Table>,
    index: Option<Table>,
    line: Vec<Table>,
    line_strings: Option<Table>,
    strings: Option<Table>,
}

impl Tables {
    /// Keeps a section if it tells of sources. Answers it where it does not.
    pub(super) fn keep(&mut self, table: Table) -> Option<Table> {
        let name = table.name.trim_start_matches(['.', '_']).trim_end_matches(".dwo");
        let name = name.strip_prefix('z').unwrap_or(name);
        let place = match name {
            "debug_line" => {
                self.line.push(table);
                return None;
            }
            "debug_info" => {
                self.info.push(table);
                return None;
            }
            "debug_line_str" => &mut self.line_strings,
            "debug_str" => &mut self.strings,
            "debug_abbrev" => &mut self.abbreviations,
            // Names in Mach-O files have 16 characters.
            "debug_str_offsets" | "debug_str_offs" => &mut self.offsets,
            "debug_cu_index" => &mut self.index,
            _ => return Some(table),
        };
        if place.is_some() {
            return Some(table);
        }
        *place = Some(table);
        None
    }

    /// All that were kept.
    pub(super) fn into_tables(self) -> impl Iterator<Item = Table> {
        let Tables { info, abbreviations, offsets, index, line, line_strings, strings } = self;
        let single = [abbreviations, offsets, index, line_strings, strings];
        info.into_iter().chain(line).chain(single.into_iter().flatten())
    }

    /// Reads the compilation units. Answers in which folder each line table's compiler ran.
    fn read_units(&self, shape: Shape, split: bool, portrait: &mut Portrait) -> HashMap<u64, String> {
        let none = Relocations::default();
        let bytes = |table: &Option<Table>| table.as_ref().map(|table| table.bytes.clone()).unwrap_or_default();
        let (abbreviations, offsets) = (bytes(&self.abbreviations), bytes(&self.offsets));
        let (line_strings, strings) = (bytes(&self.line_strings), bytes(&self.strings));
        let mut folders = HashMap::new();
        for info in &self.info {
            let units = Units {
                info: &info.bytes,
                abbreviations: &abbreviations,
                strings: &strings,
                line_strings: &line_strings,
                offsets: &offsets,
                relocations: [&info.relocations, self.offsets.as_ref().map_or(&none, |table| &table.relocations)],
                shape,
                split,
                index: Index::read(&bytes(&self.index), shape),
            };
            folders.extend(portrait.compiled.add_units(&units));
        }
        folders
    }

    /// Hands out every source text once, and states what was found.
    ///
    /// # Errors
    /// When a limit forbids handing out more.
    pub(super) fn hand_out(
        &mut self,
        shape: Shape,
        split: bool,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), LimitReached> {
        let folders = self.read_units(shape, split, portrait);
        // Texts overlap in an honest file where a linker lets one end in another. One that shares a text between
        // thousands of offsets, or line tables, would cost thousands of times its size.
        let shared = self.line_strings.iter().chain(&self.strings);
        let left = shared.map(|table| table.bytes.len() as u64 * 2).sum();
        let mut found = Found { left, names: std::mem::take(&mut portrait.compiled.names), ..Found::default() };
        let mut limit = Ok(());
        for index in 0..self.line.len() {
            limit = limit.and_then(|()| self.hand_out_from(index, shape, &folders, &mut found, out));
        }
        portrait.compiled.names = std::mem::take(&mut found.names);
        portrait.embedded_source |= !found.told.is_empty() || (found.column && found.damaged);
        found.told.state(out);
        limit
    }

    fn hand_out_from(
        &mut self,
        index: usize,
        shape: Shape,
        folders: &HashMap<u64, String>,
        found: &mut Found,
        out: &mut Inspection<'_>,
    ) -> Result<(), LimitReached> {
        let bytes = |table: Option<&Table>| table.map(|table| table.bytes.clone()).unwrap_or_default();
        let sections = [self.line.get(index), self.line_strings.as_ref(), self.strings.as_ref()].map(bytes);
        let [line, line_strings, strings] = &sections;
        let none = Relocations::default();
        let relocations = self.line.get(index).map_or(&none, |table| &table.relocations);
        let table = LineTable { line, line_strings, strings, relocations, shape, folders };
        found.left = found.left.saturating_add(line.len() as u64 * 2);
        let mut limit = Ok(());
        let mut handed_out: Vec<(Place, Range<usize>)> = Vec::new();
        let mut names = std::mem::take(&mut found.names);
        let walked = table.walk(&mut names, |row| {
            limit = found.one(&table, &sections, &row, out, &mut handed_out);
            limit.is_ok() && !found.full
        });
        found.names = names;
        found.column |= walked.column;
        if let Some(damage) = walked.damage.filter(|_| walked.column) {
            found.damaged = true;
            out.member_gap(&self.line[index].name, format!("{damage}; it may carry more source text, build it again"));
        }
        for (place, text) in handed_out {
            let table = match place {
                Place::Here => self.line.get_mut(index),
                Place::LineStrings => self.line_strings.as_mut(),
                Place::Strings => self.strings.as_mut(),
            };
            let Some(table) = table else { continue };
            let text = text.start as u64..text.end as u64;
            if let Some(at) = table.at {
                out.explain(at.saturating_add(text.start)..at.saturating_add(text.end));
            }
            table.texts.add(text);
        }
        limit
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    /// The texts at their places, so that one named by many units is read once.
    texts: HashMap<(Place, usize), (Range<usize>, Kept)>,
    told: Texts,
    names: Names,
    left: u64,
    full: bool,
    column: bool,
    damaged: bool,
}

impl Found {
    fn one(
        &mut self,
        table: &LineTable<'_>,
        sections: &[Bytes; 3],
        row: &Row,
        out: &mut Inspection<'_>,
        handed_out: &mut Vec<(Place, Range<usize>)>,
    ) -> Result<(), LimitReached> {
        // `.debug_line` is another section each time, and its texts are in the rows themselves.
        let key = (row.place, row.start);
        let known = self.texts.get(&key).filter(|_| row.place != Place::Here).cloned();
        let fresh = known.is_none();
        let section = &sections[row.place as usize];
        let (text, kept) = match known {
            Some(known) => known,
            None => {
                let text = table.text(row.place, row.start);
                let Some(left) = self.left.checked_sub(text.len() as u64) else {
                    self.stop("its source texts overlap, so not all were looked at; build the file again", out);
                    return Ok(());
                };
                self.left = left;
                let kept = Kept::of(&section[text.clone()]);
                self.texts.insert(key, (text.clone(), kept));
                (text, kept)
            }
        };
        if !self.told.is_new(&row.name, kept) {
            handed_out.extend(fresh.then_some((row.place, text)));
            return Ok(());
        }
        if self.told.is_full() {
            self.stop("it carries more source files than any program; the rest was not looked at", out);
            return Ok(());
        }
        out.member(&row.name, Role::EmbeddedSource, section.slice(text.clone()))?;
        handed_out.extend(fresh.then_some((row.place, text)));
        self.told.add(&row.name, origin(&row.name), kept, out);
        Ok(())
    }

    fn stop(&mut self, reason: &str, out: &mut Inspection<'_>) {
        self.full = true;
        self.damaged = true;
        out.gap(reason);
    }
}

/// The texts that were handed out, counted.
#[derive(Default)]
pub(super) struct Texts {
    /// By name and text.
    taken: HashSet<(String, TextId)>,
    lines: u64,
    bytes: u64,
    third_party: u64,
    packages: BTreeSet<String>,
}

impl Texts {
    /// Whether this text was not taken under this name before. It is from now on.
    pub(super) fn is_new(&mut self, name: &str, kept: Kept) -> bool {
        self.taken.insert((name.to_owned(), kept.id))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    fn is_full(&self) -> bool {
        self.taken.len() > SOURCES
    }

    /// Counts a text that was handed out.
    pub(super) fn add(&mut self, name: &str, origin: Origin, kept: Kept, out: &mut Inspection<'_>) {
        if let Origin::ThirdParty { package, .. } = &origin {
            self.third_party += 1;
            if self.packages.len() < PACKAGES {
                self.packages.insert(package.chars().take(100).collect());
            }
        }
        self.lines = self.lines.saturating_add(kept.lines);
        self.bytes = self.bytes.saturating_add(kept.bytes);
        out.source(SourceRecord { name: name.to_owned(), origin, text: Some(kept) });
    }

    /// States what was counted, if there is anything.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        if self.taken.is_empty() {
            return;
        }
        out.family(Family::DebugInformation);
        out.fact("debug.embedded", self.taken.len());
        out.fact("debug.lines", self.lines);
        out.fact("debug.bytes", self.bytes);
        out.fact("debug.third_party", self.third_party);
        out.fact("debug.packages", self.packages.into_iter().collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Elf;
    use super::super::forge::{self, Section, line_unit};
    use crate::finding::Role;
    use crate::formats::testing::{Looked, inspect};
    use crate::formats::{Coverage, Family};

    const STRINGS: &[u8] = b"/build\0a.c\0int tide = 3;\n\0";

    fn look(sections: &[Section]) -> Looked {
        inspect(&Elf, "a", &forge::elf(2, sections))
    }

    fn sources(looked: &Looked) -> Vec<(&str, &[u8])> {
        let sources = looked.members.iter().filter(|member| member.role == Role::EmbeddedSource);
        sources.map(|member| (member.path.logical(), &member.bytes[..])).collect()
    }

    #[test]
    fn each_text_is_handed_out_once_and_not_searched_again() {
        let unit = line_unit(&[(7, 0), (7, 0)], Some(11));
        let line = [unit.clone(), unit].concat();
        let file = [Section::plain(".debug_line", &line), Section::plain(".debug_line_str", STRINGS)];
        let looked = look(&file);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(sources(&looked), [("/build/a.c", &b"int tide = 3;\n"[..])]);
        assert_eq!((looked.stated.sources.len(), looked.stated.family), (1, Family::DebugInformation));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("debug.embedded"), facts.int("debug.lines"), facts.int("debug.bytes")), (1, 1, 14));
        let bytes = forge::elf(2, &file);
        let at = memchr::memmem::find(&bytes, b"int tide").unwrap() as u64;
        assert_eq!(looked.stated.explained, [at..at + 14; 1]);
    }

    #[test]
    fn sections_that_were_compressed_are_handed_out_without_the_texts() {
        let packed = [forge::chdr(1, STRINGS.len() as u64), forge::zlib(STRINGS)].concat();
        let looked = look(&[
            Section::plain(".debug_line", &line_unit(&[(7, 0)], Some(11))),
            Section::plain(".debug_line_str", &packed).compressed(),
        ]);
        assert_eq!(sources(&looked), [("/build/a.c", &b"int tide = 3;\n"[..])]);
        let rest = looked.members.iter().find(|member| member.path.logical() == ".debug_line_str").unwrap();
        assert_eq!(&rest.bytes[..], b"/build\0a.c\0\0");
    }

    #[test]
    fn texts_that_overlap_without_end_are_not_read_without_end() {
        let text = vec![b'x'; 4_000];
        let strings = [STRINGS, &text, b"\0"].concat();
        let units: Vec<u8> =
            (0..2_000).flat_map(|start| line_unit(&[(7, 0)], Some(STRINGS.len() as u32 + start))).collect();
        let looked = look(&[Section::plain(".debug_line", &units), Section::plain(".debug_line_str", &strings)]);
        assert!(looked.stated.gaps.iter().any(|gap| gap.reason.contains("overlap")), "{:?}", looked.stated.gaps);
        assert!(looked.members.len() < 100, "{}", looked.members.len());
    }

    #[test]
    fn damage_behind_a_source_column_is_a_gap() {
        let unit = line_unit(&[(7, 0)], Some(11));
        let line = [&unit[..], &unit[..unit.len() - 2]].concat();
        let looked = look(&[Section::plain(".debug_line", &line), Section::plain(".debug_line_str", STRINGS)]);
        assert_eq!((sources(&looked).len(), looked.stated.gaps.len()), (1, 1));
        let none = look(&[Section::plain(".debug_line", &unit[..30])]);
        assert!(none.stated.gaps.is_empty() && none.result.is_ok());
    }
}
