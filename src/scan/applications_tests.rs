//! Applications as a scan sees them: what is in one is found once, and said once.

use std::io::Write;

use crate::Scanner;
use crate::formats::application::forge::{bun_map, bun_payload, elf, gzip, node_blob, note, pe};
use crate::scan::Outcome;

fn scan(name: &str, bytes: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    Scanner::builder().threads(2).build().unwrap().scan(&[folder.path()]).unwrap()
}

/// The findings about sources: rules and paths from the application on.
fn told(outcome: &Outcome) -> Vec<String> {
    let about = |rule: &str| rule.starts_with("source-map") || rule.starts_with("application");
    let found = outcome.findings.iter().filter(|finding| about(&finding.rule));
    found
        .map(|finding| {
            let path = finding.path.to_string();
            format!("{} {}", finding.rule, path.rsplit('/').next().unwrap_or_default())
        })
        .collect()
}

fn inline_map(text: &str) -> String {
    let map = format!(r#"{{"version":3,"sources":["src/quay.ts"],"sourcesContent":["{text}"],"mappings":"AAAA"}}"#);
    let map = data_encoding::BASE64.encode(map.as_bytes());
    format!("var depth=3;\n//# sourceMappingURL=data:application/json;base64,{map}\n")
}

#[test]
fn a_map_inside_a_script_is_found_once() {
    let script = inline_map("export const depth = 3; // Nobody may know about the sandbank.");
    let node = elf(&[(".note.node.sea", &note("NODE_SEA_BLOB", 0, &node_blob(2, &script, &[])))]);
    let bun = elf(&[(".bun", &{
        let payload = bun_payload(52, 32, &[("/$bunfs/root/app.js", script.as_bytes(), b"")]);
        [&(payload.len() as u64).to_le_bytes()[..], &payload].concat()
    })]);
    for (packed, script) in [(node, "app.cjs"), (bun, "app.js")] {
        let outcome = scan("app", &packed);
        let maps: Vec<String> = told(&outcome).into_iter().filter(|line| line.starts_with("source-map")).collect();
        assert_eq!(maps, [format!("source-map-embedded-sources {script}!inline.map")]);
        assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
    }
}

#[test]
fn a_map_among_the_data_of_a_program_is_still_found() {
    let script = inline_map("export const depth = 3; // Nobody may know about the sandbank.");
    let outcome = scan("app", &elf(&[(".rodata", script.as_bytes())]));
    assert_eq!(told(&outcome), ["source-map-embedded-sources app!inline.map"]);
}

#[test]
fn what_the_map_of_bun_keeps_is_one_finding() {
    let map = bun_map("src/quay.ts", "export const depth = 3; // Nobody may know about the sandbank.\n");
    let payload = bun_payload(52, 32, &[("/$bunfs/root/app.js", b"// @bun\nvar a=3;\n", &map)]);
    let outcome = scan("app", &elf(&[(".bun", &[&(payload.len() as u64).to_le_bytes()[..], &payload].concat())]));
    assert_eq!(told(&outcome), ["application-sources app"]);
}

#[test]
fn a_stream_in_the_data_is_opened() {
    let key = crate::rules::example::fill("<aws-access-key-id>", 7).unwrap();
    let text = format!("{}{key} at noon", "The tide at noon, and at midnight. ".repeat(100));
    let outcome = scan("app", &elf(&[(".rodata", &[b"tide", &gzip(text.as_bytes())[..]].concat())]));
    let places: Vec<String> = outcome.findings.iter().map(|finding| finding.path.to_string()).collect();
    let [place] = &places[..] else { panic!("{places:?}") };
    assert!(place.ends_with("app!0x44.gz"), "{place}");
}

/// A zip archive of these files, compressed.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(text.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let mut fields = [20u16, 0, 8, 0, 0].map(u16::to_le_bytes).concat();
        let sizes = [crc32fast::hash(text.as_bytes()), packed.len() as u32, text.len() as u32];
        fields.extend(sizes.map(u32::to_le_bytes).concat());
        fields.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        directory.extend([b"PK\x01\x02\x14\0", &fields[..], &[0; 10], &(out.len() as u32).to_le_bytes()].concat());
        directory.extend(name.as_bytes());
        out.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), &packed].concat());
    }
    let (start, count) = (out.len() as u32, files.len() as u16);
    out.extend(&directory);
    out.extend([b"PK\x05\x06\0\0\0\0", &[count, count].map(u16::to_le_bytes).concat()[..]].concat());
    out.extend([directory.len() as u32, start].map(u32::to_le_bytes).concat());
    out.extend([0, 0]);
    out
}

#[test]
fn scripts_of_an_nwjs_application_are_judged_wherever_its_package_lies() {
    let written = "// Only pilots know.\nfunction depth(tide) {\n  return tide - 7;\n}\ndepth(3);\n";
    let manifest = r#"{"name":"harbour","main":"index.html"}"#;
    let other = ("node_modules/q/index.js", written);
    let package = zip(&[("package.json", manifest), ("js/quay.js", written), other]);
    let minified = zip(&[("package.json", manifest), ("js/quay.js", "let a=1;"), other]);
    let behind = |package: &[u8]| [&pe((".rdata", b"data"), ("X", b"y"))[..], package].concat();
    for (name, bytes) in [("package.nw", package.clone()), ("harbour.exe", behind(&package))] {
        let outcome = scan(name, &bytes);
        assert_eq!(told(&outcome), [format!("application-archive-sources {name}")]);
        let facts = &outcome.findings.iter().find(|one| &*one.rule == "application-archive-sources").unwrap().facts;
        assert_eq!((facts.int("application.files"), facts.int("application.sources")), (3, 1));
    }
    for (name, bytes) in [("package.nw", minified.clone()), ("harbour.exe", behind(&minified))] {
        assert_eq!(told(&scan(name, &bytes)), [format!("application-minified-scripts {name}")]);
    }
    let library = zip(&[("package.json", r#"{"name":"harbour","main":"lib"}"#), ("lib/quay.js", written)]);
    assert_eq!(told(&scan("package.zip", &library)), [""; 0], "a zip archive is one");
}
