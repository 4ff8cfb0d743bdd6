//! PyOxidizer's packed resources (python-packed-resources, "Specifications"): an index, then the fields of all resources,
//! each kind of field in a section of its own. They stand in an executable, or in a file beside it.

use super::contents::{Contents, Hint};
use super::image::{Image, Kind};
use crate::bytes::{Cursor, ReadError};
use crate::formats::FormatError;
use crate::formats::derived::is_standard;

const MAGIC: &[u8] = b"pyembed";
/// The field with the name of a resource.
const NAME: u8 = 0x03;
/// Fields of one length of 32 bits: sources, bytecode by level of optimisation, extension modules.
const BLOBS: [u8; 5] = [0x06, 0x07, 0x08, 0x09, 0x0a];
/// Fields that give paths, by length.
const PATHS: [u8; 5] = [0x0f, 0x10, 0x11, 0x12, 0x13];
const MOST_RESOURCES: u32 = 1_000_000;
const MOST_VALUES: usize = 2_000_000;
const MOST_SECTIONS: usize = 64;

/// Opens the resources, if the executable carries them in its data.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let data = image.pieces.iter().filter(|piece| matches!(piece.kind, Kind::Data | Kind::Resource));
    let places = data.map(|piece| (piece.range.clone(), piece.name.as_str()));
    for (range, carrier) in places.chain([(image.overlay.clone(), "end of file")]) {
        let content = image.content(&range);
        // The loader itself carries the mark as well, to compare with.
        for at in memchr::memmem::find_iter(content, MAGIC).take(64) {
            let start = (range.start + at) as u64;
            let Ok(Some(index)) = Index::read(&image.bytes[..range.end], start) else { continue };
            contents.kind = Some("pyoxidizer");
            contents.carrier = Some(carrier.to_owned());
            index.hand_out(contents)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// A section of one kind of field: where the next value lies in it, its end, and what lies between two values.
#[derive(Clone, Copy)]
struct Section {
    field: u8,
    at: u64,
    end: u64,
    padding: u64,
}

/// A value of a resource.
struct Value {
    field: u8,
    /// Of several values: the length of its name, which the same section of names holds.
    name: Option<u64>,
    size: u64,
}

/// The index of resources.
pub(super) struct Index<'x> {
    all: &'x [u8],
    sections: Vec<Section>,
    resources: Vec<Vec<Value>>,
    values: usize,
}

impl<'x> Index<'x> {
    /// Reads the index at `start`. `None` where it cannot be one.
    fn read(all: &'x [u8], start: u64) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::at(all, start + MAGIC.len() as u64);
        let version = cursor.u8()?;
        let sections = usize::from(cursor.u8()?);
        let (blob_index, count, index) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
        let fits = u64::from(blob_index) + u64::from(index) <= cursor.remaining() && count > 0 && sections > 0;
        if !(1..=3).contains(&version) || !fits || sections > MOST_SECTIONS {
            return Ok(None);
        }
        let mut base = cursor.offset() + u64::from(blob_index) + u64::from(index);
        let mut read = Index { all, sections: Vec::new(), resources: Vec::new(), values: 0 };
        let resources = cursor.offset() + u64::from(blob_index);
        read.blobs(&mut cursor, &mut base)?;
        if read.sections.len() != sections || cursor.offset() > resources {
            return Ok(None);
        }
        let mut cursor = Cursor::at(&all[..(resources + u64::from(index)) as usize], resources);
        for _ in 0..count.min(MOST_RESOURCES) {
            read.resource(&mut cursor)?;
        }
        Ok(Some(read))
    }

    fn blobs(&mut self, cursor: &mut Cursor<'_>, base: &mut u64) -> Result<(), ReadError> {
        let mut section = Section { field: 0, at: 0, end: 0, padding: 0 };
        loop {
            match cursor.u8()? {
                0x00 => return Ok(()),
                0x01 => section = Section { field: 0, at: *base, end: *base, padding: 0 },
                0x02 => section.field = cursor.u8()?,
                0x03 => section.end = section.at.saturating_add(cursor.u64_le()?),
                0x04 => section.padding = u64::from(cursor.u8()? == 2),
                0xff => {
                    *base = section.end;
                    self.sections.push(section);
                    if self.sections.len() > MOST_SECTIONS || section.end > self.all.len() as u64 {
                        return Err(cursor.error("the sections of the packed resources do not fit"));
                    }
                }
                other => return Err(cursor.error(format!("there is no field {other:#04x} of a section"))),
            }
        }
    }

    fn resource(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ReadError> {
        let mut values = Vec::new();
        loop {
            let field = cursor.u8()?;
            if self.values + values.len() > MOST_VALUES {
                return Err(cursor.error("there are more packed resources than any program has"));
            }
            let one = |size: u64| Value { field, name: None, size };
            match field {
                0x01 | 0x04 | 0x05 | 0x16..=0x1a => {}
                0x02 => cursor.skip(1)?,
                NAME => values.push(one(u64::from(cursor.u16_le()?))),
                0x0d => values.push(one(cursor.u64_le()?)),
                0x0e => {
                    for _ in 0..cursor.u16_le()? {
                        values.push(one(u64::from(cursor.u16_le()?)));
                    }
                }
                0x0b | 0x0c | 0x14 | 0x15 => {
                    for _ in 0..cursor.u32_le()?.min(MOST_RESOURCES) {
                        let name = Some(u64::from(cursor.u16_le()?));
                        let wide = field < 0x14;
                        let size = if wide { cursor.u64_le()? } else { u64::from(cursor.u32_le()?) };
                        values.push(Value { field, name, size });
                    }
                }
                _ if BLOBS.contains(&field) || PATHS.contains(&field) => {
                    values.push(one(u64::from(cursor.u32_le()?)));
                }
                0xff => {
                    self.values += values.len();
                    self.resources.push(values);
                    return Ok(());
                }
                other => return Err(cursor.error(format!("there is no field {other:#04x} of a resource"))),
            }
        }
    }

    /// Where the next value of a field lies.
    fn next(&mut self, field: u8, size: u64) -> Option<u64> {
        let section = self.sections.iter_mut().find(|section| section.field == field)?;
        let at = section.at;
        let end = at.checked_add(size)?;
        section.at = end + section.padding;
        (end <= section.end).then_some(at)
    }

    fn hand_out(mut self, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        for values in std::mem::take(&mut self.resources) {
            let mut module = String::new();
            for value in values {
                let name = value.name.and_then(|size| Some((self.next(value.field, size)?, size)));
                let Some(at) = self.next(value.field, value.size) else {
                    contents.out.member_gap(&module, "it has no place in the packed resources; build them again");
                    continue;
                };
                let text = |at: u64, size: u64| {
                    let bytes = self.all.get(at as usize..(at + size.min(4_096)) as usize).unwrap_or_default();
                    String::from_utf8_lossy(bytes).into_owned()
                };
                if value.field == NAME {
                    module = text(at, value.size);
                    continue;
                }
                let path = module.replace('.', "/");
                let bytecode = if is_standard(&module) { Hint::Runtime } else { Hint::Bytecode };
                let (name, hint) = match value.field {
                    0x06 => (format!("{path}.py"), Hint::Name),
                    // Code without a header, of a version that is told nowhere: it is searched as it is.
                    0x07 => (format!("{path}.code"), bytecode),
                    0x08 => (format!("{path}.opt-1.code"), bytecode),
                    0x09 => (format!("{path}.opt-2.code"), bytecode),
                    0x0a => (format!("{path}.so"), Hint::Name),
                    0x0d => (module.clone(), Hint::Name),
                    0x0b | 0x0c => {
                        let (at, size) = name.unwrap_or_default();
                        (format!("{path}/{}", text(at, size)), Hint::Name)
                    }
                    _ => continue,
                };
                if hint == Hint::Name && is_standard(&module) {
                    contents.packages.insert(module.split('.').next().unwrap_or_default().to_owned());
                }
                contents.stored(&name, at, value.size, hint)?;
            }
        }
        Ok(())
    }
}
