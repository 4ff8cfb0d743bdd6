//! Azure's identifiable keys: random bytes, a signature that reads as text in base 64, and four bytes of Marvin32 over
//! all before them (microsoft/security-utilities, `docs/` and `IdentifiableSecrets`).

use data_encoding::{BASE64, BASE64URL};

use super::codec::base64;

/// One service's keys.
struct Kind {
    /// Four characters of the text form.
    signature: &'static str,
    /// Where in the text form the signature stands.
    at: usize,
    /// Bytes of the key, the checksum included.
    bytes: usize,
    /// Eight-character seeds, one for each role of a key.
    seeds: &'static [&'static [u8; 8]],
}

const BUS: &[&[u8; 8]] = &[b"Send0000", b"Manage00", b"Listen00", b"System00", b"Unknown0"];

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { signature: "+ASt", at: 76, bytes: 64, seeds: &[b"Default0"] },
    Kind { signature: "ACDb", at: 76, bytes: 64, seeds: &[
        b"MastRW00", b"MastRO00", b"SystRW00", b"SystRO00", b"SysAll00", b"Resour00", b"Encryp00",
    ] },
    Kind { signature: "+ABa", at: 76, bytes: 64, seeds: &[b"AbAcct00"] },
    Kind { signature: "+AMC", at: 76, bytes: 64, seeds: &[b"Classic0"] },
    Kind { signature: "APIM", at: 76, bytes: 64, seeds: &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"] },
    Kind { signature: "+ASb", at: 33, bytes: 32, seeds: BUS },
    Kind { signature: "+AEh", at: 33, bytes: 32, seeds: BUS },
    Kind { signature: "+ARm", at: 33, bytes: 32, seeds: BUS },
    Kind { signature: "AIoT", at: 33, bytes: 32, seeds: &[b"IoTHub00", b"DpsKey00", b"Device00"] },
    Kind { signature: "AZEG", at: 33, bytes: 32, seeds: &[b"Default0"] },
    Kind { signature: "AzCa", at: 33, bytes: 32, seeds: &[b"Access00"] },
    Kind { signature: "+ACR", at: 42, bytes: 39, seeds: &[b"ACRDflt0"] },
    Kind { signature: "AzSe", at: 42, bytes: 39, seeds: &[b"Query000", b"PAdmin00"] },
    Kind { signature: "AzFu", at: 44, bytes: 40, seeds: &[b"Functi00", b"Master00", b"System00"] },
];

const SIGNATURE: usize = 4;
const CHECK: usize = 4;

/// Marvin64 of `data`, its halves folded together by XOR: Marvin32. The seed is eight characters read as a big-endian
/// number.
fn marvin32(data: &[u8], seed: [u8; 8]) -> u32 {
    let seed = u64::from_be_bytes(seed);
    let mut state = ((seed & u64::from(u32::MAX)) as u32, (seed >> 32) as u32);
    let words = data.chunks_exact(4);
    let mut last = [0; 4];
    let rest = words.remainder();
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    for word in words {
        mix(&mut state, word.iter().rev().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)));
    }
    mix(&mut state, u32::from_le_bytes(last));
    mix(&mut state, 0);
    state.0 ^ state.1
}

fn mix((low, high): &mut (u32, u32), word: u32) {
    *low = low.wrapping_add(word);
    *high ^= *low;
    *low = low.rotate_left(20).wrapping_add(*high);
    *high = high.rotate_left(9) ^ *low;
    *low = low.rotate_left(27).wrapping_add(*high);
    *high = high.rotate_left(19);
}

/// Where the key at the end of `text`, which goes up to its signature, begins.
pub(super) fn start(text: &str) -> Option<usize> {
    let kind = KINDS.iter().find(|kind| text.ends_with(kind.signature))?;
    let start = text.len().checked_sub(kind.at + SIGNATURE)?;
    text.is_char_boundary(start).then_some(start)
}

/// What finishes a key that is given up to its signature.
pub(super) fn complete(head: &str) -> Option<String> {
    let kind = KINDS.iter().find(|kind| head.len() == kind.at + SIGNATURE && head.ends_with(kind.signature))?;
    // The bits between the signature and the checksum are zero: the character that holds them is in [A-P] or [A-D].
    let mut padded = head.as_bytes().to_vec();
    padded.resize(padded.len().next_multiple_of(4), b'A');
    let mut key = base64(&padded)?;
    key.resize(kind.bytes - CHECK, 0);
    key.extend(marvin32(&key, **kind.seeds.first()?).to_le_bytes());
    let whole = if kind.signature == "AzFu" { BASE64URL.encode(&key) } else { BASE64.encode(&key) };
    Some(whole[head.len()..].to_owned())
}

/// Whether the last four bytes are the checksum of the others under one of the seeds of the signature.
pub(super) fn verify(token: &str) -> bool {
    let Some(kind) = KINDS.iter().find(|kind| token.get(kind.at..kind.at + SIGNATURE) == Some(kind.signature)) else {
        return false;
    };
    let Some(key) = base64(token.as_bytes()).filter(|key| key.len() == kind.bytes) else { return false };
    let (data, check) = key.split_at(kind.bytes - CHECK);
    kind.seeds.iter().any(|seed| marvin32(data, **seed).to_le_bytes() == check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marvin_is_the_published_function() {
        // Vectors of dotnet/runtime, MarvinTests: 64-bit sums 0x30ED35C1_00CD3C7D and 0x48E73FC7_7D75DDC1.
        let seed = 0x004f_b61a_001b_dbcc_u64.to_be_bytes();
        assert_eq!(marvin32(&[], seed), 0x30ed_35c1 ^ 0x00cd_3c7d);
        assert_eq!(marvin32(&[0xaf], seed), 0x48e7_3fc7 ^ 0x7d75_ddc1);
    }

    #[test]
    fn every_kind_completes_to_a_key_that_verifies() {
        for kind in KINDS {
            let random = "q7Rt2VbXw9LkZ3mNfH8sYcJ5dGpA".repeat(3);
            let head = format!("{}{}", &random[..kind.at], kind.signature);
            let token = format!("{head}{}", complete(&head).unwrap());
            assert_eq!(base64(token.as_bytes()).unwrap().len(), kind.bytes);
            assert!(verify(&token), "{}", kind.signature);
            assert_eq!(start(&format!("AccountKey={head}")), Some(11));
            let broken = format!("Z{}", &token[1..]);
            assert!(!verify(&broken), "{}", kind.signature);
            assert!(!verify(&token[..token.len() - 4]));
        }
        assert!(!verify(""));
    }
}
