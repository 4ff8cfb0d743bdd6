//! The verdict: may this be published?

/// The answer of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was looked at, and nothing speaks against publishing it.
    Clear,
    /// Something would be given away.
    Blocked,
    /// Nothing was found that blocks, but not everything could be looked at.
    Incomplete,
}

impl Verdict {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Clear => "clear",
            Verdict::Blocked => "blocked",
            Verdict::Incomplete => "incomplete",
        }
    }

    /// The exit code of the command line, the same for every report format: 0, 1 or 3. (2 is wrong usage.)
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Clear => 0,
            Verdict::Blocked => 1,
            Verdict::Incomplete => 3,
        }
    }
}
