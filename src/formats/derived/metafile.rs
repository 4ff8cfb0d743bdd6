//! esbuild's metafile (esbuild documentation, "Metafile"), which Bun writes too.

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// What esbuild writes about a build: every input, what it imports, and where it went.
pub struct Metafile;

impl Format for Metafile {
    fn name(&self) -> &'static str {
        "esbuild-metafile"
    }

    fn summary(&self) -> &'static str {
        "metafiles of esbuild and Bun: the names of everything that was built in"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        node::first_key_is(head, &[b"inputs", b"outputs"]) && node::has_all(head, &[b"\"bytes\"", b"\"imports\""])
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (mut names, mut outputs, mut damage) = (Vec::new(), false, Damage::default());
        let walked = Node::root(&artifact.bytes).entries(|key, value| match key {
            b"inputs" => damage.note(value.entries(|name, _| names.push(node::key(name)))),
            b"outputs" => outputs = value.is_object(),
            _ => {}
        });
        damage.note(walked);
        let damage = damage.into_result();
        if names.is_empty() || !outputs && damage.is_ok() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        names.iter().for_each(|name| sources.name(name, out));
        sources.state(out);
        damage?;
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn the_inputs_are_the_sources() {
        let text = br#"{"inputs":{"src/a.ts":{"bytes":1,"imports":[]},"node_modules/x/i.js":{"bytes":2,"imports":[]}},
            "outputs":{"dist/a.js":{"inputs":{"src/a.ts":{}},"bytes":1}}}"#;
        let looked = inspect(&Metafile, "meta.json", text);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("derived.sources"), facts.int("derived.third_party")), (2, 1));
        assert_eq!(looked.stated.sources[0].name, "src/a.ts");
        assert!(matches!(inspect(&Metafile, "meta.json", &text[..90]).result, Err(FormatError::Broken(_))));
        let other = br#"{"inputs":{"name":{"bytes":1,"imports":"no"}},"steps":[]}"#;
        assert!(matches!(inspect(&Metafile, "action.json", other).result, Err(FormatError::NotThis)));
    }
}
