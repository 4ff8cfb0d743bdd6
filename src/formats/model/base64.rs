//! Models as base64 in text: how packages for the browser ship networks that find faces or words.
//!
//! Long runs of base64 digits are decoded where their first bytes are not those of an image, a font or a map, and handed out where they
//! are a model. They may be broken into lines of one length, in a text or as literals that are joined. A run is found by looking at every few
//! hundredth byte, so that ordinary text costs next to nothing.

use std::borrow::Cow;
use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};

use super::carried::is_model;
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Shorter runs hold no model.
const SHORTEST: usize = 512;

/// A run of the shortest length has one of the bytes that are looked at.
const STEP: usize = SHORTEST / 2;

/// Lines of fewer digits are words.
const LINE: usize = 40;

/// How much may stand between two lines: a line end, an indentation, quotes and a sign that joins them.
const BETWEEN: usize = 16;

/// How many runs of one text are decoded.
const RUNS: usize = 1000;

/// How many bytes may be decoded from one text.
const MOST: usize = 1 << 30;

/// What is often written in base64 and is no model: images, fonts, sound, modules, maps, archives of text.
const OTHERS: &[&[u8]] = &[
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"\0\x01\0\0\0",
    b"OTTO",
    b"\0asm",
    b"<svg",
    b"<?xml",
    b"{\"version\"",
    b"ID3",
    b"OggS",
    b"%PDF",
];

/// See the module.
pub struct Base64Model;

impl Format for Base64Model {
    fn name(&self) -> &'static str {
        "base64-model"
    }

    fn summary(&self) -> &'static str {
        "Models that lie in text as base64: the decoded model is a member"
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.is_text() && probe.len() >= SHORTEST as u64 && Runs::of(probe.all()).next().is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let mut left = MOST;
        for run in Runs::of(bytes).take(RUNS) {
            let Some(model) = decode(bytes, &run, left) else { continue };
            left = left.saturating_sub(model.len());
            let model = Bytes::from(model);
            if is_model(&model) {
                out.member(&format!("(base64 at {})", run.range.start), Role::ArchiveMember, model)?;
                out.explain(run.range.start as u64..run.range.end as u64);
            }
        }
        if out.has_members() { Ok(Coverage::Part) } else { Err(FormatError::NotThis) }
    }
}

/// What a run stands for, unless its first bytes are those of something else.
fn decode(text: &[u8], run: &Run, left: usize) -> Option<Vec<u8>> {
    let lines = run.digits(text);
    let digits = &lines[..lines.len() - lines.iter().rev().take_while(|byte| **byte == b'=').count()];
    // One digit alone stands for nothing.
    let digits = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { digits };
    let url = memchr::memchr2(b'-', b'_', digits).is_some();
    let mut encoding: Encoding = if url { BASE64URL_NOPAD } else { BASE64_NOPAD };
    let head = encoding.decode(digits.get(..64)?).ok()?;
    if OTHERS.iter().any(|other| head.starts_with(other)) || digits.len() / 4 * 3 > left {
        return None;
    }
    // The last digit may have bits to spare.
    let mut lax = encoding.specification();
    lax.check_trailing_bits = false;
    encoding = lax.encoding().ok()?;
    encoding.decode(digits).ok()
}

/// A run of digits, with what stands between its lines.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    range: Range<usize>,
    /// How many digits a line has, and how many bytes stand between two of them; `None` for a run without line ends.
    lines: Option<(usize, usize)>,
}

impl Run {
    /// The digits alone, and the padding behind them.
    fn digits<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let bytes = &text[self.range.clone()];
        let Some((line, between)) = self.lines else { return Cow::Borrowed(bytes) };
        let lines = bytes.chunks(line + between).flat_map(|chunk| &chunk[..chunk.len().min(line)]);
        Cow::Owned(lines.copied().collect())
    }
}

/// The long runs of a text, from its start to its end.
struct Runs<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the last run ended.
    floor: usize,
}

/// Which bytes are digits. A table: this is asked of every text.
static DIGITS: [bool; 256] = {
    let mut digits = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        digits[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    digits
};

fn is_digit(byte: u8) -> bool {
    DIGITS[usize::from(byte)]
}

/// How many of these bytes, from the first one, are digits.
fn digits_in(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !is_digit(*byte)).unwrap_or(bytes.len())
}

impl<'a> Runs<'a> {
    fn of(text: &'a [u8]) -> Self {
        Runs { text, at: 0, floor: 0 }
    }

    /// The run whose lines are as long as the one in `line`, with the same few bytes between all of them.
    fn wrapped(&self, line: &Range<usize>) -> Option<Run> {
        let (text, length) = (self.text, line.len());
        let behind = &text[line.end..text.len().min(line.end + BETWEEN)];
        // The sign that joins two literals is a digit as well, but one that stands alone.
        let ended = memchr::memchr(b'\n', behind)?;
        let again = behind[ended..].windows(2).position(|pair| pair.iter().all(|byte| is_digit(*byte)))?;
        let between = &behind[..ended + again];
        let (mut start, mut end) = (line.start, line.end);
        while let Some(before) = start.checked_sub(length + between.len())
            && before >= self.floor
            && text[before + length..start] == *between
            && digits_in(&text[before..before + length]) == length
            && before.checked_sub(1).is_none_or(|at| !is_digit(text[at]))
        {
            start = before;
        }
        while let Some(next) = text[end..].strip_prefix(between) {
            let more = digits_in(&next[..next.len().min(length + 1)]);
            if more > length || more == 0 {
                break;
            }
            end += between.len() + more;
            if more < length {
                break;
            }
        }
        Some(Run { range: start..end, lines: Some((length, between.len())) })
    }
}

impl Runs<'_> {
    /// The long run around a digit, and where to go on.
    fn around(&mut self, digit: usize) -> Option<Run> {
        let before = self.text[self.floor..digit].iter().rposition(|byte| !is_digit(*byte));
        let start = before.map_or(self.floor, |at| self.floor + at + 1);
        let line = start..digit + digits_in(&self.text[digit..]);
        self.at = line.end;
        if line.len() < LINE {
            return None;
        }
        let mut run = self.wrapped(&line).unwrap_or(Run { range: line, lines: None });
        if run.digits(self.text).len() < SHORTEST {
            return None;
        }
        let padding = self.text[run.range.end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        run.range.end += padding;
        self.at = run.range.end;
        self.floor = run.range.end;
        Some(run)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        loop {
            let sample = self.at.checked_add(STEP - 1)?;
            if !is_digit(*self.text.get(sample)?) {
                // One byte further than the step: it must not hit the end of every line.
                self.at = sample + 2;
            } else if let Some(run) = self.around(sample) {
                return Some(run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    fn model() -> Vec<u8> {
        let json = br#"{"w":{"dtype":"F32","shape":[10,20],"data_offsets":[0,800]}}"#;
        let mut file = (json.len() as u64).to_le_bytes().to_vec();
        file.extend(json);
        file.resize(file.len() + 800, 0x3f);
        file
    }

    #[test]
    fn a_model_is_found_wherever_its_run_begins() {
        let digits = data_encoding::BASE64.encode(&model());
        for before in [0, 1, 254, 255, 256, 257, 700] {
            let text = format!("{}\"{digits}\";", " ".repeat(before));
            let looked = inspect(&Base64Model, "index.js", text.as_bytes());
            assert_eq!(looked.members.len(), 1, "{before}");
            assert_eq!(looked.members[0].bytes, model());
            assert_eq!(looked.stated.explained[0].start, before as u64 + 1);
        }
    }

    #[test]
    fn a_model_is_found_whatever_its_lines_are() {
        let digits = data_encoding::BASE64.encode(&model());
        for line in [40, 63, 64, 76, 127, 600] {
            for between in ["\n", "\r\n", "\n    ", "\" +\n  \"", "'\n + '", "\\\n"] {
                for before in [0, 1, 100, 255, 300] {
                    let lines: Vec<&str> =
                        digits.as_bytes().chunks(line).map(|line| std::str::from_utf8(line).unwrap()).collect();
                    let text = format!("{}x = \"{}\";", "; ".repeat(before), lines.join(between));
                    let looked = inspect(&Base64Model, "model.py", text.as_bytes());
                    assert_eq!(looked.members.len(), 1, "{line} {between:?} {before}");
                    assert_eq!(looked.members[0].bytes, model());
                    let range = &looked.stated.explained[0];
                    let start = 2 * before as u64 + 5;
                    assert_eq!(*range, start..start + lines.join(between).len() as u64);
                }
            }
        }
    }

    #[test]
    fn what_is_no_model_is_not_handed_out() {
        let image = data_encoding::BASE64.encode(&[&b"\x89PNG"[..], &[7; 900]].concat());
        let nothing = data_encoding::BASE64.encode(&[9; 900]);
        for digits in [image, nothing, "a".repeat(4001)] {
            let looked = inspect(&Base64Model, "index.js", format!("x = '{digits}'").as_bytes());
            assert!(matches!(looked.result, Err(FormatError::NotThis)));
            assert!(looked.members.is_empty());
        }
        assert!(!inspect(&Base64Model, "index.js", "let words = of(code);\n".repeat(500).as_bytes()).sniffed);
    }
}
