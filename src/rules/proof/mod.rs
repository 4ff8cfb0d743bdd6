//! Offline proof that a text with the shape of a token is one: checksums and structures that need no network.

mod armor;
mod azure;
mod base58;
mod bech32;
mod checksum;
mod codec;
mod crc;
mod encoded;
mod github;
mod jwt;
mod password;
mod pem;
mod random;
mod service_account;
mod structure;
mod url;

pub use checksum::Checksum;
pub use structure::Structure;

pub(in crate::rules) use base58::encode_checked;
pub(crate) use codec::distinct;
pub(crate) use password::is_plausible_password;
pub(crate) use random::{are_random_letters, is_words, looks_random};
