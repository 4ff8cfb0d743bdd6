//! Fingerprints: names for findings that survive a rebuild.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Identifies a finding across builds: made of the rule, the logical path and the evidence, never of a line or offset.
///
/// 32 lower-case hexadecimal digits (the first 128 bits of a SHA-256). It does not give the secret away: a secret goes
/// in together with rule and path, and only its hash comes out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a finding of `rule` at `path` with `evidence` (the secret, or what else makes it this one).
    #[must_use]
    pub fn new(rule: &str, path: &str, evidence: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [b"lastlook/1".as_slice(), rule.as_bytes(), path.as_bytes(), evidence] {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Fingerprint(HEXLOWER.encode(&hash.finalize()[..16]))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
