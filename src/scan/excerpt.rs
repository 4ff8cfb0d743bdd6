//! Excerpts: a little of what stands around a secret, with every secret masked.

use std::ops::Range;

use crate::finding::Secret;

/// How many bytes are shown either side.
const AROUND: usize = 40;

/// The text around `secret`, with it and every other range of `hidden` masked. All ranges are ranges of `text`.
pub fn excerpt(text: &[u8], secret: &Range<usize>, hidden: &[Range<usize>]) -> String {
    let window = secret.start.saturating_sub(AROUND)..secret.end.saturating_add(AROUND).min(text.len());
    let mut out = String::new();
    let mut at = window.start;
    let mut inside: Vec<&Range<usize>> =
        hidden.iter().filter(|range| range.start < window.end && range.end > window.start).collect();
    inside.sort_by_key(|range| (range.start, range.end));
    for range in inside {
        if range.end <= at {
            continue;
        }
        push(&mut out, &text[at..range.start.clamp(at, window.end)]);
        out.push_str(&Secret::new(&text[range.start..range.end]).masked());
        at = range.end;
    }
    if at < window.end {
        push(&mut out, &text[at..window.end]);
    }
    out.trim().to_owned()
}

/// Adds text that stands for itself; everything else becomes a dot, line ends a space.
fn push(out: &mut String, bytes: &[u8]) {
    for character in String::from_utf8_lossy(bytes).chars() {
        out.push(match character {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || c == char::REPLACEMENT_CHARACTER => '.',
            c => c,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_in_sight_is_masked() {
        let text = b"first=aaaaaaaaaaaaaaaaaaaa;\nsecond=bbbbbbbbbbbbbbbbbbbb;\x1b[2Jend";
        let (first, second) = (6..26, 35..55);
        let shown = excerpt(text, &first, &[first.clone(), second]);
        assert_eq!(shown, "first=aaaa****aa; second=bbbb****bb;.[2Jend");
    }

    #[test]
    fn the_window_ends_at_both_ends_of_the_text() {
        let text = [b"x".repeat(100), b"SECRETSECRETSECRET".to_vec(), b"y".repeat(100)].concat();
        let secret = 100..118;
        let shown = excerpt(&text, &secret, std::slice::from_ref(&secret));
        assert_eq!(shown, format!("{}SECR****ET{}", "x".repeat(40), "y".repeat(40)));
    }
}
