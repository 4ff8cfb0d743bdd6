//! Source maps as files: their embedded sources are members.

use std::ops::Range;

use memchr::memmem;

use super::address::{AddressFacts, Addresses, is_absolute};
use super::inline::{is_executable, may_carry};
use super::origin::origin;
use super::read::{List, Map, start};
use super::{CARRIED, FIRST_KEYS, PERSONAL_EXAMPLES, json, literal, toolchain};
use crate::bytes::{Bytes, Probe, Ranges, ReadError};
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::executable::is_personal;
use crate::formats::{Coverage, Format, FormatError, Inspection, Kept, Origin, SourceRecord};

/// A source map (ECMA-426), flat or with sections, under any name.
pub struct SourceMap;

/// Facts that a map alone can settle.
static FACTS: &[FactSpec] = &[
    FactSpec { name: "source_map.sources", kind: FactType::Int, doc: "Number of sources that the map names or embeds" },
    FactSpec { name: "source_map.embedded", kind: FactType::Int, doc: "Number of sources whose text is embedded" },
    FactSpec { name: "source_map.lines", kind: FactType::Int, doc: "Lines of embedded text" },
    FactSpec { name: "source_map.bytes", kind: FactType::Int, doc: "Bytes of embedded text" },
    FactSpec { name: "source_map.generated", kind: FactType::Int, doc: "Number of sources written by tools" },
    FactSpec { name: "source_map.sections", kind: FactType::Int, doc: "Number of sections of an index map" },
    FactSpec { name: "source_map.inline", kind: FactType::Bool, doc: "Whether the map is carried inside another file" },
    FactSpec { name: "source_map.remote", kind: FactType::Int, doc: "Number of sources that are addresses elsewhere" },
    FactSpec {
        name: "source_map.remote_examples",
        kind: FactType::List,
        doc: "At most 5 of these addresses, archives and buckets first",
    },
    FactSpec { name: "source_map.buckets", kind: FactType::Int, doc: "Number of sources that lie in storage buckets" },
    FactSpec {
        name: "source_map.internal",
        kind: FactType::Int,
        doc: "Number of sources on hosts of an internal network",
    },
    FactSpec {
        name: "source_map.trackers",
        kind: FactType::Int,
        doc: "Number of sources at services that collect errors",
    },
    FactSpec {
        name: "source_map.archives",
        kind: FactType::Int,
        doc: "Number of addresses in the map at which an archive lies",
    },
    FactSpec {
        name: "source_map.services",
        kind: FactType::List,
        doc: "The services that keep these buckets and errors",
    },
    FactSpec {
        name: "source_map.debug_id",
        kind: FactType::Bool,
        doc: "Whether the map has a debug ID, by which services that collect errors find it",
    },
    FactSpec { name: "source_map.absolute", kind: FactType::Int, doc: "Number of sources with an absolute path" },
    FactSpec { name: "source_map.absolute_examples", kind: FactType::List, doc: "At most 5 of these paths" },
    FactSpec {
        name: "source_map.personal",
        kind: FactType::Int,
        doc: "Number of sources whose path names a person or a home folder",
    },
    FactSpec {
        name: "reference.literals",
        kind: FactType::Int,
        doc: "Number of source maps kept as objects or strings in code, or in other JSON",
    },
    toolchain::FACT,
    FactSpec { name: "source_map.personal_examples", kind: FactType::List, doc: "At most 5 of these paths" },
];

static ADDRESS_FACTS: AddressFacts = AddressFacts {
    total: "source_map.remote",
    examples: "source_map.remote_examples",
    buckets: "source_map.buckets",
    internal: "source_map.internal",
    trackers: "source_map.trackers",
    archives: "source_map.archives",
    services: "source_map.services",
};

/// How many sources one map may name: beyond it the list is a bomb, not a program.
const SOURCES: u64 = 200_000;

impl Format for SourceMap {
    fn name(&self) -> &'static str {
        "source-map"
    }

    fn summary(&self) -> &'static str {
        "source maps (ECMA-426), flat or with sections, whatever their name: every embedded source is a member"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let has = |word: &[u8]| memmem::find(probe.all(), word).is_some();
        if claims(probe.head(), is_named(probe.name())) {
            return true;
        }
        // Behind keys of its own a tool may put the usual ones anywhere between two long lists; and maps may stand
        // anywhere in code.
        let object = probe.head().get(start(probe.head())..).unwrap_or_default().trim_ascii_start().starts_with(b"{");
        (object || is_named(probe.name())) && has(b"\"mappings\"")
            || may_carry(probe) && probe.rest().into_iter().any(|part| memmem::find(part, literal::WORD).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes;
        let map = Map::read(text);
        if !map.is_map() {
            return self.carrier(artifact, &map, out);
        }
        let mut tally = Tally::default();
        let walked = tally.walk(text, &map, out);
        tally.state(&map, artifact.role, out);
        if let Err(FormatError::Limit(limit)) = walked {
            return Err(limit.into());
        }
        let mut read = Ranges::default();
        long_values(&map, &mut |raw, _| read.add(raw.start as u64..raw.end as u64));
        carried(text, false, &read.holes(text.len() as u64), out)?;
        toolchain::state(text, &map, out);
        walked?;
        if let Some(damage) = map.damage {
            return Err(damage.into());
        }
        // Everything else (names, addresses, keys of a tool's own) is short, and may hold a secret like any other text.
        long_values(&map, &mut |raw, list| {
            if list.is_none_or(|list| list.holds_only_strings(text)) {
                out.explain(raw.start as u64..raw.end as u64);
            }
        });
        Ok(Coverage::Part)
    }
}

impl SourceMap {
    /// What is no map itself may carry some, or be the ruin of one.
    fn carrier(&self, artifact: &Artifact, map: &Map, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes;
        // What was handed out of a program is asked on its own.
        let mut elsewhere = Ranges::default();
        out.accounted().iter().for_each(|range| elsewhere.add(range.clone()));
        let program = is_executable(&Probe::new(artifact.path.base_name(), text));
        let found = carried(text, program, &elsewhere.holes(text.len() as u64), out)?;
        let named = is_named(artifact.path.base_name()) || artifact.role == Role::EmbeddedMap;
        if named && let Some(damage) = ruin(text, map) {
            return Err(damage.into());
        }
        if found > 0 { Ok(Coverage::Part) } else { Err(FormatError::NotThis) }
    }
}

fn is_named(name: &str) -> bool {
    name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".map")
}

/// Whether the first key is one that maps start with; for what is called a map the start of such a key is enough.
fn claims(head: &[u8], named: bool) -> bool {
    let mut scanner = json::Scanner::new(head, start(head));
    if !scanner.eat(b'{') {
        return false;
    }
    let rest = &head[scanner.position()..];
    let rest = rest.trim_ascii_start();
    let first = json::unescape_inner(scanner.string().unwrap_or_default());
    let cut = |key: &&[u8]| rest.is_empty() || rest.strip_prefix(b"\"").is_some_and(|word| key.starts_with(word));
    FIRST_KEYS.contains(&&*first) || named && FIRST_KEYS.iter().any(cut)
}

/// Why something that is called a map, and was one, is none any more. Other things are called `.map` as well: levels of
/// games, listings of linkers.
fn ruin(text: &[u8], map: &Map) -> Option<ReadError> {
    let has = |word: &[u8]| memmem::find(text, word).is_some();
    match &map.damage {
        Some(damage) => {
            let was = claims(text, true) || [&b"\"mappings\""[..], b"\"sources\""].iter().any(|word| has(word));
            was.then(|| damage.clone())
        }
        // Positions in sources that are nowhere named.
        None => {
            let points = map.mappings.is_some_and(|raw| raw.end - raw.start > 2);
            (map.version == Some(3) && points).then(|| ReadError::new(0, "it has no list of sources"))
        }
    }
}

/// Hands out the maps that stand as literals in `holes` of `text`, and answers how many there are.
fn carried(text: &Bytes, program: bool, holes: &[Range<u64>], out: &mut Inspection<'_>) -> Result<u64, FormatError> {
    let (mut count, mut handed_out) = (0, Ok(()));
    for hole in holes {
        // Holes end where the text does, which is a usize.
        let offset = hole.start as usize;
        literal::literals(&text[offset..hole.end as usize], program, |found| {
            count += 1;
            if count > CARRIED {
                return false;
            }
            let range = found.range.start + offset..found.range.end + offset;
            let name = if count == 1 { "literal.map".to_owned() } else { format!("literal-{count}.map") };
            if found.cut {
                let at = range.start;
                out.member_gap(&name, format!("at offset {at}: the map in it is damaged; build the file again"));
            }
            out.explain(range.start as u64..range.end as u64);
            let map = found.json.map_or_else(|| text.slice(range), Bytes::from);
            handed_out = out.member(&name, Role::EmbeddedMap, map);
            handed_out.is_ok()
        });
        handed_out?;
    }
    if count > CARRIED {
        out.gap(format!("it carries more than {CARRIED} source maps; the rest was not looked at"));
    }
    if count > 0 {
        out.fact("reference.literals", count.min(CARRIED));
    }
    Ok(count)
}

/// Shows the lists of embedded texts and the mappings to `each`.
fn long_values(map: &Map, each: &mut dyn FnMut(json::Raw, Option<&List>)) {
    map.contents.iter().for_each(|list| each(list.raw, Some(list)));
    map.mappings.iter().for_each(|mappings| each(*mappings, None));
    map.sections.iter().for_each(|section| long_values(section, each));
}

/// What is counted while the sources are handed out.
#[derive(Default)]
struct Tally {
    sources: u64,
    embedded: u64,
    lines: u64,
    bytes: u64,
    generated: u64,
    sections: u64,
    absolute: u64,
    absolute_examples: Vec<String>,
    personal: Vec<String>,
    addresses: Addresses,
}

impl Tally {
    fn walk(&mut self, text: &Bytes, map: &Map, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        let mut limit = Ok(());
        let walked = map.each_source(text, |index, name, content| {
            if limit.is_err() || self.sources >= SOURCES || (name.is_none() && content.is_none()) {
                return;
            }
            let name = name.unwrap_or_else(|| format!("source-{index}"));
            let bytes = content.map(|raw| match json::unescape(text, raw) {
                std::borrow::Cow::Borrowed(plain) => text.slice_ref(plain),
                std::borrow::Cow::Owned(unescaped) => Bytes::from(unescaped),
            });
            limit = self.one(name, bytes, out);
        });
        limit?;
        if self.sources >= SOURCES {
            out.gap(format!("it names more than {SOURCES} sources; the rest was not looked at"));
        }
        for url in &map.urls {
            if !self.addresses.add(url) {
                out.reference(crate::formats::Reference { url: url.clone(), offset: 0 });
            }
        }
        self.sections += map.sections.len() as u64;
        let mut result = walked.map_err(FormatError::from);
        for section in &map.sections {
            match self.walk(text, section, out) {
                Err(FormatError::Limit(limit)) => return Err(limit.into()),
                // A damaged section hides no other.
                walked => result = result.and(walked),
            }
        }
        result
    }

    fn one(&mut self, name: String, bytes: Option<Bytes>, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        self.sources += 1;
        let text = bytes.as_deref().map(Kept::of);
        let origin = origin(&name);
        self.generated += u64::from(origin == Origin::Generated);
        // What a registry serves to everybody is no place of the publisher's.
        if !matches!(origin, Origin::ThirdParty { .. }) {
            self.addresses.add(&name);
        }
        self.judge_name(&name);
        if let (Some(bytes), Some(kept)) = (bytes, text) {
            self.embedded += 1;
            self.lines += kept.lines;
            self.bytes += kept.bytes;
            out.member(&name, Role::EmbeddedSource, bytes)?;
        }
        out.source(SourceRecord { name, origin, text });
        Ok(())
    }

    fn judge_name(&mut self, name: &str) {
        let shorten = |name: &str| name.chars().take(200).collect::<String>();
        if is_absolute(name) {
            self.absolute += 1;
            if self.absolute_examples.len() < PERSONAL_EXAMPLES {
                self.absolute_examples.push(shorten(name));
            }
        }
        if is_personal(name) {
            self.personal.push(shorten(name));
        }
    }

    fn state(mut self, map: &Map, role: Role, out: &mut Inspection<'_>) {
        // Without sources the root is all that is left to fetch from.
        if self.addresses.is_empty() {
            self.addresses.add(&map.source_root);
        }
        for (name, number) in [
            ("source_map.sources", self.sources),
            ("source_map.embedded", self.embedded),
            ("source_map.lines", self.lines),
            ("source_map.bytes", self.bytes),
            ("source_map.generated", self.generated),
            ("source_map.sections", self.sections),
            ("source_map.absolute", self.absolute),
            ("source_map.personal", self.personal.len() as u64),
        ] {
            out.fact(name, number);
        }
        self.personal.truncate(PERSONAL_EXAMPLES);
        self.addresses.state(&ADDRESS_FACTS, out);
        out.fact("source_map.absolute_examples", self.absolute_examples);
        out.fact("source_map.personal_examples", self.personal);
        out.fact("source_map.inline", role == Role::EmbeddedMap);
        out.fact("source_map.debug_id", map.has_debug_id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const MAP: &str = r#"{"version":3,"sources":["../src/a.ts","../node_modules/@s/p/i.js","webpack/bootstrap","https://b.r2.dev/src.zip","/Users/jdoe/x/y.ts"],"sourcesContent":["const a = 1;\nconst b = 2;\n","p","w"],"names":[],"mappings":"AAAA"}"#;

    #[test]
    fn a_map_hands_out_its_sources_and_says_whose_they_are() {
        let looked = inspect(&SourceMap, "blob", MAP.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let explained = |part: &str| {
            let at = MAP.find(part).expect("it is in there") as u64;
            looked.stated.explained.iter().any(|range| range.contains(&at))
        };
        assert!(explained("const a") && explained("AAAA"));
        assert!(!explained("https://b.r2.dev") && !explained("names"));
        let members: Vec<String> = looked.members.iter().map(|member| member.path.to_string()).collect();
        assert_eq!(members, ["blob!../src/a.ts", "blob!../node_modules/@s/p/i.js", "blob!webpack/bootstrap"]);
        assert_eq!(&looked.members[0].bytes[..], b"const a = 1;\nconst b = 2;\n");
        let facts = &looked.stated.facts;
        let int = |name| facts.int(name);
        assert_eq!((int("source_map.sources"), int("source_map.embedded"), int("source_map.lines")), (5, 3, 4));
        assert_eq!(int("source_map.generated"), 1);
        let third = |source: &&SourceRecord| matches!(source.origin, Origin::ThirdParty { .. });
        assert_eq!(looked.stated.sources.iter().filter(third).count(), 1);
        assert_eq!((int("source_map.remote"), int("source_map.buckets"), int("source_map.personal")), (1, 1, 1));
    }

    #[test]
    fn a_map_is_known_by_its_keys_wherever_they_stand() {
        let long = "A".repeat(3 * Probe::HEAD);
        let text = format!(
            r#"{{"x_tool":"{long}","version":3,"sources":["a"],"sourcesContent":["let a"],"x_more":"{long}"}}"#
        );
        assert_eq!(inspect(&SourceMap, "blob", text.as_bytes()).members.len(), 1);
    }

    #[test]
    fn escaped_keys_are_keys() {
        let text = r#"{"v\u0065rsion":3,"sourc\u0065s":["a"],"s\u006furcesContent":["let a"],"m\u0061ppings":"A"}"#;
        assert_eq!(inspect(&SourceMap, "blob", text.as_bytes()).members.len(), 1);
    }

    #[test]
    fn any_cut_leaves_a_gap_or_is_no_map_any_more() {
        for end in (0..MAP.len()).step_by(7) {
            let looked = inspect(&SourceMap, "x.js.map", &MAP.as_bytes()[..end]);
            assert!(looked.result.is_err(), "cut at {end}");
            if end > MAP.find("const b").unwrap() {
                assert!(matches!(looked.result, Err(FormatError::Broken(_))), "cut at {end}");
                assert!(!looked.members.is_empty(), "cut at {end}");
            }
        }
    }
}
