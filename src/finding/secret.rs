//! Secrets: values that must never be shown.

use std::fmt;

/// A secret value. `Display` and `Debug` show it masked; the value itself is only lent to what compares or hashes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

/// Shortest secret of which any character is shown.
const MASK_ALL_BELOW: usize = 16;

impl Secret {
    /// Takes over a value that was found.
    #[must_use]
    pub fn new(value: &[u8]) -> Self {
        Secret(value.into())
    }

    /// The value itself. Never write it anywhere.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The value in a form that identifies it to its owner and is of no use to anybody else: at most the first four
    /// and the last two characters, and nothing at all of a short value.
    #[must_use]
    pub fn masked(&self) -> String {
        let value = &self.0;
        if value.len() < MASK_ALL_BELOW {
            return "****".to_owned();
        }
        let shown = |bytes: &[u8]| -> String {
            bytes.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '?' }).collect()
        };
        format!("{}****{}", shown(&value[..4]), shown(&value[value.len() - 2..]))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_shows_the_value() {
        let value = "tok_0123456789abcdefghij";
        let secret = Secret::new(value.as_bytes());
        assert_eq!(secret.to_string(), "tok_****ij");
        assert!(!format!("{secret:?}").contains("0123456789"));
        assert_eq!(Secret::new(b"hunter2").to_string(), "****");
        assert_eq!(Secret::new(b"\x1b[31m-------------\x1b[0m").to_string(), "?[31****0m");
    }
}
