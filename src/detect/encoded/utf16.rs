//! UTF-16 inside other bytes: the strings of Windows programs, .NET assemblies and many resource files.

use super::passage::Passage;
use crate::finding::Encoding;

/// The shortest run of characters that is looked at.
const SHORTEST: usize = 12;
/// How long a passage gets before the next one begins, which overlaps it.
const LONGEST: usize = 64 << 10;
/// How many characters two passages of one run share.
const OVERLAP: usize = 4 << 10;

/// Every run of ASCII characters that are written as UTF-16, in either byte order. Ends early where `found` answers
/// `false`.
pub fn passages(text: &[u8], found: &mut dyn FnMut(Passage) -> bool) -> bool {
    // Two neighbours of any two bytes of a run are a character and a zero, so looking at every second character of the
    // shortest run is enough to find it.
    let Some(zero) = memchr::memchr(0, text) else { return true };
    let mut at = zero.saturating_sub(SHORTEST);
    while at + 1 < text.len() {
        if !is_pair(text[at], text[at + 1]) && !is_pair(text[at + 1], text[at]) {
            at += SHORTEST;
            continue;
        }
        // The character's byte comes first or second: a run of one order is a run of the other, one byte on.
        let mut start = at + usize::from(text[at] == 0);
        while start >= 2 && is_pair(text[start - 2], text[start - 1]) {
            start -= 2;
        }
        let mut end = start;
        while end < text.len() && is_plain(text[end]) && text.get(end + 1).is_none_or(|zero| *zero == 0) {
            end += 2;
        }
        if (end - start) / 2 >= SHORTEST && !run(text, start, end, found) {
            return false;
        }
        at = at.max(end) + 1;
    }
    true
}

fn run(text: &[u8], start: usize, end: usize, found: &mut dyn FnMut(Passage) -> bool) -> bool {
    let mut from = start;
    while from < end {
        let to = (from + 2 * LONGEST).min(end);
        let mut passage = Passage::new(Encoding::Utf16, from);
        for at in (from..to).step_by(2) {
            passage.push(text[at], at..(at + 2).min(text.len()));
        }
        if !found(passage) {
            return false;
        }
        from = if to == end { end } else { to - 2 * OVERLAP };
    }
    true
}

fn is_pair(character: u8, zero: u8) -> bool {
    zero == 0 && is_plain(character)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
