//! Source maps (ECMA-426) and what points at them.

mod address;
mod buckets;
pub(crate) mod comment;
mod escape;
mod hermes;
pub(crate) mod inline;
mod installed;
mod js;
pub(crate) mod json;
pub(crate) mod literal;
mod map;
mod origin;
mod position;
mod ram_bundle;
pub(crate) mod read;
mod source_url;
pub mod toolchain;
pub(crate) mod uri;

pub(crate) use address::Addresses;
pub use address::{Address, Reach, address, is_absolute};
pub use hermes::Hermes;
pub(crate) use inline::ADDRESS_FACTS;
pub use inline::Inline;
pub use installed::{Installed, installed};
pub use map::SourceMap;
pub use origin::origin;
pub use position::{Identity, Mapped, Positions, Unreadable, debug_id};
pub use ram_bundle::RamBundle;
pub use source_url::SourceUrl;

use super::Settled;
use crate::finding::{FactSpec, FactType};

/// What the first key of a map is, unless a tool puts its own before it.
const FIRST_KEYS: [&[u8]; 9] =
    [b"version", b"file", b"names", b"sources", b"mappings", b"sections", b"sourceRoot", b"sourcesContent", b"debugId"];
/// How many maps one file may carry: beyond it they are a bomb, not a program.
const CARRIED: u64 = 1 << 15;
/// How many example paths or addresses a fact lists.
const PERSONAL_EXAMPLES: usize = 5;

/// What is said of the sources of a map once the whole target was seen.
pub static SETTLED: Settled = Settled {
    undisclosed: "source_map.undisclosed",
    lines: "source_map.undisclosed_lines",
    bytes: "source_map.undisclosed_bytes",
    shipped: "source_map.shipped",
    names_only: Some("source_map.names_only"),
    third_party: "source_map.third_party",
    packages: "source_map.packages",
};

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
        name: "source_map.names_folders",
        kind: FactType::List,
        doc: "The folders of most of these names, with their number; at most 5",
    },
    FactSpec {
        name: "source_map.outside",
        kind: FactType::Int,
        doc: "Number of the publisher's own unshipped sources whose names lead out of the package",
    },
    FactSpec {
        name: "source_map.internal_packages",
        kind: FactType::List,
        doc: "Internal packages that these names speak of; at most 32",
    },
    FactSpec { name: "source_map.third_party", kind: FactType::Int, doc: "Number of sources of other packages" },
    FactSpec {
        name: "source_map.packages",
        kind: FactType::List,
        doc: "The other packages, with versions where paths tell them; at most 32",
    },
    FactSpec {
        name: "reference.dangling",
        kind: FactType::Int,
        doc: "Number of references to maps that are not in the package",
    },
    FactSpec { name: "reference.dangling_examples", kind: FactType::List, doc: "At most 5 of these references" },
    FactSpec {
        name: "package.originals",
        kind: FactType::Int,
        doc: "Number of original sources that the package ships as files beside what was compiled from them",
    },
    FactSpec {
        name: "package.originals_folders",
        kind: FactType::List,
        doc: "The folders of most of these sources, with their number; at most 5",
    },
];
