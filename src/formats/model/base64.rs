//! Models as base64 in text: how packages for the browser ship networks that find faces or words.
//!
//! Long runs of base64 digits are decoded where their first bytes are not those of an image, a font or a map, and handed out where they
//! are a model. A run is found by looking at every few hundredth byte, so that ordinary text costs next to nothing.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};

use super::carried::is_model;
use crate::bytes::{Bytes, Probe};
use crate::finding::{Artifact, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Shorter runs hold no model.
const SHORTEST: usize = 512;

/// A run of the shortest length has one of the bytes that are looked at.
const STEP: usize = SHORTEST / 2;

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
    b"AGFzb",
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
            let Some(model) = decode(&bytes[run.clone()], left) else { continue };
            left = left.saturating_sub(model.len());
            let model = Bytes::from(model);
            if is_model(&model) {
                out.member(&format!("(base64 at {})", run.start), Role::ArchiveMember, model)?;
                out.explain(run.start as u64..run.end as u64);
            }
        }
        if out.has_members() { Ok(Coverage::Part) } else { Err(FormatError::NotThis) }
    }
}

/// What a run stands for, unless its first bytes are those of something else.
fn decode(run: &[u8], left: usize) -> Option<Vec<u8>> {
    let digits = &run[..run.len() - run.iter().rev().take_while(|byte| **byte == b'=').count()];
    // One digit alone stands for nothing.
    let digits = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { digits };
    let url = memchr::memchr2(b'-', b'_', digits).is_some();
    let mut encoding: Encoding = if url { BASE64URL_NOPAD } else { BASE64_NOPAD };
    let head = encoding.decode(&digits[..64]).ok()?;
    if OTHERS.iter().any(|other| head.starts_with(other)) || digits.len() / 4 * 3 > left {
        return None;
    }
    // The last digit may have bits to spare.
    let mut lax = encoding.specification();
    lax.check_trailing_bits = false;
    encoding = lax.encoding().ok()?;
    encoding.decode(digits).ok()
}

/// The long runs of a text, from its start to its end.
struct Runs<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Runs<'a> {
    fn of(text: &'a [u8]) -> Self {
        Runs { text, at: 0 }
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

impl Iterator for Runs<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let sample = self.at.checked_add(STEP - 1)?;
            if !is_digit(*self.text.get(sample)?) {
                self.at = sample + 1;
                continue;
            }
            let start = self.text[self.at..sample]
                .iter()
                .rposition(|byte| !is_digit(*byte))
                .map_or(self.at, |at| self.at + at + 1);
            let rest = &self.text[sample..];
            let length = rest.iter().position(|byte| !is_digit(*byte)).unwrap_or(rest.len());
            let padding = rest[length..].iter().take(2).take_while(|byte| **byte == b'=').count();
            self.at = sample + length;
            if self.at - start >= SHORTEST {
                return Some(start..self.at + padding);
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
