//! Identities of age: Bech32 (BIP 173) in upper case, which ends in six check characters.

const PREFIX: &str = "AGE-SECRET-KEY-1";
const DIGITS: &[u8; 32] = b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
const CHECK: usize = 6;

/// Where the identity at the end of `text` begins.
pub(super) fn start(text: &str) -> Option<usize> {
    text.rfind(PREFIX)
}

/// The six characters that finish an identity.
pub(super) fn complete(head: &str) -> Option<String> {
    let mut values = Vec::new();
    let (human, data) = head.starts_with(PREFIX).then(|| head.split_at(PREFIX.len() - 1))?;
    let human = human.to_ascii_lowercase();
    values.extend(human.bytes().map(|byte| byte >> 5));
    values.push(0);
    values.extend(human.bytes().map(|byte| byte & 31));
    for digit in data.bytes().skip(1) {
        values.push(u8::try_from(DIGITS.iter().position(|known| *known == digit)?).ok()?);
    }
    values.extend([0; CHECK]);
    let sum = polymod(&values) ^ 1;
    Some((0..CHECK).rev().map(|place| DIGITS[(sum >> (5 * place)) as usize & 31] as char).collect())
}

fn polymod(values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.iter().fold(1, |sum, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(*value);
        GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(next, |next, (_, term)| next ^ term)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_that_of_bip_173() {
        // The shortest valid string of BIP 173: human part "a", no data, check characters "2uel5l".
        let values = [b'a' >> 5, 0, b'a' & 31, 0, 0, 0, 0, 0, 0];
        let sum = polymod(&values) ^ 1;
        let text: String = (0..6).rev().map(|place| DIGITS[(sum >> (5 * place)) as usize & 31] as char).collect();
        assert_eq!(text, "2UEL5L");
    }

    #[test]
    fn other_alphabets_and_prefixes_do_not_complete() {
        assert_eq!(complete("AGE-SECRET-KEY-1Bb"), None);
        assert_eq!(complete("AGE-PUBLIC-1QQ"), None);
        assert_eq!(start(&format!("x = {PREFIX}QQ")), Some(4));
    }
}
