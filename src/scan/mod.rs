//! The engine: walks the target, opens what it finds, judges it, and ends with an [`Outcome`].

mod beside;
mod comment;
mod disclosure;
mod excerpt;
mod gate;
mod manifest;
mod names;
mod originals;
mod outcome;
mod progress;
mod run;
mod scanner;
mod standing;
mod walk;

pub use outcome::{Allowed, Outcome, Stale, Totals};
pub use progress::Progress;
pub use scanner::{BuildError, Builder, Scanner, TargetError};
pub use standing::Standing;
