//! word2vec: a line with the number of words and of dimensions, then each word and its vector, in text or in binary.
//!
//! Follows `word2vec.c` and `distance.c` of the original program.

use super::super::FACTS;
use super::DIMENSIONS;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// The longest word that the original program reads.
const WORD: usize = 100;

/// How many words must fit.
const TOLD_BY: usize = 3;

/// See the module.
pub struct Word2Vec;

struct Header {
    words: u64,
    dimensions: usize,
    /// Where the first word begins.
    start: usize,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let line = &bytes[..memchr::memchr(b'\n', &bytes[..bytes.len().min(32)])?];
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let (words, dimensions) = text.split_once(' ')?;
    let plain = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let (words, dimensions) =
        (plain(words).then(|| words.parse().ok())??, plain(dimensions).then(|| dimensions.parse().ok())??);
    let sane = words > 0 && (2..=DIMENSIONS as usize).contains(&dimensions);
    sane.then_some(Header { words, dimensions, start: line.len() + 1 })
}

/// A word, and the rest behind the blank after it.
fn word(rest: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b' ', &rest[..rest.len().min(WORD)])?;
    let word = rest[..end].trim_ascii_start();
    (!word.is_empty() && word.iter().all(|byte| *byte > b' ')).then(|| &rest[end + 1..])
}

fn is_binary(bytes: &[u8], header: &Header) -> bool {
    let mut rest = &bytes[header.start.min(bytes.len())..];
    (0..header.words.min(TOLD_BY as u64)).all(|_| {
        let Some((vector, after)) = word(rest).and_then(|rest| rest.split_at_checked(header.dimensions * 4)) else {
            return false;
        };
        rest = after.strip_prefix(b"\n").unwrap_or(after);
        vector.chunks_exact(4).all(|float| {
            let x = f32::from_le_bytes([float[0], float[1], float[2], float[3]]);
            x == 0.0 || (x.is_finite() && (1e-12..1e4).contains(&x.abs()))
        })
    })
}

fn is_text(bytes: &[u8], header: &Header) -> bool {
    let mut lines = bytes[header.start.min(bytes.len())..].split(|byte| *byte == b'\n');
    (0..header.words.min(TOLD_BY as u64)).all(|_| {
        let Some(line) = lines.next() else { return false };
        let mut parts = line.trim_ascii().split(|byte| *byte == b' ');
        let word = parts.next().unwrap_or_default();
        let number = |part: &[u8]| std::str::from_utf8(part).is_ok_and(|text| text.parse::<f32>().is_ok());
        let mut count = 0;
        let numbers = parts.all(|part| {
            count += 1;
            number(part)
        });
        !word.is_empty() && word.len() <= WORD && numbers && count == header.dimensions
    })
}

impl Format for Word2Vec {
    fn name(&self) -> &'static str {
        "word2vec"
    }

    fn summary(&self) -> &'static str {
        "Vectors of words as word2vec writes them, in text or in binary: how many, of how many dimensions"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // A vector may be longer than the first bytes.
        probe.head().first().is_some_and(u8::is_ascii_digit)
            && header(probe.head())
                .is_some_and(|header| is_binary(probe.all(), &header) || is_text(probe.all(), &header))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let header = header(bytes).ok_or(FormatError::NotThis)?;
        let binary = is_binary(bytes, &header);
        let dimensions = header.dimensions as u64;
        out.fact("model.format", "word2vec");
        out.fact("model.version", if binary { "binary" } else { "text" });
        out.fact("model.vectors", header.words);
        out.fact("model.features", dimensions);
        out.fact("model.tensors", 1u64);
        out.fact("model.parameters", header.words.saturating_mul(dimensions));
        out.fact("model.bytes", bytes.len() as u64);
        out.fact("model.weights", "inside");
        out.fact("model.protection", "plain");
        // A word has a letter and a blank at least.
        let least = if binary { dimensions * 4 + 2 } else { dimensions * 2 + 1 };
        if header.words.saturating_mul(least) > bytes.len() as u64 {
            return Err(FormatError::broken(bytes.len() as u64, "it is cut off before its last word"));
        }
        Ok(Coverage::Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn tables_of_numbers_are_no_vectors_of_words() {
        for text in ["3 2\n1 2\n3 4\n5 6\n", "10 4\nhello world\n", "2026 11 21\n", "12 2\nabc 0.5 x\n"] {
            let looked = inspect(&Word2Vec, "a.txt", text.as_bytes());
            assert!(!looked.sniffed, "{text}");
        }
        let looked = inspect(&Word2Vec, "a.txt", b"4 2\nquay 0.5 1e-3\ntide -0.5 1\nbuoy 0 0\npier 1 1\n");
        assert!(looked.result.is_ok());
        assert_eq!(looked.stated.facts.int("model.parameters"), 8);
    }
}
