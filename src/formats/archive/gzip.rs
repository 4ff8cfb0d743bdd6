//! gzip (RFC 1952): all members of a file are one content.

use std::io;
use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};

use super::stream::{self, Decoder, Pump, Step, cut_off, damaged};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// gzip files, with one member or several.
pub struct Gzip;

const MAGIC: &[u8] = &[0x1f, 0x8b, 8];
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// BGZF marks each block with 6 bytes, dictzip and others hold tables: shorter extra fields cannot hold a secret.
const HARMLESS_EXTRA: usize = 12;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn summary(&self) -> &'static str {
        "gzip streams (.gz, .tgz, .crate, …): the content of all members, read as one"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        starts(probe.head())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let usual = stream::content_name(artifact.path.base_name());
        let mut content = Pump::new(&artifact.bytes, Members::new(usual.into_bytes()));
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

fn starts(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) && bytes.get(3).is_none_or(|flags| flags & RESERVED == 0)
}

struct Members {
    in_header: bool,
    inflate: Box<Decompress>,
    crc: crc32fast::Hasher,
    size: u32,
    /// The stored file name that says nothing new.
    usual: Vec<u8>,
}

impl Members {
    fn new(usual: Vec<u8>) -> Self {
        let inflate = Box::new(Decompress::new(false));
        Members { in_header: true, inflate, crc: crc32fast::Hasher::new(), size: 0, usual }
    }

    fn data(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut step = inflate(&mut self.inflate, input, output);
        let out = &output[..step.produced];
        self.crc.update(out);
        // ISIZE is the size modulo 2^32.
        self.size = self.size.wrapping_add(out.len() as u32);
        if matches!(step.ended, Ok(true)) {
            step.ended = self.trailer(input.get(step.consumed..).unwrap_or_default());
            step.consumed += if step.ended.is_ok() { 8 } else { 0 };
        }
        step
    }

    fn trailer(&mut self, input: &[u8]) -> io::Result<bool> {
        let stated: &[u8; 8] = input.first_chunk().ok_or_else(cut_off)?;
        let mut seen = [0; 8];
        seen[..4].copy_from_slice(&self.crc.clone().finalize().to_le_bytes());
        seen[4..].copy_from_slice(&self.size.to_le_bytes());
        if seen == *stated { Ok(true) } else { Err(damaged("the checksum or size at the end does not match")) }
    }
}

impl Decoder for Members {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if !self.in_header {
            return self.data(input, output);
        }
        match header(input, &self.usual) {
            Ok((consumed, text)) => {
                self.in_header = false;
                Step { consumed, produced: 0, text, ended: Ok(false) }
            }
            Err(error) => Step { consumed: 0, produced: 0, text: None, ended: Err(error) },
        }
    }

    fn next(&mut self, rest: &[u8]) -> Option<usize> {
        if !starts(rest) {
            return None;
        }
        self.in_header = true;
        self.inflate.reset(false);
        self.crc.reset();
        self.size = 0;
        Some(0)
    }
}

/// The length of a member's header, and where in it there is text worth searching (RFC 1952, section 2.3).
fn header(input: &[u8], usual_name: &[u8]) -> io::Result<(usize, Option<Range<usize>>)> {
    if !starts(input) {
        return Err(damaged("the header of a member is not valid"));
    }
    let flags = *input.get(3).ok_or_else(cut_off)?;
    let mut at = 10;
    let mut worth = false;
    if flags & EXTRA != 0 {
        let length = input.get(at..at + 2).ok_or_else(cut_off)?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        worth |= length > HARMLESS_EXTRA;
        at += 2 + length;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let text = input.get(at..).ok_or_else(cut_off)?;
            let length = memchr::memchr(0, text).ok_or_else(cut_off)?;
            worth |= length > 0 && (flag == COMMENT || text[..length] != *usual_name);
            at += length + 1;
        }
    }
    let end = at + if flags & HEADER_CRC != 0 { 2 } else { 0 };
    if end > input.len() {
        return Err(cut_off());
    }
    Ok((end, worth.then_some(10..at)))
}

/// One step of raw deflate (RFC 1951), shared with zip.
pub(super) fn inflate(decoder: &mut Decompress, input: &[u8], output: &mut [u8]) -> Step {
    let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
    let result = decoder.decompress(input, output, FlushDecompress::None);
    let consumed = (decoder.total_in() - before_in) as usize;
    let produced = (decoder.total_out() - before_out) as usize;
    let ended = match result {
        Ok(status) => Ok(status == Status::StreamEnd),
        Err(error) => Err(damaged(format!("the deflate data is damaged ({error})"))),
    };
    Step { consumed, produced, text: None, ended }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;
    use crate::formats::archive::stream::testing::{sample, survives_cuts};
    use crate::formats::testing::inspect;

    fn pack(builder: GzBuilder, content: &[u8]) -> Vec<u8> {
        let mut writer = builder.write(Vec::new(), Compression::default());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn all_members_are_one_content() {
        let mut bytes = pack(GzBuilder::new().filename("app.js"), b"one ");
        bytes.extend(pack(GzBuilder::new(), b""));
        bytes.extend(pack(GzBuilder::new().extra(vec![b'B', b'C', 2, 0, 9, 9]), b"two"));
        bytes.extend([0; 512]);
        let looked = inspect(&Gzip, "dist/app.js.gz", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert_eq!(looked.members[0].path.logical(), "dist/app.js");
        assert_eq!(&looked.members[0].bytes[..], b"one two");
        assert_eq!(looked.stated.facts.get("archive.format").unwrap().to_string(), "gzip");
        assert_eq!(looked.stated.facts.int("archive.members"), 1);
        assert!(looked.stated.gaps.is_empty());
    }

    #[test]
    fn what_follows_the_last_member_is_left_to_be_searched() {
        let mut bytes = pack(GzBuilder::new(), b"content");
        let end = bytes.len() as u64;
        bytes.extend(b"\0\0trailing words");
        let looked = inspect(&Gzip, "a.gz", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.stated.explained, [0..end]);
        assert_eq!(&looked.members[0].bytes[..], b"content");
    }

    #[test]
    fn texts_in_the_header_are_left_to_be_searched() {
        let bytes = pack(GzBuilder::new().filename("other.txt").comment("made by hand"), b"content");
        let looked = inspect(&Gzip, "a.gz", &bytes);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        let searched = &bytes[10..looked.stated.explained[1].start as usize];
        assert_eq!(searched, b"other.txt\0made by hand\0");
        assert!(looked.stated.gaps.is_empty());
    }

    #[test]
    fn a_wrong_checksum_is_a_gap_and_the_content_is_kept() {
        let mut bytes = pack(GzBuilder::new(), b"content");
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        let looked = inspect(&Gzip, "a.gz", &bytes);
        assert_eq!(&looked.members[0].bytes[..], b"content");
        assert_eq!(looked.stated.gaps.len(), 1);
    }

    #[test]
    fn cuts_leave_gaps_and_keep_what_came_out() {
        let content = sample(500);
        let bytes = pack(GzBuilder::new().filename("a").comment("c"), &content);
        survives_cuts(&Gzip, "a.gz", &bytes, &content);
        let looked = inspect(&Gzip, "a.gz", &bytes[..bytes.len() / 2]);
        assert!(looked.members[0].bytes.len() > content.len() / 3);
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bytes = pack(GzBuilder::new(), &vec![0; 40 << 20]);
        let looked = inspect(&Gzip, "a.gz", &bytes);
        assert_eq!(looked.members[0].bytes.len(), 16 << 20);
        assert_eq!(looked.stated.gaps.len(), 1);
        assert!(matches!(looked.result, Ok(Coverage::Part)));
    }
}
