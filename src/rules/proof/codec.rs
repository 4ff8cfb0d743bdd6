//! Base 64 and the like, read leniently: leaked text is cut, re-wrapped and mixes alphabets.

/// Decodes base 64 of either alphabet (RFC 4648 sections 4 and 5), with or without padding; stray low bits at the end
/// are ignored, because tokens often end in a cut group.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let text = &text[..end];
    if text.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for group in text.chunks(4) {
        let mut bits: u32 = 0;
        for &byte in group {
            bits = (bits << 6) | u32::from(sextet(byte)?);
        }
        bits <<= 6 * (4 - group.len());
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(&bytes[1..group.len()]);
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// `value` in `base` (up to 62, digits in the order 0-9, A-Z, a-z), padded with zeros to at least `width`.
pub(crate) fn in_base(mut value: u32, base: u32, width: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    while value > 0 || digits.len() < width {
        digits.push(DIGITS[(value % base) as usize] as char);
        value /= base;
    }
    digits.iter().rev().collect()
}

/// The largest JSON that is parsed as a proof, in bytes: real tokens and key files are far smaller.
const JSON_MAX: usize = 256 << 10;

/// The JSON object that `text` begins with; what follows it is ignored.
pub(crate) fn json_object(text: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    let text = &text[..text.len().min(JSON_MAX)];
    match serde_json::Deserializer::from_slice(text).into_iter().next()?.ok()? {
        serde_json::Value::Object(object) => Some(object),
        _ => None,
    }
}

/// How many different bytes there are in `bytes`.
pub(crate) fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_decode_with_and_without_padding() {
        for text in ["-_8", "-_8=", "+/8=", "+/8"] {
            assert_eq!(base64(text.as_bytes()), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(base64(b"aGVsbG8"), Some(b"hello".to_vec()));
        assert_eq!(base64(b""), Some(Vec::new()));
        assert_eq!(base64(b"aGVsb"), None);
        assert_eq!(base64(b"a.b="), None);
    }

    #[test]
    fn bases_are_padded() {
        assert_eq!(in_base(0, 62, 6), "000000");
        assert_eq!(in_base(61, 62, 2), "0z");
        assert_eq!(in_base(32, 36, 2).to_ascii_lowercase(), "0w");
    }

    #[test]
    fn only_objects_count_and_text_after_them_is_ignored() {
        assert!(json_object(br#"{"a":1} and more"#).is_some());
        assert!(json_object(b"[1]").is_none());
        assert!(json_object(b"{").is_none());
        assert!(json_object("[".repeat(100_000).as_bytes()).is_none());
    }
}
