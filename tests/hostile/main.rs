//! Input made by somebody who wants us to crash, to hang, to swell, or to say "clear".

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod limits;
mod models;
mod names;
mod truncated;
mod walking;
