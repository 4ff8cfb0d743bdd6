//! What an executable says of itself, gathered while it is read and stated once, however far the reading came.

use std::collections::BTreeSet;
use std::ops::Range;

use super::compiled::Compiled;
use super::paths;
use super::services::{Place, library_folder};
use super::traces::Traces;
use super::{go, rust};
use crate::bytes::{Bytes, text};
use crate::formats::{Inspection, LimitReached};

/// `executable.kind` of a file that holds debug symbols only.
pub(super) const DEBUG_SYMBOLS: &str = "debug symbols";

const TEXT_CHARS: usize = 200;
const LIST_ITEMS: usize = 32;

/// The facts of one executable.
#[derive(Debug, Default)]
pub(super) struct Portrait {
    pub(super) format: &'static str,
    pub(super) architecture: String,
    pub(super) kind: &'static str,
    pub(super) stripped: Option<bool>,
    pub(super) debug_sections: u64,
    pub(super) debug_bytes: u64,
    pub(super) embedded_source: bool,
    pub(super) debug_link: Option<String>,
    pub(super) pdb_path: Option<String>,
    pub(super) rpath: Vec<String>,
    pub(super) source_map_url: Option<String>,
    /// What debug information says of how it was compiled.
    pub(super) compiled: Compiled,
    /// The file with debug information that several programs share (`.gnu_debugaltlink`, `.debug_sup`).
    pub(super) shared_debug: Option<String>,
    /// The kinds of debug records, of a PE file.
    pub(super) debug_records: BTreeSet<String>,
    /// The platform that a managed program is compiled for, as it names itself.
    pub(super) runtime: Option<String>,
    pub(super) paths: Traces,
    /// The whole file, if it is a program: what its language leaves in it is read at the end.
    program: Option<Bytes>,
    audit: Option<Range<usize>>,
}

impl Portrait {
    /// A portrait of `bytes`, which are searched for personal paths at once: that needs no structure, so it works on a
    /// damaged file too.
    pub(super) fn of(format: &'static str, bytes: &[u8]) -> Self {
        let mut portrait = Portrait { format, ..Portrait::default() };
        portrait.paths.search(bytes);
        portrait
    }

    /// The same of a program or library, in which runtimes of languages leave more.
    pub(super) fn of_program(format: &'static str, bytes: &Bytes) -> Self {
        Portrait { program: Some(bytes.clone()), ..Portrait::of(format, bytes) }
    }

    /// Takes note of a section that a language put there.
    pub(super) fn section(&mut self, name: &[u8], range: &Range<usize>) {
        if name == rust::AUDIT {
            self.audit.get_or_insert_with(|| range.clone());
        }
    }

    /// Adds a list of folders as a loader would split it.
    pub(super) fn add_rpath(&mut self, list: &[u8], separator: u8) {
        for folder in list.split(|byte| *byte == separator).filter(|folder| !folder.is_empty()) {
            if self.rpath.len() >= LIST_ITEMS {
                return;
            }
            self.rpath.push(capped(folder));
        }
    }

    /// States everything that is known.
    pub(super) fn state(self, out: &mut Inspection<'_>) {
        out.fact("executable.format", self.format);
        if !self.architecture.is_empty() {
            out.fact("executable.architecture", self.architecture.as_str());
        }
        if !self.kind.is_empty() {
            out.fact("executable.kind", self.kind);
        }
        if let Some(stripped) = self.stripped {
            out.fact("executable.stripped", stripped);
        }
        out.fact("executable.debug_sections", self.debug_sections);
        out.fact("executable.debug_bytes", self.debug_bytes);
        if self.embedded_source {
            out.fact("executable.embedded_source", true);
        }
        if let Some(runtime) = &self.runtime {
            out.fact("executable.runtime", runtime.as_str());
        }
        self.state_references(out);
        self.paths.state(out);
        // Where a limit forbids handing out more, a gap says so already.
        let _ = self.state_languages(out);
        self.compiled.state(out);
    }

    fn state_languages(&self, out: &mut Inspection<'_>) -> Result<(), LimitReached> {
        let Some(bytes) = &self.program else { return Ok(()) };
        self.paths.state_rust(bytes, self.debug_sections > 0, out);
        go::state(bytes, out)?;
        self.audit.clone().map_or(Ok(()), |range| rust::audit(bytes, range, out))
    }

    fn state_references(&self, out: &mut Inspection<'_>) {
        if let Some(link) = &self.debug_link {
            out.fact("executable.debug_link", link.as_str());
        }
        if let Some(file) = &self.shared_debug {
            out.fact("executable.shared_debug", file.as_str());
        }
        if !self.debug_records.is_empty() {
            out.fact("executable.debug_records", self.debug_records.iter().cloned().collect::<Vec<_>>());
        }
        if let Some(path) = &self.pdb_path {
            out.fact("executable.pdb_path", path.as_str());
            out.fact("executable.pdb_path_personal", paths::is_personal(path));
        }
        if let Some(url) = &self.source_map_url {
            out.fact("executable.source_map_url", url.as_str());
        }
        if !self.rpath.is_empty() {
            let is_personal = |folder: &String| paths::is_personal(&format!("{folder}/"));
            let personal = self.rpath.iter().any(is_personal);
            let places: Vec<Place> = self.rpath.iter().map(|folder| library_folder(folder)).collect();
            let build = places.iter().any(|place| matches!(place, Place::Service(_)));
            out.fact("executable.personal_rpath", personal);
            out.fact("executable.temporary_rpath", places.contains(&Place::Temporary));
            out.fact("executable.build_rpath", build && !personal);
            out.fact("executable.rpath", self.rpath.clone());
        }
    }
}

/// Bytes as text of at most 200 characters.
pub(super) fn capped(bytes: &[u8]) -> String {
    let text = text::lossy(&bytes[..bytes.len().min(TEXT_CHARS * 4)]);
    text.chars().take(TEXT_CHARS).collect()
}
