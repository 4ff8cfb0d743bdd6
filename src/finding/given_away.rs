//! The sources that a finding is about.

use super::FactValue;

/// One source that a map or debug information gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAway {
    /// Its name, as it is given.
    pub name: String,
    /// The same for sources with the same text, however it travels.
    pub text: u128,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl GivenAway {
    /// How many of the largest a finding names among its details, before all other details.
    pub const NAMED: usize = 5;

    /// The larger one first, then by name.
    #[must_use]
    pub fn sort_key(&self) -> impl Ord + use<'_> {
        (std::cmp::Reverse(self.bytes), &self.name)
    }

    /// `src/a.ts (43 lines, 1,277 bytes)`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} ({}, {})", self.name, count_of(self.lines, "line"), count_of(self.bytes, "byte"))
    }
}

fn count_of(number: u64, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {word}{plural}", FactValue::Int(number))
}
