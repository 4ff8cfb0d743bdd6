//! lastlook takes the last look at what is about to be published.
//!
//! It opens a build output the way a stranger will, finds source maps, embedded sources, secrets, model files and what
//! else should never ship, and says whether it may be published. Start at [`Scanner`].
//!
//! The library never prints, never exits, and never uses the network.

pub mod bytes;
pub mod compare;
pub mod config;
pub mod detect;
pub mod finding;
pub mod fix;
pub mod formats;
pub mod manifest;
pub mod policy;
pub mod report;
pub mod rules;
pub mod scan;
pub mod target;

pub use scan::Scanner;
