//! What tools write about a program while they build, test or run it: statistics, coverage reports, caches, bytecode,
//! snapshots. Such files are no part of the program, and many carry its sources or the names of them.

mod bundle_report;
mod coverage;
mod coverage_page;
mod coverage_table;
mod cython;
mod heap;
mod manifest;
mod mapping;
mod marshal;
mod metafile;
mod node;
mod notebook;
mod pack;
mod profile;
mod pyc;
mod sources;
mod stdlib;
mod tsbuildinfo;
mod v8_coverage;
mod webpack_stats;

pub use bundle_report::BundleReport;
pub use coverage::Coverage as CoverageJson;
pub use coverage_page::CoveragePage;
pub use coverage_table::CoverageTable;
pub use cython::Cython;
pub use heap::HeapSnapshot;
pub use manifest::Manifest;
pub use mapping::Mapping;
pub use metafile::Metafile;
pub use notebook::Notebook;
pub use pack::Pack;
pub use profile::Profile;
pub use pyc::Pyc;
pub(in crate::formats) use pyc::header as bytecode_header;
pub(in crate::formats) use stdlib::is_standard;
pub use tsbuildinfo::TsBuildInfo;
pub use v8_coverage::V8Coverage;
pub use webpack_stats::WebpackStats;

use super::Settled;
use crate::finding::{FactSpec, FactType};

/// What is said of the sources in a derived file once the whole target was seen.
pub static SETTLED: Settled = Settled {
    undisclosed: "derived.undisclosed",
    lines: "derived.undisclosed_lines",
    bytes: "derived.undisclosed_bytes",
    shipped: "derived.shipped",
    names_only: Some("derived.names_only"),
    third_party: "derived.third_party",
    packages: "derived.packages",
};

/// Facts that only the whole target can settle; the engine states them at the end of a scan.
pub static TARGET_FACTS: &[FactSpec] = &[
    FactSpec {
        name: "derived.undisclosed",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources whose text a derived file embeds and the package does not ship",
    },
    FactSpec { name: "derived.undisclosed_lines", kind: FactType::Int, doc: "Lines of these sources" },
    FactSpec { name: "derived.undisclosed_bytes", kind: FactType::Int, doc: "Bytes of these sources" },
    FactSpec {
        name: "derived.shipped",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources that the package ships as files anyway",
    },
    FactSpec {
        name: "derived.names_only",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources that are only named, and not shipped",
    },
];
