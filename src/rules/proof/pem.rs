//! Private keys in text armour: that the body is one, and whether a passphrase protects it.

use super::armor::Armor;
use super::codec::{base64, distinct};

/// How a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// Whoever has the text has the key.
    None,
    /// A passphrase is needed too.
    Passphrase,
}

/// Start of the body of an OpenSSH key (openssh-portable, `PROTOCOL.key`).
const OPENSSH: &[u8] = b"openssh-key-v1\0";
/// The smallest private key in DER, one of 256 bits without its public key, has 48 bytes.
const SMALLEST: usize = 40;
const SEQUENCE: u8 = 0x30;

/// Whether `text` is a private key that needs no passphrase.
pub(super) fn verify(text: &[u8]) -> bool {
    protection(text) == Some(Protection::None)
}

/// Whether `text` is a private key under a passphrase.
pub(super) fn verify_encrypted(text: &[u8]) -> bool {
    protection(text) == Some(Protection::Passphrase)
}

/// Whether `text` is base 64 of an armoured private key that needs no passphrase, as kubeconfig files have it.
pub(super) fn verify_base64(text: &[u8]) -> bool {
    base64(text.trim_ascii()).is_some_and(|decoded| verify(&decoded))
}

fn protection(text: &[u8]) -> Option<Protection> {
    let armor = Armor::read(text)?;
    let label = armor.label.strip_suffix("PRIVATE KEY")?.trim_end();
    let body = armor.body.as_slice();
    if let Some(rest) = body.strip_prefix(OPENSSH) {
        return openssh(rest);
    }
    if body.len() < SMALLEST || is_dummy(body) {
        return None;
    }
    if armor.headers.contains("ENCRYPTED") || armor.headers.contains("DEK-Info") {
        // The body is cipher text (RFC 1421): there is nothing to read in it.
        return Some(Protection::Passphrase);
    }
    let inside = sequence(body)?;
    match (label, inside) {
        ("ENCRYPTED", [SEQUENCE, ..]) => Some(Protection::Passphrase),
        // Every unencrypted form begins with its version (RFC 5208, RFC 5915, RFC 8017).
        (_, [0x02, 0x01, 0..=3, ..]) if label != "ENCRYPTED" => Some(Protection::None),
        _ => None,
    }
}

/// Whether bytes after the constant beginnings of keys have too little variety.
fn is_dummy(body: &[u8]) -> bool {
    let tail = &body[body.len().min(26)..];
    distinct(tail) < tail.len().min(64) / 3
}

/// The most that may stand behind a key: the padding of a block cipher that was never taken off. Programs that read keys
/// take no notice of it.
const SLACK: usize = 16;

/// The content of the DER SEQUENCE that `body` is, all of it there and hardly anything behind it.
fn sequence(body: &[u8]) -> Option<&[u8]> {
    let (&[SEQUENCE, first], rest) = body.split_first_chunk::<2>()? else { return None };
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    let slack = rest.len().checked_sub(length)?;
    (length >= SMALLEST - 4 && slack <= SLACK).then(|| &rest[..length])
}

/// An OpenSSH key after its magic: cipher, key derivation, its options, number of keys, public key, private part.
fn openssh(rest: &[u8]) -> Option<Protection> {
    let (cipher, rest) = ssh_string(rest)?;
    let (_kdf, rest) = ssh_string(rest)?;
    let (_options, rest) = ssh_string(rest)?;
    let (_count, rest) = rest.split_first_chunk::<4>()?;
    let (_public, rest) = ssh_string(rest)?;
    let (private, _) = ssh_string(rest)?;
    if private.len() < SMALLEST || is_dummy(private) {
        return None;
    }
    Some(if cipher == b"none" { Protection::None } else { Protection::Passphrase })
}

fn ssh_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Whether `text` is an OpenPGP block with a secret key packet (RFC 9580 sections 4.2 and 5.5.1.3) in front.
pub(super) fn verify_pgp(text: &[u8]) -> bool {
    let Some(armor) = Armor::read(text).filter(|armor| armor.label == "PGP PRIVATE KEY BLOCK") else { return false };
    let [tag, length, rest @ ..] = armor.body.as_slice() else { return false };
    let version = match (tag, length) {
        // Old format with one, two or four octets of length.
        (0x94, _) => rest.first(),
        (0x95, _) => rest.get(1),
        (0x96, _) => rest.get(3),
        // New format: one, two or five octets.
        (0xc5, 0..=191) => rest.first(),
        (0xc5, 192..=223) => rest.get(1),
        (0xc5, 255) => rest.get(4),
        _ => None,
    };
    matches!(version, Some(3..=6)) && armor.body.len() >= 80 && !is_dummy(&armor.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::example::fill;

    fn key(name: &str) -> String {
        fill(&format!("<{name}>"), 7).unwrap()
    }

    #[test]
    fn whole_keys_of_every_kind_are_proved() {
        for name in ["pem-private-key", "pem-rsa-private-key", "pem-ec-private-key", "openssh-private-key"] {
            let key = key(name);
            assert!(verify(key.as_bytes()), "{name} {key}");
            assert!(!verify_encrypted(key.as_bytes()), "{name}");
            for lines in ["\\n", "\\r\\n", "\\\\n", " ", "\r\n", "\\n\" +\n  \"", "\n    "] {
                assert!(verify(key.replace('\n', lines).as_bytes()), "{name} with {lines:?}");
            }
        }
        assert!(verify(key("pem-private-key-escaped").as_bytes()));
        assert!(verify_base64(key("base64-pem-private-key").as_bytes()));
        assert!(verify_pgp(key("pgp-private-key").as_bytes()));
    }

    #[test]
    fn padding_behind_a_key_does_not_hide_it() {
        let key = key("pem-rsa-private-key");
        let (header, rest) = key.split_once('\n').unwrap();
        let (body, footer) = rest.trim_end().rsplit_once('\n').unwrap();
        let mut body = base64(body.replace('\n', "").as_bytes()).unwrap();
        body.extend([8; 8]);
        let padded = format!("{header}\n{}\n{footer}\n", data_encoding::BASE64.encode(&body));
        assert!(verify(padded.as_bytes()));
        body.extend([8; 40]);
        let other = format!("{header}\n{}\n{footer}\n", data_encoding::BASE64.encode(&body));
        assert!(!verify(other.as_bytes()));
    }

    #[test]
    fn keys_under_a_passphrase_are_told_apart() {
        for name in ["pem-encrypted-private-key", "pem-dek-private-key", "openssh-encrypted-private-key"] {
            let key = key(name);
            assert!(verify_encrypted(key.as_bytes()), "{name} {key}");
            assert!(!verify(key.as_bytes()), "{name}");
            assert!(verify_encrypted(key.replace('\n', "\\n").as_bytes()), "{name}");
            assert!(verify_encrypted(key.replace('\n', " ").as_bytes()), "{name} with blanks");
        }
    }

    #[test]
    fn blocks_that_are_no_key_are_passed_over() {
        let file = format!(
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
            key("pem-ec-private-key")
        );
        assert!(verify(file.as_bytes()));
    }

    #[test]
    fn headers_alone_dummies_and_cut_keys_are_not() {
        let whole = key("pem-private-key");
        let header = whole.lines().next().unwrap();
        let footer = whole.lines().last().unwrap();
        for body in ["", "...", "MIIEvQ...", "<your key>", &"MIIE".repeat(40), &"A".repeat(400), "(key)", "\\n"] {
            let text = format!("{header}\n{body}\n{footer}");
            assert!(!verify(text.as_bytes()), "{body}");
            assert!(!verify_encrypted(text.as_bytes()), "{body}");
        }
        for end in 0..whole.len() - footer.len() - 8 {
            assert!(!verify(&whole.as_bytes()[..end]), "cut at {end}");
        }
        assert!(!verify_pgp(whole.as_bytes()));
        let public = whole.replace("PRIVATE", "PUBLIC");
        assert!(!verify(public.as_bytes()));
    }
}
