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
    /// Reads the first block of `text`. The `END` line may be missing; the body must decode.
    pub(super) fn read(text: &[u8]) -> Option<Armor> {
        let text = std::str::from_utf8(&text[..text.len().min(LARGEST)]).ok()?;
        let (_, rest) = text.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let inner = rest.split_once("-----END").map_or(rest, |(inner, _)| inner);
        let inner = unescape(inner);
        let (headers, lines): (Vec<&str>, Vec<&str>) = inner.lines().partition(|line| line.contains(": "));
        let mut headers = headers.join("\n");
        let mut words: Vec<&str> = lines.iter().flat_map(|line| line.split_ascii_whitespace()).map(strip).collect();
        if lines.is_empty() && headers.contains("DEK-Info: ") {
            // Blanks instead of line ends: the body follows the value of the last header.
            let taken = std::mem::take(&mut headers);
            let (before, after) = taken.split_once("DEK-Info: ")?;
            let (info, body) = after.split_once(' ')?;
            headers = format!("{before}DEK-Info: {info}");
            words = vec![body];
            return Armor::from_words(label, headers, &words.iter().flat_map(|w| w.split(' ')).collect::<Vec<_>>());
        }
        Armor::from_words(label, headers, &words)
    }

    fn from_words(label: &str, headers: String, words: &[&str]) -> Option<Armor> {
        // A lone `+`, `#` or `*` joins string literals or begins a line of a comment.
        let is_body = |word: &&&str| {
            !(word.len() == 5 && word.starts_with('=')) && !matches!(**word, "" | "+" | "#" | "*" | "//")
        };
        let body: String = words.iter().filter(is_body).copied().collect();
        Some(Armor { label: label.to_owned(), headers, body: base64(body.as_bytes())? })
    }
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
