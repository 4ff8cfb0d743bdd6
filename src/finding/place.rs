//! Places of one secret: where it stood in the source, and where else it is.

use std::sync::Arc;

use super::{ArtifactPath, Encoding, Finding, Fingerprint, Location};

/// A place in the source that a file was built from, as a source map tells it (ECMA-426: "original position").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Original {
    /// The source as the map names it, `sourceRoot` in front. It comes from hostile input, like every name of a target.
    pub source: Arc<str>,
    /// Line, counted from 1.
    pub line: u64,
    /// Column in that line, counted in UTF-16 code units from 1, as source maps and editors count.
    pub column: u64,
}

/// A further place of a finding.
#[derive(Debug, Clone)]
pub struct Place {
    /// The artifact.
    pub path: ArtifactPath,
    /// The place inside it.
    pub location: Option<Location>,
    /// The place in the source that this artifact was built from.
    pub original: Option<Original>,
    /// The fingerprint that a finding at this place alone would have. An allow entry may name it as well.
    pub fingerprint: Fingerprint,
    /// How many further places hold the same secret in the same artifact.
    pub repeats: u64,
    /// How the secret is encoded there, outermost first; empty where it stands there as it is.
    pub encodings: Vec<Encoding>,
}

impl From<Finding> for Place {
    fn from(finding: Finding) -> Self {
        let Finding { path, location, original, fingerprint, repeats, encodings, .. } = finding;
        Place { path, location, original, fingerprint, repeats, encodings }
    }
}
