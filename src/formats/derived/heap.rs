//! V8 heap snapshots (Chrome DevTools, "Record heap snapshots"; `v8.writeHeapSnapshot` of Node.js).

use super::node::{self, Damage, Node};
use super::sources::FACTS as SOURCES;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Everything that a JavaScript program had in its memory: values, and the beginnings of its own sources.
pub struct HeapSnapshot;

static FACTS: &[FactSpec] = &[
    SOURCES[0],
    FactSpec { name: "heap.nodes", kind: FactType::Int, doc: "Number of objects that were in memory" },
    FactSpec { name: "heap.strings", kind: FactType::Int, doc: "Number of different texts that were in memory" },
    FactSpec {
        name: "heap.texts",
        kind: FactType::Int,
        doc: "Number of these that have several lines, such as programs",
    },
];

/// A text of several lines and at least this many bytes is looked at as a file of its own.
const TEXT: usize = 200;

impl Format for HeapSnapshot {
    fn name(&self) -> &'static str {
        "heap-snapshot"
    }

    fn summary(&self) -> &'static str {
        "heap snapshots of V8 (.heapsnapshot): what was in memory; texts of several lines are members"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        node::first_key_is(probe.head(), &[b"snapshot"])
            && node::has_all(probe.head(), &[b"\"meta\"", b"\"node_fields\""])
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (mut nodes, mut lists, mut damage) = (0, Vec::new(), Damage::default());
        let walked = Node::root(&artifact.bytes).entries(|key, value| match key {
            b"snapshot" => {
                let walked = value.entries(|key, count| {
                    if key == b"node_count" {
                        nodes = count.number().unwrap_or(0);
                    }
                });
                damage.note(walked);
            }
            b"strings" => lists.push(value),
            b"nodes" | b"edges" | b"trace_function_infos" | b"samples" | b"locations" if is_numbers(value.raw()) => {
                out.explain(value.range());
            }
            _ => {}
        });
        damage.note(walked);
        let (mut strings, mut texts, mut limit) = (0u64, 0u64, Ok(()));
        for list in lists {
            let walked = list.items(|text| {
                strings += 1;
                if text.raw().len() >= TEXT && node::has_all(text.raw(), &[b"\\n"]) {
                    texts += 1;
                    out.explain(text.range());
                    limit = out.member(&format!("text-{strings}"), Role::EmbeddedSource, text.bytes(&artifact.bytes));
                }
                limit.is_ok()
            });
            damage.note(walked);
        }
        out.fact("derived.kind", self.name());
        out.fact("heap.nodes", nodes);
        out.fact("heap.strings", strings);
        out.fact("heap.texts", texts);
        limit?;
        damage.into_result()?;
        Ok(Coverage::Part)
    }
}

/// Whether a list holds whole numbers alone, and so no text.
fn is_numbers(list: &[u8]) -> bool {
    list.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace() || b"[],-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn texts_of_several_lines_are_members() {
        let program = format!("let a;\\n{}", "// pilots only\\n".repeat(20));
        let text = format!(
            r#"{{"snapshot":{{"meta":{{"node_fields":["type"]}},"node_count":7}},"nodes":[1,2],"edges":[],"strings":["","a","{program}"]}}"#
        );
        let looked = inspect(&HeapSnapshot, "a.heapsnapshot", text.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert!(looked.members[0].bytes.starts_with(b"let a;\n// pilots"));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("heap.nodes"), facts.int("heap.strings"), facts.int("heap.texts")), (7, 3, 1));
        let cut = inspect(&HeapSnapshot, "a.heapsnapshot", &text.as_bytes()[..text.len() - 30]);
        assert!(matches!(cut.result, Err(FormatError::Broken(_))));
        assert_eq!(cut.members.len(), 1);
    }
}
