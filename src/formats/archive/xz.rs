//! xz (the .xz file format 1.2) and its predecessor .lzma, which has no mark of its own.

use std::io::{self, Read};
use std::ops::Range;

use lzma_rust2::{Action, LzmaReader, Status, XzStream};

use super::stream::{self, Decoder, Pump, Step, Stream, cut_off, damaged};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// xz files.
pub struct Xz;

/// .lzma files ("LZMA alone").
pub struct Lzma;

const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];

impl Format for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn summary(&self) -> &'static str {
        "xz streams (.xz, .txz): the content of all streams, read as one"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(&MAGIC)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut content = Pump::new(&artifact.bytes, Streams::new());
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

/// Decodes xz streams; used by zip (method 95) as well.
pub(super) struct Streams(Box<XzStream>);

/// An error discards what the same step decoded: small steps keep the loss small.
const STEP: usize = 1 << 10;

impl Streams {
    pub(super) fn new() -> Self {
        Streams(Box::new(XzStream::new(false)))
    }
}

impl Decoder for Streams {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let room = output.len().min(STEP);
        match self.0.process(input, &mut output[..room], Action::Run) {
            Ok(done) => Step {
                consumed: done.bytes_consumed,
                produced: done.bytes_produced,
                text: None,
                ended: Ok(done.status == Status::StreamEnd),
            },
            Err(error) => {
                let ended = Err(damaged(format!("the xz data cannot be read ({error})")));
                Step { consumed: 0, produced: 0, text: None, ended }
            }
        }
    }

    fn next(&mut self, rest: &[u8]) -> Option<usize> {
        let padding = rest.iter().take_while(|byte| **byte == 0).count();
        (padding % 4 == 0 && rest[padding..].starts_with(&MAGIC)).then(|| {
            *self = Streams::new();
            padding
        })
    }
}

impl Format for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn summary(&self) -> &'static str {
        "LZMA streams (.lzma): their content"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        Header::read(probe.head()).is_some_and(|header| header.is_plausible(probe.head()))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let bytes = &artifact.bytes[..];
        let header = Header::read(bytes).ok_or(FormatError::NotThis)?;
        let mut first = [0; 256];
        let mut trial = Raw::new(bytes, HEADER, header.properties, header.dictionary, header.size);
        // Thirteen bytes that may mean something else are no proof, but data that decodes is.
        if trial.read(&mut first).is_err_and(|error| error.kind() != io::ErrorKind::UnexpectedEof) {
            return Err(FormatError::NotThis);
        }
        let mut content = Raw::new(bytes, HEADER, header.properties, header.dictionary, header.size);
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

/// The header of a .lzma file: properties, size of the dictionary, size of the content.
struct Header {
    properties: u8,
    dictionary: u32,
    size: u64,
}

const HEADER: usize = 13;
const UNKNOWN_SIZE: u64 = u64::MAX;

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let raw: &[u8; HEADER] = bytes.first_chunk()?;
        let mut size = [0; 8];
        size.copy_from_slice(&raw[5..]);
        let dictionary = u32::from_le_bytes([raw[1], raw[2], raw[3], raw[4]]);
        Some(Header { properties: raw[0], dictionary, size: u64::from_le_bytes(size) })
    }

    /// The same checks that xz makes: usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes (64 KiB at least),
    /// a content below 256 GiB. After the header, a range coder starts with a zero byte.
    fn is_plausible(&self, bytes: &[u8]) -> bool {
        let rounded = self.dictionary.count_ones() == 1
            || (self.dictionary.count_ones() == 2 && (self.dictionary >> self.dictionary.trailing_zeros()) == 3)
            || self.dictionary == u32::MAX;
        self.properties == 0x5d
            && rounded
            && self.dictionary >= 1 << 16
            && (self.size == UNKNOWN_SIZE || self.size < 1 << 38)
            && bytes.get(HEADER).is_none_or(|byte| *byte == 0)
    }
}

/// Raw LZMA data after a header of some container; used by zip (method 14) as well.
pub(super) struct Raw<'a> {
    input: &'a [u8],
    state: RawState<'a>,
    /// How much of the input was decoded, once that is known.
    consumed: usize,
}

enum RawState<'a> {
    Reads(Box<LzmaReader<&'a [u8]>>),
    Failed(io::Error),
    Ended,
}

impl<'a> Raw<'a> {
    /// Decodes `input` from `start` on. `size` is [`u64::MAX`] where the data ends with a marker.
    pub(super) fn new(input: &'a [u8], start: usize, properties: u8, dictionary: u32, size: u64) -> Self {
        let data = input.get(start..).unwrap_or_default();
        let state = match open(data, properties, dictionary, size) {
            Ok(mut reader) => {
                reader.set_defer_errors(true);
                RawState::Reads(Box::new(reader))
            }
            Err(error) => RawState::Failed(error),
        };
        Raw { input, state, consumed: 0 }
    }

    pub(super) fn consumed(&self) -> usize {
        self.consumed
    }
}

fn open(data: &[u8], properties: u8, dictionary: u32, size: u64) -> io::Result<LzmaReader<&[u8]>> {
    let (lc, lp) = (properties % 9, properties / 9 % 5);
    // Like liblzma: more bits are never written and cost megabytes for each stream.
    if lc + lp > 4 || properties >= 9 * 5 * 5 {
        return Err(damaged("the LZMA properties are not valid"));
    }
    if data.len() < 5 {
        return Err(cut_off());
    }
    LzmaReader::new_with_props(data, size, properties, dictionary.min(u32::MAX & !15), None)
}

impl Read for Raw<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let result = match &mut self.state {
            RawState::Reads(reader) => reader.read(output),
            RawState::Failed(_) | RawState::Ended => Ok(0),
        };
        if matches!(result, Ok(1..)) || output.is_empty() {
            return result;
        }
        match std::mem::replace(&mut self.state, RawState::Ended) {
            RawState::Failed(error) => Err(error),
            RawState::Reads(reader) => {
                let (rest, unused) = reader.into_parts();
                self.consumed = self.input.len().saturating_sub(rest.len() + unused.len());
                result.map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => cut_off(),
                    _ => damaged(format!("the LZMA data cannot be read ({error})")),
                })
            }
            RawState::Ended => result,
        }
    }
}

impl Stream for Raw<'_> {
    fn unexplained(&self) -> Vec<Range<u64>> {
        let rest = self.input.get(self.consumed..).unwrap_or_default();
        if rest.iter().all(|byte| *byte == 0) {
            return Vec::new();
        }
        std::iter::once(self.consumed as u64..self.input.len() as u64).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lzma_rust2::{LzmaOptions, LzmaWriter, XzOptions, XzWriter};

    use super::*;
    use crate::formats::archive::stream::testing::{sample, survives_cuts};
    use crate::formats::testing::inspect;

    fn pack(content: &[u8]) -> Vec<u8> {
        let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    fn pack_lzma(content: &[u8], sized: bool) -> Vec<u8> {
        let options = LzmaOptions::with_preset(1);
        let size = sized.then_some(content.len() as u64);
        let mut writer = LzmaWriter::new_use_header(Vec::new(), &options, size).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn padded_streams_are_one_content() {
        let bytes = [pack(b"one "), vec![0; 8], pack(&sample(20_000)), vec![0; 4]].concat();
        let looked = inspect(&Xz, "a.txz", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.stated);
        assert!(looked.members[0].bytes == [b"one ".to_vec(), sample(20_000)].concat());
        assert_eq!(looked.members[0].path.logical(), "a.tar");
    }

    #[test]
    fn what_follows_is_left_to_be_searched() {
        for (format, name, packed) in [
            (&Xz as &dyn Format, "a.xz", pack(b"content")),
            (&Lzma, "a.lzma", pack_lzma(b"content", true)),
            (&Lzma, "a.lzma", pack_lzma(b"content", false)),
        ] {
            let looked = inspect(format, name, &packed);
            assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.stated);
            let looked = inspect(format, name, &[&packed[..], b"and more words"].concat());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{name}: {:?}", looked.stated);
            let searched = &looked.stated.explained;
            assert!((packed.len() as u64 - 5..=packed.len() as u64).contains(&searched[0].end), "{searched:?}");
            assert_eq!(&looked.members[0].bytes[..], b"content");
            assert_eq!(looked.members[0].path.logical(), "a");
            assert!(looked.stated.gaps.is_empty());
        }
    }

    #[test]
    fn cuts_leave_gaps_and_keep_what_came_out() {
        let content = sample(3_000);
        for (format, packed) in [(&Xz as &dyn Format, pack(&content)), (&Lzma, pack_lzma(&content, false))] {
            survives_cuts(format, "a", &packed, &content);
            let looked = inspect(format, "a", &packed[..packed.len() / 2]);
            assert!(looked.members[0].bytes.len() > content.len() / 3);
        }
    }

    #[test]
    fn thirteen_likely_bytes_are_not_lzma() {
        let mut bytes = vec![0x5d, 0, 0, 0x80, 0];
        bytes.extend([0xff; 8]);
        bytes.push(0);
        bytes.extend([0xee; 200]);
        let looked = inspect(&Lzma, "weights.bin", &bytes);
        assert!(looked.sniffed && matches!(looked.result, Err(FormatError::NotThis)));
        assert!(!inspect(&Lzma, "text", b"] is a bracket, and this is text").sniffed);
    }
}
