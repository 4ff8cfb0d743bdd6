//! Offline proof that a text with the shape of a token is one: checksums and structures that need no network.

mod checksum;
mod structure;

pub use checksum::Checksum;
pub use structure::Structure;
