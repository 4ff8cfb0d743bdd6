//! Java's modified UTF-8 (JVMS 4.4.7): a NUL takes two bytes, and what lies beyond U+FFFF is two surrogates of three.

/// Appends `bytes` as UTF-8. What is neither stays as it is.
pub(super) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, 0xc0 | 0xed)) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let used = match rest {
            [0xc0, 0x80, ..] => {
                out.push(0);
                2
            }
            [0xed, a @ 0xa0..=0xaf, b, 0xed, c @ 0xb0..=0xbf, d, ..] => {
                let high = u32::from(a & 0x0f) << 6 | u32::from(b & 0x3f);
                let low = u32::from(c & 0x0f) << 6 | u32::from(d & 0x3f);
                let letter = char::from_u32(0x1_0000 + (high << 10) + low).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                6
            }
            _ => {
                out.push(rest[0]);
                1
            }
        };
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn text_comes_out_as_it_was_written() {
        for (bytes, text) in [
            (&b"tide"[..], "tide".as_bytes()),
            (b"a\xc0\x80b", b"a\0b"),
            (b"\xc3\xa9 \xed\xa0\xbd\xed\xb8\x80!", "é \u{1f600}!".as_bytes()),
            (b"cut \xed\xa0", b"cut \xed\xa0"),
            ("힣".as_bytes(), "힣".as_bytes()),
        ] {
            let mut out = Vec::new();
            append(bytes, &mut out);
            assert_eq!(out, text);
        }
    }
}
