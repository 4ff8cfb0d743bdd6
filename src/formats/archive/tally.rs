//! What the readers of stored (uncompressed) archives share: handing out slices under names that stay affordable, and
//! keeping account of which bytes that covers.

use std::borrow::Cow;
use std::ops::Range;

use crate::bytes::Bytes;
use crate::finding::{Artifact, Role};
use crate::formats::{Coverage, FormatError, Inspection, LimitReached};

/// Longer names are shortened to their end. 4,096 bytes is what Linux allows a path to have.
const LONGEST_NAME: usize = 4 << 10;
/// How much is left of a name that was too long.
const SHORTENED: usize = 128;

/// Keeps account of one archive: members handed out, bytes explained.
pub(super) struct Tally<'t, 'i> {
    artifact: &'t Artifact,
    /// Where members, facts and gaps go.
    pub(super) out: &'t mut Inspection<'i>,
    format: &'static str,
    members: u64,
    name_bytes_left: usize,
    explained: Range<usize>,
    holes: bool,
}

impl<'t, 'i> Tally<'t, 'i> {
    /// An account of `artifact`, which is an archive of this `format`.
    pub(super) fn new(artifact: &'t Artifact, out: &'t mut Inspection<'i>, format: &'static str) -> Self {
        // Formats that share name parts between members (folders, global headers, name tables) can spell out far more
        // name bytes than they have bytes. Real archives stay below once their own size.
        let name_bytes_left = artifact.bytes.len().saturating_mul(4).saturating_add(1 << 20);
        Tally { artifact, out, format, members: 0, name_bytes_left, explained: 0..0, holes: false }
    }

    /// Hands out a member.
    pub(super) fn member(&mut self, name: &[u8], bytes: Bytes) -> Result<(), LimitReached> {
        let name = self.fit(name);
        self.out.member(&name, Role::ArchiveMember, bytes)?;
        self.members += 1;
        Ok(())
    }

    /// Hands out the `size` bytes stored at `start` and accounts for them. Where the archive ends before the member
    /// does, as much as there is, and a gap. Answers where the member ends.
    pub(super) fn stored(&mut self, name: &[u8], start: usize, size: u64) -> Result<usize, LimitReached> {
        let length = self.artifact.bytes.len();
        let start = start.min(length);
        let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        self.member(name, self.artifact.bytes.slice(start..end.min(length)))?;
        self.explain(start..end.min(length));
        if end > length {
            let there = length - start;
            let reason = format!("it is cut off: {there} of its {size} bytes are there; build the archive again");
            self.member_gap(name, reason);
        }
        Ok(end.min(length))
    }

    /// Notes that a member could not be looked at.
    pub(super) fn member_gap(&mut self, name: &[u8], reason: impl Into<String>) {
        let name = self.fit(name);
        self.out.member_gap(&name, reason);
    }

    /// Accounts for a range. Ranges come in rising order; what lies between them stays to be searched.
    pub(super) fn explain(&mut self, range: Range<usize>) {
        if range.start >= range.end {
            return;
        }
        if range.start <= self.explained.end {
            self.explained.end = self.explained.end.max(range.end);
        } else {
            self.flush();
            self.holes = true;
            self.explained = range;
        }
    }

    /// Accounts for padding, unless it holds something other than zeros, which stays to be searched.
    pub(super) fn padding(&mut self, range: Range<usize>) {
        if self.artifact.bytes.get(range.clone()).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)) {
            self.explain(range);
        }
    }

    fn flush(&mut self) {
        self.out.explain(self.explained.start as u64..self.explained.end as u64);
    }

    /// States the facts and closes the account: whole only where every single byte is accounted for.
    pub(super) fn finish(mut self, result: Result<(), FormatError>) -> Result<Coverage, FormatError> {
        if matches!(result, Err(FormatError::NotThis)) {
            return Err(FormatError::NotThis);
        }
        self.out.fact("archive.format", self.format);
        self.out.fact("archive.members", self.members);
        self.flush();
        result?;
        let whole = !self.holes && self.explained == (0..self.artifact.bytes.len());
        Ok(if whole { Coverage::Whole } else { Coverage::Part })
    }

    /// The name as text, without the `./` that tools put in front, and cut down where names cost too much.
    fn fit<'n>(&mut self, name: &'n [u8]) -> Cow<'n, str> {
        let mut name = name;
        while let Some(rest) = name.strip_prefix(b"./") {
            name = rest;
        }
        if name.is_empty() {
            return Cow::Borrowed("(no name)");
        }
        if name.len() > LONGEST_NAME.min(self.name_bytes_left) && name.len() > SHORTENED {
            let end = &name[name.len() - SHORTENED..];
            return Cow::Owned(format!("…{}", String::from_utf8_lossy(end)));
        }
        self.name_bytes_left = self.name_bytes_left.saturating_sub(name.len());
        String::from_utf8_lossy(name)
    }
}

/// A number in decimal digits and nothing else.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}
