//! The search for what the building machine has left in a program: one pass over the bytes for everything.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::paths::{Anchor, PersonalPaths};
use super::places::Places;
use crate::finding::{FactSpec, FactType};
use crate::formats::Inspection;

pub(super) static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "executable.temporary_rpath",
        kind: FactType::Bool,
        doc: "Whether one of those folders is one for temporary files.",
    },
    FactSpec {
        name: "executable.build_rpath",
        kind: FactType::Bool,
        doc: "Whether one of those folders is the workspace of a build service or container, and none names a person.",
    },
    FactSpec {
        name: "build_machine.people",
        kind: FactType::List,
        doc: "The accounts whose home folders are named, at most 16.",
    },
    FactSpec {
        name: "build_machine.paths",
        kind: FactType::Int,
        doc: "Number of different absolute paths of source files that name no person, and belong to no compiler or system. Stated only where there is one.",
    },
    FactSpec {
        name: "build_machine.places",
        kind: FactType::List,
        doc: "Whose folders these are, and how many: build services, containers, temporary folders, elsewhere.",
    },
    FactSpec {
        name: "build_machine.examples",
        kind: FactType::List,
        doc: "At most 5 of these paths, the oddest first.",
    },
    FactSpec {
        name: "build_machine.temporary",
        kind: FactType::Int,
        doc: "Number of these in folders for temporary files.",
    },
    FactSpec {
        name: "build_machine.elsewhere",
        kind: FactType::Int,
        doc: "Number of these in folders that are not known from services or systems.",
    },
    FactSpec {
        name: "build_machine.shares",
        kind: FactType::Int,
        doc: "Number of different paths of source files on a server of a network (`\\\\server\\share\\…`). Stated only where there is one.",
    },
    FactSpec { name: "build_machine.share_examples", kind: FactType::List, doc: "At most 5 of these paths." },
    FactSpec {
        name: "build_machine.hosts",
        kind: FactType::List,
        doc: "Addressed hosts in domains that are used inside of companies only (.internal, .corp, .intranet, .lan, .localdomain), at most 16.",
    },
    FactSpec { name: "build_machine.host_count", kind: FactType::Int, doc: "Number of these hosts." },
    FactSpec {
        name: "cython.sources",
        kind: FactType::Int,
        doc: "Number of Cython sources (.pyx) that a compiled module names. Stated only where there is one.",
    },
    FactSpec { name: "cython.source_examples", kind: FactType::List, doc: "At most 5 of these names." },
];

const SHOWN: usize = 5;
/// How many letters of a text of two bytes a letter are looked at before and after what was found.
const WIDE_BEFORE: usize = 260;
const WIDE_AFTER: usize = 200;
/// How many texts of two bytes a letter are looked at.
const MOST_WIDE: u64 = 20_000;

/// What a pattern stands for.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Home,
    Users,
    /// An extension of source files, of so many bytes; after it the name must end, or with a NUL.
    File(usize, End),
    /// The last part of a domain.
    Host,
    /// The same in two bytes a letter.
    Wide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Short extensions are in random bytes: only a NUL ends them.
    Nul,
    /// Anything that is no letter, digit, dash or dot.
    Word,
    /// Anything: Rust puts texts right behind each other.
    Any,
}

const MARKS: [(&[u8], Mark); 41] = [
    (b"/home/", Mark::Home),
    (b"sers/", Mark::Users),
    (b"sers\\", Mark::Users),
    (b".c\0", Mark::File(2, End::Nul)),
    (b".h\0", Mark::File(2, End::Nul)),
    (b".m\0", Mark::File(2, End::Nul)),
    (b".S\0", Mark::File(2, End::Nul)),
    (b".cc\0", Mark::File(3, End::Nul)),
    (b".hh\0", Mark::File(3, End::Nul)),
    (b".mm\0", Mark::File(3, End::Nul)),
    (b".cu\0", Mark::File(3, End::Nul)),
    (b".go\0", Mark::File(3, End::Nul)),
    (b".cs\0", Mark::File(3, End::Nul)),
    (b".kt\0", Mark::File(3, End::Nul)),
    (b".py\0", Mark::File(3, End::Nul)),
    (b".rs", Mark::File(3, End::Any)),
    (b".cpp", Mark::File(4, End::Word)),
    (b".cxx", Mark::File(4, End::Word)),
    (b".hpp", Mark::File(4, End::Word)),
    (b".hxx", Mark::File(4, End::Word)),
    (b".inl", Mark::File(4, End::Word)),
    (b".pyx", Mark::File(4, End::Word)),
    (b".pxd", Mark::File(4, End::Word)),
    (b".pdb", Mark::File(4, End::Nul)),
    (b".cuh", Mark::File(4, End::Nul)),
    (b".f90", Mark::File(4, End::Nul)),
    (b".asm", Mark::File(4, End::Nul)),
    (b".zig", Mark::File(4, End::Nul)),
    (b".swift", Mark::File(6, End::Word)),
    (b".internal", Mark::Host),
    (b".intranet", Mark::Host),
    (b".corp", Mark::Host),
    (b".lan", Mark::Host),
    (b".localdomain", Mark::Host),
    (b"/\0h\0o\0m\0e\0/\0", Mark::Wide),
    (b"s\0e\0r\0s\0/\0", Mark::Wide),
    (b"s\0e\0r\0s\0\\\0", Mark::Wide),
    (b".\0c\0", Mark::Wide),
    (b".\0h\0", Mark::Wide),
    (b".\0i\0n\0l\0", Mark::Wide),
    (b".\0p\0d\0b\0", Mark::Wide),
];

static ANCHORS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let patterns = MARKS.iter().map(|(pattern, _)| pattern);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns).ok()
});

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) people: PersonalPaths,
    places: Places,
    wide: u64,
}

impl Traces {
    /// Adds what is in `bytes`.
    pub(super) fn search(&mut self, bytes: &[u8]) {
        // Of two bytes a letter, everything in one text is found again with each of its marks.
        let mut wide_until = 0;
        self.each(bytes, &mut |traces, at, pattern| {
            if at >= wide_until && traces.wide < MOST_WIDE {
                traces.wide += 1;
                let (text, end) = narrow(bytes, at);
                wide_until = end.max(at + pattern);
                traces.each(&text, &mut |_, _, _| {});
            }
        });
    }

    fn each(&mut self, bytes: &[u8], wide: &mut dyn FnMut(&mut Self, usize, usize)) {
        let Some(anchors) = ANCHORS.as_ref() else { return };
        for found in anchors.find_iter(bytes) {
            let at = found.start();
            match MARKS[found.pattern().as_usize()].1 {
                Mark::Home => self.people.look(bytes, at, Anchor::Home),
                Mark::Users => self.people.look(bytes, at, Anchor::Users),
                Mark::File(length, end) if ends(bytes.get(at + length), end) => self.places.file(bytes, at, length),
                Mark::File(..) => {}
                Mark::Host => self.places.host(bytes, at, found.end()),
                Mark::Wide => wide(self, at, found.len()),
            }
        }
    }

    /// States what Rust left in the file whose bytes these are.
    pub(super) fn state_rust(&self, bytes: &[u8], has_debug: bool, out: &mut Inspection<'_>) {
        self.places.rust.state(bytes, has_debug, out);
    }

    /// States what was found.
    pub(super) fn state(&self, out: &mut Inspection<'_>) {
        self.places.state(out);
        let (distinct, shown) = (self.people.distinct(), self.people.shown());
        out.fact("executable.personal_paths", distinct);
        if distinct == 0 {
            return;
        }
        let examples: Vec<String> = shown.iter().take(SHOWN).cloned().collect();
        out.fact("executable.personal_path_examples", examples);
        out.fact("build_machine.people", self.people.people());
        for path in shown {
            out.detail(path.clone());
        }
        let more = distinct.saturating_sub(shown.len() as u64);
        let least = if self.people.stopped_early() { "at least " } else { "" };
        if more > 0 || self.people.stopped_early() {
            out.detail(format!("and {least}{more} more"));
        }
    }
}

fn ends(next: Option<&u8>, end: End) -> bool {
    let next = next.copied().unwrap_or_default();
    match end {
        End::Nul => next == 0,
        End::Word => !(next.is_ascii_alphanumeric() || b"-_.".contains(&next)),
        End::Any => true,
    }
}

/// The text of two bytes a letter around `at`, with one byte a letter and a NUL at its end, and where it ends. Letters
/// beyond ASCII become a question mark, which no path has.
fn narrow(bytes: &[u8], at: usize) -> (Vec<u8>, usize) {
    let is_text = |pair: &[u8]| pair[1] != 0 || pair[0] >= b' ';
    let before = &bytes[at.saturating_sub(2 * WIDE_BEFORE)..at];
    let before = &before[before.len() % 2..];
    let from = before.chunks_exact(2).rposition(|pair| !is_text(pair)).map_or(0, |unit| 2 * (unit + 1));
    let after = &bytes[at..bytes.len().min(at + 2 * WIDE_AFTER)];
    let length = after.chunks_exact(2).take_while(|pair| is_text(pair)).count() * 2;
    let units = before[from..].chunks_exact(2).chain(after[..length].chunks_exact(2));
    let mut text: Vec<u8> = units.map(|pair| if pair[1] == 0 && pair[0] < 0x80 { pair[0] } else { b'?' }).collect();
    text.push(0);
    (text, at + length)
}
