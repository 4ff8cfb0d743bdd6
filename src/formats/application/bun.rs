//! Bun's single executables (`StandaloneModuleGraph` of Bun): a table of modules, and maps of the sources from which they
//! were bundled.

use std::ops::Range;

use ruzstd::decoding::StreamingDecoder;

use super::contents::{Contents, Hint};
use super::image::{Container, Image, Kind};
use crate::bytes::{Cursor, ReadError};
use crate::formats::{FormatError, LimitReached};

const TRAILER: &[u8] = b"\n---- Bun! ----\n";
/// How long the table of offsets before the trailer has been, and may become.
const OFFSETS: [u64; 8] = [32, 24, 40, 48, 56, 64, 72, 80];
/// How long the record of a module has been, and may become.
const RECORDS: [u64; 10] = [52, 36, 44, 56, 60, 64, 68, 72, 76, 80];
const MOST_NAME: u64 = 4 << 10;
/// The end of a file in which a trailer is looked for that stands in no section.
const TAIL: usize = 64 << 10;
/// Loaders of scripts: jsx, js, ts, tsx.
const SCRIPTS: Range<u8> = 0..4;
const UTF16: u8 = 2;

/// A place in the payload.
#[derive(Debug, Clone, Copy)]
struct Pointer {
    offset: u64,
    size: u64,
}

impl Pointer {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReadError> {
        Ok(Pointer { offset: u64::from(cursor.u32_le()?), size: u64::from(cursor.u32_le()?) })
    }
}

/// What is known of the payload of an application.
struct Graph<'g> {
    all: &'g [u8],
    /// Where the payload begins and where it ends.
    range: Range<u64>,
    modules: Pointer,
    entry: u64,
    record: u64,
}

/// Opens the module graph, if the executable has one.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let sections = image.pieces.iter().filter(|piece| {
        let name = piece.name.as_str();
        piece.kind != Kind::Note && (name == ".bun" || name.starts_with("__BUN,"))
    });
    let mut places: Vec<(Range<usize>, &str)> =
        sections.filter(|piece| piece.range.len() > 8).map(|piece| (piece.range.clone(), &*piece.name)).collect();
    if image.container == Container::Elf {
        let end = image.bytes.len();
        places.push((image.overlay.start.max(end.saturating_sub(TAIL)).min(end)..end, "end of file"));
    }
    for (range, carrier) in places {
        let content = image.content(&range);
        let Some(trailer) = memchr::memmem::rfind(content, TRAILER) else { continue };
        let Some(graph) = Graph::before(&image.bytes[..], (range.start + trailer) as u64) else { continue };
        contents.kind = Some("bun");
        contents.carrier = Some(carrier.to_owned());
        graph.hand_out(contents)?;
        return Ok(true);
    }
    Ok(false)
}

impl<'g> Graph<'g> {
    /// The graph whose trailer stands at `trailer`. The right layout is the one whose names are names.
    fn before(all: &'g [u8], trailer: u64) -> Option<Self> {
        OFFSETS.iter().find_map(|size| {
            let at = trailer.checked_sub(*size)?;
            let mut cursor = Cursor::at(all, at);
            let start = at.checked_sub(cursor.u64_le().ok()?)?;
            let modules = Pointer::read(&mut cursor).ok()?;
            let entry = u64::from(cursor.u32_le().ok()?);
            let graph = |record| Graph { all, range: start..at, modules, entry, record };
            let fits = |record: &u64| modules.size > 0 && modules.size % record == 0;
            RECORDS.into_iter().filter(fits).map(graph).find(Graph::has_names)
        })
    }

    fn has_names(&self) -> bool {
        (0..self.count().min(16)).all(|index| {
            let name = self.record(index).and_then(|mut cursor| Pointer::read(&mut cursor).ok());
            name.and_then(|name| self.name(name)).is_some_and(|name| {
                name.starts_with("/$bunfs/") || name.starts_with("B:\\~BUN\\") || name.starts_with("B:/~BUN/")
            })
        })
    }

    fn count(&self) -> u64 {
        self.modules.size / self.record
    }

    fn record(&self, index: u64) -> Option<Cursor<'g>> {
        let at = self.at(self.modules)?.checked_add(index * self.record)?;
        (at + self.record <= self.range.end).then(|| Cursor::at(self.all, at))
    }

    /// Where a place in the payload lies in the executable.
    fn at(&self, pointer: Pointer) -> Option<u64> {
        let at = self.range.start.checked_add(pointer.offset)?;
        (at.checked_add(pointer.size)? <= self.range.end).then_some(at)
    }

    fn name(&self, pointer: Pointer) -> Option<String> {
        let at = self.at(pointer)?;
        let name = Cursor::at(self.all, at).take_u64(pointer.size.min(MOST_NAME)).ok()?;
        (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
    }

    fn hand_out(&self, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        for index in 0..self.count() {
            let Some(mut cursor) = self.record(index) else {
                return Err(FormatError::broken(self.range.end, "the table of Bun's modules is cut off"));
            };
            let pointers = [(); 4].map(|()| Pointer::read(&mut cursor));
            let [name, text, map, bytecode] = pointers;
            let name = self.name(name?).unwrap_or_else(|| format!("module {index}"));
            // Four pointers in the oldest records, six since; the four bytes follow them.
            let flags = if self.record == 36 { 32 } else { 48 };
            let at = self.range.start + self.modules.offset + index * self.record + flags;
            let mut flags = Cursor::at(self.all, at);
            let (encoding, loader) = (flags.u8()?, flags.u8()?);
            if index == self.entry {
                contents.entry = Some(name.clone());
            }
            self.text(&name, text?, encoding, loader, contents)?;
            let bytecode = bytecode?;
            if let Some(at) = self.at(bytecode).filter(|_| bytecode.size > 0) {
                contents.stored(&format!("{name}.jsc"), at, bytecode.size, Hint::Derived)?;
            }
            self.map(&name, map?, contents)?;
        }
        Ok(())
    }

    fn text(
        &self,
        name: &str,
        text: Pointer,
        encoding: u8,
        loader: u8,
        contents: &mut Contents<'_, '_>,
    ) -> Result<(), LimitReached> {
        let Some(at) = self.at(text) else {
            contents.out.member_gap(name, "it lies outside of the application; build it again");
            return Ok(());
        };
        let is_script = SCRIPTS.contains(&loader);
        let hint = if is_script { Hint::Script } else { Hint::Name };
        let stored = self.all.get(at as usize..(at + text.size) as usize).unwrap_or_default();
        // Texts with letters beyond Latin-1 are kept as UTF-16 by later versions, scripts alone.
        if encoding == UTF16 && is_script && text.size.is_multiple_of(2) && stored.contains(&0) {
            let units = stored.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            let decoded: String =
                char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            let range = at as usize..(at + text.size) as usize;
            contents.unpacked(name, decoded.as_bytes(), text.size, Some(range), hint)?;
            return Ok(());
        }
        contents.stored(name, at, text.size, hint)
    }

    /// The sources in a map: two numbers, then places of names and of contents, each of which is a frame of Zstandard.
    fn map(&self, module: &str, map: Pointer, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        let Some(start) = self.at(map).filter(|_| map.size > 8) else { return Ok(()) };
        let map = &self.all[start as usize..(start + map.size) as usize];
        let mut cursor = Cursor::new(map);
        let count = u64::from(cursor.u32_le()?);
        for index in 0..count {
            let place = |table: u64| {
                let mut cursor = Cursor::at(map, 8 + table * 8 + index * 8);
                let pointer = Pointer::read(&mut cursor)?;
                Cursor::at(map, pointer.offset).take_u64(pointer.size).map(|bytes| (pointer.offset, bytes))
            };
            let (Ok((_, name)), Ok((offset, frame))) = (place(0), place(count)) else {
                contents.out.member_gap(module, "the map in it is damaged; build the application again");
                return Ok(());
            };
            if frame.is_empty() {
                continue;
            }
            let name = String::from_utf8_lossy(&name[..name.len().min(MOST_NAME as usize)]).into_owned();
            let Some(range) = contents.range(&name, start + offset, frame.len() as u64) else { return Ok(()) };
            let Ok(decoder) = StreamingDecoder::new(frame) else {
                contents.out.member_gap(&name, "its text in the map is damaged; build the application again");
                continue;
            };
            let (text, complete) = contents.out.inflate(&name, decoder, frame.len() as u64 * 4);
            if complete || !text.is_empty() {
                contents.original(&name, text)?;
            }
            if complete {
                contents.explain(range);
            }
        }
        Ok(())
    }
}
