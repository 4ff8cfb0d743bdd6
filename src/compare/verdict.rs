//! May the new version be published, as far as it is new?

use std::fmt;
use std::str::FromStr;

use super::Comparison;
use crate::finding::{Level, Verdict};
use crate::manifest::Kind;
use crate::scan::Outcome;

/// Something new that a user may want to be stopped by, whatever rules say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewThing {
    /// Any file that was not there.
    File,
    /// A file of this kind that was not there, or was of another kind.
    Kind(Kind),
    /// A host that shipped text did not name.
    Host,
    /// A first-party source that was not disclosed.
    Source,
}

impl NewThing {
    /// Everything that can be asked for.
    pub const ALL: [NewThing; 8] = [
        NewThing::File,
        NewThing::Kind(Kind::Map),
        NewThing::Kind(Kind::Executable),
        NewThing::Kind(Kind::Model),
        NewThing::Kind(Kind::Dataset),
        NewThing::Kind(Kind::Archive),
        NewThing::Host,
        NewThing::Source,
    ];

    /// The word used on the command line and in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NewThing::File => "file",
            NewThing::Kind(kind) => kind.as_str(),
            NewThing::Host => "host",
            NewThing::Source => "source",
        }
    }

    /// Whether a comparison with a manifest can say it.
    #[must_use]
    pub fn is_about_files(self) -> bool {
        matches!(self, NewThing::File | NewThing::Kind(_))
    }
}

impl fmt::Display for NewThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names nothing that can be new.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that can be new: write file, map, executable, model, dataset, archive, host or source")]
pub struct UnknownThing(pub String);

impl FromStr for NewThing {
    type Err = UnknownThing;

    fn from_str(text: &str) -> Result<Self, UnknownThing> {
        NewThing::ALL.into_iter().find(|thing| thing.as_str() == text).ok_or_else(|| UnknownThing(text.to_owned()))
    }
}

impl Comparison {
    /// How many new things there are of this sort.
    #[must_use]
    pub fn count(&self, thing: NewThing) -> usize {
        match thing {
            NewThing::File => self.added.len(),
            NewThing::Kind(kind) => self.new_kinds().iter().filter(|(of, _)| *of == kind).count(),
            NewThing::Host => self.new_hosts.as_ref().map_or(0, Vec::len),
            NewThing::Source => self.sources.as_ref().map_or(0, |sources| sources.new.len()),
        }
    }

    /// The verdict on what is new in `outcome`: blocked by new findings of the level `fail_on` and above, and by what
    /// `unwanted` names; incomplete where the new version could not be looked at as a whole. What could not be looked at
    /// in the old one makes more things new, never fewer.
    #[must_use]
    pub fn verdict(&self, outcome: &Outcome, fail_on: Level, accepts_gaps: bool, unwanted: &[NewThing]) -> Verdict {
        let stopped = unwanted.iter().any(|thing| self.count(*thing) > 0);
        if stopped || self.count_new(outcome, fail_on) > 0 {
            Verdict::Blocked
        } else if outcome.gaps.is_empty() || accepts_gaps {
            Verdict::Clear
        } else {
            Verdict::Incomplete
        }
    }
}
