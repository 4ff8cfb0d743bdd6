//! The digits of base64 and hex (RFC 4648, sections 4, 5 and 8), and what bytes mean as digits.

use crate::finding::Encoding;

/// What is not a digit.
pub const NONE: u8 = 0xff;

/// A way of writing bytes as digits.
pub struct Alphabet {
    pub encoding: Encoding,
    pub bits: usize,
    values: [u8; 256],
}

pub static BASE64: Alphabet = Alphabet { encoding: Encoding::Base64, bits: 6, values: base64_values() };
pub static HEX: Alphabet = Alphabet { encoding: Encoding::Hex, bits: 4, values: hex_values() };

/// Which alphabets a byte belongs to: those of RFC 4648, sections 4, 5 and 8.
pub static KINDS: [u8; 256] = kinds();
pub const STANDARD: u8 = 1;
pub const URL: u8 = 2;
pub const HEXADECIMAL: u8 = 4;

/// Both alphabets of base64 in one: no text mixes them, but a digit means the same in either.
const fn base64_values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut digit = 0u8;
    while digit < 26 {
        values[(b'A' + digit) as usize] = digit;
        values[(b'a' + digit) as usize] = digit + 26;
        digit += 1;
    }
    digit = 0;
    while digit < 10 {
        values[(b'0' + digit) as usize] = digit + 52;
        digit += 1;
    }
    values[b'+' as usize] = 62;
    values[b'-' as usize] = 62;
    values[b'/' as usize] = 63;
    values[b'_' as usize] = 63;
    values
}

const fn hex_values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut digit = 0u8;
    while digit < 10 {
        values[(b'0' + digit) as usize] = digit;
        digit += 1;
    }
    digit = 0;
    while digit < 6 {
        values[(b'a' + digit) as usize] = digit + 10;
        values[(b'A' + digit) as usize] = digit + 10;
        digit += 1;
    }
    values
}

const fn kinds() -> [u8; 256] {
    let (base64, hex) = (base64_values(), hex_values());
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'+' | b'/' => STANDARD,
            b'-' | b'_' => URL,
            _ if hex[byte] != NONE => STANDARD | URL | HEXADECIMAL,
            _ if base64[byte] != NONE => STANDARD | URL,
            _ => 0,
        };
        byte += 1;
    }
    kinds
}

impl Alphabet {
    #[inline(always)]
    pub fn value(&self, byte: u8) -> u8 {
        self.values[byte as usize]
    }
}
