//! The names and places of a zip's members, for models that are zip files. The zip format hands the members out; this
//! only looks at the list.
//!
//! Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (end
//! records).

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use crate::bytes::inflate::{self, KeepAll};
use crate::bytes::{Cursor, ReadError};

/// No model has more members than this.
const ENTRY_LIMIT: usize = 200_000;

/// The end record and the longest comment behind it.
const END_SEARCH: usize = 22 + 0xffff;

/// One member.
#[derive(Debug, Clone)]
pub(in crate::formats) struct Entry {
    pub(in crate::formats) name: String,
    /// Uncompressed size in bytes.
    pub(super) size: u64,
    /// Stored size in bytes.
    pub(super) packed: u64,
    /// Compression method: 0 stored, 8 deflate.
    pub(super) method: u16,
    /// Whether general flag bit 0 is set.
    pub(super) encrypted: bool,
    /// Where its local header is.
    pub(super) header: u64,
}

impl Entry {
    /// Where the stored bytes are; `None` where the file does not hold them all.
    pub(super) fn data(&self, zip: &[u8]) -> Option<Range<usize>> {
        let mut cursor = Cursor::at(zip, self.header);
        if cursor.take(4).ok()? != b"PK\x03\x04" {
            return None;
        }
        cursor.skip(22).ok()?;
        let (name, extra) = (cursor.u16_le().ok()?, cursor.u16_le().ok()?);
        cursor.skip(u64::from(name) + u64::from(extra)).ok()?;
        let start = cursor.offset();
        cursor.skip(self.packed).ok()?;
        Some(start as usize..cursor.offset() as usize)
    }

    /// The first `limit` bytes of the content, or fewer. `None` where the method is not read here.
    pub(super) fn content<'a>(&self, zip: &'a [u8], limit: u64) -> Option<Cow<'a, [u8]>> {
        if self.encrypted {
            return None;
        }
        let stored = zip.get(self.data(zip)?)?;
        match self.method {
            0 => Some(Cow::Borrowed(&stored[..stored.len().min(usize::try_from(limit).unwrap_or(usize::MAX))])),
            8 => {
                let reader = flate2::read::DeflateDecoder::new(stored).take(limit);
                Some(Cow::Owned(inflate::inflate(reader, limit, self.size.min(limit), &mut KeepAll).bytes.to_vec()))
            }
            _ => None,
        }
    }
}

/// The name in the local header at the start of a zip.
pub(in crate::formats) fn first_name(zip: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(zip);
    if cursor.take(4).ok()? != b"PK\x03\x04" {
        return None;
    }
    cursor.skip(22).ok()?;
    let length = cursor.u16_le().ok()?;
    cursor.skip(2).ok()?;
    cursor.take(usize::from(length)).ok()
}

/// The members that the central directory lists.
///
/// # Errors
/// When there is no end record, or the directory is damaged.
pub(in crate::formats) fn entries(zip: &[u8]) -> Result<Vec<Entry>, ReadError> {
    let (start, end, base) = directory(zip)?;
    let mut cursor = Cursor::new(zip.get(..end as usize).unwrap_or_default());
    cursor.skip(start)?;
    let mut entries = Vec::new();
    while cursor.remaining() >= 46 {
        if cursor.take(4)? != b"PK\x01\x02" {
            return Err(cursor.error("the zip's directory is damaged"));
        }
        if entries.len() >= ENTRY_LIMIT {
            return Err(cursor.error(format!("the zip has more than {ENTRY_LIMIT} members, no model has")));
        }
        entries.push(entry(&mut cursor, base)?);
    }
    Ok(entries)
}

fn entry(cursor: &mut Cursor<'_>, base: u64) -> Result<Entry, ReadError> {
    cursor.skip(4)?;
    let flags = cursor.u16_le()?;
    let method = cursor.u16_le()?;
    cursor.skip(8)?;
    let (mut packed, mut size) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
    let (name, extra, comment) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
    cursor.skip(8)?;
    let mut header = u64::from(cursor.u32_le()?);
    let name = String::from_utf8_lossy(cursor.take(usize::from(name))?).into_owned();
    let extra = cursor.take(usize::from(extra))?;
    cursor.skip(u64::from(comment))?;
    let mut wide = wide_field(extra);
    for number in [&mut size, &mut packed, &mut header] {
        if *number == u64::from(u32::MAX) {
            *number = wide.u64_le().unwrap_or(*number);
        }
    }
    Ok(Entry { name, size, packed, method, encrypted: flags & 1 != 0, header: header.saturating_add(base) })
}

/// The content of the zip64 extra field (4.5.3), empty where there is none.
fn wide_field(extra: &[u8]) -> Cursor<'_> {
    let mut cursor = Cursor::new(extra);
    while let (Ok(id), Ok(length)) = (cursor.u16_le(), cursor.u16_le()) {
        match cursor.take(usize::from(length)) {
            Ok(field) if id == 1 => return Cursor::new(field),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Cursor::new(&[])
}

/// Where the central directory starts and ends, and how many bytes stand before the zip.
fn directory(zip: &[u8]) -> Result<(u64, u64, u64), ReadError> {
    let tail = zip.len().saturating_sub(END_SEARCH);
    let missing = || ReadError::new(zip.len() as u64, "the zip has no end record; it is cut off, copy it again");
    let end = memchr::memmem::rfind(&zip[tail..], b"PK\x05\x06").map(|at| tail + at).ok_or_else(missing)? as u64;
    let mut cursor = Cursor::at(zip, end + 12);
    let (mut size, mut offset) = (u64::from(cursor.u32_le()?), u64::from(cursor.u32_le()?));
    // The length of the comment, which may be cut off without harm.
    cursor.skip(2)?;
    let mut stop = end;
    // PyTorch writes the wide records even where the narrow fields have room for everything.
    if let Some(wide) = wide_end(zip, end) {
        let mut cursor = Cursor::at(zip, wide + 40);
        (size, offset, stop) = (cursor.u64_le()?, cursor.u64_le()?, wide);
    }
    let start = stop.checked_sub(size);
    let base = start.and_then(|start| start.checked_sub(offset));
    match (start, base) {
        (Some(start), Some(base)) => Ok((start, stop, base)),
        _ => Err(ReadError::new(end, "the zip's end record points outside the file")),
    }
}

/// Where the zip64 end record is, by the locator before the end record.
fn wide_end(zip: &[u8], end: u64) -> Option<u64> {
    let locator = end.checked_sub(20)?;
    let mut cursor = Cursor::at(zip, locator);
    if cursor.take(4).ok()? != b"PK\x06\x07" {
        return None;
    }
    cursor.skip(4).ok()?;
    let told = cursor.u64_le().ok()?;
    [told, locator.checked_sub(56)?].into_iter().find(|at| Cursor::at(zip, *at).take(4).ok() == Some(b"PK\x06\x06"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Forges a zip of stored members, with bit 0 of the flags as asked.
    pub(in super::super) fn forge(members: &[(&str, &[u8])], encrypted: bool) -> Vec<u8> {
        let (mut zip, mut central) = (Vec::new(), Vec::new());
        for (name, content) in members {
            let offset = zip.len() as u32;
            let mut fields = vec![20, 0, u8::from(encrypted), 0, 0, 0, 0, 0, 0, 0];
            fields.extend(crc32fast::hash(content).to_le_bytes());
            fields.extend((content.len() as u32).to_le_bytes());
            fields.extend((content.len() as u32).to_le_bytes());
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend([0, 0]);
            zip.extend(b"PK\x03\x04");
            zip.extend(&fields);
            zip.extend(name.as_bytes());
            zip.extend(*content);
            central.extend(b"PK\x01\x02\x14\x00");
            central.extend(&fields);
            central.extend([0; 10]);
            central.extend(offset.to_le_bytes());
            central.extend(name.as_bytes());
        }
        let start = zip.len() as u32;
        zip.extend(&central);
        zip.extend(b"PK\x05\x06\0\0\0\0");
        zip.extend((members.len() as u16).to_le_bytes());
        zip.extend((members.len() as u16).to_le_bytes());
        zip.extend((central.len() as u32).to_le_bytes());
        zip.extend(start.to_le_bytes());
        zip.extend([0, 0]);
        zip
    }

    #[test]
    fn members_are_found_even_behind_a_prefix() {
        let mut zip = b"#!/bin/sh\n".to_vec();
        zip.extend(forge(&[("a/b", b"one"), ("c", b"")], false));
        let entries = entries(&zip).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a/b", "c"]);
        assert_eq!(entries[0].content(&zip, 2).as_deref(), Some(&b"on"[..]));
        assert_eq!(&zip[entries[0].data(&zip).unwrap()], b"one");
    }

    #[test]
    fn wide_records_count_even_where_nobody_needs_them() {
        let plain = forge(&[("a", b"one"), ("b", b"")], false);
        let end = plain.len() - 22;
        let field = |at: usize| u64::from(u32::from_le_bytes(plain[end + at..end + at + 4].try_into().unwrap()));
        let (size, offset) = (field(12), field(16));
        let mut zip = plain[..end].to_vec();
        zip.extend(b"PK\x06\x06");
        zip.extend(44u64.to_le_bytes());
        zip.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        zip.extend([2, 2, size, offset].map(u64::to_le_bytes).concat());
        zip.extend(b"PK\x06\x07\0\0\0\0");
        zip.extend((end as u64).to_le_bytes());
        zip.extend([1, 0, 0, 0]);
        zip.extend(&plain[end..]);
        let entries = entries(&zip).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(&zip[entries[0].data(&zip).unwrap()], b"one");
    }

    #[test]
    fn damage_never_panics() {
        let zip = forge(&[("a", b"x"), ("b", b"y")], false);
        for at in 0..zip.len() {
            let mut broken = zip.clone();
            broken[at] = 0xff;
            for entry in entries(&broken).unwrap_or_default() {
                entry.content(&broken, 10);
            }
            assert!(entries(&zip[..at]).is_err());
        }
    }
}
