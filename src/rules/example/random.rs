//! Random runs that a seed determines and that nobody could take for placeholders.

use crate::rules::placeholder::is_placeholder;

/// Characters to draw from.
pub(super) struct Alphabet {
    /// The name in templates.
    pub(super) name: &'static str,
    /// The characters.
    pub(super) letters: &'static [u8],
}

macro_rules! alphabets {
    ($($name:literal: $letters:expr),* $(,)?) => {
        /// Every alphabet.
        pub(super) const ALPHABETS: &[Alphabet] = &[$(Alphabet { name: $name, letters: $letters }),*];
    };
}

alphabets! {
    "base62": b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "base64": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "base64url": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    "base58": b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "base32": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "base32-lower": b"abcdefghijklmnopqrstuvwxyz234567",
    "BECH32": b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "hex": b"0123456789abcdef",
    "HEX": b"0123456789ABCDEF",
    "digits": b"0123456789",
    "lower": b"abcdefghijklmnopqrstuvwxyz",
    "upper": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "letters": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "alnum": b"abcdefghijklmnopqrstuvwxyz0123456789",
    "ALNUM": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
}

/// How often a run is drawn anew before it is taken as it is: one draw in a few fails.
const TRIES: usize = 200;
/// From this length a run has a character of every class of its alphabet.
const MIXED_FROM: usize = 10;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and any seed will do.
pub(super) struct Random(u64);

impl Random {
    /// Starts from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// Bytes without any pattern.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    /// A run of `length` characters that is no placeholder.
    pub(super) fn run(&mut self, alphabet: &Alphabet, length: usize) -> String {
        self.run_of(alphabet.letters, length)
    }

    /// A run of `length` of `letters` that is no placeholder.
    pub(super) fn run_of(&mut self, letters: &[u8], length: usize) -> String {
        let mut run = self.draw(letters, length);
        for _ in 0..TRIES {
            if is_mixed(&run, letters) && !is_placeholder(run.as_bytes()) {
                break;
            }
            run = self.draw(letters, length);
        }
        run
    }

    /// Draws without repeating any of the last few characters or going on from one to the next, and with letters or
    /// digits at both ends, where a word boundary may be asked for.
    fn draw(&mut self, letters: &[u8], length: usize) -> String {
        let memory = letters.len() / 4;
        let mut run: Vec<u8> = Vec::with_capacity(length);
        while run.len() < length {
            let letter = letters[usize::try_from(self.below(letters.len() as u64)).unwrap_or(0)];
            let at_end = run.is_empty() || run.len() + 1 == length;
            let recent = run.iter().rev().take(memory).any(|seen| *seen == letter);
            let goes_on = run.last().is_some_and(|last| last.abs_diff(letter) == 1);
            if !recent && !goes_on && (!at_end || letter.is_ascii_alphanumeric()) {
                run.push(letter);
            }
        }
        run.into_iter().map(char::from).collect()
    }
}

/// Whether `run`, if it is long enough, has digits, capitals and small letters as far as its alphabet has them.
fn is_mixed(run: &str, letters: &[u8]) -> bool {
    let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    run.len() < MIXED_FROM || classes.iter().all(|class| !letters.iter().any(class) || run.as_bytes().iter().any(class))
}
