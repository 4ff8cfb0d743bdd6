//! Encrypted content written as text. Only the digits are accounted for; whatever else the text says is searched.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use memchr::memmem;

use super::{Cipher, cms as der, openpgp as packets};
use crate::bytes::Probe;
use crate::formats::FormatError;

/// How many values of a SOPS file are accounted for one by one; the rest is searched.
const VALUES: usize = 100_000;

/// How many digits tell what an armour holds: 48 bytes.
const TOLD_BY: usize = 64;

/// The content without a byte order mark and white space before it, and where it starts.
fn trimmed(bytes: &[u8]) -> (&[u8], usize) {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    (text, bytes.len() - text.len())
}

fn begins(probe: &Probe<'_>, label: &str) -> bool {
    let (text, _) = trimmed(probe.head());
    text.strip_prefix(b"-----BEGIN ")
        .and_then(|rest| rest.strip_prefix(label.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b"-----"))
}

/// The digits between the lines of an armour (RFC 9580, 6.2; RFC 7468), whose first ones must stand for what `is` knows.
fn armoured(probe: &Probe<'_>, is: impl Fn(&[u8]) -> bool) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let (text, skipped) = trimmed(bytes);
    let mut start = skipped + memchr::memchr(b'\n', text).ok_or(FormatError::NotThis)? + 1;
    // OpenPGP puts headers such as `Comment: …` before an empty line.
    while let Some(line) = bytes[start..].split_inclusive(|byte| *byte == b'\n').next() {
        if !line.trim_ascii().is_empty() && memmem::find(line, b": ").is_none() {
            break;
        }
        start += line.len();
    }
    // A dash ends the digits: that of the END line, be it whole or not.
    let end = memchr::memchr(b'-', &bytes[start..]).map_or(bytes.len(), |length| start + length);
    let digits = &bytes[start..end];
    if !digits.iter().all(|byte| is_base64(*byte) || byte.is_ascii_whitespace()) || !is(&first_bytes(digits)) {
        return Err(FormatError::NotThis);
    }
    if !bytes[end..].starts_with(b"-----END ") {
        return Err(FormatError::broken(probe.len(), "the armoured message is cut off before its END line"));
    }
    Ok(Cipher::Digits(start..end))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// What the first digits stand for.
fn first_bytes(body: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(TOLD_BY).collect();
    digits.truncate(digits.len() / 4 * 4);
    BASE64.decode(&digits).unwrap_or_default()
}

pub(super) fn is_age(probe: &Probe<'_>) -> bool {
    begins(probe, "AGE ENCRYPTED FILE")
}

/// age with its armour (C2SP `age.md`, "ASCII armor").
pub(super) fn age(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    armoured(probe, |first| first.starts_with(b"age-encryption.org/"))
}

pub(super) fn is_openpgp(probe: &Probe<'_>) -> bool {
    begins(probe, "PGP MESSAGE")
}

/// OpenPGP with its armour. A message that is only signed has the same armour, and is not encrypted.
pub(super) fn openpgp(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    armoured(probe, packets::starts_encrypted)
}

pub(super) fn is_cms(probe: &Probe<'_>) -> bool {
    begins(probe, "CMS") || begins(probe, "PKCS7")
}

/// CMS in PEM. Certificates and signed messages have the same armour, and are not encrypted.
pub(super) fn cms(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    armoured(probe, der::starts_encrypted)
}

pub(super) fn is_openssl(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"U2FsdGVkX1")
}

/// `openssl enc -a`: base64 of `Salted__`, a salt and ciphertext, and nothing else in the file.
pub(super) fn openssl(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let digits = bytes.iter().filter(|byte| is_base64(**byte)).count();
    let clean = bytes.iter().all(|byte| is_base64(*byte) || byte.is_ascii_whitespace());
    if !clean || !first_bytes(bytes).starts_with(b"Salted__") {
        return Err(FormatError::NotThis);
    }
    if digits % 4 != 0 {
        return Err(FormatError::broken(probe.len(), "the encrypted text is cut off"));
    }
    Ok(Cipher::Digits(0..bytes.len()))
}

pub(super) fn is_jwe(probe: &Probe<'_>) -> bool {
    // base64url of `{"`, as every header begins.
    probe.starts_with(b"eyJ")
}

/// JWE in compact form (RFC 7516, 7.1): five parts of base64url between dots, the first of which is a header that names its
/// encryption. A signed token has three.
pub(super) fn jwe(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let token = probe.all().trim_ascii_end();
    let parts: Vec<&[u8]> = token.splitn(6, |byte| *byte == b'.').collect();
    let [header, _, nonce, content, tag] = parts[..] else { return Err(FormatError::NotThis) };
    let digits = |part: &&[u8]| part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let named = BASE64URL_NOPAD.decode(header).ok().is_some_and(|header| memmem::find(&header, b"\"enc\"").is_some());
    if !named || !parts.iter().all(digits) || nonce.is_empty() || content.is_empty() {
        return Err(FormatError::NotThis);
    }
    if tag.is_empty() {
        return Err(FormatError::broken(probe.len(), "the JWE is cut off before its tag"));
    }
    Ok(Cipher::Digits(header.len()..token.len()))
}

pub(super) fn is_fernet(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"gAAAAA")
}

/// Fernet (spec.md of `fernet/spec`): version 0x80, a time, an IV of 16 bytes, blocks of 16 and an HMAC of 32, in
/// base64url, and nothing else in the file.
pub(super) fn fernet(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let token = probe.all().trim_ascii_end();
    let digits = token.strip_suffix(b"==").or_else(|| token.strip_suffix(b"=")).unwrap_or(token);
    if !digits.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(FormatError::NotThis);
    }
    let head = digits.get(..12).and_then(|head| BASE64URL_NOPAD.decode(head).ok()).unwrap_or_default();
    let bytes = digits.len() / 4 * 3 + [0, 0, 1, 2][digits.len() % 4];
    if head.first() != Some(&0x80) || bytes < 9 {
        return Err(FormatError::NotThis);
    }
    match bytes.checked_sub(1 + 8 + 16 + 32) {
        Some(content) if content > 0 && content % 16 == 0 => Ok(Cipher::Digits(0..token.len())),
        _ => Err(FormatError::broken(probe.len(), "the Fernet token has an impossible length: it is cut off")),
    }
}

pub(super) fn is_vault(probe: &Probe<'_>) -> bool {
    probe.starts_with(b"$ANSIBLE_VAULT;1.")
}

/// Ansible Vault 1.1 and 1.2 (Ansible documentation, "Ansible Vault payload format"): a header line, then the
/// hexadecimal form of three hexadecimal lines: a salt and an HMAC of 32 bytes each, and blocks of 16 bytes.
pub(super) fn vault(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let broken = || FormatError::broken(probe.len(), "the vault has an impossible length: it is cut off");
    let start = memchr::memchr(b'\n', bytes).ok_or_else(broken)? + 1;
    let body = &bytes[start..];
    if !body.iter().all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace()) {
        // Something else follows the vault, or it is an example in a text: all of it is searched.
        return Ok(Cipher::Values(Vec::new()));
    }
    let digits = body.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    match digits.checked_sub(2 * (64 + 1 + 64 + 1)) {
        Some(content) if content > 0 && content % 64 == 0 => Ok(Cipher::Digits(start..bytes.len())),
        _ => Err(broken()),
    }
}

pub(super) fn is_sops(probe: &Probe<'_>) -> bool {
    probe.is_text() && memmem::find(probe.head(), SOPS_VALUE).is_some()
}

const SOPS_VALUE: &[u8] = b"ENC[AES256_GCM,";

/// SOPS (getsops.io, "Encryption protocol"): values are encrypted one by one, names are not, and some values may be
/// left in the clear; so all but the encrypted values is searched. The message authentication code comes last.
pub(super) fn sops(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let marked = memmem::find(bytes, b"sops").is_some();
    let mac = memmem::rfind(bytes, b"mac").is_some();
    if !marked || !mac {
        // Cut off before its end, or a text about SOPS; what is there is searched either way.
        return Err(FormatError::NotThis);
    }
    let values = memmem::find_iter(bytes, SOPS_VALUE).take(VALUES).filter_map(|at| {
        let start = at + SOPS_VALUE.len();
        let length = memchr::memchr(b']', bytes.get(start..)?)?;
        let inside = &bytes[start..start + length];
        let digits = inside.iter().all(|byte| is_base64(*byte) || matches!(byte, b':' | b',' | b'_'));
        digits.then_some(at..start + length + 1)
    });
    Ok(Cipher::Values(values.collect()))
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64URL, HEXLOWER};

    use super::super::testing::{look, noise, scheme};
    use super::*;
    use crate::formats::Coverage;

    fn wrapped(label: &str, headers: &str, content: &[u8]) -> Vec<u8> {
        let digits = BASE64.encode(content);
        let lines: Vec<&str> = digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{headers}{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
    }

    fn pgp() -> Vec<u8> {
        [&[0x8c, 13, 4, 9, 3, 8][..], &noise(600)].concat()
    }

    fn ansible(blocks: usize) -> Vec<u8> {
        let hex = |count| HEXLOWER.encode(&noise(count));
        let inner = [hex(32), hex(32), hex(16 * blocks)].join("\n");
        let outer = HEXLOWER.encode(inner.as_bytes());
        let lines: Vec<&str> = outer.as_bytes().chunks(80).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("$ANSIBLE_VAULT;1.1;AES256\n{}\n", lines.join("\n")).into_bytes()
    }

    fn fernet_token() -> String {
        BASE64URL.encode(&[&[0x80, 0, 0, 0, 0, 0x65][..], &noise(3 + 16 + 160 + 32)].concat())
    }

    #[test]
    fn only_the_digits_are_accounted_for() {
        let cms = [b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80".as_slice(), &noise(300)].concat();
        for (bytes, name, before) in [
            (wrapped("PGP MESSAGE", "Comment: call me\n\n", &pgp()), "openpgp", 46),
            (wrapped("AGE ENCRYPTED FILE", "", b"age-encryption.org/v1\n-> X25519 abc\n"), "age", 35),
            (wrapped("CMS", "", &cms), "cms", 20),
            (wrapped("PKCS7", "", &cms), "cms", 22),
            (ansible(10), "ansible-vault", 26),
        ] {
            let looked = look(&bytes);
            assert!(matches!(looked.result, Ok(Coverage::Part)), "{name}: {:?}", looked.result);
            assert_eq!(scheme(&looked), Some(name));
            assert_eq!(looked.stated.explained[0].start, before, "{name}");
        }
        let salted = BASE64.encode(&[b"Salted__".as_slice(), &noise(40)].concat());
        for (text, name) in [(fernet_token(), "fernet"), (salted, "openssl")] {
            let looked = look(format!("{text}\n").as_bytes());
            assert_eq!(scheme(&looked), Some(name), "{:?}", looked.result);
            assert!(looked.stated.explained[0].end >= text.len() as u64);
        }
    }

    #[test]
    fn a_jwe_has_five_parts_and_a_header_that_names_its_encryption() {
        let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let header = part(br#"{"alg":"dir","enc":"A256GCM"}"#);
        let token = format!("{header}..{}.{}.{}", part(&noise(12)), part(&noise(300)), part(&noise(16)));
        assert_eq!(scheme(&look(token.as_bytes())), Some("jwe"));
        let signed = format!("{header}.{}.{}", part(b"{}"), part(&noise(32)));
        assert!(matches!(look(signed.as_bytes()).result, Err(FormatError::NotThis)));
    }

    #[test]
    fn the_clear_parts_of_a_sops_file_are_searched() {
        let value =
            |kind: &str| format!("ENC[AES256_GCM,data:{},iv:abc=,tag:def=,type:{kind}]", BASE64.encode(&noise(30)));
        let text = format!(
            "password: {}\nhost_unencrypted: db.example\nsops:\n    lastmodified: \"2026-11-01T10:00:00Z\"\n    mac: {}\n",
            value("str"),
            value("str")
        );
        let looked = look(text.as_bytes());
        assert_eq!(scheme(&looked), Some("sops"));
        let left: String = text
            .char_indices()
            .filter(|(at, _)| !looked.stated.explained.iter().any(|range| range.contains(&(*at as u64))))
            .map(|(_, character)| character)
            .collect();
        assert!(left.starts_with("password: \nhost_unencrypted: db.example\nsops:"), "{left}");
        assert!(!left.contains("ENC["));
        let prose = format!("Write values as {} in your file.", value("str"));
        assert!(matches!(look(prose.as_bytes()).result, Err(FormatError::NotThis)));
    }

    #[test]
    fn signed_messages_and_other_text_are_not_encrypted() {
        let signed = wrapped("PGP MESSAGE", "\n", &[0xa3, 1, 2, 3, 4, 5, 6, 7, 8]);
        let prose = b"-----BEGIN PGP MESSAGE-----\nis how it starts; and\n-----END is how it ends".to_vec();
        let cut = signed[..signed.len() - 12].to_vec();
        for bytes in [signed, cut, prose, b"gAAAAA is how it starts".to_vec(), b"U2FsdGVkX1 means salted".to_vec()] {
            assert!(matches!(look(&bytes).result, Err(FormatError::NotThis)), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_cut_off_is_broken() {
        let messages = [wrapped("PGP MESSAGE", "\n", &pgp()), ansible(40), fernet_token().into_bytes()];
        for bytes in &messages {
            for end in (97..bytes.len() - 10).step_by(97) {
                // A vault that ends with a block of its ciphertext looks complete.
                let digits = bytes[26..end].iter().filter(|byte| **byte != b'\n').count();
                let complete = bytes.starts_with(b"$") && digits % 64 == 260 % 64;
                let looked = look(&bytes[..end]);
                let broken = matches!(looked.result, Err(FormatError::Broken(_)));
                assert!(broken || complete, "{end}: {:?}", looked.result);
            }
        }
        let salted = BASE64.encode(&[b"Salted__".as_slice(), &noise(40)].concat());
        assert!(matches!(look(&salted.as_bytes()[..30]).result, Err(FormatError::Broken(_))));
    }
}
