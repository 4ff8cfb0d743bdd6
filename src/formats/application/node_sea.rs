//! Node.js single executables (`src/node_sea.cc` of Node.js): a blob with the main script, its code cache and assets.

use super::contents::{Contents, Hint};
use super::image::{Image, Kind};
use super::pkg;
use crate::bytes::{Cursor, ReadError};
use crate::formats::FormatError;

const MAGIC: u32 = 0x0143_da20;
const SNAPSHOT: u32 = 2;
const CODE_CACHE: u32 = 4;
const ASSETS: u32 = 8;
/// The longest path and the longest name of an asset.
const MOST_NAME: u64 = 4 << 10;
const MOST_ASSETS: u64 = 1_000_000;

/// An entry of the blob: its name and where it lies in the executable.
pub(super) struct Asset {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Opens the blob, if the executable has one.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let is_blob = |kind: Kind, name: &str| match kind {
        Kind::Note => name.trim_end_matches('\0') == "NODE_SEA_BLOB",
        Kind::Resource => name == "10/NODE_SEA_BLOB",
        Kind::Data | Kind::Other => name == "NODE_SEA,__NODE_SEA_BLOB",
    };
    let found = image.pieces.iter().find(|piece| {
        is_blob(piece.kind, &piece.name) && image.content(&piece.range).starts_with(&MAGIC.to_le_bytes())
    });
    let Some(piece) = found else { return Ok(false) };
    contents.kind = Some("node-sea");
    contents.carrier = Some(piece.name.clone());
    // Offsets stay those of the executable.
    let blob = &image.bytes[..piece.range.end];
    let mut cursor = Cursor::at(blob, piece.range.start as u64 + 4);
    let flags = cursor.u32_le()?;
    let Some(start) = (0..=2).map(|extra| cursor.offset() + extra).find(|at| path(blob, *at).is_some()) else {
        return Err(cursor.error("the layout of the blob of Node.js is not known").into());
    };
    let main = path(blob, start).unwrap_or_default();
    cursor = Cursor::at(blob, start);
    entry(&mut cursor)?;
    contents.entry = Some(main.clone());
    let (offset, size) = entry(&mut cursor)?;
    if flags & SNAPSHOT != 0 {
        contents.stored(&format!("{main}.snapshot"), offset, size, Hint::Derived)?;
    } else {
        contents.stored(&main, offset, size, Hint::Script)?;
    }
    if flags & CODE_CACHE != 0 {
        let (offset, size) = entry(&mut cursor)?;
        contents.stored(&format!("{main}.cache"), offset, size, Hint::Derived)?;
    }
    if flags & ASSETS != 0 {
        let (assets, read) = assets(blob, &mut cursor);
        if !pkg::open_assets(image, &assets, contents)? {
            for asset in &assets {
                contents.stored(&asset.name, asset.offset, asset.size, Hint::Name)?;
            }
        }
        read?;
    }
    Ok(true)
}

/// The path of the main script, if one begins here: after a header whose length has changed with the versions.
fn path(blob: &[u8], at: u64) -> Option<String> {
    let mut cursor = Cursor::at(blob, at);
    let size = cursor.u64_le().ok().filter(|size| (1..MOST_NAME).contains(size))?;
    let path = std::str::from_utf8(cursor.take_u64(size).ok()?).ok()?;
    (!path.chars().any(char::is_control)).then(|| path.to_owned())
}

/// Where the next entry lies, and its size.
fn entry(cursor: &mut Cursor<'_>) -> Result<(u64, u64), ReadError> {
    let size = cursor.u64_le()?;
    let offset = cursor.offset();
    cursor.skip(size)?;
    Ok((offset, size))
}

fn assets(blob: &[u8], cursor: &mut Cursor<'_>) -> (Vec<Asset>, Result<(), ReadError>) {
    let mut found = Vec::new();
    let mut read = || {
        let count = cursor.u64_le()?;
        for _ in 0..count.min(MOST_ASSETS) {
            let (start, length) = entry(cursor)?;
            let name = &blob[start as usize..(start + length.min(MOST_NAME)) as usize];
            let (offset, size) = entry(cursor)?;
            found.push(Asset { name: String::from_utf8_lossy(name).into_owned(), offset, size });
        }
        Ok(())
    };
    let result = read();
    (found, result)
}
