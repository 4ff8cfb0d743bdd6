//! Lists of files that build tools leave for other tools: Vite's manifest, Storybook's index, what Next.js writes beside
//! a build.

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A list of files of a build, by the kind of its writer.
pub struct Manifest;

/// What a manifest was written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Vite,
    Storybook,
    NextTrace,
    FileTrace,
    NextServer,
}

impl Writer {
    fn kind(self) -> &'static str {
        match self {
            Writer::Vite => "vite-manifest",
            Writer::Storybook => "storybook-index",
            Writer::NextTrace => "next-trace",
            Writer::FileTrace => "file-trace",
            Writer::NextServer => "next-server-files",
        }
    }

    fn of(head: &[u8], name: &str) -> Option<Writer> {
        let first = node::first_key(head)?;
        let has = |needles: &[&[u8]]| node::has_all(head, needles);
        if matches!(first, b"v" | b"entries" | b"stories") && has(&[b"\"importPath\""]) {
            Some(Writer::Storybook)
        } else if first == b"name" && has(&[b"\"traceId\"", b"\"duration\"", b"\"tags\""]) {
            Some(Writer::NextTrace)
        } else if first == b"version" && name.ends_with(".nft.json") {
            Some(Writer::FileTrace)
        } else if first == b"version" && has(&[b"\"config\""]) && name == "required-server-files.json" {
            Some(Writer::NextServer)
        } else if has(&[b"\"file\"", b"\"src\""]) && (has(&[b"\"isEntry\""]) || has(&[b"\"isDynamicEntry\""])) {
            Some(Writer::Vite)
        } else {
            None
        }
    }
}

impl Format for Manifest {
    fn name(&self) -> &'static str {
        "build-manifest"
    }

    fn summary(&self) -> &'static str {
        "manifests of Vite, Storybook and Next.js (file traces, server files, build trace): the source files they name"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        Writer::of(probe.head(), probe.name()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let head = &text[..text.len().min(Probe::HEAD)];
        let writer = Writer::of(head, artifact.path.base_name()).ok_or(FormatError::NotThis)?;
        let mut list = List::default();
        match writer {
            Writer::Vite => list.vite(Node::root(text)),
            Writer::Storybook => list.storybook(Node::root(text)),
            Writer::NextTrace => text.split(|byte| *byte == b'\n').for_each(|line| list.trace(Node::root(line))),
            Writer::FileTrace => list.files(Node::root(text)),
            Writer::NextServer => list.server(Node::root(text)),
        }
        if list.names.is_empty() && list.places.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(writer.kind());
        list.names.iter().for_each(|name| sources.name(name, out));
        list.places.iter().for_each(|place| sources.place(place));
        sources.state(out);
        list.damage.into_result()?;
        Ok(Coverage::Part)
    }
}

#[derive(Default)]
struct List {
    names: Vec<String>,
    places: Vec<String>,
    damage: Damage,
}

impl List {
    fn vite(&mut self, manifest: Node<'_>) {
        let walked = manifest.entries(|_, chunk| self.texts(chunk, &[b"src"]));
        self.damage.note(walked);
    }

    fn storybook(&mut self, index: Node<'_>) {
        let mut lists = Vec::new();
        let walked = index.entries(|key, value| {
            if matches!(key, b"entries" | b"stories") {
                lists.push(value);
            }
        });
        for list in lists {
            let walked = list.entries(|_, story| self.texts(story, &[b"importPath", b"componentPath"]));
            self.damage.note(walked);
        }
        self.damage.note(walked);
        self.names.sort_unstable();
        self.names.dedup();
    }

    /// A line of events; those of modules say which one.
    fn trace(&mut self, events: Node<'_>) {
        let walked = events.items(|event| {
            let mut tags = None;
            let walked = event.entries(|key, value| {
                if key == b"tags" {
                    tags = Some(value);
                }
            });
            self.damage.note(walked);
            let mut found = List::default();
            tags.into_iter().for_each(|tags| found.texts(tags, &[b"name", b"resource", b"dir"]));
            self.names.extend(found.names.into_iter().filter(|name| name.contains(['/', '\\'])));
            true
        });
        self.damage.note(walked);
    }

    fn files(&mut self, trace: Node<'_>) {
        let walked = trace.entries(|key, value| {
            if key == b"files" {
                let walked = value.items(|file| {
                    if file.is_string() {
                        self.names.push(file.string());
                    }
                    true
                });
                self.damage.note(walked);
            }
        });
        self.damage.note(walked);
    }

    fn server(&mut self, files: Node<'_>) {
        let walked = files.entries(|key, value| {
            if matches!(key, b"appDir" | b"relativeAppDir") && value.is_string() {
                self.places.push(value.string());
            }
        });
        self.damage.note(walked);
    }

    fn texts(&mut self, object: Node<'_>, keys: &[&[u8]]) {
        let walked = object.entries(|key, value| {
            if keys.contains(&key) && value.is_string() {
                self.names.push(value.string());
            }
        });
        self.damage.note(walked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn every_writer_is_told_by_its_keys() {
        for (name, text, kind, sources) in [
            (
                "manifest.json",
                r#"{"src/a.ts":{"file":"a.js","src":"src/a.ts","isEntry":true},"_b.js":{"file":"b.js"}}"#,
                "vite-manifest",
                1,
            ),
            (
                "index.json",
                r#"{"v":5,"entries":{"a--b":{"id":"a--b","importPath":"./src/a.stories.ts"},"a--c":{"importPath":"./src/a.stories.ts"}}}"#,
                "storybook-index",
                1,
            ),
            (
                "trace",
                "[{\"name\":\"build-module-ts\",\"duration\":3,\"tags\":{\"name\":\"/home/jdoe/app/a.ts\"},\"traceId\":\"1\"}]\n[{\"name\":\"x\",\"tags\":{}}]\n",
                "next-trace",
                1,
            ),
            ("page.js.nft.json", r#"{"version":1,"files":["../a.js","../../node_modules/x/i.js"]}"#, "file-trace", 2),
            (
                "required-server-files.json",
                r#"{"version":1,"config":{},"appDir":"/home/jdoe/app"}"#,
                "next-server-files",
                0,
            ),
        ] {
            let looked = inspect(&Manifest, name, text.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{name}");
            let facts = &looked.stated.facts;
            assert_eq!(facts.get("derived.kind"), Some(&kind.into()), "{name}");
            assert_eq!(facts.int("derived.sources"), sources, "{name}");
            assert_eq!(facts.int("derived.personal"), u64::from(text.contains("jdoe")), "{name}");
        }
        let other = r#"{"a":{"file":"x","src":1,"isEntry":false}}"#;
        assert!(matches!(inspect(&Manifest, "a.json", other.as_bytes()).result, Err(FormatError::NotThis)));
    }
}
