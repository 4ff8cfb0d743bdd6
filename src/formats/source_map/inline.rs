//! `sourceMappingURL` comments: maps carried as `data:` URIs, and references to maps elsewhere (ECMA-426, section
//! "Linking generated code to source maps").

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::PERSONAL_EXAMPLES;
use super::origin::{Remote, remote};
use super::read::{Map, start};
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection, Reference};

/// Text with a `sourceMappingURL` anywhere in it: JavaScript, CSS, HTML, SVG.
pub struct Inline;

static FACTS: &[FactSpec] = &[
    FactSpec { name: "reference.inline", kind: FactType::Int, doc: "Number of source maps carried as data: URIs" },
    FactSpec { name: "reference.remote", kind: FactType::Int, doc: "Number of references to maps at an address" },
    FactSpec { name: "reference.remote_examples", kind: FactType::List, doc: "At most 5 of these addresses" },
    FactSpec { name: "reference.buckets", kind: FactType::Int, doc: "Number of references into storage buckets" },
];

pub(crate) const MARK: &[u8] = b"sourceMappingURL=";
/// Media type and parameters of a `data:` URI take fewer bytes than this.
const LONGEST_HEADER: usize = 200;
/// What may hold a NUL or other control characters in a string and is a script all the same.
const SCRIPTS: [&str; 8] = ["js", "mjs", "cjs", "jsx", "ts", "css", "html", "htm"];
/// A `data:` body shorter than this cannot hold a map.
const SHORTEST_MAP: usize = 16;

impl Format for Inline {
    fn name(&self) -> &'static str {
        "source-map-reference"
    }

    fn summary(&self) -> &'static str {
        "sourceMappingURL comments in JavaScript, CSS and HTML: inline data: maps are members, other references are facts"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A comment may stand anywhere in a file of any size; one search for a long literal is cheap.
        let script = probe.is_text() || SCRIPTS.iter().any(|extension| probe.has_extension(extension));
        script && probe.len() > MARK.len() as u64 && memmem::find(probe.all(), MARK).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let mut found = Found::default();
        let elsewhere = embedded_texts(text);
        for at in memmem::find_iter(text, MARK).filter(|at| !within(&elsewhere, *at)) {
            let start = at + MARK.len();
            let url = url(&text[start..]);
            match data_uri(url) {
                Some(uri) => found.inline(uri, start, url.len(), out)?,
                None if is_comment(text, at) => found.reference(url, start, out),
                None => {}
            }
        }
        if found.inline == 0 && found.remote.is_empty() && !found.local {
            return Err(FormatError::NotThis);
        }
        out.fact("reference.inline", found.inline);
        out.fact("reference.remote", found.remote.len());
        out.fact("reference.buckets", found.buckets);
        found.remote.truncate(PERSONAL_EXAMPLES);
        out.fact("reference.remote_examples", found.remote);
        Ok(Coverage::Part)
    }
}

/// Where the embedded sources lie, if `text` is itself a source map, in rising order: each of them is a member, and is
/// asked on its own.
fn embedded_texts(text: &[u8]) -> Vec<Range<usize>> {
    fn collect(map: &Map, ranges: &mut Vec<Range<usize>>) {
        ranges.extend(map.contents.iter().map(|list| list.start..list.end));
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
    inline: u64,
    local: bool,
    remote: Vec<String>,
    buckets: u64,
}

impl Found {
    fn inline(
        &mut self,
        uri: DataUri<'_>,
        start: usize,
        length: usize,
        out: &mut Inspection<'_>,
    ) -> Result<(), FormatError> {
        let Some((map, complete)) = uri.decode() else { return Ok(()) };
        self.inline += 1;
        let name = if self.inline == 1 { "inline.map".to_owned() } else { format!("inline-{}.map", self.inline) };
        if complete {
            out.explain(start as u64..(start + length) as u64);
        } else {
            out.member_gap(&name, format!("at offset {start}: the data: URI is damaged; build the file again"));
        }
        out.member(&name, Role::EmbeddedMap, Bytes::from(map))?;
        Ok(())
    }

    fn reference(&mut self, url: &[u8], start: usize, out: &mut Inspection<'_>) {
        let url: String = String::from_utf8_lossy(url).chars().take(2_000).collect();
        match remote(&url) {
            Some(remote) => {
                self.buckets += u64::from(remote == Remote::Bucket);
                self.remote.push(url.chars().take(200).collect());
            }
            None => {
                self.local = true;
                out.reference(Reference { url, offset: start as u64 });
            }
        }
    }
}

/// The URL at the start of `rest`: up to white space, a quote, the end of a comment or of the string it stands in.
pub(crate) fn url(rest: &[u8]) -> &[u8] {
    // `encodeURIComponent` leaves quotes and parentheses as they are; what else they end is searched with the map.
    let percent = data_uri(&rest[..rest.len().min(LONGEST_HEADER)]).is_some_and(|uri| !uri.base64);
    let ends = |byte: u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'`' | b'<' | b'\\')
            || (!percent && matches!(byte, b'\'' | b')'))
    };
    let end = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
    let url = &rest[..end];
    memmem::find(url, b"*/").map_or(url, |comment| &url[..comment])
}

/// Whether the mark at `at` stands in a comment of its own line that links a map, rather than in a program that speaks
/// of such comments: the comment starts its line or follows code, and nothing but white space follows the URL.
fn is_comment(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    let opened = [&b"//#"[..], b"//@", b"/*#", b"/*@"].iter().any(|opening| before.ends_with(opening));
    let after = &text[at + MARK.len()..];
    let url = url(after);
    if !opened || url.is_empty() || url.iter().any(|byte| matches!(byte, b'$' | b'{' | b'}' | b'+' | b',' | b';')) {
        return false;
    }
    let rest = &after[url.len()..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    matches!(line.trim_ascii(), b"" | b"*/")
}

/// A `data:` URI (RFC 2397).
pub(crate) struct DataUri<'a> {
    pub(crate) base64: bool,
    pub(crate) body: &'a [u8],
}

pub(crate) fn data_uri(url: &[u8]) -> Option<DataUri<'_>> {
    let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case(b"data:")).map(|_| &url[5..])?;
    let comma = memchr::memchr(b',', rest)?;
    let (header, body) = (&rest[..comma], &rest[comma + 1..]);
    let base64 = header.len() >= 7 && header[header.len() - 7..].eq_ignore_ascii_case(b";base64");
    (body.len() >= SHORTEST_MAP).then_some(DataUri { base64, body })
}

impl DataUri<'_> {
    /// The body, decoded as far as it goes, and whether that is all of it. `None` where it is evidently no map.
    pub(crate) fn decode(&self) -> Option<(Vec<u8>, bool)> {
        let (decoded, complete) = if self.base64 {
            decode_base64(self.body)
        } else {
            (Cow::from(percent_encoding::percent_decode(self.body)).into_owned(), true)
        };
        let first = decoded.get(start(&decoded)..)?.trim_ascii_start().first();
        (first == Some(&b'{')).then_some((decoded, complete))
    }
}

/// Decodes standard or URL-safe base64 (RFC 4648, sections 4 and 5), padded or not, as far as it goes.
fn decode_base64(body: &[u8]) -> (Vec<u8>, bool) {
    let mut encoding = data_encoding::Specification::new();
    encoding.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    encoding.translate.from.push_str("-_");
    encoding.translate.to.push_str("+/");
    encoding.check_trailing_bits = false;
    let Ok(encoding) = encoding.encoding() else { return (Vec::new(), false) };
    let end = body.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let mut body = &body[..end];
    // One digit alone at the end encodes nothing: the rest of it was cut off.
    let cut = body.len() % 4 == 1;
    if cut {
        body = &body[..body.len() - 1];
    }
    let mut out = vec![0; encoding.decode_len(body.len()).unwrap_or(0)];
    match encoding.decode_mut(body, &mut out) {
        Ok(length) => {
            out.truncate(length);
            (out, !cut)
        }
        Err(partial) => {
            out.truncate(partial.written);
            (out, false)
        }
    }
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
