//! What rustc and Cargo leave in every program: the names of source files in the places of panics, the version of the
//! compiler, and the list of packages that `cargo auditable` writes (its own document, `PARSING.md`).

use std::collections::BTreeSet;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::portrait::capped;
use crate::bytes::Bytes;
use crate::finding::{FactSpec, FactType, Role};
use crate::formats::{Inspection, LimitReached};

const MOST_NAMES: usize = 20_000;
const EXAMPLES: usize = 5;
/// The section of `cargo auditable`, as ELF and PE name it.
pub(super) const AUDIT: &[u8] = b".dep-v0";

pub(super) static FACTS: &[FactSpec] = &[
    FactSpec { name: "rust.version", kind: FactType::Text, doc: "The version of the Rust compiler, where it is told" },
    FactSpec {
        name: "rust.commit",
        kind: FactType::Text,
        doc: "The commit of the Rust compiler, from the paths of its library",
    },
    FactSpec {
        name: "rust.crates",
        kind: FactType::Int,
        doc: "Number of packages of a registry whose source files are named, with their versions",
    },
    FactSpec { name: "rust.crate_examples", kind: FactType::List, doc: "At most 5 of these packages" },
    FactSpec {
        name: "rust.own_files",
        kind: FactType::Int,
        doc: "Number of source files named that belong neither to Rust nor to a registry",
    },
    FactSpec { name: "rust.own_file_examples", kind: FactType::List, doc: "At most 5 of these files" },
    FactSpec {
        name: "rust.audited",
        kind: FactType::Int,
        doc: "Number of packages in the list of cargo-auditable. Stated only where there is one",
    },
    FactSpec {
        name: "rust.audited_private",
        kind: FactType::List,
        doc: "Packages of that list that are not from the public registry, at most 16, without the program itself",
    },
    FactSpec { name: "rust.audited_private_count", kind: FactType::Int, doc: "Number of these" },
];

/// The names of Rust sources found so far.
#[derive(Debug, Default)]
pub(super) struct RustFiles {
    commit: Option<String>,
    crates: BTreeSet<String>,
    own: BTreeSet<String>,
}

impl RustFiles {
    /// Adds a name, which is the end of `run`. Rust puts texts right behind each other, so `run` may start before it.
    pub(super) fn add(&mut self, run: &[u8]) {
        let last = memmem::rfind(&run[..run.len() - 3], b".rs").map_or(run, |at| &run[at + 3..]);
        let name = String::from_utf8_lossy(last).replace('\\', "/").replace("//", "/");
        if let Some((_, inside)) = name.split_once("/rustc/") {
            let commit: String = inside.chars().take_while(char::is_ascii_hexdigit).collect();
            if commit.len() == 40 {
                self.commit.get_or_insert(commit);
            }
        } else if let Some((_, inside)) = name.split_once("/registry/src/") {
            // First comes a folder for the registry.
            let package = inside.split('/').nth(1).filter(|package| !package.is_empty());
            if let Some(package) = package.filter(|_| self.crates.len() < MOST_NAMES) {
                self.crates.insert(capped(package.as_bytes()));
            }
        } else if !is_of_rust(&name) && !name.contains("/git/checkouts/") && self.own.len() < MOST_NAMES {
            self.own.extend(own(&name).map(|name| capped(name.as_bytes())));
        }
    }

    /// States what was found, if this is a Rust program at all. Debug information names files without the folders they
    /// lie in, those of Rust's own packages among them; whose they are is told where it is read.
    pub(super) fn state(&self, bytes: &[u8], has_debug: bool, out: &mut Inspection<'_>) {
        // Programs of all kinds have a name that ends in `.rs` somewhere.
        if self.commit.is_none() && self.crates.is_empty() && self.own.is_empty() {
            return;
        }
        let version = version(bytes);
        if version.is_none() && self.commit.is_none() && self.crates.is_empty() {
            return;
        }
        if let Some(version) = version {
            out.fact("rust.version", version);
        }
        if let Some(commit) = &self.commit {
            out.fact("rust.commit", commit.as_str());
        }
        let first = |names: &BTreeSet<String>| names.iter().take(EXAMPLES).cloned().collect::<Vec<_>>();
        out.fact("rust.crates", self.crates.len());
        out.fact("rust.crate_examples", first(&self.crates));
        let own: BTreeSet<String> = self.own.iter().filter(|name| !has_debug || is_absolute(name)).cloned().collect();
        out.fact("rust.own_files", own.len());
        out.fact("rust.own_file_examples", first(&own));
    }
}

fn is_absolute(name: &str) -> bool {
    name.starts_with('/') || name.get(1..3) == Some(":/")
}

/// Whether a file belongs to the standard library, or to a package that it is built with.
fn is_of_rust(name: &str) -> bool {
    // Another text may touch the front: `WouldBlocklibrary/std/src/io/mod.rs`.
    let library = ["library/std/", "library/core/", "library/alloc/", "/library/", "/rust/deps/"];
    name.starts_with("library/") || library.iter().any(|folder| name.contains(folder))
}

/// The name without what may stand before it.
fn own(name: &str) -> Option<&str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "/._-:@+".contains(letter);
    let start = name.rfind(|letter: char| !fits(letter)).map_or(0, |at| at + 1);
    let name = name.get(start..)?;
    // The start of an address may touch it as well: `http://src/lib.rs`.
    let address = ["http:/", "https:/"].iter().find_map(|scheme| name.strip_prefix(scheme));
    let name = address.map_or(name, |rest| rest.trim_start_matches('/'));
    // Another text right before a relative path: `a None valuesrc/main.rs`.
    let glued = ["src/", "crates/", "tests/", "examples/", "benches/"].iter().filter_map(|folder| {
        let at = name.find(folder)?;
        let first = !name[..at].contains('/');
        (at > 0 && first && !name[..at].ends_with(['-', '_', '.'])).then_some(at)
    });
    let name = &name[glued.min().unwrap_or(0)..];
    (name.contains('/') && name.len() > 6).then_some(name)
}

/// `rustc version 1.95.0 (59807616e 2026-04-14)`, in the notes of the compiler.
fn version(bytes: &[u8]) -> Option<String> {
    memmem::find_iter(bytes, b"rustc version ").take(8).find_map(|at| {
        let rest = &bytes[at + 14..bytes.len().min(at + 14 + 64)];
        let end = rest.iter().position(|byte| *byte == 0 || *byte == b')')?;
        let text = &rest[..end + usize::from(rest[end] == b')')];
        text.first().is_some_and(u8::is_ascii_digit).then(|| capped(text))
    })
}

/// Hands out the list of packages in the section at `range`, and states what is in it.
///
/// # Errors
/// When a limit forbids handing out the member.
pub(super) fn audit(bytes: &Bytes, range: Range<usize>, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
    let name = "cargo-auditable.json";
    let Some(stored) = bytes.get(range.clone()).filter(|stored| stored.first() == Some(&0x78)) else { return Ok(()) };
    let (text, whole) = out.inflate(name, ZlibDecoder::new(stored), 0);
    if let Ok(list) = serde_json::from_slice::<List>(&text) {
        list.state(out);
    }
    out.member(name, Role::Header, text)?;
    if whole {
        out.explain(range.start as u64..range.end as u64);
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct List {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    root: bool,
}

impl List {
    fn state(&self, out: &mut Inspection<'_>) {
        let is_private = |package: &&Package| !package.root && package.source != "crates.io";
        let private: Vec<String> =
            self.packages.iter().filter(is_private).map(|package| capped(package.name.as_bytes())).collect();
        out.fact("rust.audited", self.packages.len());
        out.fact("rust.audited_private_count", private.len());
        out.fact("rust.audited_private", private.into_iter().take(16).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Elf;
    use super::super::forge::{self, Section};
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    fn text(looked: &Looked, name: &str) -> String {
        looked.stated.facts.get(name).map(FactValue::to_string).unwrap_or_default()
    }

    #[test]
    fn names_are_told_apart_though_nothing_stands_between_them() {
        let rodata = b"WouldBlocklibrary/std/src/io/mod.rs\
                       /rustc/0123456789012345678901234567890123456789/library/core/src/fmt/mod.rs\
            called `Option::unwrap()` on a `None` valuesrc/main.rs\
            /home/jdoe/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde-1.0.1/src/lib.rs\
            /srv/tide/src/berth.rs\0";
        let comment = b"GCC: (Debian 12)\0rustc version 1.95.0 (59807616e 2026-04-14)\0";
        let file = forge::elf(2, &[Section::plain(".rodata", rodata), Section::plain(".comment", comment)]);
        let looked = inspect(&Elf, "tide", &file);
        assert_eq!(text(&looked, "rust.version"), "1.95.0 (59807616e 2026-04-14)");
        assert_eq!(text(&looked, "rust.commit").len(), 40);
        assert_eq!(text(&looked, "rust.crate_examples"), "serde-1.0.1");
        assert_eq!(text(&looked, "rust.own_file_examples"), "/srv/tide/src/berth.rs, src/main.rs");
        assert_eq!(text(&looked, "build_machine.people"), "jdoe");
        let other = inspect(&Elf, "tide", &forge::elf(2, &[Section::plain(".rodata", b"\0src/main.rs\0")]));
        assert_eq!(text(&other, "rust.own_files"), "");
    }

    #[test]
    fn the_list_of_packages_is_a_member() {
        let list = br#"{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"},
            {"name":"tide-core","version":"0.1.0","source":"local"},{"name":"tide","version":"0.1.0","source":"local","root":true}]}"#;
        let looked = inspect(&Elf, "tide", &forge::elf(2, &[Section::plain(".dep-v0", &forge::zlib(list))]));
        assert_eq!(looked.members[0].bytes, &list[..]);
        assert_eq!(
            (text(&looked, "rust.audited"), text(&looked, "rust.audited_private")),
            ("3".into(), "tide-core".into())
        );
        assert_eq!(looked.stated.explained.len(), 1);
        let damaged = inspect(&Elf, "tide", &forge::elf(2, &[Section::plain(".dep-v0", b"\x78\x9cnothing")]));
        assert_eq!(damaged.stated.gaps.len(), 1);
    }
}
