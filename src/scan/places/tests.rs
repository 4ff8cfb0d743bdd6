//! Secrets with their places, as a scan reports them.

use std::path::Path;

use super::*;
use crate::finding::Verdict;
use crate::policy::{FILE_NAME, Policy};
use crate::scan::Outcome;

/// A token that its issuer's checksum proves.
fn token() -> String {
    crate::rules::example::fill("npm_<base62*30><crc32-base62-6>", 7).unwrap()
}

/// A folder of files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn builder() -> crate::scan::Builder {
    Scanner::builder().threads(1)
}

fn scan(builder: crate::scan::Builder, targets: &[&Path]) -> Outcome {
    builder.build().unwrap().scan(targets).unwrap()
}

/// The secrets that were found, without the folder: `path from source:line:column + further paths; details`.
fn secrets(outcome: &Outcome, root: &Path) -> Vec<String> {
    let root = format!("{}/", root.display());
    let name = |path: &ArtifactPath| path.to_string().replace(&root, "");
    let shown = |finding: &Finding| {
        let from = finding.original.as_ref();
        let from = from.map_or(String::new(), |from| format!(" from {}:{}:{}", from.source, from.line, from.column));
        let also: String = finding.places.iter().map(|place| format!(" + {}", name(&place.path))).collect();
        let details: String = finding.details.iter().map(|detail| format!("; {detail}")).collect();
        format!("{}{from}{also}{details}", name(&finding.path))
    };
    outcome.findings.iter().filter(|finding| finding.secret.is_some()).map(shown).collect()
}

/// A map with one source.
fn map(source: &str, text: Option<&str>, mappings: &str) -> String {
    let text = text.map_or(String::new(), |text| format!(r#","sourcesContent":[{}]"#, serde_json::json!(text)));
    format!(r#"{{"version":3,"sources":["{source}"]{text},"mappings":"{mappings}"}}"#)
}

#[test]
fn a_map_is_found_where_it_lies() {
    let token = token();
    let source = format!("// why\nexport const t = '{token}';\n");
    let code = format!("const t='{token}';");
    let with_text = map("../src/a.ts", Some(&source), "AACO");
    let inline = data_encoding::BASE64.encode(with_text.as_bytes());
    let from = " from ../src/a.ts:2:19";
    for (files, expected) in [
        (
            vec![("a.js", format!("{code}\n//# sourceMappingURL=m/x.map")), ("m/x.map", with_text.clone())],
            "a.js from ../src/a.ts:2:19 + m/x.map!../src/a.ts",
        ),
        (
            vec![("a.js", code.clone()), ("a.js.map", with_text.clone())],
            "a.js from ../src/a.ts:2:19 + a.js.map!../src/a.ts",
        ),
        (
            vec![("a.js", format!("{code}\n//# sourceMappingURL=data:application/json;base64,{inline}"))],
            "a.js from ../src/a.ts:2:19 + a.js!inline.map!../src/a.ts",
        ),
        // Without the text: the segment starts at `t`, and the secret is counted from there.
        (vec![("a.js", code.clone()), ("a.js.map", map("../src/a.ts", None, "MACa"))], "a.js from ../src/a.ts:2:17"),
        (
            vec![("a.js", code.clone()), ("a.js.map", map("../src/a.ts", None, "!"))],
            "a.js; its map's mappings cannot be read, so its place in the source is not known",
        ),
        (
            vec![("a.js", code.clone()), ("a.js.map", map("../src/a.ts", None, ";AAAA"))],
            "a.js; its map does not say where it comes from",
        ),
        // The mappings are broken, but the text is there.
        (
            vec![("a.js", code.clone()), ("a.js.map", map("../src/a.ts", Some(&source), "!"))],
            "a.js from ../src/a.ts:2:19 + a.js.map!../src/a.ts",
        ),
        (vec![("a.js", code.clone()), ("b.js.map", map("../src/a.ts", None, "AACO"))], "a.js"),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let folder = folder(&files);
        let outcome = scan(builder(), &[folder.path()]);
        assert_eq!(secrets(&outcome, folder.path()), [expected]);
        assert_eq!((outcome.verdict, outcome.gaps.len()), (Verdict::Blocked, 0));
    }
    let maps = folder(&[("deep/a.js.map", &with_text)]);
    let target = folder(&[("dist/a.js", &code), ("dist/a.js.map", &map("beside.ts", None, "AAAA"))]);
    let file = target.path().join("dist/a.js");
    let alone = scan(builder(), &[&file]);
    assert_eq!(secrets(&alone, &target.path().join("dist")), ["a.js from beside.ts:1:10"], "next to the file on disk");
    std::fs::remove_file(target.path().join("dist/a.js.map")).unwrap();
    let given = scan(builder().maps(maps.path()), &[target.path()]);
    assert_eq!(secrets(&given, target.path()), [format!("dist/a.js{from}")]);
    assert_eq!(given.totals.files, 1, "the maps are no part of the target");
}

#[test]
fn members_of_archives_have_their_places_too() {
    use std::io::Write;
    let token = token();
    let source = format!("\n\nlet ü = '🌊', t = '{token}';");
    let mut zip = Vec::new();
    let mut tar = tar::Builder::new(&mut zip);
    let code = format!("\u{feff}var a='🌊',b='{token}';\n//# sourceMappingURL=a.js.map\n");
    let map = map("../src/a.ts", Some(&source), "WAEiB");
    for (name, text) in [("package/dist/a.js", code.as_str()), ("package/dist/a.js.map", &map)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&zip).unwrap();
    let folder = folder(&[]);
    std::fs::write(folder.path().join("p.tgz"), gzip.finish().unwrap()).unwrap();
    let outcome = scan(builder(), &[folder.path()]);
    let expected = "p.tgz!package/dist/a.js from ../src/a.ts:3:20 + p.tgz!package/dist/a.js.map!../src/a.ts";
    assert_eq!(secrets(&outcome, folder.path()), [expected]);
}

#[test]
fn one_secret_of_two_bundles_their_maps_and_the_source_is_one_finding() {
    let token = token();
    let source = format!("export const t = '{token}';\n");
    let code = format!("let t='{token}';");
    let embedded = map("../src/a.ts", Some(&source), "AAAA");
    let named = map("../src/a.ts", None, "AAAA");
    let folder = folder(&[
        ("dist/a.cjs", &code),
        ("dist/a.cjs.map", &embedded),
        ("dist/a.mjs", &code),
        ("dist/a.mjs.map", &named),
        ("src/a.ts", &source),
        ("elsewhere.js", &code),
    ]);
    let outcome = scan(builder(), &[folder.path()]);
    let all = "dist/a.cjs from ../src/a.ts:1:19 + dist/a.mjs + src/a.ts + dist/a.cjs.map!../src/a.ts";
    assert_eq!(secrets(&outcome, folder.path()), [all, "elsewhere.js"]);
}

#[test]
fn an_allow_entry_by_any_fingerprint_counts_for_all_places_and_one_by_path_for_its_own() {
    let token = token();
    let source = format!("export const t = '{token}';\n");
    let code = format!("let t='{token}';");
    let folder = folder(&[("a.js", &code), ("a.js.map", &map("../src/a.ts", Some(&source), "AAAA")), (FILE_NAME, "")]);
    let judged = |entry: &str| {
        let file = folder.path().join(FILE_NAME);
        let levels = "[levels]\n\"source-map-*\" = \"off\"\n";
        let allow = format!("{levels}[[allow]]\nrule = \"npm-access-token\"\nreason = \"the demo\"\n{entry}\n");
        std::fs::write(&file, allow).unwrap();
        let policy = Policy::read(&file, &["npm-access-token", "source-map-shipped"]).unwrap();
        scan(builder().policy(policy), &[folder.path()])
    };
    let open = judged("path = \"nowhere\"");
    let finding = open.findings.iter().find(|finding| finding.secret.is_some()).unwrap();
    for fingerprint in [&finding.fingerprint, &finding.places[0].fingerprint] {
        let outcome = judged(&format!("fingerprint = \"{fingerprint}\""));
        assert_eq!((outcome.verdict, outcome.findings.len(), outcome.stale.len()), (Verdict::Clear, 0, 0));
        assert_eq!((outcome.allowed.len(), outcome.allowed[0].finding.places.len()), (1, 1));
    }
    let outcome = judged("path = \"a.js.map!../src/a.ts\"");
    assert_eq!(secrets(&outcome, folder.path()), ["a.js from ../src/a.ts:1:19"]);
    assert_eq!((outcome.verdict, outcome.allowed.len()), (Verdict::Blocked, 1));
    let outcome = judged("path = \"a.js\"");
    assert_eq!(secrets(&outcome, folder.path()), ["a.js.map!../src/a.ts"]);
}

#[test]
fn the_map_of_an_evaluated_module_is_known_by_its_text() {
    let token = token();
    let module = |source: &str, code: &str| {
        let map = data_encoding::BASE64.encode(map(source, Some(&format!("/* ü */ {code}")), "AAAA").as_bytes());
        format!(
            "eval(\"{code}\\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{map}\\n//# sourceURL=x\");\n"
        )
    };
    let text = module("webpack://p/./a.js", "a()") + &module("webpack://p/./b.js", &format!("b('{token}')"));
    let folder = folder(&[("main.js", &text)]);
    let outcome = scan(builder(), &[folder.path()]);
    let expected = "main.js from webpack://p/./b.js:1:12 + main.js!inline-2.map!webpack://p/./b.js";
    assert_eq!(secrets(&outcome, folder.path()), [expected]);
}
