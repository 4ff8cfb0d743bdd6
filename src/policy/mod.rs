//! The policy: `lastlook.toml`, which says how serious each rule is, what is allowed on purpose, and what a scan may cost.

mod allow;
mod baseline;
mod date;
mod file;
mod levels;

pub use allow::AllowEntry;
pub use baseline::{BASELINE_NAME, Baseline, Salt};
pub use date::Date;
pub use file::{FILE_NAME, Policy};
pub use levels::Levels;
