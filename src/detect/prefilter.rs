//! The keywords of all rules, searched for in one pass.
//!
//! One automaton finds all keywords in any case, so that no byte is read twice. Each step of an automaton waits for the
//! one before it; four of them, side by side in the same text, wait for one another's memory instead of their own.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, BuildError, MatchKind, StartKind};

/// How many bytes the automata work on at a time; what they find in them is handed on in order.
const BLOCK: usize = 64 << 10;
/// How many work side by side.
const LANES: usize = 4;

/// A keyword of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The position of the rule.
    pub rule: usize,
    /// Whether the keyword counts only as it is written.
    pub exact: bool,
}

/// An automaton over all keywords, and the rules that each of them belongs to.
#[derive(Debug)]
pub struct Prefilter {
    dfa: DFA,
    start: StateID,
    words: Vec<Word>,
    longest: usize,
}

/// A keyword in lower case, and the rules that have it, with the case in which they do.
#[derive(Debug)]
struct Word {
    lower: String,
    owners: Vec<(usize, Option<String>)>,
}

/// A place where a keyword stands: the word's position, and its end in the text.
type Hit = (u32, usize);

impl Prefilter {
    /// Prepares keywords with their owners.
    pub fn new<'w>(keywords: impl Iterator<Item = (&'w str, Owner)>) -> Result<Self, BuildError> {
        let mut words: Vec<Word> = Vec::new();
        let mut known = std::collections::BTreeMap::new();
        for (keyword, owner) in keywords {
            let lower = keyword.to_ascii_lowercase();
            let at = *known.entry(lower.clone()).or_insert(words.len());
            if at == words.len() {
                words.push(Word { lower, owners: Vec::new() });
            }
            words[at].owners.push((owner.rule, owner.exact.then(|| keyword.to_owned())));
        }
        let dfa = DFA::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(words.iter().map(|word| &word.lower))?;
        let longest = words.iter().map(|word| word.lower.len()).max().unwrap_or(0);
        // An unanchored automaton always has this start.
        let start = dfa.start_state(Anchored::No).unwrap_or_default();
        Ok(Prefilter { dfa, start, words, longest })
    }

    /// Every place in `text` where a keyword stands, in the order of their ends: the position of a rule that has it, and
    /// its range.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, std::ops::Range<usize>)) {
        if self.words.is_empty() {
            return;
        }
        let mut hits: [Vec<Hit>; LANES] = Default::default();
        for block in (0..text.len()).step_by(BLOCK) {
            let end = (block + BLOCK).min(text.len());
            self.block(text, block, end, &mut hits);
            for (word, end) in hits.iter_mut().flat_map(|hits| hits.drain(..)) {
                let word = &self.words[word as usize];
                let range = end - word.lower.len()..end;
                for (rule, exact) in &word.owners {
                    if exact.as_ref().is_none_or(|exact| exact.as_bytes() == &text[range.clone()]) {
                        found(*rule, range.clone());
                    }
                }
            }
        }
    }

    /// The keywords that end in `from..to`, each lane's in its own list.
    fn block(&self, text: &[u8], from: usize, to: usize, hits: &mut [Vec<Hit>; LANES]) {
        let length = (to - from).div_ceil(LANES);
        let lanes: [(usize, usize); LANES] =
            std::array::from_fn(|lane| ((from + lane * length).min(to), (from + (lane + 1) * length).min(to)));
        // What begins before a lane and ends in it is seen by starting earlier.
        let mut states: [StateID; LANES] = std::array::from_fn(|lane| {
            let (start, _) = lanes[lane];
            let before = &text[start.saturating_sub(self.longest.saturating_sub(1))..start];
            before.iter().fold(self.start, |state, byte| self.dfa.next_state(Anchored::No, state, *byte))
        });
        let [a, b, c, d] = lanes.map(|(start, end)| &text[start..end]);
        // The last lane is the shortest.
        for (at, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            states[0] = self.dfa.next_state(Anchored::No, states[0], *a);
            states[1] = self.dfa.next_state(Anchored::No, states[1], *b);
            states[2] = self.dfa.next_state(Anchored::No, states[2], *c);
            states[3] = self.dfa.next_state(Anchored::No, states[3], *d);
            if states.iter().any(|state| self.dfa.is_special(*state)) {
                for ((state, (start, _)), hits) in states.iter().zip(lanes).zip(&mut *hits) {
                    self.note(*state, start + at + 1, hits);
                }
            }
        }
        for ((state, (start, end)), hits) in states.iter_mut().zip(lanes).zip(hits) {
            for (at, byte) in text.iter().enumerate().take(end).skip(start + d.len()) {
                *state = self.dfa.next_state(Anchored::No, *state, *byte);
                self.note(*state, at + 1, hits);
            }
        }
    }

    fn note(&self, state: StateID, end: usize, hits: &mut Vec<Hit>) {
        if self.dfa.is_match(state) {
            let words = (0..self.dfa.match_len(state)).map(|index| self.dfa.match_pattern(state, index));
            hits.extend(words.map(|word| (word.as_u32(), end)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[(&str, bool)], text: &[u8]) -> Vec<(usize, std::ops::Range<usize>)> {
        let owners = words.iter().enumerate().map(|(rule, (word, exact))| (*word, Owner { rule, exact: *exact }));
        let prefilter = Prefilter::new(owners).unwrap();
        let mut all = Vec::new();
        prefilter.each(text, |rule, range| all.push((rule, range)));
        all
    }

    #[test]
    fn words_are_found_wherever_blocks_and_lanes_meet() {
        let word = b"needle_in";
        for length in [9, 10, 35, 36, 37, 4 * 16, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7] {
            let quarter = BLOCK / LANES;
            let near = [0, 4, quarter, 2 * quarter, 3 * quarter, BLOCK, BLOCK + quarter, length];
            for at in near.iter().flat_map(|at| at.saturating_sub(10)..at + 2).filter(|at| at + word.len() <= length) {
                let mut text = vec![b'.'; length];
                text[at..at + word.len()].copy_from_slice(word);
                assert_eq!(found(&[("needle_in", true)], &text), [(0, at..at + word.len())], "{at} of {length}");
            }
        }
    }

    #[test]
    fn case_counts_where_it_should_and_words_may_overlap() {
        let words = [("key", false), ("KEY", true), ("eyes", true)];
        assert_eq!(found(&words, b"KEYes keYES"), [(0, 0..3), (1, 0..3), (0, 6..9)]);
        assert_eq!(found(&words, b"keyes"), [(0, 0..3), (2, 1..5)]);
        assert_eq!(found(&[], b"keyes"), []);
    }
}
