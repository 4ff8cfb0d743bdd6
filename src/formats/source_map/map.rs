//! Source maps as files: their embedded sources are members.

use std::collections::BTreeSet;

use memchr::memmem;

use super::origin::{Remote, is_absolute, origin, remote};
use super::read::{Map, start};
use super::{PERSONAL_EXAMPLES, json, toolchain};
use crate::bytes::{Bytes, Probe};
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
    FactSpec { name: "source_map.third_party", kind: FactType::Int, doc: "Number of sources of other packages" },
    FactSpec { name: "source_map.packages", kind: FactType::List, doc: "The other packages, at most 32" },
    FactSpec { name: "source_map.generated", kind: FactType::Int, doc: "Number of sources written by tools" },
    FactSpec { name: "source_map.sections", kind: FactType::Int, doc: "Number of sections of an index map" },
    FactSpec { name: "source_map.inline", kind: FactType::Bool, doc: "Whether the map is carried inside another file" },
    FactSpec { name: "source_map.remote", kind: FactType::Int, doc: "Number of sources that are addresses elsewhere" },
    FactSpec { name: "source_map.remote_examples", kind: FactType::List, doc: "At most 5 of these addresses" },
    FactSpec { name: "source_map.buckets", kind: FactType::Int, doc: "Number of sources that lie in storage buckets" },
    FactSpec { name: "source_map.absolute", kind: FactType::Int, doc: "Number of sources with an absolute path" },
    FactSpec {
        name: "source_map.personal",
        kind: FactType::Int,
        doc: "Number of sources whose path names a person or a home folder",
    },
    toolchain::FACT,
    FactSpec { name: "source_map.personal_examples", kind: FactType::List, doc: "At most 5 of these paths" },
];

/// How many packages are listed.
const PACKAGES: usize = 32;
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
        let head = probe.head();
        let at = start(head);
        let mut scanner = json::Scanner::new(head, at);
        if !scanner.eat(b'{') {
            return false;
        }
        scanner.peek();
        let first = scanner.string().unwrap_or_default();
        const FIRST: [&[u8]; 9] = [
            b"version",
            b"file",
            b"names",
            b"sources",
            b"mappings",
            b"sections",
            b"sourceRoot",
            b"sourcesContent",
            b"debugId",
        ];
        FIRST.contains(&first)
            // Behind keys of its own a tool may put the usual ones anywhere between two long lists.
            || [&b"\"mappings\""[..], b"\"sourcesContent\""].iter().any(|key| memmem::find(probe.all(), key).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes;
        let map = Map::read(text);
        if !map.is_map() {
            // Cut off before anything that only maps have: a gap for what calls itself a map, silence for other JSON.
            let named = artifact.path.base_name().to_ascii_lowercase().ends_with(".map");
            return match map.damage {
                Some(damage) if named && map.version.is_some() => Err(damage.into()),
                _ => Err(FormatError::NotThis),
            };
        }
        let mut tally = Tally::default();
        let walked = tally.walk(text, &map, out);
        tally.state(&map, artifact.role, out);
        toolchain::state(text, &map, out);
        walked?;
        match map.damage {
            Some(damage) => Err(damage.into()),
            None => {
                explain(text, &map, out);
                Ok(Coverage::Part)
            }
        }
    }
}

/// Accounts for the embedded texts and the mappings. Everything else (names, addresses, keys of a tool's own) is short,
/// and may hold a secret like any other text.
fn explain(text: &[u8], map: &Map, out: &mut Inspection<'_>) {
    let handed_out = map.contents.iter().filter(|list| json::holds_only_strings(text, **list));
    for raw in handed_out.chain(&map.mappings) {
        out.explain(raw.start as u64..raw.end as u64);
    }
    map.sections.iter().for_each(|section| explain(text, section, out));
}

/// What is counted while the sources are handed out.
#[derive(Default)]
struct Tally {
    sources: u64,
    embedded: u64,
    lines: u64,
    bytes: u64,
    third_party: u64,
    generated: u64,
    sections: u64,
    absolute: u64,
    packages: BTreeSet<String>,
    personal: Vec<String>,
    remote: Vec<String>,
    buckets: u64,
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
            out.reference(crate::formats::Reference { url: url.clone(), offset: 0 });
        }
        walked?;
        self.sections += map.sections.len() as u64;
        map.sections.iter().try_for_each(|section| self.walk(text, section, out))
    }

    fn one(&mut self, name: String, bytes: Option<Bytes>, out: &mut Inspection<'_>) -> Result<(), FormatError> {
        self.sources += 1;
        let text = bytes.as_deref().map(Kept::of);
        let origin = origin(&name);
        match &origin {
            Origin::FirstParty => {}
            Origin::ThirdParty(package) => {
                self.third_party += 1;
                if self.packages.len() < PACKAGES {
                    self.packages.insert(package.chars().take(100).collect());
                }
            }
            Origin::Generated => self.generated += 1,
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
        if let Some(remote) = remote(name) {
            self.buckets += u64::from(remote == Remote::Bucket);
            self.remote.push(shorten(name));
        }
        self.absolute += u64::from(is_absolute(name));
        if is_personal(name) {
            self.personal.push(shorten(name));
        }
    }

    fn state(mut self, map: &Map, role: Role, out: &mut Inspection<'_>) {
        if let Some(remote) = remote(&map.source_root)
            && self.remote.is_empty()
        {
            // Without sources the root is all that is left to fetch from.
            self.buckets += u64::from(remote == Remote::Bucket);
            self.remote.push(map.source_root.chars().take(200).collect());
        }
        for (name, number) in [
            ("source_map.sources", self.sources),
            ("source_map.embedded", self.embedded),
            ("source_map.lines", self.lines),
            ("source_map.bytes", self.bytes),
            ("source_map.third_party", self.third_party),
            ("source_map.generated", self.generated),
            ("source_map.sections", self.sections),
            ("source_map.remote", self.remote.len() as u64),
            ("source_map.buckets", self.buckets),
            ("source_map.absolute", self.absolute),
            ("source_map.personal", self.personal.len() as u64),
        ] {
            out.fact(name, number);
        }
        self.remote.truncate(PERSONAL_EXAMPLES);
        self.personal.truncate(PERSONAL_EXAMPLES);
        out.fact("source_map.remote_examples", self.remote);
        out.fact("source_map.personal_examples", self.personal);
        out.fact("source_map.packages", self.packages.into_iter().collect::<Vec<_>>());
        out.fact("source_map.inline", role == Role::EmbeddedMap);
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
        assert_eq!((int("source_map.third_party"), int("source_map.generated")), (1, 1));
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
