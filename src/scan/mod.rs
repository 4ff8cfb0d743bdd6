//! The engine: walks the target, opens what it finds, judges it, and ends with an [`Outcome`].

mod disclosure;
mod excerpt;
mod gate;
mod outcome;
mod places;
mod progress;
mod run;
mod scanner;
mod walk;

pub use outcome::{Allowed, Outcome, Stale, Totals};
pub use progress::Progress;
pub use scanner::{BuildError, Builder, Scanner, TargetError};
