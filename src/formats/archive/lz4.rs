//! LZ4 frames (`lz4`, `joblib.dump(…, compress="lz4")`): concatenated frames are one content.
//!
//! Format: `doc/lz4_Frame_format.md` 1.6.4 and `doc/lz4_Block_format.md` of lz4/lz4. Checksums are not verified.

use super::stream::{self, Decoder, Pump, Step, damaged};
use crate::bytes::{Cursor, Probe, ReadError};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// LZ4 files.
pub struct Lz4;

const MAGIC: &[u8] = b"\x04\x22\x4d\x18";

/// How far back a match may reach.
const WINDOW: usize = 64 << 10;

impl Format for Lz4 {
    fn name(&self) -> &'static str {
        "lz4"
    }

    fn summary(&self) -> &'static str {
        "LZ4 frames (.lz4): the content of all frames, read as one"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC) && Frame::read(&mut Cursor::new(probe.head())).is_ok_and(|frame| frame.is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut content = Pump::new(&artifact.bytes, Frames::default());
        stream::hand_out(artifact, out, self.name(), &mut content)
    }
}

/// What the descriptor of a frame says.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The most bytes that a block may have, decoded.
    block: usize,
    /// Whether every block, and the content, is followed by a checksum.
    block_checksum: bool,
    content_checksum: bool,
}

impl Frame {
    /// Reads mark and descriptor; `None` where there is no frame.
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, ReadError> {
        if cursor.take(4)? != MAGIC {
            return Ok(None);
        }
        let (flags, block) = (cursor.u8()?, cursor.u8()?);
        // Version 01 and a reserved bit; the block size is 4 to 7, and everything around it is reserved.
        if flags & 0b1100_0010 != 0b0100_0000 || block & 0b1000_1111 != 0 || block >> 4 < 4 {
            return Ok(None);
        }
        let size = if flags & 8 != 0 { 8 } else { 0 };
        let dictionary = if flags & 1 != 0 { 4 } else { 0 };
        cursor.skip(size + dictionary + 1)?;
        Ok(Some(Frame {
            block: 1 << (8 + 2 * (block >> 4)),
            block_checksum: flags & 16 != 0,
            content_checksum: flags & 4 != 0,
        }))
    }
}

/// Decodes frames.
#[derive(Default)]
struct Frames {
    frame: Option<Frame>,
    /// What was decoded: up to a window of it is done with, the rest waits from `at` on.
    out: Vec<u8>,
    at: usize,
}

impl Decoder for Frames {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (consumed, ended) = if self.at < self.out.len() { (0, Ok(false)) } else { self.more(input) };
        let waiting = &self.out[self.at..];
        let produced = waiting.len().min(output.len());
        output[..produced].copy_from_slice(&waiting[..produced]);
        self.at += produced;
        // What was decoded is handed out before an error or the end is told.
        Step { consumed, produced, text: None, ended }
    }

    fn next(&mut self, rest: &[u8]) -> Option<usize> {
        self.frame = None;
        rest.starts_with(MAGIC).then_some(0)
    }
}

impl Frames {
    /// Reads a descriptor, a block or the end of a frame.
    fn more(&mut self, input: &[u8]) -> (usize, std::io::Result<bool>) {
        let mut cursor = Cursor::new(input);
        let ended = self.piece(&mut cursor).map_err(|error| damaged(format!("the lz4 data cannot be read ({error})")));
        (cursor.offset() as usize, ended)
    }

    fn piece(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, ReadError> {
        let Some(frame) = self.frame else {
            self.frame = Some(Frame::read(cursor)?.ok_or_else(|| cursor.error("a frame has no descriptor"))?);
            return Ok(false);
        };
        let size = cursor.u32_le()?;
        if size == 0 {
            cursor.skip(if frame.content_checksum { 4 } else { 0 })?;
            return Ok(true);
        }
        // Blocks may refer to what was decoded before them.
        let done = self.out.len().saturating_sub(WINDOW);
        self.out.drain(..done);
        self.at = self.out.len();
        let (stored, length) = (size >> 31 != 0, size & 0x7fff_ffff);
        let there = cursor.rest();
        let block = &there[..there.len().min(length as usize)];
        let most = self.out.len() + frame.block;
        if stored {
            self.out.extend_from_slice(&block[..block.len().min(frame.block)]);
        } else {
            decode(block, most, &mut self.out).ok_or_else(|| cursor.error("a block is damaged"))?;
        }
        cursor.skip(u64::from(length))?;
        cursor.skip(if frame.block_checksum { 4 } else { 0 })?;
        Ok(false)
    }
}

/// Decodes one block behind what is in `out` already, which holds at most `most` bytes then. What was decoded before an
/// error stays. `None` where the block is damaged or cut off.
fn decode(mut block: &[u8], most: usize, out: &mut Vec<u8>) -> Option<()> {
    loop {
        let token = take(&mut block, 1)?[0];
        let literals = length(&mut block, token >> 4)?;
        let there = block.len().min(literals).min(most.checked_sub(out.len())?);
        out.extend_from_slice(&block[..there]);
        take(&mut block, literals)?;
        if there < literals {
            return None;
        }
        if block.is_empty() {
            return Some(());
        }
        let distance = take(&mut block, 2)?;
        let distance = usize::from(u16::from_le_bytes([distance[0], distance[1]]));
        let count = length(&mut block, token & 15)?.checked_add(4)?;
        let from = out.len().checked_sub(distance).filter(|_| distance > 0)?;
        if count > most.checked_sub(out.len())? {
            return None;
        }
        if distance >= count {
            out.extend_from_within(from..from + count);
        } else {
            // The match runs into what it writes.
            for at in from..from + count {
                out.push(out[at]);
            }
        }
    }
}

fn take<'a>(block: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = block.split_at_checked(count)?;
    *block = rest;
    Some(taken)
}

/// A length of which four bits are known: 15 means that more bytes follow, up to one that is not 255.
fn length(block: &mut &[u8], bits: u8) -> Option<usize> {
    let mut length = usize::from(bits);
    if bits == 15 {
        loop {
            let more = take(block, 1)?[0];
            length = length.checked_add(usize::from(more))?;
            if more != 255 {
                break;
            }
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    /// A frame with a compressed block (`abcd` three times, then `tail!`) and a stored one.
    fn frame() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([0x40, 0x40, 0]);
        let block = [&[0x44][..], b"abcd", &[4, 0], &[0x50], b"tail!"].concat();
        file.extend((block.len() as u32).to_le_bytes());
        file.extend(block);
        file.extend((0x8000_0000u32 | 6).to_le_bytes());
        file.extend(b"stored");
        file.extend([0; 4]);
        file
    }

    #[test]
    fn frames_are_decoded_one_after_the_other() {
        let two = [frame(), frame()].concat();
        let looked = inspect(&Lz4, "notes.txt.lz4", &two);
        assert!(looked.result.is_ok(), "{:?}", looked.result);
        assert_eq!(looked.members[0].bytes, b"abcdabcdabcdtail!storedabcdabcdabcdtail!stored"[..]);
        assert_eq!(looked.members[0].path.base_name(), "notes.txt");
    }

    #[test]
    fn a_damaged_frame_is_a_gap_and_keeps_what_was_decoded() {
        let file = frame();
        for end in 7..file.len() {
            let looked = inspect(&Lz4, "a.lz4", &file[..end]);
            assert!(looked.result.is_err() || !looked.stated.gaps.is_empty(), "{end}");
            let got = looked.members.first().map_or(&b""[..], |member| &member.bytes[..]);
            assert!(b"abcdabcdabcdtail!stored".starts_with(got), "{end} {got:?}");
        }
        for at in 7..file.len() {
            for byte in [0, 0x0f, 0xf0, 0xff] {
                let mut broken = file.clone();
                broken[at] = byte;
                let _ = inspect(&Lz4, "a.lz4", &broken);
            }
        }
    }
}
