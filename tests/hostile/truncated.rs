//! Whatever is cut off: no panic, no hang, and never clear where the whole is blocked, unless the cut took the evidence.

use std::path::{Path, PathBuf};

use lastlook::finding::Verdict;

use crate::support::forge::{archive, binary, map, model, prose, token, zip};
use crate::support::{in_short, is_clear, scan_bytes};

const STEP: usize = 97;
/// More than a megabyte of them, from which on a model blocks.
const WEIGHTS: usize = 300_000;

/// A file that is blocked as a whole.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    /// A part of this length, or a shorter one, holds nothing that gives anything away: it may be clear.
    harmless: usize,
}

/// Where `needle` begins.
fn place(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).expect("the evidence lies in the forged bytes")
}

fn leaky_map() -> Vec<u8> {
    let first = prose(2_000, 1);
    let second = format!("{}\nconst key = \"{}\";\n{}", prose(500, 2), token(1), prose(500, 3));
    map::map(&[("../src/first.ts", &first), ("../src/second.ts", &second)])
}

fn package() -> Vec<u8> {
    let script = format!("{}\n//# sourceMappingURL=cli.js.map\n", prose(3_000, 4));
    archive::tgz(&[
        ("package/package.json", br#"{"name":"forged","version":"1.0.0"}"#),
        ("package/cli.js", script.as_bytes()),
        ("package/cli.js.map", &leaky_map()),
    ])
}

/// Archives and streams are recognised by their first bytes: every longer part must say that it is damaged.
const MAGIC: usize = 16;

fn archives() -> Vec<Case> {
    let leaky = leaky_map();
    let members: [(&str, &[u8]); 3] =
        [("dist/a.js", &prose(2_000, 5).into_bytes()), ("dist/a.js.map", &leaky), ("readme.md", b"Hello.")];
    let deflated = zip::deflated(&members);
    let stored = zip::stored(&[("dist/a.js.map", &leaky), ("package.tgz", &package())]);
    let nested = zip::deflated(&[("release/package.tgz", &package())]);
    [
        ("package.tgz", package()),
        ("deflated.zip", deflated),
        ("stored.zip", stored),
        ("nested.zip", nested),
        ("map.gz", archive::gz(&leaky)),
        ("map.xz", archive::xz(&leaky)),
        ("map.zst", archive::zst(&leaky)),
        ("map.bz2", archive::bz2(&leaky)),
    ]
    .map(|(name, bytes)| Case { name, bytes, harmless: MAGIC })
    .into()
}

fn tar_case() -> Case {
    let bytes = crate::support::forge::tar::tar(&[("package/cli.js.map", &leaky_map())]);
    // The checksum at offset 148 is the first thing in a header that proves it to be one; names come before.
    Case { name: "package.tar", bytes, harmless: 512 }
}

fn maps() -> Vec<Case> {
    let leaky = leaky_map();
    let text = place(&leaky, b"\"sourcesContent\":[\"") + 19;
    let script = map::inline_js(&leaky);
    let encoded = place(&script, b";base64,") + 8;
    vec![
        Case { name: "cli.js.map", harmless: text, bytes: leaky },
        // Four characters of base64 carry three bytes.
        Case { name: "cli.js", harmless: encoded + text.div_ceil(3) * 4, bytes: script },
    ]
}

fn executables() -> Vec<Case> {
    let secret = b"\0/home/jdoe42/work/secret-project/src/main.rs\0";
    let data = [prose(700, 6).as_bytes(), secret, prose(700, 7).as_bytes()].concat();
    let (elf, wasm) = (binary::elf(&data), binary::wasm("producers-note", &data));
    let evidence = |bytes: &[u8]| place(bytes, secret) + b"\0/home/jdoe42/".len();
    vec![
        Case { name: "app", harmless: evidence(&elf), bytes: elf },
        Case { name: "app.wasm", harmless: evidence(&wasm), bytes: wasm },
    ]
}

fn models() -> Vec<Case> {
    let (safetensors, gguf, onnx, pickle) =
        (model::safetensors(WEIGHTS), model::gguf(WEIGHTS), model::onnx(WEIGHTS), model::pickle(WEIGHTS));
    let weights = model::weights(8);
    let case = |name, bytes: Vec<u8>| Case { name, harmless: place(&bytes, &weights), bytes };
    vec![
        case("model.safetensors", safetensors),
        case("model.gguf", gguf),
        case("model.onnx", onnx),
        case("model.pkl", pickle),
    ]
}

/// Large files are cut at as many places as small ones, at the same odd distances.
fn step(bytes: &[u8]) -> usize {
    STEP * (bytes.len() / (STEP * 200)).max(1)
}

fn cut_everywhere(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for case in cases {
        let whole = scan_bytes(case.name, &case.bytes);
        assert_eq!(whole.verdict, Verdict::Blocked, "{}: {}", case.name, in_short(&whole));
        for length in (0..case.bytes.len()).step_by(step(&case.bytes)) {
            let part = scan_bytes(case.name, &case.bytes[..length]);
            if let Some(gap) = part.gaps.iter().find(|gap| gap.reason.contains("a mistake in lastlook")) {
                wrong.push(format!("{} cut at {length}: {}", case.name, gap.reason));
            }
            if is_clear(&part) && length > case.harmless {
                wrong.push(format!("{} cut at {length} of {} is clear", case.name, case.bytes.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn archives_and_streams() {
    cut_everywhere(archives());
    cut_everywhere(vec![tar_case()]);
}

#[test]
fn source_maps() {
    cut_everywhere(maps());
}

#[test]
fn executables_with_a_personal_path() {
    cut_everywhere(executables());
}

#[test]
fn models_with_weights() {
    cut_everywhere(models());
}

/// npy arrays are data and block nothing; cut off they must still not pass as whole.
#[test]
fn arrays_do_not_panic() {
    let array = model::npy(900);
    for length in (0..array.len()).step_by(STEP) {
        let part = scan_bytes("array.npy", &array[..length]);
        assert!(length <= MAGIC || !is_clear(&part), "cut at {length}: {}", in_short(&part));
    }
}

/// Every file of the corpus that is an archive, a map, an executable or a model, by what it is and not by its name.
#[test]
fn the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let cases = root.is_dir() && std::fs::read_dir(&root).unwrap().count() > 1;
    assert!(!cases || !files.is_empty(), "the corpus has cases, but no file was found in them");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let whole = scan_bytes(&name, &bytes);
        if whole.verdict != Verdict::Blocked || bytes.is_empty() {
            continue;
        }
        let first = first_evidence(&name, &bytes);
        for length in (0..bytes.len()).step_by(step(&bytes)) {
            let part = scan_bytes(&name, &bytes[..length]);
            assert!(length < first || !is_clear(&part), "{} cut at {length} is clear", file.display());
        }
    }
}

/// The shortest part, as a power of two, from which on nothing is clear; a compressed file shows itself by its magic.
fn first_evidence(name: &str, bytes: &[u8]) -> usize {
    let magics: [&[u8]; 6] = [b"\x1f\x8b\x08", b"PK\x03\x04", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"\x7fELF"];
    if magics.iter().any(|magic| bytes.starts_with(magic)) {
        return MAGIC * 4;
    }
    // For text, what was found says where the evidence ends; facts about a whole file need its content.
    let whole = scan_bytes(name, bytes);
    let ends = whole.findings.iter().map(|finding| {
        finding.location.map_or(bytes.len() as u64, |at| at.span.offset + at.span.length).min(bytes.len() as u64)
    });
    ends.min().unwrap_or(u64::MAX) as usize
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
    files.sort();
}
