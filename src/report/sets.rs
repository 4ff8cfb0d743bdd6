//! What would be published, file by file: the list of `lastlook targets`.

use std::io;

use serde::Serialize;

use super::wire::{SCHEMA, WireTool};
use super::{safe_json, sanitize, words};
use crate::scan::Judged;
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
struct WireSets<'s> {
    schema: u32,
    tool: WireTool,
    packages: Vec<WireSet<'s>>,
    remarks: &'s [String],
}

#[derive(Serialize)]
struct WireSet<'s> {
    tool: &'s str,
    name: &'s str,
    version: &'s str,
    folder: &'s str,
    exact: bool,
    files: Option<Vec<WireEntry<'s>>>,
}

impl<'s> WireSet<'s> {
    fn new(Listed { package, files }: &'s Listed) -> Self {
        WireSet {
            tool: &package.tool,
            name: &package.name,
            version: &package.version,
            folder: &package.folder,
            exact: package.exact,
            files: files.as_ref().map(|files| files.iter().map(WireEntry::new).collect()),
        }
    }
}

#[derive(Serialize)]
struct WireEntry<'s> {
    path: &'s str,
    bytes: u64,
    sha256: String,
}

impl<'s> WireEntry<'s> {
    fn new(Entry { name, size, sha256 }: &'s Entry) -> Self {
        WireEntry { path: name, bytes: *size, sha256: sha256.to_string() }
    }
}

/// The list as one JSON document; `docs/json.md` describes it.
///
/// # Errors
/// Those of `out`.
pub fn json(sets: &[Listed], remarks: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let packages = sets.iter().map(WireSet::new).collect();
    safe_json::pretty(&WireSets { schema: SCHEMA, tool: WireTool::default(), packages, remarks }, out)
}

/// The list for people.
///
/// # Errors
/// Those of `out`.
pub fn human(sets: &[Listed], remarks: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    for Listed { package, files } in sets {
        let named = [&package.name, &package.version].into_iter().filter(|part| !part.is_empty());
        let name: String = named.map(|part| format!(" {}", sanitize::shown(part))).collect();
        let head = format!("{} package{name} in {}", sanitize::shown(&package.tool), sanitize::shown(&package.folder));
        let Some(files) = files else {
            writeln!(out, "{head}: everything in the folder\n")?;
            continue;
        };
        let total: u64 = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        writeln!(out, "{head}: {}, {}", words::count(files.len(), "file"), words::size(total))?;
        for file in files {
            writeln!(out, "  {:>12}  {}", words::number_u64(file.size), sanitize::shown(&file.name))?;
        }
        writeln!(out)?;
    }
    if sets.is_empty() {
        writeln!(out, "No tool publishes this folder as a package: everything in it is looked at")?;
    }
    remarks.iter().try_for_each(|remark| writeln!(out, "remark: {}", sanitize::shown(remark)))
}
