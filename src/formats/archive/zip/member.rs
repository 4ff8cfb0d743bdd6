//! Handing out the members of an archive.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;

use super::header::{CENTRAL, DESCRIPTOR, ENCRYPTED, Entry, HAS_DESCRIPTOR, UTF8};
use super::name;
use super::unpack::{STORED, Unpacked, Unpacker, method_name};
use crate::bytes::Cursor;
use crate::bytes::Ranges;
use crate::finding::Role;
use crate::formats::model::pytorch;
use crate::formats::{Coverage, FormatError, Inspection, LimitReached};

/// More gaps than this are only counted: an archive of nothing but damage must not cost more memory than it has bytes.
const MOST_GAPS: u64 = 1000;

/// A method number that stands for AES encryption; the real method is in an extra field.
const AES: u16 = 99;

/// The members of one archive while they are handed out.
pub(super) struct Members<'r, 'i> {
    pub(super) all: &'r Bytes,
    pub(super) out: &'r mut Inspection<'i>,
    pub(super) unpacker: Unpacker,
    pub(super) accounted: Ranges,
    /// The local headers of members that are weights of a model.
    weights: HashSet<u64>,
    handed_out: u64,
    encrypted: u64,
    /// Those of them that are encrypted with AES.
    protected: u64,
    /// Gaps noted, members that failed to unpack, and members that were only counted after too many of these.
    noted: u64,
    failed: u64,
    counted: u64,
    complete: bool,
}

/// A member whose place in the archive is known.
pub(super) struct Member<'e> {
    pub(super) name: String,
    /// What the local header calls it, if that is something else.
    pub(super) alias: Option<String>,
    pub(super) entry: &'e Entry<'e>,
    /// Where its data lies, as far as the file goes.
    pub(super) data: Range<u64>,
    /// Whether `data` ends where the headers say it does. Otherwise the decoder finds the end.
    pub(super) known_end: bool,
    /// Whether size and checksum of the header are to be trusted.
    pub(super) checked: bool,
}

impl<'r, 'i> Members<'r, 'i> {
    pub(super) fn new(all: &'r Bytes, out: &'r mut Inspection<'i>) -> Self {
        let unpacker = Unpacker::new(all.len() as u64, out.limits().inflated_from(all.len() as u64));
        let accounted = Ranges::default();
        let (handed_out, encrypted, protected, noted, failed, counted) = (0, 0, 0, 0, 0, 0);
        Members {
            all,
            out,
            unpacker,
            accounted,
            weights: pytorch::storages(all),
            handed_out,
            encrypted,
            protected,
            noted,
            failed,
            counted,
            complete: true,
        }
    }

    /// Notes something about the archive that could not be looked at.
    pub(super) fn gap(&mut self, reason: String) {
        self.complete = false;
        self.out.gap(reason);
    }

    /// Notes that a member could not be looked at.
    fn member_gap(&mut self, name: &str, reason: String) {
        self.complete = false;
        if self.noted < MOST_GAPS {
            self.noted += 1;
            self.out.member_gap(name, reason);
        } else {
            self.counted += 1;
        }
    }

    /// How many members were handed out so far.
    pub(super) fn count(&self) -> u64 {
        self.handed_out
    }

    /// Accounts for the records at the end, but not for what a zip64 record may carry besides its fields.
    pub(super) fn account_for_end(&mut self, end: &Range<u64>) {
        let (zip64, rest) = (56, 42);
        if end.end - end.start > zip64 + rest {
            self.accounted.add(end.start..end.start + zip64);
            self.accounted.add(end.end - rest..end.end);
        } else {
            self.accounted.add(end.clone());
        }
    }

    /// Hands out a member that the central directory lists.
    pub(super) fn listed(&mut self, central: &Entry<'_>, shift: u64) -> Result<(), LimitReached> {
        self.accounted.add(central.accounted[0].clone());
        self.accounted.add(central.accounted[1].clone());
        let name = name::decode(central.name, central.flags & UTF8 != 0);
        let at = central.local.saturating_add(shift);
        let local = match Entry::local(self.all, at) {
            Ok(local) => local,
            Err(error) => {
                self.member_gap(&name, format!("its header is missing or damaged: {error}; build the archive again"));
                return Ok(());
            }
        };
        let alias = (local.name != central.name).then(|| name::decode(local.name, local.flags & UTF8 != 0));
        let disagree = local.method != central.method
            || (local.flags & HAS_DESCRIPTOR == 0 && local.packed != 0 && local.packed != central.packed);
        if disagree {
            let reason = "its two headers disagree about method or size, so programs unpack it differently; build the \
                          archive again";
            self.member_gap(&name, reason.to_owned());
        }
        let mut entry = central.clone();
        entry.local = at;
        // Where only one header says so, one kind of program can read it all the same.
        entry.flags = central.flags & (local.flags | !ENCRYPTED);
        entry.flags |= local.flags & HAS_DESCRIPTOR;
        self.accounted.add(local.accounted[0].clone());
        let end = local.end.saturating_add(central.packed);
        let known_end = end <= self.all.len() as u64;
        let data = local.end..end.min(self.all.len() as u64);
        self.open(&Member { name, alias, entry: &entry, data, known_end, checked: true })?;
        Ok(())
    }

    /// Hands out a member, and says where what belongs to it ends.
    pub(super) fn open(&mut self, member: &Member<'_>) -> Result<u64, LimitReached> {
        let Member { name, entry, data, .. } = member;
        let end_of_data = if member.known_end { data.end } else { data.start };
        // Some writers deflate the nothing that a folder holds, which takes two bytes.
        if name.ends_with('/') && entry.size == 0 && member.known_end && entry.packed <= 2 {
            self.accounted.add(data.clone());
            return Ok(end_of_data + self.descriptor(member, end_of_data).map_or(0, |found| found.length));
        }
        if entry.flags & ENCRYPTED != 0 || entry.method == AES {
            self.encrypted += 1;
            self.accounted.add(data.start..end_of_data);
            if entry.method == AES && entry.flags & ENCRYPTED != 0 {
                // As with age or OpenPGP: a stranger cannot read it either. The older scheme is broken, and stays a gap.
                self.protected += 1;
            } else {
                self.member_gap(name, "it is encrypted; look at the files before they are encrypted".to_owned());
            }
            self.descriptor(member, end_of_data);
            return Ok(end_of_data);
        }
        if self.failed >= MOST_GAPS {
            self.counted += 1;
            return Ok(end_of_data);
        }
        let size = if member.checked || entry.size != 0 { entry.size } else { u64::MAX };
        match self.unpacker.unpack(self.all, self.out, member, size) {
            Some(unpacked) => self.hand_out(member, unpacked),
            None => {
                let method = method_name(entry.method);
                self.member_gap(name, format!("its compression method, {method}, is not supported"));
                Ok(end_of_data)
            }
        }
    }

    fn hand_out(&mut self, member: &Member<'_>, unpacked: Unpacked) -> Result<u64, LimitReached> {
        let Unpacked { bytes, complete, consumed, refused, crc } = unpacked;
        let Member { name, alias, entry, data, known_end, checked } = member;
        let end = data.start.saturating_add(consumed).min(data.end);
        self.accounted.add(data.start..end);
        if !complete {
            self.complete = false;
            self.failed += u64::from(!refused);
        } else if *checked && !known_end {
            self.member_gap(name, "the archive is cut off inside of it; build it again".to_owned());
        }
        let after = if *known_end { data.end } else { end };
        let descriptor = self.descriptor(member, after);
        let stated = match &descriptor {
            _ if *checked => Some((entry.crc, entry.size)),
            Some(found) => Some((found.crc, found.size)),
            None => None,
        };
        if complete
            && (*known_end || !checked)
            && stated.is_some_and(|(stated, size)| size != bytes.len() as u64 || crc.is_some_and(|crc| crc != stated))
        {
            self.member_gap(name, "its checksum or size is not what the archive says; build it again".to_owned());
        }
        let is_weights = entry.method == STORED && complete && self.weights.contains(&entry.local);
        let role = if is_weights { Role::Weights } else { Role::ArchiveMember };
        if complete || !bytes.is_empty() {
            for name in std::iter::once(name).chain(alias) {
                self.out.member(name, role, bytes.clone())?;
                self.handed_out += 1;
            }
        }
        Ok(after + descriptor.map_or(0, |found| found.length))
    }

    /// The data descriptor (4.3.9) behind a member's data. It has several forms; the right one repeats the size.
    fn descriptor(&mut self, member: &Member<'_>, at: u64) -> Option<Descriptor> {
        if member.entry.flags & HAS_DESCRIPTOR == 0 {
            return None;
        }
        let found = Descriptor::read(self.all, at, at.saturating_sub(member.data.start))?;
        self.accounted.add(at..at + found.length);
        Some(found)
    }

    /// States the facts and what is left to be searched.
    pub(super) fn finish(mut self, result: Result<(), LimitReached>) -> Result<Coverage, FormatError> {
        if self.counted > 0 {
            let count = self.counted;
            self.gap(format!("{count} more members could not be looked at, for reasons like those of the first ones"));
        }
        if self.unpacker.refused > 0 {
            let count = self.unpacker.refused;
            self.gap(format!(
                "{count} more members stay packed, because the archive unpacks to more than limits.inflated or \
                 limits.ratio allow; raise them if it is really meant to be this large"
            ));
        }
        self.out.fact("archive.format", "zip");
        self.out.fact("archive.members", self.handed_out);
        self.out.fact("archive.encrypted_members", self.encrypted);
        if self.protected > 0 {
            self.out.fact("archive.protected_members", self.protected);
        }
        let whole = self.complete && self.accounted.holes(self.all.len() as u64).is_empty();
        for range in self.accounted.merged() {
            self.out.explain(range.clone());
        }
        result?;
        Ok(if whole { Coverage::Whole } else { Coverage::Part })
    }
}

/// A data descriptor.
pub(super) struct Descriptor {
    pub(super) length: u64,
    crc: u32,
    size: u64,
}

impl Descriptor {
    /// Reads the descriptor at `at` of a member with `packed` bytes.
    pub(super) fn read(all: &[u8], at: u64, packed: u64) -> Option<Self> {
        let marked = Cursor::at(all, at).take(4).is_ok_and(|mark| mark == DESCRIPTOR);
        let forms = if marked { &[(4, true), (4, false), (0, true), (0, false)][..] } else { &[(0, true), (0, false)] };
        forms.iter().find_map(|(mark, narrow)| {
            let mut cursor = Cursor::at(all, at.checked_add(*mark)?);
            let crc = cursor.u32_le().ok()?;
            let (stated, size) = if *narrow {
                (cursor.u32_le().ok()?.into(), cursor.u32_le().ok()?.into())
            } else {
                (cursor.u64_le().ok()?, cursor.u64_le().ok()?)
            };
            // For an empty member the narrow form would always fit the wide one too; what follows decides.
            let fits = stated == packed && (packed != 0 || !*narrow || ends_well(cursor.rest()));
            fits.then_some(Descriptor { length: cursor.offset() - at, crc, size })
        })
    }
}

fn ends_well(rest: &[u8]) -> bool {
    rest.is_empty() || rest.starts_with(&CENTRAL[..2])
}
