//! Binary containers with a magic number.

use super::Cipher;
use crate::bytes::{Cursor, Probe, text};
use crate::formats::FormatError;

const AGE: &[u8] = b"age-encryption.org/v1\n";

/// How many lines the header of an age file may have: one recipient takes two.
const AGE_LINES: usize = 100_000;

pub(super) fn is_age(probe: &Probe<'_>) -> bool {
    probe.starts_with(AGE)
}

/// age (C2SP `age.md`): a header of lines that ends with `--- ` and a MAC; then a nonce of 16 bytes and chunks of
/// 64 KiB, each with a tag of 16 bytes. Only the last chunk may be shorter.
pub(super) fn age(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let mut at = AGE.len();
    let mut ended = false;
    for line in bytes[at..].split_inclusive(|byte| *byte == b'\n').take(AGE_LINES) {
        if !line.ends_with(b"\n") {
            break;
        }
        at += line.len();
        if line.starts_with(b"--- ") {
            ended = true;
            break;
        }
        if !line.trim_ascii_end().iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
            return Err(FormatError::NotThis);
        }
    }
    let payload = bytes.len() - at;
    let last = payload.saturating_sub(16) % ((64 << 10) + 16);
    if !ended || payload < 32 || (last < 16 && last != 0) {
        return Err(FormatError::broken(bytes.len() as u64, "the age file is cut off"));
    }
    Ok(Cipher::Whole(at..bytes.len()))
}

pub(super) fn is_openssl(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"Salted__") && !text::looks_like_text(probe.head())
}

/// `openssl enc`: `Salted__`, a salt of 8 bytes, ciphertext. Nothing says how long it should be.
pub(super) fn openssl(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    if probe.len() <= 16 {
        return Err(FormatError::broken(probe.len(), "the encrypted file is cut off before its content"));
    }
    Ok(Cipher::Whole(16..probe.all().len()))
}

pub(super) fn is_git_crypt(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"\0GITCRYPT\0")
}

/// git-crypt (`commands.cpp`): a magic number of 10 bytes, a nonce of 12, ciphertext of the length of the plain text.
pub(super) fn git_crypt(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    if probe.len() < 22 {
        return Err(FormatError::broken(probe.len(), "the git-crypt file is cut off before its content"));
    }
    Ok(Cipher::Whole(22..probe.all().len()))
}

pub(super) fn is_luks(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"LUKS\xba\xbe\0\x01") || probe.starts_with(b"LUKS\xba\xbe\0\x02")
}

/// LUKS1 (on-disk format 1.2.3: `payload-offset` in sectors at 104) and LUKS2 (on-disk format 1.1.3: `hdr_size` at 8,
/// and a second copy of the header behind the first). The headers hold labels and JSON, which are searched.
pub(super) fn luks(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let start = if bytes.get(7) == Some(&1) {
        u64::from(Cursor::at(bytes, 104).u32_be()?).saturating_mul(512)
    } else {
        Cursor::at(bytes, 8).u64_be()?.saturating_mul(2)
    };
    match usize::try_from(start) {
        // LUKS1 with a payload elsewhere, and a header of its own (`cryptsetup --header`).
        Ok(0) => Ok(Cipher::Inside(bytes.len()..bytes.len())),
        Ok(start) if start < bytes.len() => Ok(Cipher::Inside(start..bytes.len())),
        _ => Err(FormatError::broken(probe.len(), "the LUKS container is cut off inside its header")),
    }
}

/// Versions and algorithms of the AWS Encryption SDK (its message format reference): those that are in use.
const AWS: [u16; 11] = [0x0578, 0x0478, 0x0378, 0x0346, 0x0214, 0x0178, 0x0146, 0x0114, 0x0078, 0x0046, 0x0014];

pub(super) fn is_aws(probe: &Probe<'_>) -> bool {
    let algorithm = |at: u64| Cursor::at(probe.head(), at).u16_be().is_ok_and(|algorithm| AWS.contains(&algorithm));
    // Version 1 says that it is one for customers (0x80); version 2 goes on with the algorithm.
    let marked = (probe.starts_with(&[1, 0x80]) && algorithm(2)) || (probe.starts_with(&[2]) && algorithm(1));
    marked && !text::looks_like_text(probe.head())
}

/// AWS Encryption SDK, "Message format reference": an identifier, the context in clear, the encrypted keys with the names of who
/// can open them, and frames. The context and the names are searched.
pub(super) fn aws(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let read = || {
        let mut cursor = Cursor::at(bytes, if bytes.first() == Some(&1) { 4 + 16 } else { 3 + 32 });
        let context = cursor.u16_be()?;
        cursor.skip(context.into())?;
        let keys = cursor.u16_be()?;
        for _ in 0..keys {
            for _ in 0..3 {
                let length = cursor.u16_be()?;
                cursor.skip(length.into())?;
            }
        }
        Ok::<_, crate::bytes::ReadError>((keys, cursor.offset() as usize))
    };
    // Three bytes are little: what cannot be read to its content is something else.
    match read() {
        Ok((1..=16, start)) => Ok(Cipher::Inside(start..bytes.len())),
        _ => Err(FormatError::NotThis),
    }
}

pub(super) fn is_aes_crypt(probe: &Probe<'_>) -> bool {
    matches!(probe.head(), [b'A', b'E', b'S', 1..=3, 0, ..])
}

/// AES Crypt stream formats 1 to 3 (aescrypt.com): extensions up to one of length 0, an IV, an encrypted key with its
/// HMAC, blocks of 16 bytes, and an HMAC. Versions 1 and 2 have the size of the last block before the last HMAC.
pub(super) fn aes_crypt(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let mut cursor = Cursor::at(bytes, 3);
    let version = cursor.u8()?;
    cursor.skip(1)?;
    // Three letters and a version are too little to block a package for: only an extension makes it certain.
    let mut certain = probe.has_extension("aes");
    let broken = |certain: bool| match certain {
        true => FormatError::broken(probe.len(), "the AES Crypt file is cut off"),
        false => FormatError::NotThis,
    };
    loop {
        let length = cursor.u16_be().map_err(|_| broken(certain))?;
        if length == 0 && version > 1 || version == 1 {
            // Version 1 has no extensions: what was read is the start of the IV.
            break;
        }
        certain |= cursor.rest().starts_with(b"CREATED_BY\0");
        cursor.skip(length.into()).map_err(|_| broken(certain))?;
    }
    let start = if version == 1 { 5 } else { cursor.offset() };
    // Version 3 also has the number of iterations of its key derivation, and pads instead of counting.
    let frame = if version == 3 { 4 + 16 + 48 + 32 + 32 } else { 16 + 48 + 32 + 1 + 32 };
    match (probe.len() - start).checked_sub(frame) {
        Some(content) if content % 16 == 0 => Ok(Cipher::Whole(start as usize..bytes.len())),
        _ => Err(broken(certain)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{look, noise, scheme};
    use super::*;
    use crate::formats::Coverage;

    fn age_file(payload: usize) -> Vec<u8> {
        let stanza = b"-> X25519 SVrzdFfkPxf0LPHOUGB1gNb9E5Vr8EUDa9kxk04iQ0o\nb7lk\n--- MAC\n";
        [AGE, stanza, &noise(payload)].concat()
    }

    fn aes_file(version: u8, content: usize) -> Vec<u8> {
        let extensions: &[u8] = if version > 1 { b"\0\x18CREATED_BY\0aescrypt 3.10\0\0" } else { b"" };
        let extensions: Vec<u8> = match version {
            1 => Vec::new(),
            _ => [&(extensions.len() as u16 - 4).to_be_bytes(), &extensions[2..]].concat(),
        };
        let frame = if version == 3 { 132 } else { 129 };
        [b"AES".as_slice(), &[version, 0], &extensions, &noise(frame + content)].concat()
    }

    #[test]
    fn binary_containers_are_whole() {
        let git = [b"\0GITCRYPT\0".as_slice(), &noise(200)].concat();
        let openssl = [b"Salted__".as_slice(), &noise(200)].concat();
        for (bytes, name) in [
            (age_file(300), "age"),
            (age_file(16 + (64 << 10) + 16), "age"),
            (openssl, "openssl"),
            (git, "git-crypt"),
            (aes_file(1, 320), "aes-crypt"),
            (aes_file(2, 320), "aes-crypt"),
            (aes_file(3, 320), "aes-crypt"),
        ] {
            let looked = look(&bytes);
            assert!(matches!(looked.result, Ok(Coverage::Whole)), "{name}: {:?}", looked.result);
            assert_eq!(scheme(&looked), Some(name));
            assert!(looked.stated.gaps.is_empty());
        }
    }

    #[test]
    fn the_header_of_a_luks_container_is_searched() {
        let mut two = [b"LUKS\xba\xbe\0\x02".as_slice(), &4096u64.to_be_bytes()].concat();
        two.resize(8192, b' ');
        let mut one = [b"LUKS\xba\xbe\0\x01".as_slice(), &[b'a'; 96], &16u32.to_be_bytes()].concat();
        one.resize(8192, 0);
        for header in [one, two] {
            let looked = look(&[header.clone(), noise(5000)].concat());
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{:?}", looked.result);
            assert_eq!(scheme(&looked), Some("luks"));
            assert_eq!(looked.stated.explained, vec![8192..13192; 1]);
            assert!(matches!(look(&header[..8000]).result, Err(FormatError::Broken(_))));
        }
    }

    #[test]
    fn a_text_behind_a_mark_is_searched() {
        let text = b"this was never encrypted\n".repeat(20);
        for head in [&b"\0GITCRYPT\0nonce nonce "[..], b"Salted__\0\x01\x02\x03\x04\x05\x06\x07", AGE] {
            let looked = look(&[head, &text].concat());
            assert!(!matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.result);
            assert!(looked.stated.explained.is_empty());
        }
    }

    #[test]
    fn what_is_cut_off_visibly_is_broken_or_something_else() {
        for bytes in [age_file(5000), aes_file(2, 3200), aes_file(3, 3200)] {
            for end in (0..bytes.len()).step_by(97) {
                let looked = look(&bytes[..end]);
                // Chunks of age carry no length, and blocks of AES no number: a cut inside the one or behind the other
                // cannot be seen, and nothing is there to be searched.
                let visible = if bytes.starts_with(AGE) { end < 110 } else { (bytes.len() - end) % 16 != 0 };
                assert!(!(visible && looked.result.is_ok()), "{end}: {:?}", looked.result);
            }
        }
        assert!(matches!(look(&aes_file(2, 3201)).result, Err(FormatError::Broken(_))));
        assert!(matches!(look(&age_file(20)).result, Err(FormatError::Broken(_))));
        assert!(matches!(look(&aes_file(1, 7)).result, Err(FormatError::NotThis)));
    }
}
