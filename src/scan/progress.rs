//! Telling somebody how far a scan has come.

/// Told about the progress of a scan, from several threads.
pub trait Progress: Send + Sync {
    /// The target was walked: so many files are to be looked at.
    fn files(&self, total: u64);

    /// One more file was looked at, with everything in it.
    fn file_done(&self);
}

/// Nobody listens.
impl Progress for () {
    fn files(&self, _total: u64) {}

    fn file_done(&self) {}
}
