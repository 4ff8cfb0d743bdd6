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
pub use tsbuildinfo::TsBuildInfo;
pub use v8_coverage::V8Coverage;
pub use webpack_stats::WebpackStats;
