//! An automaton that finds many words in one pass, in any case (Aho and Corasick, 1975).
//!
//! The crate of that name builds the same in ten times the time, which every start of the program would pay for, and in
//! four times the memory, which every step would wait for.

/// The most entries that the table may have: 256 MiB of them.
const MOST: usize = 64 << 20;

/// The words need a larger table than any that is worth having.
#[derive(Debug, thiserror::Error)]
#[error("they would need a table of more than {MOST} entries")]
pub struct TooLarge;

/// What was read so far: the longest beginning of a word that the text ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        let mut trie = Trie::new();
        for (position, word) in words.enumerate() {
            trie.add(word, &classes, u32::try_from(position).map_err(|_| TooLarge)?);
            if trie.nodes.len().saturating_mul(stride) > MOST {
                return Err(TooLarge);
            }
        }
        Ok(trie.into_automaton(classes, stride))
    }

    /// Nothing was read yet.
    pub const START: State = State(0);

    /// The state after one more byte.
    #[inline(always)]
    pub fn step(&self, state: State, byte: u8) -> State {
        State(self.next[state.0 as usize + usize::from(self.classes[usize::from(byte)])])
    }

    /// Whether a word ends here.
    #[cfg(test)]
    pub fn is_end(&self, state: State) -> bool {
        state.0 >= self.first_end
    }

    /// Whether a word ends at any of these.
    #[inline(always)]
    pub fn is_any_end(&self, states: [State; 4]) -> bool {
        // The largest tells about all: states in which a word ends are numbered last.
        let [a, b, c, d] = states.map(|state| state.0);
        a.max(b).max(c.max(d)) >= self.first_end
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

/// The words as a tree, on its way to an automaton. Node 0 is its root, which is nobody's child.
struct Trie {
    nodes: Vec<Node>,
    /// The nodes that words end at, with the words' positions.
    ends: Vec<(u32, u32)>,
}

/// A node, which knows its first child and the next child of its parent; 0 where there is none.
#[derive(Clone, Copy, Default)]
struct Node {
    class: u8,
    child: u32,
    sibling: u32,
    /// The node of the longest end of what was read that begins a word.
    falls_to: u32,
    /// Whether a word ends here, or at what it falls to.
    is_end: bool,
}

impl Trie {
    fn new() -> Self {
        Trie { nodes: vec![Node::default()], ends: Vec::new() }
    }

    fn children(&self, node: u32) -> impl Iterator<Item = u32> {
        let some = |node: u32| (node != 0).then_some(node);
        std::iter::successors(some(self.nodes[node as usize].child), move |child| {
            some(self.nodes[*child as usize].sibling)
        })
    }

    fn child(&self, node: u32, class: u8) -> Option<u32> {
        self.children(node).find(|child| self.nodes[*child as usize].class == class)
    }

    fn add(&mut self, word: &[u8], classes: &[u8; 256], position: u32) {
        let mut node = 0;
        for byte in word {
            let class = classes[usize::from(*byte)];
            node = self.child(node, class).unwrap_or_else(|| {
                let new = self.nodes.len() as u32;
                let sibling = std::mem::replace(&mut self.nodes[node as usize].child, new);
                self.nodes.push(Node { class, sibling, ..Node::default() });
                new
            });
        }
        self.nodes[node as usize].is_end = true;
        self.ends.push((node, position));
    }

    /// Finds out what every node falls to. Answers the nodes in the order of their depth.
    fn complete(&mut self) -> Vec<u32> {
        let mut order = vec![0];
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            let mut child = self.nodes[node as usize].child;
            while child != 0 {
                let Node { class, sibling, .. } = self.nodes[child as usize];
                let falls_to = if node == 0 { 0 } else { self.goes_to(self.nodes[node as usize].falls_to, class) };
                let is_end = self.nodes[falls_to as usize].is_end;
                let this = &mut self.nodes[child as usize];
                (this.falls_to, this.is_end) = (falls_to, this.is_end || is_end);
                order.push(child);
                child = sibling;
            }
        }
        order
    }

    /// Where a node goes on a class, which it may have to fall for.
    fn goes_to(&self, mut node: u32, class: u8) -> u32 {
        loop {
            match self.child(node, class) {
                Some(child) => return child,
                None if node == 0 => return 0,
                None => node = self.nodes[node as usize].falls_to,
            }
        }
    }

    /// Numbers the states by depth, with those that end a word last, and writes the table: what a state has no child for,
    /// it does as the one that it falls to, which is less deep and stands there already.
    fn into_automaton(mut self, classes: [u8; 256], stride: usize) -> Automaton {
        let order = self.complete();
        let (ending, others): (Vec<u32>, Vec<u32>) = order.iter().partition(|node| self.nodes[**node as usize].is_end);
        let mut places = vec![0; self.nodes.len()];
        for (index, node) in others.iter().chain(&ending).enumerate() {
            places[*node as usize] = index * stride;
        }
        let mut next = vec![0; self.nodes.len() * stride];
        for node in &order {
            let (place, falls_to) = (places[*node as usize], places[self.nodes[*node as usize].falls_to as usize]);
            next.copy_within(falls_to..falls_to + stride, place);
            for child in self.children(*node) {
                next[place + usize::from(self.nodes[child as usize].class)] = places[child as usize] as u32;
            }
        }
        let first_end = others.len() * stride;
        let (lists, words) =
            self.lists(&ending, |node| places[node as usize].checked_sub(first_end).map(|at| at / stride));
        Automaton { next, classes, stride, first_end: first_end as u32, lists, words }
    }

    /// The positions of the words that end at each of these nodes, one behind the other, and where each list begins.
    /// `place` answers which of them a node is.
    fn lists(&mut self, ending: &[u32], place: impl Fn(u32) -> Option<usize>) -> (Vec<u32>, Vec<u32>) {
        self.ends.sort_unstable();
        let (mut lists, mut words) = (vec![0], Vec::with_capacity(self.ends.len()));
        for node in ending {
            let first = self.ends.partition_point(|(end, _)| end < node);
            words.extend(self.ends[first..].iter().take_while(|(end, _)| end == node).map(|(_, word)| *word));
            if let Some(shorter) = place(self.nodes[*node as usize].falls_to) {
                words.extend_from_within(lists[shorter] as usize..lists[shorter + 1] as usize);
            }
            lists.push(words.len() as u32);
        }
        (lists, words)
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
