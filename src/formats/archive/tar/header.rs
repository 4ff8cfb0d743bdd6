//! One tar header block.

/// Size of a block: headers are one block, contents are padded to blocks.
pub(in crate::formats::archive) const BLOCK: usize = 512;

/// A block whose checksum shows that it is a header.
#[derive(Debug, Clone, Copy)]
pub(in crate::formats::archive) struct Header<'a> {
    block: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header in `block`, if it is one. The checksum decides, since the first tars had no magic: it is an octal
    /// number that has to equal the sum of the other 504 bytes, which does not happen by chance.
    pub(in crate::formats::archive) fn read(block: &'a [u8]) -> Option<Self> {
        if block.len() != BLOCK {
            return None;
        }
        let stated = octal(&block[148..156])?;
        let others = || block[..148].iter().chain(&block[156..]);
        let unsigned: u64 = others().map(|byte| u64::from(*byte)).sum();
        // Some old systems summed signed characters.
        let matches = stated == unsigned + 8 * u64::from(b' ') || {
            let signed: i64 = others().map(|byte| i64::from(*byte as i8)).sum();
            i64::try_from(stated) == Ok(signed + 8 * i64::from(b' '))
        };
        let header = Header { block };
        (matches && (header.has_magic() || header.is_plausible_v7())).then_some(header)
    }

    /// Whether a block has the magic of POSIX (`ustar`, NUL, `00`) or of old GNU tar (`ustar`, two spaces, NUL).
    pub(super) fn magic_at(block: &[u8]) -> bool {
        block.get(257..).is_some_and(|rest| rest.starts_with(b"ustar\x0000") || rest.starts_with(b"ustar  \0"))
    }

    fn has_magic(&self) -> bool {
        self.block[257..].starts_with(b"ustar")
    }

    fn is_plausible_v7(&self) -> bool {
        self.block[0] != 0 && octal(&self.block[100..108]).is_some() && self.size().is_some()
    }

    /// The type: `0` for a regular file, `5` for a folder …
    pub(in crate::formats::archive) fn kind(&self) -> u8 {
        self.block[156]
    }

    /// How many bytes of content are stored. `None` where the field makes no sense.
    pub(in crate::formats::archive) fn size(&self) -> Option<u64> {
        number(&self.block[124..136])
    }

    /// The name, with the prefix field in front where this dialect has one.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = until_nul(&self.block[..100]);
        let prefix: &[u8] = if !self.block[257..].starts_with(b"ustar\0") {
            // Old GNU tar keeps times and the sparse map there.
            &[]
        } else if self.block.ends_with(b"tar\0") {
            // star keeps two times behind a shorter prefix.
            until_nul(&self.block[345..476])
        } else {
            until_nul(&self.block[345..500])
        };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    /// The part of an old GNU sparse header that holds the map: four entries.
    pub(super) fn sparse_entries(&self) -> &'a [u8] {
        &self.block[386..482]
    }

    /// Whether blocks with more of the sparse map follow.
    pub(super) fn sparse_goes_on(&self) -> bool {
        self.block[482] != 0
    }

    /// How large a sparse file is once its holes are filled.
    pub(super) fn sparse_size(&self) -> Option<u64> {
        number(&self.block[483..495])
    }
}

/// The bytes before the first NUL.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    &field[..memchr::memchr(0, field).unwrap_or(field.len())]
}

/// A number field: octal digits, or a binary number where the first bit is set (GNU, star).
pub(super) fn number(field: &[u8]) -> Option<u64> {
    match field.split_first() {
        Some((0x80, rest)) => {
            let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
            let low: [u8; 8] = low.try_into().ok()?;
            high.iter().all(|byte| *byte == 0).then_some(u64::from_be_bytes(low))
        }
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let padding = |byte: &u8| matches!(byte, 0 | b' ');
    let start = field.iter().position(|byte| !padding(byte))?;
    let digits = &field[start..];
    let end = digits.iter().position(padding).unwrap_or(digits.len());
    if !digits[end..].iter().all(padding) {
        return None;
    }
    digits[..end].iter().try_fold(0u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"   17 \0"), Some(15));
        assert_eq!(number(b"777777777777"), Some((1 << 36) - 1));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(1 << 33));
        for wrong in [&b""[..], b"\0\0\0", b"18", b"1 7", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x80\x01"] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn zeros_spaces_and_text_are_no_headers() {
        for byte in [0, b' ', b'7', b'a'] {
            assert!(Header::read(&[byte; BLOCK]).is_none(), "{byte}");
        }
    }
}
