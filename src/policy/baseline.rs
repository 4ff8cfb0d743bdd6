//! Baselines: files that accept what was found before, so that only what is new blocks.
//!
//! An entry is a keyed hash of a finding's fingerprint, and so of rule, logical path and evidence, never of a line. The
//! salt lies in the same file: it keeps the hashes of two projects apart and tables of common values useless.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::config::{Diagnostic, Diagnostics};
use crate::finding::{Finding, Fingerprint};

/// The name of a baseline where none is given.
pub const BASELINE_NAME: &str = "lastlook-baseline.json";
/// Version of the form.
const FORM: u32 = 1;
/// How many bytes the block of a SHA-256 has (FIPS 180-4, section 1).
const BLOCK: usize = 64;

/// What makes the hashes of one baseline its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// One that nobody has yet. The operating system seeds the hashers of the standard library.
    #[must_use]
    pub fn random() -> Self {
        let mut hash = Sha256::new();
        for number in 0..4u64 {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u64(number);
            hash.update(hasher.finish().to_le_bytes());
        }
        Salt(hash.finalize().into())
    }

    /// The digits that a baseline has.
    #[must_use]
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// What a baseline says of a finding: 32 hexadecimal digits.
    #[must_use]
    pub fn seal(&self, fingerprint: &Fingerprint) -> String {
        HEXLOWER.encode(&hmac(&self.0, fingerprint.as_str().as_bytes())[..16])
    }
}

/// HMAC-SHA-256 (RFC 2104) with a key no longer than a block.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha256::new().chain_update(block)
    };
    let inner = padded(0x36).chain_update(message).finalize();
    padded(0x5c).chain_update(inner).finalize().into()
}

/// A baseline that was read.
#[derive(Debug, Clone)]
pub struct Baseline {
    file: String,
    salt: Salt,
    /// By seal: the rule, the path and the line in the file.
    entries: BTreeMap<String, (String, String, usize)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(rename = "lastlook-baseline")]
    version: u32,
    salt: String,
    findings: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: String,
    seal: String,
}

impl Baseline {
    /// Reads the text of a baseline called `file`.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let mistake = |line: usize, column: usize, message: String| {
            let hint = Some("`lastlook baseline` writes it anew".to_owned());
            Diagnostics(vec![Diagnostic { file: file.to_owned(), line, column, message, hint }])
        };
        let form: Form = serde_json::from_str(text)
            .map_err(|error| mistake(error.line(), error.column(), format!("this is no baseline: {error}")))?;
        if form.version != FORM {
            return Err(mistake(1, 1, format!("a baseline of form {} is not understood", form.version)));
        }
        let salt = HEXLOWER.decode(form.salt.as_bytes()).ok().and_then(|salt| salt.try_into().ok());
        let salt = Salt(salt.ok_or_else(|| mistake(2, 1, "the salt has 64 hexadecimal digits".to_owned()))?);
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let seal = line.rsplit("\"seal\":\"").next().and_then(|rest| rest.get(..32));
            if let Some(seal) = seal {
                lines.entry(seal).or_insert(index + 1);
            }
        }
        let line = |seal: &str| lines.get(seal).copied().unwrap_or(1);
        let entries = form
            .findings
            .iter()
            .map(|entry| (entry.seal.clone(), (entry.rule.clone(), entry.path.clone(), line(&entry.seal))));
        Ok(Baseline { file: file.to_owned(), salt, entries: entries.collect() })
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// As [`Baseline::parse`], and when it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("the baseline cannot be read: {error}");
            let hint = Some("`lastlook baseline` writes one".to_owned());
            Diagnostics(vec![Diagnostic { file: file.clone(), line: 1, column: 1, message, hint }])
        })?;
        Baseline::parse(&file, &text)
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What makes its hashes its own.
    #[must_use]
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The entry that accepts a finding.
    #[must_use]
    pub fn entry(&self, finding: &Finding) -> Option<&str> {
        let seal = self.salt.seal(&finding.fingerprint);
        let (seal, (rule, ..)) = self.entries.get_key_value(&seal)?;
        (**rule == *finding.rule).then_some(seal)
    }

    /// The entries that are not in `used`: the place of each, its rule and its path, in the order of the file.
    #[must_use]
    pub fn unused(&self, used: &BTreeSet<String>) -> Vec<(String, &str, &str)> {
        let mut unused: Vec<_> = self.entries.iter().filter(|(seal, _)| !used.contains(*seal)).collect();
        unused.sort_by_key(|(seal, (.., line))| (*line, *seal));
        unused.into_iter().map(|(_, (rule, path, line))| (format!("{}:{line}", self.file), &**rule, &**path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // RFC 4231 has no key of 32 bytes; this value is Python's for a key of 32 bytes 0x0b and the message of case 1.
        let made = HEXLOWER.encode(&hmac(&[0x0b; 32], b"Hi There"));
        assert_eq!(made, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
        assert_ne!(Salt::random(), Salt::random());
    }

    #[test]
    fn what_is_no_baseline_is_a_mistake() {
        let salt = "0".repeat(64);
        for (text, said) in [
            ("[]".to_owned(), "this is no baseline"),
            ("{\"lastlook-baseline\":2,\"salt\":\"\",\"findings\":[]}".to_owned(), "form 2"),
            ("{\"lastlook-baseline\":1,\"salt\":\"00\",\"findings\":[]}".to_owned(), "64 hexadecimal digits"),
            (format!("{{\"lastlook-baseline\":1,\"salt\":\"{salt}\",\"findings\":[{{}}]}}"), "missing field `rule`"),
        ] {
            let error = Baseline::parse("b.json", &text).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("lastlook baseline"), "{error}");
        }
    }
}
