//! The source files that debug information names, counted: all of them, and the publisher's own.

use std::borrow::Cow;
use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::portrait::capped;
use super::toolchain::origin;
use crate::formats::Origin;

/// How much of names is looked at, in bytes. Names share texts and folders, so a forged table could name a thousand times
/// its size. A program that really names more has more source files than are counted.
const MOST_BYTES: u64 = 128 << 20;
/// What a name costs besides its bytes.
const EACH: u64 = 32;
const EXAMPLES: usize = 5;

/// Names of source files.
#[derive(Debug)]
pub(super) struct Names {
    seen: HashSet<u128>,
    places: HashSet<u128>,
    own: u64,
    examples: Vec<String>,
    left: u64,
    /// Whether Go compiled some of it: with -trimpath, the files of its own packages have no folder in front.
    pub(super) go: bool,
}

impl Default for Names {
    fn default() -> Self {
        Names {
            seen: HashSet::new(),
            places: HashSet::new(),
            own: 0,
            examples: Vec::new(),
            left: MOST_BYTES,
            go: false,
        }
    }
}

impl Names {
    /// Whether a name that is put together from these places was not added before: names are shared by thousands of units,
    /// and need not be read each time.
    pub(super) fn is_new(&mut self, places: &[(usize, usize)]) -> bool {
        let words = places.iter().flat_map(|(kind, start)| [*kind as u64, *start as u64]);
        let key: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        let new = self.left > 0 && self.places.insert(xxh3_128(&key));
        self.left = self.left.saturating_sub(if new { EACH } else { 0 });
        new
    }

    /// Adds the name of a source file, with its folder.
    pub(super) fn add(&mut self, name: &str) {
        // What compilers make up: <built-in>, <artificial>, <command-line>.
        if name.is_empty() || name.starts_with('<') || name.contains("/<") {
            return;
        }
        let cost = name.len() as u64 + EACH;
        let Some(left) = self.left.checked_sub(cost) else {
            self.left = 0;
            return;
        };
        self.left = left;
        let folded = folded(name);
        let name = &*folded;
        let known = !self.seen.insert(xxh3_128(name.as_bytes()));
        if known || (self.go && is_of_go(name)) || origin(name) != Origin::FirstParty {
            return;
        }
        self.own += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(capped(name.as_bytes()));
        }
    }

    /// How many different files were named.
    pub(super) fn distinct(&self) -> u64 {
        self.seen.len() as u64
    }

    /// How many of them are the publisher's own, and the first of them, at most 5.
    pub(super) fn own(&self) -> (u64, &[String]) {
        (self.own, &self.examples)
    }
}

/// The first parts of the paths of Go's own packages.
#[rustfmt::skip]
const GO_PACKAGES: [&str; 55] = [
    "archive", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug",
    "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io",
    "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort",
    "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe", "vendor",
    "weak", "_cgo_gotypes.go", "cgo-gcc-export-header-prolog", "cgo-gcc-prolog", "cgo-generated-wrapper",
];

/// Whether a file that Go compiled belongs to its own packages: `fmt/print.go`, and what cgo makes up.
fn is_of_go(name: &str) -> bool {
    GO_PACKAGES.contains(&name.split('/').next().unwrap_or_default())
}

/// A file's name inside its folder, which may be relative to a further one.
pub(super) fn joined(name: &str, folders: &[&str]) -> String {
    let mut full = name.to_owned();
    for folder in folders {
        if is_absolute(&full) {
            break;
        }
        if !folder.is_empty() && *folder != "." {
            full = format!("{folder}/{full}");
        }
    }
    full
}

/// A name without the folders that `..` leads out of again, as compilers write them: `/build/csu/../sysdeps/start.S`. What
/// leads out of the first folder stays.
fn folded(name: &str) -> Cow<'_, str> {
    if !name.split(['/', '\\']).any(|part| part == "..") {
        return Cow::Borrowed(name);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split(['/', '\\']) {
        match (part, parts.last()) {
            ("..", Some(last)) if !last.is_empty() && *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

fn is_absolute(name: &str) -> bool {
    let drive = matches!(name.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    drive || name.starts_with(['/', '\\', '<'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_go_itself_are_nobodys_own() {
        let all = ["fmt/print.go", "internal/cpu/cpu.go", "example.org/harbour/quay/quay.go", "./main.go"];
        let own = |go: bool| {
            let mut names = Names { go, ..Names::default() };
            all.iter().for_each(|name| names.add(name));
            names.own().0
        };
        assert_eq!((own(true), own(false)), (2, 4));
    }

    #[test]
    fn own_files_are_told_from_those_of_others_and_each_counts_once() {
        let mut names = Names::default();
        for name in
            ["/build/a.c", "/usr/include/stdio.h", "/build/a.c", "<built-in>", "/build/<artificial>", "/build/b.c"]
        {
            names.add(name);
        }
        assert_eq!(names.distinct(), 3);
        assert_eq!(names.own(), (2, &["/build/a.c".to_owned(), "/build/b.c".to_owned()][..]));
        assert!(names.is_new(&[(1, 2), (1, 3)]) && !names.is_new(&[(1, 2), (1, 3)]) && names.is_new(&[(1, 3), (1, 2)]));
    }

    #[test]
    fn names_are_put_together_up_to_a_root() {
        assert_eq!(joined("a.c", &["sub", "/build"]), "/build/sub/a.c");
        assert_eq!(joined("a.c", &["/else", "/build"]), "/else/a.c");
        assert_eq!(joined("C:\\a.c", &["/build"]), "C:\\a.c");
        assert_eq!(joined("a.c", &["", "."]), "a.c");
        assert_eq!(folded("/build/csu/../sysdeps/start.S"), "/build/sysdeps/start.S");
        assert_eq!(folded("../../a/../b.c"), "../../b.c");
        assert_eq!(folded("/../a.c"), "/../a.c");
    }

    #[test]
    fn what_names_may_cost_is_bounded() {
        let mut names = Names::default();
        let long = "x".repeat(1 << 20);
        (0..200).for_each(|number| names.add(&format!("{number}{long}")));
        assert!(names.distinct() < 130 && !names.is_new(&[(0, 0)]));
    }
}
