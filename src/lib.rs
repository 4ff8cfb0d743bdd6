//! lastlook takes the last look at what is about to be published.

pub mod bytes;
pub mod config;
pub mod detect;
pub mod finding;
pub mod formats;
pub mod policy;
pub mod report;
pub mod rules;
pub mod scan;
