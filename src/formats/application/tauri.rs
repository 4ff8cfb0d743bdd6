//! Tauri (tauri-codegen, `embedded_assets.rs`): the files of the front end are compressed with brotli, which has no mark, and
//! lie among the data of the program. Only pointers lead to them, and those depend on the linker: they are not opened.

use super::contents::Contents;
use super::image::{Image, Kind};
use crate::formats::FormatError;

/// What the core of Tauri puts into every page, and the address of the page. In halves, and those in the wrong order, so
/// that whatever compares with them does not look like Tauri itself.
const MARKS: [[&[u8]; 2]; 2] = [[b"NALS__", b"__TAURI_INTER"], [b"//localhost", b"tauri:"]];

/// Recognises a program of Tauri, whose front end stays unseen.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let data = || image.pieces.iter().filter(|piece| piece.kind == Kind::Data);
    let has = |[second, first]: [&[u8]; 2]| {
        data().any(|piece| {
            let content = image.content(&piece.range);
            memchr::memmem::find_iter(content, first).any(|at| content[at + first.len()..].starts_with(second))
        })
    };
    if !MARKS.into_iter().all(has) {
        return Ok(false);
    }
    contents.kind = Some("tauri");
    let reason = "it is a Tauri application, whose front end is compressed without a mark and was not looked at; look at \
                  the folder that frontendDist of tauri.conf.json names as well";
    contents.out.gap(reason);
    Ok(true)
}
