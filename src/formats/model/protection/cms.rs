//! Encrypted CMS messages (RFC 5652; RFC 5083 for `AuthEnvelopedData`), in DER or BER.

use super::Cipher;
use crate::bytes::{Cursor, Probe, ReadError};
use crate::formats::FormatError;

/// The object identifiers of the content types that are encrypted: `id-envelopedData`, `id-encryptedData` and
/// `id-ct-authEnvelopedData`, with tag and length.
const ENCRYPTED: [&[u8]; 3] = [
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06",
    b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17",
];

pub(super) fn sniff(probe: &Probe<'_>) -> bool {
    starts_encrypted(probe.head())
}

/// Whether the first bytes are those of an encrypted message.
pub(super) fn starts_encrypted(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    sequence(&mut cursor).is_ok() && ENCRYPTED.iter().any(|id| cursor.rest().starts_with(id))
}

/// One `ContentInfo`, up to the end of the file.
pub(super) fn read(probe: &Probe<'_>) -> Result<Cipher, FormatError> {
    let mut cursor = Cursor::new(probe.all());
    let length = sequence(&mut cursor)?;
    let all = probe.all().len();
    let Some(length) = length else {
        // The indefinite form ends with two zero bytes for each level.
        return match probe.all().ends_with(&[0, 0]) {
            true => Ok(Cipher::Whole(0..all)),
            false => Err(FormatError::broken(probe.len(), "the CMS message is cut off")),
        };
    };
    cursor.skip(length)?;
    let end = cursor.offset() as usize;
    Ok(if end == all { Cipher::Whole(0..end) } else { Cipher::Inside(0..end) })
}

/// The header of a SEQUENCE (X.690, 8.1): its length, or `None` in the indefinite form.
fn sequence(cursor: &mut Cursor<'_>) -> Result<Option<u64>, ReadError> {
    if cursor.u8()? != 0x30 {
        return Err(cursor.error("no SEQUENCE"));
    }
    match cursor.u8()? {
        short @ 0..=0x7f => Ok(Some(short.into())),
        0x80 => Ok(None),
        long @ 0x81..=0x88 => {
            let digits = cursor.take(usize::from(long & 0x7f))?;
            Ok(Some(digits.iter().fold(0, |length, digit| length << 8 | u64::from(*digit))))
        }
        _ => Err(cursor.error("an impossible length")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{look, noise, scheme};
    use super::*;
    use crate::formats::Coverage;

    fn definite(id: &[u8]) -> Vec<u8> {
        let body = [id, &[0xa0, 0x82, 0x02, 0x58], &noise(600)].concat();
        [&[0x30, 0x82][..], &(body.len() as u16).to_be_bytes(), &body].concat()
    }

    #[test]
    fn encrypted_messages_are_whole() {
        let indefinite = [&[0x30, 0x80][..], ENCRYPTED[0], &[0xa0, 0x80], &noise(600), &[0; 4]].concat();
        for bytes in [definite(ENCRYPTED[0]), definite(ENCRYPTED[1]), definite(ENCRYPTED[2]), indefinite] {
            let looked = look(&bytes);
            assert!(matches!(looked.result, Ok(Coverage::Whole)), "{:?}", looked.result);
            assert_eq!(scheme(&looked), Some("cms"));
            for end in (97..bytes.len()).step_by(97) {
                assert!(matches!(look(&bytes[..end]).result, Err(FormatError::Broken(_))), "{end}");
            }
        }
    }

    #[test]
    fn a_signed_message_is_not_encrypted_and_what_follows_is_searched() {
        let signed = definite(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
        assert!(matches!(look(&signed).result, Err(FormatError::NotThis)));
        let bytes = definite(ENCRYPTED[0]);
        let looked = look(&[&bytes[..], b"trailing text"].concat());
        assert!(matches!(looked.result, Ok(Coverage::Part)));
        assert_eq!(looked.stated.explained, vec![0..bytes.len() as u64; 1]);
    }
}
