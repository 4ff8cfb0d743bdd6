//! Real executables, as people download them: native addons and platform packages from npm, extension modules from
//! wheels, for Linux, Windows and macOS. What is stated of each is compared with an independent reader
//! (`tests/support/real_world/executables.py`), and what is found with a list that somebody has looked at.
//!
//! The packages are fetched once, by their registries' own clients, into the target folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

#[path = "support/published.rs"]
mod published;

use published::{LIST, fetch, packages, root};

use lastlook::bytes::{Bytes, Limits, Probe};
use lastlook::finding::{Artifact, ArtifactPath, Facts, Role};
use lastlook::formats::{FORMATS, Inspection};
use serde_json::{Value, json};

fn report(archive: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    let output = command.args(["--report", "json", "--no-config"]).arg(archive).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The path without the archive.
fn inside(path: &str) -> &str {
    path.split_once('!').map_or(path, |(_, inside)| inside)
}

#[test]
#[ignore = "fetches packages from the registries"]
fn what_is_found_in_real_binaries_is_what_is_listed() {
    let old = std::fs::read_to_string(root().join(LIST)).unwrap();
    let mut new = String::new();
    for line in old.lines().filter(|line| !line.starts_with("  ")) {
        new += &format!("{line}\n");
        if !line.starts_with("npm ") && !line.starts_with("pip ") {
            continue;
        }
        let report = report(&fetch(line));
        let findings = report["findings"].as_array().unwrap();
        // Whatever the list says, these are false alarms: everybody has downloaded these files for years.
        let worst: Vec<_> =
            findings.iter().filter(|one| one["level"] == "error" || one["category"] == "secret").collect();
        assert!(worst.is_empty(), "{line}: {worst:#?}");
        assert_eq!(report["gaps"], json!([]), "{line}");
        let told = |one: &Value| {
            let [level, rule, path] = ["level", "rule", "path"].map(|key| one[key].as_str().unwrap());
            format!("  {level} {rule} {}\n", inside(path))
        };
        let mut told: Vec<String> = findings.iter().map(told).collect();
        told.sort();
        new += &told.concat();
    }
    if std::env::var_os("LASTLOOK_BLESS").is_some() {
        std::fs::write(root().join(LIST), new).unwrap();
    } else {
        assert_eq!(old, new, "look at what has changed; LASTLOOK_BLESS=1 writes it down");
    }
}

/// An executable as the formats describe it.
struct Described {
    facts: Facts,
    artifact: Artifact,
}

/// Every executable in an artifact, by the path inside the outermost archive.
fn executables(artifact: Artifact, found: &mut BTreeMap<String, Described>) {
    let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
    let limits = Limits::default();
    for format in FORMATS.iter().filter(|format| format.sniff(&probe)) {
        let mut members = Vec::new();
        let mut sink = |member| members.push(member);
        let mut out = Inspection::new(&artifact, &limits, &mut sink);
        let _ = format.inspect(&artifact, &mut out);
        let facts = out.finish().facts;
        if facts.get("executable.kind").is_some() {
            found
                .insert(inside(&artifact.path.to_string()).to_owned(), Described { facts, artifact: artifact.clone() });
        }
        let roles = [Role::ArchiveMember, Role::Decompressed];
        members.into_iter().filter(|one| roles.contains(&one.role)).for_each(|one| executables(one, found));
    }
}

#[test]
#[ignore = "fetches packages from the registries"]
fn every_real_binary_is_what_an_independent_reader_says() {
    let (mut number, mut places) = (0, 0);
    let mut formats = std::collections::BTreeSet::new();
    for package in packages() {
        let archive = fetch(&package);
        let script = root().join("tests/support/real_world/executables.py");
        let output = Command::new("python3").arg(script).arg(&archive).output().unwrap();
        assert!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
        let known: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
        let found = described(&package);
        for (path, known) in &known {
            let described = found.get(path).unwrap_or_else(|| panic!("{package}: {path} is not recognised"));
            for fact in ["format", "architecture", "kind", "stripped"] {
                let stated = serde_json::to_value(described.facts.get(&format!("executable.{fact}"))).unwrap();
                assert_eq!(stated, known[fact], "{fact} of {path} in {package}");
            }
            formats.insert((known["format"].to_string(), known["architecture"].to_string()));
            places += same_places(&described.artifact, known, path);
            number += 1;
        }
    }
    assert!(number >= 40 && places > 400 && formats.len() >= 6, "{number} {places} {formats:?}");
}

/// Every executable of a package, as the formats describe it.
fn described(package: &str) -> BTreeMap<String, Described> {
    let archive = fetch(package);
    let name = archive.file_name().unwrap().to_string_lossy();
    let bytes = Bytes::from(std::fs::read(&archive).unwrap());
    let mut found = BTreeMap::new();
    executables(Artifact { path: ArtifactPath::file(&name), role: Role::File, bytes }, &mut found);
    found
}

#[test]
#[ignore = "fetches packages from the registries, and asks readelf, objdump, llvm-dwarfdump, strings and go where they are"]
fn facts_about_real_binaries_are_what_other_tools_say() {
    let mut confirmed: BTreeMap<String, u64> = BTreeMap::new();
    for package in packages() {
        let facts: BTreeMap<String, Facts> =
            described(&package).into_iter().map(|(path, one)| (path, one.facts)).collect();
        let script = root().join("tests/support/real_world/confirm.py");
        let mut python = Command::new("python3");
        python.arg(script).arg(fetch(&package)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        serde_json::to_writer(python.stdin.take().unwrap(), &facts).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "{package}");
        let known: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(known["differences"], json!([]), "{package}");
        for (tool, number) in known["confirmed"].as_object().unwrap() {
            *confirmed.entry(tool.clone()).or_default() += number.as_u64().unwrap();
        }
    }
    // What is not installed has confirmed nothing; binutils come with the compilers.
    println!("{confirmed:?}");
    assert!(confirmed.get("readelf").is_none_or(|number| *number > 20), "{confirmed:?}");
    assert!(confirmed.get("strings").is_none_or(|number| *number > 50), "{confirmed:?}");
}

/// Compares the name and the address of a byte in each section, and answers how many there are.
fn same_places(artifact: &Artifact, known: &Value, path: &str) -> usize {
    let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
    let mut layouts = FORMATS.iter().filter(|format| format.sniff(&probe)).map(|format| format.layout(artifact));
    let layout = layouts.find(|layout| !layout.is_empty()).expect("a layout");
    let sections = known["sections"].as_array().unwrap();
    for section in sections {
        let found = layout.at(section[0].as_u64().unwrap());
        let told = found.as_ref().map(|one| json!([one.name, one.address])).unwrap_or_default();
        // Data segments of WebAssembly have names of their own, which the other reader does not give.
        assert_eq!(told, json!([section[1], section[2]]), "{section} of {path}");
    }
    sections.len()
}

/// A program that a secret is written into.
struct Written {
    package: &'static str,
    file: &'static str,
    /// The text behind which it is written, in the middle of a pool of strings.
    anchor: &'static str,
    utf16: bool,
    section: &'static str,
}

/// A secret that is written into real programs, where strings touch, is found and located.
#[test]
#[ignore = "fetches packages from the registries"]
fn a_secret_between_the_strings_of_a_real_program_is_found_and_located() {
    let go =
        |package, file, section| Written { package, file, anchor: "--log-level=--log-style", utf16: false, section };
    let rust =
        |package, file, section| Written { package, file, anchor: "unexpected end of file", utf16: false, section };
    for written in [
        go("npm @esbuild/linux-x64", "bin/esbuild", ".rodata"),
        go("npm @esbuild/win32-x64", "esbuild.exe", ".rdata"),
        go("npm @esbuild/darwin-arm64", "bin/esbuild", "__TEXT,__rodata"),
        go("npm esbuild-wasm", "esbuild.wasm", "data segment"),
        rust("npm @rollup/rollup-linux-x64-gnu", "rollup.linux-x64-gnu.node", ".rodata"),
        rust("npm @rollup/rollup-win32-x64-msvc", "rollup.win32-x64-msvc.node", ".rdata"),
        rust("npm lightningcss-darwin-arm64", "lightningcss.darwin-arm64.node", "__TEXT,__const"),
        rust("npm @resvg/resvg-wasm", "index_bg.wasm", "data segment"),
        Written {
            package: "pip pythonnet",
            file: "pythonnet/runtime/Python.Runtime.dll",
            anchor: "Python runtime was shut down after ",
            utf16: true,
            section: ".NET #US",
        },
    ] {
        for template in ["<aws-access-key-id>", "ghp_<base62*30><crc32-base62-6>", "glpat-<base62*20>"] {
            written.check(&lastlook::rules::example::fill(template, 11).unwrap());
        }
    }
}

impl Written {
    fn check(&self, token: &str) {
        let wide = |text: &str| -> Vec<u8> {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            if self.utf16 { units.collect() } else { text.as_bytes().to_vec() }
        };
        let (anchor, token) = (wide(self.anchor), wide(token));
        let package = packages().into_iter().find(|one| one.starts_with(&format!("{} ", self.package))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        published::unpack(&package, folder.path());
        let program = folder.path().join(self.file);
        let mut bytes = std::fs::read(&program).unwrap();
        let is_text = |text: &[u8]| {
            text.iter().step_by(anchor.len() / self.anchor.len()).all(|byte| (b' '..=b'~').contains(byte))
        };
        let pool = |at: &usize| is_text(&bytes[at + anchor.len()..at + anchor.len() + token.len() + 8]);
        let at = memchr::memmem::find_iter(&bytes, &anchor).find(pool).expect("a pool of strings") + anchor.len();
        bytes[at..at + token.len()].copy_from_slice(&token);
        if self.utf16 {
            // These strings have their lengths before them and a byte behind, and stand apart.
            bytes[at + token.len()] = b' ';
        }
        std::fs::write(&program, &bytes).unwrap();
        let report = report(&program);
        let found = report["findings"].as_array().unwrap().iter().filter(|one| one["category"] == "secret");
        let found: Vec<&Value> = found.collect();
        let [found] = found[..] else { panic!("{} in {}: {found:#?}", String::from_utf8_lossy(&token), self.package) };
        assert_eq!(found["offset"].as_u64(), Some(at as u64), "{found:#}");
        assert_eq!(found["length"].as_u64(), Some(token.len() as u64), "{found:#}");
        assert!(found["section"]["name"].as_str().unwrap().starts_with(self.section), "{}: {found:#}", self.package);
        assert!(found["section"]["address"].as_str().unwrap().starts_with("0x"), "{}: {found:#}", self.package);
    }
}
