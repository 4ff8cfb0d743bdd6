//! Source maps (ECMA-426) and what points at them.

mod inline;
mod json;
mod map;
mod origin;
mod position;
mod read;

pub use inline::Inline;
pub use map::SourceMap;
pub use origin::origin;
pub use position::{Identity, Mapped, Positions, Unreadable, debug_id};

use crate::finding::{FactSpec, FactType};

/// How many example paths or addresses a fact lists.
const PERSONAL_EXAMPLES: usize = 5;

/// Facts that only the whole target can settle; the engine states them at the end of a scan.
pub static TARGET_FACTS: &[FactSpec] = &[
    FactSpec {
        name: "source_map.undisclosed",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources whose embedded text the package does not ship as a file",
    },
    FactSpec { name: "source_map.undisclosed_lines", kind: FactType::Int, doc: "Lines of these sources" },
    FactSpec { name: "source_map.undisclosed_bytes", kind: FactType::Int, doc: "Bytes of these sources" },
    FactSpec {
        name: "source_map.shipped",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources that the package ships as files anyway",
    },
    FactSpec {
        name: "source_map.names_only",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources that are only named, and not shipped",
    },
    FactSpec {
        name: "reference.dangling",
        kind: FactType::Int,
        doc: "Number of references to maps that are not in the package",
    },
    FactSpec { name: "reference.dangling_examples", kind: FactType::List, doc: "At most 5 of these references" },
];
