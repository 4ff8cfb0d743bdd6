//! Containers that are encrypted on purpose, recognised by their structure.
//!
//! What is inside cannot be searched, and that is no gap: a stranger cannot read it either. But only what really looks
//! like ciphertext is left out of the search; a text behind the mark of a scheme is searched like any other.

mod binary;
mod cms;
mod openpgp;
mod textual;

use std::ops::Range;

use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType};
use crate::formats::{Coverage, Format, FormatError, Inspection};

/// Recognises encrypted containers.
#[derive(Debug)]
pub struct Encrypted;

/// One way to encrypt a file.
struct Scheme {
    /// The value of `protection.scheme`.
    name: &'static str,
    /// Whether its mark is there: cheap, on the first bytes.
    sniff: fn(&Probe<'_>) -> bool,
    /// Checks the structure and finds the ciphertext.
    read: fn(&Probe<'_>) -> Result<Cipher, FormatError>,
}

/// Where the ciphertext lies.
enum Cipher {
    /// Binary, and nothing around it but lengths, salts and checksums.
    Whole(Range<usize>),
    /// Binary, with something around it that is worth searching.
    Inside(Range<usize>),
    /// Hexadecimal or base64 digits in a text, already checked to be nothing else.
    Digits(Range<usize>),
    /// Several values of that kind.
    Values(Vec<Range<usize>>),
}

static SCHEMES: &[Scheme] = &[
    Scheme { name: "age", sniff: binary::is_age, read: binary::age },
    Scheme { name: "openssl", sniff: binary::is_openssl, read: binary::openssl },
    Scheme { name: "git-crypt", sniff: binary::is_git_crypt, read: binary::git_crypt },
    Scheme { name: "luks", sniff: binary::is_luks, read: binary::luks },
    Scheme { name: "aes-crypt", sniff: binary::is_aes_crypt, read: binary::aes_crypt },
    Scheme { name: "aws-encryption-sdk", sniff: binary::is_aws, read: binary::aws },
    Scheme { name: "openpgp", sniff: openpgp::sniff, read: openpgp::read },
    Scheme { name: "cms", sniff: cms::sniff, read: cms::read },
    Scheme { name: "age", sniff: textual::is_age, read: textual::age },
    Scheme { name: "openpgp", sniff: textual::is_openpgp, read: textual::openpgp },
    Scheme { name: "cms", sniff: textual::is_cms, read: textual::cms },
    Scheme { name: "openssl", sniff: textual::is_openssl, read: textual::openssl },
    Scheme { name: "jwe", sniff: textual::is_jwe, read: textual::jwe },
    Scheme { name: "fernet", sniff: textual::is_fernet, read: textual::fernet },
    Scheme { name: "ansible-vault", sniff: textual::is_vault, read: textual::vault },
    Scheme { name: "sops", sniff: textual::is_sops, read: textual::sops },
];

impl Format for Encrypted {
    fn name(&self) -> &'static str {
        "encrypted"
    }

    fn summary(&self) -> &'static str {
        "encrypted on purpose (age, OpenSSL, OpenPGP, CMS, Fernet, JWE, Ansible Vault, SOPS, git-crypt, LUKS, AES Crypt, \
         AWS Encryption SDK)"
    }

    fn facts(&self) -> &'static [FactSpec] {
        static FACTS: &[FactSpec] = &[FactSpec {
            name: "protection.scheme",
            kind: FactType::Text,
            doc: "What the artifact is encrypted with: age, openssl, openpgp, cms, fernet, jwe, ansible-vault, \
                  sops, git-crypt, luks, aes-crypt or aws-encryption-sdk",
        }];
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        SCHEMES.iter().any(|scheme| (scheme.sniff)(probe))
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        for scheme in SCHEMES.iter().filter(|scheme| (scheme.sniff)(&probe)) {
            let read = (scheme.read)(&probe);
            if matches!(read, Err(FormatError::NotThis)) {
                continue;
            }
            out.fact("protection.scheme", scheme.name);
            return read.map(|cipher| cover(&cipher, &artifact.bytes, out));
        }
        Err(FormatError::NotThis)
    }
}

fn cover(cipher: &Cipher, bytes: &[u8], out: &mut Inspection<'_>) -> Coverage {
    let random = |range: &Range<usize>| looks_random(bytes.get(range.clone()).unwrap_or_default());
    let mut explain = |range: &Range<usize>| out.explain(range.start as u64..range.end as u64);
    match cipher {
        Cipher::Whole(range) if random(range) => return Coverage::Whole,
        Cipher::Inside(range) if random(range) => explain(range),
        Cipher::Digits(range) => explain(range),
        Cipher::Values(ranges) => ranges.iter().for_each(explain),
        Cipher::Whole(_) | Cipher::Inside(_) => {}
    }
    Coverage::Part
}

/// How many bytes one look takes, and how many looks are taken at most, spread over the whole.
const WINDOW: usize = 4 << 10;
const LOOKS: usize = 256;

/// Fewer bytes than these tell nothing.
const TELLING: usize = 64;

/// Whether bytes could be ciphertext: anything but text. Of random bytes 38 % are printable ASCII, and no value is
/// frequent; of text nearly all are printable, and in UTF-16 every other byte is 0.
fn looks_random(bytes: &[u8]) -> bool {
    let windows = bytes.len().div_ceil(WINDOW);
    let step = windows.div_ceil(LOOKS).max(1) * WINDOW;
    bytes.len() >= TELLING
        && (0..bytes.len()).step_by(step).all(|start| {
            // The last window reaches back, so that a short rest is not judged on its own.
            let start = start.min(bytes.len().saturating_sub(WINDOW));
            window_looks_random(&bytes[start..bytes.len().min(start + WINDOW)])
        })
}

fn window_looks_random(window: &[u8]) -> bool {
    let mut counts = [0usize; 256];
    window.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let printable = counts[0x20..0x7f].iter().sum::<usize>() + counts[9] + counts[10] + counts[13];
    let most = counts.iter().max().copied().unwrap_or(0);
    printable * 100 < window.len() * 65 && most <= window.len() / 8 + 8
}

#[cfg(test)]
mod testing {
    use super::Encrypted;
    use crate::finding::FactValue;
    use crate::formats::testing::{Looked, inspect};

    /// Bytes that look encrypted, the same on every run.
    pub(super) fn noise(count: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect()
    }

    /// What the format makes of bytes without a telling name.
    pub(super) fn look(bytes: &[u8]) -> Looked {
        inspect(&Encrypted, "file.bin", bytes)
    }

    /// The scheme that was stated.
    pub(super) fn scheme(looked: &Looked) -> Option<&str> {
        match looked.stated.facts.get("protection.scheme") {
            Some(FactValue::Text(scheme)) => Some(scheme),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{look, noise};
    use super::*;

    #[test]
    fn ciphertext_looks_random_and_text_does_not() {
        for size in [64, 100, 5_000, 3 << 20] {
            assert!(looks_random(&noise(size)), "{size}");
            assert!(!looks_random(&vec![0; size]), "{size}");
            assert!(!looks_random(&b"key = value; "[..].repeat(size / 13 + 5)), "{size}");
            assert!(!looks_random(&b"k\0e\0y\0=\0"[..].repeat(size / 8 + 8)), "{size}");
        }
        let half = [noise(10_000), b"plain text ".repeat(1_000)].concat();
        assert!(!looks_random(&half));
    }

    #[test]
    fn plain_files_are_not_encrypted() {
        for bytes in [&b""[..], b"age-encryption.org is a site", b"Salted__ butter", b"LUKS", &noise(1000), &[0x30; 50]]
        {
            assert!(matches!(look(bytes).result, Err(FormatError::NotThis)), "{bytes:?}");
        }
    }
}
