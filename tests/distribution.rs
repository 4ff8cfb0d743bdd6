//! What people without Rust install: the packages that `distribution/build` makes, installed by the real npm and pip and
//! used as they would be; the files that GitHub Actions and pre-commit read from the repository. Nothing is published:
//! npm is given a registry on loopback, pip a folder.

// Links, signals and paths of programs are those of Unix.
#![cfg(unix)]
// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "distribution/action.rs"]
mod action;
#[path = "support/markdown.rs"]
#[allow(dead_code, reason = "other tests read more of a page")]
mod markdown;
#[path = "distribution/npm.rs"]
mod npm;
#[path = "distribution/pypi.rs"]
mod pypi;
#[path = "distribution/repository.rs"]
mod repository;
#[path = "distribution/workshop.rs"]
mod workshop;
