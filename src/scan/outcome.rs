//! What a scan ends with.

use std::collections::BTreeSet;

use super::{Content, Host, Source};
use crate::finding::{ArtifactPath, Finding, Gap, Level, Verdict};

/// The result of a scan. Everything in it is sorted: the same target gives the same outcome on any number of threads.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// May it be published?
    pub verdict: Verdict,
    /// What speaks against it, the most serious first.
    pub findings: Vec<Finding>,
    /// Findings that the policy, a baseline or a comment allows, with the reason.
    pub allowed: Vec<Allowed>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
    /// Allow entries of the policy, and entries of the baseline, that did nothing or no longer do.
    pub stale: Vec<Stale>,
    /// What was looked at.
    pub totals: Totals,
    /// The sources that a stranger could rebuild or knows the names of, where [`super::Builder::sources`] asked for
    /// them: by package, then by standing, then by place.
    pub sources: Vec<Source>,
    /// The files and members, where [`super::Builder::contents`] asked for them: by path.
    pub contents: Vec<Content>,
    /// The hosts that shipped text names, where [`super::Builder::hosts`] asked for them: by name.
    pub hosts: Vec<Host>,
    /// The verdict on each package, where a tool was asked what it would publish; empty otherwise.
    pub packages: Vec<Judged>,
    /// What must be said aloud about the choice of what was looked at: packages that were skipped, and folders that were
    /// looked at whole because their tool could not be asked.
    pub remarks: Vec<String>,
}

/// A package that would be published, and the verdict on it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The tool that publishes it: `npm`.
    pub tool: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its version; empty where it is not known.
    pub version: String,
    /// Its folder, as reports show paths.
    pub folder: String,
    /// Whether exactly what would be published was looked at; `false` where it was everything in the folder.
    pub exact: bool,
    /// May it be published?
    pub verdict: Verdict,
    /// Its files, and what is in them.
    pub totals: Totals,
    /// Findings of the levels error, warning and note.
    pub findings: [usize; 3],
    /// Number of gaps.
    pub gaps: usize,
    /// Where its findings, allowed or not, and its gaps are, as reports show paths.
    pub places: BTreeSet<String>,
}

/// A finding that an allow entry, a baseline or a comment lets pass.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// The finding.
    pub finding: Finding,
    /// The reason that the policy gives, or the baseline or the comment that allows it.
    pub reason: String,
}

/// An allow entry that should be removed or renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Where the entry stands: `lastlook.toml:12`.
    pub place: String,
    /// What is the matter with it, in a sentence.
    pub problem: String,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files of the file system.
    pub files: u64,
    /// Members of containers, at any depth.
    pub members: u64,
    /// Bytes of files and members.
    pub bytes: u64,
}

impl Judged {
    /// Whether something that was found there, or a gap there, is about this package.
    #[must_use]
    pub fn holds(&self, place: &ArtifactPath) -> bool {
        self.places.contains(&place.to_string())
    }
}

impl Outcome {
    /// How many findings have this level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}
