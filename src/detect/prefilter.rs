//! The keywords of all rules, searched for in one pass.
//!
//! One automaton finds all keywords in any case, so that no byte is read twice. Each step of an automaton waits for the
//! one before it; four of them, side by side in the same text, wait for one another's memory instead of their own.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::automaton::{Automaton, State, TooLarge};

/// How many bytes the automata work on at a time; what they find in them is handed on in order.
const BLOCK: usize = 64 << 10;
/// What several threads work on together, where a text is longer than two of it.
const SHARED: usize = 4 << 20;
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
    automaton: Automaton,
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
    pub fn new<'w>(keywords: impl Iterator<Item = (&'w str, Owner)>) -> Result<Self, TooLarge> {
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
        let automaton = Automaton::new(words.iter().map(|word| word.lower.as_bytes()))?;
        let longest = words.iter().map(|word| word.lower.len()).max().unwrap_or(0);
        Ok(Prefilter { automaton, words, longest })
    }

    /// Every place in `text` where a keyword stands, in the order of their ends: the position of a rule that has it, and
    /// its range.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
        if self.words.is_empty() {
            return;
        }
        if text.len() < 2 * SHARED {
            let mut hits: [Vec<Hit>; LANES] = Default::default();
            for block in (0..text.len()).step_by(BLOCK) {
                self.block(text, block, (block + BLOCK).min(text.len()), &mut hits);
                self.tell(text, &mut hits, &mut found);
            }
            return;
        }
        // Threads work on parts of a share; nothing waits but what they find in one.
        for share in (0..text.len()).step_by(SHARED) {
            let end = (share + SHARED).min(text.len());
            let blocks = (share..end).into_par_iter().step_by(BLOCK);
            let found_in = |block| {
                let mut hits: [Vec<Hit>; LANES] = Default::default();
                self.block(text, block, (block + BLOCK).min(end), &mut hits);
                hits
            };
            let all: Vec<[Vec<Hit>; LANES]> = blocks.with_min_len(4).map(found_in).collect();
            all.into_iter().for_each(|mut hits| self.tell(text, &mut hits, &mut found));
        }
    }

    /// Hands on what lanes have found, in order.
    fn tell(&self, text: &[u8], hits: &mut [Vec<Hit>; LANES], found: &mut impl FnMut(usize, Range<usize>)) {
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

    /// The keywords that end in `from..to`, each lane's in its own list.
    fn block(&self, text: &[u8], from: usize, to: usize, hits: &mut [Vec<Hit>; LANES]) {
        let length = (to - from) / LANES;
        let start = |lane: usize| from + lane * length;
        let lanes: [&[u8]; LANES] = std::array::from_fn(|lane| &text[start(lane)..][..length]);
        // What begins before a lane and ends in it is seen by starting earlier.
        let mut states: [State; LANES] = std::array::from_fn(|lane| {
            let before = &text[start(lane).saturating_sub(self.longest.saturating_sub(1))..start(lane)];
            before.iter().fold(Automaton::START, |state, byte| self.automaton.step(state, *byte))
        });
        let [a, b, c, d] = lanes;
        for (at, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            states = [
                self.automaton.step(states[0], *a),
                self.automaton.step(states[1], *b),
                self.automaton.step(states[2], *c),
                self.automaton.step(states[3], *d),
            ];
            // The largest of them tells about all: states in which a keyword ends are numbered last.
            let [a, b, c, d] = states;
            if self.automaton.is_end(a.max(b).max(c.max(d))) {
                for (lane, (state, hits)) in states.iter().zip(&mut *hits).enumerate() {
                    self.note(*state, start(lane) + at + 1, hits);
                }
            }
        }
        // What is left over by dividing goes on with the last lane.
        let (mut state, hits) = (states[LANES - 1], &mut hits[LANES - 1]);
        for (at, byte) in text.iter().enumerate().take(to).skip(start(LANES)) {
            state = self.automaton.step(state, *byte);
            self.note(state, at + 1, hits);
        }
    }

    fn note(&self, state: State, end: usize, hits: &mut Vec<Hit>) {
        hits.extend(self.automaton.words(state).iter().map(|word| (*word, end)));
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
