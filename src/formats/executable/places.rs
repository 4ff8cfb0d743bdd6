//! Paths of source files in a program that name no person, judged by where they lie.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use memchr::memmem;
use xxhash_rust::xxh3::xxh3_128;

use super::paths::{is_personal, starts_here};
use super::portrait::capped;
use super::rust::RustFiles;
use super::services::{Place, place};
use crate::formats::Inspection;

/// How many file names are looked at before the search ends.
const MOST_TRIED: u64 = 100_000;
const MOST_PATH: usize = 260;
const SHORTEST: usize = 8;
const EXAMPLES: usize = 5;
const HOSTS: usize = 16;

/// Different paths of one kind, and the first of them.
#[derive(Debug, Default)]
struct Shelf {
    seen: HashSet<u128>,
    examples: Vec<String>,
}

impl Shelf {
    fn add(&mut self, path: &[u8]) {
        if self.seen.insert(xxh3_128(path)) && self.examples.len() < EXAMPLES {
            self.examples.push(capped(path));
        }
    }

    fn count(&self) -> u64 {
        self.seen.len() as u64
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Places {
    services: BTreeMap<&'static str, Shelf>,
    temporary: Shelf,
    elsewhere: Shelf,
    shares: Shelf,
    cython: Shelf,
    pub(super) rust: RustFiles,
    hosts: BTreeSet<String>,
    tried: u64,
}

impl Places {
    /// Looks at the file name whose extension starts at `dot` and has `length` bytes, in text of one byte a letter.
    pub(super) fn file(&mut self, bytes: &[u8], dot: usize, length: usize) {
        self.tried += 1;
        if self.tried > MOST_TRIED {
            return;
        }
        let end = dot + length;
        let run = run_before(bytes, dot);
        match &bytes[dot..end] {
            b".pyx" => self.cython_source(&bytes[run..end]),
            b".rs" => self.rust.add(&bytes[run..end]),
            _ => {}
        }
        if let Some(path) = absolute(bytes, run, end) {
            self.judge(path);
        }
    }

    /// The name of a Cython source stands in the tables of the module that was made of it.
    fn cython_source(&mut self, run: &[u8]) {
        let name = run.rsplit(|byte| !(byte.is_ascii_alphanumeric() || b"/\\._-".contains(byte))).next();
        if let Some(name) = name.filter(|name| name.len() > 4) {
            self.cython.add(name);
        }
    }

    fn judge(&mut self, path: &[u8]) {
        let text = String::from_utf8_lossy(path);
        if is_personal(&text) {
            return;
        }
        match place(&text) {
            Place::Service(whose) => self.services.entry(whose).or_default().add(path),
            Place::Temporary => self.temporary.add(path),
            Place::Share => self.shares.add(path),
            Place::Elsewhere => self.elsewhere.add(path),
            Place::Tool | Place::Example => {}
        }
    }

    /// Looks at a domain that is used inside of companies only, which ends at `end` and whose last part starts at `dot`.
    pub(super) fn host(&mut self, bytes: &[u8], dot: usize, end: usize) {
        let next = bytes.get(end).copied().unwrap_or_default();
        if next.is_ascii_alphanumeric() || b"-_.".contains(&next) || self.hosts.len() >= HOSTS {
            return;
        }
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
        let window = &bytes[dot.saturating_sub(100)..dot];
        let start = window.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1);
        let (before, name) = window.split_at(start);
        // Only where it is addressed: a word with such an ending may be anything.
        let addressed = before.ends_with(b"://") || (before.ends_with(b"@") && before.len() > 1);
        if !addressed || !name.first().is_some_and(u8::is_ascii_alphanumeric) {
            return;
        }
        let host = String::from_utf8_lossy(&bytes[dot - name.len()..end]).to_lowercase();
        if !EVERYBODYS.iter().any(|known| host == *known || host.ends_with(&format!(".{known}"))) {
            self.hosts.insert(host);
        }
    }

    /// States what was found.
    pub(super) fn state(&self, out: &mut Inspection<'_>) {
        let counts = self.services.iter().map(|(whose, shelf)| (*whose, shelf.count()));
        let counts: Vec<_> = counts
            .chain([("temporary folders", self.temporary.count()), ("elsewhere", self.elsewhere.count())])
            .collect();
        let total: u64 = counts.iter().map(|(_, count)| count).sum();
        if total > 0 {
            let places = counts.iter().filter(|(_, count)| *count > 0);
            let places: Vec<String> = places.map(|(whose, count)| format!("{whose} ({count})")).collect();
            out.fact("build_machine.paths", total);
            out.fact("build_machine.places", places);
            out.fact("build_machine.temporary", self.temporary.count());
            out.fact("build_machine.elsewhere", self.elsewhere.count());
            let shelves = [&self.elsewhere, &self.temporary].into_iter().chain(self.services.values());
            let examples: Vec<String> = shelves.flat_map(|shelf| &shelf.examples).take(EXAMPLES).cloned().collect();
            out.fact("build_machine.examples", examples);
        }
        if self.shares.count() > 0 {
            out.fact("build_machine.shares", self.shares.count());
            out.fact("build_machine.share_examples", self.shares.examples.clone());
        }
        if !self.hosts.is_empty() {
            out.fact("build_machine.hosts", self.hosts.iter().cloned().collect::<Vec<_>>());
            out.fact("build_machine.host_count", self.hosts.len());
        }
        if self.cython.count() > 0 {
            out.fact("cython.sources", self.cython.count());
            out.fact("cython.source_examples", self.cython.examples.clone());
        }
    }
}

/// Names that end like those of a company's own hosts and mean the same everywhere.
const EVERYBODYS: [&str; 12] = [
    "metadata.google.internal",
    "host.docker.internal",
    "gateway.docker.internal",
    "kubernetes.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
    "host.minikube.internal",
    "ec2.internal",
    "compute.internal",
    "containers.internal",
    "example.internal",
    "example.corp",
];

/// Where the text around `dot` starts.
fn run_before(bytes: &[u8], dot: usize) -> usize {
    let least = dot.saturating_sub(MOST_PATH);
    let stops = |byte: &u8| *byte < b' ' || *byte >= 0x7f || b"\"'`<>|*;,".contains(byte);
    bytes[least..dot].iter().rposition(stops).map_or(least, |at| least + at + 1)
}

/// The absolute path that ends at `end` and starts at `run` or after it.
fn absolute(bytes: &[u8], run: usize, end: usize) -> Option<&[u8]> {
    let text = &bytes[run..end];
    let windows = windows_start(text);
    let start = match windows {
        Some(start) => start,
        None => {
            // Only Windows has folders with spaces; elsewhere a path starts after the last one.
            let word = memchr::memrchr(b' ', text).map_or(0, |at| at + 1);
            word + unix_start(&text[word..])?
        }
    };
    let path = &text[start..];
    let is_deep = path.iter().filter(|byte| matches!(byte, b'/' | b'\\')).count() >= 2;
    let whole = run > 0 || start > 0 || bytes.first() == path.first();
    (path.len() >= SHORTEST && is_deep && whole && !is_odd(path)).then_some(path)
}

/// Templates, regular expressions and addresses.
fn is_odd(path: &[u8]) -> bool {
    path.iter().any(|byte| b"{}[]?^%".contains(byte)) || memmem::find(path, b"://").is_some()
}

/// A drive, or the two backslashes of a share.
fn windows_start(text: &[u8]) -> Option<usize> {
    let drive = memmem::find_iter(text, b":").find(|at| {
        let is_slash = matches!(text.get(at + 1), Some(b'\\' | b'/'));
        let is_drive = *at > 0 && text[at - 1].is_ascii_alphabetic() && text.get(at + 1) != text.get(at + 2);
        let is_doubled = text.get(at + 1..at + 3) == Some(br"\\");
        is_slash && (is_drive || (is_doubled && *at > 0)) && (*at < 2 || !text[at - 2].is_ascii_alphanumeric())
    });
    if let Some(at) = drive {
        return Some(at - 1);
    }
    let at = memmem::find(text, br"\\")?;
    let starts = at == 0 || matches!(text[at - 1], b' ' | b'=' | b'(' | b':');
    let host = text[at..].iter().position(|byte| *byte != b'\\').map(|skip| &text[at + skip..])?;
    // A path of another system may stand right behind two backslashes: `\\\\third_party/a.cc`.
    let end = host.iter().position(|byte| matches!(byte, b'\\' | b'/'))?;
    let is_share = host[end] == b'\\' && host.first().is_some_and(u8::is_ascii_alphanumeric);
    (starts && is_share).then_some(at)
}

/// The first slash at which a path may start. Rust puts paths right behind each other.
fn unix_start(word: &[u8]) -> Option<usize> {
    let starts = |at: &usize| starts_here(&word[..*at]) || word[..*at].ends_with(b".rs");
    memchr::memchr_iter(b'/', word).find(starts).filter(|at| word.get(at + 1).is_some_and(|next| *next != b'/'))
}

#[cfg(test)]
mod tests {
    use super::super::traces::Traces;
    use crate::bytes::{Bytes, Limits};
    use crate::finding::{Artifact, ArtifactPath, FactValue, Facts, Role};
    use crate::formats::Inspection;

    fn facts(bytes: &[u8]) -> Facts {
        let mut traces = Traces::default();
        traces.search(bytes);
        let artifact = Artifact { path: ArtifactPath::file("a"), role: Role::File, bytes: Bytes::new() };
        let (limits, mut sink) = (Limits::default(), |_| {});
        let mut out = Inspection::new(&artifact, &limits, &mut sink);
        traces.state(&mut out);
        out.finish().facts
    }

    fn list(bytes: &[u8], name: &str) -> String {
        facts(bytes).get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn paths_are_counted_by_place() {
        let bytes = b"\0/home/runner/work/t/a.c\0/home/runner/work/t/b.cc\0/tmp/x1/c.h\0D:\\projects\\acme\\My App\\d.cpp\0\
            /rustc/0123/library/core/e.rs/usr/include/f.h\0assertion failed at /srv/acme/g.cpp:12\0/home/runner/work/t/a.c\0";
        assert_eq!(list(bytes, "build_machine.places"), "GitHub Actions (2), temporary folders (1), elsewhere (2)");
        assert_eq!(facts(bytes).int("build_machine.paths"), 5);
        let examples = list(bytes, "build_machine.examples");
        assert!(examples.starts_with("D:\\projects\\acme\\My App\\d.cpp, /srv/acme/g.cpp, /tmp/x1/c.h"), "{examples}");
    }

    #[test]
    fn text_of_two_bytes_a_letter_is_read_as_well() {
        let text =
            [wide("C:\\Users\\jdoe\\src\\tide.cpp"), wide("E:\\work\\acme\\tide.cpp"), wide("/home/jdoe/a.h")].concat();
        for shift in 0..2 {
            let bytes = [vec![b'x'; shift], vec![0; 2], text.clone()].concat();
            assert_eq!(facts(&bytes).int("executable.personal_paths"), 2, "{shift}");
            assert_eq!(list(&bytes, "build_machine.people"), "jdoe");
            assert_eq!(list(&bytes, "build_machine.examples"), "E:\\work\\acme\\tide.cpp");
        }
    }

    #[test]
    fn shares_and_hosts_of_a_company_are_named() {
        let bytes = b"\0\\\\buildsrv\\projects\\tide\\a.cpp\0\\\\server\\share\\x\\a.cpp\0\\\\third_party/x/y.cc\0\\\\d+\\w\\x.c\0\
            http://metadata.google.internal/computeMetadata\0https://artifacts.harbour.internal/x\0git@git.harbour.corp:a/b\0\
            std.internal\0https://a.internal-api.example.com\0";
        assert_eq!(list(bytes, "build_machine.share_examples"), "\\\\buildsrv\\projects\\tide\\a.cpp");
        assert_eq!(list(bytes, "build_machine.hosts"), "artifacts.harbour.internal, git.harbour.corp");
    }

    #[test]
    fn what_is_no_path_of_a_machine_is_passed_over() {
        for bytes in [
            &b"\0https://example.com/a/b.c\0"[..],
            b"\0src/tide/a.c\0",
            b"\0/%s/%s/a.c\0",
            b"\0{root}/src/a.c\0",
            b"\0/path/to/a.c\0",
            b"\0/a.c\0",
            b"\0Invalid escape \\\\x in a.c\0",
        ] {
            assert_eq!(facts(bytes).int("build_machine.paths"), 0, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_module_of_cython_names_its_sources() {
        let bytes = b"\0harbour/tide.pyx\0__pyx_f\0harbour/tide.pyx\0src/berth.pyx\0";
        assert_eq!(facts(bytes).int("cython.sources"), 2);
        assert_eq!(list(bytes, "cython.source_examples"), "harbour/tide.pyx, src/berth.pyx");
    }
}
