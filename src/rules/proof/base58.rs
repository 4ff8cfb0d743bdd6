//! Base58Check, in which Bitcoin and its relatives write private keys: the last four bytes are the first of a double
//! SHA-256 over the others.

use sha2::{Digest, Sha256};

const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The longest text decoded, in digits: an extended key has 111, and decoding takes the square of the length.
const LONGEST: usize = 128;
const CHECK: usize = 4;

/// Versions of extended private keys (BIP 32, SLIP 132): `xprv`, `yprv`, `zprv`, `tprv`, `uprv`, `vprv`.
const EXTENDED: [[u8; 4]; 6] = [
    [0x04, 0x88, 0xad, 0xe4],
    [0x04, 0x9d, 0x78, 0x78],
    [0x04, 0xb2, 0x43, 0x0c],
    [0x04, 0x35, 0x83, 0x94],
    [0x04, 0x4a, 0x4e, 0x28],
    [0x04, 0x5f, 0x18, 0xbc],
];

/// Whether `text` is a private key in the wallet import format (Bitcoin wiki) or an extended private key, with the
/// right check bytes.
pub(super) fn verify(text: &[u8]) -> bool {
    let Some(bytes) = checked(text) else { return false };
    let is_import = matches!(bytes.len(), 33 | 34) && matches!(bytes.first(), Some(0x80 | 0xef));
    let is_compressed = bytes.len() == 33 || bytes.last() == Some(&1);
    let is_extended = bytes.len() == 78 && EXTENDED.iter().any(|version| bytes.starts_with(version));
    (is_import && is_compressed) || is_extended
}

/// The bytes before the check bytes, if these are right.
fn checked(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = decode(text)?;
    let check = bytes.split_off(bytes.len().checked_sub(CHECK)?);
    (double(&bytes)[..CHECK] == check[..]).then_some(bytes)
}

fn double(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    // The number with its lowest byte first.
    let mut number: Vec<u8> = Vec::new();
    for byte in text {
        let mut carry = u32::try_from(DIGITS.iter().position(|digit| digit == byte)?).ok()?;
        for place in &mut number {
            carry += u32::from(*place) * 58;
            *place = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        while carry > 0 {
            number.push(carry.to_le_bytes()[0]);
            carry >>= 8;
        }
    }
    number.extend(text.iter().take_while(|byte| **byte == DIGITS[0]).map(|_| 0));
    number.reverse();
    Some(number)
}

/// `bytes` with their check bytes, as text.
pub(in crate::rules) fn encode_checked(bytes: &[u8]) -> String {
    let whole = [bytes, &double(bytes)[..CHECK]].concat();
    let mut digits: Vec<u8> = Vec::new();
    for byte in &whole {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58).to_le_bytes()[0];
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58).to_le_bytes()[0]);
            carry /= 58;
        }
    }
    digits.extend(whole.iter().take_while(|byte| **byte == 0).map(|_| 0));
    digits.iter().rev().map(|digit| char::from(DIGITS[usize::from(*digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_checked() {
        let key = |version: u8, tail: &[u8]| [&[version][..], &[0x5a; 31], &[7], tail].concat();
        for (bytes, right) in [
            (key(0x80, &[]), true),
            (key(0x80, &[1]), true),
            (key(0xef, &[1]), true),
            (key(0x80, &[2]), false),
            (key(0x00, &[1]), false),
            ([&EXTENDED[0][..], &[9; 74]].concat(), true),
            ([&[1, 2, 3, 4][..], &[9; 74]].concat(), false),
        ] {
            let text = encode_checked(&bytes);
            assert_eq!(verify(text.as_bytes()), right, "{text}");
            assert_eq!(checked(text.as_bytes()), Some(bytes));
            let mut broken = text.into_bytes();
            broken[9] = if broken[9] == b'2' { b'3' } else { b'2' };
            assert!(!verify(&broken));
        }
    }

    #[test]
    fn the_digits_are_those_of_bitcoin() {
        // Bitcoin's genesis address: version 0 and a hash of twenty bytes.
        let bytes = checked(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa").unwrap();
        assert_eq!((bytes.len(), bytes[0], bytes[1]), (21, 0, 0x62));
        assert_eq!(encode_checked(&bytes), "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
        assert!(checked(b"").is_none() && checked(b"0OIl").is_none() && checked(&[b'2'; 500]).is_none());
    }
}
