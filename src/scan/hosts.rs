//! The hosts that shipped text names in addresses (`https://host/…`). Looked for only when somebody asks: in text that
//! runs or is read by programs, not in documentation and not in source maps, which name whatever somebody once read.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use crate::bytes::Probe;
use crate::finding::{Artifact, ArtifactPath, Gap, Role, Stage};
use crate::manifest::Kind;

/// Most hosts of one file.
const HOSTS: usize = 10_000;

/// Longest name of a host in bytes (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;

/// Longest user name and password before a host that is passed over.
const LONGEST_USER: usize = 128;

/// A host that shipped text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name in lower case, or its address.
    pub name: String,
    /// The first file, by path, that names it.
    pub path: ArtifactPath,
    /// How many files name it.
    pub files: u64,
}

/// The hosts of all files that were looked at.
#[derive(Debug, Default)]
pub struct Hosts(BTreeMap<String, (ArtifactPath, u64)>);

/// The hosts of one file.
#[derive(Debug, Default)]
pub struct Found {
    names: BTreeSet<String>,
    cut: bool,
}

impl Hosts {
    /// Adds those of the file at `path`.
    pub fn add(&mut self, path: &ArtifactPath, found: Found) {
        for name in found.names {
            let (first, files) = self.0.entry(name).or_insert_with(|| (path.clone(), 0));
            *files += 1;
            if path < first {
                *first = path.clone();
            }
        }
    }

    /// All of them, by name.
    pub fn list(self) -> Vec<Host> {
        self.0.into_iter().map(|(name, (path, files))| Host { name, path, files }).collect()
    }
}

impl Found {
    /// What could not be noted.
    pub fn gap(&self, path: &ArtifactPath) -> Option<Gap> {
        let reason = || format!("it names more than {HOSTS} hosts, and the others are not compared");
        self.cut.then(|| Gap { path: path.clone(), stage: Stage::Limit, reason: reason() })
    }
}

/// Whether hosts are looked for in an artifact.
pub fn are_looked_for(artifact: &Artifact, probe: &Probe<'_>, kind: Kind) -> bool {
    let plain = matches!(artifact.role, Role::File | Role::ArchiveMember | Role::Decompressed);
    plain && probe.is_text() && kind == Kind::Text && !is_documentation(artifact.path.base_name())
}

fn is_documentation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [".md", ".markdown", ".rst", ".adoc", ".mdx"].iter().any(|end| name.ends_with(end));
    ends || ["license", "licence", "notice", "changelog", "readme", "copying", "authors", "third-party", "thirdparty"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// The hosts that a text names.
pub fn find(text: &[u8]) -> Found {
    let mut found = Found::default();
    // In JSON and in some scripts the slashes are escaped.
    for mark in [b"://".as_slice(), b":\\/\\/"] {
        for at in memmem::find_iter(text, mark) {
            if !is_scheme(&text[..at]) {
                continue;
            }
            if let Some(name) = host(&text[at + mark.len()..]).filter(|name| !found.names.contains(name)) {
                if found.names.len() == HOSTS {
                    found.cut = true;
                    return found;
                }
                found.names.insert(name);
            }
        }
    }
    found
}

/// Whether a scheme that leads to a host ends here.
fn is_scheme(before: &[u8]) -> bool {
    let ends = |scheme: &[u8]| {
        let start = before.len().checked_sub(scheme.len());
        let is = start.is_some_and(|start| before[start..].eq_ignore_ascii_case(scheme));
        let alone = |start: usize| start == 0 || !before[start - 1].is_ascii_alphabetic();
        is && start.is_some_and(alone)
    };
    [b"https".as_slice(), b"http", b"wss", b"ws", b"ftp", b"grpc", b"mqtt", b"mqtts", b"amqp", b"amqps"]
        .into_iter()
        .any(ends)
}

/// The host at the start of `rest`: a name with a dot in it, or an address. Names that nobody can reach from outside of
/// the machine, and those that are reserved for examples (RFC 2606), are passed over.
fn host(rest: &[u8]) -> Option<String> {
    let is_user = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:%!$&*+=".contains(byte);
    let user = rest.iter().take(LONGEST_USER).take_while(|byte| is_user(byte)).count();
    let rest = if rest.get(user) == Some(&b'@') { &rest[user + 1..] } else { rest };
    let length =
        rest.iter().take(LONGEST + 1).take_while(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte)).count();
    let name = std::str::from_utf8(&rest[..length]).ok()?.trim_end_matches('.').to_ascii_lowercase();
    // A placeholder follows: the name goes on where the program runs.
    let goes_on = rest.get(length).is_some_and(|next| b"${}<%".contains(next));
    (length <= LONGEST && !goes_on && is_host(&name) && !is_reserved(&name)).then_some(name)
}

fn is_host(name: &str) -> bool {
    let mut labels = name.split('.');
    let fits =
        labels.all(|label| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-'));
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    let top = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()) || last.starts_with("xn--");
    fits && (top || name.parse::<std::net::Ipv4Addr>().is_ok())
}

fn is_reserved(name: &str) -> bool {
    let ends = ["example.com", "example.org", "example.net", "example", "test", "invalid", "localhost"];
    let reserved =
        ends.iter().any(|end| name == *end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')));
    let local =
        name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    reserved || local
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text.as_bytes()).names.into_iter().collect()
    }

    #[test]
    fn hosts_are_told_however_their_addresses_are_written() {
        let text = r#"fetch("https://API.acme.io/v1"); "wss:\/\/live.acme.io:443\/x" ftp://me:word@files.acme.io
            http://10.0.12.7:8080/ `https://${host}/` "https://cdn.${zone}/" https://eu.acme.${zone}/ https://xn--bcher-kva.xn--p1ai"#;
        let expected = ["10.0.12.7", "api.acme.io", "files.acme.io", "live.acme.io", "xn--bcher-kva.xn--p1ai"];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn what_is_no_host_or_nobodys_is_passed_over() {
        for text in [
            "https://localhost:3000/",
            "http://127.0.0.1/",
            "https://www.example.com/",
            "https://intranet/",
            "webpack://app/./src/a.ts",
            "file:///home/x",
            "https://a..b/",
            "https://-a.io/",
            "x://acme.io",
            "https://1.2.3/",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
        assert_eq!(names(&format!("https://{}.io/", "a".repeat(300))), [""; 0]);
    }

    #[test]
    fn documentation_is_not_asked() {
        for name in ["README", "readme.md", "LICENSE.txt", "docs.rst", "CHANGELOG"] {
            assert!(is_documentation(name), "{name}");
        }
        assert!(!is_documentation("app.js") && !is_documentation("package.json"));
    }

    #[test]
    fn a_flood_is_a_gap() {
        let text: String = (0..=HOSTS).map(|number| format!("https://h{number}.io ")).collect();
        let found = find(text.as_bytes());
        assert_eq!(found.names.len(), HOSTS);
        assert!(found.gap(&ArtifactPath::file("a.js")).is_some());
    }
}
