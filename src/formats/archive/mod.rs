//! archive formats.
