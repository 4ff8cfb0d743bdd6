//! `sourceMappingURL` and `sourceURL` comments: maps carried as `data:` URIs, references to maps elsewhere, and the names
//! of evaluated modules.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem;

use super::address::{AddressFacts, Addresses, address};
use super::comment::{self, Mark, Url, links, url};
use super::escape::{decode, levels_of};
use super::origin::origin;
use super::read::{Map, start};
use super::uri::{data_uri, header};
use super::{CARRIED, PERSONAL_EXAMPLES};
use crate::bytes::{Bytes, Probe, Ranges};
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, Origin, Reference};

/// Text with a `sourceMappingURL` anywhere in it: JavaScript, CSS, HTML, SVG; and executables that carry such text.
pub struct Inline;

static FACTS: &[FactSpec] = &[
    FactSpec { name: "reference.inline", kind: FactType::Int, doc: "Number of source maps carried as data: URIs" },
    FactSpec { name: "reference.remote", kind: FactType::Int, doc: "Number of references to maps at an address" },
    FactSpec {
        name: "reference.remote_examples",
        kind: FactType::List,
        doc: "At most 5 of these addresses, archives and buckets first",
    },
    FactSpec { name: "reference.buckets", kind: FactType::Int, doc: "Number of references into storage buckets" },
    FactSpec {
        name: "reference.internal",
        kind: FactType::Int,
        doc: "Number of references to hosts of an internal network",
    },
    FactSpec {
        name: "reference.trackers",
        kind: FactType::Int,
        doc: "Number of references to services that collect errors",
    },
    FactSpec { name: "reference.archives", kind: FactType::Int, doc: "Number of references to archives at an address" },
    FactSpec {
        name: "reference.services",
        kind: FactType::List,
        doc: "The services that keep these buckets and errors",
    },
    FactSpec {
        name: "reference.debug_id",
        kind: FactType::Bool,
        doc: "Whether the file has a debug ID, by which services that collect errors find its map",
    },
    FactSpec {
        name: "reference.source_urls",
        kind: FactType::Int,
        doc: "Number of sourceURL comments, which name sources",
    },
    FactSpec {
        name: "reference.eval_modules",
        kind: FactType::Int,
        doc: "Number of the publisher's own modules that stand in strings to be evaluated, named and without a map",
    },
    FactSpec {
        name: "reference.source_url_examples",
        kind: FactType::List,
        doc: "At most 5 of the publisher's own names",
    },
];

/// The facts about addresses of maps.
pub(crate) static ADDRESS_FACTS: AddressFacts = AddressFacts {
    total: "reference.remote",
    examples: "reference.remote_examples",
    buckets: "reference.buckets",
    internal: "reference.internal",
    trackers: "reference.trackers",
    archives: "reference.archives",
    services: "reference.services",
};

/// What may hold a NUL or other control characters in a string and is a script all the same.
const SCRIPTS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "css", "html", "htm"];
/// How executables start (ELF, PE, Mach-O in three forms, WebAssembly): interpreters carry programs as text.
const EXECUTABLES: [&[u8]; 6] =
    [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm"];
/// How many references of one file are looked up.
const REFERENCES: usize = 10_000;

/// Whether JavaScript may stand in it: text, scripts with odd characters in them, and executables. Archives are none of
/// them, and are opened before their content is looked at.
pub fn may_carry(probe: &Probe<'_>) -> bool {
    is_script(probe) || is_executable(probe)
}

fn is_script(probe: &Probe<'_>) -> bool {
    probe.is_text() || SCRIPTS.iter().any(|extension| probe.has_extension(extension))
}

/// Whether it is a program for a machine, which may carry programs as text.
pub(crate) fn is_executable(probe: &Probe<'_>) -> bool {
    EXECUTABLES.iter().any(|magic| probe.starts_with(magic))
}

impl Format for Inline {
    fn name(&self) -> &'static str {
        "source-map-reference"
    }

    fn summary(&self) -> &'static str {
        "sourceMappingURL and sourceURL comments in JavaScript, CSS, HTML and JSON: inline data: maps are members, other \
         references and names are facts; inline maps in executables as well"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A comment may stand anywhere in a file of any size; a search for a long literal is cheap.
        is_script(probe) && comment::has_mark(probe.all())
            || is_executable(probe)
                && probe.rest().into_iter().any(|part| memmem::find(part, b"sourceMappingURL=data:").is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes;
        let text_only = is_script(&Probe::new(artifact.path.base_name(), text));
        let elsewhere = if text_only { embedded_texts(text) } else { accounted(out) };
        let mut found = Found { elsewhere, text_only, ..Found::default() };
        let walked = found.walk(text, out);
        if found.is_nothing() {
            return walked.and(Err(FormatError::NotThis));
        }
        found.state(out);
        out.fact("reference.debug_id", has_debug_id(text));
        walked.map(|()| Coverage::Part)
    }
}

/// What formats before this one have handed out of an executable, in rising order: scripts of an application are asked on
/// their own.
fn accounted(out: &Inspection<'_>) -> Vec<Range<usize>> {
    let mut ranges = Ranges::default();
    out.accounted().iter().for_each(|range| ranges.add(range.clone()));
    ranges.merged().iter().map(|range| range.start as usize..range.end as usize).collect()
}

/// Where the embedded sources lie, if `text` is itself a source map, in rising order: each of them is a member, and is
/// asked on its own.
fn embedded_texts(text: &[u8]) -> Vec<Range<usize>> {
    fn collect(map: &Map, ranges: &mut Vec<Range<usize>>) {
        ranges.extend(map.contents.iter().map(|list| list.raw.start..list.raw.end));
        map.sections.iter().for_each(|section| collect(section, ranges));
    }
    let mut ranges = Vec::new();
    if text[start(text)..].trim_ascii_start().starts_with(b"{") {
        let map = Map::read(text);
        if map.is_map() {
            collect(&map, &mut ranges);
        }
    }
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

/// Whether `at` lies in one of these ranges, which rise and do not overlap.
fn within(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after.checked_sub(1).is_some_and(|before| ranges[before].contains(&at))
}

#[derive(Default)]
struct Found {
    elsewhere: Vec<Range<usize>>,
    text_only: bool,
    inline: u64,
    more_inline: u64,
    local: BTreeSet<String>,
    more_local: u64,
    addresses: Addresses,
    names: u64,
    modules: u64,
    name_examples: Vec<String>,
    /// Whether a map was met since the last name: it belongs to the same module.
    mapped: bool,
}

impl Found {
    fn walk(&mut self, text: &Bytes, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        // What a URI spans is read with it.
        let mut from = 0;
        for Mark { at, is_name } in comment::marks(text) {
            if at < from || within(&self.elsewhere, at) || is_name && !self.text_only {
                continue;
            }
            from = if is_name { self.name(text, at) } else { self.mapping(text, at, out)? };
        }
        Ok(())
    }

    /// Reads the comment whose mark is at `at` and answers where it ends.
    fn mapping(&mut self, text: &Bytes, at: usize, out: &mut Inspection<'_>) -> Result<usize, FormatError> {
        let Some(start) = comment::behind_equals(text, at + comment::MAPPING.len()) else { return Ok(at) };
        if let Some(end) = self.plain(text, start, out)? {
            return Ok(end);
        }
        let url = url(&text[start..], false);
        let end = start + url.length;
        if let Some(uri) = data_uri(&url.text) {
            if let Some((map, complete)) = uri.decode() {
                self.inline(Bytes::from(map), start..end, complete, out)?;
            }
        } else if self.text_only {
            let remote = address(&String::from_utf8_lossy(&url.text[..url.text.len().min(2_000)])).is_some();
            if links(text, at, &url, &text[end..], remote) {
                self.reference(&url, start, out);
            }
        }
        Ok(end)
    }

    /// Reads a `data:` URI whose JSON is not encoded at all: it ends where its object does.
    fn plain(&mut self, text: &Bytes, start: usize, out: &mut Inspection<'_>) -> Result<Option<usize>, FormatError> {
        let Some((length, _)) = header(&text[start..]) else { return Ok(None) };
        let at = start + length;
        let Some(rest) = text[at..].strip_prefix(b"{") else { return Ok(None) };
        let slashes = rest.iter().take(16).take_while(|byte| **byte == b'\\').count();
        let (Some(levels), Some(b'"')) = (levels_of(slashes), rest.get(slashes)) else { return Ok(None) };
        let object = decode(text, at, levels);
        let map = object.json.map_or_else(|| text.slice(object.range.clone()), Bytes::from);
        // One that does not end shows it itself.
        self.inline(map, start..object.range.end, true, out)?;
        Ok(Some(object.range.end))
    }

    fn inline(
        &mut self,
        map: Bytes,
        range: Range<usize>,
        complete: bool,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        self.mapped = true;
        if self.inline >= CARRIED {
            self.more_inline += 1;
            return Ok(());
        }
        self.inline += 1;
        let name = if self.inline == 1 { "inline.map".to_owned() } else { format!("inline-{}.map", self.inline) };
        if complete {
            out.explain(range.start as u64..range.end as u64);
        } else {
            let at = range.start;
            out.member_gap(&name, format!("at offset {at}: the data: URI is damaged; build the file again"));
        }
        out.member(&name, Role::EmbeddedMap, map)?;
        Ok(())
    }

    fn reference(&mut self, url: &Url<'_>, start: usize, out: &mut Inspection<'_>) {
        let url: String = String::from_utf8_lossy(&url.text).chars().take(2_000).collect();
        if self.addresses.add(&url) {
            // It is told by the facts.
        } else if self.local.contains(&url) {
            // One file that several comments name is looked up once.
        } else if self.local.len() < REFERENCES {
            out.reference(Reference { url: url.clone(), offset: start as u64 });
            self.local.insert(url);
        } else {
            self.more_local += 1;
        }
    }

    /// Reads the comment that names a source and answers where it ends.
    fn name(&mut self, text: &[u8], at: usize) -> usize {
        let start = at + comment::NAME.len();
        let url = url(&text[start..], true);
        let end = start + url.length;
        let name: String = String::from_utf8_lossy(&url.text).chars().take(200).collect();
        // webpack marks its modules so before it knows their names.
        if name == "[module]" || !links(text, at, &url, &text[end..], false) {
            return end;
        }
        self.names += 1;
        let mapped = std::mem::take(&mut self.mapped);
        if origin(&name) == Origin::FirstParty {
            self.modules += u64::from(!mapped && comment::is_in_string(text, at));
            if self.name_examples.len() < PERSONAL_EXAMPLES {
                self.name_examples.push(name);
            }
        }
        end
    }

    fn is_nothing(&self) -> bool {
        self.inline == 0 && self.addresses.is_empty() && self.local.is_empty() && self.names == 0
    }

    fn state(self, out: &mut Inspection<'_>) {
        out.fact("reference.inline", self.inline);
        self.addresses.state(&ADDRESS_FACTS, out);
        out.fact("reference.source_urls", self.names);
        out.fact("reference.eval_modules", self.modules);
        out.fact("reference.source_url_examples", self.name_examples);
        if self.more_inline > 0 {
            out.gap(format!("it carries more than {CARRIED} source maps; {} were not looked at", self.more_inline));
        }
        if self.more_local > 0 {
            out.gap(format!("it refers to more than {REFERENCES} maps; {} were not looked up", self.more_local));
        }
    }
}

/// Whether a comment (ECMA-426, proposal "Source Map Debug ID"), or the code that Sentry puts in, gives the file a debug
/// ID.
fn has_debug_id(text: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"//# debugId=", b"//# debug_id=", b"_sentryDebugIdIdentifier"];
    MARKS.iter().any(|mark| memmem::find(text, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const MAP: &str = r#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a"],"mappings":"A"}"#;

    fn base64() -> String {
        data_encoding::BASE64.encode(MAP.as_bytes())
    }

    #[test]
    fn inline_maps_are_found_anywhere_and_in_any_encoding() {
        let percent = percent_encoding::utf8_percent_encode(MAP, percent_encoding::NON_ALPHANUMERIC);
        let text = format!(
            "eval(\"x\\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{0}\\n//# sourceURL=y\");\n\
             a{{}}/*# sourceMappingURL=data:application/json,{percent} */\n\
             //# sourceMappingURL=data:application/json;base64,{1}",
            base64(),
            data_encoding::BASE64URL_NOPAD.encode(MAP.as_bytes()),
        );
        let looked = inspect(&Inline, "x.js", text.as_bytes());
        let names: Vec<&str> = looked.members.iter().map(|member| member.path.base_name()).collect();
        assert_eq!(names, ["inline.map", "inline-2.map", "inline-3.map"]);
        assert!(looked.members.iter().all(|member| member.bytes == MAP.as_bytes()));
        assert!(looked.stated.gaps.is_empty());
        assert_eq!(looked.stated.explained.len(), 3);
    }

    #[test]
    fn what_stands_in_a_map_or_before_it_does_not_hide_it() {
        let map = MAP.replace("let a", "f('a')");
        let percent = map.replace('"', "%22").replace(' ', "%20").replace('{', "%7B");
        let text = format!("s = '\0';\n//# sourceMappingURL=data:application/json;charset=utf-8,{percent}");
        let looked = inspect(&Inline, "x.js", text.as_bytes());
        assert_eq!(looked.members[0].bytes, map.as_bytes());
    }

    #[test]
    fn maps_inside_the_sources_of_a_map_are_left_to_the_sources() {
        let comment = |line: &str| format!("{line}//# sourceMappingURL=data:application/json;base64,{}", base64());
        let source = comment("b()\\n");
        let sections = format!(
            r#"{{"version":3,"sections":[{{"map":{{"sources":["b"],"sourcesContent":["{source}"],"mappings":""}}}}]}}"#
        );
        for map in
            [sections, format!(r#"{{"version":3,"sources":["b.js"],"sourcesContent":["{source}"],"mappings":""}}"#)]
        {
            assert!(matches!(inspect(&Inline, "a.js.map", map.as_bytes()).result, Err(FormatError::NotThis)), "{map}");
            let looked = inspect(&Inline, "a.js.map", comment(&format!("{map}\n")).as_bytes());
            assert_eq!(looked.members.len(), 1, "what stands outside of them is still found");
        }
    }

    #[test]
    fn a_damaged_data_uri_gives_what_it_can_and_a_gap() {
        let text = format!("//# sourceMappingURL=data:;base64,{}", &base64()[..61]);
        let looked = inspect(&Inline, "x.js", text.as_bytes());
        assert_eq!(looked.members.len(), 1);
        assert!(MAP.as_bytes().starts_with(&looked.members[0].bytes));
        assert_eq!(looked.stated.gaps.len(), 1);
        let text = format!("//# sourceMappingURL=data:;base64,{}~{}", &base64()[..40], &base64()[40..]);
        assert_eq!(inspect(&Inline, "x.js", text.as_bytes()).stated.gaps.len(), 1);
    }

    #[test]
    fn references_are_told_from_programs_that_write_them() {
        let looked = inspect(&Inline, "x.js", b"code()\n//# sourceMappingURL=x.js.map\n");
        assert_eq!(looked.stated.references.len(), 1);
        assert_eq!(looked.stated.references[0].url, "x.js.map");
        let looked = inspect(&Inline, "x.css", b"a{}/*# sourceMappingURL=https://cdn.example.com/x.css.map */");
        assert_eq!(looked.stated.facts.int("reference.remote"), 1);
        for program in [
            "out += '//# sourceMappingURL=' + file + '.map'",
            "`//# sourceMappingURL=${name}.map`",
            "x.replace(/sourceMappingURL=data:application\\/json;base64,/, '')",
            "s = \"\\n//# sourceMappingURL=data:application/json;base64,\" + btoa(m)",
            "const re = /[#@]\\s*sourceMappingURL=(\\S+)/;",
        ] {
            assert!(
                matches!(inspect(&Inline, "x.js", program.as_bytes()).result, Err(FormatError::NotThis)),
                "{program}"
            );
        }
    }
}
