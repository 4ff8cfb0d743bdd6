//! Exit codes, the same for every report format.

use std::process::ExitCode;

use lastlook::finding::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: may be published; or the command did what it should.
    Clear,
    /// 1: something would be given away; or rules do not do what their examples say.
    Blocked,
    /// 2: wrong usage, configuration or rules.
    Usage,
    /// 3: not everything could be looked at.
    Incomplete,
    /// Any other code: that of a command which was run for the user.
    Other(u8),
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clear => Exit::Clear,
            Verdict::Blocked => Exit::Blocked,
            Verdict::Incomplete => Exit::Incomplete,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Clear => Verdict::Clear.exit_code(),
            Exit::Blocked => Verdict::Blocked.exit_code(),
            Exit::Usage => 2,
            Exit::Incomplete => Verdict::Incomplete.exit_code(),
            Exit::Other(code) => code,
        })
    }
}
