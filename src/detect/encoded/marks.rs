//! Notations that write most characters as themselves: escapes, percent-encoding, character references, and string
//! literals that are joined.
//!
//! A mark is a place where such a notation hides a printable character, or joins two literals. Around marks the text is
//! decoded, and nowhere else.

use std::ops::Range;

use super::anchors::LazyAnchors;
use super::passage::Passage;
use crate::finding::Encoding;

/// How much plain text before the first mark and after the last one is part of a passage.
const AROUND: usize = 256;
/// How long a passage gets before the next one begins.
const LONGEST: usize = 64 << 10;

/// What stands at a place: how many bytes it takes, and what it means.
struct Written {
    length: usize,
    meaning: Meaning,
}

enum Meaning {
    Byte(u8),
    Character(char),
    Nothing,
}

/// A notation: where it hides something, and how it is read.
pub struct Notation {
    encoding: Encoding,
    /// What everything that is written in it begins with; one of them may stand here several times.
    leads: [u8; 3],
    /// The next place from `from` on that hides a printable character.
    next: fn(text: &[u8], from: usize) -> Option<usize>,
    /// What stands at `at`, if it is written in this notation.
    read: fn(text: &[u8], at: usize) -> Option<Written>,
}

/// All of them.
pub static NOTATIONS: [Notation; 4] = [
    Notation { encoding: Encoding::Escapes, leads: *b"\\\\\\", next: next_escape, read: read_escape },
    Notation { encoding: Encoding::Percent, leads: *b"%%%", next: next_percent, read: read_percent },
    Notation { encoding: Encoding::Entities, leads: *b"&&&", next: next_entity, read: read_entity },
    Notation { encoding: Encoding::Concatenation, leads: *b"\"'`", next: next_joint, read: read_joint },
];

impl Notation {
    /// Every passage of `text` that hides characters in this notation. Ends early where `found` answers `false`.
    pub fn passages(&self, text: &[u8], anchors: &LazyAnchors, found: &mut dyn FnMut(Passage) -> bool) -> bool {
        let mut next = (self.next)(text, 0);
        while let Some(first) = next {
            let mut last = first;
            next = None;
            // Marks are asked for one by one only as far as the passage reaches.
            while let Some(mark) = (self.next)(text, last + 1) {
                if mark - last > AROUND || mark - first > LONGEST {
                    next = Some(mark);
                    break;
                }
                last = mark;
            }
            let range = first.saturating_sub(AROUND)..(last + AROUND).min(text.len());
            let (passage, end) = self.decode_far_enough(text, range, anchors);
            if !found(passage) {
                return false;
            }
            while let Some(mark) = next.filter(|mark| mark + AROUND <= end) {
                next = (self.next)(text, mark + 1);
            }
        }
        true
    }

    /// Decodes a range, or more where a match around one of its keywords may reach beyond it. Answers where it ends.
    fn decode_far_enough(&self, text: &[u8], range: Range<usize>, anchors: &LazyAnchors) -> (Passage, usize) {
        let range = self.start(text, range.start)..range.end;
        let passage = self.decode(text, range.clone());
        let mut wide = range.clone();
        anchors.each(&passage.text, |at, span| {
            let place = passage.outer(&(at..at + 1));
            let span = span.min(LONGEST);
            wide = wide.start.min(place.start.saturating_sub(span))..wide.end.max(place.end + span).min(text.len());
        });
        if wide == range {
            return (passage, range.end);
        }
        let wide = self.start(text, wide.start)..wide.end;
        (self.decode(text, wide.clone()), wide.end)
    }

    /// Not in the middle of an escape.
    fn start(&self, text: &[u8], mut at: usize) -> usize {
        while self.encoding == Encoding::Escapes && at > 0 && text[at - 1] == b'\\' {
            at -= 1;
        }
        at
    }

    fn decode(&self, text: &[u8], range: Range<usize>) -> Passage {
        let mut passage = Passage::with_capacity(self.encoding, range.start, range.len());
        let mut at = range.start;
        while at < range.end {
            let plain = self.plain(&text[at..range.end]);
            passage.copy(&text[at..at + plain], at);
            at += plain;
            let Some(lead) = text[..range.end].get(at) else { break };
            let written = (self.read)(text, at).unwrap_or(Written { length: 1, meaning: Meaning::Byte(*lead) });
            let place = at..at + written.length;
            at = place.end;
            match written.meaning {
                Meaning::Byte(byte) => passage.push(byte, place),
                Meaning::Character(letter) => {
                    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                        passage.push(byte, place.clone());
                    }
                }
                Meaning::Nothing => {}
            }
        }
        passage
    }

    /// How many bytes, from the first one, stand for themselves.
    fn plain(&self, text: &[u8]) -> usize {
        let [a, b, c] = self.leads;
        memchr::memchr3(a, b, c, text).unwrap_or(text.len())
    }
}

fn written(length: usize, code: u32) -> Written {
    // Half of a pair of surrogates is no character; secrets have none.
    let meaning = char::from_u32(code).map_or(Meaning::Byte(b'?'), Meaning::Character);
    Written { length, meaning }
}

fn is_hidden(written: &Written) -> bool {
    match written.meaning {
        Meaning::Byte(byte) => byte.is_ascii_graphic(),
        Meaning::Character(letter) => letter.is_ascii_graphic(),
        Meaning::Nothing => true,
    }
}

/// The next place of `lead` where `read` finds a hidden character.
fn next_behind(text: &[u8], from: usize, lead: u8, read: fn(&[u8], usize) -> Option<Written>) -> Option<usize> {
    let rest = text.get(from..)?;
    memchr::memchr_iter(lead, rest).map(|at| from + at).find(|at| read(text, *at).is_some_and(|one| is_hidden(&one)))
}

/// A number in digits of `radix` at `at`, of at most `most` digits: its value and how many there are.
fn number(text: &[u8], at: usize, radix: u32, most: usize) -> Option<(u32, usize)> {
    let digits = text.get(at..)?.iter().take(most).map_while(|byte| (*byte as char).to_digit(radix));
    let (value, count) = digits.fold((0u32, 0), |(value, count), digit| (value * radix + digit, count + 1));
    (count > 0).then_some((value, count))
}

/// A number of exactly `length` hexadecimal digits.
fn hex(text: &[u8], at: usize, length: usize) -> Option<u32> {
    number(text, at, 16, length).filter(|(_, count)| *count == length).map(|(value, _)| value)
}

/// Quotes and backslashes hide nothing: they are escaped everywhere. What they stand for is read all the same.
fn next_escape(text: &[u8], from: usize) -> Option<usize> {
    let hides = |text: &[u8], at: usize| {
        let kind = *text.get(at + 1)?;
        read_escape(text, at).filter(|_| matches!(kind, b'x' | b'u' | b'U' | b'/' | b'0'..=b'7'))
    };
    next_behind(text, from, b'\\', hides)
}

/// Escapes of string literals (ECMA-262, section 12.9.4; RFC 8259, section 7), `\U0001f600` of others, and octal ones.
fn read_escape(text: &[u8], at: usize) -> Option<Written> {
    if text[at] != b'\\' {
        return None;
    }
    let byte = |meaning| Some(Written { length: 2, meaning: Meaning::Byte(meaning) });
    match *text.get(at + 1)? {
        b'x' => hex(text, at + 2, 2).map(|code| written(4, code)),
        b'u' if text.get(at + 2) == Some(&b'{') => {
            let (code, count) = number(text, at + 3, 16, 6)?;
            (text.get(at + 3 + count) == Some(&b'}')).then(|| written(4 + count, code))
        }
        b'u' => hex(text, at + 2, 4).map(|code| written(6, code)),
        b'U' => hex(text, at + 2, 8).map(|code| written(10, code)),
        b'0'..=b'7' => number(text, at + 1, 8, 3).map(|(code, count)| written(1 + count, code)),
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        other @ (b'/' | b'\\' | b'"' | b'\'' | b'`') => byte(other),
        _ => None,
    }
}

fn next_percent(text: &[u8], from: usize) -> Option<usize> {
    next_behind(text, from, b'%', read_percent)
}

fn read_percent(text: &[u8], at: usize) -> Option<Written> {
    let code = (text[at] == b'%').then(|| hex(text, at + 1, 2)).flatten()?;
    Some(Written { length: 3, meaning: Meaning::Byte(code as u8) })
}

fn next_entity(text: &[u8], from: usize) -> Option<usize> {
    next_behind(text, from, b'&', read_entity)
}

/// Character references (HTML, section 13.5): numbers, and the names of what XML reserves and URLs use.
fn read_entity(text: &[u8], at: usize) -> Option<Written> {
    #[rustfmt::skip]
    const NAMES: [(&[u8], u8); 14] = [
        (b"amp;", b'&'), (b"quot;", b'"'), (b"apos;", b'\''), (b"lt;", b'<'), (b"gt;", b'>'), (b"colon;", b':'),
        (b"sol;", b'/'), (b"commat;", b'@'), (b"equals;", b'='), (b"period;", b'.'), (b"lowbar;", b'_'),
        (b"plus;", b'+'), (b"hyphen;", b'-'), (b"dollar;", b'$'),
    ];
    let rest = text.get(at..)?.strip_prefix(b"&")?;
    if let Some((name, byte)) = NAMES.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some(Written { length: 1 + name.len(), meaning: Meaning::Byte(*byte) });
    }
    let (radix, digits) = match rest {
        [b'#', b'x' | b'X', ..] => (16, 3),
        [b'#', ..] => (10, 2),
        _ => return None,
    };
    let (code, count) = number(text, at + digits, radix, 6)?;
    let end = at + digits + count;
    (text.get(end) == Some(&b';')).then(|| written(end + 1 - at, code))
}

/// How far apart the two literals may stand, with the sign between them.
const JOINT: usize = 64;

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The next closing quote that is followed by a sign of concatenation and an opening quote.
fn next_joint(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(signs) = next_signs(text, at) {
        // The last of them may be the quote before the next sign.
        at = signs.end - 1;
        for sign in signs.filter(|sign| is_sign(text[*sign])) {
            let before = text[from..sign].iter().rev().take(JOINT);
            let blanks = before.take_while(|byte| byte.is_ascii_whitespace()).count();
            let quote = (sign - blanks).checked_sub(1).filter(|quote| *quote >= from && is_quote(text[*quote]));
            if let Some(quote) = quote.filter(|quote| read_joint(text, *quote).is_some()) {
                return Some(quote);
            }
        }
    }
    None
}

/// How many bytes are searched for signs at once.
const CHUNK: usize = 64;

/// The next bytes from `from` on among which is a sign that seems to have a quote or a blank on either side. Most points
/// stand between words. Written so that it becomes a few instructions for sixteen bytes each.
fn next_signs(text: &[u8], from: usize) -> Option<Range<usize>> {
    // Everything up to an apostrophe, which is all blanks, the quotes and a few signs.
    let may_stand_beside = |byte: u8| (byte <= b'\'') | (byte == b'`');
    let (chunks, _) = text.get(from..)?.as_chunks::<CHUNK>();
    let found = chunks.iter().enumerate().position(|(index, before)| {
        let behind = |bytes: usize| text[from + index * CHUNK + bytes..].first_chunk::<CHUNK>();
        let (Some(at), Some(after)) = (behind(1), behind(2)) else { return true };
        let three = before.iter().zip(at).zip(after);
        three.fold(false, |any, ((before, at), after)| {
            any | (is_sign(*at) & may_stand_beside(*before) & may_stand_beside(*after))
        })
    });
    let start = from + found.unwrap_or(chunks.len()) * CHUNK + 1;
    (start < text.len()).then(|| start..text.len().min(start + CHUNK))
}

fn is_sign(byte: u8) -> bool {
    (byte == b'+') | (byte == b'.')
}

/// `"` + blanks + `+` (or PHP's and Perl's `.`) + blanks + `"`.
fn read_joint(text: &[u8], at: usize) -> Option<Written> {
    if !is_quote(text[at]) {
        return None;
    }
    let rest = &text[at + 1..text.len().min(at + JOINT)];
    let before = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let sign = *rest.get(before)?;
    if !is_sign(sign) {
        return None;
    }
    let behind = &rest[before + 1..];
    let after = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    // The same kind of quote on both sides, or `'+"'+'` of a program that writes programs would join everything.
    (behind.get(after) == Some(&text[at])).then(|| Written { length: before + after + 3, meaning: Meaning::Nothing })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn joints_are_found_wherever_they_stand(text in proptest::collection::vec(0..24u8, 0..400), from in 0..80usize) {
            // Signs, quotes and blanks among letters: some joints, and much that looks like one.
            let text: Vec<u8> = text.iter().map(|byte| *b"\"'` \n+.\" +abcdefghijklmno".get(usize::from(*byte)).unwrap()).collect();
            let slow = (from..text.len()).find(|at| read_joint(&text, *at).is_some());
            prop_assert_eq!(next_joint(&text, from), slow);
        }
    }
}
