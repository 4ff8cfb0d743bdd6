//! Encodings that text can be wrapped in.

use std::fmt;

/// One way in which a secret was written down so that a search for its characters passes over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Base64, in the standard or the URL-safe alphabet (RFC 4648, sections 4 and 5).
    Base64,
    /// Two hexadecimal digits a byte (RFC 4648, section 8).
    Hex,
    /// Percent-encoding (RFC 3986, section 2.1).
    Percent,
    /// Escapes of JavaScript and JSON strings: `\x67`, `\u0067`, `\147`, `\/`.
    Escapes,
    /// Character references of HTML and XML: `&#103;`, `&amp;`.
    Entities,
    /// UTF-16 inside other bytes.
    Utf16,
    /// String literals that are joined when the program runs: `"ab" + "cd"`.
    Concatenation,
}

impl Encoding {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Base64 => "base64",
            Encoding::Hex => "hex",
            Encoding::Percent => "percent",
            Encoding::Escapes => "escapes",
            Encoding::Entities => "entities",
            Encoding::Utf16 => "utf-16",
            Encoding::Concatenation => "concatenation",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
