//! `deno compile` (`cli/lib/standalone/binary.rs` of Deno, and libsui, which puts the data into executables).

use std::collections::HashMap;

use serde_json::Value;

use super::contents::{Contents, Hint, json};
use super::image::{Image, Kind};
use crate::bytes::{Cursor, ReadError};
use crate::finding::Role;
use crate::formats::FormatError;

const MAGIC: &[u8] = b"d3n0l4nd";
/// The type of the note, `1 I U S` by its bytes.
const SUI: u32 = 0x5355_4901;
const APPENDED: &[u8] = b"<~sui-data~>\xef\xbe\xad\xde";
/// How far after the start of a part the data may begin: a name stands before it.
const PREFIX: usize = 64;
const MOST_NAME: usize = 4 << 10;
const MOST_ENTRIES: u32 = 1_000_000;

/// Opens the data section, if the executable has one.
pub(super) fn open(image: &Image<'_>, contents: &mut Contents<'_, '_>) -> Result<bool, FormatError> {
    let is_carrier = |kind: Kind, name: &str, tag: u32| match kind {
        Kind::Note => name == "SUI" && tag == SUI,
        Kind::Resource => name.eq_ignore_ascii_case("10/D3N0L4ND"),
        Kind::Data | Kind::Other => name.starts_with("__SUI,"),
    };
    let pieces = image.pieces.iter().filter(|piece| is_carrier(piece.kind, &piece.name, piece.tag));
    let mut places: Vec<_> = pieces.map(|piece| (piece.range.clone(), piece.name.clone())).collect();
    let overlay = image.content(&image.overlay);
    if let Some(at) = memchr::memmem::find(overlay, APPENDED) {
        let start = image.overlay.start + at + APPENDED.len();
        places.push((start..image.overlay.end, "end of file".to_owned()));
    }
    for (range, carrier) in places {
        let content = image.content(&range);
        let begins = |at: &usize| {
            let rest = content.get(*at..).unwrap_or_default();
            // The name of the part is the mark as well; a size follows the one that begins the data.
            let size = Cursor::at(rest, 8).u64_le().unwrap_or(u64::MAX);
            rest.starts_with(MAGIC) && size < rest.len() as u64 && rest.get(16) == Some(&b'{')
        };
        let Some(start) = (0..PREFIX.min(content.len())).find(begins) else { continue };
        contents.kind = Some("deno");
        contents.carrier = Some(carrier);
        let mut data = Data { all: &image.bytes[..range.end], cursor: Cursor::at(&image.bytes[..range.end], 0) };
        data.cursor = Cursor::at(data.all, (range.start + start + MAGIC.len()) as u64);
        data.read(contents)?;
        return Ok(true);
    }
    Ok(old(overlay, contents))
}

/// Releases before 2.0 ended the file with the mark and the places of its parts.
fn old(overlay: &[u8], contents: &mut Contents<'_, '_>) -> bool {
    let trailers = [24, 32, 40, 48];
    let found =
        trailers.iter().any(|size| overlay.len().checked_sub(*size).is_some_and(|at| overlay[at..].starts_with(MAGIC)));
    if found {
        contents.kind = Some("deno");
        contents.carrier = Some("end of file".to_owned());
        contents
            .out
            .gap("it was made by an old Deno whose archive of modules lastlook does not open; compile it with Deno 2");
    }
    found
}

struct Data<'d> {
    all: &'d [u8],
    cursor: Cursor<'d>,
}

impl Data<'_> {
    fn read(&mut self, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        let (metadata, size) = self.block()?;
        self.metadata(metadata, size, contents)?;
        self.block()?; // what npm packages are there; it stays to be searched
        let specifiers = self.specifiers()?;
        let redirects = self.cursor.u32_le()?;
        self.cursor.skip(u64::from(redirects) * 8)?;
        self.remote(&specifiers, contents)?;
        let (index, length) = self.block()?;
        let (files, size) = self.block()?;
        let index = self.json(index, length);
        let tree = json(index).map_err(|error| {
            FormatError::broken(files, format!("the list of Deno's files cannot be read ({error})"))
        })?;
        let mut walk = Walk { all: self.all, files, end: files + size, contents };
        walk.entries(&tree, "")
    }

    /// A block with a length of 64 bits: where it lies, and its size.
    fn block(&mut self) -> Result<(u64, u64), ReadError> {
        let size = self.cursor.u64_le()?;
        let at = self.cursor.offset();
        self.cursor.skip(size)?;
        Ok((at, size))
    }

    /// As [`Self::block`], with a length of 32 bits.
    fn short(&mut self) -> Result<(u64, u64), ReadError> {
        let size = u64::from(self.cursor.u32_le()?);
        let at = self.cursor.offset();
        self.cursor.skip(size)?;
        Ok((at, size))
    }

    fn json(&self, at: u64, size: u64) -> &[u8] {
        self.all.get(at as usize..(at + size) as usize).unwrap_or_default()
    }

    fn metadata(&self, at: u64, size: u64, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        let read = json(self.json(at, size));
        contents.stored("metadata.json", at, size, Hint::Name)?;
        let Ok(metadata) = read else {
            contents.out.member_gap("metadata.json", "it cannot be read; compile the application again");
            return Ok(());
        };
        contents.entry = metadata["entrypoint_key"].as_str().map(str::to_owned);
        for (name, value) in metadata["env_vars_from_env_file"].as_object().into_iter().flatten() {
            if value.as_str().is_some_and(|value| !value.is_empty()) {
                contents.variable(name);
            }
        }
        Ok(())
    }

    fn specifiers(&mut self) -> Result<HashMap<u32, String>, ReadError> {
        let count = self.cursor.u32_le()?;
        let mut names = HashMap::new();
        for _ in 0..count.min(MOST_ENTRIES) {
            let (at, size) = self.short()?;
            let name = self.json(at, size.min(MOST_NAME as u64));
            let name = String::from_utf8_lossy(name).into_owned();
            names.insert(self.cursor.u32_le()?, name);
        }
        Ok(names)
    }

    /// Modules from elsewhere: kind, text, flags, and what Deno made of the text.
    fn remote(&mut self, names: &HashMap<u32, String>, contents: &mut Contents<'_, '_>) -> Result<(), FormatError> {
        let count = self.cursor.u32_le()?;
        for _ in 0..count.min(MOST_ENTRIES) {
            let id = self.cursor.u32_le()?;
            let name = names.get(&id).cloned().unwrap_or_else(|| format!("module {id}"));
            self.cursor.skip(1)?;
            let (at, size) = self.short()?;
            let flags = self.cursor.u8()?;
            contents.stored(&name, at, size, Hint::Name)?;
            for flag in [1, 2, 4] {
                if flags & flag != 0 {
                    let (at, size) = self.short()?;
                    if flag == 1 {
                        contents.stored(&format!("{name}.js"), at, size, Hint::Derived)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Goes through the virtual file system. How deep folders lie in each other, the reader of JSON has bounded.
struct Walk<'w, 'c, 'i> {
    all: &'w [u8],
    files: u64,
    end: u64,
    contents: &'w mut Contents<'c, 'i>,
}

impl Walk<'_, '_, '_> {
    fn entries(&mut self, entries: &Value, folder: &str) -> Result<(), FormatError> {
        for entry in entries.as_array().into_iter().flatten() {
            let Some((kind, entry)) = entry.as_object().and_then(|entry| entry.iter().next()) else { continue };
            let name = entry["n"].as_str().unwrap_or_default();
            // Folders share their names with everything in them: long ones must not multiply.
            let folder = if folder.len() > MOST_NAME { "…" } else { folder };
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            match kind.as_str() {
                "Dir" => self.entries(&entry["e"], &path)?,
                "File" => self.file(&path, entry)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, entry: &Value) -> Result<(), FormatError> {
        let place = |key: &str| Some((entry[key][0].as_u64()?, entry[key][1].as_u64()?));
        match place("o").and_then(|place| self.place(place)) {
            Some((at, size)) => self.contents.stored(path, at, size, Hint::Name)?,
            None => self.contents.out.member_gap(path, "it has no place in the application; compile it again"),
        }
        if let Some((at, size)) = place("m").and_then(|place| self.place(place)) {
            self.contents.stored(&format!("{path}.js"), at, size, Hint::Derived)?;
        }
        // A map with the names of files and columns alone is searched where it lies.
        if let Some((at, size)) = place("s").and_then(|place| self.place(place)) {
            let map = self.all.get(at as usize..(at + size) as usize).unwrap_or_default();
            if memchr::memmem::find(map, b"\"sourcesContent\"").is_some()
                && let Some(range) = self.contents.range(path, at, size)
            {
                let name = format!("{path}.js.map");
                let bytes = bytes::Bytes::copy_from_slice(map);
                self.contents.out.member(&name, Role::EmbeddedMap, bytes)?;
                self.contents.explain(range);
            }
        }
        Ok(())
    }

    fn place(&self, (offset, size): (u64, u64)) -> Option<(u64, u64)> {
        let at = self.files.checked_add(offset)?;
        (at.checked_add(size)? <= self.end).then_some((at, size))
    }
}
