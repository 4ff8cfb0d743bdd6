//! OpenPGP messages that are encrypted (RFC 9580), in their binary form.

use super::Cipher;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::formats::FormatError;

/// The kinds of packets that an encrypted message is made of (RFC 9580, section 5).
const PUBLIC_KEY_SESSION: u8 = 1;
const SYMMETRIC_SESSION: u8 = 3;
const DATA: [u8; 3] = [9, 18, 20];

/// How many recipients a message may have.
const RECIPIENTS: usize = 10_000;

/// How long a packet is.
enum Length {
    Known(u64),
    /// The first of several parts.
    Partial(u64),
    /// Up to the end of the file.
    Open,
}

pub(super) fn sniff(probe: &Probe<'_>) -> bool {
    let mut cursor = Cursor::new(probe.head());
    matches!(session(&mut cursor), Ok(true))
}

/// Session keys, one for each recipient, then the encrypted data, which must end where the file ends.
pub(super) fn read(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let bytes = probe.all();
    let mut cursor = Cursor::new(bytes);
    let named = probe.has_extension("gpg") || probe.has_extension("pgp");
    for _ in 0..RECIPIENTS {
        let mut ahead = cursor.clone();
        match session(&mut ahead) {
            Ok(true) => cursor = ahead,
            Ok(false) => return data(bytes, cursor),
            Err(error) if named => return Err(error.into()),
            Err(_) => return Err(FormatError::NotThis),
        }
    }
    Err(FormatError::NotThis)
}

/// Whether the packet is a session key that makes sense (5.1, 5.3); moves behind it.
fn session(cursor: &mut Cursor<'_>) -> Result<bool, ReadError> {
    let (tag, length) = header(cursor)?;
    let (PUBLIC_KEY_SESSION | SYMMETRIC_SESSION, Length::Known(length)) = (tag, length) else { return Ok(false) };
    let mut body = Cursor::new(cursor.take_u64(length)?);
    let version = body.u8()?;
    Ok(match (tag, version) {
        (PUBLIC_KEY_SESSION, 3) => {
            body.skip(8)?;
            // RSA, Elgamal, ECDH, X25519, X448, and the algorithms of RFC 9980.
            matches!(body.u8()?, 1 | 2 | 16 | 18 | 25 | 26 | 29..=36)
        }
        (PUBLIC_KEY_SESSION, 6) | (SYMMETRIC_SESSION, 5 | 6) => length > 16,
        (SYMMETRIC_SESSION, 4) => matches!((body.u8()?, body.u8()?), (1..=13, 0 | 1 | 3 | 4)),
        _ => false,
    })
}

/// The encrypted data (5.7, 5.13).
fn data(bytes: &[u8], mut cursor: Cursor<'_>) -> Result<Cipher, FormatError> {
    let begin = cursor.offset() as usize;
    let (tag, mut length) = header(&mut cursor).map_err(|_| FormatError::NotThis)?;
    let version = cursor.rest().first().copied().unwrap_or(0);
    if !DATA.contains(&tag) || (tag == 18 && !matches!(version, 1 | 2)) || (tag == 20 && version != 1) {
        return Err(FormatError::NotThis);
    }
    // Each part has at least one byte, so this ends.
    while let Length::Partial(part) = length {
        cursor.skip(part.max(1))?;
        length = new_length(&mut cursor)?;
    }
    match length {
        Length::Known(rest) => cursor.skip(rest)?,
        _ => cursor.skip(cursor.remaining())?,
    }
    let end = cursor.offset() as usize;
    // Signatures of the outside and other packets behind the data are rare, and are searched.
    Ok(if end == bytes.len() { Cipher::Whole(0..end) } else { Cipher::Inside(begin..end) })
}

/// The tag and the length of a packet (4.2).
fn header(cursor: &mut Cursor<'_>) -> Result<(u8, Length), ReadError> {
    let first = cursor.u8()?;
    if first & 0x80 == 0 {
        return Err(cursor.error("no OpenPGP packet"));
    }
    if first & 0x40 != 0 {
        return Ok((first & 0x3f, new_length(cursor)?));
    }
    let length = match first & 3 {
        0 => Length::Known(cursor.u8()?.into()),
        1 => Length::Known(cursor.u16_be()?.into()),
        2 => Length::Known(cursor.u32_be()?.into()),
        _ => Length::Open,
    };
    Ok((first >> 2 & 0x0f, length))
}

/// A length in the present form (4.2.1).
fn new_length(cursor: &mut Cursor<'_>) -> Result<Length, ReadError> {
    let first = cursor.u8()?;
    Ok(match first {
        0..=191 => Length::Known(first.into()),
        192..=223 => Length::Known(((u64::from(first) - 192) << 8) + u64::from(cursor.u8()?) + 192),
        224..=254 => Length::Partial(1 << (first & 0x1f)),
        255 => Length::Known(cursor.u32_be()?.into()),
    })
}

/// Whether the first bytes of a decoded armour start an encrypted message, rather than one that is only signed or
/// compressed.
pub(super) fn starts_encrypted(head: &[u8]) -> bool {
    let tag = header(&mut Cursor::new(head)).map(|(tag, _)| tag);
    tag.is_ok_and(|tag| tag == PUBLIC_KEY_SESSION || tag == SYMMETRIC_SESSION || DATA.contains(&tag))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{look, noise, scheme};
    use super::*;
    use crate::formats::Coverage;

    const PASSPHRASE: &[u8] = &[0x8c, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0xff];

    fn recipient() -> Vec<u8> {
        [&[0x85, 1, 12, 3][..], &[0xaa; 8], &[1], &noise(258)].concat()
    }

    fn message(session: &[u8], parts: bool) -> Vec<u8> {
        let mut out = session.to_vec();
        if parts {
            // 512 bytes, of which the first is the version; then 88.
            out.extend([&[0xd2, 0xe9, 1][..], &noise(511), &[88], &noise(88)].concat());
        } else {
            out.extend([&[0xd2, 0xff, 0, 0, 2, 1, 1][..], &noise(512)].concat());
        }
        out
    }

    #[test]
    fn encrypted_messages_are_whole() {
        for session in [PASSPHRASE.to_vec(), recipient(), [recipient(), recipient()].concat()] {
            for parts in [true, false] {
                let looked = look(&message(&session, parts));
                assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.result);
                assert_eq!(scheme(&looked), Some("openpgp"));
            }
        }
    }

    #[test]
    fn a_message_that_is_cut_off_is_never_whole() {
        for parts in [true, false] {
            let bytes = message(&recipient(), parts);
            for end in (0..bytes.len()).step_by(97) {
                let looked = look(&bytes[..end]);
                assert!(looked.result.is_err(), "{end}");
                let broken = matches!(looked.result, Err(FormatError::Broken(_)));
                assert!(broken || end < 280, "{end}");
            }
        }
    }

    #[test]
    fn a_session_key_without_data_is_something_else() {
        for rest in [&b"plain text"[..], b"", b"\xcb\x05hello"] {
            assert!(matches!(look(&[PASSPHRASE, rest].concat()).result, Err(FormatError::NotThis)));
        }
    }
}
