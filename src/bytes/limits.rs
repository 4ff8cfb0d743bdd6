//! Limits: what hostile input may cost.

use std::sync::atomic::{AtomicU64, Ordering};

/// What one artifact may cost. Every limit that is reached leaves a gap; nothing is dropped in silence.
///
/// Limits count per artifact, so that what they cut does not depend on the number of threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many containers may lie around an artifact. Default 16.
    pub depth: u64,
    /// How many members one container may hand out. Default 1,000,000.
    pub members: u64,
    /// How many bytes the members of one container may have once decompressed. Default 1 GiB.
    pub inflated: u64,
    /// How many times larger than the container its decompressed members may be, once they are over 16 MiB. Default 200:
    /// real packages stay under 30, a bomb starts near 1,000.
    pub ratio: u64,
    /// How large a regular file may be. Default 64 GiB.
    pub file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 16, members: 1_000_000, inflated: 1 << 30, ratio: 200, file: 64 << 30 }
    }
}

/// Decompressed output below this size is never held against a ratio: small zero-filled files are common and harmless.
pub const RATIO_FLOOR: u64 = 16 << 20;

impl Limits {
    /// How many bytes all containers in a file of `size` bytes may hand out together, at every depth. Without it a few
    /// kilobytes of archives in archives, each of them within its own limits, would keep us busy for ever.
    #[must_use]
    pub fn handed_out_from(&self, size: u64) -> u64 {
        size.saturating_mul(self.ratio).max(8 * RATIO_FLOOR)
    }

    /// How many bytes may come out of a container of `packed` bytes.
    #[must_use]
    pub fn inflated_from(&self, packed: u64) -> u64 {
        self.inflated.min(packed.saturating_mul(self.ratio).max(RATIO_FLOOR))
    }
}

/// What is left for the containers of one file to hand out. Shared between threads, so which member comes to the end of
/// it is left to chance; that it was reached never is in doubt, because the file then has a gap.
#[derive(Debug)]
pub struct Budget(AtomicU64);

impl Budget {
    /// What a member costs besides its bytes.
    const MEMBER: u64 = 1 << 10;

    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Budget(AtomicU64::new(bytes))
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Pays for a member of `bytes` bytes; `false` where too little is left, and then nothing is.
    pub fn pay(&self, bytes: u64) -> bool {
        let cost = bytes.saturating_add(Self::MEMBER);
        let paid = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost)).is_ok();
        if !paid {
            self.0.store(0, Ordering::Relaxed);
        }
        paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_was_overdrawn_stays_empty() {
        let budget = Budget::new(5_000);
        assert!(budget.pay(1_000));
        assert!(!budget.pay(10_000));
        assert_eq!((budget.left(), budget.pay(0)), (0, false));
    }
}
