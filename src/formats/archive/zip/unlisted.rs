//! Members that the central directory does not list: of an archive that is cut off, or hidden from programs that read
//! the directory but not from those that read the archive as it comes.

use std::ops::Range;

use memchr::memmem;

use super::header::{CENTRAL, DESCRIPTOR, ENCRYPTED, Entry, HAS_DESCRIPTOR, LOCAL, UTF8};
use super::member::{Descriptor, Member, Members};
use super::name;
use crate::formats::LimitReached;

/// The size of a local header without name.
const HEADER_SIZE: u64 = 30;

impl Members<'_, '_> {
    /// Hands out members in those parts of the archive that nothing has accounted for yet.
    pub(super) fn read_unlisted(&mut self) -> Result<(), LimitReached> {
        let listed = self.count();
        for hole in self.accounted.holes(self.all.len() as u64) {
            if hole.end - hole.start > HEADER_SIZE {
                self.walk(hole)?;
            }
        }
        let unlisted = self.count() - listed;
        if unlisted > 0 {
            let (noun, verb) = if unlisted == 1 { ("member", "is") } else { ("members", "are") };
            self.out.detail(format!(
                "{unlisted} {noun} of the zip archive {verb} not listed in its directory: some programs unpack them, \
                 others do not"
            ));
        }
        Ok(())
    }

    /// Hands out the members of an archive without a directory.
    pub(super) fn read_cut_off(&mut self) -> Result<(), LimitReached> {
        self.walk(0..self.all.len() as u64)?;
        if self.count() == 0 {
            self.gap("it begins like a zip archive, but no member can be unpacked".to_owned());
        }
        Ok(())
    }

    fn walk(&mut self, range: Range<u64>) -> Result<(), LimitReached> {
        let finder = memmem::Finder::new(&LOCAL);
        let mut from = range.start;
        while let Some(found) = self.all.get(from as usize..range.end as usize).and_then(|rest| finder.find(rest)) {
            let at = from + found as u64;
            let end = self.unlisted(at, range.end)?;
            from = end.max(at + LOCAL.len() as u64).min(range.end);
        }
        Ok(())
    }

    /// Hands out the member whose local header is at `at`, if it is one. Says where to look on.
    fn unlisted(&mut self, at: u64, limit: u64) -> Result<u64, LimitReached> {
        let Ok(entry) = Entry::local(self.all, at) else { return Ok(at) };
        if !entry.is_plausible() || entry.end > limit {
            return Ok(at);
        }
        let (data, known_end) = self.place(&entry, limit);
        let readable = entry.flags & ENCRYPTED == 0 && data.start < data.end;
        let slice = self.all.get(data.start as usize..data.end as usize).unwrap_or_default();
        if readable && !self.unpacker.can_unpack(entry.method, entry.flags, slice) {
            return Ok(at);
        }
        self.accounted.add(entry.accounted[0].clone());
        let name = name::decode(entry.name, entry.flags & UTF8 != 0);
        let checked = entry.flags & HAS_DESCRIPTOR == 0;
        self.open(&Member { name, alias: None, entry: &entry, data, known_end, checked })
    }

    /// Where the data of a member lies that only its local header tells about, and whether its end is known.
    fn place(&self, entry: &Entry<'_>, limit: u64) -> (Range<u64>, bool) {
        let start = entry.end;
        if entry.flags & HAS_DESCRIPTOR == 0 || entry.packed != 0 {
            let end = start.saturating_add(entry.packed);
            return (start..end.min(limit), end <= limit);
        }
        if entry.method != 0 {
            return (start..limit, false);
        }
        let rest = self.all.get(start as usize..limit as usize).unwrap_or_default();
        // One pass for all marks: the search must end soon where headers stand close together.
        let found = memmem::find_iter(rest, b"PK").find(|length| {
            let here = &rest[*length..];
            let next = here.starts_with(&LOCAL) || here.starts_with(&CENTRAL);
            let descriptor = || Descriptor::read(self.all, start + *length as u64, *length as u64).is_some();
            next || (here.starts_with(&DESCRIPTOR) && descriptor())
        });
        match found {
            Some(length) => (start..start + length as u64, true),
            None => (start..limit, false),
        }
    }
}
