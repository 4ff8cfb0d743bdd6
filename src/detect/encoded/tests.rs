//! Secrets in every encoding, through the detector.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use super::super::Detector;
use crate::finding::{Encoding, Level};
use crate::rules::load::{Check, load};
use crate::rules::{RuleSet, example, known};

fn detector() -> Detector {
    let rule = "[[rule]]\nid='t'\nkind='content'\ncategory='secret'\nlevel='error'\ntitle='t'\nwhy='w'\nfix='f'\n\
                hits=['a','b']\nmisses=['a','b']\nkeywords=['npm_']\npattern='''\\b(npm_[0-9A-Za-z]{36})\\b'''\n\
                checksum='crc32-base62-6'";
    let mut set = RuleSet::default();
    load(&mut set, &[("t.toml", rule)], &[], Check::Patterns).unwrap();
    Detector::new(&set, |_| Level::Error).unwrap()
}

fn token() -> String {
    example::fill("npm_<base62*30><crc32-base62-6>", 7).unwrap()
}

/// The one thing found in `text`: what it says, how it is encoded, and where.
fn only(text: &[u8]) -> (String, Vec<Encoding>, std::ops::Range<usize>) {
    let detector = detector();
    let all = 0..text.len();
    let found = detector.content(text, std::slice::from_ref(&all), "a.js");
    assert!(!found.cut);
    let found: Vec<_> = found.matches.into_iter().collect();
    assert_eq!(found.len(), 1, "in {}", String::from_utf8_lossy(text));
    let value = String::from_utf8_lossy(found[0].value(text)).into_owned();
    (value, found[0].encodings.clone(), found[0].secret.clone())
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[test]
fn base64_is_read_at_every_alignment_in_every_alphabet_and_wherever_it_begins() {
    for before in 0..7 {
        for glued in ["", "=", "x", "ab", "abc", "path/to/"] {
            for after in 0..3 {
                let plain = format!("{}:{}{}", "\u{fc}".repeat(before), token(), ";".repeat(after));
                for encoded in [
                    BASE64.encode(plain.as_bytes()),
                    BASE64_NOPAD.encode(plain.as_bytes()),
                    BASE64URL_NOPAD.encode(plain.as_bytes()),
                ] {
                    let text = format!("const a = \"{glued}{encoded}\";");
                    let (value, encodings, place) = only(text.as_bytes());
                    assert_eq!((value, encodings), (token(), vec![Encoding::Base64]));
                    // The characters that hold the token, give or take the one at each end that it shares.
                    assert!((53..=55).contains(&place.len()), "{}", place.len());
                }
            }
        }
    }
}

#[test]
fn a_run_of_one_alphabet_may_end_in_the_middle_of_one_of_the_other() {
    // Signs of one alphabet end a run of the other, wherever in it they stand.
    let glue = ["", "/", "-", "a/b-c/", "x_y-z/some/longer/path-to/it/", "AbCdEfGhIjKlMnOpQrStUvWxYz/", "Ab-Cd+Ef_Gh/"];
    let plain = format!("{{\"auth\":\"{}\",\"ü\":\"ÿþ\"}}", token());
    for before in glue {
        for after in glue {
            for encoded in [BASE64_NOPAD.encode(plain.as_bytes()), BASE64URL_NOPAD.encode(plain.as_bytes())] {
                let text = format!("GET {before}{encoded}{after} HTTP");
                assert_eq!(only(text.as_bytes()).0, token(), "{text}");
            }
        }
    }
}

#[test]
fn base64_may_be_broken_into_lines() {
    let plain = format!("{{\"auth\": \"{}\", \"more\": \"{}\"}}", "f".repeat(40), token());
    let encoded = BASE64.encode(plain.as_bytes());
    for end in ["\n", "\r\n", "\n    ", "\\n", "\\r\\n"] {
        let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let text = format!("data: {}\n", lines.join(end));
        assert_eq!(only(text.as_bytes()).0, token(), "{end:?}");
    }
}

#[test]
fn other_encodings_are_read_and_their_places_are_those_of_the_outer_bytes() {
    let token = token();
    let each = |write: fn(u8) -> String| -> String { token.bytes().map(write).collect() };
    let split = format!("{}\" + \"{}", &token[..9], &token[9..]);
    let php = format!("{}'. '{}", &token[..4], &token[4..]);
    for (encoding, encoded) in [
        (Encoding::Hex, HEXLOWER.encode(token.as_bytes())),
        (Encoding::Hex, HEXUPPER.encode(token.as_bytes())),
        (Encoding::Percent, each(|byte| format!("%{byte:02x}"))),
        (Encoding::Percent, token.replace('_', "%5F")),
        (Encoding::Escapes, each(|byte| format!("\\x{byte:02X}"))),
        (Encoding::Escapes, each(|byte| format!("\\u{byte:04x}"))),
        (Encoding::Escapes, each(|byte| format!("\\u{{{byte:x}}}"))),
        (Encoding::Escapes, each(|byte| format!("\\{byte:03o}"))),
        (Encoding::Entities, each(|byte| format!("&#{byte};"))),
        (Encoding::Entities, each(|byte| format!("&#x{byte:x};"))),
        (Encoding::Entities, token.replace('_', "&lowbar;")),
        (Encoding::Concatenation, split),
    ] {
        let text = format!("let key = \"{encoded}\"; // {}", "and more ".repeat(50));
        let (value, encodings, place) = only(text.as_bytes());
        assert_eq!((value, encodings), (token.clone(), vec![encoding]), "{encoded}");
        assert_eq!(place, 11..11 + encoded.len());
    }
    let text = format!("$key = '{php}';");
    assert_eq!(only(text.as_bytes()).1, [Encoding::Concatenation]);
    for little in [true, false] {
        for lead in [&b""[..], b"\x01", b"\x7fELF\x02\xff\xff", b"\x90\x90"] {
            let text = [lead, &utf16(&format!("key={token};"), little), b"\xff\xfe"].concat();
            let (value, encodings, place) = only(&text);
            assert_eq!((value, encodings, place.len()), (token.clone(), vec![Encoding::Utf16], 80));
        }
    }
}

#[test]
fn encodings_may_be_nested() {
    let once = BASE64.encode(format!("key={}", token()).as_bytes());
    for (encodings, text) in [
        ([Encoding::Base64, Encoding::Base64], BASE64.encode(format!("data={once}").as_bytes())),
        ([Encoding::Hex, Encoding::Base64], HEXLOWER.encode(once.as_bytes())),
        (
            [Encoding::Percent, Encoding::Base64],
            once.replace('=', "%3D").replacen('A', "%41", 2).replacen('b', "%62", 1),
        ),
        ([Encoding::Base64, Encoding::Hex], BASE64.encode(HEXLOWER.encode(token().as_bytes()).as_bytes())),
    ] {
        let text = format!("x = '{text}'");
        let (value, found, place) = only(text.as_bytes());
        assert_eq!((value, &found[..]), (token(), &encodings[..]), "{text}");
        assert!(place.start >= 5 && place.end < text.len());
    }
}

#[test]
fn a_plain_secret_is_not_found_again_by_its_escapes() {
    let text = format!("fetch(\"https:\\/\\/a.b\\/c\", \"{}\", \"\\x20\")", token());
    assert_eq!(only(text.as_bytes()).1, []);
}

#[test]
fn hostile_text_ends() {
    let keywords = BASE64.encode("npm_npm_npm_".repeat(1 << 16).as_bytes());
    let nested = HEXLOWER.encode(keywords.as_bytes());
    let detector = detector();
    for text in [keywords, nested, "\\u006e\\u0070".repeat(1 << 17), "%6e".repeat(1 << 18)] {
        let all = 0..text.len();
        let _ = detector.content(text.as_bytes(), std::slice::from_ref(&all), "a.js");
    }
}

fn places_of(value: &str, text: &[u8]) -> usize {
    let mut set = RuleSet::default();
    known::add(&mut set, "APP_KEY", value).unwrap();
    let detector = Detector::new(&set, |_| Level::Error).unwrap();
    let all = 0..text.len();
    detector.content(text, std::slice::from_ref(&all), "a").matches.len()
}

#[test]
fn a_value_is_found_as_it_is_and_in_every_encoding() {
    let value = "P\u{e4}ss/w0rd+4\"7&x";
    let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let base64 = data_encoding::BASE64.encode(format!("user:{value}").as_bytes());
    let json = serde_json::to_string(value).unwrap();
    for text in [format!("x={value};"), encoded, base64, json, value.replace('&', "&amp;"), value.replace('/', "\\/")] {
        assert_eq!(places_of(value, text.as_bytes()), 1, "{text}");
    }
    assert_eq!(places_of(value, value.to_lowercase().as_bytes()), 0);
}

#[test]
fn values_of_several_lines_are_found_in_string_literals() {
    let value = "first line 7f3a\nsecond line 91bc\n";
    for text in ["a = \"first line 7f3a\\nsecond line 91bc\"", "first line 7f3a\r\nsecond line 91bc"] {
        assert_eq!(places_of(value, text.as_bytes()), 1, "{text}");
    }
}
