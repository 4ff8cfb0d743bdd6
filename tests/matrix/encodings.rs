//! Ways of writing text so that a search for its characters passes it over.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, HEXLOWER, HEXUPPER};

use crate::carrier::{Carrier, bytes, carrier};
use crate::kinds::Leak;

/// A script with encoded text in it.
fn script(encoded: &str) -> Vec<u8> {
    format!("const data = \"{encoded}\";\nmain(data);\n").into_bytes()
}

fn each(leak: &Leak, write: fn(u8) -> String) -> Vec<u8> {
    script(&leak.text.bytes().map(write).collect::<String>())
}

fn base64(text: &[u8]) -> String {
    BASE64.encode(text)
}

fn lines(encoded: &str, length: usize, end: &str) -> String {
    let lines = encoded.as_bytes().chunks(length).map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join(end)
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
        return char::from(byte).to_string();
    }
    format!("%{byte:02X}")
}

/// The text as literals of at most `length` characters, joined by `sign`. A literal never ends inside an escape.
fn joined(leak: &Leak, length: usize, sign: &str) -> Vec<u8> {
    let mut pieces = vec![String::new()];
    for letter in leak.text.chars() {
        let written = serde_json::to_string(&letter.to_string()).unwrap();
        if pieces.last().is_none_or(|piece| piece.len() >= length) {
            pieces.push(String::new());
        }
        pieces.last_mut().unwrap().push_str(&written[1..written.len() - 1]);
    }
    let literals: Vec<String> = pieces.iter().map(|piece| format!("\"{piece}\"")).collect();
    format!("data = {};\n", literals.join(sign)).into_bytes()
}

#[rustfmt::skip]
pub const ENCODINGS: &[Carrier] = &[
    carrier("base64", "a.js", |leak| script(&base64(leak.text.as_bytes()))),
    carrier("base64-second-byte", "a.js", |leak| script(&base64(&bytes(&[b":", leak.text.as_bytes()])))),
    carrier("base64-third-byte", "a.js", |leak| script(&base64(&bytes(&[b"::", leak.text.as_bytes()])))),
    carrier("base64-unpadded", "a.js", |leak| script(&BASE64_NOPAD.encode(leak.text.as_bytes()))),
    carrier("base64-url", "a.js", |leak| script(&BASE64URL.encode(&bytes(&[b"\xfb\xff\xfe", leak.text.as_bytes()])))),
    carrier("base64-glued", "a.txt", |leak| bytes(&[b"see path/to/x", base64(leak.text.as_bytes()).as_bytes()])),
    carrier("base64-mime", "mail.eml", |leak| bytes(&[b"Content-Transfer-Encoding: base64\r\n\r\n", lines(&base64(leak.text.as_bytes()), 76, "\r\n").as_bytes(), b"\r\n--x"])),
    carrier("base64-lines", "a.pem", |leak| bytes(&[lines(&base64(leak.text.as_bytes()), 64, "\n").as_bytes(), b"\n"])),
    carrier("base64-escaped-lines", "a.js", |leak| script(&lines(&base64(leak.text.as_bytes()), 64, "\\n"))),
    carrier("hex", "a.js", |leak| script(&HEXLOWER.encode(leak.text.as_bytes()))),
    carrier("hex-upper", "a.js", |leak| script(&HEXUPPER.encode(leak.text.as_bytes()))),
    carrier("hex-lines", "a.txt", |leak| bytes(&[lines(&HEXLOWER.encode(leak.text.as_bytes()), 60, "\n").as_bytes(), b"\n"])),
    carrier("percent", "a.js", |leak| each(leak, |byte| format!("%{byte:02x}"))),
    carrier("percent-where-needed", "a.js", |leak| each(leak, percent)),
    carrier("query", "a.html", |leak| bytes(&[b"<a href=\"/x?a=1&s=", leak.text.bytes().map(percent).collect::<String>().as_bytes(), b"&z=2\">"])),
    carrier("escape-x", "a.js", |leak| each(leak, |byte| format!("\\x{byte:02x}"))),
    carrier("escape-x-upper", "a.py", |leak| each(leak, |byte| format!("\\x{byte:02X}"))),
    carrier("escape-u", "a.json", |leak| each(leak, |byte| format!("\\u{byte:04x}"))),
    carrier("escape-u-braces", "a.js", |leak| each(leak, |byte| format!("\\u{{{byte:x}}}"))),
    carrier("escape-octal", "a.php", |leak| each(leak, |byte| format!("\\{byte:03o}"))),
    carrier("escape-slash", "a.php", |leak| script(&leak.literal().trim_matches('"').replace('/', "\\/"))),
    carrier("escape-some", "a.js", |leak| script(&leak.literal().trim_matches('"').replace('_', "\\x5f").replace('-', "\\u002d"))),
    carrier("entities", "a.html", |leak| each(leak, |byte| format!("&#{byte};"))),
    carrier("entities-hex", "a.html", |leak| each(leak, |byte| format!("&#x{byte:x};"))),
    carrier("entities-named", "a.html", |leak| script(&leak.text.replace('_', "&lowbar;").replace('-', "&hyphen;").replace(':', "&colon;").replace('/', "&sol;").replace('"', "&quot;"))),
    carrier("utf16le-text", "a.txt", |leak| bytes(&[b"\xff\xfe", &utf16(&leak.text, true)])),
    carrier("utf16be-text", "a.txt", |leak| bytes(&[b"\xfe\xff", &utf16(&leak.text, false)])),
    carrier("utf16-without-mark", "a.txt", |leak| utf16(&leak.text, true)),
    carrier("utf8-mark", "a.txt", |leak| bytes(&[b"\xef\xbb\xbf", leak.text.as_bytes()])),
    carrier("joined", "a.js", |leak| joined(leak, 12, " + ")),
    carrier("joined-lines", "A.java", |leak| joined(leak, 30, "\n            + ")),
    carrier("joined-php", "a.php", |leak| joined(leak, 9, " . ")),
    carrier("base64-of-base64", "a.js", |leak| script(&base64(format!("data={}", base64(leak.text.as_bytes())).as_bytes()))),
    carrier("hex-of-base64", "a.js", |leak| script(&HEXLOWER.encode(base64(leak.text.as_bytes()).as_bytes()))),
    carrier("base64-of-hex", "a.js", |leak| script(&base64(HEXLOWER.encode(leak.text.as_bytes()).as_bytes()))),
    carrier("percent-of-base64", "a.js", |leak| script(&base64(leak.text.as_bytes()).bytes().map(percent).collect::<String>().replacen('A', "%41", 3))),
    carrier("base64-of-utf16", "a.ps1", |leak| bytes(&[b"powershell -EncodedCommand ", base64(&utf16(&leak.text, true)).as_bytes()])),
    carrier("base64-of-escapes", "a.js", |leak| script(&base64(leak.text.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>().as_bytes()))),
    carrier("utf16-of-base64", "a.dll", |leak| bytes(&[b"MZ\x90\0\xff\xff", &utf16(&base64(leak.text.as_bytes()), true), b"\0\0\x01\x02"])),
    carrier("base64-of-json", "a.js", |leak| script(&base64(format!("{{\"auth\":{}}}", leak.literal()).as_bytes()))),
    carrier("joined-base64", "a.js", |leak| bytes(&[b"d = \"", lines(&base64(leak.text.as_bytes()), 40, "\" +\n \"").as_bytes(), b"\""])),
];
