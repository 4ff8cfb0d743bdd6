//! executable formats.
