//! lastlook takes the last look at what is about to be published.

pub mod bytes;
pub mod finding;
pub mod formats;
