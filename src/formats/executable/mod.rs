//! Executables, libraries, object files and the debug symbols that belong to them.
//!
//! They are never opened whole: their raw bytes are searched as well, except for what was decompressed and handed out.

mod accounts;
mod codeview;
mod coff;
mod compiled;
mod debug;
mod dwarf;
mod elf;
mod forms;
mod go;
mod layout;
mod links;
mod macho;
mod metadata;
mod msf;
mod names;
mod native;
mod package;
mod paths;
mod pdb;
mod pe;
mod places;
mod portable;
mod portrait;
mod relocation;
mod rust;
mod services;
mod sources;
mod toolchain;
mod traces;
mod units;
mod wasm;
mod words;

#[cfg(test)]
mod forge;

pub use coff::Coff;
pub use elf::Elf;
pub use macho::MachO;
pub(crate) use paths::{is_personal, personal_among};
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
        doc: "The file format: elf, pe, coff, mach-o, wasm, or pdb or dsym for a file of debug symbols.",
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
        name: "executable.shared_debug",
        kind: FactType::Text,
        doc: "The file of debug information that it shares with other programs (.gnu_debugaltlink, .debug_sup).",
    },
    FactSpec {
        name: "executable.debug_records",
        kind: FactType::List,
        doc: "The kinds of records in the debug directory of a PE file, such as codeview, repro or embedded pdb.",
    },
    FactSpec {
        name: "executable.runtime",
        kind: FactType::Text,
        doc: "The runtime that a .NET assembly is compiled for, as its metadata name it. Stated of assemblies only.",
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
        name: "debug.units",
        kind: FactType::Int,
        doc: "Number of compilation units (DWARF) or modules (PDB) in the debug information. Stated only where there is one",
    },
    FactSpec {
        name: "debug.files",
        kind: FactType::Int,
        doc: "Number of different source files that it names. Stated only where there is one",
    },
    FactSpec {
        name: "debug.own_files",
        kind: FactType::Int,
        doc: "Number of these that are not of compilers, systems and other packages, judged by their paths",
    },
    FactSpec { name: "debug.own_examples", kind: FactType::List, doc: "At most 5 of those" },
    FactSpec { name: "debug.compilers", kind: FactType::List, doc: "The compilers that it names, at most 8" },
    FactSpec {
        name: "debug.command_lines",
        kind: FactType::Int,
        doc: "Number of units with the options that the compiler was called with. Stated only where there is one",
    },
    FactSpec {
        name: "debug.defines",
        kind: FactType::Int,
        doc: "Number of different macros that these options define (-D). Stated only where there is one",
    },
    FactSpec {
        name: "debug.macros",
        kind: FactType::Bool,
        doc: "The definitions of macros are in it (-g3). Stated only where they are",
    },
    FactSpec {
        name: "debug.split_files",
        kind: FactType::Int,
        doc: "Number of .dwo files that hold the rest of it. Stated only where there is one",
    },
    FactSpec { name: "debug.split_examples", kind: FactType::List, doc: "At most 5 of those" },
    FactSpec {
        name: "debug.source_links",
        kind: FactType::List,
        doc: "Addresses at which the sources can be fetched (Source Link), at most 8. Stated only where there is one",
    },
    FactSpec {
        name: "debug.source_links_internal",
        kind: FactType::Int,
        doc: "Number of these with a host that only a company's own network knows",
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

/// The facts about the building machine, and about what runtimes of languages leave in every program.
pub static LANGUAGE_FACTS: [&[FactSpec]; 3] = [traces::FACTS, go::FACTS, rust::FACTS];

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
    FactSpec {
        name: "executable.debug_beside",
        kind: FactType::Text,
        doc: "The file of debug information of this program that lies beside it, as seen from the program. Stated only \
              where there is one",
    },
    FactSpec {
        name: "executable.debug_of",
        kind: FactType::List,
        doc: "The programs beside a file of debug information that it belongs to, at most 8. Stated only where there is one",
    },
    FactSpec { name: "debug.undisclosed_lines", kind: FactType::Int, doc: "Lines of these sources" },
    FactSpec { name: "debug.undisclosed_bytes", kind: FactType::Int, doc: "Bytes of these sources" },
    FactSpec {
        name: "debug.shipped",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources in debug information that the package ships as files anyway",
    },
];
