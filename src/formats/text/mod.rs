//! text formats.
