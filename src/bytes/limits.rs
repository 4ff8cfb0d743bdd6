//! Limits: what hostile input may cost.

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
    /// How many bytes may come out of a container of `packed` bytes.
    #[must_use]
    pub fn inflated_from(&self, packed: u64) -> u64 {
        self.inflated.min(packed.saturating_mul(self.ratio).max(RATIO_FLOOR))
    }
}
