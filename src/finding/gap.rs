//! Gaps: what could not be looked at.

use super::ArtifactPath;

/// The work during which a gap appeared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Listing the files of the target.
    Walk,
    /// Reading a file.
    Read,
    /// Opening a container or reading a format.
    Format,
    /// Keeping within a limit (size, ratio, count, depth).
    Limit,
    /// Searching content.
    Detect,
}

impl Stage {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Walk => "walk",
            Stage::Read => "read",
            Stage::Format => "format",
            Stage::Limit => "limit",
            Stage::Detect => "detect",
        }
    }
}

/// Something of the target that lastlook did not see. A scan with gaps is incomplete, and an incomplete scan blocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where.
    pub path: ArtifactPath,
    /// During what.
    pub stage: Stage,
    /// Why, in a sentence that names the offset where there is one and says what to do.
    pub reason: String,
}
