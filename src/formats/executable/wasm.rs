//! WebAssembly (core specification, 5.5; component model, Binary.md; tool-conventions, Debugging.md and Linking.md).

use std::collections::BTreeSet;

use bytes::Bytes;
use wasmparser::{BinaryReader, CustomSectionReader, KnownCustom};

use super::debug::{Sections, Storage, Stored, is_debug_name};
use super::portrait::{Portrait, capped};
use super::words::Shape;
use super::{FACTS, layout};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::source_map::{ADDRESS_FACTS, Addresses};
use crate::formats::{Coverage, Format, FormatError, Inspection, Layout, Reference};

const SHAPE: Shape = Shape { little: true, wide: false };
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// Known sections end at 13; proposals add a few. Larger numbers are damage.
const MOST_SECTION: u8 = 31;

/// WebAssembly modules and components.
#[derive(Debug, Clone, Copy)]
pub struct Wasm;

impl Format for Wasm {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn summary(&self) -> &'static str {
        "WebAssembly modules and components: source map URL, debug sections, external debug file, function names"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let start = probe.head().get(..8).unwrap_or(probe.head());
        start.starts_with(b"\0asm") && [MODULE, COMPONENT].iter().any(|mark| mark.starts_with(start))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut portrait = Portrait::of_program("wasm", &artifact.bytes);
        portrait.architecture = "wasm".to_owned();
        portrait.kind = "library";
        let mut reader = Reader {
            artifact,
            component: artifact.bytes.starts_with(COMPONENT),
            seen: BTreeSet::new(),
            named: false,
            nested: 0,
            taker: Sections::new(artifact, SHAPE),
            maps: Addresses::default(),
            debug_files: Addresses::default(),
        };
        let read = reader.sections(&mut portrait, out);
        let finished = reader.taker.finish(&mut portrait, out);
        if portrait.kind != "object" {
            portrait.stripped = Some(!reader.named && portrait.debug_sections == 0);
        }
        portrait.state(out);
        reader.state(out);
        read?;
        finished?;
        Ok(Coverage::Part)
    }

    fn layout(&self, artifact: &Artifact) -> Layout {
        layout::wasm(&artifact.bytes)
    }
}

struct Reader<'a> {
    artifact: &'a Artifact,
    component: bool,
    seen: BTreeSet<u8>,
    named: bool,
    nested: u64,
    taker: Sections<'a>,
    /// Addresses of source maps.
    maps: Addresses,
    /// Addresses of separate debug information.
    debug_files: Addresses,
}

impl Reader<'_> {
    fn sections(&mut self, portrait: &mut Portrait, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        let artifact = self.artifact;
        let mut cursor = Cursor::new(&artifact.bytes);
        let cut_off = |error: ReadError| ReadError::new(error.offset, "the file ends inside a section or its header");
        cursor.skip(8).map_err(cut_off)?;
        while cursor.remaining() > 0 {
            let at = cursor.offset();
            let id = cursor.u8()?;
            if id > MOST_SECTION {
                return Err(FormatError::broken(at, format!("section {id} is unknown")));
            }
            let size = cursor.varint().map_err(cut_off)?;
            let start = cursor.offset();
            let body = cursor.take_u64(size).map_err(cut_off)?;
            self.seen.insert(id);
            match (id, self.component) {
                (0, _) => self.custom(body, start, portrait, out)?,
                (1 | 4, true) => self.nested(start, size, out)?,
                (7, false) if exports_start(body, start) => portrait.kind = "executable",
                _ => {}
            }
        }
        // The end of a section is a place to be cut off, too: declared functions must have code, counted data must come.
        if !self.component && [(3, 10), (12, 11)].iter().any(|(first, then)| self.lacks(*first, *then)) {
            return Err(cut_off(ReadError::new(cursor.offset(), "")).into());
        }
        Ok(())
    }

    fn lacks(&self, first: u8, then: u8) -> bool {
        self.seen.contains(&first) && !self.seen.contains(&then)
    }

    /// A module or component inside a component.
    fn nested(&mut self, start: u64, size: u64, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        self.nested += 1;
        let bytes = self.artifact.bytes.slice(start as usize..(start + size) as usize);
        out.member(&format!("module-{}.wasm", self.nested), Role::ArchiveMember, bytes)?;
        out.explain(start..start + size);
        Ok(())
    }

    fn custom(
        &mut self,
        body: &[u8],
        start: u64,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let section = CustomSectionReader::new(BinaryReader::new(body, start))
            .map_err(|error| FormatError::broken(error.offset(), error.message().to_owned()))?;
        let (name, data) = (section.name(), section.data());
        match name {
            "name" | "component-name" => self.named = true,
            "linking" => portrait.kind = "object",
            "producers" => producers(&section, out),
            "external_debug_info" => {
                let url = text(data)?;
                portrait.debug_link = Some(capped(url));
                self.debug_files.add(&String::from_utf8_lossy(url));
            }
            "sourceMappingURL" => self.source_map(data, section.data_offset(), portrait, out)?,
            _ if is_debug_name(name.as_bytes()) => {
                portrait.debug_sections += 1;
                portrait.debug_bytes = portrait.debug_bytes.saturating_add(data.len() as u64);
                // The section's name stands right before its first string, which therefore does not start like a path.
                portrait.paths.search(data);
                let range = section.data_range();
                let range = range.start as usize..range.end as usize;
                let section = Stored::new(name, range, Storage::Plain);
                self.taker.take(section, portrait, out)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// ECMA-426, "WebAssembly": the URL of the source map. A relative one should lie beside the module; a `data:` URL is
    /// the map itself.
    fn source_map(
        &mut self,
        data: &[u8],
        offset: u64,
        portrait: &mut Portrait,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let url = text(data)?;
        portrait.source_map_url = Some(capped(url));
        let offset = offset + (data.len() - url.len()) as u64;
        let range = offset..offset + url.len() as u64;
        let url = String::from_utf8_lossy(url);
        if is_data(&url) {
            match inline_map(&url) {
                Some(map) => {
                    out.member("sourceMappingURL", Role::EmbeddedMap, map)?;
                    out.explain(range);
                }
                None => out.member_gap("sourceMappingURL", "its data: URI is damaged; build the module again"),
            }
        } else if !self.maps.add(&url) && is_relative(&url) {
            out.reference(Reference { url: url.into_owned(), offset });
        }
        Ok(())
    }

    fn state(self, out: &mut Inspection<'_>) {
        if !self.maps.is_empty() {
            self.maps.state(&ADDRESS_FACTS, out);
        }
        if !self.debug_files.is_empty() {
            let (remote, buckets, examples) = self.debug_files.facts();
            out.fact("debug.remote", remote);
            out.fact("debug.buckets", buckets);
            out.fact("debug.remote_examples", examples);
        }
    }
}

/// A WebAssembly name: length and UTF-8. Unlike wasmparser's, of any length: a source map may be written into it.
fn text(data: &[u8]) -> Result<&[u8], ReadError> {
    let mut cursor = Cursor::new(data);
    let length = cursor.varint()?;
    cursor.take_u64(length)
}

/// Whether the export section names `_start`, as programs for WASI do.
fn exports_start(body: &[u8], start: u64) -> bool {
    let Ok(exports) = wasmparser::ExportSectionReader::new(BinaryReader::new(body, start)) else { return false };
    exports.into_iter().map_while(Result::ok).any(|export| export.name == "_start")
}

fn producers(section: &CustomSectionReader<'_>, out: &mut Inspection<'_>) {
    let KnownCustom::Producers(fields) = section.as_known() else { return };
    for field in fields.into_iter().map_while(Result::ok).take(3) {
        for value in field.values.into_iter().map_while(Result::ok).take(8) {
            let line = format!("{}: {} {}", field.name, value.name, value.version);
            out.detail(capped(line.as_bytes()));
        }
    }
}

fn is_data(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// The map in a `data:` URL: base64 where its header says so, percent-encoded otherwise.
fn inline_map(url: &str) -> Option<Bytes> {
    let (head, body) = url.split_once(',')?;
    if head.to_ascii_lowercase().ends_with(";base64") {
        return data_encoding::BASE64.decode(body.as_bytes()).ok().map(Bytes::from);
    }
    Some(Bytes::from(percent_encoding::percent_decode_str(body).collect::<Vec<_>>()))
}

/// Whether a URL names a file beside the artifact: it has no scheme, host or root (URL standard, 4.3).
fn is_relative(url: &str) -> bool {
    let scheme = url.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    !url.is_empty() && !scheme && !url.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn fact(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn name(text: &str) -> Vec<u8> {
        let mut out = vec![text.len() as u8];
        out.extend(text.bytes());
        out
    }

    fn section(id: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![id, body.len() as u8 | 0x80, (body.len() >> 7) as u8];
        out.extend(body);
        out
    }

    fn custom(title: &str, body: &[u8]) -> Vec<u8> {
        section(0, &[name(title), body.to_vec()].concat())
    }

    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        [MODULE.to_vec(), sections.concat()].concat()
    }

    #[test]
    fn custom_sections_say_what_the_module_gives_away() {
        let bytes = module(&[
            section(7, &[vec![1], name("_start"), vec![0, 0]].concat()),
            custom("name", b""),
            custom(".debug_str", b"/home/jdoe/a.c\0"),
            custom("external_debug_info", &name("a.debug.wasm")),
            custom("sourceMappingURL", &name("a.wasm.map")),
        ]);
        let looked = inspect(&Wasm, "a.wasm", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        assert_eq!(fact(&looked, "executable.kind"), "executable");
        assert_eq!(fact(&looked, "executable.stripped"), "no");
        assert_eq!(looked.stated.facts.int("executable.debug_sections"), 1);
        assert_eq!(looked.stated.facts.int("executable.personal_paths"), 1);
        assert_eq!(fact(&looked, "executable.debug_link"), "a.debug.wasm");
        assert_eq!(fact(&looked, "executable.source_map_url"), "a.wasm.map");
        let reference = &looked.stated.references[0];
        assert!(bytes[reference.offset as usize..].starts_with(reference.url.as_bytes()));
    }

    #[test]
    fn urls_are_references_addresses_or_maps() {
        for (url, relative) in
            [("a.map", true), ("../m/a.map?x:y", true), ("https://x.example/a", false), ("/a", false)]
        {
            let looked = inspect(&Wasm, "a.wasm", &module(&[custom("sourceMappingURL", &name(url))]));
            assert_eq!(looked.stated.references.len(), usize::from(relative), "{url}");
            assert_eq!(looked.stated.facts.int("reference.remote"), u64::from(url.starts_with("https")), "{url}");
        }
        let bucket = module(&[custom("external_debug_info", &name("https://b.r2.dev/a.debug.wasm"))]);
        let looked = inspect(&Wasm, "a.wasm", &bucket);
        assert_eq!((looked.stated.facts.int("debug.remote"), looked.stated.facts.int("debug.buckets")), (1, 1));
        let percent = module(&[custom("sourceMappingURL", &name("DATA:application/json,%7B%7D"))]);
        assert_eq!(&inspect(&Wasm, "a.wasm", &percent).members[0].bytes[..], b"{}");
        let damaged = module(&[custom("sourceMappingURL", &name("data:application/json;base64,e3*="))]);
        assert_eq!(inspect(&Wasm, "a.wasm", &damaged).stated.gaps.len(), 1);
        let inline = module(&[custom("sourceMappingURL", &name("data:application/json;base64,e30="))]);
        let looked = inspect(&Wasm, "a.wasm", &inline);
        assert_eq!((&looked.members[0].bytes[..], looked.members[0].role), (&b"{}"[..], Role::EmbeddedMap));
    }

    #[test]
    fn modules_inside_a_component_are_handed_out() {
        let inner = module(&[custom("name", b"")]);
        let bytes = [COMPONENT.to_vec(), section(1, &inner), section(4, COMPONENT)].concat();
        let looked = inspect(&Wasm, "a.wasm", &bytes);
        assert!(looked.result.is_ok());
        assert_eq!(looked.members.len(), 2);
        assert_eq!(looked.members[0].bytes, inner);
    }

    #[test]
    fn damage_anywhere_is_survived_and_cutting_is_noticed() {
        let bytes = module(&[
            custom("sourceMappingURL", &name("a.wasm.map")),
            section(3, &[1, 0]),
            custom(".debug_line", &[7; 300]),
            section(10, &[1, 2, 0, 0x0b]),
        ]);
        for end in (4..bytes.len()).step_by(97).chain([bytes.len() - 1, bytes.len() - 7]) {
            let looked = inspect(&Wasm, "a.wasm", &bytes[..end]);
            assert!(looked.sniffed && looked.result.is_err(), "cut off at {end}");
        }
        for at in 8..bytes.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&Wasm, "a.wasm", &damaged);
            }
        }
        assert!(!inspect(&Wasm, "a", b"\0asm\x07\0\0\0").sniffed);
    }
}
