//! A comparison in JSON, as `docs/json.md` documents it.

use serde::Serialize;

use crate::bytes::Digest;
use crate::compare::{Change, Comparison, Earlier, Side};
use crate::manifest::{File, Kind};
use crate::report::redact::Redactor;
use crate::scan::Outcome;

#[derive(Serialize)]
pub(in crate::report) struct WireComparison {
    old: WireSide,
    new: WireSide,
    added: Vec<WireFile>,
    removed: Vec<WireFile>,
    changed: Vec<WireChange>,
    moved: Vec<WireChange>,
    unchanged: u64,
    new_hosts: Option<Vec<WireHost>>,
    gone_hosts: Option<Vec<String>>,
    sources: Option<WireSources>,
    findings: WireCounts,
}

#[derive(Serialize)]
struct WireSide {
    name: String,
    files: u64,
    bytes: u64,
    gaps: usize,
    manifest: bool,
}

#[derive(Serialize)]
struct WireFile {
    path: String,
    size: Option<u64>,
    kind: Option<&'static str>,
    sha256: Option<String>,
}

#[derive(Serialize)]
struct WireChange {
    before: WireFile,
    after: WireFile,
}

#[derive(Serialize)]
struct WireHost {
    host: String,
    path: String,
    files: u64,
}

#[derive(Serialize)]
struct WireSources {
    new: Vec<WireSource>,
    changed: u64,
    gone: u64,
}

#[derive(Serialize)]
struct WireSource {
    path: String,
    carrier: Option<String>,
    lines: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct WireCounts {
    new: usize,
    before: usize,
    gone: usize,
}

/// Makes wire types in which no secret is left.
struct Clean<'r>(&'r Redactor<'r>);

impl Clean<'_> {
    fn text(&self, text: &str) -> String {
        self.0.clean(text).into_owned()
    }

    fn file(&self, path: &str, (size, kind, digest): (Option<u64>, Option<Kind>, Option<Digest>)) -> WireFile {
        let sha256 = digest.map(|digest| digest.to_string());
        WireFile { path: self.text(path), size, kind: kind.map(Kind::as_str), sha256 }
    }

    fn now(&self, file: &File) -> WireFile {
        self.file(&file.path, (Some(file.size), Some(file.kind), file.digest))
    }

    fn earlier(&self, file: &Earlier) -> WireFile {
        self.file(&file.path, (file.size, file.kind, file.digest))
    }

    fn changes(&self, changes: &[Change]) -> Vec<WireChange> {
        let one = |change: &Change| WireChange { before: self.earlier(&change.before), after: self.now(&change.after) };
        changes.iter().map(one).collect()
    }

    fn side(&self, side: &Side) -> WireSide {
        let Side { name, files, bytes, gaps, is_manifest } = side;
        WireSide { name: self.text(name), files: *files, bytes: *bytes, gaps: *gaps, manifest: *is_manifest }
    }
}

impl WireComparison {
    pub(in crate::report) fn new(comparison: &Comparison, outcome: &Outcome, redactor: &Redactor<'_>) -> Self {
        let clean = Clean(redactor);
        let hosts = comparison.new_hosts.as_ref().map(|hosts| {
            let host = |host: &crate::scan::Host| WireHost {
                host: clean.text(&host.name),
                path: clean.text(&host.path.to_string()),
                files: host.files,
            };
            hosts.iter().map(host).collect()
        });
        let sources = comparison.sources.as_ref().map(|sources| {
            let source = |source: &crate::compare::NewSource| WireSource {
                path: clean.text(&source.place),
                carrier: source.carrier.as_ref().map(|carrier| clean.text(&carrier.to_string())),
                lines: source.lines,
                bytes: source.bytes,
            };
            let new = sources.new.iter().map(source).collect();
            WireSources { new, changed: sources.changed, gone: sources.gone }
        });
        let new = comparison.new_findings(outcome).count();
        WireComparison {
            old: clean.side(&comparison.old),
            new: clean.side(&comparison.new),
            added: comparison.added.iter().map(|file| clean.now(file)).collect(),
            removed: comparison.removed.iter().map(|file| clean.earlier(file)).collect(),
            changed: clean.changes(&comparison.changed),
            moved: clean.changes(&comparison.moved),
            unchanged: comparison.unchanged,
            new_hosts: hosts,
            gone_hosts: comparison.gone_hosts.as_ref().map(|hosts| hosts.iter().map(|host| clean.text(host)).collect()),
            sources,
            findings: WireCounts { new, before: outcome.findings.len() - new, gone: comparison.gone.len() },
        }
    }
}
