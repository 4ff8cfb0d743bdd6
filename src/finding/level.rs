//! How serious a finding is, in the words of SARIF 2.1.0 (section 3.27.10 `level`).

use std::fmt;
use std::str::FromStr;

/// How serious a finding is. Ordered: `Off < Note < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The rule does not report at all.
    Off,
    /// Worth knowing; never blocks.
    Note,
    /// Probably not meant to ship; blocks only with `--fail-on warning`.
    Warning,
    /// Gives something away; blocks the publication.
    Error,
}

impl Level {
    /// Every level, from the most serious down.
    pub const ALL: [Level; 4] = [Level::Error, Level::Warning, Level::Note, Level::Off];

    /// The word used in rules, policies and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is none of the four level words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level: write error, warning, note or off")]
pub struct UnknownLevel(pub String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Level::ALL.into_iter().find(|level| level.as_str() == text).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}
