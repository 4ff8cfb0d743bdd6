//! What would be published, file by file: the list of `lastlook targets`.

use std::io;

use serde::Serialize;

use super::redact::Redactor;
use super::wire::{SCHEMA, WireSubject, WireTool};
use super::{safe_json, words};
use crate::scan::{Judged, Outcome};
use crate::target::Entry;

/// A package and its files.
#[derive(Debug)]
pub struct Listed {
    /// The package. Its verdict and its numbers mean nothing here.
    pub package: Judged,
    /// Its files; `None` where everything in the folder would be looked at.
    pub files: Option<Vec<Entry>>,
}

#[derive(Serialize)]
struct WireSets {
    schema: u32,
    tool: WireTool,
    packages: Vec<WireSet>,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct WireSet {
    #[serde(flatten)]
    package: WireSubject,
    files: Option<Vec<WireEntry>>,
}

#[derive(Serialize)]
struct WireEntry {
    path: String,
    bytes: u64,
    sha256: String,
}

impl WireEntry {
    fn new(Entry { name, size, sha256 }: &Entry, redactor: &Redactor<'_>) -> Self {
        WireEntry { path: redactor.clean(name).into_owned(), bytes: *size, sha256: sha256.to_string() }
    }
}

/// The list as one JSON document; `docs/json.md` describes it. `names` is what was found in the names that it shows: the
/// outcome of [`crate::Scanner::scan_names`].
///
/// # Errors
/// Those of `out`.
pub fn json(sets: &[Listed], remarks: &[String], names: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
    let redactor = Redactor::new(names);
    let set = |Listed { package, files }: &Listed| {
        let files = files.as_ref().map(|files| files.iter().map(|file| WireEntry::new(file, &redactor)).collect());
        WireSet { package: WireSubject::new(package, &redactor), files }
    };
    let packages = sets.iter().map(set).collect();
    let remarks = remarks.iter().map(|remark| redactor.clean(remark).into_owned()).collect();
    safe_json::pretty(&WireSets { schema: SCHEMA, tool: WireTool::default(), packages, remarks }, out)
}

/// The list for people. `names` is as in [`json`].
///
/// # Errors
/// Those of `out`.
pub fn human(sets: &[Listed], remarks: &[String], names: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
    let redactor = Redactor::new(names);
    for Listed { package, files } in sets {
        let head = format!("{} in {}", words::called(package, &redactor), words::shown(&redactor, &package.folder));
        let Some(files) = files else {
            writeln!(out, "{head}: everything in the folder\n")?;
            continue;
        };
        let total: u64 = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        writeln!(out, "{head}: {}, {}", words::count(files.len(), "file"), words::size(total))?;
        for file in files {
            writeln!(out, "  {:>12}  {}", words::number_u64(file.size), words::shown(&redactor, &file.name))?;
        }
        writeln!(out)?;
    }
    if sets.is_empty() {
        writeln!(out, "No tool publishes this folder as a package: everything in it is looked at")?;
    }
    remarks.iter().try_for_each(|remark| writeln!(out, "remark: {}", words::shown(&redactor, remark)))
}
