//! The words of lastlook: artifacts, facts, findings, gaps and the verdict.
//!
//! This is the lowest floor. Nothing here opens a file, runs a regular expression or knows the command line.

mod artifact;
mod encoding;
mod fact;
#[allow(clippy::module_inception)]
mod finding;
mod fingerprint;
mod gap;
mod given_away;
mod level;
mod location;
mod place;
mod secret;
mod section;
mod verdict;

pub use artifact::{Artifact, ArtifactPath, Role};
pub use encoding::Encoding;
pub use fact::{FactSpec, FactType, FactValue, Facts};
pub use finding::{Category, Finding};
pub use fingerprint::Fingerprint;
pub use gap::{Gap, Stage};
pub use given_away::GivenAway;
pub use level::{Level, UnknownLevel};
pub use location::{Location, Span};
pub use place::{Original, Place};
pub use secret::Secret;
pub use section::Section;
pub use verdict::Verdict;
