//! The engine: walks the target, opens what it finds, judges it, and ends with an [`Outcome`].

mod outcome;

pub use outcome::{Allowed, Outcome, Stale, Totals};
