//! The picture for programs. Its shape is documented in `docs/json.md`; every key is always there.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Entry, Listing, STANDINGS, Written, word};
use crate::report::redact::Redactor;
use crate::report::safe_json;
use crate::report::wire::{SCHEMA, WireGap, WireSubject, WireTool};
use crate::scan::{Outcome, Standing};

#[derive(Serialize)]
struct WireListing {
    schema: u32,
    tool: WireTool,
    complete: bool,
    packages: Vec<WireSubject>,
    remarks: Vec<String>,
    sources: Vec<WireSource>,
    totals: BTreeMap<&'static str, WireSize>,
    gaps: Vec<WireGap>,
    extracted: Option<WireWritten>,
}

#[derive(Serialize)]
struct WireSource {
    package: String,
    path: String,
    standing: &'static str,
    third_party: Option<WirePackage>,
    names: Vec<String>,
    carriers: Vec<String>,
    embedded: bool,
    lines: Option<u64>,
    bytes: Option<u64>,
    sha256: Option<String>,
    same_as: Option<String>,
    file: Option<String>,
}

#[derive(Serialize)]
struct WirePackage {
    name: String,
    version: Option<String>,
}

#[derive(Serialize)]
struct WireSize {
    files: u64,
    lines: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct WireWritten {
    folder: String,
    files: u64,
    bytes: u64,
    missed: Vec<WireMissed>,
}

#[derive(Serialize)]
struct WireMissed {
    path: String,
    reason: String,
}

/// Writes the picture as one JSON document. The same target gives the same bytes.
///
/// # Errors
/// Those of `out`.
pub fn json(
    listing: &Listing<'_>,
    outcome: &Outcome,
    written: Option<&Written>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let redactor = Redactor::new(outcome);
    let missed = |entry: &Entry<'_>| {
        let missed = written.map(|written| &written.missed);
        missed.is_none_or(|missed| missed.binary_search_by(|(path, _)| path.cmp(&entry.file)).is_ok())
    };
    let source = |entry: &Entry<'_>| {
        let first = entry.same_as.and_then(|first| listing.entries.get(first));
        let file = Some(&entry.file).filter(|_| entry.is_embedded() && !missed(entry));
        WireSource {
            same_as: first.map(|first| redactor.clean(&first.path).into_owned()),
            file: file.map(|file| redactor.clean(file).into_owned()),
            ..WireSource::new(entry, &redactor)
        }
    };
    let wire = WireListing {
        schema: SCHEMA,
        tool: WireTool::default(),
        complete: outcome.gaps.is_empty(),
        packages: outcome.packages.iter().map(|package| WireSubject::new(package, &redactor)).collect(),
        remarks: outcome.remarks.iter().map(|remark| redactor.clean(remark).into_owned()).collect(),
        sources: listing.entries.iter().map(source).collect(),
        totals: totals(listing),
        gaps: outcome.gaps.iter().map(|gap| WireGap::new(gap, &redactor)).collect(),
        extracted: written.map(|written| WireWritten::new(written, &redactor)),
    };
    safe_json::pretty(&wire, out)
}

fn totals(listing: &Listing<'_>) -> BTreeMap<&'static str, WireSize> {
    let of = |standing: &'static str| {
        let size = listing.total(standing);
        (standing, WireSize { files: size.files, lines: size.lines, bytes: size.bytes })
    };
    STANDINGS.into_iter().map(of).collect()
}

impl WireSource {
    fn new(entry: &Entry<'_>, redactor: &Redactor<'_>) -> Self {
        let clean = |text: &str| redactor.clean(text).into_owned();
        let source = entry.source;
        let third_party = match &source.standing {
            Standing::ThirdParty { package, version } => {
                Some(WirePackage { name: clean(package), version: version.as_deref().map(clean) })
            }
            _ => None,
        };
        WireSource {
            package: clean(&source.package),
            path: clean(&entry.path),
            standing: word(&source.standing),
            third_party,
            names: source.names.iter().map(|name| clean(name)).collect(),
            carriers: source.carriers.iter().map(|carrier| clean(&carrier.to_string())).collect(),
            embedded: entry.is_embedded(),
            lines: source.text.map(|text| text.lines),
            bytes: source.text.map(|text| text.bytes),
            sha256: source.text.and_then(|text| text.digest).map(|digest| digest.to_string()),
            same_as: None,
            file: None,
        }
    }
}

impl WireWritten {
    fn new(written: &Written, redactor: &Redactor<'_>) -> Self {
        let missed = written.missed.iter().map(|(path, reason)| WireMissed {
            path: redactor.clean(path).into_owned(),
            reason: redactor.clean(reason).into_owned(),
        });
        WireWritten {
            folder: written.folder.clone(),
            files: written.files,
            bytes: written.bytes,
            missed: missed.collect(),
        }
    }
}
