//! Archives of Java classes (JAR File Specification) as a whole: whether sources lie beside the classes, and whether the
//! names of the classes were shortened. The zip format hands out the members; this only looks at the list.

use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::model::zip_names;
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Archives of classes.
pub struct Jar;

const EXAMPLES: usize = 5;
/// Fewer classes say nothing about how they were named.
const ENOUGH: u64 = 20;

static FACTS: &[FactSpec] = &[
    FactSpec { name: "jar.classes", kind: FactType::Int, doc: "Number of classes in an archive" },
    FactSpec {
        name: "jar.sources",
        kind: FactType::Int,
        doc: "Number of sources (.java, .kt, .scala, .groovy) that lie beside the classes",
    },
    FactSpec { name: "jar.source_examples", kind: FactType::List, doc: "At most 5 of these sources" },
    FactSpec {
        name: "jar.short_names",
        kind: FactType::Int,
        doc: "Number of classes whose names have one or two letters, as shrinkers write them",
    },
    FactSpec {
        name: "jar.obfuscated",
        kind: FactType::Bool,
        doc: "Whether most classes have such names (20 classes or more)",
    },
    FactSpec { name: "jar.kotlin_modules", kind: FactType::Int, doc: "Number of Kotlin modules" },
];

impl Format for Jar {
    fn name(&self) -> &'static str {
        "jar"
    }

    fn summary(&self) -> &'static str {
        "archives of Java classes: sources beside the classes, and whether names were shortened"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let named = ["jar", "war", "ear", "aar"].iter().any(|extension| probe.has_extension(extension));
        let first = zip_names::first_name(probe.head()).unwrap_or_default();
        probe.starts_with(b"PK\x03\x04") && (named || first.starts_with(b"META-INF/") || first.ends_with(b".class"))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        // What is wrong with the list is for the zip format to say.
        let Ok(entries) = zip_names::entries(&artifact.bytes) else { return Err(FormatError::NotThis) };
        let (mut classes, mut short, mut sources, mut modules) = (0u64, 0u64, 0u64, 0u64);
        let mut examples = Vec::new();
        for entry in &entries {
            let base = entry.name.rsplit('/').next().unwrap_or_default();
            match base.rsplit_once('.') {
                Some((name, "class")) if !matches!(name, "package-info" | "module-info") => {
                    classes += 1;
                    short += u64::from(name.split('$').next().is_some_and(|name| name.len() <= 2));
                }
                Some((_, "java" | "kt" | "scala" | "groovy")) if !entry.name.starts_with("META-INF/") => {
                    sources += 1;
                    if examples.len() < EXAMPLES {
                        examples.push(super::short(entry.name.as_bytes()));
                    }
                }
                Some((_, "kotlin_module")) => modules += 1,
                _ => {}
            }
        }
        if classes == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("jar.classes", classes);
        out.fact("jar.sources", sources);
        out.fact("jar.short_names", short);
        out.fact("jar.obfuscated", classes >= ENOUGH && short * 2 > classes);
        out.fact("jar.kotlin_modules", modules);
        if sources > 0 {
            out.fact("jar.source_examples", examples);
        }
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// A zip of empty members.
    fn zip(names: &[String]) -> Vec<u8> {
        let (mut out, mut list) = (Vec::new(), Vec::new());
        for name in names {
            let at = (out.len() as u32).to_le_bytes();
            let length = (name.len() as u16).to_le_bytes();
            out.extend([&b"PK\x03\x04\x14\0"[..], &[0; 20], &length, &[0; 2], name.as_bytes()].concat());
            list.extend([&b"PK\x01\x02\x14\0\x14\0"[..], &[0; 20], &length, &[0; 12], &at, name.as_bytes()].concat());
        }
        let count = (names.len() as u16).to_le_bytes();
        let (start, size) = ((out.len() as u32).to_le_bytes(), (list.len() as u32).to_le_bytes());
        out.extend([&list[..], b"PK\x05\x06", &[0; 4], &count, &count, &size, &start, &[0; 2]].concat());
        out
    }

    #[test]
    fn an_archive_is_described_by_its_names() {
        let mut names = vec!["META-INF/MANIFEST.MF".to_owned(), "org/Pilot.java".to_owned()];
        names.extend(('a'..='z').map(|letter| format!("x/{letter}.class")));
        let facts = inspect(&Jar, "tide.jar", &zip(&names)).stated.facts;
        assert_eq!((facts.int("jar.classes"), facts.int("jar.sources"), facts.int("jar.short_names")), (26, 1, 26));
        assert_eq!(facts.get("jar.obfuscated"), Some(&true.into()));
        let facts = inspect(&Jar, "tide.jar", &zip(&["org/Pilot.class".to_owned()])).stated.facts;
        assert_eq!((facts.int("jar.classes"), facts.get("jar.obfuscated")), (1, Some(&false.into())));
        assert!(matches!(inspect(&Jar, "a.jar", &zip(&["a.txt".to_owned()])).result, Err(FormatError::NotThis)));
    }
}
