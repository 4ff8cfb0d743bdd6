//! Archives and compressed streams: what hides files from a search until it is opened.

pub mod ar;
pub mod asar;
pub mod brotli;
pub mod bzip2;
pub mod cpio;
pub mod gzip;
pub mod lz4;
pub mod phar;
pub mod rpm;
mod stream;
mod tally;
pub mod tar;
pub(super) mod tar_members;
pub mod unopened;
pub mod xz;
pub mod zip;
pub mod zstd;

use crate::finding::{FactSpec, FactType};

/// The facts that archives and compressed streams share.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "archive.format", kind: FactType::Text, doc: "The archive or compression format" },
    FactSpec { name: "archive.members", kind: FactType::Int, doc: "Number of members handed out" },
    FactSpec { name: "archive.encrypted_members", kind: FactType::Int, doc: "Number of members that are encrypted" },
    FactSpec {
        name: "archive.protected_members",
        kind: FactType::Int,
        doc: "Number of those that are encrypted with AES, so that nobody can look at them without the password",
    },
];
