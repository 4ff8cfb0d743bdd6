//! What lastlook says would be published is what the real tools pack: file for file and byte for byte, for real packages
//! with additions that make the selection hard, with npm 9 to 12, pnpm, Yarn of both generations, Bun, cargo and Python.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod directory;
mod npm;
mod others;
mod projects;
mod python;
mod support;
mod workspaces;
