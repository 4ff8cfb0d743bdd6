//! Applications in a single file: programs that carry the files they run from. What is in them becomes members, like the
//! files of an archive, and the rest of the executable is searched as any other.

mod bun;
mod contents;
mod deno;
mod image;
mod marshalled;
mod nexe;
mod node_sea;
mod nuitka;
mod nwjs;
mod payload;
mod pkg;
mod py2exe;
mod pyinstaller;
mod pyoxidizer;
mod pyz;
mod reading;
mod script;
mod tauri;
mod zipapp;

#[cfg(test)]
pub(crate) mod forge;
#[cfg(test)]
mod tests;

pub use nwjs::NwPackage;
pub use script::SelfExtracting;
pub use zipapp::Zipapp;

use contents::Contents;
use image::Image;

use super::{Coverage, Format, FormatError, Inspection, Settled};
use crate::bytes::Probe;
use crate::finding::{Artifact, FactSpec, FactType};

/// Executables with an application in them.
#[derive(Debug, Clone, Copy)]
pub struct Application;

/// A packer: opens what it recognises, and says whether that was so.
type Packer = fn(&Image<'_>, &mut Contents<'_, '_>) -> Result<bool, FormatError>;

/// Every packer that leaves a mark of its own, the surest marks first.
const PACKERS: &[Packer] = &[
    node_sea::open,
    bun::open,
    deno::open,
    pyinstaller::open,
    pkg::open,
    nexe::open,
    py2exe::open,
    nuitka::open,
    pyoxidizer::open,
    tauri::open,
    nwjs::open,
];

impl Format for Application {
    fn name(&self) -> &'static str {
        "application"
    }

    fn summary(&self) -> &'static str {
        "applications packed into one executable (Node.js SEA, Bun, Deno, pkg, nexe, caxa, PyInstaller, Nuitka, py2exe, \
         PyOxidizer, AppImage, Tauri, NW.js) and archives embedded in or appended to executables: their files"
    }

    fn facts(&self) -> &'static [FactSpec] {
        FACTS
    }

    fn sniff(&self, probe: &Probe<'_>) -> bool {
        image::container(probe.all()).is_some()
    }

    fn inspect(&self, artifact: &Artifact, out: &mut Inspection<'_>) -> Result<Coverage, FormatError> {
        let Some(image) = Image::of(&artifact.bytes) else { return Err(FormatError::NotThis) };
        let mut contents = Contents::new(&artifact.bytes, out);
        let mut read = PACKERS.iter().try_fold(
            false,
            |found, packer| {
                if found { Ok(true) } else { packer(&image, &mut contents) }
            },
        );
        if !matches!(read, Err(FormatError::Limit(_))) {
            read = payload::open(&image, &mut contents).and(read);
        }
        if read.is_ok() && !contents.found() {
            return Err(FormatError::NotThis);
        }
        contents.state();
        read.map(|_| Coverage::Part)
    }
}

/// The facts that applications state.
pub static FACTS: &[FactSpec] = &[
    FactSpec {
        name: "application.kind",
        kind: FactType::Text,
        doc: "What packed the application: node-sea, bun, deno, pkg, nexe, caxa, pyinstaller, nuitka, py2exe, pyoxidizer, \
              appimage, tauri, makeself, zipapp, pex, shiv, nwjs or self-extracting",
    },
    FactSpec {
        name: "application.carrier",
        kind: FactType::Text,
        doc: "The section, note or resource that holds its files, or `end of file`",
    },
    FactSpec { name: "application.entry", kind: FactType::Text, doc: "The file that it starts with" },
    FactSpec { name: "application.files", kind: FactType::Int, doc: "Number of files in it" },
    FactSpec { name: "application.texts", kind: FactType::Int, doc: "Number of these that are text" },
    FactSpec {
        name: "application.sources",
        kind: FactType::Int,
        doc: "Number of the publisher's own scripts in it that can be read as they were written: with comments, in the \
              language they were written in, or from an embedded map",
    },
    FactSpec {
        name: "application.originals",
        kind: FactType::Int,
        doc: "Number of these that an embedded map has kept. Stated only where there are some",
    },
    FactSpec {
        name: "application.comments",
        kind: FactType::Bool,
        doc: "Whether comments of people survive in these. Stated only where there are some",
    },
    FactSpec {
        name: "application.plain",
        kind: FactType::Int,
        doc: "Number of its own scripts that were bundled but not minified. Stated only where there are some",
    },
    FactSpec {
        name: "application.minified",
        kind: FactType::Int,
        doc: "Number of its own scripts that were minified. Stated only where there are some",
    },
    FactSpec {
        name: "application.modules",
        kind: FactType::Int,
        doc: "Number of modules in it as bytecode, without those of the language itself. Stated only where there are some",
    },
    FactSpec {
        name: "application.env",
        kind: FactType::Int,
        doc: "Number of environment variables that it carries with their values. Stated only where there are some",
    },
    FactSpec { name: "application.env_names", kind: FactType::List, doc: "The names of these, at most 32" },
    FactSpec {
        name: "application.payloads",
        kind: FactType::Int,
        doc: "Number of archives and compressed streams appended to or embedded in an executable. Stated only where there \
              are some",
    },
    FactSpec {
        name: "application.third_party",
        kind: FactType::Int,
        doc: "Number of scripts in it that belong to other packages",
    },
    FactSpec { name: "application.packages", kind: FactType::List, doc: "Whose these are, at most 32" },
];

/// What is said of the sources in an application once the whole target was seen.
pub static SETTLED: Settled = Settled {
    undisclosed: "application.undisclosed",
    lines: "application.undisclosed_lines",
    bytes: "application.undisclosed_bytes",
    shipped: "application.shipped",
    names_only: None,
    third_party: "application.third_party",
    packages: "application.packages",
};

/// The facts that only the whole target can settle; the engine states them at the end of a scan.
pub static TARGET_FACTS: &[FactSpec] = &[
    FactSpec {
        name: "application.undisclosed",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources in an application that the package does not ship as a file",
    },
    FactSpec { name: "application.undisclosed_lines", kind: FactType::Int, doc: "Lines of these sources" },
    FactSpec { name: "application.undisclosed_bytes", kind: FactType::Int, doc: "Bytes of these sources" },
    FactSpec {
        name: "application.shipped",
        kind: FactType::Int,
        doc: "Number of the publisher's own sources in an application that the package ships as files anyway",
    },
];
