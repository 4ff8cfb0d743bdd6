//! The house rules of `src`: which module may use which, where printing and `unsafe` are allowed, and how long a file
//! may be. ARCHITECTURE.md explains them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the ground up. A module uses only modules of floors below its own.
const FLOORS: &[&[&str]] = &[
    &["finding"],
    &["bytes", "config"],
    &["manifest"],
    &["rules", "policy", "formats"],
    &["detect"],
    &["scan"],
    &["target", "compare"],
    &["report", "fix"],
    &["cli"],
];

/// Lines that a file may have.
const LONGEST: usize = 500;

struct Source {
    /// The path below `src`, with `/`.
    path: String,
    text: String,
    /// The text without comments, so that what is only talked about does not count.
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let (mut folders, mut found) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "these are not the sources");
    found.iter().map(|path| read(&src, path)).collect()
}

fn read(src: &Path, path: &PathBuf) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let name = path.strip_prefix(src).unwrap().to_string_lossy().replace('\\', "/");
    let code = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code)).collect::<Vec<_>>();
    Source { path: name, code: code.join("\n"), text }
}

/// The module that a file belongs to: the folder, or the file itself.
fn module(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The modules of the crate that `code` names after `prefix`.
fn used(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            // `use crate::{a::b, c}`: rustfmt breaks no name over lines, so the words before `::`, `,` and `}` are it.
            Some(list) => names.extend(heads_of_list(list)),
            None => names.extend(word(rest)),
        }
    }
    names
}

fn word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!word.is_empty()).then_some(word)
}

fn heads_of_list(list: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0usize, Vec::new(), true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if start && !letter.is_whitespace() => {
                heads.extend(word(&list[at..]));
                start = false;
            }
            _ => {}
        }
    }
    heads
}

#[test]
fn a_module_uses_only_floors_below_its_own() {
    let mut wrong = Vec::new();
    for source in sources() {
        let own = module(&source.path);
        if own == "lib" || own == "main" {
            continue;
        }
        let Some(own_floor) = floor(own) else {
            panic!("src/{} stands on no floor: add `{own}` to FLOORS", source.path)
        };
        let mut names = used(&source.code, "crate::");
        // The command line is another crate, which sees the library from outside.
        if own == "cli" {
            names = used(&source.code, "lastlook::");
        }
        for name in names.iter().filter(|name| *name != own) {
            if floor(name).is_some_and(|floor| floor >= own_floor) {
                wrong.push(format!("src/{} uses `{name}`, which is not below `{own}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_floors_are_those_that_the_architecture_describes() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut described = BTreeMap::new();
    for line in text.lines() {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (Some(number), Some(modules)) = (cells.next(), cells.next()) else { continue };
        if let Ok(number) = number.parse::<usize>() {
            let names = modules.split(',').map(|name| name.trim().trim_matches(['`', '/']).to_owned());
            described.insert(number, names.collect::<BTreeSet<String>>());
        }
    }
    let floors = FLOORS.iter().map(|modules| modules.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(described, floors.enumerate().collect::<BTreeMap<usize, BTreeSet<String>>>());
}

#[test]
fn every_module_of_the_library_stands_on_a_floor() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in declared {
        assert!(floor(module).is_some(), "`{module}` stands on no floor");
    }
}

#[test]
fn no_file_is_too_long_to_be_read_and_each_says_what_it_is() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("src/{} has {lines} lines, more than {LONGEST}", source.path));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!("src/{} does not begin with a line of documentation", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stands_in_one_file_only() {
    for source in sources().iter().filter(|source| source.path != "bytes/open.rs") {
        for form in ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait", "allow(unsafe_code)"] {
            assert!(!source.code.contains(form), "src/{} has `{form}`", source.path);
        }
    }
}

#[test]
fn only_the_command_line_prints_reads_its_surroundings_and_exits() {
    let mut wrong = Vec::new();
    for source in sources() {
        if matches!(module(&source.path), "cli" | "main") {
            continue;
        }
        for form in
            ["println!(", "print!(", "eprint!(", "dbg!(", "process::exit", "process::abort", "env::args", "env::var"]
        {
            if source.code.contains(form) {
                wrong.push(format!("src/{} has `{form}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_writes_files() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(module(&source.path), "cli" | "main" | "fix")) {
        // Tests make the files that they look at.
        let is_test = source.path.ends_with("tests.rs") || source.path.ends_with("testing.rs");
        let code = source.code.split("\nmod tests {").next().filter(|_| !is_test).unwrap_or_default();
        for form in [
            "fs::write",
            "File::create",
            ".write(true)",
            ".create_new(",
            "create_dir",
            "fs::rename",
            "fs::copy",
            "fs::remove",
        ] {
            if code.contains(form) {
                wrong.push(format!("src/{} has `{form}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let found = |code: &str| used(code, "crate::").into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(found("use crate::scan::Scanner;"), "scan");
    assert_eq!(found("use crate::{bytes::{Cursor, Probe}, finding};"), "bytes finding");
    assert_eq!(found("let a = crate::report::find(x); pub(crate) fn b() {}"), "report");
    assert_eq!(found("use mycrate::scan;"), "");
}
