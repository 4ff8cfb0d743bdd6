//! Coverage as V8 reports it: files of `NODE_V8_COVERAGE` (Node.js documentation, "NODE_V8_COVERAGE"), and what
//! Playwright and Puppeteer save from a browser.

use super::coverage::map_name;
use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Which ranges of which scripts were run, with their texts or the source maps of them.
pub struct V8Coverage;

impl Format for V8Coverage {
    fn name(&self) -> &'static str {
        "v8-coverage"
    }

    fn summary(&self) -> &'static str {
        "coverage of V8 (NODE_V8_COVERAGE, Playwright, Puppeteer): scripts, and their source maps, are members"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let node = node::first_key_is(head, &[b"result"]) && node::has_all(head, &[b"\"scriptId\"", b"\"url\""]);
        let browser = || {
            let ranges = node::has_all(head, &[b"\"ranges\""]);
            let scripts = node::has_all(head, &[b"\"scriptId\"", b"\"source\""]);
            head.trim_ascii_start().starts_with(b"[")
                && node::first_key_is(head, &[b"url", b"scriptId", b"ranges", b"source", b"text"])
                && node::has_all(head, &[b"\"url\""])
                && (ranges || scripts)
        };
        node || browser()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut read = Read::default();
        let root = Node::root(&artifact.bytes);
        let mut maps = None;
        read.scripts(root);
        let walked = root.entries(|key, value| match key {
            b"result" => read.scripts(value),
            b"source-map-cache" => maps = Some(value),
            _ => {}
        });
        read.damage.note(walked);
        if let Some(maps) = maps {
            read.maps(maps);
        }
        if read.scripts.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        for (url, text) in &read.scripts {
            match text {
                Some(text) => {
                    sources.text(url, text.bytes(&artifact.bytes), out)?;
                    out.explain(text.range());
                }
                None => sources.name(url, out),
            }
        }
        sources.state(out);
        for (index, map) in read.maps.iter().enumerate() {
            out.member(&map_name(index), Role::EmbeddedMap, map.bytes(&artifact.bytes))?;
            out.explain(map.range());
        }
        read.damage.into_result()?;
        Ok(Coverage::Part)
    }
}

#[derive(Default)]
struct Read<'a> {
    scripts: Vec<(String, Option<Node<'a>>)>,
    maps: Vec<Node<'a>>,
    damage: Damage,
}

impl<'a> Read<'a> {
    fn scripts(&mut self, list: Node<'a>) {
        let walked = list.items(|script| {
            let (mut url, mut covered, mut texts) = (None, false, Vec::new());
            let walked = script.entries(|key, value| match key {
                b"url" if value.is_string() => url = Some(value.string()),
                b"functions" | b"ranges" => covered = true,
                b"source" | b"text" if value.is_string() => texts.push(value),
                _ => {}
            });
            match url {
                // Node's own modules.
                Some(url) if url.starts_with("node:") && texts.is_empty() => {}
                Some(url) if covered || !texts.is_empty() => {
                    let first = texts.is_empty().then_some(None);
                    let all = texts.into_iter().map(Some).chain(first);
                    self.scripts.extend(all.map(|text| (url.clone(), text)));
                }
                _ => {}
            }
            self.damage.note(walked);
            true
        });
        self.damage.note(walked);
    }

    /// What Node.js remembers of the source maps of scripts that it ran.
    fn maps(&mut self, cache: Node<'a>) {
        let walked = cache.entries(|_, script| {
            let walked = script.entries(|key, value| {
                if key == b"data" && value.is_object() {
                    self.maps.push(value);
                }
            });
            self.damage.note(walked);
        });
        self.damage.note(walked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn node_keeps_maps_and_browsers_keep_texts() {
        let node = r#"{"result":[{"scriptId":"1","url":"file:///home/jdoe/a.mjs","functions":[]},{"scriptId":"2","url":"node:fs","functions":[]}],
            "timestamp":1.5,"source-map-cache":{"file:///home/jdoe/a.mjs":{"lineLengths":[1],"data":{"version":3,"sources":["a.ts"],"sourcesContent":["let a"],"mappings":""},"url":null}}}"#;
        let looked = inspect(&V8Coverage, "coverage-1.json", node.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("derived.sources"), facts.int("derived.personal")), (1, 1));
        assert_eq!(looked.members[0].role, Role::EmbeddedMap);
        for browser in [
            r#"[{"url":"http://localhost/a.js","scriptId":"1","source":"let a\n","functions":[]}]"#,
            r#"[{"url":"http://localhost/a.js","ranges":[{"start":0,"end":5}],"text":"let a\n"}]"#,
        ] {
            let looked = inspect(&V8Coverage, "a.json", browser.as_bytes());
            assert_eq!(&looked.members[0].bytes[..], b"let a\n", "{browser}");
            let cut = inspect(&V8Coverage, "a.json", &browser.as_bytes()[..browser.len() - 1]);
            assert!(matches!(cut.result, Err(FormatError::Broken(_))), "{browser}");
        }
    }
}
