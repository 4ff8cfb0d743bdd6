//! Tauri (tauri-codegen, `embedded_assets.rs`): the files of the front end lie among the data of the program, compressed
//! with brotli, which has no mark. What leads to them is a table of pairs, each a path and a content; both are slices of
//! Rust, an address and a length. The table is told by its paths.

mod table;

use brotli_decompressor::Decompressor;

use super::contents::{Contents, Hint};
use super::image::{Image, Kind};
use crate::bytes::{Stop, text};
use crate::formats::FormatError;

/// What the core of Tauri puts into every page, and the address of the page. In halves, and those in the wrong order, so
/// that whatever compares with them does not look like Tauri itself.
const MARKS: [[&[u8]; 2]; 2] = [[b"NALS__", b"__TAURI_INTER"], [b"//localhost", b"tauri:"]];
/// How much one file may hold once it is decompressed.
const MOST: u64 = 256 << 20;
const BUFFER: usize = 4 << 10;

/// Opens the files of a program of Tauri.
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
    let assets = table::assets(image, contents.out.path());
    if assets.is_empty() {
        let reason = "it is a Tauri application, and where the files of its front end lie was not found, so they were not \
                      looked at; look at the folder that frontendDist of tauri.conf.json names as well";
        contents.out.gap(reason);
        return Ok(true);
    }
    contents.carrier = Some("table of assets".to_owned());
    for asset in assets {
        file(&asset, contents)?;
    }
    Ok(true)
}

/// Hands out one file: decompressed, or as it is where the application was built without compression.
fn file(asset: &table::Asset, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
    let size = asset.range.len() as u64;
    let Some(range) = contents.range(&asset.name, asset.range.start as u64, size) else { return Ok(()) };
    let stored = contents.slice(&range);
    let (bytes, stop) = contents.out.attempt(Decompressor::new(&stored[..], BUFFER), MOST);
    match stop {
        None => contents.hand_out(&asset.name, bytes, Hint::Name)?,
        Some(Stop::Limit) => {
            contents.hand_out(&asset.name, bytes, Hint::Name)?;
            let reason = "it is larger than limits.inflated or limits.ratio allow; raise them to look at the rest";
            contents.out.member_gap(&asset.name, reason);
        }
        Some(Stop::Broken(_)) => {
            if !text::looks_like_text(&stored[..stored.len().min(BUFFER)]) && !has_mark(&stored) {
                let reason = "it is compressed in an unknown way; look at the folder that frontendDist names as well";
                contents.out.member_gap(&asset.name, reason);
            }
            contents.hand_out(&asset.name, stored, Hint::Name)?;
        }
    }
    contents.explain(range);
    Ok(())
}

/// Whether pictures, fonts, films or modules of WebAssembly begin so.
fn has_mark(bytes: &[u8]) -> bool {
    const MARKS: [&[u8]; 10] = [
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"RIFF",
        b"wOFF",
        b"wOF2",
        b"\0asm",
        b"\0\0\x01\0",
        b"\0\x01\0\0",
        b"OTTO",
    ];
    MARKS.iter().any(|mark| bytes.starts_with(mark)) || bytes.get(4..8) == Some(b"ftyp")
}
