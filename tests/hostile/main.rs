//! Input made by somebody who wants us to crash, to hang, to swell, or to say "clear".

#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod limits;
mod names;
mod truncated;
mod walking;
