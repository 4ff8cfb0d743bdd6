//! What debug information says of how a program was compiled: from which files, by what, and with which options.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::names::{Names, joined};
use super::portrait::capped;
use super::units::{At, Unit, Units};
use crate::bytes::text;
use crate::formats::Inspection;
use crate::formats::source_map::{Reach, address};

const COMPILERS: usize = 8;
const EXAMPLES: usize = 5;
const LINKS: usize = 8;
/// How much text of units is read, in bytes, as far as it is not read before: forged units could share one long text at
/// a million offsets.
const MOST_TEXT: u64 = 64 << 20;
const MOST_NAME: usize = 4 << 10;
const MOST_OPTIONS: usize = 64 << 10;

/// Gathered while debug information is read, and stated once.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) units: u64,
    pub(super) names: Names,
    compilers: BTreeSet<String>,
    command_lines: u64,
    defines: HashSet<String>,
    /// Whether macro definitions are among it.
    pub(super) macros: bool,
    split: BTreeSet<String>,
    links: BTreeSet<String>,
    internal_links: u64,
    read: u64,
}

/// How Go's compiler names itself.
const GO: &[u8] = b"Go cmd/compile";

/// What the producer of a unit says.
#[derive(Clone, Copy, Default)]
struct Options {
    recorded: bool,
}

impl Compiled {
    /// Adds the units of these sections. Answers in which folder the compiler ran, by the offset of a unit's line table.
    pub(super) fn add_units(&mut self, units: &Units<'_>) -> HashMap<u64, String> {
        let mut folders = HashMap::new();
        let mut known: HashMap<At, Options> = HashMap::new();
        units.walk(|units, unit| {
            self.units += 1;
            let folder = self.text(units, unit.folder);
            // Go names packages there, and files in the line tables.
            let by_go = unit.producer.is_some_and(|at| units.text(at, GO.len()) == GO);
            self.names.go |= by_go;
            if let Some(name) = unit.name.filter(|_| !by_go)
                && self.names.is_new(&[place(name), unit.folder.map_or((9, 0), place)])
            {
                let name = self.text(units, Some(name));
                // rustc names the part of a crate after the file.
                let name = name.split_once("/@/").map_or(&*name, |(name, _)| name);
                self.names.add(&joined(name, &[&folder]));
            }
            let recorded = [unit.producer, unit.flags].into_iter().flatten().fold(false, |recorded, at| {
                let options = *known.entry(at).or_insert_with(|| {
                    let text = units.text(at, MOST_OPTIONS);
                    self.read += text.len() as u64;
                    if unit.producer == Some(at) { self.add_compiler(text) } else { self.add_options(text) }
                });
                recorded | options.recorded
            });
            self.command_lines += u64::from(recorded);
            self.add_split(units, &unit);
            if let Some(line) = unit.line.filter(|_| !folder.is_empty()) {
                folders.insert(line, folder);
            }
        });
        folders
    }

    fn text(&mut self, units: &Units<'_>, at: Option<At>) -> String {
        let Some(at) = at.filter(|_| self.read < MOST_TEXT) else { return String::new() };
        let text = units.text(at, MOST_NAME);
        self.read += text.len() as u64 + 32;
        text::lossy(text).into_owned()
    }

    fn add_split(&mut self, units: &Units<'_>, unit: &Unit) {
        if unit.split.is_some() {
            let name = self.text(units, unit.split);
            self.split.insert(name);
        }
    }

    /// Adds a compiler as it names itself, with its options behind that: `GNU C17 12.2.0 -mtune=generic -g`. Clang puts
    /// its own path between the two.
    fn add_compiler(&mut self, producer: &[u8]) -> Options {
        let end = [&b" -"[..], b" /"].iter().filter_map(|mark| memchr::memmem::find(producer, mark)).min();
        let (compiler, options) = producer.split_at(end.unwrap_or(producer.len()));
        self.add_named_compiler(compiler);
        self.add_options(options)
    }

    /// Adds a compiler by its name and version.
    pub(super) fn add_named_compiler(&mut self, name: &[u8]) {
        let name = {
            let name = name.trim_ascii();
            capped(name.strip_suffix(b";").unwrap_or(name))
        };
        if !name.is_empty() && (self.compilers.len() < COMPILERS || self.compilers.contains(&name)) {
            self.compilers.insert(name);
        }
    }

    /// Adds the options of a compiler. Only the names of macros are kept, because their values can be secrets.
    fn add_options(&mut self, options: &[u8]) -> Options {
        let options = text::lossy(options);
        let mut words = options.split_ascii_whitespace().peekable();
        let recorded = words.peek().is_some();
        while let Some(word) = words.next() {
            let word = word.trim_matches(['"', '\'']);
            // GCC writes a space between the two.
            let Some(define) = word.strip_prefix("-D").or_else(|| word.strip_prefix("/D")) else { continue };
            let mut next = || words.next().unwrap_or_default().trim_matches(['"', '\'']);
            let define = if define.is_empty() { next() } else { define };
            let name: String = define.split(['=', '(']).next().unwrap_or_default().chars().take(64).collect();
            if is_macro(&name) && self.defines.len() < 10_000 {
                self.defines.insert(name);
            }
        }
        Options { recorded }
    }

    /// Adds a recorded command line of a unit.
    pub(super) fn add_command_line(&mut self, options: &[u8]) {
        self.command_lines += 1;
        self.add_options(options);
    }

    /// Adds the addresses of a Source Link document (JSON: `{"documents": {"C:\\src\\*": "https://host/*"}}`). Answers
    /// whether it is one.
    pub(super) fn add_source_link(&mut self, document: &[u8]) -> bool {
        let Ok(document) = serde_json::from_slice::<SourceLink>(document) else { return false };
        for url in document.documents.into_values() {
            let internal = address(&url).is_some_and(|address| matches!(address.reach, Reach::Internal));
            let url: String = without_user(&url).chars().take(200).collect();
            if self.links.len() < 1_000 && self.links.insert(url) {
                self.internal_links += u64::from(internal);
            }
        }
        true
    }

    /// States what is known.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        let (own, examples) = self.names.own();
        for (name, count) in [
            ("debug.units", self.units),
            ("debug.files", self.names.distinct()),
            ("debug.command_lines", self.command_lines),
            ("debug.defines", self.defines.len() as u64),
            ("debug.split_files", self.split.len() as u64),
        ] {
            if count > 0 {
                out.fact(name, count);
            }
        }
        if self.names.distinct() > 0 {
            out.fact("debug.own_files", own);
        }
        if own > 0 {
            out.fact("debug.own_examples", examples.to_vec());
        }
        if !self.compilers.is_empty() {
            out.fact("debug.compilers", self.compilers.into_iter().collect::<Vec<_>>());
        }
        if self.macros {
            out.fact("debug.macros", true);
        }
        if !self.split.is_empty() {
            let examples = self.split.iter().take(EXAMPLES).map(|name| capped(name.as_bytes()));
            out.fact("debug.split_examples", examples.collect::<Vec<_>>());
        }
        if !self.links.is_empty() {
            out.fact("debug.source_links", self.links.into_iter().take(LINKS).collect::<Vec<_>>());
            out.fact("debug.source_links_internal", self.internal_links);
        }
    }
}

/// Source Link (dotnet/designs, `accepted/2020/diagnostics/source-link.md`).
#[derive(serde::Deserialize)]
struct SourceLink {
    documents: std::collections::BTreeMap<String, String>,
}

fn place((place, start): At) -> (usize, usize) {
    (place as usize, start)
}

fn is_macro(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// An address without the name and password in front of its host: facts are shown.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host = rest.find('/').unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_counted_and_the_values_of_macros_are_not_kept() {
        let mut compiled = Compiled::default();
        assert!(!compiled.add_compiler(b"clang version 18.1.6 (https://example.org/x 1a2b)").recorded);
        assert!(compiled.add_compiler(b"GNU C17 12.2.0 -mtune=generic -D TIDE=word -DBERTH -g").recorded);
        assert!(compiled.add_compiler(b"clang version 18.1.6 /usr/bin/clang \"-D\" \"HARBOUR(x)=1\" -D1 -g").recorded);
        let mut defines: Vec<_> = compiled.defines.iter().map(String::as_str).collect();
        defines.sort_unstable();
        assert_eq!(defines, ["BERTH", "HARBOUR", "TIDE"]);
        let compilers: Vec<_> = compiled.compilers.iter().map(String::as_str).collect();
        assert_eq!(
            compilers,
            ["GNU C17 12.2.0", "clang version 18.1.6", "clang version 18.1.6 (https://example.org/x 1a2b)"]
        );
    }

    #[test]
    fn addresses_of_sources_are_kept_without_their_passwords() {
        let mut compiled = Compiled::default();
        assert!(!compiled.add_source_link(b"{}"));
        assert!(compiled.add_source_link(
            br#"{"documents": {"/_/*": "https://git.harbour.internal/x/*", "/a/*": "https://jdoe:x@raw.example.com/*"}}"#
        ));
        let links: Vec<_> = compiled.links.iter().map(String::as_str).collect();
        assert_eq!(links, ["https://git.harbour.internal/x/*", "https://raw.example.com/*"]);
        assert_eq!(compiled.internal_links, 1);
    }
}
