//! UTF-16 text, with a byte order mark or evident from its ASCII (Unicode Standard, section 23.8).

use crate::bytes::{Bytes, Probe, text};
use crate::finding::Artifact;
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Text in UTF-16, either byte order: what Windows tools write.
pub struct Utf16;

/// How many code units are looked at to tell text from binary data that starts like a byte order mark.
const LOOK: usize = 2 << 10;

impl Format for Utf16 {
    fn name(&self) -> &'static str {
        "utf-16"
    }

    fn summary(&self) -> &'static str {
        "UTF-16 text with a byte order mark, or starting with ASCII: the decoded text is a member"
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        let head = probe.head();
        let head = &head[..head.len().min(LOOK) & !1];
        text::decode_utf16(head).is_some_and(|text| {
            let odd = |c: char| c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace();
            text.chars().filter(|c| odd(*c)).count() * 20 <= text.chars().count()
        })
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let text = text::decode_utf16(&artifact.bytes).ok_or(FormatError::NotThis)?;
        out.decoded(artifact.path.base_name(), Bytes::from(text))?;
        // The raw bytes are searched as well where text in the other byte order, or in none, may lie among them.
        Ok(if hides_other_text(&artifact.bytes) { Coverage::Part } else { Coverage::Whole })
    }
}

/// How many code units in a row tell hidden text from what languages write: shorter than any secret.
const HIDDEN: usize = 6;

/// Whether some run of code units is ASCII text when it is read in the other byte order, or byte by byte.
fn hides_other_text(bytes: &[u8]) -> bool {
    // Without a mark, ASCII tells: its high byte is 0.
    let little = bytes.starts_with(&[0xff, 0xfe]) || bytes.get(1) == Some(&0);
    let mut run = 0;
    bytes.chunks_exact(2).skip(1).any(|unit| {
        let (low, high) = if little { (unit[0], unit[1]) } else { (unit[1], unit[0]) };
        let other = high.is_ascii_graphic() && (low == 0 || low.is_ascii_graphic());
        run = if other { run + 1 } else { 0 };
        run >= HIDDEN
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::inspect;

    #[test]
    fn text_is_decoded_and_binary_data_is_left_alone() {
        let utf16: Vec<u8> = "\u{feff}key = värde\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let looked = inspect(&Utf16, "a.ini", &utf16);
        assert_eq!(looked.members[0].bytes, "key = värde\n".as_bytes());
        assert_eq!(looked.members[0].path.to_string(), "a.ini");
        assert!(matches!(looked.result, Ok(Coverage::Whole)));
        for hidden in [&b"key=plaintext;"[..], b"o\0t\0h\0e\0r\0=\0k\0e\0y\0"] {
            let hidden = [&utf16, hidden].concat();
            assert!(matches!(inspect(&Utf16, "a.ini", &hidden).result, Ok(Coverage::Part)));
        }
        let binary: Vec<u8> = [0xff, 0xfe].into_iter().chain((0..200u8).map(|byte| byte % 7)).collect();
        assert!(!inspect(&Utf16, "a.bin", &binary).sniffed);
    }
}
