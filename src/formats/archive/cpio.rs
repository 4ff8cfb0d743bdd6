//! cpio archives: the "new ASCII" layouts (`070701`, `070702`), the portable one of POSIX.1 (`070707`, "odc") and the old
//! binary one, as in cpio(5). Found inside RPM packages, initial RAM disks and installers.

use super::tally::Tally;
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Names are shorter in practice; a longer one means that this is something else, or damaged.
const LONGEST_NAME: u64 = 64 << 10;
const TRAILER: &[u8] = b"TRAILER!!!";
/// RPM's own variant for files over 4 GiB: names and sizes are only in the header of the package.
const STRIPPED: &[u8] = b"07070X";

/// cpio archives.
pub struct Cpio;

impl Format for Cpio {
    fn name(&self) -> &'static str {
        "cpio"
    }

    fn summary(&self) -> &'static str {
        "cpio archives (new ASCII, portable ASCII, old binary): hands out every file"
    }

    fn facts(&self) -> &'static [FactSpec] {
        super::FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        match Layout::of(probe.head()) {
            // Two bytes are not much of a mark: the first entry has to make sense.
            Some(layout @ Layout::Binary { .. }) => layout.entry(probe.all(), 0).is_ok_and(|entry| entry.is_sound()),
            Some(_) => true,
            None => probe.starts_with(STRIPPED) && probe.head()[6..].iter().take(8).all(u8::is_ascii_hexdigit),
        }
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let mut tally = Tally::new(artifact, out, "cpio");
        let result = walk(&artifact.bytes, &mut tally);
        tally.finish(result)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    New,
    Portable,
    Binary { big: bool },
}

/// One header with its name.
#[derive(Debug)]
struct Entry<'a> {
    mode: u64,
    name: &'a [u8],
    size: u64,
    /// Where the content begins.
    start: usize,
}

/// Why there is no entry.
enum Missing {
    CutOff,
    Damaged,
}

impl Layout {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => Some(Layout::New),
            [b'0', b'7', b'0', b'7', b'0', b'7', ..] => Some(Layout::Portable),
            [0xc7, 0x71, ..] => Some(Layout::Binary { big: false }),
            [0x71, 0xc7, ..] => Some(Layout::Binary { big: true }),
            _ => None,
        }
    }

    /// Headers with their names, and contents, are padded to this.
    fn alignment(self) -> usize {
        match self {
            Layout::New => 4,
            Layout::Portable => 1,
            Layout::Binary { .. } => 2,
        }
    }

    fn entry(self, bytes: &[u8], at: usize) -> Result<Entry<'_>, Missing> {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match self {
            Layout::New => 110,
            Layout::Portable => 76,
            Layout::Binary { .. } => 26,
        };
        let header = rest.get(..length).ok_or(Missing::CutOff)?;
        let (mode, name_size, size) = self.fields(header).ok_or(Missing::Damaged)?;
        if name_size == 0 || name_size > LONGEST_NAME {
            return Err(Missing::Damaged);
        }
        let end = length + name_size as usize;
        let name = rest.get(length..end).ok_or(Missing::CutOff)?;
        let name = name.strip_suffix(b"\0").ok_or(Missing::Damaged)?;
        Ok(Entry { mode, name, size, start: at + end.next_multiple_of(self.alignment()) })
    }

    /// Mode, size of the name with its NUL, size of the content.
    fn fields(self, header: &[u8]) -> Option<(u64, u64, u64)> {
        match self {
            Layout::New => Some((hex(&header[14..22])?, hex(&header[94..102])?, hex(&header[54..62])?)),
            Layout::Portable => Some((octal(&header[18..24])?, octal(&header[59..65])?, octal(&header[65..76])?)),
            Layout::Binary { big } => {
                let half = |index: usize| {
                    let raw = [header[index * 2], header[index * 2 + 1]];
                    u64::from(if big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
                };
                // Long numbers keep their upper half first, whatever the byte order.
                Some((half(3), half(10), half(11) << 16 | half(12)))
            }
        }
    }
}

impl Entry<'_> {
    /// Whether the mode is one that a file can have, and the name one that a path can have.
    fn is_sound(&self) -> bool {
        let kinds = [0o010, 0o020, 0o040, 0o060, 0o100, 0o120, 0o140];
        (self.name == TRAILER || kinds.contains(&(self.mode >> 9)))
            && !self.name.is_empty()
            && self.name.iter().all(|byte| *byte >= b' ')
    }

    /// Links keep their target where files keep their content; folders and devices have none.
    fn is_file(&self) -> bool {
        match self.mode & 0o170_000 {
            0o120_000 => false,
            0o100_000 => true,
            _ => self.size > 0,
        }
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | u64::from((*digit as char).to_digit(16)?)))
}

fn octal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| Some(value << 3 | u64::from((*digit as char).to_digit(8)?)))
}

fn walk(bytes: &[u8], tally: &mut Tally<'_, '_>) -> Result<(), FormatError> {
    let mut at = 0;
    loop {
        let Some(layout) = Layout::of(&bytes[at..]) else { return Err(lost(bytes, at)) };
        let entry = match layout.entry(bytes, at) {
            Ok(entry) if at > 0 || entry.is_sound() => entry,
            Err(Missing::CutOff) => {
                return Err(FormatError::broken(at as u64, "it ends inside a header; build the archive again"));
            }
            _ if at == 0 => return Err(FormatError::NotThis),
            _ => return Err(lost(bytes, at)),
        };
        let align = |end: usize| end.checked_next_multiple_of(layout.alignment()).unwrap_or(end).min(bytes.len());
        tally.explain(at..entry.start.min(bytes.len()));
        if entry.name == TRAILER {
            match after_trailer(bytes, align(entry.start), tally)? {
                Some(next) => at = next,
                None => return Ok(()),
            }
            continue;
        }
        let end = if entry.is_file() {
            tally.stored(entry.name, entry.start, entry.size)?
        } else {
            let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
            let end = entry.start.saturating_add(size).min(bytes.len());
            tally.explain(entry.start..end);
            end
        };
        at = align(end);
        tally.padding(end..at);
    }
}

/// What follows the end of an archive: padding, another archive, or (in initial RAM disks) a compressed one, which is
/// handed out. Answers where another archive begins.
fn after_trailer(bytes: &[u8], at: usize, tally: &mut Tally<'_, '_>) -> Result<Option<usize>, FormatError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(zeros) = rest.iter().position(|byte| *byte != 0) else {
        tally.explain(at..bytes.len());
        return Ok(None);
    };
    let next = at + zeros;
    tally.explain(at..next);
    let sound = |layout: Layout| layout.entry(bytes, next).is_ok_and(|entry| entry.is_sound());
    if Layout::of(&bytes[next..]).is_some_and(sound) {
        return Ok(Some(next));
    }
    tally.stored(b"(after the end of the archive)", next, (bytes.len() - next) as u64)?;
    Ok(None)
}

fn lost(bytes: &[u8], at: usize) -> FormatError {
    let rest = &bytes[at..];
    let reason = if rest.starts_with(STRIPPED) {
        "names and sizes of its files are only in the header of the RPM package; unpack that and look at the folder"
    } else if rest.len() < 26 {
        "it ends without its trailer and is cut off; build the archive again"
    } else {
        "a header is damaged; what follows could not be read; build the archive again"
    };
    FormatError::broken(at as u64, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Looked, inspect};

    fn new(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
        let (name_size, size) = (name.len() + 1, content.len());
        let mut out = format!("070701{:08X}{mode:08X}{:032X}{size:08X}{:032X}{name_size:08X}{:08X}", 1, 1, 0, 0);
        out.push_str(name);
        let mut out = out.into_bytes();
        out.resize((out.len() + 1).next_multiple_of(4), 0);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn portable(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
        let (name_size, size) = (name.len() + 1, content.len());
        let head = format!("070707{:012o}{mode:06o}{:035o}{name_size:06o}{size:011o}{name}\0", 1, 0);
        [head.as_bytes(), content].concat()
    }

    fn binary(name: &str, mode: u16, content: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 26];
        for (index, value) in
            [(0, 0o070_707), (3, mode), (10, name.len() as u16 + 1), (11, 0), (12, content.len() as u16)]
        {
            out[index * 2..index * 2 + 2].copy_from_slice(&value.to_le_bytes());
        }
        for part in [format!("{name}\0").as_bytes(), content] {
            out.extend_from_slice(part);
            out.resize(out.len().next_multiple_of(2), 0);
        }
        out
    }

    fn look(bytes: &[u8]) -> Looked {
        inspect(&Cpio, "a.cpio", bytes)
    }

    fn members(looked: &Looked) -> Vec<(&str, &[u8])> {
        looked.members.iter().map(|member| (member.path.logical(), &member.bytes[..])).collect()
    }

    fn forge() -> Vec<u8> {
        [
            new("./etc", 0o040_755, b""),
            new("./etc/passwd", 0o100_644, b"nobody\n"),
            new("./link", 0o120_777, b"etc/passwd"),
            new("./empty", 0o100_644, b""),
            new("TRAILER!!!", 0, b""),
        ]
        .concat()
    }

    #[test]
    fn every_layout_hands_out_its_files() {
        let files: [(&str, &[u8]); 2] = [("a", b"one"), ("b/c", b"22")];
        let portable: Vec<u8> = files.iter().flat_map(|(name, content)| portable(name, 0o100_644, content)).collect();
        let portable = [portable, self::portable("TRAILER!!!", 0, b"")].concat();
        let binary: Vec<u8> = files.iter().flat_map(|(name, content)| binary(name, 0o100_644, content)).collect();
        let binary = [binary, self::binary("TRAILER!!!", 0, b"")].concat();
        for bytes in [portable, binary] {
            let looked = look(&bytes);
            assert_eq!(members(&looked), files);
            assert!(matches!(looked.result, Ok(Coverage::Whole)));
        }
        let looked = look(&forge());
        assert_eq!(members(&looked), [("etc/passwd", &b"nobody\n"[..]), ("empty", b"")]);
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
    }

    #[test]
    fn what_follows_the_trailer_is_handed_out() {
        let mut bytes = forge();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let looked = look(&[bytes.clone(), forge(), b"\0\0\x1f\x8bcompressed".to_vec()].concat());
        assert_eq!(looked.members.len(), 5);
        assert_eq!(&looked.members[4].bytes[..], b"\x1f\x8bcompressed");
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
    }

    #[test]
    fn text_and_chance_are_no_archives() {
        for text in ["070707 is the magic of the portable layout; ".repeat(5), "070701\n".repeat(40)] {
            assert!(matches!(look(text.as_bytes()).result, Err(FormatError::NotThis)));
        }
        assert!(!look(&[0xc7, 0x71].repeat(90)).sniffed);
        assert!(!look(b"\x71\xc7 and so on and on and on and on").sniffed);
    }

    #[test]
    fn a_payload_without_names_is_a_gap() {
        let looked = look(b"07070X00000001file content");
        assert!(matches!(looked.result, Err(FormatError::Broken(_))));
    }

    #[test]
    fn cut_off_archives_leave_a_gap() {
        let mut whole = new("first", 0o100_644, &[b'f'; 500]);
        whole.extend(forge());
        for cut in (6..whole.len() - 3).step_by(97).chain(6..whole.len() - 3) {
            let looked = look(&whole[..cut]);
            let gap = !looked.stated.gaps.is_empty() || matches!(looked.result, Err(FormatError::Broken(_)));
            assert!(gap, "{cut}");
        }
        assert_eq!(look(&whole[..300]).members[0].bytes.len(), 300 - 116);
    }
}
