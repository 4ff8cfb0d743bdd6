//! What people without Rust install: the packages that `distribution/build` makes, installed by the real npm and pip and
//! used as they would be; the files that GitHub Actions and pre-commit read from the repository. Nothing is published:
//! npm is given a registry on loopback, pip a folder.

// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "distribution/action.rs"]
mod action;
#[path = "distribution/npm.rs"]
mod npm;
#[path = "distribution/pypi.rs"]
mod pypi;
#[path = "distribution/repository.rs"]
mod repository;
#[path = "distribution/workshop.rs"]
mod workshop;
