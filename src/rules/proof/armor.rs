//! Text armour (RFC 7468, RFC 4880 section 6) as it stands in leaked text: whole, or with its line ends escaped, turned
//! into blanks or wrapped in string literals.

use super::codec::base64;

/// The largest block that is looked at, in bytes: an RSA key of 16384 bits has about 13 kB.
const LARGEST: usize = 64 << 10;

/// One armoured block.
pub(super) struct Armor {
    /// What stands between `BEGIN ` and the hyphens.
    pub(super) label: String,
    /// The `Name: value` lines before the body, joined.
    pub(super) headers: String,
    /// The decoded body; a checksum line `=XXXX` is left out.
    pub(super) body: Vec<u8>,
}

impl Armor {
    /// Reads the first block of `text` that says it is a private key. The `END` line may be missing; the body must decode.
    pub(super) fn read(text: &[u8]) -> Option<Armor> {
        let text = std::str::from_utf8(&text[..text.len().min(LARGEST)]).ok()?;
        // The parameters of a curve often stand in a block of their own before its key.
        let mut blocks = text.split("-----BEGIN ").skip(1).filter_map(|block| block.split_once("-----"));
        let (label, rest) = blocks.find(|(label, _)| label.contains("PRIVATE KEY"))?;
        let inner = rest.split_once("-----END").map_or(rest, |(inner, _)| inner);
        let inner = unescape(inner);
        let (headers, lines): (Vec<&str>, Vec<&str>) = inner.lines().partition(|line| line.contains(": "));
        let headers = headers.join("\n");
        if let (true, Some((info, body))) = (lines.is_empty(), one_line_headers(&headers)) {
            return Armor::from_words(label, info, body.split_ascii_whitespace());
        }
        let words = lines.iter().flat_map(|line| line.split_ascii_whitespace()).map(strip);
        Armor::from_words(label, &headers, words)
    }

    fn from_words<'text>(label: &str, headers: &str, words: impl Iterator<Item = &'text str>) -> Option<Armor> {
        // A lone `+`, `#` or `*` joins string literals or begins a line of a comment.
        let is_body = |word: &&str| {
            let is_checksum = word.len() == 5 && word.starts_with('=');
            !is_checksum && !matches!(*word, "" | "+" | "#" | "*" | "//")
        };
        let body: String = words.filter(is_body).collect();
        let body = base64(body.as_bytes())?;
        Some(Armor { label: label.to_owned(), headers: headers.to_owned(), body })
    }
}

/// Headers and body where blanks stand for line ends: the body follows the value of the last header.
fn one_line_headers(text: &str) -> Option<(&str, &str)> {
    const LAST: &str = "DEK-Info: ";
    let value = text.find(LAST)? + LAST.len();
    let end = value + text[value..].find(' ')?;
    Some(text.split_at(end))
}

/// Turns escaped line ends, escaped once or more often, into real ones.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        while letters.next_if_eq(&'\\').is_some() {}
        if letters.next_if(|next| matches!(next, 'n' | 'r' | 't')).is_some() {
            out.push('\n');
        } else if letters.next_if_eq(&'/').is_some() {
            out.push('/');
        }
    }
    out
}

/// A word without what a string literal puts around it.
fn strip(word: &str) -> &str {
    word.trim_matches(|letter| matches!(letter, '"' | '\'' | '`' | ',' | ';' | '\\'))
}
