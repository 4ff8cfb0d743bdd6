//! Publishing by the real tools: what lastlook says would be published is what they pack, and `lastlook guard` hands them
//! the very bytes that it looked at. vsce, web-ext and helm are fetched once by npm and pip, in the versions that
//! `workshop.rs` names; gem, umoci, skopeo, javac and jar are those of the machine.

#![cfg(unix)]
// A helper of a test that meets the unexpected fails the test, as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod gem;
mod helm;
mod images;
mod jars;
mod vscode;
mod workshop;

/// A map that gives a source away which no package here ships as a file.
const LEAKY_MAP: &str = r#"{"version":3,"file":"main.js","sources":["../private/main.ts"],
    "sourcesContent":["// Not every one is public.\nexport const tide = 'high';\n"],"mappings":"AAAA"}"#;
