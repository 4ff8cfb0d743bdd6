//! Paths of the building machine that name a person: `/home/<user>/`, `/Users/<user>/`, `C:\Users\<user>\`.
//!
//! Compilers write them into debug information, panic messages and assertions. Accounts of build services and
//! placeholders in help texts name nobody and do not count.

use std::collections::{BTreeSet, HashSet};

use memchr::memmem;
use xxhash_rust::xxh3::xxh3_128;

use super::accounts::is_nobody;
use super::portrait::capped;

/// How many occurrences are looked at before the search ends: enough to say that it is bad.
const MOST_HITS: u64 = 10_000;
const MOST_SHOWN: usize = 20;
const MOST_PEOPLE: usize = 16;
const MOST_USER: usize = 64;
const MOST_PATH: usize = 200;

/// The paths found so far.
#[derive(Debug, Default)]
pub(super) struct PersonalPaths {
    shown: Vec<String>,
    people: BTreeSet<String>,
    seen: HashSet<u128>,
    hits: u64,
}

/// What a home folder starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `/home/`
    Home,
    /// `sers/` or `sers\`
    Users,
}

impl PersonalPaths {
    /// Looks at an anchor at `at`, which must lie inside `bytes`.
    pub(super) fn look(&mut self, bytes: &[u8], at: usize, anchor: Anchor) {
        let read = if anchor == Anchor::Home { home } else { users };
        if !self.stopped_early()
            && let Some(path) = read(bytes, at)
        {
            self.add(path);
        }
    }

    /// Adds the paths in `bytes`.
    fn search(&mut self, bytes: &[u8]) {
        for (anchor, kind) in [(&b"/home/"[..], Anchor::Home), (b"sers/", Anchor::Users), (b"sers\\", Anchor::Users)] {
            memmem::find_iter(bytes, anchor).for_each(|at| self.look(bytes, at, kind));
        }
    }

    fn add(&mut self, path: &[u8]) {
        self.hits += 1;
        if !self.seen.insert(xxh3_128(path)) {
            return;
        }
        let path = capped(path);
        if self.people.len() < MOST_PEOPLE
            && let Some(account) = account(&path)
        {
            self.people.insert(account.to_owned());
        }
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(path);
        }
    }

    /// The accounts that the paths name, at most 16.
    pub(super) fn people(&self) -> Vec<String> {
        self.people.iter().cloned().collect()
    }

    /// How many different paths there are.
    pub(super) fn distinct(&self) -> u64 {
        self.seen.len() as u64
    }

    /// The first of them, at most 20.
    pub(super) fn shown(&self) -> &[String] {
        &self.shown
    }

    /// Whether there may be more than were counted.
    pub(super) fn stopped_early(&self) -> bool {
        self.hits >= MOST_HITS
    }
}

/// The account in a path of a home folder.
fn account(path: &str) -> Option<&str> {
    let folders = ["/home/", "sers/", "sers\\"].map(|folder| Some(path.find(folder)? + folder.len()));
    let start = folders.into_iter().flatten().min()?;
    path[start..].split(['/', '\\']).find(|name| !name.is_empty())
}

/// Whether a path names a person.
pub(crate) fn is_personal(path: &str) -> bool {
    let mut paths = PersonalPaths::default();
    paths.search(path.as_bytes());
    paths.distinct() > 0
}

/// The personal paths among `texts`: how many, and at most five of them.
pub(crate) fn personal_among<'a>(texts: impl Iterator<Item = &'a [u8]>) -> (u64, Vec<String>) {
    let mut paths = PersonalPaths::default();
    texts.for_each(|text| paths.search(text));
    (paths.distinct(), paths.shown.into_iter().take(5).collect())
}

fn home(bytes: &[u8], at: usize) -> Option<&[u8]> {
    unix(bytes, at, at + b"/home/".len())
}

/// A path that starts with a slash at `start` and whose user name starts at `user`.
fn unix(bytes: &[u8], start: usize, user: usize) -> Option<&[u8]> {
    let rest = bytes.get(user..)?;
    let length = user_name(rest, b'/', false)?;
    let starts = starts_here(&bytes[..start]) || is_hidden(&rest[length..], b'/');
    starts.then(|| whole(bytes, start, user + length + 1))
}

/// Whether a hidden folder follows. Rust puts strings next to each other without a separator, so any letter may stand
/// before a path; what its dependencies leave behind lies in `.cargo` or another hidden folder.
fn is_hidden(rest: &[u8], slash: u8) -> bool {
    let first = rest.iter().position(|byte| *byte != slash).map(|at| &rest[at..]);
    matches!(first, Some([b'.', letter, ..]) if letter.is_ascii_alphabetic())
}

/// Whether a path may start after these bytes. `/app/home/x/` and `https://host/home/x/` are no home folders, and
/// `${ROOT}/home/x/` is a template.
pub(super) fn starts_here(before: &[u8]) -> bool {
    match before {
        [] => true,
        // A flag of a compiler or linker: -I/home/…
        [.., b'-', b'I' | b'L' | b'B' | b'F'] => true,
        [.., last] => !(last.is_ascii_alphanumeric() || *last >= 0x80 || b"._-~%@+})>]*$\\".contains(last)),
    }
}

/// `…sers/` or `…sers\` at `at`: Windows with any slash, escaped or not, and macOS.
fn users(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let capital = match bytes[..at].last()? {
        b'U' => true,
        b'u' => false,
        _ => return None,
    };
    let before = &bytes[..at - 1];
    let slash = *bytes.get(at + 4)?;
    if *before.last()? != slash {
        return None;
    }
    let doubled = slash == b'\\' && before.ends_with(b"\\\\");
    let head = &before[..before.len() - 1 - usize::from(doubled)];
    let user = at + 5 + usize::from(doubled);
    if let [front @ .., drive, b':'] = head
        && drive.is_ascii_alphabetic()
    {
        let rest = bytes.get(user..)?;
        let length = user_name(rest, slash, true)?;
        let inside = &rest[length..];
        let starts = !front.last().is_some_and(u8::is_ascii_alphanumeric) || is_hidden(inside, slash);
        return starts.then(|| whole(bytes, head.len() - 2, user + length + 1));
    }
    if slash == b'\\' || !capital {
        return None;
    }
    // The drive as MSYS and WSL write it: /c/Users/…, /mnt/c/Users/….
    if let [front @ .., b'/', drive] = head
        && drive.is_ascii_alphabetic()
        && let front = front.strip_suffix(b"/mnt").unwrap_or(front)
        && starts_here(front)
    {
        return unix(bytes, front.len(), user);
    }
    unix(bytes, head.len(), user)
}

/// The length of a user name at the start of `rest`, if it is one, a slash follows, and it names a person.
///
/// Only Windows has names with spaces; elsewhere they would turn prose ("/home/ or a/b") into names.
fn user_name(rest: &[u8], slash: u8, spaces: bool) -> Option<usize> {
    let length = rest.iter().take(MOST_USER).position(|byte| *byte == slash)?;
    let name = std::str::from_utf8(&rest[..length]).ok()?;
    let fits = |letter: char| letter.is_alphanumeric() || "._-~@+".contains(letter) || (spaces && letter == ' ');
    let starts = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
    (starts && name.chars().all(fits) && !name.ends_with(' ') && !is_nobody(name)).then_some(length)
}

/// The path from `start`, at least up to `end`, and as far as it goes on like a path.
fn whole(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    let rest = &bytes[end..bytes.len().min(start + MOST_PATH).max(end)];
    let stops = |byte: &u8| *byte <= b' ' || *byte >= 0x7f || b"\"'`<>|*?:;,()[]{}$=".contains(byte);
    let mut length = rest.iter().position(stops).unwrap_or(rest.len());
    // The next of Rust's unseparated strings starts right after the file name.
    if let Some(at) = memmem::find(&rest[..length], b".rs") {
        length = at + 3;
    }
    &bytes[start..end + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Vec<String> {
        let mut paths = PersonalPaths::default();
        paths.search(bytes);
        paths.shown().to_vec()
    }

    #[test]
    fn home_folders_of_people_are_found_however_they_are_written() {
        for (bytes, path) in [
            (&b"\0/home/jdoe/project/main.c\0"[..], "/home/jdoe/project/main.c"),
            (b"/Users/jane.doe/code/a.swift:12", "/Users/jane.doe/code/a.swift"),
            (b"RSDSC:\\Users\\Jane Doe\\src\\x.pdb\0", ""),
            (b"\x01C:\\Users\\Jane Doe\\src\\x.pdb\0", "C:\\Users\\Jane Doe\\src\\x.pdb"),
            (b"\"D:\\\\users\\\\jdoe\\\\x.js\"", "D:\\\\users\\\\jdoe\\\\x.js"),
            (b"C:/Users/jdoe/x.h ", "C:/Users/jdoe/x.h"),
            (b" /mnt/c/Users/jdoe/x.h ", "/mnt/c/Users/jdoe/x.h"),
            (b"-I/home/jdoe/include ", "/home/jdoe/include"),
            (b"noneC:\\Users\\jdoe\\.cargo\\a.rs", "C:\\Users\\jdoe\\.cargo\\a.rs"),
            (b"file:///home/jdoe/a", "/home/jdoe/a"),
            (
                b"unwrap on None/home/jdoe/.cargo/registry/src/i-0/x-1/src/a.rsnext",
                "/home/jdoe/.cargo/registry/src/i-0/x-1/src/a.rs",
            ),
            ("\0/home/zoë/x\0".as_bytes(), "/home/zoë/x"),
        ] {
            let expected: Vec<String> = [path].into_iter().filter(|path| !path.is_empty()).map(str::to_owned).collect();
            assert_eq!(found(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn machines_examples_routes_and_templates_name_nobody() {
        for path in [
            "/home/runner/work/a/b.c",
            "/Users/runner/work/a",
            "C:\\Users\\runneradmin\\.cargo\\a.rs",
            "C:\\Users\\VssAdministrator\\a",
            "/home/travis/build/x",
            "/home/circleci/x",
            "/home/user/x",
            "/home/conda/feedstock_root/x",
            "/home/<user>/x",
            "/home/$USER/x",
            "/home/%s/x",
            "/home/{name}/x",
            "C:\\Users\\%USERNAME%\\x",
            "/home/you/x",
            "/home/USERNAME/x",
            "https://example.com/home/jdoe/x",
            "${ROOT}/home/jdoe/x",
            "app/home/header/x",
            "https://api.example.com/users/jdoe/repos",
            "/home/jdoe",
            "in /home/ or a/b",
            "in /home/jdoe or a/b",
            "/home//x",
            "/root/x",
            "/rustc/0123456789abcdef/library/core/src/lib.rs",
            "/github/workspace/x",
        ] {
            assert!(!is_personal(path), "{path}");
        }
    }

    #[test]
    fn many_paths_are_counted_and_few_are_shown() {
        let mut bytes = Vec::new();
        for number in 0..20_000 {
            bytes.extend(format!("/home/jdoe/{}\0", number % 9_000).into_bytes());
        }
        let mut paths = PersonalPaths::default();
        paths.search(&bytes);
        assert_eq!((paths.distinct(), paths.shown().len(), paths.stopped_early()), (9_000, 20, true));
        assert_eq!(paths.people(), ["jdoe"]);
    }
}
