//! Where the secrets of generated files come from, and which of them are one secret in several places.
//!
//! Everything here happens at the end of a scan, and only for files in which a secret was found: such a file is read
//! once more, together with its map. A place that cannot be told is no gap, for the finding itself stands; the finding
//! says why.

mod alike;
mod maps;
mod origin;
mod reopen;
mod shelf;

pub use alike::{Alike, merge};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use maps::Maps;
use origin::{Answer, Asked};
use reopen::Reopen;
use shelf::{Match, Shelf};

use super::Scanner;
use super::run::Package;
use super::walk::Listed;
use crate::bytes::{Bytes, open};
use crate::finding::{ArtifactPath, Finding, Original};
use crate::formats::Stated;
use crate::formats::source_map::Positions;

/// Most bytes of maps that are read for one scan: a map that a hundred thousand files name is not to be read as often.
const BYTES: u64 = 16 << 30;
/// Most characters that are kept of the name of a source.
const NAME: usize = 1_000;

/// Gives every secret in a generated file its place in the source, and says which findings are alike. `findings` are in
/// the order of the report.
pub fn settle(
    scanner: &Scanner,
    files: &[Listed],
    stated: &[(Package, ArtifactPath, Stated)],
    findings: &mut [Finding],
) -> Alike {
    let is_asked = |finding: &Finding| finding.secret.is_some() && finding.location.is_some();
    let asked: Vec<usize> = (0..findings.len()).filter(|index| is_asked(&findings[*index])).collect();
    if asked.is_empty() {
        return Alike::none(findings.len());
    }
    let maps = Maps::of(stated);
    let mut settling = Settling {
        scanner,
        reopen: Reopen::new(&scanner.policy.limits, files),
        maps: &maps,
        shelf: None,
        last: None,
        left: BYTES,
        alike: Alike::of(findings, &maps),
    };
    let mut generated = settling.generated(findings, &asked);
    // Files that share a container or a map follow each other: each is read once.
    generated
        .sort_by(|a, b| (a.path.root(), a.shipped.first(), &a.path).cmp(&(b.path.root(), b.shipped.first(), &b.path)));
    for file in &generated {
        // A mistake here must cost a place, not the report.
        let _ = catch_unwind(AssertUnwindSafe(|| settling.file(file, findings)));
    }
    settling.alike.finish(findings, &maps);
    settling.alike
}

/// A file with secrets that a map may speak of.
struct Generated<'s> {
    path: ArtifactPath,
    /// Positions of its findings in the report.
    findings: Vec<usize>,
    /// Maps of the target that speak of all of it, in the order in which they are asked.
    shipped: Vec<&'s ArtifactPath>,
    /// Whether it carries several maps, each for a part of it that nothing but the text tells.
    in_parts: bool,
}

struct Settling<'s> {
    scanner: &'s Scanner,
    reopen: Reopen<'s>,
    maps: &'s Maps<'s>,
    /// Read when it is first needed.
    shelf: Option<Shelf>,
    /// The map that was read last.
    last: Option<(Source, Positions)>,
    left: u64,
    alike: Alike,
}

/// Where a map lies.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    Shipped(ArtifactPath),
    OnDisk(PathBuf),
}

impl<'s> Settling<'s> {
    /// The files with secrets, and what of the target must be read for them.
    fn generated(&mut self, findings: &[Finding], asked: &[usize]) -> Vec<Generated<'s>> {
        let mut by_path: std::collections::BTreeMap<&ArtifactPath, Vec<usize>> = std::collections::BTreeMap::new();
        for index in asked {
            by_path.entry(&findings[*index].path).or_default().push(*index);
        }
        let mut all = Vec::new();
        for (path, findings_here) in by_path {
            if self.maps.is_map(path) {
                continue;
            }
            let inline = self.maps.inline_of(path);
            let embedded = self.maps.around(path).is_some();
            let one = if inline.len() == 1 { inline } else { &[] };
            let beside = if embedded { Vec::new() } else { self.maps.beside(path) };
            let shipped: Vec<&ArtifactPath> = one.iter().copied().chain(beside).collect();
            for map in inline.iter().chain(&shipped) {
                self.alike.covers(&findings_here, map);
            }
            let elsewhere = !embedded && (!self.scanner.maps.is_empty() || path.parent().is_none());
            if shipped.is_empty() && inline.is_empty() && !elsewhere {
                continue;
            }
            self.reopen.want(path);
            shipped.iter().for_each(|map| self.reopen.want(map));
            let in_parts = inline.len() > 1;
            if in_parts {
                let embedded = findings_here.iter().filter_map(|index| self.alike.embedded_in_any(*index));
                let around = embedded.filter_map(|index| self.maps.around(&findings[index].path));
                around.for_each(|(map, _)| self.reopen.want(map));
            }
            all.push(Generated { path: path.clone(), findings: findings_here, shipped, in_parts });
        }
        all
    }

    fn file(&mut self, file: &Generated<'_>, findings: &mut [Finding]) {
        let mut open: Vec<usize> = file.findings.clone();
        let mut text: Option<Bytes> = None;
        let mut reasons: Vec<&'static str> = Vec::new();
        let mut tried = file.shipped.iter().map(|map| Source::Shipped((*map).clone())).collect::<Vec<_>>();
        tried.reverse();
        let mut outside = vec![Outside::Shelf];
        outside.extend(file.shipped.is_empty().then_some(Outside::Beside));
        while !open.is_empty() {
            let source = match tried.pop() {
                Some(source) => source,
                None => match outside.pop() {
                    None => break,
                    Some(where_else) => match self.outside(&where_else, &file.path, &mut text) {
                        Ok(Some(path)) => Source::OnDisk(path),
                        Ok(None) => continue,
                        Err(reason) => {
                            reasons.push(reason);
                            continue;
                        }
                    },
                },
            };
            if text.is_none() {
                text = self.reopen.read(&file.path);
            }
            let Some(text) = &text else { break };
            let text = text.clone();
            match self.ask(&source, &text, &mut open, findings) {
                Ok(answer) => reasons.extend(answer),
                Err(reason) => reasons.push(reason),
            }
        }
        if file.in_parts {
            open.retain(|index| !self.by_text(*index, findings));
        }
        if let Some(reason) = reasons.first() {
            for index in open {
                findings[index].details.push((*reason).to_owned());
            }
        }
    }

    /// Asks a map about the findings in `open`, and takes out those that it answers.
    fn ask(
        &mut self,
        source: &Source,
        text: &[u8],
        open: &mut Vec<usize>,
        findings: &mut [Finding],
    ) -> Result<Option<&'static str>, &'static str> {
        let maps = self.maps;
        let embedded = self.alike.embedded_for(open, source);
        let positions = self.positions(source)?;
        let asked = open.iter().filter_map(|index| {
            let start = start_of(&findings[*index], text)?;
            let length = usize::try_from(findings[*index].location?.span.length).ok()?;
            Some(Asked { index: *index, start, written: text.get(start..start.checked_add(length)?)? })
        });
        let answers = origin::origins(positions, text, asked.collect());
        let mut unanswered = None;
        let mut settled = Vec::new();
        for (index, answer) in answers {
            let other = || {
                let place = embedded.iter().find(|(own, _)| *own == index)?;
                let embedded = &findings[place.1];
                let (_, step) = maps.around(&embedded.path)?;
                origin::place(positions, step.logical(), |text| start_of(embedded, text))
            };
            let found = match answer {
                Answer::Verbatim(original) => Some(original),
                Answer::Near(original) => other().or(Some(original)),
                Answer::Nothing => other(),
                Answer::Unreadable => {
                    unanswered = Some("its map's mappings cannot be read, so its place in the source is not known");
                    other()
                }
            };
            match found {
                Some(original) => settled.push((index, original)),
                None => unanswered = unanswered.or(Some("its map does not say where it comes from")),
            }
        }
        let home = match source {
            Source::Shipped(map) => Some(map),
            Source::OnDisk(_) => None,
        };
        for (index, original) in settled {
            open.retain(|left| *left != index);
            let original = shortened(original);
            if let Some(map) = home {
                self.alike.built_from(index, self.maps.source(map, &original.source));
            }
            findings[index].original = Some(original);
        }
        Ok(unanswered)
    }

    /// The place of a secret whose file carries several maps: that of the same secret in one of them.
    fn by_text(&mut self, index: usize, findings: &mut [Finding]) -> bool {
        let Some(embedded) = self.alike.embedded_in_any(index) else { return false };
        let Some((map, step)) = self.maps.around(&findings[embedded].path) else { return false };
        let Ok(positions) = self.positions(&Source::Shipped(map.clone())) else { return false };
        let place = origin::place(positions, step.logical(), |text| start_of(&findings[embedded], text));
        findings[index].original = place.map(shortened);
        findings[index].original.is_some()
    }

    /// The map in `source`, read at most once in a row.
    fn positions(&mut self, source: &Source) -> Result<&Positions, &'static str> {
        if self.last.as_ref().is_none_or(|(last, _)| last != source) {
            let bytes = match source {
                Source::Shipped(path) => self.reopen.read(path),
                Source::OnDisk(path) => open::open(path, self.scanner.policy.limits.file).ok(),
            };
            let bytes = bytes.ok_or("its map cannot be read any more")?;
            let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
                return Err(
                    "too many bytes of maps were read for other files, so its place in the source is not known",
                );
            };
            self.left = left;
            let positions = Positions::read(&bytes).ok_or("what lies beside it as its map is none")?;
            self.last = Some((source.clone(), positions));
        }
        self.last.as_ref().map(|(_, positions)| positions).ok_or("its map cannot be read any more")
    }

    /// A map that is not published.
    fn outside(
        &mut self,
        kind: &Outside,
        path: &ArtifactPath,
        text: &mut Option<Bytes>,
    ) -> Result<Option<PathBuf>, &'static str> {
        match kind {
            Outside::Beside => Ok(self.beside_on_disk(path)),
            Outside::Shelf if self.scanner.maps.is_empty() || self.maps.around(path).is_some() => Ok(None),
            Outside::Shelf => {
                let limit = self.scanner.policy.limits.file;
                let shelf = self.shelf.get_or_insert_with(|| Shelf::read(&self.scanner.maps, limit));
                if text.is_none() {
                    *text = self.reopen.read(path);
                }
                let urls: Vec<String> = self.maps.urls(path).collect();
                match shelf.find(&path.stable(), text.as_deref().unwrap_or_default(), &urls) {
                    Match::One(map) => Ok(Some(map.to_owned())),
                    Match::Several => Err("several maps of --maps could be its own, and none was taken"),
                    Match::Nothing => Ok(None),
                }
            }
        }
    }

    /// The map next to a file on disk that was asked about by itself. Only names in the same folder count, and no links:
    /// what a file says must not lead us through the file system.
    fn beside_on_disk(&self, path: &ArtifactPath) -> Option<PathBuf> {
        let file = self.reopen.on_disk(path)?;
        let urls = self.maps.urls(path).filter(|url| !url.contains(['/', '\\', ':']) && !url.is_empty());
        let names = urls.chain([format!("{}.map", path.base_name())]);
        let mut maps = names.map(|name| file.with_file_name(name));
        maps.find(|map| std::fs::symlink_metadata(map).is_ok_and(|metadata| metadata.is_file()))
    }
}

/// Where maps lie that are not part of the target, in the order in which they are asked.
enum Outside {
    Beside,
    Shelf,
}

/// Where a finding begins in the text of its artifact. `None` where it is not there: the file may have changed since, or
/// this is another file of the same name.
fn start_of(finding: &Finding, text: &[u8]) -> Option<usize> {
    let start = usize::try_from(finding.location?.span.offset).ok()?;
    let rest = text.get(start..)?;
    let is_there = !finding.encodings.is_empty() || rest.starts_with(finding.secret.as_ref()?.expose());
    is_there.then_some(start)
}

fn shortened(original: Original) -> Original {
    match original.source.char_indices().nth(NAME) {
        Some((end, _)) => Original { source: format!("{}…", &original.source[..end]).into(), ..original },
        None => original,
    }
}

#[cfg(test)]
#[path = "places/tests.rs"]
mod tests;
