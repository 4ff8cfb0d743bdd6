//! py2exe: the program's own code in the resource `PYTHONSCRIPT`, and a zip with the modules behind or beside the
//! executable, which the reader of zip archives opens.

use super::contents::{Contents, Hint};
use super::image::{Image, Kind};
use crate::bytes::Cursor;
use crate::formats::FormatError;

const TAG: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// Hands out the code, if the executable has such a resource.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let found = image.pieces.iter().find(|piece| {
        let named = piece.name.rsplit('/').nth(1).is_some_and(|kind| kind == "PYTHONSCRIPT");
        piece.kind == Kind::Resource && named && image.content(&piece.range).starts_with(&TAG)
    });
    let Some(piece) = found else { return Ok(false) };
    contents.kind = Some("py2exe");
    contents.carrier = Some(piece.name.clone());
    let content = &image.bytes[..piece.range.end];
    let mut cursor = Cursor::at(content, piece.range.start as u64 + 12);
    let size = u64::from(cursor.u32_le()?);
    // The name of the zip, and then a list of code objects.
    let name = memchr::memchr(0, cursor.rest()).unwrap_or_default() as u64;
    cursor.skip(name + 1)?;
    let size = size.min(cursor.remaining());
    contents.stored("PYTHONSCRIPT", cursor.offset(), size, Hint::Bytecode)?;
    Ok(true)
}
