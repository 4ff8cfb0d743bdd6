//! An automaton that finds many words in one pass, in any case (Aho and Corasick, 1975).
//!
//! The crate of that name builds the same in ten times the time, which every start of the program would pay for, and in
//! four times the memory, which every step would wait for.

use std::collections::VecDeque;

/// The most entries that the table may have: 256 MiB of them.
const MOST: usize = 64 << 20;

/// The words need a larger table than any that is worth having.
#[derive(Debug, thiserror::Error)]
#[error("they would need a table of more than {MOST} entries")]
pub struct TooLarge;

/// What was read so far: the longest beginning of a word that the text ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct State(u32);

/// Words, prepared for being found.
#[derive(Debug)]
pub struct Automaton {
    /// For every state and every class of bytes the next state. States are positions in this table, so that a step is
    /// one addition and one look.
    next: Vec<u32>,
    /// The class of each byte: letters of either case have one, and so has everything that is in no word.
    classes: [u8; 256],
    stride: usize,
    /// The states from here on end a word.
    first_end: u32,
    /// For every state that ends a word, where its list begins in `words`; and where the last one ends.
    lists: Vec<u32>,
    words: Vec<u32>,
}

impl Automaton {
    /// Prepares words, which are in lower case.
    pub fn new<'w>(words: impl Iterator<Item = &'w [u8]> + Clone) -> Result<Self, TooLarge> {
        let (classes, stride) = classes(words.clone());
        let mut trie = Trie::new(stride);
        for (position, word) in words.enumerate() {
            trie.add(word, &classes, u32::try_from(position).map_err(|_| TooLarge)?)?;
        }
        let order = trie.complete();
        Ok(trie.into_automaton(&order, classes))
    }

    /// Nothing was read yet.
    pub const START: State = State(0);

    /// The state after one more byte.
    #[inline(always)]
    pub fn step(&self, state: State, byte: u8) -> State {
        State(self.next[state.0 as usize + usize::from(self.classes[usize::from(byte)])])
    }

    /// Whether a word ends here.
    #[inline(always)]
    pub fn is_end(&self, state: State) -> bool {
        state.0 >= self.first_end
    }

    /// The positions of the words that end here, longest first.
    pub fn words(&self, state: State) -> &[u32] {
        let Some(list) = state.0.checked_sub(self.first_end) else { return &[] };
        let list = list as usize / self.stride;
        &self.words[self.lists[list] as usize..self.lists[list + 1] as usize]
    }
}

/// A class for every byte that occurs in a word, and how many classes there are.
fn classes<'w>(words: impl Iterator<Item = &'w [u8]>) -> ([u8; 256], usize) {
    let mut occurs = [false; 256];
    for byte in words.flatten() {
        occurs[usize::from(byte.to_ascii_lowercase())] = true;
    }
    let mut classes = [0; 256];
    let mut count = 1u8;
    for byte in (0..=255u8).filter(|byte| occurs[usize::from(*byte)]) {
        classes[usize::from(byte)] = count;
        classes[usize::from(byte.to_ascii_uppercase())] = count;
        // At most 230 bytes are not a capital letter.
        count += 1;
    }
    (classes, usize::from(count))
}

/// The words as a tree, on its way to an automaton. State 0 is its root, which is nobody's child.
struct Trie {
    stride: usize,
    next: Vec<u32>,
    /// The words that end at each state.
    ends: Vec<Vec<u32>>,
}

impl Trie {
    fn new(stride: usize) -> Self {
        Trie { stride, next: vec![0; stride], ends: vec![Vec::new()] }
    }

    fn add(&mut self, word: &[u8], classes: &[u8; 256], position: u32) -> Result<(), TooLarge> {
        let mut state = 0;
        for byte in word {
            let at = state * self.stride + usize::from(classes[usize::from(*byte)]);
            if self.next[at] == 0 {
                self.next[at] = self.ends.len() as u32;
                self.ends.push(Vec::new());
                self.next.resize(self.next.len() + self.stride, 0);
                if self.next.len() > MOST {
                    return Err(TooLarge);
                }
            }
            state = self.next[at] as usize;
        }
        self.ends[state].push(position);
        Ok(())
    }

    /// Fills in where each state goes on a byte that no word has there: to where the longest end of what was read goes
    /// that begins a word. Answers the states in the order of their depth.
    fn complete(&mut self) -> Vec<usize> {
        let mut falls_to = vec![0usize; self.ends.len()];
        let mut order = Vec::with_capacity(self.ends.len());
        let mut waiting = VecDeque::from([0]);
        while let Some(state) = waiting.pop_front() {
            order.push(state);
            let fallen = falls_to[state];
            for class in 0..self.stride {
                let instead = if state == 0 { 0 } else { self.next[fallen * self.stride + class] };
                let child = &mut self.next[state * self.stride + class];
                if *child == 0 {
                    *child = instead;
                } else {
                    falls_to[*child as usize] = instead as usize;
                    waiting.push_back(*child as usize);
                }
            }
            if fallen != state {
                let shorter = self.ends[fallen].clone();
                self.ends[state].extend(shorter);
            }
        }
        order
    }

    /// Numbers the states anew, by depth, with those that end a word last.
    fn into_automaton(self, order: &[usize], classes: [u8; 256]) -> Automaton {
        let Trie { stride, next, ends } = self;
        let (ending, others): (Vec<usize>, Vec<usize>) = order.iter().partition(|state| !ends[**state].is_empty());
        let mut places = vec![0u32; ends.len()];
        for (index, state) in others.iter().chain(&ending).enumerate() {
            places[*state] = (index * stride) as u32;
        }
        let rows = others.iter().chain(&ending).map(|state| &next[state * stride..][..stride]);
        let table = rows.flatten().map(|state| places[*state as usize]).collect();
        let mut lists = vec![0];
        let mut words = Vec::new();
        for state in &ending {
            words.extend(&ends[*state]);
            lists.push(words.len() as u32);
        }
        Automaton { next: table, classes, stride, first_end: (others.len() * stride) as u32, lists, words }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<(usize, usize)> {
        let automaton = Automaton::new(words.iter().map(|word| word.as_bytes())).unwrap();
        let mut state = Automaton::START;
        let mut all = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            state = automaton.step(state, byte);
            assert_eq!(automaton.is_end(state), !automaton.words(state).is_empty());
            all.extend(automaton.words(state).iter().map(|word| (*word as usize, at + 1)));
        }
        all.sort_unstable();
        all
    }

    fn plainly(words: &[&str], text: &str) -> Vec<(usize, usize)> {
        let text = text.to_ascii_lowercase();
        let ends = |word: &str, end: usize| text.as_bytes()[..end].ends_with(word.as_bytes());
        let each = |at: usize| (1..=text.len()).filter(move |end| ends(words[at], *end)).map(move |end| (at, end));
        (0..words.len()).flat_map(each).collect()
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            words in prop::collection::vec("[ab_]{1,5}", 1..12),
            text in "[abAB_x]{0,60}",
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert_eq!(found(&words, &text), plainly(&words, &text));
        }
    }

    #[test]
    fn words_inside_words_are_found_in_any_case() {
        assert_eq!(found(&["he", "she", "his", "hers"], "uSHErs"), [(0, 4), (1, 4), (3, 6)]);
        assert_eq!(found(&["key", "key"], "KEY"), [(0, 3), (1, 3)]);
        assert_eq!(found(&["\u{e9}"], "x\u{e9}"), [(0, 3)]);
    }
}
