//! Unix `ar` archives: `.deb` packages, static libraries (`.a`, `.lib`, `.rlib`). There is no standard; the layouts are
//! those of ar(5) on BSD, of GNU binutils and of the PE/COFF specification ("Archive (Library) File Format").

use std::borrow::Cow;

use super::tally::{Tally, decimal};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

const MAGIC: &[u8] = b"!<arch>\n";
/// An archive that only names files that lie elsewhere.
const THIN: &[u8] = b"!<thin>\n";
const HEADER: usize = 60;
/// How far a name in the name table may reach; without a bound, many members could each have a huge table searched.
const NAME: usize = 4 << 10;

/// Unix `ar` archives.
pub struct Ar;

impl Format for Ar {
    fn name(&self) -> &'static str {
        "ar"
    }

    fn summary(&self) -> &'static str {
        "Unix ar archives (deb packages, static libraries; GNU, BSD and Microsoft names): hands out every file"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        probe.starts_with(MAGIC) || probe.starts_with(THIN)
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut tally = Tally::new(artifact, out, "ar");
        let bytes: &[u8] = &artifact.bytes;
        let walk = Walk { bytes, at: MAGIC.len(), thin: bytes.starts_with(THIN), names: &[], tally: &mut tally };
        let result = walk.run();
        tally.finish(result)
    }
}

/// The two fields of a member header that matter here.
struct Header<'a> {
    name: &'a [u8],
    size: u64,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let header = bytes.get(at..)?.get(..HEADER)?;
        let size = decimal(header[48..58].trim_ascii_end())?;
        header.ends_with(b"`\n").then_some(Header { name: header[..16].trim_ascii_end(), size })
    }
}

struct Walk<'a, 'w, 't, 'i> {
    bytes: &'a [u8],
    at: usize,
    thin: bool,
    /// The table of long names (`//`).
    names: &'a [u8],
    tally: &'w mut Tally<'t, 'i>,
}

impl<'a> Walk<'a, '_, '_, '_> {
    fn run(mut self) -> Result<(), FormatError> {
        let length = self.bytes.len();
        self.tally.explain(0..MAGIC.len());
        while self.at < length {
            if self.at + HEADER > length {
                self.tally.padding(self.at..length);
                return Err(FormatError::broken(self.at as u64, "it ends inside a header; build the archive again"));
            }
            let Some(header) = self.header() else {
                if self.at == MAGIC.len() {
                    return Err(FormatError::NotThis);
                }
                let reason = "a member header is damaged; what follows could not be read; build the archive again";
                return Err(FormatError::broken(self.at as u64, reason));
            };
            let start = self.at + HEADER;
            self.tally.explain(self.at..start);
            let end = self.entry(&header, start)?;
            // Members start at even offsets.
            self.at = end;
            if end % 2 == 1 && end < length {
                self.tally.explain(end..end + 1);
                self.at += 1;
            }
        }
        Ok(())
    }

    /// The header here, or one byte earlier: some writers forget to pad.
    fn header(&mut self) -> Option<Header<'a>> {
        Header::read(self.bytes, self.at).or_else(|| {
            let unpadded = self.at.checked_sub(1).filter(|at| at % 2 == 1)?;
            let header = Header::read(self.bytes, unpadded)?;
            self.at = unpadded;
            Some(header)
        })
    }

    /// Reads the member whose content begins at `start`. Answers where it ends.
    fn entry(&mut self, header: &Header<'a>, start: usize) -> Result<usize, FormatError> {
        let length = self.bytes.len();
        let full = start.saturating_add(usize::try_from(header.size).unwrap_or(usize::MAX));
        let end = full.min(length);
        let content = &self.bytes[start..end];
        match header.name {
            b"//" => self.names = content,
            name if is_symbol_table(name) => {}
            _ if self.thin => return Ok(start),
            name => {
                let Some(count) = name.strip_prefix(b"#1/").and_then(decimal) else {
                    let name = self.long_name(name);
                    return Ok(self.tally.stored(&name, start, header.size)?);
                };
                // BSD: the name is the beginning of the content, padded with NULs.
                let count = usize::try_from(count).unwrap_or(usize::MAX).min(content.len());
                let name = content[..count].trim_ascii_end();
                let name = &name[..memchr::memchr(0, name).unwrap_or(name.len())];
                if !is_symbol_table(name) {
                    let size = header.size.saturating_sub(count as u64);
                    self.tally.explain(start..start + count);
                    return Ok(self.tally.stored(name, start + count, size)?);
                }
            }
        }
        self.tally.explain(start..end);
        if full > length {
            return Err(FormatError::broken(start as u64, "it ends inside a table; build the archive again"));
        }
        Ok(end)
    }

    /// The name, looked up in the table where it is an offset into it, without the `/` that ends it.
    fn long_name(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        let table = name
            .strip_prefix(b"/")
            .and_then(decimal)
            .and_then(|offset| self.names.get(usize::try_from(offset).ok()?..));
        let Some(table) = table else {
            return Cow::Borrowed(name.strip_suffix(b"/").unwrap_or(name));
        };
        let table = &table[..table.len().min(NAME)];
        // GNU ends names with "/\n", Microsoft with NUL.
        let end = table.iter().position(|byte| matches!(byte, b'\n' | 0)).unwrap_or(table.len());
        let name = &table[..end];
        Cow::Borrowed(name.strip_suffix(b"/").unwrap_or(name))
    }
}

/// Symbol tables, which list names of functions and nothing that was written for readers.
fn is_symbol_table(name: &[u8]) -> bool {
    matches!(name, b"/" | b"/SYM64/" | b"__.SYMDEF" | b"__.SYMDEF SORTED" | b"__.SYMDEF_64" | b"__.SYMDEF_64 SORTED")
        || name.starts_with(b"/<")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let size = content.len();
        let mut out = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 100_644).into_bytes();
        out.extend_from_slice(content);
        if out.len() % 2 == 1 {
            out.push(b'\n');
        }
        out
    }

    fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
        [MAGIC.to_vec(), entries.concat()].concat()
    }

    fn look(bytes: &[u8]) -> Looked {
        inspect(&Ar, "a.ar", bytes)
    }

    fn names(looked: &Looked) -> Vec<&str> {
        looked.members.iter().map(|member| member.path.logical()).collect()
    }

    #[test]
    fn a_deb_hands_out_its_parts() {
        let looked = look(&archive(&[
            entry("debian-binary", b"2.0\n"),
            entry("control.tar.xz/", b"odd"),
            entry("data.tar.xz", b""),
        ]));
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert_eq!(names(&looked), ["debian-binary", "control.tar.xz", "data.tar.xz"]);
        assert_eq!(&looked.members[1].bytes[..], b"odd");
        assert_eq!(looked.stated.facts.int("archive.members"), 3);
    }

    #[test]
    fn libraries_have_symbol_tables_and_long_names() {
        let looked = look(&archive(&[
            entry("/", b"\0\0\0\0"),
            entry("//", b"a_long_name_of_an_object.o/\nanother\0"),
            entry("/0", b"one"),
            entry("/28", b"two"),
            entry("#1/20", b"bsd_name_of_object.othree"),
            entry("#1/20", b"__.SYMDEF SORTED\0\0\0\0xxxx"),
        ]));
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert_eq!(names(&looked), ["a_long_name_of_an_object.o", "another", "bsd_name_of_object.o"]);
        assert_eq!(&looked.members[2].bytes[..], b"three");
    }

    #[test]
    fn thin_archives_only_name_files() {
        let mut bytes = archive(&[entry("/", b"\0\0\0\0"), entry("a.o/", b"")]);
        bytes[..8].copy_from_slice(THIN);
        let at = bytes.len() - 12;
        bytes[at..at + 2].copy_from_slice(b"99");
        let looked = look(&bytes);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        assert!(looked.members.is_empty());
    }

    #[test]
    fn text_about_archives_is_no_archive() {
        let text = format!("!<arch>\n{}", "is how an ar archive begins. ".repeat(9));
        assert!(matches!(look(text.as_bytes()).result, Err(FormatError::NotThis)));
    }

    #[test]
    fn a_damaged_header_keeps_the_members_before_it() {
        let mut bytes = archive(&[entry("a/", b"first"), entry("b/", b"second")]);
        let at = bytes.len() - 7;
        bytes[at] = b'?';
        let looked = look(&bytes);
        assert_eq!(names(&looked), ["a"]);
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn cut_off_archives_leave_a_gap() {
        let entries = [entry("//", &[b'n'; 100]), entry("a/", &[b'a'; 200]), entry("b/", &[b'b'; 333])];
        let ends: Vec<usize> = (0..=3).map(|count| archive(&entries[..count]).len()).collect();
        let whole = archive(&entries);
        for cut in (8..whole.len()).step_by(97).chain(8..whole.len() - 1) {
            let looked = look(&whole[..cut]);
            let gap = !looked.stated.gaps.is_empty() || matches!(looked.result, Err(FormatError::Broken(_)));
            // The format has no end marker: a cut between members cannot be seen.
            assert_eq!(gap, !ends.contains(&cut), "{cut}");
        }
    }
}
