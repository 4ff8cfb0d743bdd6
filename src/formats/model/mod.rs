//! model formats.
