//! What a binary file names as the place of its map or of its debug information.

use super::PERSONAL_EXAMPLES;
use super::address::{Reach, address};

/// Addresses elsewhere, as facts about references state them.
#[derive(Debug, Default)]
pub struct Pointers {
    /// Addresses, storage buckets among them.
    pub remote: Vec<String>,
    /// How many of them lie in storage buckets.
    pub buckets: u64,
}

impl Pointers {
    /// Adds `url` if it is an address elsewhere, and answers whether it is.
    pub fn add(&mut self, url: &str) -> bool {
        let Some(found) = address(url) else { return false };
        self.buckets += u64::from(matches!(found.reach, Reach::Bucket(_)));
        self.remote.push(url.chars().take(200).collect());
        true
    }

    /// How many, how many of them in buckets, and at most 5 examples.
    #[must_use]
    pub fn facts(mut self) -> (u64, u64, Vec<String>) {
        let count = self.remote.len() as u64;
        self.remote.truncate(PERSONAL_EXAMPLES);
        (count, self.buckets, self.remote)
    }
}
