//! The keywords of the rules, in the form in which encoded text is asked for them: by their first three bytes.
//!
//! Any encoding is, in the end, a way of writing bytes; whatever it is, three bytes in a row can be read from it without
//! decoding the rest. A table of all keywords' first three bytes says at almost every place that none begins there. For
//! text that is encoded twice the keywords' own encoded forms are asked for as well.

use std::sync::LazyLock;

use super::forms::forms;

/// The first three bytes of a keyword, in lower case as far as that is a bit: `A` and `a` differ in it, and what else
/// becomes alike is told apart afterwards.
const FOLD: u32 = 0x20_2020;
/// Number of bits of the table: small enough to stay in the nearest cache.
const BITS: u32 = 17;

/// How many bytes of a keyword are compared; longer ones are known by their beginning.
pub const LONGEST_WORD: usize = 64;

/// How a letter or a `_` begins where all of a text is escaped or percent-encoded. A keyword says nothing in such text.
const NOTATIONS: [&[u8]; 9] = [b"\\u00", b"\\x4", b"\\x5", b"\\x6", b"\\x7", b"%4", b"%5", b"%6", b"%7"];
/// How far around them is decoded.
const AROUND_NOTATION: usize = 16 << 10;

/// A keyword and how far from it a match may reach.
#[derive(Debug)]
struct Anchor {
    word: Box<[u8]>,
    span: usize,
}

/// Keywords that are prepared once encoded text is met: many packages hold none.
pub type LazyAnchors = LazyLock<Anchors, Box<dyn FnOnce() -> Anchors + Send>>;

/// All keywords that encoded text is asked for.
#[derive(Debug)]
pub struct Anchors {
    table: Box<[u64]>,
    /// The folded first three bytes of every word, in order, with the word's position.
    starts: Vec<(u32, usize)>,
    /// For every slot of the table, the longest span of its words.
    reaches: Box<[u32]>,
    /// The bits that no word has in its first three bytes, and that half of all bytes have: the highest ones, where all
    /// words are ASCII.
    foreign: u32,
    words: Vec<Anchor>,
}

impl Anchors {
    /// Prepares keywords with their spans, and what escapes and percent-encoding of letters begin with. One shorter than three bytes cannot be asked for and is left out; rules have
    /// none.
    pub fn new<'w>(words: impl Iterator<Item = (&'w str, usize)>) -> Self {
        let table = vec![0; 1 << (BITS - 6)].into();
        let reaches = vec![0; 1 << BITS].into();
        let foreign = 0x80_8080;
        let mut anchors = Anchors { table, starts: Vec::new(), reaches, foreign, words: Vec::new() };
        for (word, span) in words {
            anchors.add(word.as_bytes(), span);
            for (form, longer) in forms(word.as_bytes()) {
                anchors.add(&form, span.saturating_mul(longer));
            }
        }
        if !anchors.words.is_empty() {
            NOTATIONS.iter().for_each(|start| anchors.add(start, AROUND_NOTATION));
        }
        anchors.starts.sort_unstable();
        anchors
    }

    fn add(&mut self, word: &[u8], span: usize) {
        let Some(start) = trigram(word) else { return };
        let slot = slot(start);
        self.table[slot / 64] |= 1 << (slot % 64);
        self.reaches[slot] = self.reaches[slot].max(u32::try_from(span).unwrap_or(u32::MAX));
        self.foreign &= !start;
        self.starts.push((start, self.words.len()));
        self.words.push(Anchor { word: word[..word.len().min(LONGEST_WORD)].into(), span });
    }

    /// Whether there is nothing to ask for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a keyword may begin with these three bytes (the lower 24 bits).
    #[inline(always)]
    pub fn may_begin(&self, three: u32) -> bool {
        if three & self.foreign != 0 {
            return false;
        }
        let slot = slot(three | FOLD);
        self.table[slot / 64] >> (slot % 64) & 1 == 1
    }

    /// Whether a keyword does begin with these three bytes, whatever follows.
    pub fn do_begin(&self, three: u32) -> bool {
        self.starts.binary_search_by_key(&(three | FOLD), |(start, _)| *start).is_ok()
    }

    /// No keyword that begins with these three bytes has a longer span than this.
    pub fn reach(&self, three: u32) -> usize {
        self.reaches[slot(three | FOLD)] as usize
    }

    /// The longest span of the keywords that begin with these three bytes and go on with what `byte` answers for the
    /// positions behind them, in any case. `None` where no keyword does.
    pub fn begins(&self, three: u32, byte: impl Fn(usize) -> Option<u8>) -> Option<usize> {
        let three = three | FOLD;
        let first = self.starts.partition_point(|(start, _)| *start < three);
        let candidates = self.starts[first..].iter().take_while(|(start, _)| *start == three);
        candidates
            .map(|(_, word)| &self.words[*word])
            .filter(|anchor| stands(&anchor.word, &byte))
            .map(|a| a.span)
            .max()
    }
}

impl Anchors {
    /// Every place in `text` where a keyword stands, with how far a match may reach from it.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        for (at, three) in text.windows(3).enumerate() {
            let three = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            if self.may_begin(three)
                && let Some(span) = self.begins(three, |behind| text.get(at + behind).copied())
            {
                found(at, span);
            }
        }
    }
}

fn stands(word: &[u8], byte: &impl Fn(usize) -> Option<u8>) -> bool {
    word.iter().enumerate().all(|(at, letter)| byte(at).is_some_and(|found| found.eq_ignore_ascii_case(letter)))
}

fn trigram(word: &[u8]) -> Option<u32> {
    let [a, b, c] = *word.first_chunk::<3>()?;
    Some((u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c)) | FOLD)
}

/// The place of three folded bytes in the table (multiplicative hashing).
#[inline(always)]
fn slot(folded: u32) -> usize {
    (folded.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_recognised_by_three_bytes_and_then_by_all() {
        let anchors = Anchors::new([("npm_", 100), ("npm_config", 300), ("ab", 5)].into_iter());
        let asked = |text: &str| {
            let three = u32::from_be_bytes([0, text.as_bytes()[0], text.as_bytes()[1], text.as_bytes()[2]]);
            anchors.may_begin(three).then(|| anchors.begins(three, |at| text.as_bytes().get(at).copied())).flatten()
        };
        assert_eq!(asked("npm_abc"), Some(100));
        assert_eq!(asked("NPM_CONFIG"), Some(300));
        assert_eq!(asked("npm-abc"), None);
        assert_eq!(asked("npm"), None);
        assert_eq!(asked("xyz_"), None);
    }
}
