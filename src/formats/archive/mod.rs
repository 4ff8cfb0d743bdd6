//! Archives: files that hold files.

pub mod ar;
pub mod asar;
pub mod cpio;
pub mod rpm;
mod tally;
pub mod tar;
pub mod unopened;

use crate::finding::{FactSpec, FactType};

/// The facts that every archive and compressed stream may state.
pub static FACTS: &[FactSpec] = &[
    FactSpec { name: "archive.format", kind: FactType::Text, doc: "The archive or compression format" },
    FactSpec { name: "archive.members", kind: FactType::Int, doc: "Number of members handed out" },
    FactSpec { name: "archive.encrypted_members", kind: FactType::Int, doc: "Number of members that are encrypted" },
];
