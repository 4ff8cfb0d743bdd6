//! `*.tsbuildinfo`: what the TypeScript compiler keeps for the next build (TypeScript handbook, "incremental").

use super::node::{self, Damage, Node};
use super::sources::{FACTS, Sources};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The state of an incremental build: names and digests of all files, and the compiler's options.
pub struct TsBuildInfo;

/// Where the compiler's own declarations lie.
const OWN: &str = "/typescript/lib/lib.";

impl Format for TsBuildInfo {
    fn name(&self) -> &'static str {
        "tsbuildinfo"
    }

    fn summary(&self) -> &'static str {
        "build states of the TypeScript compiler (.tsbuildinfo): the names of all files of the program"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        const FIRST: [&[u8]; 8] =
            [b"program", b"fileNames", b"bundle", b"root", b"version", b"buildInfo", b"errors", b"packageJsons"];
        let known = || node::has_all(head, &[b"\"fileNames\""]) || node::has_all(head, &[b"\"fileInfos\""]);
        node::first_key_is(head, &FIRST) && (probe.has_extension("tsbuildinfo") || known())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut state = State::default();
        state.read(Node::root(&artifact.bytes), true);
        let named = artifact.path.base_name().to_ascii_lowercase().ends_with(".tsbuildinfo");
        let damage = state.damage.into_result();
        if !(state.versioned || named && damage.is_err()) || state.names.is_empty() {
            return Err(FormatError::NotThis);
        }
        let mut sources = Sources::new(self.name());
        state.names.iter().filter(|name| !name.contains(OWN)).for_each(|name| sources.name(name, out));
        sources.state(out);
        damage?;
        Ok(Coverage::Part)
    }
}

#[derive(Default)]
struct State {
    names: Vec<String>,
    versioned: bool,
    damage: Damage,
}

impl State {
    /// Older compilers put everything into `program`; the `bundle` of an outFile lists its sources too.
    fn read(&mut self, state: Node<'_>, outermost: bool) {
        let walked = state.entries(|key, value| match key {
            b"version" if outermost => self.versioned = value.is_string(),
            b"fileNames" | b"sourceFiles" | b"root" if value.is_array() => {
                let walked = value.items(|item| {
                    if item.is_string() {
                        let name = item.string();
                        self.names.push(name);
                    }
                    true
                });
                self.damage.note(walked);
            }
            b"fileInfos" if value.is_object() => {
                let walked = value.entries(|name, _| self.names.push(node::key(name)));
                self.damage.note(walked);
            }
            b"program" | b"bundle" if outermost => self.read(value, false),
            _ => {}
        });
        self.damage.note(walked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn names_are_read_from_states_of_all_ages() {
        for text in [
            r#"{"fileNames":["../node_modules/typescript/lib/lib.es5.d.ts","../src/a.ts"],"root":[2],"version":"5.9.3"}"#,
            r#"{"program":{"fileNames":["../src/a.ts"],"fileInfos":[{"version":"1"}]},"version":"4.9.5"}"#,
            r#"{"program":{"fileInfos":{"../src/a.ts":{"version":"1"}}},"version":"3.9.2"}"#,
            r#"{"root":["../src/a.ts"],"version":"5.8.2"}"#,
        ] {
            let looked = inspect(&TsBuildInfo, "tsconfig.tsbuildinfo", text.as_bytes());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{text}");
            let names: Vec<&str> = looked.stated.sources.iter().map(|source| source.name.as_str()).collect();
            assert_eq!(names, ["../src/a.ts"], "{text}");
        }
        let cut = r#"{"fileNames":["../src/a.ts","#;
        let looked = inspect(&TsBuildInfo, "a.tsbuildinfo", cut.as_bytes());
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
        let other = r#"{"version":"1.0.0","fileNames":"a","x":[]}"#;
        assert!(matches!(inspect(&TsBuildInfo, "a.json", other.as_bytes()).result, Err(FormatError::NotThis)));
    }
}
