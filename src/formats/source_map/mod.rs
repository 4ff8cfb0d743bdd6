//! Source maps (ECMA-426) and what points at them.

use crate::finding::FactSpec;

/// Facts that only the whole target can settle; the engine states them at the end of a scan.
pub static TARGET_FACTS: &[FactSpec] = &[];
