//! `sourceURL` comments: names that evaluated code gives itself. They tell names of original files even where there is no
//! map at all, as in the development builds of webpack.

use memchr::memmem;

use super::PERSONAL_EXAMPLES;
use super::address::{AddressFacts, Addresses};
use super::comment::url;
use super::origin::origin;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::executable::is_personal;
use crate::formats::{Coverage, Format, FormatError, Inspection, Origin};

/// Text with `sourceURL` comments, in strings as well.
pub struct SourceUrl;

static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "source_url.names",
        kind: FactType::Int,
        doc: "Number of the publisher's own files that are named",
    },
    FactSpec { name: "source_url.examples", kind: FactType::List, doc: "At most 5 of these names" },
    FactSpec {
        name: "source_url.personal",
        kind: FactType::Int,
        doc: "Number of these names that name a person or a home folder",
    },
    FactSpec {
        name: "source_url.remote",
        kind: FactType::Int,
        doc: "Number of these names that are addresses elsewhere",
    },
    FactSpec {
        name: "source_url.remote_examples",
        kind: FactType::List,
        doc: "At most 5 of these addresses, archives and buckets first",
    },
    FactSpec { name: "source_url.buckets", kind: FactType::Int, doc: "Number of addresses in storage buckets" },
    FactSpec { name: "source_url.internal", kind: FactType::Int, doc: "Number of addresses of an internal network" },
    FactSpec {
        name: "source_url.trackers",
        kind: FactType::Int,
        doc: "Number of addresses of services that collect errors",
    },
    FactSpec { name: "source_url.archives", kind: FactType::Int, doc: "Number of addresses at which an archive lies" },
    FactSpec {
        name: "source_url.services",
        kind: FactType::List,
        doc: "The services that keep these buckets and errors",
    },
];

static ADDRESS_FACTS: AddressFacts = AddressFacts {
    total: "source_url.remote",
    examples: "source_url.remote_examples",
    buckets: "source_url.buckets",
    internal: "source_url.internal",
    trackers: "source_url.trackers",
    archives: "source_url.archives",
    services: "source_url.services",
};

const MARK: &[u8] = b"# sourceURL=";
/// Characters of a name that are looked at.
const LONGEST: usize = 2_000;

impl Format for SourceUrl {
    fn name(&self) -> &'static str {
        "source-url"
    }

    fn summary(&self) -> &'static str {
        "sourceURL comments in JavaScript, which name original files where there is no source map"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A comment may stand anywhere in a file of any size; one search for a long literal is cheap.
        probe.is_text() && memmem::find(probe.all(), MARK).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = &artifact.bytes[..];
        let (mut names, mut personal, mut examples) = (0u64, 0u64, Vec::new());
        let mut addresses = Addresses::default();
        for at in memmem::find_iter(text, MARK).filter(|at| text[..*at].ends_with(b"//")) {
            let Some(name) = name(&text[at + MARK.len()..]) else { continue };
            if origin(&name) != Origin::FirstParty {
                continue;
            }
            names += 1;
            personal += u64::from(is_personal(&name));
            addresses.add(&name);
            if examples.len() < PERSONAL_EXAMPLES {
                examples.push(name.chars().take(200).collect::<String>());
            }
        }
        if names == 0 {
            return Err(FormatError::NotThis);
        }
        out.fact("source_url.names", names);
        out.fact("source_url.personal", personal);
        out.fact("source_url.examples", examples);
        addresses.state(&ADDRESS_FACTS, out);
        Ok(Coverage::Part)
    }
}

/// The name at the start of `rest`. `None` where a program puts one together.
fn name(rest: &[u8]) -> Option<String> {
    let url = url(&rest[..rest.len().min(LONGEST)], false);
    let (name, next) = (url.text, rest.get(url.length));
    let written =
        !name.is_empty() && !name.iter().any(|byte| matches!(byte, b'$' | b'{' | b'}' | b'+' | b',' | b';' | b'%'));
    let joined = next.is_some_and(|next| matches!(next, b'"' | b'\'' | b'`'));
    // In a string of evaluated code the name ends with an escaped line end, or with the string.
    let ends_string = joined && rest.get(url.length + 1).is_some_and(|next| matches!(next, b')' | b',' | b';'));
    (written && (!joined || ends_string)).then(|| String::from_utf8_lossy(&name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn names_are_read_from_evaluated_code() {
        let text = "eval(\"a();\\n//# sourceURL=webpack-internal:///./src/a.js\\n\");\n\
                    eval(\"b();//# sourceURL=webpack://pilot/./src/b.js?1f2e\");\n\
                    eval(\"c();//# sourceURL=webpack://pilot/./node_modules/c/c.js?\");\n\
                    x()\n//# sourceURL=http://build.corp:8080/d.js\n";
        let looked = inspect(&SourceUrl, "x.js", text.as_bytes());
        let facts = &looked.stated.facts;
        assert_eq!((facts.int("source_url.names"), facts.int("source_url.internal")), (3, 1));
        for program in
            ["s += '//# sourceURL=' + name", "`//# sourceURL=${name}`", "'//# sourceURL=a' + b", "// sourceURL=x"]
        {
            assert!(
                matches!(inspect(&SourceUrl, "x.js", program.as_bytes()).result, Err(FormatError::NotThis)),
                "{program}"
            );
        }
    }
}
