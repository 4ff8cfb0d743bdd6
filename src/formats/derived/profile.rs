//! Profiles of V8: `.cpuprofile` and `.heapprofile` (Chrome DevTools Protocol, domains `Profiler` and `HeapProfiler`).

use std::collections::BTreeSet;

use memchr::memmem;

use super::node::{self, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::source_map::json::Scanner;
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Where a program spent its time or its memory: names of functions, addresses of scripts.
pub struct Profile;

/// What stands before the address of a script. Profiles nest as deep as calls do, so they are not walked.
const MARK: &[u8] = b"\"url\":";

impl Format for Profile {
    fn name(&self) -> &'static str {
        "v8-profile"
    }

    fn summary(&self) -> &'static str {
        "CPU and heap profiles of V8 (.cpuprofile, .heapprofile): the addresses of the scripts that ran"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        node::first_key_is(head, &[b"nodes", b"head"])
            && node::has_all(head, &[b"\"callFrame\"", b"\"scriptId\"", MARK])
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let urls: BTreeSet<String> = memmem::find_iter(text, MARK)
            .filter_map(|at| Scanner::new(text, at + MARK.len()).value().ok())
            .map(|value| Node::of(text, value))
            .filter(|url| url.is_string())
            .map(|url| url.string())
            .filter(|url| url.contains('/') && !url.starts_with("node:"))
            .collect();
        let mut sources = Sources::new(self.name());
        urls.iter().for_each(|url| sources.name(url, out));
        sources.state(out);
        let damage = Scanner::new(text, 0).value().map_err(|(_, error)| error);
        damage?;
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn every_script_is_named_once() {
        let frame = |url: &str| format!(r#"{{"callFrame":{{"functionName":"a","scriptId":"1","url":"{url}"}}}}"#);
        let urls = ["", "node:fs", "file:///home/jdoe/app/a.js", "file:///home/jdoe/app/a.js"];
        let text = format!(r#"{{"nodes":[{}],"samples":[]}}"#, urls.map(frame).join(","));
        let looked = inspect(&Profile, "a.cpuprofile", text.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("derived.sources"), facts.int("derived.personal")), (1, 1));
        let cut = inspect(&Profile, "a.cpuprofile", &text.as_bytes()[..text.len() - 2]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))));
    }
}
