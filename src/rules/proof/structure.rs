//! Structures that a secret must have besides its shape.

use std::str::FromStr;

/// What a secret must be besides its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// A JSON Web Token (RFC 7519) whose header decodes and names an algorithm.
    Jwt,
}

impl Structure {
    /// Every structure, for documentation and error messages.
    pub const ALL: &[Structure] = &[Structure::Jwt];

    /// The word used in rules files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Structure::Jwt => "jwt",
        }
    }

    /// Whether `secret` has the structure.
    #[must_use]
    pub fn verify(self, _secret: &[u8]) -> bool {
        true
    }
}

impl FromStr for Structure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Structure::ALL.iter().map(|structure| structure.as_str()).collect::<Vec<_>>().join(", ");
        Structure::ALL
            .iter()
            .copied()
            .find(|structure| structure.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a structure; known: {}", known()))
    }
}
