//! bzip2: concatenated streams are one content. The format is described by the source of bzip2 1.0.

use bzip2::{Decompress, Status};

use super::stream::{self, Decoder, Pump, Step, damaged};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// bzip2 files.
pub struct Bzip2;

/// What follows the four bytes `BZh1` … `BZh9`: the mark of a block, or that of the end in an empty stream.
const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

impl Format for Bzip2 {
    fn name(&self) -> &'static str {
        "bzip2"
    }

    fn summary(&self) -> &'static str {
        "bzip2 streams (.bz2, .tbz2): the content of all streams, read as one"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let named = probe.has_extension("bz2") || probe.has_extension("tbz2");
        starts(probe.head(), if named { 4 } else { 10 })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut content = Pump::new(&artifact.bytes, Streams::new());
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

/// Whether a stream begins here, of which at least `least` bytes must be there.
fn starts(bytes: &[u8], least: usize) -> bool {
    let Some((head, mark)) = bytes.split_at_checked(4) else {
        return false;
    };
    let mark = &mark[..mark.len().min(6)];
    head.starts_with(b"BZh")
        && (b'1'..=b'9').contains(&head[3])
        && bytes.len() >= least
        && (BLOCK.starts_with(mark) || END.starts_with(mark))
}

/// Decodes bzip2 streams; used by zip (method 12) as well.
pub(super) struct Streams(Decompress);

impl Streams {
    pub(super) fn new() -> Self {
        Streams(Decompress::new(false))
    }
}

impl Decoder for Streams {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, output);
        let consumed = (self.0.total_in() - before_in) as usize;
        let produced = (self.0.total_out() - before_out) as usize;
        let ended = match result {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(error) => Err(damaged(format!("the bzip2 data is damaged ({error})"))),
        };
        Step { consumed, produced, text: None, ended }
    }

    fn next(&mut self, rest: &[u8]) -> Option<usize> {
        starts(rest, 5).then(|| {
            self.0 = Decompress::new(false);
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::formats::archive::stream::testing::{sample, survives_cuts};
    use crate::formats::testing::inspect;

    fn pack(content: &[u8]) -> Vec<u8> {
        let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn concatenated_streams_are_one_content() {
        let bytes = [pack(b"one "), pack(b""), pack(b"two")].concat();
        let looked = inspect(&Bzip2, "a.tbz2", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert_eq!(&looked.members[0].bytes[..], b"one two");
        assert_eq!(looked.members[0].path.logical(), "a.tar");
    }

    #[test]
    fn what_follows_is_left_to_be_searched() {
        let mut bytes = pack(b"content");
        let end = bytes.len() as u64;
        bytes.extend(b"BZh is not a stream");
        let looked = inspect(&Bzip2, "a.bz2", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.stated.explained, [0..end]);
        assert!(looked.stated.gaps.is_empty());
    }

    #[test]
    fn cuts_and_damage_leave_gaps() {
        let content = sample(9_000);
        let mut bytes = pack(&content);
        survives_cuts(&Bzip2, "a.bz2", &bytes[..bytes.len().min(40_000)], &content);
        survives_cuts(&Bzip2, "a.bz2", &pack(b"short"), b"short");
        let at = bytes.len() - 20_000;
        bytes[at] ^= 0x55;
        let looked = inspect(&Bzip2, "a.bz2", &bytes);
        assert_eq!(looked.stated.gaps.len(), 1);
        assert!(content.starts_with(&looked.members[0].bytes) && !looked.members[0].bytes.is_empty());
    }

    #[test]
    fn words_that_begin_alike_are_not_bzip2() {
        assert!(!inspect(&Bzip2, "notes.txt", b"BZh9 is the start of a bzip2 file").sniffed);
        assert!(!inspect(&Bzip2, "notes.bz2", b"BZh").sniffed);
    }
}
