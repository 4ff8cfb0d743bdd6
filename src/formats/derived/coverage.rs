//! Coverage as JSON: Istanbul's (`coverage-final.json`, `.nyc_output`), which Jest, Vitest and c8 write too, and
//! coverage.py's.

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Format, FormatError, Inspection};

/// Which lines of which files were run, with the source maps that led to them.
pub struct Coverage;

impl Format for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn summary(&self) -> &'static str {
        "coverage as JSON (Istanbul, nyc, Jest, Vitest, coverage.py): file names; the source maps in it are members"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let istanbul = || node::has_all(head, &[b"\"path\"", b"\"statementMap\""]);
        let python = || node::has_all(head, &[b"\"meta\"", b"\"executed_lines\""]);
        node::first_key(head).is_some() && (istanbul() || python())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<crate::formats::Coverage, FormatError> {
        let mut read = Read::default();
        let mut files = None;
        let walked = Node::root(&artifact.bytes).entries(|key, value| match key {
            b"files" => files = Some(value),
            b"meta" | b"totals" => {}
            _ => read.istanbul(value),
        });
        read.damage.note(walked);
        if let Some(files) = files {
            let walked = files.entries(|name, _| read.names.push(node::key(name)));
            read.damage.note(walked);
        }
        if read.names.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        read.names.iter().for_each(|name| sources.name(name, out));
        sources.state(out);
        for (index, map) in read.maps.iter().enumerate() {
            out.member(&map_name(index), Role::EmbeddedMap, map.bytes(&artifact.bytes))?;
            out.explain(map.range());
        }
        read.damage.into_result()?;
        Ok(crate::formats::Coverage::Part)
    }
}

/// The name of a map that is carried inside another file, as those in `data:` URIs have it.
pub(super) fn map_name(index: usize) -> String {
    if index == 0 { "inline.map".to_owned() } else { format!("inline-{}.map", index + 1) }
}

#[derive(Default)]
struct Read<'a> {
    names: Vec<String>,
    maps: Vec<Node<'a>>,
    damage: Damage,
}

impl<'a> Read<'a> {
    fn istanbul(&mut self, file: Node<'a>) {
        let (mut path, mut counted, mut maps) = (None, false, Vec::new());
        let walked = file.entries(|key, value| match key {
            b"path" if value.is_string() => path = Some(value.string()),
            b"statementMap" => counted = true,
            b"inputSourceMap" if value.is_object() => maps.push(value),
            _ => {}
        });
        if counted {
            self.names.extend(path);
            self.maps.extend(maps);
        }
        self.damage.note(walked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn the_maps_that_led_to_the_sources_are_members() {
        let text = r#"{"/home/jdoe/a.js":{"path":"/home/jdoe/a.js","statementMap":{},"inputSourceMap":{"version":3,"sources":["a.ts"],"sourcesContent":["let a"],"mappings":""}}}"#;
        let looked = inspect(&Coverage, "coverage-final.json", text.as_bytes());
        assert!(looked.result.is_ok());
        assert_eq!(looked.members[0].path.base_name(), "inline.map");
        assert!(looked.members[0].bytes.ends_with(b"\"mappings\":\"\"}"));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("derived.sources"), facts.int("derived.personal")), (1, 1));
        let cut = inspect(&Coverage, "coverage-final.json", &text.as_bytes()[..text.len() - 20]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))));
        assert_eq!(cut.members.len(), 1, "a map that is cut off is a member all the same");
    }

    #[test]
    fn the_report_of_coverage_py_names_its_files() {
        let text = br#"{"meta": {"format": 3}, "files": {"app/a.py": {"executed_lines": [1]}}, "totals": {}}"#;
        let looked = inspect(&Coverage, "coverage.json", text);
        assert_eq!(looked.stated.sources[0].name, "app/a.py");
    }
}
