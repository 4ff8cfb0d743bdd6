//! Electron's asar archives (README of electron/asar, "Format"): four length words, an index in JSON, then the files one
//! after the other, uncompressed. The index is read as a stream, so that a damaged one still gives the files before the
//! damage.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::tally::{Tally, decimal};
use crate::bytes::{Bytes, Cursor, Probe};
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Where the index begins.
const INDEX: usize = 16;

/// Electron archives.
pub struct Asar;

impl Format for Asar {
    fn name(&self) -> &'static str {
        "asar"
    }

    fn summary(&self) -> &'static str {
        "Electron's asar archives: hands out every packed file"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        lengths(probe.head()).is_some() && probe.head().get(INDEX).is_none_or(|byte| *byte == b'{')
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let Some((index_end, base)) = lengths(&artifact.bytes) else { return Err(FormatError::NotThis) };
        let mut tally = Tally::new(artifact, out, "asar");
        let mut files = Files {
            bytes: &artifact.bytes,
            base,
            path: String::new(),
            seen: BTreeMap::new(),
            limit: false,
            tally: &mut tally,
        };
        let result = files.read_index(index_end);
        let seen = std::mem::take(&mut files.seen);
        if result.is_ok() {
            // Names and checksums, both of which are known by now.
            tally.explain(0..artifact.bytes.len().min(base));
        }
        for (start, end) in seen {
            tally.explain(start..end);
        }
        tally.finish(result)
    }
}

/// Where the index ends and where the files begin, if the four words agree. They are two nested "pickles" of Chromium:
/// one that holds the size of the other, which holds a string and pads it to four bytes.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut cursor = Cursor::new(bytes);
    let [four, outer, inner, text] = std::array::from_fn(|_| cursor.u32_le().ok());
    let (outer, inner, text) = (u64::from(outer?), u64::from(inner?), u64::from(text?));
    let agree = four? == 4 && outer == inner + 4 && (text + 4..text + 8).contains(&inner) && text >= 2;
    let base = usize::try_from(8 + outer).ok()?;
    agree.then_some((INDEX + usize::try_from(text).ok()?, base))
}

/// The files of the archive, while the index is read.
struct Files<'w, 't, 'i> {
    bytes: &'w Bytes,
    base: usize,
    path: String,
    /// What was handed out: start and end.
    seen: BTreeMap<usize, usize>,
    limit: bool,
    tally: &'w mut Tally<'t, 'i>,
}

/// What the index says about one file.
#[derive(Default)]
struct Entry {
    size: Option<u64>,
    offset: Option<u64>,
    /// A link, or a file that lies beside the archive: it has no content here.
    elsewhere: bool,
}

impl Files<'_, '_, '_> {
    fn read_index(&mut self, end: usize) -> Result<(), FormatError> {
        let bytes = self.bytes.clone();
        let index = bytes.get(INDEX..end.min(bytes.len())).unwrap_or_default();
        let mut json = serde_json::Deserializer::from_slice(index);
        let read = Node { files: self, root: true }.deserialize(&mut json).and_then(|()| json.end());
        match read {
            Ok(()) => Ok(()),
            Err(_) if self.limit => Err(FormatError::Limit(crate::formats::LimitReached)),
            Err(error) => {
                let offset = INDEX + if error.line() == 1 { error.column() } else { 0 };
                let reason = format!("the index cannot be read to its end ({error}); build the archive again");
                Err(FormatError::broken(offset as u64, reason))
            }
        }
    }

    fn file(&mut self, entry: &Entry) -> Result<(), crate::formats::LimitReached> {
        if entry.elsewhere {
            return Ok(());
        }
        let place = entry.size.zip(entry.offset).and_then(|(size, offset)| {
            let start = self.base.checked_add(usize::try_from(offset).ok()?)?;
            Some((start, start.checked_add(usize::try_from(size).ok()?)?))
        });
        let name = self.path.as_bytes();
        let Some((start, end)) = place else {
            self.tally.member_gap(name, "the index gives no place for it that makes sense; build the archive again");
            return Ok(());
        };
        let length = self.bytes.len();
        let there = end.min(length);
        if start > length {
            self.tally.member_gap(name, format!("it lies at offset {start}, past the end; build the archive again"));
            return Ok(());
        }
        if self.overlaps(start, there) {
            self.tally.member_gap(name, format!("it shares bytes at offset {start} with another file of the archive"));
            return Ok(());
        }
        self.tally.member(name, self.bytes.slice(start..there))?;
        if start < there {
            self.seen.insert(start, there);
        }
        if there < end {
            let reason = format!("it is cut off: {} of its {} bytes are there", there - start, end - start);
            self.tally.member_gap(name, reason + "; build the archive again");
        }
        Ok(())
    }

    /// Whether some of these bytes were handed out already. Without this, a small archive could hand out the same
    /// large piece under a million names.
    fn overlaps(&self, start: usize, end: usize) -> bool {
        start < end && self.seen.range(..end).next_back().is_some_and(|(_, seen_end)| *seen_end > start)
    }
}

/// Reads one entry of the index: a folder, a file or a link.
struct Node<'f, 'w, 't, 'i> {
    files: &'f mut Files<'w, 't, 'i>,
    root: bool,
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of the index")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut entry = Entry::default();
        let mut folder = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "files" => {
                    folder = true;
                    map.next_value_seed(Folder { files: self.files })?;
                }
                "size" => entry.size = number(&map.next_value()?),
                "offset" => entry.offset = number(&map.next_value()?),
                "unpacked" => entry.elsewhere |= map.next_value::<Value>()? == Value::Bool(true),
                "link" => {
                    map.next_value::<IgnoredAny>()?;
                    entry.elsewhere = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if self.root {
            return if folder { Ok(()) } else { Err(M::Error::missing_field("files")) };
        }
        if !folder && self.files.file(&entry).is_err() {
            self.files.limit = true;
            return Err(M::Error::custom("a limit was reached"));
        }
        Ok(())
    }
}

/// Reads the entries of a folder. The depth is bounded by serde_json, which gives up after 128 levels.
struct Folder<'f, 'w, 't, 'i> {
    files: &'f mut Files<'w, 't, 'i>,
}

impl<'de> DeserializeSeed<'de> for Folder<'_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Folder<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a folder")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let folder = self.files.path.len();
        while let Some(name) = map.next_key::<String>()? {
            if folder > 0 {
                self.files.path.push('/');
            }
            self.files.path.push_str(&name);
            map.next_value_seed(Node { files: self.files, root: false })?;
            self.files.path.truncate(folder);
        }
        Ok(())
    }
}

/// A number, or one in decimal digits: offsets are strings, since JavaScript's numbers end at 2^53.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| decimal(value.as_str()?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn forge(index: &str, data: &[u8]) -> Vec<u8> {
        let text = index.len() as u32;
        let padded = text.next_multiple_of(4);
        let mut out: Vec<u8> =
            [4, padded + 8, padded + 4, text].into_iter().flat_map(|word: u32| word.to_le_bytes()).collect();
        out.extend_from_slice(index.as_bytes());
        out.resize(INDEX + padded as usize, 0);
        out.extend_from_slice(data);
        out
    }

    fn look(bytes: &[u8]) -> Looked {
        inspect(&Asar, "app.asar", bytes)
    }

    fn members(looked: &Looked) -> Vec<(&str, &[u8])> {
        looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect()
    }

    const INDEX_JSON: &str = r#"{"files":{"src":{"files":{"main.js":{"size":4,"offset":"0","integrity":{"hash":"x"}},
        "empty":{"size":0,"offset":"4"}}},".env":{"offset":"4","size":3,"executable":true},
        "native.node":{"size":99,"unpacked":true},"now":{"link":"src/main.js"},"none":{"files":{}}}}"#;

    #[test]
    fn packed_files_are_members_and_others_are_no_gap() {
        let looked = look(&forge(INDEX_JSON, b"mainenv"));
        assert_eq!(members(&looked), [("src/main.js", &b"main"[..]), ("src/empty", b""), (".env", b"env")]);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert!(looked.stated.gaps.is_empty());
    }

    #[test]
    fn bytes_that_no_entry_names_stay_to_be_searched() {
        let looked = look(&forge(r#"{"files":{"a":{"size":2,"offset":"4"}}}"#, b"leftaa"));
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.stated.explained, [0..56, 60..62]);
    }

    #[test]
    fn entries_outside_or_across_others_are_gaps() {
        let index = r#"{"files":{"a":{"size":4,"offset":"0"},"b":{"size":2,"offset":"3"},"c":{"size":1,"offset":"99"},
            "d":{"size":-1,"offset":"0"},"e":{"size":18446744073709551615,"offset":"1"},"f":{"size":9,"offset":"4"}}}"#;
        let looked = look(&forge(index, b"aaaaffff"));
        assert_eq!(members(&looked), [("a", &b"aaaa"[..]), ("f", b"ffff")]);
        assert_eq!(looked.stated.gaps.len(), 5);
    }

    #[test]
    fn a_damaged_index_still_gives_the_files_before_the_damage() {
        let looked = look(&forge(r#"{"files":{"a":{"size":1,"offset":"0"},"b":{"size":5}?}}"#, b"a"));
        assert_eq!(members(&looked), [("a", &b"a"[..])]);
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
        let deep = format!(r#"{{"files":{}"#, r#"{"d":{"files":"#.repeat(100_000));
        assert!(matches!(look(&forge(&deep, b"")).result, Err(FormatError::Broken(_))));
        assert!(matches!(look(&forge("{}", b"")).result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn long_folder_names_do_not_multiply() {
        let entries: Vec<String> = (0..2_000).map(|index| format!(r#""{index}":{{"size":0,"offset":"0"}}"#)).collect();
        let index = format!(r#"{{"files":{{"{}":{{"files":{{{}}}}}}}}}"#, "n".repeat(100_000), entries.join(","));
        let looked = look(&forge(&index, b""));
        assert_eq!(looked.members.len(), 2_000);
        assert!(members(&looked).iter().map(|(name, _)| name.len()).sum::<usize>() < 5_000_000);
    }

    #[test]
    fn the_four_words_have_to_agree() {
        let whole = forge(INDEX_JSON, b"mainenv");
        for word in [0, 4, 8, 12] {
            let mut bytes = whole.clone();
            bytes[word] ^= 0x10;
            assert!(!look(&bytes).sniffed, "{word}");
        }
        assert!(!look(&[4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]).sniffed);
    }

    #[test]
    fn cut_off_archives_leave_a_gap() {
        let whole = forge(INDEX_JSON, b"mainenv");
        for cut in (16..whole.len()).step_by(97).chain(whole.len() - 9..whole.len()) {
            let looked = look(&whole[..cut]);
            assert!(!looked.stated.gaps.is_empty() || matches!(looked.result, Err(FormatError::Broken(_))), "{cut}");
        }
    }
}
