//! The comments that link a map or name a source: `sourceMappingURL` and `sourceURL` (ECMA-426, section "Linking
//! generated code to source maps"), also where the code around them is itself a string and therefore escaped.

use std::borrow::Cow;

use memchr::memmem;

use super::uri;

/// The start of a comment that links a map; a `=` follows, escaped or not.
pub const MAPPING: &[u8] = b"sourceMappingURL";
/// The start of a comment that names the source of an evaluated module.
pub const NAME: &[u8] = b"sourceURL=";
/// What both end in.
const END: &[u8] = b"URL";

/// A mark in a text.
pub struct Mark {
    /// Where it stands.
    pub at: usize,
    /// Whether it is [`NAME`].
    pub is_name: bool,
}

/// Whether either mark stands in `text`.
pub fn has_mark(text: &[u8]) -> bool {
    marks(text).next().is_some()
}

/// Every mark in `text`, in order. Both are found in one search for what they have in common.
pub fn marks(text: &[u8]) -> impl Iterator<Item = Mark> {
    memmem::find_iter(text, END).filter_map(|at| mark(text, at))
}

/// The mark whose [`END`] is at `at`.
fn mark(text: &[u8], at: usize) -> Option<Mark> {
    let end = at + END.len();
    if text[..end].ends_with(MAPPING) {
        return Some(Mark { at: end - MAPPING.len(), is_name: false });
    }
    let is_name = text.get(..=end).is_some_and(|text| text.ends_with(NAME));
    is_name.then(|| Mark { at: end + 1 - NAME.len(), is_name })
}

/// Backslashes that are understood: what was escaped four times.
const SLASHES: usize = 15;

/// Where the URL behind the mark that ends at `at` starts: behind `=`, or `\u003d` in strings.
pub fn behind_equals(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    if rest.first() == Some(&b'=') {
        return Some(at + 1);
    }
    let (byte, length) = escaped(rest)?;
    (byte == b'=').then_some(at + length)
}

/// A URL in a text.
pub struct Url<'a> {
    /// What it reads as.
    pub text: Cow<'a, [u8]>,
    /// How many bytes it takes up.
    pub length: usize,
}

/// The URL at the start of `rest`: up to white space, a quote, the end of a comment or of the string it stands in.
/// `'` and `)` belong to it where `names` of sources are meant.
pub fn url(rest: &[u8], names: bool) -> Url<'_> {
    // `encodeURIComponent` leaves quotes and parentheses as they are; what else they end is searched with the map.
    let percent = names || uri::header(rest).is_some_and(|(_, base64)| !base64);
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    let mut copied = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' | b'`' | b'<' => break,
            b'\'' | b')' if !percent => break,
            b'*' if ends_comment(&rest[at + 1..]) => break,
            byte if *byte <= b' ' || *byte == 0x7f => break,
            b'\\' => {
                let Some((byte, length)) = escaped(&rest[at..]) else { break };
                if matches!(byte, b'<' | b'>' | b'"' | b'\'') || !byte.is_ascii_graphic() {
                    break;
                }
                let out = out.get_or_insert_default();
                out.extend_from_slice(&rest[copied..at]);
                out.push(byte);
                at += length;
                copied = at;
            }
            _ => at += 1,
        }
    }
    let text = match out {
        Some(mut out) => {
            out.extend_from_slice(&rest[copied..at]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(&rest[..at]),
    };
    Url { text, length: at }
}

/// The character that an escape at the start of `rest` stands for, however often it was escaped, and its length:
/// `\/`, `\u003d`. `None` for those that end lines and strings.
fn escaped(rest: &[u8]) -> Option<(u8, usize)> {
    let slashes = rest.iter().take(SLASHES).take_while(|byte| **byte == b'\\').count();
    if slashes == 0 {
        return None;
    }
    match rest.get(slashes)? {
        b'/' => Some((b'/', slashes + 1)),
        b'u' => {
            let digits = std::str::from_utf8(rest.get(slashes + 1..slashes + 5)?).ok()?;
            let code = u8::try_from(u32::from_str_radix(digits, 16).ok()?).ok()?;
            Some((code, slashes + 5))
        }
        _ => None,
    }
}

/// Whether `rest`, behind a `*`, ends the comment.
fn ends_comment(rest: &[u8]) -> bool {
    rest.first() == Some(&b'/') || escaped(rest).is_some_and(|(byte, _)| byte == b'/')
}

/// Whether the mark at `at` with this URL behind it stands in a comment that links a map, rather than in a program that
/// speaks of such comments. An address is told wherever the comment stands, although browsers read only a last line.
pub fn links(text: &[u8], at: usize, url: &Url<'_>, after: &[u8], remote: bool) -> bool {
    let before = text[..at].trim_ascii_end();
    let Some(opening) = before.len().checked_sub(3) else { return false };
    let opened = matches!(&before[opening..], b"//#" | b"//@" | b"/*#" | b"/*@");
    let odd = |byte: &u8| matches!(byte, b'$' | b'{' | b'}' | b'+' | b',' | b';');
    if !opened || url.text.is_empty() || url.text.iter().any(odd) {
        return false;
    }
    let line = &after[..memchr::memchr(b'\n', after).unwrap_or(after.len())].trim_ascii();
    // Code that is itself a string has its line ends escaped, and ends with a quote.
    let in_string = ends_line(before[..opening].trim_ascii_end()) && matches!(line.first(), Some(b'\\' | b'"'));
    let ended = line.is_empty() || line.starts_with(b"*/") || line.starts_with(b"*\\/") || in_string;
    ended || remote && after.first().is_some_and(u8::is_ascii_whitespace)
}

/// Whether `before` ends with an escaped line end, or with a quote that starts a string.
fn ends_line(before: &[u8]) -> bool {
    before.ends_with(b"\\n") || before.ends_with(b"\\r") || before.ends_with(b"\"")
}

/// Whether the comment whose mark is at `at` stands in a string, as the last line of a module that is evaluated.
pub fn is_in_string(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    before.len() >= 3 && ends_line(&before[..before.len() - 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rest: &str) -> (String, usize) {
        let url = url(rest.as_bytes(), false);
        (String::from_utf8(url.text.into_owned()).unwrap(), url.length)
    }

    #[test]
    fn urls_end_where_their_comment_or_string_does() {
        assert_eq!(read("a.js.map */ x"), ("a.js.map".to_owned(), 8));
        assert_eq!(read("a.css.map*/"), ("a.css.map".to_owned(), 9));
        assert_eq!(read(r#"data:application\/json;base64,a\/b\u003d\n""#).0, "data:application/json;base64,a/b=");
        assert_eq!(read(r"https:\/\/x.example\/a.map*\/").0, "https://x.example/a.map");
        assert_eq!(read(r"a.map\u003c/script>").0, "a.map");
        assert_eq!(read("data:,%7B'a')} b").0, "data:,%7B'a')}");
        assert_eq!(behind_equals(br"\\u003dx", 0), Some(7));
        assert_eq!(behind_equals(b": x", 0), None);
    }
}
