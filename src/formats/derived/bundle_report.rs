//! Pages that show what a bundle consists of: rollup-plugin-visualizer and webpack-bundle-analyzer.
//!
//! Both carry their data as JSON in a script; visualizer can also write the data alone.

use memchr::memmem;

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// A picture of a bundle: the names and sizes of its modules.
pub struct BundleReport;

/// What stands before visualizer's list of modules.
const VISUALIZER: &[u8] = b"\"nodeMetas\":";
/// What stands before bundle-analyzer's tree of modules.
const ANALYZER: &[u8] = b"window.chartData =";
/// How deep folders may lie in each other.
const DEPTH: usize = 64;

impl Format for BundleReport {
    fn name(&self) -> &'static str {
        "bundle-report"
    }

    fn summary(&self) -> &'static str {
        "reports of rollup-plugin-visualizer and webpack-bundle-analyzer: the names of all modules of a bundle"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let start = head.trim_ascii_start();
        let page =
            start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<!doc") || tag.eq_ignore_ascii_case(b"<html"));
        if page {
            return [VISUALIZER, ANALYZER].iter().any(|mark| memmem::find(probe.all(), mark).is_some());
        }
        node::first_key_is(head, &[b"version"])
            && node::has_all(head, &[b"\"tree\""])
            && memmem::find(probe.all(), VISUALIZER).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let mut report = Report::default();
        if let Some(at) = memmem::find(text, VISUALIZER) {
            report.modules(Node::at(text, at + VISUALIZER.len()));
        }
        if let Some(at) = memmem::find(text, ANALYZER) {
            report.groups(Node::at(text, at + ANALYZER.len()), DEPTH);
        }
        if report.names.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        report.names.iter().for_each(|name| sources.name(name, out));
        sources.state(out);
        report.damage.into_result()?;
        Ok(Coverage::Part)
    }
}

#[derive(Default)]
struct Report {
    names: Vec<String>,
    damage: Damage,
}

impl Report {
    fn modules(&mut self, metas: Node<'_>) {
        let names = &mut self.names;
        let mut damage = Damage::default();
        let walked = metas.entries(|_, module| {
            let walked = module.entries(|key, value| {
                if key == b"id" && value.is_string() {
                    names.push(value.string());
                }
            });
            damage.note(walked);
        });
        self.damage.note(walked);
        self.damage.note(damage.into_result());
    }

    /// The leaves of the tree are modules; a joined module has its parts as leaves.
    fn groups(&mut self, list: Node<'_>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let walked = list.items(|group| {
            let (mut path, mut inner) = (None, None);
            let walked = group.entries(|key, value| match key {
                b"path" if value.is_string() => path = Some(value.string()),
                b"groups" => inner = Some(value),
                _ => {}
            });
            match (inner, path) {
                (Some(inner), _) => self.groups(inner, depth),
                (None, Some(path)) => self.names.push(inside(&path).to_owned()),
                (None, None) => {}
            }
            self.damage.note(walked);
            true
        });
        self.damage.note(walked);
    }
}

/// The part of a joined module: `./src/b.js` for `./src/a.js + 1 modules (concatenated)/src/b.js`.
fn inside(path: &str) -> &str {
    path.rsplit_once(" (concatenated)/").map_or(path, |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn both_kinds_of_page_are_read() {
        let visualizer = r#"<!DOCTYPE html><script>const data = {"version":2,"tree":{},"nodeMetas":{"a-1":{"id":"/src/a.js"},"a-2":{"id":"/node_modules/x/i.js"}}};</script>"#;
        let analyzer = r#"<!DOCTYPE html>
<script>window.chartData = [{"label":"main.js","groups":[{"label":"src","path":"./src","groups":[{"path":"./src/a.js + 1 modules (concatenated)","groups":[{"path":"./src/a.js + 1 modules (concatenated)/src/a.js"}]},{"path":"./node_modules/x/i.js"}]}]}];</script>"#;
        for text in [visualizer, analyzer] {
            let looked = inspect(&BundleReport, "report.html", text.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{text}");
            let facts = &looked.stated.facts;
            assert_eq!((facts.int("derived.sources"), facts.int("derived.third_party")), (2, 1), "{text}");
            let cut = &text.as_bytes()[..text.len() - 40];
            assert!(matches!(inspect(&BundleReport, "x", cut).result, Err(FormatError::Broken(_))), "{text}");
        }
    }
}
