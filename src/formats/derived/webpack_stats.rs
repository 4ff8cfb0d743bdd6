//! webpack's `stats.json` (webpack documentation, "Stats Data"), which Rspack writes too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// What webpack writes about a build, at any level of detail.
pub struct WebpackStats;

/// Keys of the outermost object of which every selection of options writes some; two of them make a mark.
const MARKS: [&[u8]; 12] = [
    b"\"assetsByChunkName\"",
    b"\"builtAt\"",
    b"\"outputPath\"",
    b"\"publicPath\"",
    b"\"errorsCount\"",
    b"\"warningsCount\"",
    b"\"namedChunkGroups\"",
    b"\"entrypoints\"",
    b"\"modules\"",
    b"\"chunks\"",
    b"\"nameForCondition\"",
    b"\"moduleType\"",
];
/// How deep children, chunks and concatenated modules may lie in each other.
const DEPTH: usize = 8;
/// How many different texts of one module are compared with each other.
const REPEATS: usize = 8;

impl Format for WebpackStats {
    fn name(&self) -> &'static str {
        "webpack-stats"
    }

    fn summary(&self) -> &'static str {
        "stats.json of webpack and Rspack: modules with their names and, where written, their texts as members"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        const FIRST: [&[u8]; 16] = [
            b"hash",
            b"version",
            b"time",
            b"builtAt",
            b"name",
            b"publicPath",
            b"outputPath",
            b"assetsByChunkName",
            b"assets",
            b"chunks",
            b"modules",
            b"entrypoints",
            b"errors",
            b"errorsCount",
            b"warnings",
            b"children",
        ];
        let head = probe.head();
        node::first_key_is(head, &FIRST) && {
            let tail = &probe.tail()[probe.tail().len().saturating_sub(Probe::HEAD)..];
            let has = |mark: &&&[u8]| node::has_all(head, &[mark]) || node::has_all(tail, &[mark]);
            MARKS.iter().filter(has).count() >= 2
        }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut stats = Stats::default();
        stats.build(Node::root(&artifact.bytes), DEPTH);
        if stats.modules.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        for place in &stats.places {
            sources.place(place);
        }
        for (name, texts) in &stats.modules {
            if texts.is_empty() {
                sources.name(name, out);
            }
            for text in texts {
                sources.text(name, text.bytes(&artifact.bytes), out)?;
            }
        }
        stats.texts.into_iter().for_each(|range| out.explain(range));
        sources.state(out);
        stats.damage.into_result()?;
        Ok(Coverage::Part)
    }
}

/// The module itself in `loader.js!./src/a.css`.
fn without_loaders(name: &str) -> &str {
    name.rsplit('!').next().unwrap_or(name)
}

#[derive(Default)]
struct Stats<'a> {
    modules: BTreeMap<String, Vec<Node<'a>>>,
    /// Where texts lie, those that are repeated for every chunk included.
    texts: Vec<Range<u64>>,
    places: BTreeSet<String>,
    damage: Damage,
}

impl<'a> Stats<'a> {
    /// A build, or that of a child compiler.
    fn build(&mut self, build: Node<'a>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let mut lists = Vec::new();
        let walked = build.entries(|key, value| match key {
            b"outputPath" if value.is_string() => {
                self.places.insert(value.string());
            }
            b"modules" => lists.push((value, true)),
            b"children" | b"chunks" => lists.push((value, false)),
            _ => {}
        });
        for (list, modules) in lists {
            let walked = list.items(|item| {
                if modules {
                    self.module(item, depth)
                } else {
                    self.build(item, depth)
                }
                true
            });
            self.damage.note(walked);
        }
        self.damage.note(walked);
    }

    fn module(&mut self, module: Node<'a>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let (mut name, mut place, mut texts, mut inner) = (None, None, Vec::new(), Vec::new());
        let walked = module.entries(|key, value| match key {
            b"name" if value.is_string() => name = Some(value.string()),
            b"identifier" | b"nameForCondition" if value.is_string() => place = Some(value.string()),
            b"source" if value.is_string() => texts.push(value),
            b"modules" => inner.push(value),
            _ => {}
        });
        // Modules that were joined into one are listed inside it.
        if let Some(name) = name.or(place.clone())
            && (inner.is_empty() || !texts.is_empty())
        {
            let known = self.modules.entry(without_loaders(&name).to_owned()).or_default();
            for text in texts {
                self.texts.push(text.range());
                if known.len() > REPEATS || known.iter().all(|other| other.raw() != text.raw()) {
                    known.push(text);
                }
            }
            self.places.extend(place.map(|place| without_loaders(&place).to_owned()));
        }
        for list in inner {
            let walked = list.items(|item| {
                self.module(item, depth);
                true
            });
            self.damage.note(walked);
        }
        self.damage.note(walked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const STATS: &str = r#"{"hash":"1","version":"5.0.0","outputPath":"/home/jdoe/app/dist","chunks":[{"modules":[
        {"moduleType":"javascript/auto","name":"./src/a.js + 1 modules","modules":[
            {"name":"./src/a.js","nameForCondition":"/home/jdoe/app/src/a.js","source":"a\n"},
            {"name":"./node_modules/x/load.js!./src/b.css","source":"b {}"}]}]}],
        "modules":[{"name":"./src/a.js","source":"a\n"},{"name":"./src/c.js"}]}"#;

    #[test]
    fn modules_are_read_wherever_they_are_listed_and_once() {
        let looked = inspect(&WebpackStats, "stats.json", STATS.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
        let members: Vec<&str> = looked.members.iter().map(|member| member.path.logical()).collect();
        assert_eq!(members, ["./src/a.js", "./src/b.css"]);
        assert_eq!(&looked.members[0].bytes[..], b"a\n");
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("derived.sources"), facts.int("derived.embedded")), (3, 2));
        assert_eq!(facts.int("derived.personal"), 2);
        assert_eq!(looked.stated.explained.len(), 3);
    }

    #[test]
    fn a_cut_leaves_a_gap() {
        let looked = inspect(&WebpackStats, "stats.json", &STATS.as_bytes()[..STATS.len() - 40]);
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
        assert_eq!(looked.members.len(), 2);
    }
}
