//! pkg (`lib/producer.ts`, `lib/sea-assets.ts` of pkg): files after the image, and a script that lists them; or an archive
//! among the assets of a Node.js executable.

use std::io::Read;

use flate2::read::GzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde_json::Value;

use super::contents::{Contents, Hint, json};
use super::image::Image;
use super::node_sea::Asset;
use crate::formats::FormatError;

/// How the script begins that finds the files when the program starts.
const PRELUDE: &[u8] = b"(function(process, require, console, EXECPATH_FD, PAYLOAD_POSITION, PAYLOAD_SIZE) {";
/// Files by what is kept of them: bytecode, content.
const BLOB: &str = "0";
const CONTENT: &str = "1";
const MOST_NAME: usize = 4 << 10;

/// What the script ends with: one value a line.
struct Lists {
    files: Value,
    entry: Value,
    dictionary: Value,
    compression: u64,
}

/// Opens the files after the image, if there is such a script.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let overlay = image.content(&image.overlay);
    let Some(found) = memchr::memmem::rfind(overlay, PRELUDE) else { return Ok(false) };
    let prelude = image.overlay.start + found;
    contents.kind = Some("pkg");
    contents.carrier = Some("end of file".to_owned());
    let Some(lists) = lists(&overlay[found..]) else {
        let reason = "the list of the files of pkg is damaged; build the application again";
        return Err(FormatError::broken(prelude as u64, reason));
    };
    let names = names(&lists);
    contents.entry = lists.entry.as_str().map(str::to_owned);
    let place = |place: &Value| Some((place[0].as_u64()?, place[1].as_u64()?));
    let files = lists.files.as_object();
    let ends = files.into_iter().flatten().flat_map(|(_, stores)| stores.as_object().into_iter().flatten());
    let payload = ends.filter_map(|(_, value)| place(value)).map(|(at, size)| at.saturating_add(size)).max();
    let Some(start) = (prelude as u64).checked_sub(payload.unwrap_or_default()) else {
        return Err(FormatError::broken(prelude as u64, "the files of pkg are cut off; build the application again"));
    };
    for (key, stores) in files.into_iter().flatten() {
        let name = name(key, &names);
        for (store, hint, ending) in [(CONTENT, Hint::Name, ""), (BLOB, Hint::Bytecode, ".jsc")] {
            let Some((at, size)) = place(&stores[store]) else { continue };
            let file = format!("{name}{ending}");
            // Native libraries are kept as content, and so are scripts that were not compiled.
            let at = start.saturating_add(at);
            packed(&file, at, size, (lists.compression, hint), contents)?;
        }
    }
    Ok(true)
}

/// Hands out a file that is packed by the method of this number (`lib/compress_type.ts`).
fn packed(
    name: &str,
    at: u64,
    size: u64,
    (method, hint): (u64, Hint),
    contents: &mut Contents<'_, '_>,
) -> Result<(), FormatError> {
    if method == 0 {
        return Ok(contents.stored(name, at, size, hint)?);
    }
    let Some(range) = contents.range(name, at, size) else { return Ok(()) };
    let stored = contents.slice(&range);
    let reader: Box<dyn Read + '_> = match method {
        1 => Box::new(GzDecoder::new(&stored[..])),
        2 => Box::new(brotli_decompressor::Decompressor::new(&stored[..], 4_096)),
        3 => match StreamingDecoder::new(&stored[..]) {
            Ok(decoder) => Box::new(decoder),
            Err(_) => {
                contents.out.member_gap(name, "its compressed data is damaged; build the application again");
                return Ok(());
            }
        },
        other => {
            contents.out.member_gap(name, format!("its compression, number {other}, is not known"));
            return Ok(());
        }
    };
    contents.unpacked(name, reader, size.saturating_mul(3), Some(range), hint)?;
    Ok(())
}

/// The last five values of the script, each on a line of its own between lines with a comma.
fn lists(prelude: &[u8]) -> Option<Lists> {
    let end = memchr::memmem::rfind(prelude, b"\n);")?;
    let mut lines = prelude[..end].rsplit(|byte| *byte == b'\n');
    let mut next = || loop {
        match lines.next()? {
            b"," => {}
            line => return json(line).ok(),
        }
    };
    let (compression, dictionary, _links, entry, files) = (next()?, next()?, next()?, next()?, next()?);
    Some(Lists { files, entry, dictionary, compression: compression.as_u64()? })
}

/// The parts of paths by their short names, where they were shortened.
fn names(lists: &Lists) -> std::collections::HashMap<&str, &str> {
    let entries = lists.dictionary.as_object().into_iter().flatten();
    entries.filter_map(|(name, short)| Some((short.as_str()?, name.as_str()))).collect()
}

fn name(key: &str, names: &std::collections::HashMap<&str, &str>) -> String {
    if names.is_empty() {
        return key.chars().take(MOST_NAME).collect();
    }
    let mut path = String::new();
    for (index, part) in key.split('/').enumerate() {
        if index > 0 {
            path.push('/');
        }
        path.push_str(names.get(part).copied().unwrap_or(part));
        if path.len() > MOST_NAME {
            break;
        }
    }
    path
}

/// Opens the archive that pkg puts among the assets of a Node.js executable.
pub(super) fn open_assets(
    image: &Image<'_>,
    assets: &[Asset],
    contents: &mut Contents<'_, '_>,
) -> Result<bool, FormatError> {
    let asset = |name: &str| assets.iter().find(|asset| asset.name.trim_end_matches(".json") == name);
    let (Some(manifest), Some(archive)) = (asset("__pkg_manifest__"), asset("__pkg_archive__")) else {
        return Ok(false);
    };
    let stored = image.content(&(manifest.offset as usize..(manifest.offset + manifest.size) as usize));
    let Ok(list) = json(stored) else { return Ok(false) };
    contents.kind = Some("pkg");
    contents.entry = list["entrypoint"].as_str().map(str::to_owned).or(contents.entry.take());
    let method = list["compression"].as_u64().unwrap_or(0);
    for (name, place) in list["offsets"].as_object().into_iter().flatten() {
        let place = place[0].as_u64().zip(place[1].as_u64());
        let inside = place.filter(|(at, size)| at.checked_add(*size).is_some_and(|end| end <= archive.size));
        let Some((at, size)) = inside else {
            contents.out.member_gap(name, "it has no place in the archive of pkg; build the application again");
            continue;
        };
        packed(name, archive.offset + at, size, (method, Hint::Name), contents)?;
    }
    for asset in assets.iter().filter(|asset| !std::ptr::eq(*asset, archive)) {
        contents.stored(&asset.name, asset.offset, asset.size, Hint::Name)?;
    }
    Ok(true)
}
