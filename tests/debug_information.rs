//! Debug information by the real compilers: the facts are those of what was compiled, and the sources that a compiler put
//! into a file come out of it byte for byte.
//!
//! gcc, binutils and rustc are those of the machine; zig, which carries clang and the linkers of Windows and macOS, is
//! installed once by pip, into the target folder.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use lastlook::Scanner;
use lastlook::finding::{FactValue, Facts};
use lastlook::rules::example;
use lastlook::scan::Outcome;
use tempfile::TempDir;

const ZIG: &str = "ziglang==0.13.0";
const PROGRAM: &str =
    "// Where the boats lie is nobody's business.\n#include \"tide.h\"\nint main(void) { return berths(TIDE); }\n";
const BERTHS: &str =
    "/* Nine of them face east. */\n#include \"tide.h\"\nint berths(int ships) { return ships * 12 + 7; }\n";
const HEADER: &str = "#define TIDE 3\nint berths(int ships);\n";

/// A folder with a program of two sources and a header, and a folder for what is made of it.
struct Workshop {
    folder: TempDir,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        for (name, text) in [("main.c", PROGRAM), ("berths.c", BERTHS), ("tide.h", HEADER)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Workshop { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command line in the folder.
    fn run(&self, line: &str) -> &Self {
        let mut words = line.split(' ');
        let mut command = match words.next().unwrap() {
            "zig" => {
                let mut command = Command::new("python3");
                let cache = self.path().join("cache");
                command.args(["-m", "ziglang"]).env("PYTHONPATH", zig());
                command.env("ZIG_GLOBAL_CACHE_DIR", zig().join("cache")).env("ZIG_LOCAL_CACHE_DIR", cache);
                command
            }
            program => Command::new(program),
        };
        let output = command.args(words).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// What lastlook says of the files in `out`, which are published alone.
    fn look(&self) -> Looked {
        Looked::at(&self.path().join("out"))
    }
}

/// Fetches zig, once, and whole or not at all.
fn zig() -> &'static Path {
    static ZIG_FOLDER: OnceLock<PathBuf> = OnceLock::new();
    ZIG_FOLDER.get_or_init(|| {
        let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zig-0.13.0");
        if !shelf.join("ziglang").is_dir() {
            let fresh = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let pip = Command::new("python3")
                .args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"])
                .arg(fresh.path())
                .arg(ZIG)
                .status();
            assert!(pip.unwrap().success(), "pip could not fetch zig");
            // Another process may have been faster.
            if fs::rename(fresh.path(), &shelf).is_ok() {
                let _ = fresh.keep();
            }
        }
        shelf
    })
}

/// An outcome, and the texts that were recovered, by name.
struct Looked {
    outcome: Outcome,
    texts: BTreeMap<String, Vec<u8>>,
}

impl Looked {
    fn at(folder: &Path) -> Self {
        let texts = Arc::new(Mutex::new(BTreeMap::new()));
        let seen = Arc::clone(&texts);
        let scanner = Scanner::builder()
            .threads(1)
            .sources()
            .each_text(move |text| {
                seen.lock().unwrap().insert(text.digest, text.bytes.to_vec());
            })
            .build()
            .unwrap();
        let outcome = scanner.scan(&[folder]).unwrap();
        drop(scanner);
        assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
        let seen = texts.lock().unwrap();
        let text = |source: &lastlook::scan::Source| seen.get(&source.text?.digest?).cloned();
        let base = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        let texts =
            outcome.sources.iter().filter_map(|source| Some((base(source.names.first()?), text(source)?))).collect();
        Looked { outcome, texts }
    }

    /// The facts that the finding of a rule states about a file.
    fn facts(&self, rule: &str, file: &str) -> &Facts {
        let found =
            self.outcome.findings.iter().find(|found| &*found.rule == rule && found.path.to_string().ends_with(file));
        &found.unwrap_or_else(|| panic!("no {rule} at {file}: {:?}", self.rules())).facts
    }

    fn fact(&self, rule: &str, file: &str, name: &str) -> String {
        self.facts(rule, file).get(name).map(FactValue::to_string).unwrap_or_default()
    }

    fn rules(&self) -> Vec<String> {
        self.outcome.findings.iter().map(|found| format!("{} {} at {}", found.level, found.rule, found.path)).collect()
    }

    fn finds(&self, rule: &str) -> bool {
        self.outcome.findings.iter().any(|found| &*found.rule == rule)
    }

    /// The places at which a secret was found.
    fn secrets(&self, rule: &str) -> usize {
        self.outcome.findings.iter().filter(|found| &*found.rule == rule).count()
    }
}

const OWN: &str = "debug-info-own-sources";
const EMBEDDED: &str = "debug-info-unpublished-sources";

fn token() -> String {
    example::fill("npm_<base62*30><crc32-base62-6>", 11).unwrap()
}

#[test]
#[ignore = "needs gcc and binutils"]
fn gcc_names_its_sources_in_every_version_and_storage_of_dwarf() {
    for options in [
        "-g",
        "-g -gdwarf-2 -gstrict-dwarf",
        "-g -gdwarf-3",
        "-g -gdwarf-4",
        "-g -gdwarf-5 -gdwarf64",
        "-g -gz=zlib",
        "-g -gz=zlib-gnu",
        "-g -fdebug-types-section",
        "-g -O2 -flto",
    ] {
        let workshop = Workshop::new();
        workshop.run(&format!("gcc {options} -o out/a main.c berths.c"));
        let looked = workshop.look();
        let facts = looked.facts(OWN, "a");
        assert_eq!(facts.int("debug.own_files"), 3, "{options}: {facts:?}");
        let examples = looked.fact(OWN, "a", "debug.own_examples");
        for name in ["main.c", "berths.c", "tide.h"] {
            let path = format!("{}/{name}", workshop.path().display());
            assert!(examples.contains(&path), "{options}: {path} is not in {examples}");
        }
        assert!(looked.fact(OWN, "a", "debug.compilers").starts_with("GNU C"), "{options}");
        let units = if options.contains("lto") { 1..=3 } else { 2..=2 };
        assert!(units.contains(&facts.int("debug.units")), "{options}: {facts:?}");
        assert!(looked.texts.is_empty());
    }
}

/// The number of units and the names are those that readelf shows.
#[test]
#[ignore = "needs gcc and binutils"]
fn readelf_sees_the_same_units() {
    let workshop = Workshop::new();
    workshop.run("gcc -g -o out/a main.c berths.c");
    let output = Command::new("readelf").args(["--debug-dump=info", "out/a"]).current_dir(workshop.path()).output();
    let shown = String::from_utf8(output.unwrap().stdout).unwrap();
    let units = shown.matches("(DW_TAG_compile_unit)").count() as u64;
    let looked = workshop.look();
    assert_eq!(looked.facts(OWN, "a").int("debug.units"), units);
    let compiler = looked.fact(OWN, "a", "debug.compilers");
    assert!(shown.contains(&compiler), "{compiler}");
}

#[test]
#[ignore = "needs gcc and binutils"]
fn without_debug_information_or_without_paths_less_is_said() {
    let workshop = Workshop::new();
    workshop.run("gcc -o out/plain main.c berths.c").run("gcc -g -s -o out/stripped main.c berths.c");
    let looked = workshop.look();
    assert!(!looked.finds(OWN), "{:?}", looked.rules());
    assert!(looked.finds("executable-not-stripped"));
    let workshop = Workshop::new();
    workshop.run(&format!("gcc -g -ffile-prefix-map={}=. -o out/a main.c berths.c", workshop.path().display()));
    let examples = workshop.look().fact(OWN, "a", "debug.own_examples");
    assert!(!examples.contains(&workshop.path().display().to_string()) && examples.contains("main.c"), "{examples}");
}

#[test]
#[ignore = "needs gcc and binutils"]
fn a_debug_link_is_told_and_its_file_is_debug_symbols() {
    let workshop = Workshop::new();
    workshop
        .run("gcc -g -o out/a main.c berths.c")
        .run("objcopy --only-keep-debug out/a out/a.debug")
        .run("strip out/a")
        .run("objcopy --add-gnu-debuglink=out/a.debug out/a");
    let looked = workshop.look();
    assert_eq!(looked.facts("debug-symbols-beside", "a.debug").int("debug.own_files"), 3);
    assert!(!looked.finds(OWN) && !looked.finds("executable-debug-link"), "{:?}", looked.rules());
    workshop.run("rm out/a.debug");
    assert_eq!(workshop.look().fact("executable-debug-link", "a", "executable.debug_link"), "a.debug");
}

#[test]
#[ignore = "needs gcc and dwp"]
fn split_units_and_packages_of_them_name_their_sources() {
    let workshop = Workshop::new();
    workshop.run("gcc -g -gsplit-dwarf -o out/a main.c berths.c");
    let looked = workshop.look();
    assert_eq!(looked.facts(OWN, "a").int("debug.split_files"), 2);
    assert!(looked.fact(OWN, "a", "debug.split_examples").contains(".dwo"));
    let split: Vec<_> =
        looked.outcome.findings.iter().filter(|found| found.path.to_string().ends_with(".dwo")).collect();
    assert_eq!(split.len(), 2, "{:?}", looked.rules());
    assert!(split.iter().all(|found| found.facts.int("debug.units") == 1 && found.facts.int("debug.own_files") >= 1));
    // This dwp reads no later version.
    let workshop = Workshop::new();
    workshop.run("gcc -g -gdwarf-4 -gsplit-dwarf -o out/a main.c berths.c").run("dwp -e out/a -o out/a.dwp");
    let looked = workshop.look();
    let facts = looked.facts("debug-symbols-file", "a.dwp");
    assert_eq!((facts.int("debug.units"), facts.int("debug.own_files")), (2, 3), "{facts:?}");
}

/// With -g3 the macros of the command line are kept word for word; gcc leaves them out of what it records of its options.
#[test]
#[ignore = "needs gcc"]
fn secrets_in_macros_are_found() {
    for storage in ["", " -gz=zlib"] {
        let workshop = Workshop::new();
        workshop.run(&format!("gcc -g3{storage} -grecord-gcc-switches -DKEY={} -o out/a main.c berths.c", token()));
        let looked = workshop.look();
        assert!(looked.finds("debug-info-macros"), "{:?}", looked.rules());
        assert_eq!(looked.facts(OWN, "a").int("debug.command_lines"), 2);
        assert_eq!(looked.secrets("npm-access-token"), 1, "{:?}", looked.rules());
    }
}

#[test]
#[ignore = "needs gcc and binutils"]
fn libraries_are_read_by_member() {
    let workshop = Workshop::new();
    workshop.run("gcc -g -c main.c berths.c").run("ar rcs out/libtide.a main.o berths.o");
    let looked = workshop.look();
    for member in ["main.o", "berths.o"] {
        let facts = looked.facts("debug-info-object-file", member);
        assert_eq!(facts.int("debug.units"), 1, "{facts:?}");
        assert!(facts.int("debug.own_files") >= 1, "{facts:?}");
    }
}

/// `.gnu_debugdata` is made as GDB's manual says: the symbols alone, packed by xz.
#[test]
#[ignore = "needs gcc, binutils and xz"]
fn small_symbols_inside_a_stripped_program_are_opened() {
    let workshop = Workshop::new();
    workshop
        .run("gcc -g -o out/a main.c berths.c")
        .run("objcopy --only-keep-debug out/a mini")
        .run("objcopy -S --keep-symbol=berths mini mini.keep")
        .run("xz -k mini.keep")
        .run("strip out/a")
        .run("objcopy --add-section .gnu_debugdata=mini.keep.xz out/a");
    let looked = workshop.look();
    let inside = looked.outcome.findings.iter().any(|found| found.path.to_string().contains(".gnu_debugdata"));
    assert!(inside, "{:?}", looked.rules());
}

#[test]
#[ignore = "needs python3, pip and PyPI"]
fn clang_embeds_sources_word_for_word() {
    for (target, options, file) in [
        ("x86_64-linux-musl", "-c berths.c -o out/a.o", "a.o"),
        ("x86_64-linux-musl", "-gz=zlib main.c berths.c -o out/a", "a"),
        ("aarch64-macos", "-c berths.c -o out/a.o", "a.o"),
        ("wasm32-wasi", "-c berths.c -o out/a.o", "a.o"),
    ] {
        let workshop = Workshop::new();
        workshop.run(&format!("zig cc -target {target} -g -gdwarf-5 -gembed-source {options}"));
        let looked = workshop.look();
        assert_eq!(
            looked.texts.get("berths.c").map(Vec::as_slice),
            Some(BERTHS.as_bytes()),
            "{target}: {:?}",
            looked.rules()
        );
        assert!(looked.facts(EMBEDDED, file).int("debug.undisclosed") >= 1);
        assert!(looked.fact(EMBEDDED, file, "debug.compilers").contains("clang version"), "{target}");
    }
}

#[test]
#[ignore = "needs python3, pip and PyPI"]
fn options_that_clang_records_are_counted_and_their_secrets_found() {
    for (target, format, rule) in [
        ("x86_64-linux-musl", "-gdwarf-5 -grecord-command-line", "debug-info-options"),
        ("aarch64-macos", "-gdwarf-4 -grecord-command-line", "debug-info-options"),
        ("x86_64-windows-msvc", "-gcodeview -gcodeview-command-line -ffreestanding", "debug-info-options"),
    ] {
        let workshop = Workshop::new();
        workshop.run(&format!("zig cc -target {target} -g {format} -DKEY={} -c berths.c -o out/a.o", token()));
        let looked = workshop.look();
        assert!(looked.facts(rule, "a.o").int("debug.defines") >= 1, "{target}: {:?}", looked.rules());
        assert_eq!(looked.secrets("npm-access-token"), 1, "{target}: {:?}", looked.rules());
        assert!(!looked.fact(rule, "a.o", "debug.compilers").contains("npm_"), "{target}");
    }
}

#[test]
#[ignore = "needs python3, pip and PyPI"]
fn windows_programs_and_their_pdb_name_their_sources() {
    let workshop = Workshop::new();
    workshop.run("zig cc -target x86_64-windows-gnu -g -o out/a.exe main.c berths.c");
    let looked = workshop.look();
    let facts = looked.facts("debug-symbols-beside", "a.pdb");
    let examples = looked.fact("debug-symbols-beside", "a.pdb", "debug.own_examples");
    assert!(facts.int("debug.units") >= 2 && facts.int("debug.own_files") >= 2, "{facts:?}");
    assert!(examples.contains("main.c") && examples.contains("berths.c"), "{examples}");
    assert!(looked.fact("debug-symbols-beside", "a.pdb", "debug.compilers").contains("clang version"));
}

#[test]
#[ignore = "needs rustc"]
fn rustc_names_the_crate_and_its_remapped_self() {
    let workshop = Workshop::new();
    fs::write(workshop.path().join("tide.rs"), "fn main() { println!(\"{}\", std::env::args().count() * 12); }\n")
        .unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    workshop.run(&format!("{rustc} -g -o out/debug tide.rs"));
    workshop
        .run(&format!("{rustc} -g --remap-path-prefix {}=/tide -o out/remapped tide.rs", workshop.path().display()));
    workshop.run(&format!("{rustc} -O -C strip=symbols -o out/release tide.rs"));
    let looked = workshop.look();
    let own = |file: &str| looked.fact(OWN, file, "debug.own_examples");
    assert!(own("debug").contains(&format!("{}/tide.rs", workshop.path().display())), "{}", own("debug"));
    assert!(
        own("remapped").contains("/tide/tide.rs") && !own("remapped").contains(&workshop.path().display().to_string())
    );
    for file in ["debug", "remapped"] {
        assert_eq!(looked.facts(OWN, file).int("debug.own_files"), 1, "{}", own(file));
        assert!(looked.fact(OWN, file, "debug.compilers").contains("rustc version"));
    }
    let release = looked.outcome.findings.iter().filter(|found| found.path.to_string().ends_with("release"));
    assert_eq!(release.filter(|found| found.rule.starts_with("debug-info")).count(), 0, "{:?}", looked.rules());
}
