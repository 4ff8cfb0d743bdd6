//! Decompressing within a limit, and without keeping what nobody will look at.

use std::io::{self, Read};
use std::ops::Range;

use bytes::Bytes;
use memmap2::{MmapMut, MmapOptions};

use super::Probe;

/// What came out of a decompressor. What was read before it stopped is always kept.
#[derive(Debug)]
pub struct Inflated {
    /// The bytes. What a [`Sieve`] dropped reads as zeros.
    pub bytes: Bytes,
    /// Why it ended before the end, if it did.
    pub stop: Option<Stop>,
}

/// Why a decompressor ended early.
#[derive(Debug)]
pub enum Stop {
    /// More bytes than were allowed would have come out.
    Limit,
    /// The stream is broken or cut off.
    Broken(io::Error),
}

/// What becomes of the next bytes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// They are kept up to this offset, and then it is asked again.
    Keep(u64),
    /// Nobody will look at them up to this offset; then it is asked again.
    Drop(u64),
    /// All that is left is kept.
    KeepAll,
}

/// Says which bytes of a stream nobody will look at, by those before them.
pub trait Sieve {
    /// What becomes of the bytes behind `so_far`, in which dropped ones are zeros. An offset that is not behind `so_far` counts
    /// as [`Next::KeepAll`].
    fn next(&mut self, so_far: &[u8]) -> Next;
}

/// Keeps everything.
#[derive(Debug)]
pub struct KeepAll;

impl Sieve for KeepAll {
    fn next(&mut self, _: &[u8]) -> Next {
        Next::KeepAll
    }
}

const CHUNK: usize = 64 << 10;

/// Less than this is not worth dropping.
const WORTH: u64 = 1 << 20;

/// Reads `from` to its end, at most `allowed` bytes. `expected` is the announced size; it is a hint and never believed.
///
/// Dropped bytes are decompressed and counted as all others, so checksums and limits hold for them; they only take no memory. The
/// last of them before a kept one, or before the end, are kept in any case: so much as a look at the end of an artifact
/// shows ([`Probe::TAIL`]).
pub fn inflate(from: impl Read, allowed: u64, expected: u64, sieve: &mut dyn Sieve) -> Inflated {
    let mut from = from.take(allowed.saturating_add(1));
    // A lying header must not make us reserve memory that the stream never fills.
    let mut out = Store::Plain(Vec::with_capacity(expected.min(allowed).min(64 << 20) as usize));
    let mut chunk = vec![0; CHUNK];
    let mut now = Next::Keep(0);
    let mut dropped = Dropped::default();
    let stop = loop {
        let length = out.length() as u64;
        if let Next::Keep(until) | Next::Drop(until) = now
            && length >= until
        {
            dropped.restore(&mut out);
            now = plan(sieve.next(out.bytes()), &mut out, allowed);
        }
        let room = match now {
            Next::Keep(until) | Next::Drop(until) => until.saturating_sub(length).min(CHUNK as u64) as usize,
            Next::KeepAll => CHUNK,
        };
        match from.read(&mut chunk[..room]) {
            Ok(0) => break None,
            Ok(count) => match (&mut out, now) {
                (Store::Sparse(_, end), Next::Drop(_)) => {
                    dropped.add(*end, &chunk[..count]);
                    *end += count;
                }
                _ => out.extend(&chunk[..count]),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The decompressor itself saw that it is fed a bomb.
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => break Some(Stop::Limit),
            Err(error) => break Some(Stop::Broken(error)),
        }
        if out.length() as u64 > allowed {
            break Some(Stop::Limit);
        }
    };
    dropped.restore(&mut out);
    let length = out.length().min(usize::try_from(allowed).unwrap_or(usize::MAX));
    Inflated { bytes: out.into_bytes().slice(..length), stop }
}

/// What is really done: little is not dropped, and nothing where there is no memory to leave holes in.
fn plan(next: Next, out: &mut Store, allowed: u64) -> Next {
    let length = out.length() as u64;
    match next {
        Next::Keep(until) if until > length => next,
        Next::Drop(until) if until > length => {
            let worth = until - length >= WORTH && out.make_sparse(allowed);
            if worth { next } else { Next::Keep(until) }
        }
        _ => Next::KeepAll,
    }
}

/// The last of the bytes that were dropped.
#[derive(Default)]
struct Dropped {
    range: Range<usize>,
    last: Vec<u8>,
}

impl Dropped {
    fn add(&mut self, at: usize, bytes: &[u8]) {
        if self.range.is_empty() {
            self.range = at..at;
        }
        self.range.end = at + bytes.len();
        self.last.extend_from_slice(bytes);
        if self.last.len() > 4 * Probe::TAIL {
            self.last.drain(..self.last.len() - Probe::TAIL);
        }
    }

    /// Puts them where they were.
    fn restore(&mut self, out: &mut Store) {
        if let Store::Sparse(map, _) = out
            && !self.range.is_empty()
        {
            let last = &self.last[self.last.len().saturating_sub(Probe::TAIL)..];
            map[self.range.end - last.len()..self.range.end].copy_from_slice(last);
        }
        *self = Dropped::default();
    }
}

/// What was read so far.
enum Store {
    Plain(Vec<u8>),
    /// Memory of which the system gives only the pages that are written to, and how much of it is in use.
    Sparse(MmapMut, usize),
}

impl Store {
    fn length(&self) -> usize {
        match self {
            Store::Plain(bytes) => bytes.len(),
            Store::Sparse(_, end) => *end,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Store::Plain(bytes) => bytes,
            Store::Sparse(map, end) => &map[..*end],
        }
    }

    fn extend(&mut self, more: &[u8]) {
        match self {
            Store::Plain(bytes) => bytes.extend_from_slice(more),
            Store::Sparse(map, end) => {
                map[*end..*end + more.len()].copy_from_slice(more);
                *end += more.len();
            }
        }
    }

    /// Makes room for `allowed` bytes, one chunk more, and holes between them. Answers whether there is such memory.
    fn make_sparse(&mut self, allowed: u64) -> bool {
        let Store::Plain(bytes) = self else { return true };
        let size = usize::try_from(allowed).ok().and_then(|size| size.checked_add(2 * CHUNK));
        let Some(mut map) = size.and_then(|size| MmapOptions::new().len(size).no_reserve_swap().map_anon().ok()) else {
            return false;
        };
        map[..bytes.len()].copy_from_slice(bytes);
        let end = bytes.len();
        *self = Store::Sparse(map, end);
        true
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Store::Plain(bytes) => Bytes::from(bytes),
            Store::Sparse(map, end) => Bytes::from_owner(map).slice(..end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_keeps_what_was_read_and_says_so() {
        let Inflated { bytes, stop } = inflate(io::repeat(7), 100_000, u64::MAX, &mut KeepAll);
        assert_eq!(bytes.len(), 100_000);
        assert!(matches!(stop, Some(Stop::Limit)));
        let Inflated { bytes, stop } = inflate(&b"exact"[..], 5, 0, &mut KeepAll);
        assert_eq!((&bytes[..], stop.is_none()), (&b"exact"[..], true));
    }

    /// Drops these ranges.
    struct Holes(Vec<Range<u64>>);

    impl Sieve for Holes {
        fn next(&mut self, so_far: &[u8]) -> Next {
            let at = so_far.len() as u64;
            match self.0.iter().find(|hole| hole.end > at) {
                Some(hole) if hole.start <= at => Next::Drop(hole.end),
                Some(hole) => Next::Keep(hole.start),
                None => Next::KeepAll,
            }
        }
    }

    #[test]
    fn what_is_dropped_reads_as_zeros_and_everything_else_stays() {
        const MIB: usize = 1 << 20;
        let content: Vec<u8> = (0..8 * MIB).map(|at| (at % 251) as u8 | 1).collect();
        let holes =
            vec![1_000..(3 * MIB + 5) as u64, (4 * MIB) as u64..(4 * MIB + 9) as u64, (5 * MIB) as u64..u64::MAX];
        let Inflated { bytes, stop } = inflate(&content[..], 1 << 30, 0, &mut Holes(holes));
        assert!(stop.is_none());
        assert_eq!(bytes.len(), content.len());
        let kept = [0..1_000, 3 * MIB + 5 - Probe::TAIL..5 * MIB, 8 * MIB - Probe::TAIL..8 * MIB];
        for range in kept.clone() {
            assert!(bytes[range.clone()] == content[range.clone()], "{range:?}");
        }
        for hole in [kept[0].end..kept[1].start, kept[1].end..kept[2].start] {
            assert!(bytes[hole.clone()].iter().all(|byte| *byte == 0), "{hole:?}");
        }
    }

    #[test]
    fn dropped_bytes_count_for_the_limit() {
        for allowed in [3 << 20, (3 << 20) + 17] {
            let every = 100..u64::MAX;
            let Inflated { bytes, stop } = inflate(io::repeat(7), allowed, 0, &mut Holes(vec![every]));
            assert_eq!(bytes.len() as u64, allowed);
            assert!(matches!(stop, Some(Stop::Limit)));
        }
    }
}
