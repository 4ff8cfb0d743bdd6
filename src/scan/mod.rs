//! The engine: walks the target, opens what it finds, judges it, and ends with an [`Outcome`].

#[cfg(test)]
mod applications_tests;
mod approved;
mod beside;
mod carried;
mod comment;
mod contents;
mod debug_files;
mod disclosure;
mod excerpt;
mod gate;
mod hosts;
mod layers;
mod manifest;
mod model_folder;
mod names;
mod originals;
mod outcome;
mod place;
mod places;
mod progress;
mod project;
mod repeats;
mod run;
mod scanner;
mod section;
mod shipped;
mod sources;
mod standing;
mod together;
mod walk;

pub use contents::{Content, Named, archive, package};
pub use hosts::Host;
pub use outcome::{Allowed, Judged, Outcome, Stale, Totals};
pub use progress::Progress;
pub use scanner::{BuildError, Builder, Overlay, Scanner, TargetError};
pub use sources::{EmbeddedText, Source, SourceText};
pub use standing::Standing;
pub use together::together;
pub use walk::TargetFile;
pub(crate) use walk::{Listed, walk};
