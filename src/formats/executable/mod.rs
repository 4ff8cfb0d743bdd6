//! Executables, libraries, object files and the debug symbols that belong to them.
//!
//! They are never opened whole: their raw bytes are searched as well, except for what was decompressed and handed out.

mod debug;
mod dwarf;
mod elf;
mod layout;
mod macho;
mod paths;
mod pdb;
mod pe;
mod portrait;
mod relocation;
mod sources;
mod toolchain;
mod wasm;
mod words;

#[cfg(test)]
mod forge;

pub use elf::Elf;
pub use macho::MachO;
pub(crate) use paths::is_personal;
pub use pdb::Pdb;
pub use pe::Pe;
pub use wasm::Wasm;

use super::Settled;
use crate::finding::{FactSpec, FactType};

/// The facts that executables state.
pub static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "executable.format",
        kind: FactType::Text,
        doc: "The file format: elf, pe, mach-o, wasm, or pdb or dsym for a file of debug symbols.",
    },
    FactSpec {
        name: "executable.architecture",
        kind: FactType::Text,
        doc: "The processor it is built for, such as x86_64 or aarch64; several for a universal Mach-O file.",
    },
    FactSpec {
        name: "executable.kind",
        kind: FactType::Text,
        doc: "What it is: executable, library, object, core (the memory of a crashed program) or debug symbols.",
    },
    FactSpec {
        name: "executable.stripped",
        kind: FactType::Bool,
        doc: "Whether the table of local symbol names was removed. Said of executables and libraries only.",
    },
    FactSpec {
        name: "executable.debug_sections",
        kind: FactType::Int,
        doc: "Number of sections with debug information.",
    },
    FactSpec {
        name: "executable.debug_bytes",
        kind: FactType::Int,
        doc: "Bytes that debug information takes up in the file.",
    },
    FactSpec {
        name: "executable.embedded_source",
        kind: FactType::Bool,
        doc: "The debug information carries the text of source files. Stated only where it does.",
    },
    FactSpec {
        name: "executable.debug_link",
        kind: FactType::Text,
        doc: "The separate file of debug information that it names: .gnu_debuglink or external_debug_info.",
    },
    FactSpec {
        name: "executable.pdb_path",
        kind: FactType::Text,
        doc: "The path of the PDB file on the machine that built it (CodeView record).",
    },
    FactSpec { name: "executable.pdb_path_personal", kind: FactType::Bool, doc: "Whether that path names a person." },
    FactSpec {
        name: "executable.personal_paths",
        kind: FactType::Int,
        doc: "Number of different build-machine paths that name a person, such as /home/<user>/….",
    },
    FactSpec { name: "executable.personal_path_examples", kind: FactType::List, doc: "Up to five of those paths." },
    FactSpec {
        name: "executable.rpath",
        kind: FactType::List,
        doc: "Folders in which the loader looks for libraries (DT_RPATH, DT_RUNPATH, LC_RPATH).",
    },
    FactSpec {
        name: "executable.personal_rpath",
        kind: FactType::Bool,
        doc: "Whether one of those folders names a person.",
    },
    FactSpec {
        name: "executable.source_map_url",
        kind: FactType::Text,
        doc: "The source map that a WebAssembly module names (custom section sourceMappingURL).",
    },
    FactSpec {
        name: "debug.embedded",
        kind: FactType::Int,
        doc: "Number of source files whose text is in the debug information. Stated only where there is one",
    },
    FactSpec { name: "debug.lines", kind: FactType::Int, doc: "Lines of these texts" },
    FactSpec { name: "debug.bytes", kind: FactType::Int, doc: "Bytes of these texts" },
    FactSpec {
        name: "debug.third_party",
        kind: FactType::Int,
        doc: "Number of these files that belong to compilers, systems and other packages",
    },
    FactSpec {
        name: "debug.remote",
        kind: FactType::Int,
        doc: "Number of addresses at which it says that separate debug information is kept. Stated only where there is one",
    },
    FactSpec { name: "debug.buckets", kind: FactType::Int, doc: "Number of these that lie in storage buckets" },
    FactSpec { name: "debug.remote_examples", kind: FactType::List, doc: "At most 5 of these addresses" },
    FactSpec { name: "debug.packages", kind: FactType::List, doc: "Whose these are, at most 32" },
];

/// What is said of sources in debug information once the whole target was seen.
pub static SETTLED: Settled = Settled {
    undisclosed: "debug.undisclosed",
    lines: "debug.undisclosed_lines",
    bytes: "debug.undisclosed_bytes",
    shipped: "debug.shipped",
    names_only: None,
    third_party: "debug.third_party",
    packages: "debug.packages",
};

/// The facts that only the whole target can settle; the engine states them at the end of a scan.
pub static TARGET_FACTS: &[FactSpec] = &[
    FactSpec {
        name: "debug.undisclosed",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources in debug information that the package does not ship as a file",
    },
    FactSpec { name: "debug.undisclosed_lines", kind: FactType::Int, doc: "Lines of these sources" },
    FactSpec { name: "debug.undisclosed_bytes", kind: FactType::Int, doc: "Bytes of these sources" },
    FactSpec {
        name: "debug.shipped",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources in debug information that the package ships as files anyway",
    },
];
