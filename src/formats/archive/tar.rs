//! Tar: v7, POSIX ustar and pax (IEEE Std 1003.1, pax), GNU (manual of GNU tar, "Tar Internals") and star.
//!
//! Members are slices of the archive. A damaged header costs the member it describes and no other: reading goes on at the
//! next block that is a header. What follows the end marker is read on too, since archives get concatenated.

pub(super) mod header;
mod pax;
mod sparse;

use std::borrow::Cow;

use super::tally::Tally;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, Role};
use crate::formats::{Coverage, Format, FormatError, Inspection};
use header::{BLOCK, Header, until_nul};
use pax::{Reading, Records};
use sparse::Map;

/// Tape archives.
pub struct Tar;

impl Format for Tar {
    fn name(&self) -> &'static str {
        "tar"
    }

    fn summary(&self) -> &'static str {
        "Tape archives (v7, ustar, pax, GNU, star; sparse files too): hands out every file"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        // The magic counts without a valid checksum too: then the first header is damaged or cut off, which is a gap.
        Header::magic_at(probe.head()) || probe.head().get(..BLOCK).is_some_and(|block| Header::read(block).is_some())
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut tally = Tally::new(artifact, out, "tar");
        let walk = Walk {
            bytes: &artifact.bytes,
            at: 0,
            tally: &mut tally,
            global: Records::default(),
            next: None,
            may_end: artifact.role != Role::File,
        };
        let result = walk.run();
        tally.finish(result)
    }
}

/// What stands at a block boundary.
enum Here<'a> {
    Header(Header<'a>),
    Zeros,
    Other,
    /// Less than a block.
    Rest,
}

/// What the headers before a member say about it.
#[derive(Clone, Default)]
struct Next<'a> {
    records: Records<'a>,
    long_name: Option<&'a [u8]>,
}

struct Walk<'a, 'w, 't, 'i> {
    bytes: &'a [u8],
    at: usize,
    tally: &'w mut Tally<'t, 'i>,
    global: Records<'a>,
    next: Option<Next<'a>>,
    /// Whether it may end without an end marker: not where it is a file, of which nothing else says how long it is, and
    /// not where a member was cut off.
    may_end: bool,
}

impl<'a> Walk<'a, '_, '_, '_> {
    fn run(mut self) -> Result<(), FormatError> {
        // Whether the last thing seen was an end marker, or damage that has its gap already.
        let mut settled = false;
        loop {
            match self.here(self.at) {
                Here::Header(header) => {
                    self.entry(header)?;
                    settled = false;
                }
                Here::Zeros => {
                    self.tally.explain(self.at..self.at + BLOCK);
                    self.at += BLOCK;
                    settled = true;
                }
                Here::Other => {
                    let from = self.at;
                    self.resynchronise();
                    if !settled {
                        self.tally.out.gap(format!(
                            "at offset {from}: a header is damaged; {} bytes up to the next sound one (or to the end) \
                             could not be read as members; build the archive again",
                            self.at - from
                        ));
                    }
                    settled = true;
                }
                Here::Rest => return self.end(settled),
            }
        }
    }

    fn here(&self, at: usize) -> Here<'a> {
        let Some(block) = self.bytes.get(at..).and_then(|rest| rest.get(..BLOCK)) else { return Here::Rest };
        match Header::read(block) {
            Some(header) => Here::Header(header),
            None if block.iter().all(|byte| *byte == 0) => Here::Zeros,
            None => Here::Other,
        }
    }

    /// Moves on to the next header or end marker.
    fn resynchronise(&mut self) {
        // A truncated name or size must not be applied to whatever member comes next.
        self.next = None;
        while matches!(self.here(self.at), Here::Other) {
            self.at += BLOCK;
        }
        if matches!(self.here(self.at), Here::Rest) {
            self.at = self.bytes.len();
        }
    }

    fn end(self, settled: bool) -> Result<(), FormatError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.tally.padding(self.at..self.bytes.len());
        // Some tools write no end marker (umoci's `insert`). What lies in something else is as long as that says: where
        // it was cut off there, that has a gap.
        if settled || rest.is_empty() && self.may_end && self.next.is_none() {
            return Ok(());
        }
        let what = if rest.is_empty() { "it ends without an end marker" } else { "it ends inside a header" };
        Err(FormatError::broken(self.at as u64, format!("{what} and may be cut off; build the archive again")))
    }

    fn entry(&mut self, header: Header<'a>) -> Result<(), FormatError> {
        match header.kind() {
            b'x' | b'X' | b'g' => self.extended(header),
            b'L' | b'K' => self.long(header),
            _ => self.file(header),
        }
    }

    /// The data of a header that describes the next member, and where it ends.
    fn description(&self, header: Header<'a>) -> Result<(&'a [u8], usize), FormatError> {
        let start = self.at + BLOCK;
        let size = header.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let end = start.saturating_add(size);
        let data = self.bytes.get(start..end).ok_or_else(|| {
            FormatError::broken(self.at as u64, "an extended header is cut off; build the archive again")
        })?;
        Ok((data, end))
    }

    fn extended(&mut self, header: Header<'a>) -> Result<(), FormatError> {
        let (data, end) = self.description(header)?;
        let reading = if header.kind() == b'g' {
            let reading = self.global.read(data);
            // A map cannot be meant for every member, and would be copied for each.
            self.global.sparse_map = None;
            reading
        } else {
            let global = &self.global;
            let next = self.next.get_or_insert_with(|| Next { records: global.clone(), long_name: None });
            next.records.read(data)
        };
        if reading == Reading::Damaged {
            let at = self.at;
            self.tally.out.gap(format!(
                "at offset {at}: an extended header is malformed, so that the name or size of a member may be wrong; \
                 build the archive again"
            ));
        }
        self.tally.explain(self.at..self.at + BLOCK);
        if reading == Reading::Plain {
            self.tally.explain(self.at..end);
        }
        self.go_to_block_after(end);
        Ok(())
    }

    fn long(&mut self, header: Header<'a>) -> Result<(), FormatError> {
        let (data, end) = self.description(header)?;
        if header.kind() == b'L' {
            let global = &self.global;
            let next = self.next.get_or_insert_with(|| Next { records: global.clone(), long_name: None });
            next.long_name = Some(until_nul(data));
        }
        self.tally.explain(self.at..end);
        self.go_to_block_after(end);
        Ok(())
    }

    fn go_to_block_after(&mut self, end: usize) {
        self.at = end.checked_next_multiple_of(BLOCK).unwrap_or(end).min(self.bytes.len());
        self.tally.padding(end..self.at);
    }

    fn file(&mut self, header: Header<'a>) -> Result<(), FormatError> {
        let Next { mut records, long_name } =
            self.next.take().unwrap_or_else(|| Next { records: self.global.clone(), long_name: None });
        let name = match records.sparse_name.or(records.path).or(long_name) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(header.name()),
        };
        let mut start = self.at + BLOCK;
        self.tally.explain(self.at..start);
        let Some(size) = records.size.or(header.size()) else {
            self.tally.member_gap(&name, "its header gives no size that makes sense; build the archive again");
            self.at = start;
            return Ok(());
        };
        if header.kind() == b'S' {
            start = self.old_sparse_map(header, start, &mut records);
        }
        if !self.has_content(header.kind(), size, start, &name) {
            self.at = start;
            return Ok(());
        }
        self.may_end &= size <= self.bytes.len().saturating_sub(start) as u64;
        let end = if records.sparse_in_content || records.sparse_map.is_some() {
            self.sparse(&name, start, size, records)?
        } else {
            self.tally.stored(&name, start, size)?
        };
        if header.kind() == b'M' {
            self.tally.member_gap(&name, "it began in an earlier volume of the archive; look at it unpacked");
        }
        self.go_to_block_after(end);
        Ok(())
    }

    /// Links, devices and folders have no content, but some tools give them a size all the same, and others (pax, for
    /// hard links) really store content. What follows tells which.
    fn has_content(&self, kind: u8, size: u64, start: usize, name: &[u8]) -> bool {
        match kind {
            b'1'..=b'6' | b'V' => size > 0 && matches!(self.here(start), Here::Other),
            0 | b'0' if size == 0 => !name.ends_with(b"/"),
            _ => true,
        }
    }

    /// Takes over the map of an old GNU sparse header. Answers where the content begins.
    fn old_sparse_map(&mut self, header: Header<'a>, mut start: usize, records: &mut Records<'a>) -> usize {
        let mut map = Map::default();
        map.add_old_gnu(header.sparse_entries());
        let mut goes_on = header.sparse_goes_on();
        while goes_on {
            let Some(block) = self.bytes.get(start..start + BLOCK) else { break };
            map.add_old_gnu(&block[..504]);
            goes_on = block[504] != 0;
            self.tally.explain(start..start + BLOCK);
            start += BLOCK;
        }
        records.sparse_map = Some(map);
        records.sparse_size = header.sparse_size();
        start
    }

    /// Hands out a sparse file with its holes filled, as far as the limits allow. Answers where the stored part ends.
    fn sparse(&mut self, name: &[u8], start: usize, size: u64, records: Records<'a>) -> Result<usize, FormatError> {
        let there = self.bytes.get(start..).unwrap_or_default();
        let stored = &there[..there.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
        let map = match records.sparse_map {
            _ if records.sparse_in_content => Map::in_content(stored),
            map => map.map(|map| (map, 0)),
        };
        let filled = records.sparse_size.unwrap_or(size);
        let Some((map, skip)) = map.filter(|(map, skip)| map.fits(filled, size.saturating_sub(*skip as u64))) else {
            self.tally.member_gap(name, "the map of its holes makes no sense; only what is stored was looked at");
            return Ok(self.tally.stored(name, start, size)?);
        };
        let shown = String::from_utf8_lossy(name);
        let content = stored.get(skip..).unwrap_or_default();
        let (bytes, complete) = self.tally.out.inflate(&shown, map.fill(content, filled), filled);
        self.tally.member(name, bytes)?;
        if complete {
            self.tally.explain(start..start + stored.len());
        }
        Ok(start + stored.len())
    }
}

#[cfg(test)]
mod tests;
