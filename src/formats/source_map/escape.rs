//! JSON that stands inside of strings: unescaping it as often as it was escaped, and no further than it goes.

use std::ops::Range;

use super::json::Scanner;

/// How much is unescaped at first, to see whether the object ends there; four times as much every time it does not.
const FIRST_LOOK: usize = 1 << 10;

/// An object out of a text.
pub struct Decoded {
    /// Where it stands in the text.
    pub range: Range<usize>,
    /// What it reads as; `None` where it stands in the text as it is.
    pub json: Option<Vec<u8>>,
    /// Whether it ends.
    pub complete: bool,
}

/// How often a text was escaped whose quotes have this many backslashes before them.
pub fn levels_of(slashes: usize) -> Option<usize> {
    [0, 1, 3, 7, 15].iter().position(|known| *known == slashes)
}

/// Reads the object whose `{` stands at `start`, in a text that was escaped `levels` times as far as its quotes tell.
/// Behind `'` and the backtick quotes need no backslash: such a string was escaped once more than they tell, unless
/// that leaves no object.
pub fn decode(text: &[u8], start: usize, levels: usize) -> Decoded {
    let quotes = vec![b'"'; levels];
    let before = start.checked_sub(1).map(|before| text[before]);
    let Some(quote @ (b'\'' | b'`')) = before else { return unescape_object(text, start, &quotes) };
    let often = unescape_object(text, start, &[&quotes[..], &[quote]].concat());
    if often.complete {
        return often;
    }
    let once = unescape_object(text, start, &quotes);
    if once.complete { once } else { often }
}

fn unescape_object(text: &[u8], start: usize, quotes: &[u8]) -> Decoded {
    if quotes.is_empty() {
        let mut scanner = Scanner::new(text, start);
        let complete = scanner.value().is_ok();
        return Decoded { range: start..scanner.position().min(text.len()), json: None, complete };
    }
    let mut look = FIRST_LOOK;
    loop {
        let end = start.saturating_add(look).min(text.len());
        let mut layers: Vec<Vec<u8>> = Vec::new();
        let mut ended = false;
        for quote in quotes {
            let layer = unescape(layers.last().map_or(&text[start..end], |layer| layer), *quote, usize::MAX);
            ended |= layer.ended;
            layers.push(layer.text);
        }
        let mut json = layers.pop().unwrap_or_default();
        let object = Scanner::new(&json, 0).value();
        if object.is_err() && !ended && end < text.len() {
            look = look.saturating_mul(4);
            continue;
        }
        let complete = object.is_ok();
        let length = object.map_or(json.len(), |raw| raw.end);
        json.truncate(length);
        // How much of each layer it took to make this much of the next.
        let mut taken = length;
        for (index, quote) in quotes.iter().enumerate().rev() {
            let below = index.checked_sub(1).map_or(&text[start..end], |below| &layers[below]);
            taken = unescape(below, *quote, taken).taken;
        }
        return Decoded { range: start..start + taken, complete, json: Some(json) };
    }
}

/// What came out of a string.
pub struct Unescaped {
    /// Its text.
    pub text: Vec<u8>,
    /// How many bytes were read for it.
    pub taken: usize,
    /// Whether its closing quote was met.
    pub ended: bool,
}

/// Unescapes a string of JavaScript or JSON up to its closing `quote`, to the end, or until there are `limit` bytes.
pub fn unescape(raw: &[u8], quote: u8, limit: usize) -> Unescaped {
    let mut text = Vec::new();
    let mut at = 0;
    while text.len() < limit {
        let plain = memchr::memchr2(b'\\', quote, &raw[at..]).unwrap_or(raw.len() - at);
        let room = plain.min(limit - text.len());
        text.extend_from_slice(&raw[at..at + room]);
        at += room;
        match raw.get(at) {
            Some(byte) if room == plain && *byte == quote => return Unescaped { text, taken: at, ended: true },
            Some(b'\\') if room == plain && text.len() < limit => match escape(&raw[at..], &mut text) {
                Some(taken) => at += taken,
                None => break,
            },
            _ => break,
        }
    }
    Unescaped { text, taken: at, ended: false }
}

/// Unescapes the sequence at the start of `rest` (ECMA-262, section "String Literals") and answers its length; `None`
/// where it is cut off.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let plain = match *rest.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'0' => 0,
        b'\n' => return Some(2),
        b'x' => {
            let Some(code) = hex(rest.get(2..4)?) else { return keep(out) };
            return push(code, 4, out);
        }
        b'u' => return unicode(rest, out),
        other => other,
    };
    out.push(plain);
    Some(2)
}

fn unicode(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if rest.get(2) == Some(&b'{') {
        let close = rest.iter().take(10).position(|byte| *byte == b'}');
        let code = close.and_then(|close| hex(&rest[3..close]));
        return match (code, close) {
            (Some(code), Some(close)) => push(code, close + 1, out),
            _ => keep(out),
        };
    }
    let Some(unit) = hex(rest.get(2..6)?) else { return keep(out) };
    if (0xd800..0xdc00).contains(&unit)
        && let Some([b'\\', b'u', low @ ..]) = rest.get(6..12)
        && let Some(low @ 0xdc00..=0xdfff) = hex(low)
    {
        return push(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12, out);
    }
    push(unit, 6, out)
}

fn push(code: u32, length: usize, out: &mut Vec<u8>) -> Option<usize> {
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

/// An escape that means nothing stays as it is.
fn keep(out: &mut Vec<u8>) -> Option<usize> {
    out.push(b'\\');
    Some(1)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let digit = |value: u32, digit: &u8| value.checked_mul(16)?.checked_add((*digit as char).to_digit(16)?);
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, digit))?
}

/// The next place at or behind `at` with something other than white space, escaped line ends and tabs included.
pub fn blank(text: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(byte) = text.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            b'\\' => {
                let slashes = text[at..].iter().take(16).take_while(|byte| **byte == b'\\').count();
                match text.get(at + slashes) {
                    Some(b'n' | b'r' | b't') => at += slashes + 1,
                    _ => return at,
                }
            }
            _ => return at,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(raw: &str, quote: u8) -> String {
        String::from_utf8(unescape(raw.as_bytes(), quote, usize::MAX).text).unwrap()
    }

    #[test]
    fn strings_are_unescaped_as_javascript_does() {
        assert_eq!(all(r#"a\n\'\"\`\x41\u0042\u{1f600}\ud83d\ude00\/\q"rest"#, b'"'), "a\n'\"`AB😀😀/q");
        assert_eq!(all("a\\\nb", b'"'), "ab");
        assert_eq!(all(r"cut \u00", b'"'), "cut ");
        assert_eq!(all(r"odd \u00zz \xzz \u{zz}", b'"'), r"odd \u00zz \xzz \u{zz}");
    }

    #[test]
    fn an_object_ends_where_it_ends_however_often_it_was_escaped() {
        let plain = r#"{"version":3,"a":["say \"hi\"\n\\"]}"#.to_owned();
        let mut text = plain.clone();
        for levels in 1..=4 {
            text = serde_json::to_string(&text).unwrap();
            let around = format!("{text} + rest");
            let object = decode(around.as_bytes(), around.find('{').unwrap(), levels);
            assert!(object.complete);
            assert_eq!(object.json.as_deref(), Some(plain.as_bytes()), "{levels}");
            let end = around.rfind('}').unwrap() + 1;
            assert_eq!(object.range.end, end, "{levels}");
        }
        let large = format!(r#"{{"a":"{}"}}"#, "x\\n".repeat(5_000));
        let text = format!("'{}' more", large.replace('\\', "\\\\"));
        let object = decode(text.as_bytes(), 1, 0);
        assert_eq!((object.json.as_deref(), object.range.end), (Some(large.as_bytes()), text.len() - 6));
    }
}
