//! Names that want to climb out, to hide, or to give orders to a terminal; and secrets that must not be shown.

use crate::support::forge::{TOKEN_RULE, archive, map, tar, token, zip};
use crate::support::{Folder, finds, in_short, reports, scan_bytes};
use lastlook::finding::Verdict;

fn hostile_names() -> Vec<Vec<u8>> {
    let long = "n".repeat(65_000);
    [
        "../../../../etc/passwd",
        "/etc/shadow",
        "C:\\Windows\\system.ini",
        "..",
        ".",
        "",
        "/",
        "a//b/./c",
        "a!b!c",
        "nul\0name",
        "line\nbreak\r\n::error::oops",
        "\x1b[2J\x1b]0;title\x07",
        "\u{9b}2J",
        "bidi\u{202e}gnp.exe",
        "\u{2066}x\u{2069}",
        "zero\u{200b}width\u{feff}",
        "%0A%1b",
        "<script>alert(1)</script>",
        "\u{85}next\u{2028}line",
        &long,
    ]
    .map(|name| name.as_bytes().to_vec())
    .into_iter()
    .chain([b"\xff\xfe\xc3(".to_vec()])
    .collect()
}

/// Nothing that a terminal or an editor obeys: escapes, other control characters, bidi marks, line separators.
fn is_order(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn content(number: usize) -> Vec<u8> {
    format!("const key = \"{}\";\n", token(number as u64)).into_bytes()
}

/// The archives hold a token in each member, so that each name comes up in a finding.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let mut zip = zip::Zip::default();
    let mut tar = Vec::new();
    for (number, name) in hostile_names().iter().enumerate() {
        zip.deflate(name, &content(number));
        tar::push(&mut tar, name, &content(number));
    }
    vec![("names.zip", zip.finish()), ("names.tar", tar::finish(tar))]
}

#[test]
fn members_are_found_under_any_name_and_no_report_gives_orders() {
    for (name, bytes) in archives() {
        let outcome = scan_bytes(name, &bytes);
        assert_eq!(outcome.verdict, Verdict::Blocked, "{}", in_short(&outcome));
        let secrets = outcome.findings.iter().filter(|finding| &*finding.rule == TOKEN_RULE).count();
        let lost = hostile_names().len() - secrets;
        assert!(lost == 0 || outcome.gaps.len() >= lost, "{name}: {secrets} found, {}", in_short(&outcome));
        for (report, bytes) in reports(&outcome) {
            let text = String::from_utf8(bytes).unwrap_or_else(|_| panic!("{report} is not UTF-8"));
            let order = text.chars().find(|character| is_order(*character));
            assert_eq!(order, None, "{report} of {name}");
        }
    }
}

#[test]
fn a_line_break_in_a_name_starts_no_workflow_command() {
    let (_, bytes) = archives().remove(0);
    for (report, bytes) in reports(&scan_bytes("names.zip", &bytes)) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("::error::oops")), "{report}");
    }
}

#[test]
fn names_of_sources_and_files_are_no_different() {
    let folder = Folder::new();
    let names: Vec<String> = hostile_names().into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
    let texts: Vec<String> = (0..names.len()).map(|number| String::from_utf8(content(number)).unwrap()).collect();
    let sources: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    folder.file("cli.js.map", map::map(&sources));
    for name in names.iter().filter(|name| !name.contains(['/', '\0']) && name.len() < 200) {
        if !matches!(name.as_str(), "" | "." | "..") {
            folder.file(name, content(name.len()));
        }
    }
    let outcome = folder.scan();
    // A file that is called like a source, with the same token in it, speaks for the source.
    let tokens = outcome.findings.iter().filter(|finding| &*finding.rule == TOKEN_RULE);
    let places =
        tokens.flat_map(|finding| [&finding.path].into_iter().chain(finding.places.iter().map(|place| &place.path)));
    let found = places.filter(|path| path.to_string().contains("cli.js.map"));
    assert_eq!(found.count(), sources.len(), "{}", in_short(&outcome));
    for (report, bytes) in reports(&outcome) {
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.chars().find(|character| is_order(*character)), None, "{report}");
    }
}

/// Tokens in a file, an archive, a map, an executable and in names; and no report shows one.
#[test]
fn no_report_shows_a_secret() {
    let tokens: Vec<String> = (100..110).map(token).collect();
    let line = |index: usize| format!("const key = \"{}\"; // and {}\n", tokens[index], tokens[index + 1]);
    let folder = Folder::new();
    folder.file("plain.js", line(0));
    folder.file("archive.tgz", archive::tgz(&[("package/a.js", line(1).as_bytes())]));
    folder.file("nested.zip", zip::nested("b.js", line(2).as_bytes(), 3));
    folder.file("cli.js.map", map::map(&[("src/c.ts", &line(3)), (&format!("src/{}.ts", tokens[4]), &line(4))]));
    folder.file("inline.js", map::inline_js(&map::map(&[("src/d.ts", &line(5))])));
    folder.file(&format!("{}/{}.env", tokens[6], tokens[6]), line(6));
    folder.file("names.zip", zip::stored(&[(&format!("{}.js", tokens[7]), line(7).as_bytes())]));
    // Only the name of these holds the token: one is found by its name, the other ends in a gap.
    folder.file(&format!("{}/.env", tokens[8]), "x");
    folder.file(&format!("{}.gz", tokens[9]), &archive::gz(b"content")[..20]);
    let outcome = folder.scan();
    for place in ["plain.js", "a.js", "b.js", "c.ts", "d.ts"] {
        assert!(finds(&outcome, TOKEN_RULE, place), "{place}: {}", in_short(&outcome));
    }
    for (report, bytes) in reports(&outcome) {
        let text = String::from_utf8(bytes).unwrap();
        for (index, token) in tokens.iter().enumerate() {
            assert!(!text.contains(token), "{report} shows token {index}");
            assert!(!text.contains(&token[12..]), "{report} shows most of token {index}");
        }
    }
}
