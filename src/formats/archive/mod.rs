//! Archives and compressed streams: what hides files from a search until it is opened.

pub mod brotli;
pub mod bzip2;
pub mod gzip;
mod stream;
pub mod xz;
pub mod zip;
pub mod zstd;

use crate::finding::{FactSpec, FactType};

/// The facts that archives and compressed streams share.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "archive.format", kind: FactType::Text, doc: "The archive or compression format" },
    FactSpec { name: "archive.members", kind: FactType::Int, doc: "Number of members handed out" },
    FactSpec { name: "archive.encrypted_members", kind: FactType::Int, doc: "Number of members that are encrypted" },
];
