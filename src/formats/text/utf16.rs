//! UTF-16 text with a byte order mark (Unicode Standard, section 23.8).

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
        "UTF-16 text with a byte order mark: the decoded text is a member"
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
        // The raw bytes are still searched: text in the other byte order, or in none, may follow.
        Ok(Coverage::Part)
    }
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
        let binary: Vec<u8> = [0xff, 0xfe].into_iter().chain((0..200u8).map(|byte| byte % 7)).collect();
        assert!(!inspect(&Utf16, "a.bin", &binary).sniffed);
    }
}
