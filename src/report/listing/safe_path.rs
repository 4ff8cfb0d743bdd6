//! Names from maps become paths that may be created below a folder, on every operating system.
//!
//! Nothing here touches the file system. Whatever the name was, the path that comes out is relative, has no `..` in it,
//! no character and no word that any file system reads in a way of its own, and bounded lengths.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use crate::report::sanitize::is_unsafe;

/// Most bytes of a component. File systems take 255; a suffix needs room.
const COMPONENT: usize = 180;
/// Most bytes of an ending that outlives the cutting of its name.
const ENDING: usize = 20;
/// Most bytes and components of a path. Operating systems take 1,024 and more, with the folder it lies in.
const PATH: usize = 700;
const DEPTH: usize = 32;

/// What a path is called of which nothing is left.
const NAMELESS: &str = "source";

/// Names that Windows keeps for devices, with any ending (Microsoft, "Naming Files, Paths, and Namespaces").
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Folders in which version control systems look for programs to run: a rebuilt one would give orders to whoever works
/// in the folder. `git~1` is what Windows calls `.git` as well.
const REPOSITORIES: [&str; 6] = [".git", "git~1", ".hg", ".svn", ".bzr", ".jj"];

/// A safe path of these components, which `/` joins. `..` among them goes one folder up, and never out.
#[must_use]
pub fn safe<'c>(components: impl IntoIterator<Item = &'c str>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in components.into_iter().flat_map(|component| component.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(component(part)),
        }
    }
    // The end of a long path says the most: the name of the file, and the folders next to it.
    let mut length = 0;
    let kept = parts.iter().rev().take(DEPTH).take_while(|part| {
        length += part.len() + 1;
        length <= PATH
    });
    let kept = kept.count();
    let parts = parts.get(parts.len() - kept..).unwrap_or_default();
    if parts.is_empty() { NAMELESS.to_owned() } else { parts.join("/") }
}

/// One component without anything that a file system, a shell's folder listing or a terminal could misread.
fn component(part: &str) -> String {
    let drive = part.len() == 2 && part.ends_with(':');
    let part = if drive { &part[..1] } else { part.trim_start_matches('\0') };
    let clean: String = part.chars().map(|c| if is_unsafe(c) || is_reserved(c) { '_' } else { c }).collect();
    // Windows drops these at the end: two names would be one file.
    let clean = shortened(clean.trim_end_matches(['.', ' ']));
    match clean.as_str() {
        "" => "_".to_owned(),
        name if is_device(name) || REPOSITORIES.iter().any(|taken| name.eq_ignore_ascii_case(taken)) => {
            format!("_{name}")
        }
        _ => clean,
    }
}

fn is_reserved(character: char) -> bool {
    matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*') || character == char::REPLACEMENT_CHARACTER
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let port = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|number: &str| {
            let mut characters = number.chars();
            characters.next().is_some_and(|c| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³'))
                && characters.next().is_none()
        })
    };
    DEVICES.contains(&stem.as_str()) || port("com") || port("lpt")
}

/// The name within the bounds; its ending stays.
fn shortened(name: &str) -> String {
    if name.len() <= COMPONENT {
        return name.to_owned();
    }
    let (stem, ending) = split_ending(name);
    let room = stem.len().min(COMPONENT - ENDING);
    let head = (0..=room).rev().find_map(|end| stem.get(..end)).unwrap_or_default();
    let ending = if ending.len() <= ENDING { ending } else { "" };
    format!("{}{ending}", head.trim_end_matches(['.', ' ']))
}

/// A name and its last ending, with the dot.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// The paths that are taken below one folder. Two that differ only in case are one on many file systems, and a file is
/// no folder.
#[derive(Debug, Default)]
pub struct Taken {
    /// By a digest, because hostile names are long and many. Two that shared one would only make a suffix needless.
    paths: HashMap<u128, Kind>,
    /// The number that the next suffix for a path may start from.
    next: HashMap<u128, u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

impl Taken {
    /// Takes a path for a file: `path` itself, which [`safe`] has made, or the same with a suffix where that is taken.
    pub fn claim(&mut self, path: &str) -> String {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut out = String::new();
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            out = self.free(&out, folder, |taken| taken != Some(Kind::File));
            self.paths.insert(key(&out), Kind::Folder);
        }
        let out = self.free(&out, name, |taken| taken.is_none());
        self.paths.insert(key(&out), Kind::File);
        out
    }

    /// `name` below `folder`, with the first suffix that makes it free.
    fn free(&mut self, folder: &str, name: &str, is_free: impl Fn(Option<Kind>) -> bool) -> String {
        let below = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let plain = below(name);
        if is_free(self.paths.get(&key(&plain)).copied()) {
            return plain;
        }
        let (stem, ending) = split_ending(name);
        let mut number = self.next.get(&key(&plain)).copied().unwrap_or(2);
        loop {
            let other = below(&format!("{stem}~{number}{ending}"));
            number = number.saturating_add(1);
            if is_free(self.paths.get(&key(&other)).copied()) {
                self.next.insert(key(&plain), number);
                return other;
            }
        }
    }
}

fn key(path: &str) -> u128 {
    xxh3_128(path.to_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_paths_that_stay_inside() {
        let long = "x".repeat(400);
        let deep = "d/".repeat(5_000);
        for (name, expected) in [
            ("src/a.ts", "src/a.ts"),
            ("../../../etc/passwd", "etc/passwd"),
            ("a/../../b", "b"),
            ("/etc/passwd", "etc/passwd"),
            ("..\\..\\Windows\\win.ini", "Windows/win.ini"),
            ("C:\\Users\\x\\a.ts", "C/Users/x/a.ts"),
            ("\\\\server\\share\\a.ts", "server/share/a.ts"),
            ("a.ts:stream", "a.ts_stream"),
            ("a\0b.ts", "a_b.ts"),
            ("\0virtual", "virtual"),
            ("nul", "_nul"),
            ("Aux.ts", "_Aux.ts"),
            ("src/COM1.tar.gz", "src/_COM1.tar.gz"),
            ("lpt².ts", "_lpt².ts"),
            ("con .ts", "_con .ts"),
            ("console.ts", "console.ts"),
            ("com10.ts", "com10.ts"),
            ("CONOUT$", "_CONOUT$"),
            ("a.ts.", "a.ts"),
            ("a.ts . .", "a.ts"),
            ("nul.", "_nul"),
            ("...", "_"),
            (" /b", "_/b"),
            ("", "source"),
            ("..", "source"),
            ("./", "source"),
            ("a<b>|\"?*.ts", "a_b_____.ts"),
            ("x/\x1b[31m/\u{202e}gpj", "x/_[31m/_gpj"),
            (".git/hooks/pre-commit", "_.git/hooks/pre-commit"),
            (".GIT./config", "_.GIT/config"),
            ("GIT~1/config", "_GIT~1/config"),
            (".g\u{200c}it/config", ".g_it/config"),
            (".gitignore", ".gitignore"),
            ("größe/源.ts", "größe/源.ts"),
        ] {
            assert_eq!(safe([name]), expected, "{name:?}");
        }
        assert_eq!(safe([format!("{long}.ts").as_str()]).len(), COMPONENT - ENDING + 3);
        assert!(safe([format!("{long}.{long}").as_str()]).len() <= COMPONENT);
        assert_eq!(safe([format!("{deep}a.ts").as_str()]), format!("{}a.ts", "d/".repeat(DEPTH - 1)));
        assert!(safe([format!("{}a.ts", format!("{long}/").repeat(9)).as_str()]).len() <= PATH);
    }

    #[test]
    fn a_path_that_is_taken_gets_a_suffix() {
        let mut taken = Taken::default();
        let mut claim = |path: &str| taken.claim(path);
        assert_eq!(claim("src/a.ts"), "src/a.ts");
        assert_eq!(claim("src/a.ts"), "src/a~2.ts");
        assert_eq!(claim("SRC/A.ts"), "SRC/A~3.ts", "on many file systems it is the same file");
        assert_eq!(claim("src/a~2.ts"), "src/a~2~2.ts");
        assert_eq!(claim("src/a.ts/b.ts"), "src/a~4.ts/b.ts", "a file is no folder");
        assert_eq!(claim("src"), "src~2", "a folder is no file");
        assert_eq!(claim(".env"), ".env");
        assert_eq!(claim(".env"), ".env~2");
    }
}
