//! Making hostile text safe to show.
//!
//! Names and messages come from whoever built the target. Printed as they are they could move the cursor, hide a line,
//! turn a name around (CVE-2021-42574) or give orders to the CI system that reads the log.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Most characters of one name or line that text reports show.
pub const SHOWN_CHARACTERS: usize = 1_000;

/// Room for the note that stands in for what was cut out.
const NOTE_CHARACTERS: usize = 48;

/// Whether `character` must not reach a terminal or a log: controls (C0, DEL, C1), line separators, bidirectional
/// controls, and whatever is invisible (format characters, fillers, variation selectors, tags, noncharacters).
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(
        u32::from(character),
        0x80..=0x9f
            | 0xad
            | 0x34f
            | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x890..=0x891
            | 0x8e2
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfdd0..=0xfdef
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffb
            | 0x110bd
            | 0x110cd
            | 0x13430..=0x1343f
            | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    ) || u32::from(character) & 0xfffe == 0xfffe
}

/// Whether the `#` before `next` and after `previous` could begin an order to a CI system: GitHub reads `##[command]`
/// and Azure Pipelines `##vso[command]` anywhere in a line.
#[must_use]
pub(super) fn starts_command(previous: Option<char>, character: char, next: Option<char>) -> bool {
    character == '#' && previous == Some('#') && next.is_some_and(|next| next == '[' || next.is_ascii_alphabetic())
}

/// The text on one line, with every unsafe character written `\u{…}`. Nothing is cut.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (character, unsafe_here) in judged(text) {
        push(&mut out, character, unsafe_here);
    }
    Cow::Owned(out)
}

/// Like [`escape`], and at most about [`SHOWN_CHARACTERS`] characters: more are cut out of the middle, and counted.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    shown_within(text, SHOWN_CHARACTERS)
}

/// Like [`shown`] with another limit in characters.
#[must_use]
pub fn shown_within(text: &str, limit: usize) -> Cow<'_, str> {
    let whole = escape(text);
    if whole.len() <= limit || whole.chars().count() <= limit {
        return whole;
    }
    let side = limit.saturating_sub(NOTE_CHARACTERS) / 2;
    let (head, head_count) = fitting(judged(text), side);
    let last: Vec<(char, bool)> = judged_backwards(text, side);
    let (_, tail_count) = fitting(last.iter().copied(), side);
    let left_out = text.chars().count().saturating_sub(head_count + tail_count);
    let mut out = head;
    let _ = write!(out, "…[{left_out} characters left out]…");
    for (character, unsafe_here) in last.into_iter().take(tail_count).rev() {
        push(&mut out, character, unsafe_here);
    }
    Cow::Owned(out)
}

/// The escaped beginning of `characters` that has at most `room` characters, and how many went in.
fn fitting(characters: impl Iterator<Item = (char, bool)>, room: usize) -> (String, usize) {
    let (mut out, mut count, mut used) = (String::new(), 0, 0);
    for (character, unsafe_here) in characters {
        let before = out.len();
        push(&mut out, character, unsafe_here);
        used += if unsafe_here { out.len() - before } else { 1 };
        if used > room {
            out.truncate(before);
            break;
        }
        count += 1;
    }
    (out, count)
}

/// Every character with the answer whether it must be escaped where it stands.
fn judged(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let mut previous = None;
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || {
        let character = characters.next()?;
        let unsafe_here = is_unsafe(character) || starts_command(previous, character, characters.peek().copied());
        previous = Some(character);
        Some((character, unsafe_here))
    })
}

/// The last `count` characters as [`judged`], the last one first.
fn judged_backwards(text: &str, count: usize) -> Vec<(char, bool)> {
    // One character more gives the first of them its neighbour.
    let start = text.char_indices().rev().nth(count).map_or(0, |(index, _)| index);
    let mut all: Vec<(char, bool)> = judged(&text[start..]).collect();
    all.reverse();
    all.truncate(count);
    all
}

fn push(out: &mut String, character: char, escaped: bool) {
    if escaped {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    } else {
        out.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_orders_and_direction_tricks_are_spelled_out() {
        assert_eq!(escape("a\x1b[31m\nb\u{7f}\u{9b}"), "a\\u{1b}[31m\\u{a}b\\u{7f}\\u{9b}");
        assert_eq!(
            escape("cod\u{202e}gpj.exe\u{2066}\u{200b}\u{2028}"),
            "cod\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{2028}"
        );
        assert_eq!(escape("\u{61c}\u{feff}\u{e0041}\u{ffff}"), "\\u{61c}\\u{feff}\\u{e0041}\\u{ffff}");
    }

    #[test]
    fn names_in_any_script_stay_as_they_are() {
        for name in ["src/größe.ts", "资料/源.js", "ملف.js", "🦀.rs", "a # b ## c", "pages/[id].js"] {
            assert_eq!(escape(name), name);
        }
    }

    #[test]
    fn orders_to_ci_systems_are_broken() {
        assert_eq!(escape("##[add-mask]x"), "#\\u{23}[add-mask]x");
        assert_eq!(escape("x##vso[task.setvariable]"), "x#\\u{23}vso[task.setvariable]");
        assert_eq!(escape("###[group]"), "##\\u{23}[group]");
    }

    #[test]
    fn a_long_name_loses_its_middle_and_says_how_much() {
        let name = format!("{}middle{}", "a".repeat(900), "z".repeat(900));
        let cut = shown(&name);
        assert!(cut.chars().count() <= SHOWN_CHARACTERS, "{}", cut.chars().count());
        assert!(cut.starts_with("aaaa") && cut.ends_with("zzzz"));
        assert!(cut.contains("…[854 characters left out]…"), "{cut}");
        let bombs = shown(&"\u{202e}".repeat(5_000)).chars().count();
        assert!(bombs <= SHOWN_CHARACTERS, "{bombs}");
        assert_eq!(shown(&"é".repeat(1_000)), "é".repeat(1_000));
    }
}
