//! What R8 and ProGuard write about the names they took away (ProGuard manual, "ReTrace"; R8, "retrace.md").

use memchr::memmem;

use super::sources::FACTS as SOURCES;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// `mapping.txt`: every class and member, by its old and its new name.
pub struct Mapping;

static FACTS: &[FactSpec] = &[
    SOURCES[0],
    FactSpec { name: "obfuscation.classes", kind: FactType::Int, doc: "Number of classes that a mapping names" },
    FactSpec { name: "obfuscation.members", kind: FactType::Int, doc: "Number of fields and methods that it names" },
    FactSpec {
        name: "obfuscation.renamed",
        kind: FactType::Int,
        doc: "Number of classes, fields and methods whose old name only the mapping tells",
    },
    FactSpec { name: "obfuscation.compiler", kind: FactType::Text, doc: "What wrote the mapping: R8, D8 or ProGuard" },
    FactSpec {
        name: "obfuscation.in_bundle",
        kind: FactType::Bool,
        doc: "Whether it lies where app bundles carry it for the store, which takes it out",
    },
];

/// Where Android app bundles keep it.
const BUNDLE: &str = "BUNDLE-METADATA/";

impl Format for Mapping {
    fn name(&self) -> &'static str {
        "obfuscation-mapping"
    }

    fn summary(&self) -> &'static str {
        "mappings of R8 and ProGuard (mapping.txt): how many names they give back"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        if !probe.is_text() {
            return false;
        }
        // Comments come first, and may be long; the first class follows them.
        let head = probe.head();
        let mut lines = head.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#") && !line.is_empty());
        let first = lines.next().map(class);
        matches!(first, Some(Some(_)))
            && lines.next().is_none_or(|line| class(line).is_some() || member(line).is_some())
            || head.starts_with(b"# compiler: ") && memmem::find(head, b"# pg_map_id: ").is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let (mut classes, mut members, mut renamed, mut others) = (0u64, 0u64, 0u64, 0u64);
        let mut compiler = "ProGuard".to_owned();
        for line in artifact.bytes.split(|byte| *byte == b'\n') {
            if let Some(rest) = line.strip_prefix(b"#") {
                if let Some(name) = rest.strip_prefix(b" compiler: ") {
                    compiler = String::from_utf8_lossy(name.trim_ascii()).chars().take(40).collect();
                }
            } else if let Some(changed) = class(line) {
                classes += 1;
                renamed += u64::from(changed);
            } else if let Some(changed) = member(line) {
                members += 1;
                renamed += u64::from(changed);
            } else {
                others += u64::from(!line.trim_ascii().is_empty());
            }
        }
        if classes == 0 || others > classes + members {
            return Err(FormatError::NotThis);
        }
        out.fact("derived.kind", self.name());
        out.fact("obfuscation.classes", classes);
        out.fact("obfuscation.members", members);
        out.fact("obfuscation.renamed", renamed);
        out.fact("obfuscation.compiler", compiler);
        out.fact("obfuscation.in_bundle", artifact.path.logical().contains(BUNDLE));
        Ok(Coverage::Part)
    }
}

/// Whether the line of a class (`a.b.C -> x.y:`) gives an old name back; `None` for other lines.
fn class(line: &[u8]) -> Option<bool> {
    let line = line.trim_ascii_end().strip_suffix(b":")?;
    let arrow = memmem::find(line, b" -> ")?;
    let (old, new) = (&line[..arrow], &line[arrow + 4..]);
    (is_name(old) && is_name(new)).then_some(old != new)
}

/// The same for a field (`    int a -> b`) or method (`    1:3:void run(int):10:12 -> a`).
fn member(line: &[u8]) -> Option<bool> {
    let line = line.trim_ascii_end().strip_prefix(b"    ")?;
    let arrow = memmem::rfind(line, b" -> ")?;
    let (old, new) = (&line[..arrow], &line[arrow + 4..]);
    let old = &old[..memchr::memchr(b'(', old).unwrap_or(old.len())];
    let old = &old[memchr::memrchr(b' ', old)? + 1..];
    // A method that was moved is named with its class.
    let old = &old[memchr::memrchr(b'.', old).map_or(0, |dot| dot + 1)..];
    (is_name(old) && is_name(new)).then_some(old != new)
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._$-<>[]/".contains(byte) || *byte >= 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    const MAPPING: &str = "# compiler: R8\n# compiler_version: 8.2.33\n# pg_map_id: 1\norg.tidewater.Fee -> a.a:\n# {\"id\":\"sourceFile\",\"fileName\":\"Fee.kt\"}\n    int limit -> a\n    1:3:void <init>():10:12 -> <init>\n    4:4:int of(int,java.lang.String):20 -> b\norg.tidewater.Main -> org.tidewater.Main:\n    void main(java.lang.String[]) -> main\n";

    #[test]
    fn names_that_are_given_back_are_counted() {
        let looked = inspect(&Mapping, "mapping.txt", MAPPING.as_bytes());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let facts = &looked.stated.facts;
        let int = |name| facts.int(name);
        assert_eq!((int("obfuscation.classes"), int("obfuscation.members")), (2, 4));
        assert_eq!(int("obfuscation.renamed"), 3);
        assert_eq!(facts.get("obfuscation.compiler"), Some(&"R8".into()));
        assert!(inspect(&Mapping, "m", MAPPING.replace("# ", "#").as_bytes()).result.is_ok());
    }

    #[test]
    fn arrows_in_prose_are_no_mapping() {
        for text in ["a -> b:\n1\n2\n3\n4\n", "state -> next\n", "- x -> y:\n", "# compiler: none\n"] {
            assert!(matches!(inspect(&Mapping, "a.txt", text.as_bytes()).result, Err(FormatError::NotThis)), "{text}");
        }
    }
}
