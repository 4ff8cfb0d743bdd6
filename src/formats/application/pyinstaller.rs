//! PyInstaller (`PyInstaller/archive/writers.py`): a table of files near the end, and modules in an archive of their own.

use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::contents::{Contents, Hint};
use super::image::Image;
use super::pyz;
use crate::bytes::{Cursor, ReadError};
use crate::formats::FormatError;
use crate::formats::derived::bytecode_header;

const COOKIE: &[u8] = b"MEI\x0c\x0b\x0a\x0b\x0e";
/// The table of sections, a signature or debug information may follow the archive.
const TAIL: usize = 1 << 20;
/// The length of the cookie, with the name of Python's library and before that was added.
const COOKIES: [u64; 2] = [88, 24];
const MOST_ENTRIES: usize = 1_000_000;

/// Packages of others whose sources get in: PyInstaller's hooks collect them because they are read while the program
/// runs, or the wheels carry them beside what they were compiled to and hooks collect all of their files.
#[rustfmt::skip]
const SOURCES: [&str; 55] = [
    "Cython", "IPython", "accelerate", "adbc_driver_manager", "astropy", "bitsandbytes", "bokeh", "cairocffi",
    "certifi", "cv2", "datasets", "detectron2", "diffusers", "distributed", "easyocr", "fairscale", "faker", "fastai",
    "fvcore", "gevent", "h5py", "hydra", "imageio", "itk", "jinja2", "linear_operator", "lxml", "monai", "numba",
    "numpy", "pandas", "pendulum", "pubsub", "pyarrow", "pypylon", "pysnmp", "ruamel", "sam2", "scipy", "skimage",
    "sklearn", "statsmodels", "tensorflow", "timm", "torch", "torchao", "torchaudio", "torchtext", "torchvision",
    "transformers", "triton", "ultralytics", "uvloop", "webassets", "wx",
];

/// An entry of the table.
struct Entry {
    offset: u64,
    packed: u64,
    size: u64,
    compressed: bool,
    kind: u8,
    name: String,
}

/// The archive of an application.
struct Archive {
    start: u64,
    table: Range<u64>,
    end: u64,
}

/// Opens the archive, if the executable has one.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let all = &image.bytes[..];
    let Some(archive) = archive(all) else { return Ok(false) };
    contents.kind = Some("pyinstaller");
    let section = image.pieces.iter().find(|piece| piece.range.contains(&(archive.start as usize)));
    contents.carrier = Some(section.map_or("end of file".to_owned(), |piece| piece.name.clone()));
    let (entries, read) = entries(all, &archive);
    contents.packages.extend(SOURCES.iter().map(|name| (*name).to_owned()));
    let metadata = entries.iter().filter_map(|entry| entry.name.split_once(".dist-info/"));
    let packages = metadata.filter_map(|(name, _)| name.split('-').next());
    contents.packages.extend(packages.map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>());
    let magic = entries.iter().filter(|entry| entry.kind == b'z').find_map(|entry| pyz::magic(all, entry.offset));
    contents.unpacks();
    for entry in &entries {
        file(all, entry, magic, contents)?;
    }
    read?;
    Ok(true)
}

/// The archive that the last cookie tells of.
fn archive(all: &[u8]) -> Option<Archive> {
    let from = all.len().saturating_sub(TAIL);
    memchr::memmem::rfind_iter(&all[from..], COOKIE).take(16).find_map(|found| {
        let cookie = (from + found) as u64;
        let mut cursor = Cursor::at(all, cookie + 8);
        let [length, table, size] = [(); 3].map(|()| cursor.u32_be().map(u64::from));
        let (length, table, size) = (length.ok()?, table.ok()?, size.ok()?);
        COOKIES.into_iter().find_map(|cookie_size| {
            let start = (cookie + cookie_size).checked_sub(length)?;
            // The table is the last that stands before the cookie.
            let fits = table + size + cookie_size == length && size > 0;
            fits.then(|| Archive { start, table: start + table..start + table + size, end: cookie })
        })
    })
}

fn entries(all: &[u8], archive: &Archive) -> (Vec<Entry>, Result<(), ReadError>) {
    let mut entries = Vec::new();
    let mut cursor = Cursor::at(&all[..archive.end as usize], archive.table.start);
    let mut read = || {
        while cursor.offset() < archive.table.end && entries.len() < MOST_ENTRIES {
            let at = cursor.offset();
            let length = u64::from(cursor.u32_be()?);
            let offset = archive.start + u64::from(cursor.u32_be()?);
            let (packed, size) = (u64::from(cursor.u32_be()?), u64::from(cursor.u32_be()?));
            let (compressed, kind) = (cursor.u8()? != 0, cursor.u8()?);
            let name = cursor.take_u64(length.checked_sub(18).ok_or_else(|| {
                ReadError::new(at, format!("an entry of {length} bytes is shorter than its fields"))
            })?)?;
            let name = &name[..memchr::memchr(0, name).unwrap_or(name.len()).min(4 << 10)];
            let name = String::from_utf8_lossy(name).into_owned();
            entries.push(Entry { offset, packed, size, compressed, kind, name });
        }
        Ok(())
    };
    let result = read();
    (entries, result)
}

fn file(all: &[u8], entry: &Entry, magic: Option<[u8; 4]>, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let Entry { offset, packed, size, .. } = *entry;
    match entry.kind {
        // Options, links and references to other archives have no content here.
        b'o' | b'n' | b'd' => Ok(()),
        b'z' | b'Z' if !entry.compressed => {
            pyz::read(all, offset..offset.saturating_add(packed), &entry.name, contents)
        }
        b's' | b'm' | b'M' => {
            // Code without a header: it is given the one that files of this version have.
            let Some(range) = contents.range(&entry.name, offset, packed) else { return Ok(()) };
            let stored = contents.slice(&range);
            let name = format!("{}.pyc", entry.name);
            let starts_up = entry.name.starts_with("pyi") || entry.name == "struct";
            if entry.kind == b's' && !starts_up {
                contents.entry = Some(entry.name.clone());
            }
            let header = magic.map(bytecode_header).unwrap_or_default();
            let hint = if starts_up { Hint::Runtime } else { Hint::Bytecode };
            if entry.compressed {
                let code = std::io::Read::chain(&header[..], ZlibDecoder::new(&stored[..]));
                contents.unpacked(&name, code, size, Some(range), hint)?;
            } else {
                let code = std::io::Read::chain(&header[..], &stored[..]);
                contents.unpacked(&name, code, size, Some(range), hint)?;
            }
            Ok(())
        }
        _ if entry.compressed => {
            let Some(range) = contents.range(&entry.name, offset, packed) else { return Ok(()) };
            let stored = contents.slice(&range);
            contents.unpacked(&entry.name, ZlibDecoder::new(&stored[..]), size, Some(range), Hint::Name)?;
            Ok(())
        }
        _ => Ok(contents.stored(&entry.name, offset, packed, Hint::Name)?),
    }
}
