//! Decompressing within a limit.

use std::io::{self, Read};

use bytes::Bytes;

/// What came out of a decompressor. What was read before it stopped is always kept.
#[derive(Debug)]
pub struct Inflated {
    /// The bytes.
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

const CHUNK: usize = 64 << 10;

/// Reads `from` to its end, at most `allowed` bytes. `expected` is the announced size; it is a hint and never believed.
pub fn inflate(from: impl Read, allowed: u64, expected: u64) -> Inflated {
    let mut from = from.take(allowed.saturating_add(1));
    // A lying header must not make us reserve memory that the stream never fills.
    let mut out = Vec::with_capacity(expected.min(allowed).min(64 << 20) as usize);
    let mut chunk = vec![0; CHUNK];
    let stop = loop {
        match from.read(&mut chunk) {
            Ok(0) => break None,
            Ok(count) => out.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The decompressor itself saw that it is fed a bomb.
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => break Some(Stop::Limit),
            Err(error) => break Some(Stop::Broken(error)),
        }
        if out.len() as u64 > allowed {
            out.truncate(allowed as usize);
            break Some(Stop::Limit);
        }
    };
    Inflated { bytes: Bytes::from(out), stop }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_keeps_what_was_read_and_says_so() {
        let Inflated { bytes, stop } = inflate(io::repeat(7), 100_000, u64::MAX);
        assert_eq!(bytes.len(), 100_000);
        assert!(matches!(stop, Some(Stop::Limit)));
        let Inflated { bytes, stop } = inflate(&b"exact"[..], 5, 0);
        assert_eq!((&bytes[..], stop.is_none()), (&b"exact"[..], true));
    }
}
