//! The last net against printing a secret.
//!
//! Excerpts arrive masked. But a secret may stand in a file name or a fact as well, and the excerpt of one secret may
//! hold its neighbour, each of them encoded as well as plain. So whatever a report writes that came from the target goes
//! through here first.

use std::borrow::Cow;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use crate::finding::{Finding, Secret};
use crate::scan::Outcome;

/// Shortest secret in bytes that is looked for everywhere: shorter ones may be ordinary words.
const EVERYWHERE: usize = 12;

/// Shortest secret in bytes that is looked for in its own finding's excerpt and details.
const AT_HOME: usize = 4;

/// How many bytes of a secret give it away although the rest is missing.
const ENOUGH: usize = 32;

/// Shortest piece of a secret that is recognised where the edge of an excerpt cuts through it.
const EDGE: usize = 6;

/// How far from the edge of an excerpt such a piece may reach, in bytes.
const REACH: usize = 128;

const MASK: &str = "****";

/// Masks the secrets of one outcome in any text.
#[derive(Debug)]
pub struct Redactor<'a> {
    /// Secrets and their encoded forms, sorted.
    all: Vec<Cow<'a, [u8]>>,
    /// Positions of those that do not begin with another, in order: one that a text begins with is the text's neighbour
    /// in this order.
    shortest: Vec<usize>,
    /// Positions of all in the order of their ends.
    by_end: Vec<usize>,
    /// Whether a secret begins with these two bytes: most places of a text are dismissed by a look.
    starts: Vec<bool>,
}

impl<'a> Redactor<'a> {
    /// Knows the secrets of `outcome`.
    #[must_use]
    pub fn new(outcome: &'a Outcome) -> Self {
        Redactor::with(outcome, &[])
    }

    /// Knows the secrets of `outcome`, and further ones.
    pub(super) fn with(outcome: &'a Outcome, further: &'a [Secret]) -> Self {
        let allowed = outcome.allowed.iter().map(|allowed| &allowed.finding);
        let secrets = outcome
            .findings
            .iter()
            .chain(allowed)
            .filter_map(|finding| finding.secret.as_ref())
            .chain(further)
            .map(|secret| secret.expose())
            .filter(|secret| secret.len() >= EVERYWHERE);
        let mut all: Vec<Cow<[u8]>> = secrets.map(Cow::Borrowed).collect();
        all.sort_unstable();
        all.dedup();
        let encoded: Vec<Cow<[u8]>> = all.iter().flat_map(|secret| encoded(secret)).map(Cow::Owned).collect();
        all.extend(encoded);
        all.sort_unstable();
        all.dedup();
        let mut shortest: Vec<usize> = (0..all.len()).collect();
        shortest.dedup_by(|longer, shorter| all[*longer].starts_with(&all[*shorter]));
        let mut by_end: Vec<usize> = (0..all.len()).collect();
        by_end.sort_unstable_by(|a, b| all[*a].iter().rev().cmp(all[*b].iter().rev()));
        let mut starts = vec![false; 1 << 16];
        for secret in &all {
            starts[two(secret)] = true;
        }
        Redactor { all, shortest, by_end, starts }
    }

    /// The text without any secret in it.
    #[must_use]
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let bytes = text.as_bytes();
        if self.all.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut out, mut done, mut at) = (String::new(), 0, 0);
        while at + EVERYWHERE <= bytes.len() {
            let Some(length) = self.length_at(&bytes[at..]) else {
                at += 1;
                continue;
            };
            out.push_str(text.get(done..boundary_before(text, at)).unwrap_or_default());
            out.push_str(MASK);
            done = boundary_after(text, at + length);
            at = done;
        }
        if done == 0 { Cow::Borrowed(text) } else { Cow::Owned(out + &text[done..]) }
    }

    /// How many bytes at the start of `rest` give a secret away.
    fn length_at(&self, rest: &[u8]) -> Option<usize> {
        if !self.starts[two(rest)] {
            return None;
        }
        let after = self.shortest.partition_point(|at| &*self.all[*at] <= rest);
        let mut near = self.shortest[after.saturating_sub(1)..].iter().take(2).map(|at| &*self.all[*at]);
        let given_away = near.any(|secret| common(secret, rest) >= ENOUGH.min(secret.len()));
        let after = || self.all.partition_point(|secret| &**secret <= rest);
        // No other has more in common with it than those that come before and after it.
        let near = || self.all[after().saturating_sub(1)..].iter().take(2);
        given_away.then(|| near().map(|secret| common(secret, rest)).max().unwrap_or_default())
    }

    /// The text of a finding's own excerpt or detail: its own secret is masked however short, and so are the pieces of
    /// other secrets that the edges of the excerpt cut through.
    pub(super) fn clean_own<'t>(&self, finding: &Finding, text: &'t str) -> Cow<'t, str> {
        let mut cleaned = self.clean(text);
        let own = finding.secret.as_ref().and_then(|secret| std::str::from_utf8(secret.expose()).ok());
        if let Some(own) = own.filter(|own| own.len() >= AT_HOME && cleaned.contains(own)) {
            cleaned = Cow::Owned(cleaned.replace(own, MASK));
        }
        if let Some(start) = self.cut_at_end(&cleaned) {
            cleaned = Cow::Owned(format!("{}{MASK}", &cleaned[..start]));
        }
        if let Some(end) = self.cut_at_start(&cleaned) {
            cleaned = Cow::Owned(format!("{MASK}{}", &cleaned[end..]));
        }
        cleaned
    }

    /// Where a secret begins that runs off the end of `text` (an ellipsis may follow).
    fn cut_at_end(&self, text: &str) -> Option<usize> {
        let body = text.trim_end_matches(['…', '.']);
        let from = body.len().saturating_sub(REACH);
        (from..(body.len() + 1).saturating_sub(EDGE)).filter(|start| body.is_char_boundary(*start)).find(|start| {
            let piece = &body.as_bytes()[*start..];
            let at = self.all.partition_point(|secret| &**secret < piece);
            self.all.get(at).is_some_and(|secret| secret.starts_with(piece))
        })
    }

    /// Where a secret ends that runs in from before the start of `text` (an ellipsis may precede).
    fn cut_at_start(&self, text: &str) -> Option<usize> {
        let body = text.trim_start_matches(['…', '.']);
        let cut = (EDGE..=body.len().min(REACH)).rev().filter(|end| body.is_char_boundary(*end)).find(|end| {
            let piece = &body.as_bytes()[..*end];
            let at = self.by_end.partition_point(|at| self.all[*at].iter().rev().lt(piece.iter().rev()));
            self.by_end.get(at).is_some_and(|at| self.all[*at].ends_with(piece))
        });
        cut.map(|end| text.len() - body.len() + end)
    }
}

/// The nearest place at or before `at` where a character begins: a secret need not be whole characters.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// The nearest place at or after `at` where a character begins or the text ends.
fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// The first two bytes as a number.
fn two(bytes: &[u8]) -> usize {
    match bytes {
        [first, second, ..] => usize::from(*first) << 8 | usize::from(*second),
        _ => 0,
    }
}

/// What stands for a secret in base64 at each of three alignments, in both alphabets, and in hex. The digits at either end
/// that depend on the neighbours are left out.
fn encoded(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![HEXLOWER.encode(secret).into_bytes(), HEXUPPER.encode(secret).into_bytes()];
    for before in 0..3usize {
        let text = [&[0; 2][..before], secret].concat();
        let (first, end) = ((8 * before).div_ceil(6), 8 * text.len() / 6);
        for digits in [BASE64_NOPAD.encode(&text), BASE64URL_NOPAD.encode(&text)] {
            forms.extend(digits.as_bytes().get(first..end).map(<[u8]>::to_vec));
        }
    }
    forms
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn outcome(secrets: &[&str]) -> Outcome {
        let mut outcome = testing::empty();
        outcome.findings = secrets.iter().map(|secret| testing::secret_finding("a.js", secret)).collect();
        outcome
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let outcome = outcome(&["abcdefgh01234567", "short"]);
        let redactor = Redactor::new(&outcome);
        assert_eq!(redactor.clean("x/abcdefgh01234567.txt short"), "x/****.txt short");
        assert_eq!(redactor.clean("abcdefgh0123456 7"), "abcdefgh0123456 7");
        assert_eq!(redactor.clean_own(&outcome.findings[1], "is short"), "is ****");
    }

    #[test]
    fn a_secret_is_masked_in_base64_and_hex() {
        let outcome = outcome(&["abcdefgh01234567?~"]);
        let redactor = Redactor::new(&outcome);
        for before in ["", "k", "ke", "key"] {
            let text = format!("{before}abcdefgh01234567?~.");
            for digits in [data_encoding::BASE64.encode(text.as_bytes()), BASE64URL_NOPAD.encode(text.as_bytes())] {
                let shown = redactor.clean(&digits).into_owned();
                assert!(shown.contains(MASK) && shown.len() < 14, "{shown}");
            }
            let shown = redactor.clean(&HEXUPPER.encode(text.as_bytes())).into_owned();
            assert_eq!(shown, format!("{}{MASK}2E", HEXUPPER.encode(before.as_bytes())));
        }
    }

    #[test]
    fn a_long_secret_is_recognised_by_its_beginning() {
        let long = "k".repeat(400);
        let outcome = outcome(&[&long]);
        let redactor = Redactor::new(&outcome);
        assert_eq!(redactor.clean(&format!("<{}>", &long[..300])), "<****>");
    }

    #[test]
    fn a_secret_may_begin_and_end_inside_a_character() {
        let mut outcome = outcome(&["x"]);
        let text = "<äabcdefgh0123ö>";
        outcome.findings[0].secret = Some(crate::finding::Secret::new(&text.as_bytes()[2..text.len() - 2]));
        assert_eq!(Redactor::new(&outcome).clean(text), "<****>");
    }

    #[test]
    fn a_secret_that_continues_another_is_not_shown_whole() {
        let outcome = outcome(&["abcdefgh01234567", "abcdefgh01234567XYZ", "abcdefgh0123456"]);
        let redactor = Redactor::new(&outcome);
        assert_eq!(redactor.clean("é abcdefgh01234567Xéabcdefgh01234567XYZ"), "é ****é****");
    }

    #[test]
    fn a_neighbour_cut_by_the_edge_of_an_excerpt_is_masked() {
        let outcome = outcome(&["abcdefgh01234567", "ZYXWVUTSRQPONMLK"]);
        let redactor = Redactor::new(&outcome);
        let own = &outcome.findings[0];
        assert_eq!(redactor.clean_own(own, "…SRQPONMLK; k=abcd****67; z=ZYXWVUTS…"), "****; k=abcd****67; z=****");
        assert_eq!(redactor.clean_own(own, "z=ZYXWV"), "z=ZYXWV");
    }
}
