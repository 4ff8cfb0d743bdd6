//! Encoded text: what a search for plain characters passes over.
//!
//! Each encoding says where in a text something may be written in it, and decodes only that. What comes out is searched
//! like any other text, and may itself hold encoded text. Every byte remembers where it was written, so that what is
//! found deep inside still has its place in the outermost text.

mod anchors;
mod digits;
mod forms;
mod marks;
mod passage;
mod utf16;

#[cfg(test)]
mod tests;

pub use anchors::Anchors;
pub use passage::Passage;

/// How many encodings are undone one after the other.
const DEPTH: usize = 3;
/// How many decoded bytes an artifact may come to, for every byte of its own: eight alignments of digits and four
/// notations, of which real text uses one at a time.
const DECODED: usize = 6;
/// What every artifact may come to, however small it is.
const DECODED_AT_LEAST: usize = 1 << 20;

/// Goes through the passages of a text and of what they decode to.
pub struct Decoder<'a> {
    anchors: &'a Anchors,
    left: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder for a text of `length` bytes.
    pub fn new(anchors: &'a Anchors, length: usize) -> Self {
        Decoder { anchors, left: length.saturating_mul(DECODED).max(DECODED_AT_LEAST) }
    }

    /// Hands every passage of `text`, at every depth, to `search`, with the passages it lies in, outermost first.
    /// Answers whether all of them were looked at.
    pub fn each(&mut self, text: &[u8], search: &mut dyn FnMut(&[Passage])) -> bool {
        self.go(text, &mut Vec::new(), search)
    }

    fn go(&mut self, text: &[u8], way: &mut Vec<Passage>, search: &mut dyn FnMut(&[Passage])) -> bool {
        let anchors = self.anchors;
        let mut found = |passage: Passage| {
            let Some(left) = self.left.checked_sub(passage.text.len()) else { return false };
            self.left = left;
            way.push(passage);
            search(way);
            let complete = way.len() == DEPTH || {
                let inner = way.last().map(|passage| passage.text.clone()).unwrap_or_default();
                self.go(&inner, way, search)
            };
            way.pop();
            complete
        };
        utf16::passages(text, &mut found)
            && marks::passages(text, anchors, &mut found)
            && (anchors.is_empty() || digits::passages(text, anchors, &mut found))
    }
}
