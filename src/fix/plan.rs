//! Making a plan: which file each finding is about, and what can be done to that file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memchr::memmem;
use percent_encoding::percent_decode;

use super::contents::{Dropped, drop_contents};
use super::edit::{Edit, in_order};
use super::package::{Files, files, ignore_file};
use super::{Action, Change, Plan, Print, Wish, comment, inline};
use crate::bytes::{Bytes, Probe, open};
use crate::finding::{Category, FactValue, Finding, Level};
use crate::formats::source_map::{inline::is_executable, literal};
use crate::scan::{Listed, Outcome, walk};

/// The rule that finds sources in maps.
const LEAK: &str = "source-map-embedded-sources";
/// Endings of streams that servers send in place of the file they were made from.
const COMPRESSED: [&str; 6] = [".gz", ".br", ".zst", ".zstd", ".xz", ".bz2"];
/// Endings of scripts, which link maps in `//#` comments, and of style sheets, which do so in `/*#` comments.
const SCRIPTS: [&str; 9] = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".bundle"];
const STYLES: [&str; 1] = [".css"];

/// Plans the smallest changes to `target` that close the leaks of `outcome`, which is that of a scan of `target` alone.
/// Files larger than `limit` bytes are not read.
#[must_use]
pub fn plan(target: &Path, outcome: &Outcome, wish: Wish, limit: u64) -> Plan {
    let mut planner = Planner::new(target, wish, limit);
    let wanted = || outcome.findings.iter().filter(|found| is_wanted(found, wish));
    let carries = |found: &Finding| found.facts.get("source_map.inline") == Some(&FactValue::Bool(true));
    planner.maps = wanted().filter(|found| !carries(found)).map(|found| found.path.to_string()).collect();
    let names: BTreeSet<String> = wanted().map(|found| found.path.root().to_string()).collect();
    // Compressed copies come last: what happens to them follows from what happens to the file they were made from.
    let (copies, plain): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| uncompressed(name).is_some());
    let direct = wanted().filter(|found| is_direct(found));
    let roots: BTreeSet<String> = direct.map(|found| found.path.root().to_string()).collect();
    // What lies deeper in a file, such as an archive, cannot be changed without making the file again.
    plain.iter().filter(|name| roots.contains(*name)).for_each(|name| planner.file(name));
    copies.iter().for_each(|name| planner.copy(name));
    if wish.remove_maps {
        planner.unlink();
    }
    if wish.remove_maps || wish.exclude_maps {
        planner.exclude(outcome);
    }
    planner.finish()
}

/// Whether a finding is one that something is to be done about.
fn is_wanted(finding: &Finding, wish: Wish) -> bool {
    let about_a_map = finding.category == Category::SourceMap && finding.facts.get("source_map.sources").is_some();
    &*finding.rule == LEAK || wish.remove_maps && about_a_map && finding.level >= Level::Warning
}

/// Whether a finding is about a file itself, or about a map that stands in its text.
fn is_direct(finding: &Finding) -> bool {
    let Some(carrier) = finding.path.parent() else { return true };
    let name = finding.path.base_name();
    carrier.parent().is_none() && (name.starts_with("inline") || name.starts_with("literal"))
}

/// The name of the file that a compressed copy was made from.
fn uncompressed(name: &str) -> Option<&str> {
    COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending))
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

struct Planner {
    root: PathBuf,
    wish: Wish,
    limit: u64,
    /// The files of the target by the names that reports show. Where two have one name, none is touched.
    listed: BTreeMap<String, Option<PathBuf>>,
    names: BTreeMap<PathBuf, String>,
    /// The places of maps that something is to be done about. A file among them is a map, rather than something with one
    /// in it.
    maps: BTreeSet<String>,
    changes: BTreeMap<String, Change>,
    notes: Vec<String>,
}

impl Planner {
    fn new(target: &Path, wish: Wish, limit: u64) -> Self {
        let mut listed = BTreeMap::new();
        let mut names = BTreeMap::new();
        for Listed { name, path, .. } in walk(&[target], 1).files {
            names.insert(path.clone(), name.to_string());
            listed.entry(name.to_string()).and_modify(|known| *known = None).or_insert(Some(path));
        }
        let folder = if target.is_dir() { target } else { target.parent().unwrap_or(target) };
        let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.to_owned();
        let (maps, changes, notes) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        Planner { root, wish, limit, listed, names, maps, changes, notes }
    }

    /// The content of a file of the target. It may be mapped: what is planned by it holds only if the file still had the
    /// same content afterwards, which its print, taken before, will tell.
    fn read(&self, name: &str) -> Option<(PathBuf, Bytes)> {
        let path = self.listed.get(name)?.clone()?;
        let bytes = open::open(&path, self.limit).ok()?;
        Some((path, bytes))
    }

    fn add(&mut self, name: &str, path: PathBuf, before: Print, what: String, action: Action) {
        let name = name.to_owned();
        let change = Change { path, name: name.clone(), what, readable: false, before: Some(before), action };
        self.changes.insert(name, change);
    }

    /// A file that a map was found in: the map itself, or what carries it.
    fn file(&mut self, name: &str) {
        let Some((path, bytes)) = self.read(name) else { return };
        // Archives and executables may be very large, and nothing is done about them here.
        let is_map = self.maps.contains(name);
        let carries = || [comment::MARK, literal::WORD].iter().any(|mark| memmem::find(&bytes, mark).is_some());
        if is_executable(&Probe::new(name, &bytes)) || !is_map && !carries() {
            return;
        }
        let print = Print::of(&bytes);
        match drop_contents(&bytes) {
            Some(_) if self.wish.remove_maps => {
                self.add(name, path, print, "remove the map".to_owned(), Action::Remove);
            }
            Some(Ok(dropped)) if !dropped.edits.is_empty() => {
                let what = format!("drop sourcesContent: {}", amount(&dropped));
                self.add(name, path, print, what, Action::Replace(dropped.edits));
            }
            Some(_) => {}
            // In another encoding, for instance.
            None if self.wish.remove_maps && is_map => {
                self.add(name, path, print, "remove the map".to_owned(), Action::Remove);
            }
            None => self.carrier(name, path, &bytes, print),
        }
    }

    /// A text that carries maps as `data:` URIs.
    fn carrier(&mut self, name: &str, path: PathBuf, bytes: &Bytes, print: Print) {
        let mut edits = Vec::new();
        let mut done = Vec::new();
        if self.wish.remove_maps {
            let links = comment::links(bytes, has_ending(name, &STYLES));
            let inline = |link: &&comment::Link| bytes[link.url.clone()].to_ascii_lowercase().starts_with(b"data:");
            edits.extend(links.iter().filter(inline).map(|link| link.removed(bytes)));
            if !edits.is_empty() {
                done.push(format!("remove {}", count(edits.len() as u64, "inline map")));
            }
        }
        let removed = edits.len();
        let inline = inline::without_contents(bytes);
        let amount = if removed == 0 { format!(": {}", amount(&inline.dropped)) } else { String::new() };
        edits.extend(inline.dropped.edits);
        let literals = inline::without_literal_contents(bytes);
        if literals.maps > 0 {
            let amount = self::amount(&literals.dropped);
            done.push(format!("drop sourcesContent of {}: {amount}", count(literals.maps, "literal map")));
        }
        // A map that goes with its comment needs no edit of its own.
        in_order(&mut edits);
        let left = edits.len() - removed;
        edits.extend(literals.dropped.edits);
        in_order(&mut edits);
        if left > 0 {
            done.push(format!("drop sourcesContent of {}{amount}", count(left as u64, "inline map")));
        }
        if edits.is_empty() {
            return;
        }
        self.add(name, path, print, done.join(", "), Action::Replace(edits));
    }

    /// A compressed file with a map in it: it goes where the file that it was made from is mended, or where it is
    /// nothing but a map that is to go.
    fn copy(&mut self, name: &str) {
        let Some(plain) = uncompressed(name) else { return };
        let mended = self.changes.contains_key(plain);
        let goes = mended || self.wish.remove_maps && self.maps.contains(name);
        if !goes {
            return;
        }
        let Some((path, bytes)) = self.read(name) else { return };
        let what = match mended {
            true => format!("remove this compressed copy of {plain}, which still holds the sources"),
            false => "remove the compressed map".to_owned(),
        };
        self.add(name, path, Print::of(&bytes), what, Action::Remove);
    }

    /// Takes out the comments that link maps which go.
    fn unlink(&mut self) {
        let gone: BTreeSet<PathBuf> = self
            .changes
            .values()
            .filter(|change| change.action == Action::Remove)
            .map(|change| change.path.clone())
            .collect();
        let linking = |name: &&String| has_ending(name, &SCRIPTS) || has_ending(name, &STYLES);
        let names: Vec<String> = self.listed.keys().filter(linking).cloned().collect();
        for name in names.iter().filter(|_| !gone.is_empty()) {
            self.unlink_in(name, &gone);
        }
    }

    fn unlink_in(&mut self, name: &str, gone: &BTreeSet<PathBuf>) {
        let Some((path, bytes)) = self.read(name).filter(|(_, bytes)| memmem::find(bytes, comment::MARK).is_some())
        else {
            return;
        };
        let print = Print::of(&bytes);
        let leads = |link: &comment::Link| leads_to(&path, &bytes[link.url.clone()], gone);
        let edits: Vec<Edit> = comment::links(&bytes, has_ending(name, &STYLES))
            .iter()
            .filter(|link| leads(link))
            .map(|link| link.removed(&bytes))
            .collect();
        if edits.is_empty() {
            return;
        }
        let what = "remove the comment that links the map".to_owned();
        match self.changes.get_mut(name).map(|change| (&mut change.action, &mut change.what)) {
            Some((Action::Replace(there), said)) => {
                there.extend(edits);
                in_order(there);
                *said = format!("{said}, {what}");
            }
            Some((Action::Remove, _)) => {}
            None => {
                self.add(name, path, print, what, Action::Replace(edits));
                self.changes.entry(name.to_owned()).and_modify(|change| change.readable = true);
            }
        }
    }

    /// Tells npm to leave maps out, in every package that has one, whether it leaks or not.
    fn exclude(&mut self, outcome: &Outcome) {
        let maps = outcome.findings.iter().filter(|found| found.facts.get("source_map.sources").is_some());
        let own = |path: &&PathBuf| !path.components().any(|part| part.as_os_str() == "node_modules");
        let names: BTreeSet<String> = maps.map(|found| found.path.root().to_string()).collect();
        let maps: Vec<&PathBuf> = names
            .iter()
            .filter(|name| has_ending(name, &[".map"]))
            .filter_map(|name| self.listed.get(name)?.as_ref())
            .filter(own)
            .collect();
        let homes: BTreeSet<PathBuf> = maps.iter().filter_map(|path| self.package_of(path)).collect();
        if homes.is_empty() && !maps.is_empty() {
            self.notes.push(
                "there is no package.json with a name above the maps and in the target: keep maps out of what is \
                 published where that is decided"
                    .to_owned(),
            );
        }
        for home in homes {
            self.exclude_from(&home);
        }
    }

    /// The folder of the package that a file belongs to, inside the target.
    fn package_of(&self, path: &Path) -> Option<PathBuf> {
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        let is_package = |folder: &&Path| {
            let name = self.names.get(&folder.join("package.json"));
            name.and_then(|name| self.read(name)).is_some_and(|(_, text)| files(&text) != Files::NoPackage)
        };
        folders.into_iter().find(is_package).map(Path::to_owned)
    }

    fn exclude_from(&mut self, home: &Path) {
        let Some(name) = self.names.get(&home.join("package.json")).cloned() else { return };
        let Some((path, bytes)) = self.read(&name) else { return };
        match files(&bytes) {
            Files::Add(edit) => {
                let what = "leave maps out of the package".to_owned();
                let action = Action::Replace(vec![edit]);
                let before = Some(Print::of(&bytes));
                let change = Change { path, name: name.clone(), what, readable: true, before, action };
                self.changes.insert(name, change);
            }
            Files::Missing => self.ignore_in(home, &name),
            Files::Unknown => {
                self.notes.push(format!("{name} cannot be read: add \"!**/*.map\" to its `files` by hand"));
            }
            Files::Done | Files::NoPackage => {}
        }
    }

    /// Adds maps to the `.npmignore` of a package without a list of files.
    fn ignore_in(&mut self, home: &Path, package: &str) {
        let path = home.join(".npmignore");
        let name = format!("{}.npmignore", package.strip_suffix("package.json").unwrap_or_default());
        let there = open::read(&path, self.limit).ok();
        let exists = path.symlink_metadata().is_ok();
        if exists && there.is_none() {
            return self.notes.push(format!("{name} cannot be read: add *.map to it by hand"));
        }
        let start = match &there {
            Some(there) => there.clone(),
            None => open::read(&home.join(".gitignore"), self.limit).unwrap_or_default(),
        };
        let Some(new) = ignore_file(&start) else { return };
        if !exists && !start.is_empty() {
            self.notes.push(format!(
                "{name} is new: npm reads it instead of .gitignore, so it starts with what .gitignore says; keep both \
                 in step, or list what is published in `files` of package.json"
            ));
        }
        let what = "leave maps out of the package".to_owned();
        let range = 0..there.as_ref().map_or(0, Vec::len);
        let action = Action::Replace(vec![Edit { range, new }]);
        let before = there.as_deref().map(Print::of);
        self.changes.insert(name.clone(), Change { path, name, what, readable: true, before, action });
    }

    fn finish(self) -> Plan {
        let changes: Vec<Change> = self.changes.into_values().collect();
        let by_path = changes.iter().enumerate().map(|(index, change)| (change.path.clone(), index)).collect();
        Plan { root: self.root, changes, notes: self.notes, by_path }
    }
}

/// Whether `url`, written in the file at `from`, leads to one of these files.
fn leads_to(from: &Path, url: &[u8], gone: &BTreeSet<PathBuf>) -> bool {
    let end = url.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(url.len());
    let decoded = percent_decode(&url[..end]).decode_utf8_lossy().into_owned();
    let mut path = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in decoded.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                if !path.pop() {
                    return false;
                }
            }
            part => path.push(part),
        }
    }
    gone.contains(&path)
}

fn amount(dropped: &Dropped) -> String {
    format!("{}, {}", count(dropped.sources, "source"), size(dropped.bytes))
}

fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", FactValue::Int(number), if number == 1 { "" } else { "s" })
}

/// `57.0 MB`, in the units of reports.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => count(bytes, "byte"),
        1_000..999_950 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
