//! Unpacking members by their compression method (APPNOTE 6.3.10, section 4.4.5), within limits.

use std::io::Read;

use bytes::Bytes;
use flate2::Decompress;

use super::header::LZMA_MARKER;
use super::member::Member;
use crate::bytes::inflate;
use crate::bytes::{Inflated, Stop};
use crate::formats::Inspection;
use crate::formats::archive::stream::{Decoder, Pump, Step};
use crate::formats::archive::{bzip2, gzip, xz, zstd};

pub(super) const STORED: u16 = 0;
const DEFLATE: u16 = 8;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const ZSTD_OLD: u16 = 20;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// What came out of a member.
pub(super) struct Unpacked {
    pub(super) bytes: Bytes,
    pub(super) complete: bool,
    /// How many bytes of the archive its data took.
    pub(super) consumed: u64,
    /// Whether nothing was tried, because the limits were already reached.
    pub(super) refused: bool,
    /// The checksum of the content; `None` where it was not added up.
    pub(super) crc: Option<u32>,
}

/// Stored members of more are not read for their checksum: they are looked at as they lie there, and a model of gigabytes is
/// not read to its end by anybody else.
const SUMMED: usize = 4 << 20;

/// Unpacks members and holds archives with overlapping members to what their size allows.
pub(super) struct Unpacker {
    /// One for all members, because making one costs more than most members.
    inflate: Decompress,
    /// How many more packed bytes may be read. Honest archives read each of theirs once.
    packed_left: u64,
    /// How many more stored bytes may be handed out without a copy that the limits count.
    stored_left: u64,
    /// How many members were not unpacked for want of these.
    pub(super) refused: u64,
}

impl Unpacker {
    /// For an archive of `length` bytes that may unpack to `allowed` bytes.
    pub(super) fn new(length: u64, allowed: u64) -> Self {
        let packed_left = allowed.max(length.saturating_mul(2));
        Unpacker { inflate: Decompress::new(false), packed_left, stored_left: length, refused: 0 }
    }

    /// Unpacks a member of `size` bytes, or of unknown size ([`u64::MAX`]). `None`: the method is not supported.
    pub(super) fn unpack(
        &mut self,
        all: &Bytes,
        out: &mut Inspection<'_>,
        member: &Member<'_>,
        size: u64,
    ) -> Option<Unpacked> {
        let range = member.data.start as usize..member.data.end as usize;
        let packed = range.len() as u64;
        let (name, hint) = (member.name.as_str(), if size == u64::MAX { 0 } else { size });
        if member.entry.method == STORED && packed <= self.stored_left {
            self.stored_left -= packed;
            let bytes = all.slice(range);
            let crc = (bytes.len() <= SUMMED).then(|| crc32fast::hash(&bytes));
            return Some(Unpacked { bytes, complete: true, consumed: packed, refused: false, crc });
        }
        let data = all.get(range).unwrap_or_default();
        let mut reader = reader(&mut self.inflate, member.entry.method, member.entry.flags, data, size)?;
        if self.packed_left == 0 || !out.may_inflate() {
            self.refused += 1;
            return Some(Unpacked { bytes: Bytes::new(), complete: false, consumed: 0, refused: true, crc: None });
        }
        reader.hold_to(out.limits().ratio);
        // What comes by is added up here: not all of it has to be in memory at the end.
        let mut summed = Summed { from: &mut *reader, crc: crc32fast::Hasher::new() };
        let (bytes, complete) = out.inflate(name, &mut summed, hint);
        let crc = Some(summed.crc.finalize());
        let consumed = reader.consumed() as u64;
        drop(reader);
        self.packed_left = self.packed_left.saturating_sub(consumed);
        Some(Unpacked { bytes, complete, consumed, refused: false, crc })
    }

    /// Whether the data of what may be a member can be unpacked at all. Only a little of it is tried.
    pub(super) fn can_unpack(&mut self, method: u16, flags: u16, data: &[u8]) -> bool {
        const TRIED: u64 = 512;
        // Starting a decoder costs about as much as reading this many bytes.
        const START: u64 = 1 << 10;
        if self.packed_left == 0 {
            self.refused += 1;
            return false;
        }
        let Some(mut reader) = reader(&mut self.inflate, method, flags, data, u64::MAX) else {
            return true;
        };
        let Inflated { bytes, stop } = inflate::inflate(&mut *reader, TRIED, TRIED, &mut inflate::KeepAll);
        let consumed = reader.consumed() as u64;
        drop(reader);
        self.packed_left = self.packed_left.saturating_sub(consumed + START);
        !(bytes.is_empty() && matches!(stop, Some(Stop::Broken(_))))
    }
}

/// A reader of a member's data, or `None` where its method is not supported.
fn reader<'a>(
    inflate: &'a mut Decompress,
    method: u16,
    flags: u16,
    data: &'a [u8],
    size: u64,
) -> Option<Box<dyn Packed + 'a>> {
    Some(match method {
        STORED => Box::new(Stored { data, at: 0 }),
        DEFLATE => {
            inflate.reset(false);
            Box::new(Pump::new(data, Deflate(inflate)))
        }
        BZIP2 => Box::new(Pump::new(data, bzip2::Streams::new())),
        LZMA => Box::new(lzma(data, flags, size)),
        ZSTD | ZSTD_OLD => Box::new(Pump::new(data, zstd::Frames::new())),
        XZ => Box::new(Pump::new(data, xz::Streams::new())),
        _ => return None,
    })
}

/// LZMA data begins with the version of the packer and the size of the properties (5.8.8).
fn lzma(data: &[u8], flags: u16, size: u64) -> xz::Raw<'_> {
    let size = if flags & LZMA_MARKER != 0 { u64::MAX } else { size };
    match data.first_chunk::<9>() {
        Some([_, _, 5, 0, properties, a, b, c, d]) => {
            xz::Raw::new(data, 9, *properties, u32::from_le_bytes([*a, *b, *c, *d]), size)
        }
        // Properties that cannot be make it fail with a reason.
        Some(_) => xz::Raw::new(data, 0, u8::MAX, 0, size),
        None => xz::Raw::new(data, data.len(), 0, 0, size),
    }
}

/// A reader that knows how many bytes of the archive it has read.
trait Packed: Read {
    fn consumed(&self) -> usize;

    /// As for [`Pump`].
    fn hold_to(&mut self, _ratio: u64) {}
}

impl<D: Decoder> Packed for Pump<'_, D> {
    fn consumed(&self) -> usize {
        Pump::consumed(self)
    }

    fn hold_to(&mut self, ratio: u64) {
        Pump::hold_to(self, ratio);
    }
}

impl Packed for xz::Raw<'_> {
    fn consumed(&self) -> usize {
        xz::Raw::consumed(self)
    }
}

/// Adds up what is read.
struct Summed<'r> {
    from: &'r mut dyn Read,
    crc: crc32fast::Hasher,
}

impl Read for Summed<'_> {
    fn read(&mut self, output: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(output)?;
        self.crc.update(&output[..count]);
        Ok(count)
    }
}

/// Stored data that is copied, so that the limits count it.
struct Stored<'a> {
    data: &'a [u8],
    at: usize,
}

impl Read for Stored<'_> {
    fn read(&mut self, output: &mut [u8]) -> std::io::Result<usize> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let count = rest.len().min(output.len());
        output[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

impl Packed for Stored<'_> {
    fn consumed(&self) -> usize {
        self.at
    }
}

struct Deflate<'d>(&'d mut Decompress);

impl Decoder for Deflate<'_> {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        gzip::inflate(self.0, input, output)
    }
}

/// The name of a method, for people.
pub(super) fn method_name(method: u16) -> String {
    let name = match method {
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        9 => "Deflate64",
        10 | 18 => "TERSE",
        19 => "LZ77",
        94 => "MP3",
        96 => "JPEG",
        97 => "WavPack",
        98 => "PPMd",
        _ => return format!("number {method}"),
    };
    format!("{name} (number {method})")
}
