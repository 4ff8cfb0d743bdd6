//! Zstandard (RFC 8878): all frames are one content, skippable frames stay to be searched.

use std::io;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::stream::{self, Decoder, Pump, Step, cut_off, damaged};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Zstandard files.
pub struct Zstd;

const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Other formats use the same skippable frames, so a file that begins with some must soon show a frame of Zstandard.
const MOST_SKIPPED: usize = 16;

impl Format for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn summary(&self) -> &'static str {
        "Zstandard streams (.zst, .tzst): the content of all frames, read as one"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let mut rest = probe.all();
        for _ in 0..MOST_SKIPPED {
            match skippable(rest) {
                Some(length) => rest = rest.get(length..).unwrap_or_default(),
                None => break,
            }
        }
        rest.starts_with(&FRAME)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut content = Pump::new(&artifact.bytes, Frames::new());
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

/// The length of the skippable frame that begins here, which may be more than what is there.
fn skippable(bytes: &[u8]) -> Option<usize> {
    let head: &[u8; 8] = bytes.first_chunk()?;
    let marked = head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18];
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    marked.then(|| 8_usize.saturating_add(length as usize))
}

/// Decodes frames; used by zip (method 93) as well.
pub(super) struct Frames {
    decoder: FrameDecoder,
    state: State,
}

enum State {
    /// A frame, skippable or not, comes next.
    Start,
    /// Blocks come next.
    Blocks,
    /// The decoder gives what it still holds, and then its frame is over; or it breaks off with this error.
    Drain(Option<io::Error>),
}

impl Frames {
    pub(super) fn new() -> Self {
        Frames { decoder: FrameDecoder::new(), state: State::Start }
    }

    fn start(&mut self, input: &[u8]) -> Step {
        if let Some(length) = skippable(input) {
            let there = length.min(input.len());
            let ended = if there < length { Err(cut_off()) } else { Ok(there == input.len()) };
            return Step { consumed: there, produced: 0, text: Some(8..there), ended };
        }
        let mut rest = input;
        let ended = self.decoder.reset(&mut rest).map(|()| false).map_err(|error| explain(rest, &error));
        self.state = State::Blocks;
        Step { consumed: input.len() - rest.len(), produced: 0, text: None, ended }
    }

    fn blocks(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut rest = input;
        let result = self.decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1));
        let consumed = input.len() - rest.len();
        match result {
            Ok(false) => {}
            Ok(true) => self.state = State::Drain(None),
            Err(error) => {
                let error = explain(rest, &error);
                // The decoder keeps a whole window back until its frame is over. An empty last block, with room for a
                // checksum after it, makes it give away what it decoded before the damage.
                let _ = self.decoder.decode_blocks(&[1_u8, 0, 0, 0, 0, 0, 0][..], BlockDecodingStrategy::All);
                self.state = State::Drain(Some(error));
            }
        }
        let (produced, ended) = self.collect(output);
        Step { consumed, produced, text: None, ended }
    }

    fn collect(&mut self, output: &mut [u8]) -> (usize, io::Result<bool>) {
        let produced = match io::Read::read(&mut self.decoder, output) {
            Ok(produced) => produced,
            Err(error) => return (0, Err(error)),
        };
        let State::Drain(error) = &mut self.state else {
            return (produced, Ok(false));
        };
        if self.decoder.can_collect() > 0 {
            return (produced, Ok(false));
        }
        let ended = match error.take() {
            Some(error) => Err(error),
            None if self.checksum_differs() => Err(damaged("the checksum at the end does not match")),
            None => Ok(true),
        };
        (produced, ended)
    }

    fn checksum_differs(&self) -> bool {
        let stated = self.decoder.get_checksum_from_data();
        stated.is_some() && stated != self.decoder.get_calculated_checksum()
    }
}

fn explain(rest: &[u8], error: &ruzstd::decoding::errors::FrameDecoderError) -> io::Error {
    if rest.is_empty() { cut_off() } else { damaged(format!("the Zstandard data cannot be read ({error})")) }
}

impl Decoder for Frames {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self.state {
            State::Start => self.start(input),
            State::Blocks if self.decoder.can_collect() == 0 => self.blocks(input, output),
            State::Blocks | State::Drain(_) => {
                let (produced, ended) = self.collect(output);
                Step { consumed: 0, produced, text: None, ended }
            }
        }
    }

    fn next(&mut self, rest: &[u8]) -> Option<usize> {
        self.state = State::Start;
        (rest.starts_with(&FRAME) || skippable(rest).is_some()).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;
    use crate::formats::archive::stream::testing::{sample, survives_cuts};
    use crate::formats::testing::inspect;

    fn pack(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn skip(text: &[u8]) -> Vec<u8> {
        [&[0x53, 0x2a, 0x4d, 0x18][..], &(text.len() as u32).to_le_bytes(), text].concat()
    }

    #[test]
    fn all_frames_are_one_content() {
        let bytes = [pack(b"one "), pack(b""), pack(&sample(30_000))].concat();
        let looked = inspect(&Zstd, "a.tar.zst", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.stated);
        assert!(looked.members[0].bytes == [b"one ".to_vec(), sample(30_000)].concat());
        assert_eq!(looked.members[0].path.logical(), "a.tar");
    }

    #[test]
    fn skippable_frames_stay_to_be_searched() {
        let bytes = [skip(b"words before"), pack(b"content"), skip(b"words after")].concat();
        let looked = inspect(&Zstd, "a.zst", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(&looked.members[0].bytes[..], b"content");
        assert_eq!(looked.stated.explained, [0..8, 20..bytes.len() as u64 - 11]);
        assert!(looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
        assert!(!inspect(&Zstd, "a.lz4", &skip(b"nothing else")).sniffed);
    }

    #[test]
    fn cuts_and_damage_leave_gaps_and_keep_what_came_out() {
        let content = sample(20_000);
        let bytes = pack(&content);
        survives_cuts(&Zstd, "a.zst", &bytes[..bytes.len().min(8_000)], &content);
        let small = pack(&sample(100));
        survives_cuts(&Zstd, "a.zst", &small, &sample(100));
        let looked = inspect(&Zstd, "a.zst", &bytes[..bytes.len() - 50]);
        assert!(looked.members[0].bytes.len() >= 128 << 10);
        assert!(content.starts_with(&looked.members[0].bytes));
        let mut wrong = pack(b"content");
        let last = wrong.len() - 1;
        wrong[last] ^= 1;
        let looked = inspect(&Zstd, "a.zst", &wrong);
        assert_eq!((&looked.members[0].bytes[..], looked.stated.gaps.len()), (&b"content"[..], 1));
    }
}
