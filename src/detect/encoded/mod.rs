//! Encoded text: what a search for plain characters passes over.
//!
//! Each encoding says where in a text something may be written in it, and decodes only that. What comes out is searched
//! like any other text, and may itself hold encoded text. Every byte remembers where it was written, so that what is
//! found deep inside still has its place in the outermost text.

mod alphabet;
mod anchors;
mod digits;
mod forms;
mod marks;
mod passage;
mod utf16;

#[cfg(test)]
mod tests;

pub use anchors::{Anchors, LazyAnchors};
pub use passage::Passage;

/// How many encodings are undone one after the other.
const DEPTH: usize = 3;
/// What every artifact may come to, however small it is.
const DECODED_AT_LEAST: usize = 1 << 20;

/// Finds the passages of a text that are written in some way, until it is told to stop.
type Find = fn(&[u8], &LazyAnchors, &mut dyn FnMut(Passage) -> bool) -> bool;

/// A way of writing text, or several that have one reader.
pub struct Way {
    find: Find,
    /// How many decoded bytes an artifact may come to, for every byte of its own: what is inside counts as well.
    decoded: usize,
}

/// Every way that is looked for. They know nothing of each other, so that threads can share them.
pub static WAYS: [Way; 6] = [
    Way { find: |text, _, found| utf16::passages(text, found), decoded: 2 },
    Way { find: |text, anchors, found| marks::NOTATIONS[0].passages(text, anchors, found), decoded: 3 },
    Way { find: |text, anchors, found| marks::NOTATIONS[1].passages(text, anchors, found), decoded: 3 },
    Way { find: |text, anchors, found| marks::NOTATIONS[2].passages(text, anchors, found), decoded: 3 },
    Way { find: |text, anchors, found| marks::NOTATIONS[3].passages(text, anchors, found), decoded: 3 },
    // Eight alignments, of which real text uses one at a time.
    Way { find: digits::passages, decoded: 6 },
];

/// Goes through the passages of a text and of what they decode to.
pub struct Decoder<'a> {
    anchors: &'a LazyAnchors,
    left: usize,
}

impl<'a> Decoder<'a> {
    /// Hands every passage of `text` that is written in this way to `search`, and every passage in it, written in any way,
    /// with the passages it lies in, outermost first. Answers whether all of them were looked at.
    pub fn each(way: &Way, anchors: &'a LazyAnchors, text: &[u8], search: &mut dyn FnMut(&[Passage])) -> bool {
        let left = text.len().saturating_mul(way.decoded).max(DECODED_AT_LEAST);
        Decoder { anchors, left }.go(std::slice::from_ref(way), text, &mut Vec::new(), search)
    }

    fn go(&mut self, ways: &[Way], text: &[u8], way: &mut Vec<Passage>, search: &mut dyn FnMut(&[Passage])) -> bool {
        let anchors = self.anchors;
        let mut found = |passage: Passage| {
            let Some(left) = self.left.checked_sub(passage.text.len()) else { return false };
            self.left = left;
            way.push(passage);
            search(way);
            let complete = way.len() == DEPTH || {
                let inner = way.last().map(|passage| passage.text.clone()).unwrap_or_default();
                self.go(&WAYS, &inner, way, search)
            };
            way.pop();
            complete
        };
        ways.iter().all(|one| (one.find)(text, anchors, &mut found))
    }
}
