//! The engine: walks the target, opens what it finds, judges it, and ends with an [`Outcome`].

mod approved;
mod beside;
mod carried;
mod comment;
mod contents;
mod disclosure;
mod excerpt;
mod gate;
mod hosts;
mod manifest;
mod names;
mod originals;
mod outcome;
mod place;
mod places;
mod progress;
mod project;
mod run;
mod scanner;
mod section;
mod sources;
mod standing;
mod walk;

pub use contents::{Content, Named, archive, package};
pub use hosts::Host;
pub use outcome::{Allowed, Outcome, Stale, Totals};
pub use progress::Progress;
pub use scanner::{BuildError, Builder, Overlay, Scanner, TargetError};
pub use sources::{EmbeddedText, Source, SourceText};
pub use standing::Standing;
pub(crate) use walk::{Listed, walk};
