//! Small files that unpack to huge ones, and shapes that make slow programs slower.

use std::io::Read;

use data_encoding::{BASE64, HEXLOWER};
use lastlook::finding::Verdict;

use crate::support::forge::{TOKEN_RULE, archive, prose, tar, token, zip};
use crate::support::{Folder, in_short};

/// What has to come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is wrong with it, however odd it looks.
    Clear,
    /// Not everything could be looked at.
    Gap,
    /// There is a token in it.
    Found,
    /// There is a gap, or the pickle that runs code is told as one.
    Told,
    /// Any end is fine, as long as there is one.
    Any,
}

pub struct Bomb {
    pub name: &'static str,
    pub end: End,
    pub bytes: fn(Size) -> Vec<u8>,
}

/// How large a bomb is made: small ones prove that it is told, full ones that it costs little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Small,
    Full,
}

impl Size {
    pub fn of(self, small: usize, full: usize) -> usize {
        if self == Size::Small { small } else { full }
    }
}

fn zeros(bytes: u64) -> impl Read {
    std::io::repeat(0).take(bytes)
}

fn gzip(size: Size) -> Vec<u8> {
    archive::gz_from(zeros(size.of(40 << 20, 1 << 30) as u64))
}

fn gzip_in_gzip(size: Size) -> Vec<u8> {
    archive::gz(&gzip(size))
}

fn tar_gzip(size: Size) -> Vec<u8> {
    let length = size.of(40 << 20, 1 << 30);
    let start = tar::tar(&[("zeros.bin", &[])]);
    let mut header = start[..512].to_vec();
    header[124..136].copy_from_slice(format!("{length:011o}\0").as_bytes());
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    archive::gz_from(header.chain(zeros(length as u64)).chain(&[0; 1024][..]))
}

fn many_members(size: Size) -> Vec<u8> {
    let mut zip = zip::Zip::default();
    for number in 0..size.of(3_000, 100_000) {
        zip.store(format!("src/file{number}.js").as_bytes(), b"x=1");
    }
    zip.finish()
}

/// Many names for the same compressed megabyte.
fn overlapping(size: Size) -> Vec<u8> {
    let mut zip = zip::Zip::default();
    zip.deflate(b"first", &vec![b'a'; 1 << 20]);
    for number in 0..size.of(500, 20_000) {
        zip.again(format!("copy{number}").as_bytes(), 0);
    }
    zip.finish()
}

/// Many names for the same stored zip, which has many names for the same stored text.
fn overlapping_nested(size: Size) -> Vec<u8> {
    let mut inner = prose(20_000, 3).into_bytes();
    for _ in 0..4 {
        let mut zip = zip::Zip::default();
        zip.store(b"first.zip", &inner);
        for number in 0..size.of(30, 300) {
            zip.again(format!("{number}.zip").as_bytes(), 0);
        }
        inner = zip.finish();
    }
    inner
}

/// Each zip holds several zips, each of which does: little data, many ways.
fn tree(size: Size) -> Vec<u8> {
    let mut inner = zip::deflated(&[("zeros", &vec![0; 12 << 20])]);
    for _ in 0..size.of(2, 5) {
        let names: Vec<String> = (0..10).map(|number| format!("{number}.zip")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &inner[..])).collect();
        inner = zip::deflated(&members);
    }
    inner
}

fn deep(_: Size) -> Vec<u8> {
    zip::nested("leak.js", format!("key=\"{}\"", token(1)).as_bytes(), 30)
}

fn xz(size: Size) -> Vec<u8> {
    archive::xz(&vec![0; size.of(40 << 20, 300 << 20)])
}

fn bzip2(size: Size) -> Vec<u8> {
    archive::bz2(&vec![0; size.of(40 << 20, 300 << 20)])
}

fn zstd(size: Size) -> Vec<u8> {
    archive::zst_bomb(size.of(400, 100_000))
}

fn deep_json(size: Size) -> Vec<u8> {
    let depth = size.of(50_000, 1_000_000);
    let nested = [vec![b'['; depth], vec![b']'; depth]].concat();
    let objects = r#"{"a":"#.repeat(depth / 5);
    [br#"{"version":3,"sources":["a.ts"],"sections":"#, &nested[..], b",\"names\":", objects.as_bytes()].concat()
}

fn many_sources(size: Size) -> Vec<u8> {
    let count = size.of(20_000, 1_000_000);
    let mut out = r#"{"version":3,"sources":["#.to_owned();
    out.push_str(&(0..count).map(|number| format!("\"{number}\"")).collect::<Vec<_>>().join(","));
    out.push_str(r#"],"sourcesContent":["#);
    out.push_str(&(0..count).map(|number| format!("\"x={number}\"")).collect::<Vec<_>>().join(","));
    out.push_str("],\"mappings\":\"\"}");
    out.into_bytes()
}

/// One line with the keywords of all rules, again and again, with the token at its end.
fn all_keywords(size: Size) -> Vec<u8> {
    format!("{} \"{}\"", keywords(size.of(300_000, 20 << 20)), token(2)).into_bytes()
}

/// Each rule's hit without its end, so that every pattern starts to match and goes on as long as it may.
fn nearly_hits(size: Size) -> Vec<u8> {
    let rules = crate::support::scanner().rules();
    let hits: Vec<String> = rules
        .iter()
        .filter(|rule| rule.content().is_some())
        .filter_map(|rule| lastlook::rules::example::fill(rule.hits.first()?, 1).ok())
        .map(|hit| hit.chars().take(hit.chars().count().saturating_sub(8)).collect::<String>())
        .collect();
    let line = hits.join("_");
    line.repeat(size.of(200_000, 5 << 20) / line.len()).into_bytes()
}

fn pem_headers(size: Size) -> Vec<u8> {
    format!("-----BEGIN {} KEY-----\n", "RSA PRIVATE").repeat(size.of(10_000, 1_000_000)).into_bytes()
}

fn many_tokens(size: Size) -> Vec<u8> {
    (0..size.of(3_000, 100_000)).map(|seed| token(seed as u64) + "\n").collect::<String>().into_bytes()
}

fn many_streams(size: Size) -> Vec<u8> {
    archive::gz(b"x").repeat(size.of(5_000, 500_000))
}

fn quotes(size: Size) -> Vec<u8> {
    [br#"{"version":3,"sources":[""#, &b"\\\"\\\\".repeat(size.of(100_000, 5 << 20))[..], b"\"],\"mappings\":\"\"}"]
        .concat()
}

fn many_inline_maps(size: Size) -> Vec<u8> {
    "//# sourceMappingURL=data:application/json;base64,e30=\n".repeat(size.of(2_000, 300_000)).into_bytes()
}

fn unclosed_inline_maps(size: Size) -> Vec<u8> {
    "//# sourceMappingURL=data:application/json;base64,".repeat(size.of(2_000, 300_000)).into_bytes()
}

fn inline_maps_without_blanks(size: Size) -> Vec<u8> {
    "sourceMappingURL=data:;base64,eyJ2ZXJzaW9uIjozfQ".repeat(size.of(2_000, 1_000_000)).into_bytes()
}

fn small_inline_maps(size: Size) -> Vec<u8> {
    let map = data_encoding::BASE64.encode(br#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a"]}"#);
    format!("/*# sourceMappingURL=data:;base64,{map}*/").repeat(size.of(2_000, 400_000)).into_bytes()
}

fn starts_of_maps(size: Size) -> Vec<u8> {
    br#"{"version":3,"#.repeat(size.of(5_000, 3_500_000))
}

/// Maps as literals, none of which ends; `escape` as they would stand in a string.
fn unended_literals(times: usize, escape: bool) -> Vec<u8> {
    let map = r#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a = 'a text that is long enough to count as the source of something';"],"#;
    let map = if escape { map.replace('"', "\\\"") } else { map.to_owned() };
    format!("x={}", map.repeat(times)).into_bytes()
}

fn literals(size: Size) -> Vec<u8> {
    unended_literals(size.of(1_000, 400_000), false)
}

fn escaped_literals(size: Size) -> Vec<u8> {
    unended_literals(size.of(1_000, 400_000), true)
}

fn unended_lists(size: Size) -> Vec<u8> {
    b",\"sourcesContent\":[\"x\",{sourcesContent:[`".repeat(size.of(3_000, 1_200_000))
}

fn many_references(size: Size) -> Vec<u8> {
    let lines = (0..size.of(12_000, 1_200_000)).map(|number| format!("//# sourceMappingURL=a{number}.js.map\n"));
    lines.collect::<String>().into_bytes()
}

fn many_names(size: Size) -> Vec<u8> {
    (0..size.of(3_000, 1_000_000))
        .map(|number| format!("\"\\n//# sourceURL=src/{number}.ts\"\n"))
        .collect::<String>()
        .into_bytes()
}

fn zip_marks(size: Size) -> Vec<u8> {
    b"PK\x03\x04PK\x01\x02PK\x05\x06".repeat(size.of(10_000, 1_000_000))
}

/// The keywords of all rules, again and again, `length` bytes of them.
fn keywords(length: usize) -> String {
    let rules = crate::support::scanner().rules();
    let words: Vec<&str> = rules
        .iter()
        .filter_map(|rule| rule.content())
        .flat_map(|content| &content.keywords)
        .map(AsRef::as_ref)
        .collect();
    let line = words.join("=");
    line.repeat(length / line.len() + 1)
}

fn base64_twice(size: Size) -> Vec<u8> {
    let once = BASE64.encode(keywords(size.of(300_000, 20 << 20) * 9 / 16).as_bytes());
    BASE64.encode(once.as_bytes()).into_bytes()
}

fn base64_thrice(size: Size) -> Vec<u8> {
    BASE64.encode(&base64_twice(size)).into_bytes()
}

fn hex(size: Size) -> Vec<u8> {
    HEXLOWER.encode(keywords(size.of(150_000, 10 << 20)).as_bytes()).into_bytes()
}

fn utf16(size: Size) -> Vec<u8> {
    let text = [b"\x7fELF\xff\xff".to_vec(), keywords(size.of(150_000, 10 << 20)).into_bytes()].concat();
    text.iter().flat_map(|byte| [*byte, 0]).collect()
}

fn escapes(size: Size) -> Vec<u8> {
    let word = "npm_".bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    word.repeat(size.of(300_000, 20 << 20) / word.len()).into_bytes()
}

fn percent_of_everything(size: Size) -> Vec<u8> {
    let text = keywords(size.of(100_000, 7 << 20));
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>().into_bytes()
}

fn entities(size: Size) -> Vec<u8> {
    let text = keywords(size.of(60_000, 4 << 20));
    text.bytes().map(|byte| format!("&#{byte};")).collect::<String>().into_bytes()
}

fn joined(size: Size) -> Vec<u8> {
    "\"a\"+".repeat(size.of(300_000, 20 << 20) / 4).into_bytes()
}

fn joined_keywords(size: Size) -> Vec<u8> {
    let text = keywords(size.of(60_000, 4 << 20));
    text.chars().map(|letter| format!("\"{letter}\"+")).collect::<String>().into_bytes()
}

/// A beginning of a key every few hundred bytes, each near a mark, so that each asks for more to be decoded.
fn far_reaching(size: Size) -> Vec<u8> {
    let line = format!("-----BEGIN {} KEY-----\\u0041{}", "PRIVATE", "x".repeat(300));
    line.repeat(size.of(300_000, 20 << 20) / line.len()).into_bytes()
}

pub const BOMBS: &[Bomb] = &[
    Bomb { name: "bomb.gz", end: End::Gap, bytes: gzip },
    Bomb { name: "bomb.gz.gz", end: End::Gap, bytes: gzip_in_gzip },
    Bomb { name: "bomb.tar.gz", end: End::Gap, bytes: tar_gzip },
    Bomb { name: "many.zip", end: End::Clear, bytes: many_members },
    Bomb { name: "overlapping.zip", end: End::Gap, bytes: overlapping },
    Bomb { name: "overlapping-nested.zip", end: End::Gap, bytes: overlapping_nested },
    Bomb { name: "tree.zip", end: End::Any, bytes: tree },
    Bomb { name: "deep.zip", end: End::Gap, bytes: deep },
    Bomb { name: "bomb.xz", end: End::Gap, bytes: xz },
    Bomb { name: "bomb.bz2", end: End::Gap, bytes: bzip2 },
    Bomb { name: "bomb.zst", end: End::Gap, bytes: zstd },
    Bomb { name: "deep.map", end: End::Any, bytes: deep_json },
    Bomb { name: "many.map", end: End::Any, bytes: many_sources },
    Bomb { name: "keywords.js", end: End::Found, bytes: all_keywords },
    Bomb { name: "nearly.js", end: End::Any, bytes: nearly_hits },
    Bomb { name: "pem.txt", end: End::Any, bytes: pem_headers },
    Bomb { name: "tokens.txt", end: End::Found, bytes: many_tokens },
    Bomb { name: "streams.gz", end: End::Clear, bytes: many_streams },
    Bomb { name: "quotes.map", end: End::Any, bytes: quotes },
    Bomb { name: "inline.js", end: End::Any, bytes: many_inline_maps },
    Bomb { name: "unclosed.js", end: End::Any, bytes: unclosed_inline_maps },
    Bomb { name: "blankless.js", end: End::Any, bytes: inline_maps_without_blanks },
    Bomb { name: "small.css", end: End::Any, bytes: small_inline_maps },
    Bomb { name: "starts.js.map", end: End::Gap, bytes: starts_of_maps },
    Bomb { name: "literals.js", end: End::Any, bytes: literals },
    Bomb { name: "escaped.js", end: End::Any, bytes: escaped_literals },
    Bomb { name: "lists.js", end: End::Any, bytes: unended_lists },
    Bomb { name: "references.js", end: End::Gap, bytes: many_references },
    Bomb { name: "names.js", end: End::Any, bytes: many_names },
    Bomb { name: "marks.bin", end: End::Any, bytes: zip_marks },
    Bomb { name: "base64-twice.js", end: End::Any, bytes: base64_twice },
    Bomb { name: "base64-thrice.js", end: End::Any, bytes: base64_thrice },
    Bomb { name: "hex.js", end: End::Any, bytes: hex },
    Bomb { name: "utf16.bin", end: End::Any, bytes: utf16 },
    Bomb { name: "escapes.js", end: End::Any, bytes: escapes },
    Bomb { name: "percent.js", end: End::Any, bytes: percent_of_everything },
    Bomb { name: "entities.html", end: End::Any, bytes: entities },
    Bomb { name: "joined.js", end: End::Any, bytes: joined },
    Bomb { name: "joined-keywords.js", end: End::Any, bytes: joined_keywords },
    Bomb { name: "far.js", end: End::Any, bytes: far_reaching },
];

#[test]
fn bombs_end_as_they_should() {
    for bomb in BOMBS.iter().chain(crate::models::MODELS) {
        let folder = Folder::with(bomb.name, &(bomb.bytes)(Size::Small));
        let outcome = folder.scan();
        let mistakes = outcome.gaps.iter().filter(|gap| gap.reason.contains("a mistake in lastlook")).count();
        assert_eq!(mistakes, 0, "{}: {}", bomb.name, in_short(&outcome));
        let right = match bomb.end {
            End::Clear => outcome.verdict == Verdict::Clear,
            End::Gap => !outcome.gaps.is_empty(),
            End::Found => outcome.findings.iter().any(|finding| &*finding.rule == TOKEN_RULE),
            End::Told => {
                let runs = |finding: &lastlook::finding::Finding| &*finding.rule == "pickle-runs-code";
                !outcome.gaps.is_empty() || outcome.findings.iter().any(runs)
            }
            End::Any => true,
        };
        assert!(right, "{} should end in {:?}: {}", bomb.name, bomb.end, in_short(&outcome));
    }
}
