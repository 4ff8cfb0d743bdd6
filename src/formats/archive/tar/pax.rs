//! Extended headers: the records of POSIX pax (IEEE Std 1003.1, pax, "pax Extended Header") that change how the next
//! member is read, with the sparse records of GNU tar.

use super::sparse::Map;
use crate::formats::archive::tally::decimal;

/// What extended headers say about the next member.
#[derive(Debug, Default, Clone)]
pub(super) struct Records<'a> {
    /// The whole name.
    pub(super) path: Option<&'a [u8]>,
    /// How many bytes are stored.
    pub(super) size: Option<u64>,
    /// GNU sparse: the name of the file itself, while `path` names a placeholder.
    pub(super) sparse_name: Option<&'a [u8]>,
    /// GNU sparse: the size with holes.
    pub(super) sparse_size: Option<u64>,
    /// GNU sparse, format 0: the map. Format 1 keeps it in front of the content.
    pub(super) sparse_map: Option<Map>,
    /// GNU sparse, format 1.
    pub(super) sparse_in_content: bool,
}

/// How reading the records went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All were read, and they say nothing but what tar itself needs.
    Plain,
    /// All were read, and some hold other text: comments, extended attributes, vendor records.
    WithText,
    /// They are malformed from some point on.
    Damaged,
}

impl<'a> Records<'a> {
    /// Adds the records in `data`, each `<length> <key>=<value>\n` with the length of the whole record in decimal.
    pub(super) fn read(&mut self, mut data: &'a [u8]) -> Reading {
        let mut reading = Reading::Plain;
        while data.first().is_some_and(|byte| *byte != 0) {
            let Some((key, value, rest)) = record(data) else { return Reading::Damaged };
            match self.set(key, value) {
                Some(true) => {}
                Some(false) => reading = Reading::WithText,
                None => return Reading::Damaged,
            }
            data = rest;
        }
        reading
    }

    /// Whether the key is one that holds no text of its own; `None` where its value makes no sense.
    fn set(&mut self, key: &[u8], value: &'a [u8]) -> Option<bool> {
        match key {
            b"path" => self.path = Some(value),
            b"size" => self.size = Some(decimal(value)?),
            b"GNU.sparse.name" => self.sparse_name = Some(value),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse_size = Some(decimal(value)?),
            b"GNU.sparse.major" => self.sparse_in_content = value == b"1",
            b"GNU.sparse.offset" => self.map().offset(decimal(value)?),
            b"GNU.sparse.numbytes" => self.map().length(decimal(value)?),
            b"GNU.sparse.map" => {
                for (index, number) in value.split(|byte| *byte == b',').enumerate() {
                    let number = decimal(number)?;
                    if index % 2 == 0 { self.map().offset(number) } else { self.map().length(number) }
                }
            }
            b"mtime"
            | b"atime"
            | b"ctime"
            | b"uid"
            | b"gid"
            | b"uname"
            | b"gname"
            | b"linkpath"
            | b"hdrcharset"
            | b"GNU.sparse.minor"
            | b"GNU.sparse.numblocks" => {}
            _ => return Some(false),
        }
        Some(true)
    }

    fn map(&mut self) -> &mut Map {
        self.sparse_map.get_or_insert_default()
    }
}

/// The first record: key, value, and what follows it.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    // Twenty digits hold any length; without this bound a record without a space would be searched over and over.
    let space = memchr::memchr(b' ', &data[..data.len().min(21)])?;
    let length = usize::try_from(decimal(&data[..space])?).ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', record)?;
    Some((&record[..equals], &record[equals + 1..], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_up_to_the_first_that_makes_no_sense() {
        let mut records = Records::default();
        assert_eq!(records.read(b"12 path=a/b\n11 size=77\n"), Reading::Plain);
        assert_eq!((records.path, records.size), (Some(&b"a/b"[..]), Some(77)));
        assert_eq!(records.read(b"15 comment=abc\n\0\0"), Reading::WithText);
        for wrong in ["99 path=a\n", "10 path=x", "x", "8 size=\n", "0 a=b\n", "2 \n", "13 size=-100\n"] {
            assert_eq!(Records::default().read(wrong.as_bytes()), Reading::Damaged, "{wrong}");
        }
    }
}
