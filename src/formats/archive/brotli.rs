//! Brotli (RFC 7932). It has no mark: the name `.br` makes us try, and decoding to the very end is the proof.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::stream::{self, Decoder, Pump, Step, damaged};
use crate::bytes::Probe;
use crate::bytes::text::looks_like_text;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Brotli files.
pub struct Brotli;

impl Format for Brotli {
    fn name(&self) -> &'static str {
        "brotli"
    }

    fn summary(&self) -> &'static str {
        "Brotli streams: files named .br that decode to their end"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.has_extension("br") && !probe.is_empty()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        // Text that has the name by chance is searched as text; it need not be decoded to be seen.
        if looks_like_text(&bytes[..bytes.len().min(Probe::HEAD)]) && !decodes_some(bytes) {
            return Err(FormatError::NotThis);
        }
        stream::hand_out(artifact, out, self.name(), &mut Pump::new(bytes, Stream::new()))
    }
}

/// Whether the first step of decoding yields anything sensible.
fn decodes_some(bytes: &[u8]) -> bool {
    let step = Stream::new().step(bytes, &mut [0; 512]);
    matches!(step.ended, Ok(true)) || (step.ended.is_ok() && step.produced == 512)
}

struct Stream(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>);

impl Stream {
    fn new() -> Self {
        let memory = StandardAlloc::default;
        Stream(Box::new(BrotliState::new(memory(), memory(), memory())))
    }
}

impl Decoder for Stream {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut available_in, mut consumed) = (input.len(), 0);
        let (mut available_out, mut produced, mut total) = (output.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut consumed,
            input,
            &mut available_out,
            &mut produced,
            output,
            &mut total,
            &mut self.0,
        );
        let ended = match result {
            BrotliResult::ResultSuccess => Ok(true),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(false),
            BrotliResult::ResultFailure => {
                Err(damaged("the name says Brotli, but the bytes are not valid Brotli data"))
            }
        };
        Step { consumed, produced, text: None, ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::archive::stream::testing::survives_cuts;
    use crate::formats::testing::inspect;

    /// `content` in uncompressed meta-blocks (RFC 7932, section 9.2), for there is no encoder at hand.
    fn pack(content: &[u8]) -> Vec<u8> {
        // WBITS = 16 is the bit 0; then ISLAST = 0, MNIBBLES = 4 (two zero bits), MLEN - 1 in 16 bits, ISUNCOMPRESSED.
        let mut bytes = Vec::new();
        for (index, piece) in content.chunks(60_000).enumerate() {
            let shift = if index == 0 { 1 } else { 0 };
            let bits = ((piece.len() as u32 - 1) << 3 | 1 << 19) << shift;
            bytes.extend(&bits.to_le_bytes()[..3]);
            bytes.extend(piece);
        }
        // ISLAST = 1, ISLASTEMPTY = 1.
        bytes.push(3);
        bytes
    }

    #[test]
    fn a_stream_that_decodes_to_its_end_is_whole() {
        let content = b"const answer = 42;\n".repeat(5_000);
        let looked = inspect(&Brotli, "dist/app.js.br", &pack(&content));
        assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.stated);
        assert_eq!(looked.members[0].path.logical(), "dist/app.js");
        assert!(looked.members[0].bytes == content);
        assert!(!inspect(&Brotli, "app.js", &pack(&content)).sniffed);
    }

    #[test]
    fn what_follows_is_left_to_be_searched() {
        let mut bytes = pack(b"content");
        let end = bytes.len() as u64;
        bytes.extend(b"more words");
        let looked = inspect(&Brotli, "a.br", &bytes);
        assert_eq!(looked.stated.explained, [0..end]);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
    }

    #[test]
    fn what_does_not_decode_is_a_gap_unless_it_is_text() {
        let looked = inspect(&Brotli, "a.br", &[0xff, 0, 0x91, 0x13, 0, 7, 0xff, 0xee]);
        assert_eq!((looked.stated.gaps.len(), looked.members.len()), (1, 0));
        let looked = inspect(&Brotli, "notes.br", b"These are notes about the tribes of Breton.\n");
        assert!(matches!(looked.result, Err(FormatError::NotThis)));
        assert!(looked.stated.gaps.is_empty());
        let content = b"const answer = 42;\n".repeat(50);
        let packed = pack(&content);
        let with_content = packed.len() - 1;
        survives_cuts(&Brotli, "a.br", &packed, &content);
        assert_eq!(inspect(&Brotli, "a.br", &packed[..with_content]).members[0].bytes.len(), content.len());
    }
}
