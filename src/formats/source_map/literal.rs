//! Maps kept as literals: objects and strings in code, and parts of other JSON. What gives them away is their list of
//! texts, whatever stands around it and however often it is escaped.

use std::ops::Range;

use memchr::memmem;

use super::FIRST_KEYS;
use super::escape::{Decoded, blank, decode, levels_of};
use super::js;
use super::json::{Kind, Raw, Scanner};
use super::read::Map;

/// The key of the list of texts.
pub const WORD: &[u8] = b"sourcesContent";
/// Texts shorter than this together are an example in a program that handles maps, not a program's source.
const SUBSTANCE: usize = 64;
/// How many objects around one list are tried.
const AROUND: usize = 4;
/// How many objects may turn out not to end before only lists are read: each of them costs a walk to the end.
const UNENDED: usize = 8;
/// How far before a map the header of a `data:` URI is looked for.
const HEADER: usize = 200;

/// A map in a text.
pub struct Literal {
    /// Where it stands there.
    pub range: Range<usize>,
    /// The map as plain JSON; `None` where it stands like this in the text.
    pub json: Option<Vec<u8>>,
    /// Whether some of it is missing without the JSON showing it.
    pub cut: bool,
}

impl Literal {
    /// Whether it is JSON to the letter and to its end. In an executable, the texts that a bundler puts maps together
    /// from stand between other strings, and only look like the start of a map.
    fn is_strict(&self, text: &[u8]) -> bool {
        let json = self.json.as_deref().unwrap_or(&text[self.range.clone()]);
        !self.cut && serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok()
    }
}

/// Gives the maps in `text` to `each`, in order, until that answers `false`. In a `program`, what is no strict JSON is
/// passed over.
pub fn literals(text: &[u8], program: bool, mut each: impl FnMut(Literal) -> bool) {
    let mut reader = Reader { text, from: 0, unended: 0 };
    for at in memmem::find_iter(text, WORD) {
        if at < reader.from {
            continue;
        }
        let Some(key) = Key::at(text, at) else { continue };
        let found = match key.slashes {
            Some(slashes) => reader.quoted(&key, slashes),
            None => reader.bare(&key),
        };
        reader.from = reader.from.max(at + WORD.len());
        let found = found.filter(|found| !program || found.is_strict(text));
        if found.is_some_and(|found| !each(found)) {
            return;
        }
    }
}

/// The key of a list of texts.
struct Key {
    /// Where it starts, with its quote.
    start: usize,
    /// Where the list starts.
    list: usize,
    /// How many backslashes stand before its quotes; `None` where it has none.
    slashes: Option<usize>,
}

impl Key {
    /// The key around the word at `at`, if a list with a text or `null` at its start follows.
    fn at(text: &[u8], at: usize) -> Option<Key> {
        let before = at.checked_sub(1)?;
        let after = at + WORD.len();
        let (start, slashes, end) = match text[before] {
            b'"' => {
                let slashes = backslashes(&text[..before]);
                let closing = text.get(after..after + slashes + 1)?;
                let closed = closing.ends_with(b"\"") && closing[..slashes].iter().all(|byte| *byte == b'\\');
                (before - slashes, closed.then_some(Some(slashes))?, after + slashes + 1)
            }
            b'{' | b',' | b' ' | b'\n' | b'\t' => (at, None, after),
            _ => return None,
        };
        let colon = blank(text, end);
        let list = blank(text, colon + 1);
        if text.get(colon) != Some(&b':') || text.get(list) != Some(&b'[') {
            return None;
        }
        let first = &text[blank(text, list + 1)..];
        let first = &first[first.iter().take_while(|byte| **byte == b'\\').count()..];
        let holds = matches!(first.first(), Some(b'"' | b'\'' | b'`')) || first.starts_with(b"null");
        holds.then_some(Key { start, list, slashes })
    }
}

/// How many backslashes stand at the end of `before`; more than are understood are not counted.
fn backslashes(before: &[u8]) -> usize {
    before.iter().rev().take(32).take_while(|byte| **byte == b'\\').count()
}

struct Reader<'t> {
    text: &'t [u8],
    /// Everything before was read.
    from: usize,
    unended: usize,
}

impl Reader<'_> {
    /// The map that a quoted key belongs to: the object around it, or, where none can be read, its lists.
    fn quoted(&mut self, key: &Key, slashes: usize) -> Option<Literal> {
        let levels = levels_of(slashes)?;
        let starts: Vec<usize> = self.objects(key, slashes).take(AROUND).collect();
        for start in starts {
            if self.unended >= UNENDED && levels == 0 {
                break;
            }
            let object = decode(self.text, start, levels);
            self.unended += usize::from(levels == 0 && !object.complete);
            if object.range.end <= key.list || (levels == 0 && !object.complete && object.json.is_none()) {
                continue;
            }
            self.from = object.range.end;
            // The comment with the URI hands it out.
            let keep =
                !self.is_in_uri(start) && substance(object.json.as_deref().unwrap_or(&self.text[object.range.clone()]));
            let Decoded { range, json, .. } = object;
            return keep.then_some(Literal { range, json, cut: false });
        }
        if levels == 0 { self.lists(key) } else { None }
    }

    /// Where objects start before `key` whose first key is one of a map, the nearest first.
    fn objects(&self, key: &Key, slashes: usize) -> impl Iterator<Item = usize> {
        let (text, from) = (self.text, self.from);
        memchr::memrchr_iter(b'{', &text[from..key.start]).map(move |at| from + at).filter(move |at| {
            let quote = blank(text, at + 1);
            let Some(word) = text.get(quote + slashes + 1..) else { return false };
            let opened = text[quote..].starts_with(&b"\\".repeat(slashes)) && text[quote + slashes] == b'"';
            opened
                && FIRST_KEYS
                    .iter()
                    .any(|first| word.starts_with(first) && matches!(word.get(first.len()), Some(b'"' | b'\\')))
        })
    }

    /// A map made of the list at `key` and of the names before it.
    fn lists(&mut self, key: &Key) -> Option<Literal> {
        let (contents, end, complete) = items(self.text, key.list);
        let names = self.list_before(key, b"\"sources\"").map_or_else(Vec::new, |list| items(self.text, list).0);
        self.from = end;
        let json = [
            &b"{\"version\":3,\"sources\":["[..],
            &joined(self.text, &names),
            b"],\"sourcesContent\":[",
            &joined(self.text, &contents),
            b"]}",
        ]
        .concat();
        let keep = substance(&json) && (!names.is_empty() || complete);
        keep.then_some(Literal { range: key.list..end, json: Some(json), cut: !complete })
    }

    /// The map whose keys have lost their quotes, as minifiers leave it.
    fn bare(&mut self, key: &Key) -> Option<Literal> {
        let (contents, end, complete) = js::list(self.text, key.list);
        let names = self.list_before(key, b"sources").map_or_else(Vec::new, |list| js::list(self.text, list).0);
        self.from = end;
        let json = serde_json::json!({"version": 3, "sources": names, "sourcesContent": contents}).to_string();
        substance(json.as_bytes()).then(|| Literal {
            range: key.list..end,
            json: Some(json.into_bytes()),
            cut: !complete,
        })
    }

    /// The last list before `key` with this name.
    fn list_before(&self, key: &Key, name: &[u8]) -> Option<usize> {
        let region = &self.text[self.from..key.start];
        let at = memmem::rfind(region, name)? + self.from + name.len();
        let colon = blank(self.text, at);
        let list = blank(self.text, colon + 1);
        let found = self.text.get(colon) == Some(&b':') && self.text.get(list) == Some(&b'[');
        (found && list < key.start).then_some(list)
    }

    fn is_in_uri(&self, start: usize) -> bool {
        let before = &self.text[start.saturating_sub(HEADER)..start];
        before.ends_with(b",") && memmem::rfind(before, b"sourceMappingURL").is_some()
    }
}

/// The items of a list up to the first that is damaged, where they end, and whether that is all of them.
fn items(text: &[u8], list: usize) -> (Vec<Raw>, usize, bool) {
    let mut items = Vec::new();
    let mut scanner = Scanner::new(text, list);
    let walked = scanner.array(|item| {
        items.push(item);
        true
    });
    (items, scanner.position().min(text.len()), walked.is_ok())
}

/// The texts among these items, as JSON; `null` for everything else.
fn joined(text: &[u8], items: &[Raw]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        if !out.is_empty() {
            out.push(b',');
        }
        let raw = &text[item.range()];
        let whole = item.kind == Kind::String && raw.len() > 1 && Scanner::new(raw, 0).string().is_ok();
        out.extend_from_slice(if whole { raw } else { b"null" });
    }
    out
}

/// Whether `json` is a map that embeds more than an example would.
fn substance(json: &[u8]) -> bool {
    let map = Map::read(json);
    map.is_map() && embedded(&map, json) >= SUBSTANCE
}

fn embedded(map: &Map, json: &[u8]) -> usize {
    let mut bytes = 0;
    // Damage is told when the map is read.
    let _ = map.each_source(json, |_, _, content| bytes += content.map_or(0, |raw| raw.end - raw.start));
    map.sections.iter().map(|section| embedded(section, json)).sum::<usize>() + bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "export const tide = (hour) => 2.1 + 1.7 * Math.sin(hour / 12.42 * 2 * Math.PI);\n// \"high\"\n";

    fn map() -> String {
        serde_json::json!({"version": 3, "sources": ["a.ts"], "sourcesContent": [TEXT], "mappings": "AAAA"}).to_string()
    }

    /// The texts that are read from the maps in `code`.
    fn texts(code: &str) -> Vec<String> {
        let mut texts = Vec::new();
        literals(code.as_bytes(), false, |found| {
            let json = found.json.as_deref().unwrap_or(&code.as_bytes()[found.range]);
            let read: serde_json::Value = serde_json::from_slice(json).unwrap();
            texts.extend(
                read["sourcesContent"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()),
            );
            true
        });
        texts
    }

    #[test]
    fn maps_are_found_however_they_are_written() {
        let map = map();
        let double = serde_json::to_string(&map).unwrap();
        let single = format!("'{}'", map.replace('\\', "\\\\"));
        let bare = map.replace("\"sources\"", "sources").replace("\"sourcesContent\"", "sourcesContent");
        for code in [
            format!("install({map});"),
            format!("install({double});"),
            format!("install({});", serde_json::to_string(&double).unwrap()),
            format!("eval({});", serde_json::to_string(&format!("install({single})")).unwrap()),
            format!("JSON.parse({single})"),
            format!("x = {}", single.replace('\'', "`")),
            format!("x = {bare}"),
            map.replace("{\"version\"", "{\"own\":{},\"version\""),
            map.replacen('{', "", 1),
        ] {
            assert_eq!(texts(&code), [TEXT], "{code}");
            assert_eq!(texts(&format!("{code}\n{code}")), [TEXT, TEXT], "{code}");
        }
    }

    #[test]
    fn programs_that_handle_maps_carry_none() {
        for code in [
            "x = {version: 3, sources: [], sourcesContent: []}",
            "if (\"sourcesContent\" in map) return map.sourcesContent[0]",
            "{\"version\":3,\"sources\":[\"a.js\"],\"sourcesContent\":[\"short\"],\"mappings\":\"\"}",
            "{sources, sourcesContent: [contents.map((one) => one.text).join('a separator that is long enough to count')]}",
            "*/ sourcesContent: [\"",
        ] {
            assert!(texts(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_map_that_does_not_end_is_told_and_hides_no_other() {
        let map = map();
        let cut = &map[..map.len() - 30];
        let mut found = Vec::new();
        literals(format!("[{cut}; {map}]").as_bytes(), false, |one| {
            found.push(one.cut);
            true
        });
        assert_eq!(found.last(), Some(&false));
        assert!(!found.is_empty());
    }

    #[test]
    fn the_strings_of_a_bundler_are_no_map_in_a_program() {
        let count = |program: &[u8]| {
            let mut count = 0;
            literals(program, true, |_| {
                count += 1;
                true
            });
            count
        };
        let long = "invalid scalar encoding unexpected end of input index out of range --log-level=";
        let glued = format!("{{\"version\": 3,\"sources\": [{long}\",\"sourcesContent\": [\", {long}\nexit\"]");
        assert_eq!(count(glued.as_bytes()), 0);
        let cut = format!("\"sources\":[\"a.ts\"],\"sourcesContent\":[\"{long}{long}\" + other");
        assert_eq!(count(cut.as_bytes()), 0);
        assert_eq!(count(format!("\0\x01text{}other\0", map()).as_bytes()), 1);
    }
}
