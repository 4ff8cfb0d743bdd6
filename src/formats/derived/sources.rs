//! What is counted while the sources in a derived file are handed out: the same for all of them.

use std::collections::BTreeSet;

use crate::bytes::Bytes;
use crate::finding::{FactSpec, FactType, Role};
use crate::formats::executable::is_personal;
use crate::formats::source_map::{is_absolute, origin};
use crate::formats::{Family, Inspection, Kept, LimitReached, Origin, SourceRecord};

/// How many sources one file may name: beyond it the list is a bomb, not a program.
const SOURCES: u64 = 200_000;
/// How many packages are listed.
const PACKAGES: usize = 32;
/// How many example paths a fact lists.
const EXAMPLES: usize = 5;

pub(super) static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "derived.kind",
        kind: FactType::Text,
        doc: "What the file is: webpack-stats, coverage, heap-snapshot, vite-manifest …",
    },
    FactSpec { name: "derived.sources", kind: FactType::Int, doc: "Number of sources that the file names or embeds" },
    FactSpec { name: "derived.embedded", kind: FactType::Int, doc: "Number of sources whose text it embeds" },
    FactSpec { name: "derived.lines", kind: FactType::Int, doc: "Lines of embedded text" },
    FactSpec { name: "derived.bytes", kind: FactType::Int, doc: "Bytes of embedded text" },
    FactSpec { name: "derived.third_party", kind: FactType::Int, doc: "Number of sources of other packages" },
    FactSpec { name: "derived.packages", kind: FactType::List, doc: "These other packages, at most 32" },
    FactSpec { name: "derived.generated", kind: FactType::Int, doc: "Number of sources written by tools" },
    FactSpec { name: "derived.absolute", kind: FactType::Int, doc: "Number of absolute paths of the building machine" },
    FactSpec {
        name: "derived.personal",
        kind: FactType::Int,
        doc: "Number of paths that name a person or a home folder",
    },
    FactSpec { name: "derived.personal_examples", kind: FactType::List, doc: "At most 5 of these paths" },
];

/// The sources in one file.
#[derive(Default)]
pub(super) struct Sources {
    kind: &'static str,
    sources: u64,
    embedded: u64,
    lines: u64,
    bytes: u64,
    third_party: u64,
    packages: BTreeSet<String>,
    generated: u64,
    absolute: u64,
    personal: u64,
    examples: Vec<String>,
}

impl Sources {
    pub(super) fn new(kind: &'static str) -> Self {
        Sources { kind, ..Sources::default() }
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> u64 {
        self.sources
    }

    /// Adds a source that is only named.
    pub(super) fn name(&mut self, name: &str, out: &mut Inspection<'_>) {
        self.record(name, None, out);
    }

    /// Adds a source with its text, which becomes a member.
    pub(super) fn text(&mut self, name: &str, text: Bytes, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        let kept = Kept::of(&text);
        if !self.record(name, Some(kept), out) {
            return Ok(());
        }
        self.embedded += 1;
        self.lines += kept.lines;
        self.bytes += kept.bytes;
        out.member(name, Role::EmbeddedSource, text)
    }

    /// Adds a source of which only a part is known: it becomes a member, and is shipped if a file of its name is.
    pub(super) fn part(&mut self, name: &str, text: Bytes, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        // What Cython puts in from its own library or makes up.
        let own = ["(tree fragment)", "stringsource", "View.MemoryView", "<", "Cython/", "cython/"];
        let own = own.iter().any(|mark| name.starts_with(mark)) || name.contains("/Cython/Includes/");
        if !self.add(name, if own { Origin::Generated } else { origin(name) }, None, out) {
            return Ok(());
        }
        let kept = Kept::of(&text);
        self.embedded += 1;
        self.lines += kept.lines;
        self.bytes += kept.bytes;
        out.member(name, Role::EmbeddedSource, text)
    }

    /// Adds a source of which it is known whose it is, and that would lie beside the file.
    pub(super) fn beside(&mut self, name: &str, origin: Origin, out: &mut Inspection<'_>) {
        self.add(name, origin, None, out);
    }

    fn record(&mut self, name: &str, text: Option<Kept>, out: &mut Inspection<'_>) -> bool {
        self.add(name, origin(name), text, out)
    }

    fn add(&mut self, name: &str, origin: Origin, text: Option<Kept>, out: &mut Inspection<'_>) -> bool {
        self.sources += 1;
        if self.sources > SOURCES {
            if self.sources == SOURCES + 1 {
                out.gap(format!("it names more than {SOURCES} sources; the rest was not looked at"));
            }
            return false;
        }
        if let Origin::ThirdParty { package, .. } = &origin {
            self.third_party += 1;
            if self.packages.len() < PACKAGES {
                self.packages.insert(package.chars().take(100).collect());
            }
        }
        self.generated += u64::from(origin == Origin::Generated);
        self.place(name);
        out.source(SourceRecord { name: name.to_owned(), origin, text });
        true
    }

    /// Judges a path of the building machine that is no source: a folder, a program.
    pub(super) fn place(&mut self, path: &str) {
        self.absolute += u64::from(is_absolute(path));
        if is_personal(path) {
            self.personal += 1;
            if self.examples.len() < EXAMPLES {
                let path: String = path.chars().take(200).collect();
                if !self.examples.contains(&path) {
                    self.examples.push(path);
                }
            }
        }
    }

    /// States what was counted.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        out.family(Family::Derived);
        out.fact("derived.kind", self.kind);
        for (name, number) in [
            ("derived.sources", self.sources.min(SOURCES)),
            ("derived.embedded", self.embedded),
            ("derived.lines", self.lines),
            ("derived.bytes", self.bytes),
            ("derived.third_party", self.third_party),
            ("derived.generated", self.generated),
            ("derived.absolute", self.absolute),
            ("derived.personal", self.personal),
        ] {
            out.fact(name, number);
        }
        out.fact("derived.packages", self.packages.into_iter().collect::<Vec<_>>());
        out.fact("derived.personal_examples", self.examples);
    }
}
