//! Reading a source map (ECMA-426, section "Source map format"), as far as it can be read.
//!
//! `mappings` is never decoded here: it says nothing about what a map gives away, and a mistake in it must not hide the
//! sources beside it.

use memchr::memmem;

use super::json::{Kind, Raw, Scanner, unescape, unescape_inner};
use crate::bytes::ReadError;

/// How deep index maps may nest; the standard allows one level.
const DEPTH: usize = 8;
/// How many sections an index map may have: one for every module of a very large program.
const SECTIONS: usize = 200_000;
/// How many items a list may have; what the rest would need in memory has no relation to what it says.
const ITEMS: usize = 1_000_000;

/// One map, or one section of an index map: where its parts lie.
#[derive(Debug, Default)]
pub struct Map {
    /// `version`, as a number or as a text.
    pub version: Option<u64>,
    /// `sourceRoot`, empty where there is none.
    pub source_root: String,
    /// The lists named `sources`. More than one only where a key is repeated, to hide something from lenient readers.
    pub sources: Vec<Raw>,
    /// The lists named `sourcesContent`.
    pub contents: Vec<List>,
    /// `mappings` is there and is a text.
    pub mappings: Option<Raw>,
    /// The maps in `sections`.
    pub sections: Vec<Map>,
    /// Whether there is a list named `sections`.
    pub indexed: bool,
    /// Addresses in `sections` of old index maps (`url` instead of `map`).
    pub urls: Vec<String>,
    /// Whether there is a `debugId` (ECMA-426, proposal "Source Map Debug ID").
    pub debug_id: bool,
    /// Where reading ended, if not at the end.
    pub damage: Option<ReadError>,
}

/// A list, and its items where they were met on the way: most of a map is one list, which need not be read again.
#[derive(Debug)]
pub struct List {
    /// All of it.
    pub raw: Raw,
    items: Option<Vec<Raw>>,
}

impl List {
    /// Reads the list that comes next with its items. What is damaged, or has too many, is left to be read again.
    fn read(scanner: &mut Scanner<'_>) -> Option<Self> {
        let mut items = Vec::new();
        let mut ahead = scanner.clone();
        ahead.peek();
        let start = ahead.position();
        let walked = ahead.array(|item| {
            items.push(item);
            items.len() < ITEMS
        });
        if walked.is_err() || items.len() >= ITEMS {
            return None;
        }
        *scanner = ahead;
        Some(List { raw: Raw { kind: Kind::Array, start, end: scanner.position() }, items: Some(items) })
    }

    /// Whether it is sound and holds strings and `null` alone.
    #[must_use]
    pub fn holds_only_strings(&self, text: &[u8]) -> bool {
        let is_one = |item: &Raw| matches!(item.kind, Kind::String | Kind::Null);
        if let Some(items) = &self.items {
            return items.iter().all(is_one);
        }
        let mut only = true;
        let walked = Scanner::new(&text[..self.raw.end], self.raw.start).array(|item| {
            only &= is_one(&item);
            only
        });
        only && walked.is_ok()
    }
}

impl From<Raw> for List {
    fn from(raw: Raw) -> Self {
        List { raw, items: None }
    }
}

impl Map {
    /// Reads the map in `text`, which may start with a byte order mark or with the `)]}'` line that servers put in
    /// front of JSON.
    #[must_use]
    pub fn read(text: &[u8]) -> Map {
        let at = start(text);
        let mut map = Map::read_at(text, at, DEPTH);
        let mut scanner = Scanner::new(text, at);
        // In anything but an object, lists with these names belong to something else.
        let object = scanner.eat(b'{') && scanner.peek() == Some(b'"');
        if map.damage.is_some() && object && !map.indexed {
            map.salvage(text);
        }
        map
    }

    /// Finds the lists that damage before them has hidden, by their keys.
    fn salvage(&mut self, text: &[u8]) {
        if self.contents.is_empty() {
            self.contents.extend(list_named(text, b"\"sourcesContent\"").map(List::from));
        }
        if self.sources.is_empty() {
            self.sources.extend(list_named(text, b"\"sources\""));
        }
    }

    fn read_at(text: &[u8], at: usize, depth: usize) -> Map {
        let mut map = Map::default();
        let mut scanner = Scanner::new(text, at);
        let mut inner_damage = None;
        let walked = scanner.entries(|key, scanner| {
            // One for each map that is not a section, so that their memory is bounded.
            let kept = depth == DEPTH && map.contents.is_empty() && &*unescape_inner(key) == b"sourcesContent";
            if let Some(list) = kept.then(|| List::read(scanner)).flatten() {
                map.contents.push(list);
                return Ok(());
            }
            let (raw, result) = match scanner.value() {
                Ok(raw) => (raw, Ok(())),
                Err((part, error)) => (part, Err(error)),
            };
            map.entry(text, key, raw, depth, &mut inner_damage);
            result
        });
        map.damage = inner_damage.or(walked.err());
        map
    }

    fn entry(&mut self, text: &[u8], key: &[u8], raw: Raw, depth: usize, damage: &mut Option<ReadError>) {
        // A key may be escaped, to hide from whoever does not look.
        match (&*unescape_inner(key), raw.kind) {
            (b"version", _) => self.version = number(text, raw),
            (b"sourceRoot", Kind::String) => self.source_root = string(text, raw),
            (b"sources", Kind::Array) => self.sources.push(raw),
            (b"sourcesContent", Kind::Array) => self.contents.push(raw.into()),
            (b"debugId" | b"debug_id", Kind::String) => self.debug_id = true,
            (b"mappings", Kind::String) => self.mappings = Some(raw),
            (b"sections", Kind::Array) => {
                self.indexed = true;
                if let Err(error) = self.read_sections(text, raw, depth) {
                    damage.get_or_insert(error);
                }
            }
            _ => {}
        }
    }

    fn read_sections(&mut self, text: &[u8], list: Raw, depth: usize) -> Result<(), ReadError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(ReadError::new(list.start as u64, format!("its sections nest more than {DEPTH} levels deep")));
        };
        let mut inner = Ok(());
        let walked = Scanner::new(text, list.start).array(|item| {
            if item.kind == Kind::Object {
                let section = self.read_section(text, item, depth);
                inner = std::mem::replace(&mut inner, Ok(())).and(section);
            }
            self.sections.len() + self.urls.len() < SECTIONS
        });
        if self.sections.len() + self.urls.len() >= SECTIONS {
            return Err(ReadError::new(list.start as u64, format!("it has more than {SECTIONS} sections")));
        }
        inner.and(walked)
    }

    fn read_section(&mut self, text: &[u8], item: Raw, depth: usize) -> Result<(), ReadError> {
        let mut damage = None;
        let walked = Scanner::new(text, item.start).object(|key, raw| match (&*unescape_inner(key), raw.kind) {
            (b"map", Kind::Object) => {
                let mut map = Map::read_at(text, raw.start, depth);
                damage = map.damage.take();
                self.sections.push(map);
            }
            (b"url", Kind::String) => self.urls.push(string(text, raw)),
            _ => {}
        });
        damage.map_or(walked, Err)
    }

    /// Whether this is a source map rather than some other JSON object: it lists sources or sections, and has one more
    /// thing that only maps have.
    #[must_use]
    pub fn is_map(&self) -> bool {
        let lists = !self.sources.is_empty() || self.indexed;
        lists && (self.version == Some(3) || self.mappings.is_some() || !self.contents.is_empty())
            || !self.contents.is_empty() && (self.version == Some(3) || self.mappings.is_some())
    }

    /// Whether this map, or one of its sections, has a debug ID.
    #[must_use]
    pub fn has_debug_id(&self) -> bool {
        self.debug_id || self.sections.iter().any(Map::has_debug_id)
    }

    /// Walks the sources of this map alone (not of its sections): position, full name, and the embedded text's place.
    /// Texts without a name and names without a text are both walked.
    ///
    /// # Errors
    /// Where a list is damaged; what lies before has been walked.
    pub fn each_source(
        &self,
        text: &[u8],
        mut each: impl FnMut(usize, Option<String>, Option<Raw>),
    ) -> Result<(), ReadError> {
        let (names, names_damage) = collect(text, self.sources.iter().copied());
        let (read, contents_damage);
        let contents = match &self.contents[..] {
            [List { items: Some(items), .. }] => {
                contents_damage = None;
                items
            }
            lists => {
                (read, contents_damage) = collect(text, lists.iter().map(|list| list.raw));
                &read
            }
        };
        for index in 0..names.len().max(contents.len()) {
            let named = names.get(index).filter(|raw| raw.kind == Kind::String);
            let name = named.map(|raw| self.full_name(&string(text, *raw)));
            let content = contents.get(index).filter(|raw| raw.kind == Kind::String && raw.end - raw.start > 2);
            each(index, name, content.copied());
        }
        names_damage.or(contents_damage).map_or(Ok(()), Err)
    }

    /// `sourceRoot` in front of a name, with one `/` between (ECMA-426, "Resolving sources").
    fn full_name(&self, name: &str) -> String {
        match self.source_root.as_str() {
            "" => name.to_owned(),
            root if root.ends_with('/') => format!("{root}{name}"),
            root => format!("{root}/{name}"),
        }
    }
}

/// Where the JSON starts: behind a byte order mark, and behind the guard that servers put in front of JSON, which takes
/// up its line unless the JSON follows on it.
#[must_use]
pub fn start(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let Some(after) = text[mark..].strip_prefix(b")]}'") else { return mark };
    let blank = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b',')).count();
    let line = match after.get(blank) {
        Some(b'{') => blank,
        _ => memchr::memchr(b'\n', after).map_or(after.len(), |line| line + 1),
    };
    text.len() - after.len() + line
}

/// The first list that follows this key, up to the end of the text where it does not end.
fn list_named(text: &[u8], key: &[u8]) -> Option<Raw> {
    memmem::find_iter(text, key).find_map(|at| {
        let mut scanner = Scanner::new(text, at + key.len());
        if !scanner.eat(b':') || scanner.peek() != Some(b'[') {
            return None;
        }
        Some(scanner.value().unwrap_or_else(|(part, _)| part))
    })
}

fn collect(text: &[u8], lists: impl Iterator<Item = Raw>) -> (Vec<Raw>, Option<ReadError>) {
    let mut items = Vec::new();
    let mut damage = None;
    for list in lists {
        let walked = Scanner::new(&text[..list.end], list.start).array(|item| {
            items.push(item);
            items.len() < ITEMS
        });
        damage = damage.or(walked.err());
    }
    if items.len() >= ITEMS {
        let at = items.last().map_or(0, |item| item.end as u64);
        damage = damage.or_else(|| Some(ReadError::new(at, format!("a list has more than {ITEMS} items"))));
    }
    (items, damage)
}

fn string(text: &[u8], raw: Raw) -> String {
    String::from_utf8_lossy(&unescape(text, raw)).into_owned()
}

fn number(text: &[u8], raw: Raw) -> Option<u64> {
    let digits = &text[raw.range()];
    std::str::from_utf8(digits).ok()?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Vec<(Option<String>, Option<String>)> {
        let map = Map::read(text.as_bytes());
        let mut all = Vec::new();
        let mut walk = |map: &Map| {
            let _ = map.each_source(text.as_bytes(), |_, name, content| {
                all.push((name, content.map(|raw| string(text.as_bytes(), raw))));
            });
        };
        walk(&map);
        map.sections.iter().for_each(&mut walk);
        all
    }

    fn pair(name: &str, content: &str) -> (Option<String>, Option<String>) {
        (Some(name.to_owned()), Some(content.to_owned()))
    }

    #[test]
    fn broken_mappings_and_odd_versions_hide_nothing() {
        let text = r#")]}'
{"version":"3","sourceRoot":"src","mappings":"!!! not base64 !!!","sources":["a.ts",null],"sourcesContent":["let a","b","c"]}"#;
        assert!(Map::read(text.as_bytes()).is_map());
        assert_eq!(
            sources(text),
            [pair("src/a.ts", "let a"), (None, Some("b".to_owned())), (None, Some("c".to_owned()))]
        );
    }

    #[test]
    fn a_cut_map_gives_what_came_before_the_cut() {
        let text = r#"{"version":3,"sources":["a.ts","b.ts"],"sourcesContent":["one\ntwo","thr"#;
        assert_eq!(sources(text), [pair("a.ts", "one\ntwo"), pair("b.ts", "thr")]);
        let map = Map::read(text.as_bytes());
        assert!(map.is_map());
        assert_eq!(map.damage.expect("damage").reason, "a string does not end");
    }

    #[test]
    fn index_maps_are_read_however_they_nest() {
        let text = r#"{"version":3,"sources":[],"sections":[{"offset":{"line":0,"column":0},"map":{"version":3,"sources":["x"],"sourcesContent":["X"],"mappings":""}},{"offset":{},"url":"other.map"}]}"#;
        let map = Map::read(text.as_bytes());
        assert!(map.is_map());
        assert_eq!(map.urls, ["other.map"]);
        assert_eq!(sources(text), [pair("x", "X")]);
        let deep = r#"{"version":3,"sections":[{"map":"#.repeat(50);
        assert!(Map::read(deep.as_bytes()).damage.is_some());
    }

    #[test]
    fn a_repeated_key_hides_nothing() {
        let text = r#"{"version":3,"sources":["a","b"],"sourcesContent":["A"],"sourcesContent":["B"],"mappings":""}"#;
        assert_eq!(sources(text), [pair("a", "A"), pair("b", "B")]);
    }

    #[test]
    fn an_escaped_key_hides_nothing() {
        let text = r#"{"v\u0065rsion":3,"sourc\u0065s":["a"],"s\u006furcesContent":["A"],"mappings":""}"#;
        assert_eq!(sources(text), [pair("a", "A")]);
        let indexed =
            r#"{"version":3,"s\u0065ctions":[{"offset":{},"m\u0061p":{"sources":["x"],"s\u006furcesContent":["X"]}}]}"#;
        assert_eq!(sources(indexed), [pair("x", "X")]);
    }

    #[test]
    fn other_json_is_no_map() {
        for text in [
            r#"{"version":3,"name":"x"}"#,
            r#"{"mappings":{"properties":{}},"sources":{}}"#,
            r#"{"version":"1.2.0","sources":["a"]}"#,
            "[]",
            "{",
        ] {
            assert!(!Map::read(text.as_bytes()).is_map(), "{text}");
        }
    }
}
