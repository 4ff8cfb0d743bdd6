//! The one loop: an artifact is shown to every format, its members go through the same loop, and what no format has
//! accounted for is searched.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::comment::Comments;
use super::contents::{Content, Kinds};
use super::excerpt::excerpt;
use super::hosts::Hosts;
use super::manifest;
use super::originals::{self, Originals};
use super::repeats::Repeats;
use super::section::locate;
use super::sources::Embedded;
use super::walk::Listed;
use super::{Allowed, Overlay, Progress, Scanner, Totals};
use crate::bytes::{Budget, Probe, Ranges, TextId, open, text};
use crate::detect::{Active, ContentMatch, LARGE};
use crate::finding::{
    Artifact, ArtifactPath, Category, Facts, Finding, Fingerprint, Gap, GivenAway, Location, Role, Secret, Span, Stage,
};
use crate::formats::{Coverage, FORMATS, Family, Format, FormatError, Inspection, Stated};
use crate::rules::Matcher;

/// What belongs together when it is asked whether a source is shipped anyway: the plain files of one target, or
/// everything in one outermost archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Package {
    /// The plain files of the target at this position.
    Target(usize),
    /// The contents of this archive.
    Archive(ArtifactPath),
}

/// Everything that was seen during a walk, in no particular order.
#[derive(Debug, Default)]
pub struct Seen {
    pub findings: Vec<Finding>,
    /// What comments in the target allow.
    pub allowed: Vec<Allowed>,
    pub gaps: Vec<Gap>,
    /// What formats stated about artifacts.
    pub stated: Vec<(Package, ArtifactPath, Stated)>,
    /// The texts that each package ships as plain files.
    pub texts: HashSet<(Package, TextId)>,
    /// The paths of all plain files and members.
    pub paths: HashSet<String>,
    /// Names and scopes of packages that manifests of each package call the publisher's own.
    pub own: HashSet<(Package, String)>,
    /// Plain files that may be original sources of others.
    pub originals: Originals,
    pub totals: Totals,
    /// The texts that artifacts embed, where somebody wants them listed.
    pub embedded: Vec<Embedded>,
    /// Files and members, where somebody wants them listed.
    pub contents: Vec<Content>,
    /// Hosts that shipped text names, where somebody wants them listed.
    pub hosts: Hosts,
}

/// How many bytes of members may wait for a thread; beyond it the thread that opened a container goes into its members
/// itself, so that what waits never grows with the input.
const MOST_WAITING: u64 = 8 << 20;
/// How many findings of one artifact are listed.
const FINDINGS: usize = 1_000;

/// One scan.
pub struct Run<'s> {
    pub(super) scanner: &'s Scanner,
    seen: Mutex<Seen>,
    waiting: AtomicU64,
    repeats: Repeats,
}

impl<'s> Run<'s> {
    pub fn new(scanner: &'s Scanner) -> Self {
        Run { scanner, seen: Mutex::default(), waiting: AtomicU64::new(0), repeats: Repeats::default() }
    }

    /// Everything that was seen so far.
    pub fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub(super) fn note(&self, add: impl FnOnce(&mut Seen)) {
        add(&mut self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Looks at files and everything in them. Called inside the scanner's thread pool.
    pub fn look_at(&self, files: &[Listed], overlay: &dyn Overlay, progress: &dyn Progress) {
        rayon::scope(|scope| {
            files.par_iter().for_each(|file| {
                self.file(file, overlay, scope);
                progress.file_done();
            });
        });
    }

    fn file<'r>(&'r self, file: &Listed, overlay: &dyn Overlay, scope: &rayon::Scope<'r>) {
        let read = || open::open(&file.path, self.scanner.policy.limits.file);
        match overlay.holds(&file.path).unwrap_or_else(read) {
            Ok(bytes) => {
                let artifact = Artifact { path: file.name.clone(), role: Role::File, bytes };
                self.note(|seen| seen.totals.files += 1);
                let size = artifact.bytes.len() as u64;
                let budget = Arc::new(Budget::new(self.scanner.policy.limits.handed_out_from(size)));
                self.look(&artifact, &Package::Target(file.target), &budget, scope);
            }
            Err(error) => {
                let reason = format!("it cannot be read: {error}");
                self.note(|seen| seen.gaps.push(Gap { path: file.name.clone(), stage: Stage::Read, reason }));
                let findings = self.judge_path(&file.name);
                self.note(|seen| seen.findings.extend(findings));
            }
        }
    }

    fn look<'r>(&'r self, artifact: &Artifact, package: &Package, budget: &Arc<Budget>, scope: &rayon::Scope<'r>) {
        let probe = Probe::new(artifact.path.base_name(), &artifact.bytes);
        let text = || self.note_text(artifact, package, &probe);
        let rest = || self.look_into(artifact, package, (budget, &probe), scope);
        // Nothing waits for the text: of a large one it is noted by whoever has nothing else to do.
        if artifact.bytes.len() < LARGE {
            text();
            rest();
        } else {
            rayon::join(rest, text);
        }
    }

    fn look_into<'r>(
        &'r self,
        artifact: &Artifact,
        package: &Package,
        (budget, probe): (&Arc<Budget>, &Probe<'_>),
        scope: &rayon::Scope<'r>,
    ) {
        let mut findings = match artifact.role {
            // An embedded source is no file that anybody would unpack: what its name gives away, the map's rules say.
            Role::EmbeddedSource | Role::EmbeddedMap | Role::DecodedText | Role::Header => Vec::new(),
            Role::File | Role::ArchiveMember | Role::Weights | Role::Decompressed => self.judge_path(&artifact.path),
        };
        let inner = match package {
            Package::Target(_) => Package::Archive(artifact.path.clone()),
            Package::Archive(_) => package.clone(),
        };
        // Whoever lists hosts wants to know of every place that names one.
        let repeat = self.repeats.key(artifact).filter(|_| !self.scanner.lists_hosts);
        if repeat.is_some_and(|key| self.repeats.says_nothing(key)) {
            return self.keep(artifact, package, probe, findings, Stated::default());
        }
        let mut is_quiet = true;
        // Nothing can be recognised in nothing, and nothing is looked for in weights.
        let known = artifact.bytes.is_empty() || artifact.role == Role::Weights;
        let mut whole = known;
        let mut all = Stated::default();
        let (mut maps, mut readers, mut kinds) = (HashSet::new(), Vec::new(), Kinds::default());
        for format in FORMATS {
            if known || !sniff(*format, &probe.after(&all.explained)) {
                continue;
            }
            let (coverage, mut stated, handed_out) =
                self.inspect(*format, artifact, (package, &inner), (budget, &mut maps, &all.explained), scope);
            if artifact.role == Role::EmbeddedSource {
                // The comment linked the file that the source was once built into, which is not this one.
                stated.references.clear();
            }
            is_quiet &= !handed_out && stated.is_empty();
            readers.push(*format);
            kinds.note(*format, coverage, &stated);
            whole |= coverage == Some(Coverage::Whole);
            merge(&mut all, stated);
        }
        if !whole {
            let search = || self.search(artifact, probe, &all.explained);
            let (found, allowed, gap) = catch_unwind(AssertUnwindSafe(search)).unwrap_or_else(|_| {
                let reason = "searching it failed, which is a mistake in lastlook".to_owned();
                (Vec::new(), Vec::new(), Some(Gap { path: artifact.path.clone(), stage: Stage::Detect, reason }))
            });
            is_quiet &= found.is_empty() && allowed.is_empty() && gap.is_none();
            findings.extend(found);
            locate(artifact, &readers, &mut findings);
            self.note(|seen| seen.allowed.extend(allowed));
            all.gaps.extend(gap);
        }
        self.list(artifact, probe, kinds, &mut all.gaps);
        if let Some(key) = repeat.filter(|_| is_quiet) {
            self.repeats.remember(key);
        }
        self.keep(artifact, package, probe, findings, all);
    }

    /// Shows the artifact to one format. Members of an archive belong to the archive's package; everything else, such
    /// as sources of a map and `cli.js` in `cli.js.gz`, belongs to the package that the artifact lies in. `maps` are the places
    /// of those that other formats have handed out, and `accounted` is what these have accounted for. The last of the answer
    /// is whether it has handed out anything.
    fn inspect<'r>(
        &'r self,
        format: &'static dyn Format,
        artifact: &Artifact,
        (package, inner): (&Package, &Package),
        (budget, maps, accounted): (&Arc<Budget>, &mut HashSet<Range<*const u8>>, &[Range<u64>]),
        scope: &rayon::Scope<'r>,
    ) -> (Option<Coverage>, Stated, bool) {
        let mut sink = |member: Artifact| {
            // A map in a coverage report is one to the reader of such reports and to that of maps in other JSON. Only what
            // shares the memory of the artifact has a place in it: the next decoded text may lie where the last one did.
            let place = member.bytes.as_ptr_range();
            let shared = artifact.bytes.as_ptr_range().contains(&place.start);
            if member.role == Role::EmbeddedMap && shared && !maps.insert(place) {
                return;
            }
            let package = match member.role {
                Role::ArchiveMember | Role::Weights => inner,
                _ => package,
            };
            self.member(member, package.clone(), Arc::clone(budget), scope);
        };
        let out = Inspection::new(artifact, &self.scanner.policy.limits, &mut sink);
        let mut out = out.held_to(budget).after(accounted);
        // A reader that panics on hostile bytes must cost us one artifact, not the scan.
        let result = catch_unwind(AssertUnwindSafe(|| format.inspect(artifact, &mut out)));
        let handed_out = out.has_members();
        let mut stated = out.finish();
        let gap = |reason| Gap { path: artifact.path.clone(), stage: Stage::Format, reason };
        let (coverage, stated) = match result {
            Ok(Ok(coverage)) => (Some(coverage), stated),
            // What was handed out has been looked at, so what could not be is no mistake either.
            Ok(Err(FormatError::NotThis)) if handed_out => (None, Stated { gaps: stated.gaps, ..Stated::default() }),
            Ok(Err(FormatError::NotThis)) => (None, Stated::default()),
            Ok(Err(FormatError::Limit(_))) => (None, stated),
            Ok(Err(FormatError::Broken(error))) => {
                let reason = format!("it is a damaged {} {error}; build it again", format.name());
                stated.gaps.push(gap(reason));
                (None, stated)
            }
            Err(_) => {
                let reason = format!("the reader for {} failed on it, which is a mistake in lastlook", format.name());
                stated.gaps.push(gap(reason));
                (None, stated)
            }
        };
        (coverage, stated, handed_out)
    }

    /// Looks at a member: on another thread if few bytes wait for one, otherwise here and now.
    fn member<'r>(&'r self, member: Artifact, package: Package, budget: Arc<Budget>, scope: &rayon::Scope<'r>) {
        self.note(|seen| seen.totals.members += u64::from(member.role != Role::Decompressed));
        let size = member.bytes.len() as u64 + 1024;
        if self.waiting.fetch_add(size, Ordering::Relaxed) + size > MOST_WAITING {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.look(&member, &package, &budget, scope);
            return;
        }
        scope.spawn(move |scope| {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.look(&member, &package, &budget, scope);
        });
    }

    /// What rules say of an artifact's path: path rules, and content rules where a secret stands in the name itself.
    pub fn judge_path(&self, path: &ArtifactPath) -> Vec<Finding> {
        let name = path.logical().as_bytes();
        // The mark that a file of a lower layer is deleted bears that file's name (OCI image layer, "Whiteouts").
        let is_whiteout = path.base_name().starts_with(".wh.");
        let by_name = if is_whiteout { Vec::new() } else { self.scanner.detector.path(path.logical()) }.into_iter();
        let all = 0..name.len();
        let secrets = self.scanner.detector.content(name, std::slice::from_ref(&all), path.logical());
        let secrets = secrets.matches.into_iter().map(|found| {
            let value = found.value(name);
            let details = vec!["it stands in the name of the file".to_owned()];
            let finding = self.finding(found.active, path, None, value, Facts::default());
            Finding { secret: Some(Secret::new(value)), details, encodings: found.encodings.clone(), ..finding }
        });
        by_name.map(|active| self.finding(active, path, None, b"", Facts::default())).chain(secrets).collect()
    }

    /// A finding without a secret; `evidence` tells it from others of the same rule at the same path.
    fn finding(
        &self,
        active: &Active,
        path: &ArtifactPath,
        location: Option<Location>,
        evidence: &[u8],
        facts: Facts,
    ) -> Finding {
        let rule = &active.rule;
        Finding {
            rule: rule.id.clone(),
            category: rule.category,
            level: active.level,
            path: path.clone(),
            location,
            section: None,
            original: None,
            places: Vec::new(),
            message: rule.message.as_ref().map_or_else(|| rule.title.to_string(), |message| message.fill(&facts)),
            fingerprint: Fingerprint::new(&rule.id, &path.stable(), evidence),
            facts,
            secret: None,
            encodings: Vec::new(),
            also: Vec::new(),
            excerpt: None,
            repeats: 0,
            details: Vec::new(),
            sources: Arc::default(),
        }
    }

    /// What fact rules say of an artifact.
    pub fn judge_facts(&self, path: &ArtifactPath, stated: &Stated) -> Vec<Finding> {
        let found = self.scanner.detector.facts(&stated.facts);
        let finding = |active| {
            let finding = self.finding(active, path, None, &stated.evidence, stated.facts.clone());
            let sources = if is_about_sources(active) { stated.given_away.clone() } else { Arc::default() };
            let largest = sources.iter().take(GivenAway::NAMED).map(GivenAway::line);
            let details = largest.chain(stated.details.iter().cloned()).collect();
            Finding { details, sources, ..finding }
        };
        found.map(finding).collect()
    }

    /// Searches what no format has accounted for.
    fn search(
        &self,
        artifact: &Artifact,
        probe: &Probe<'_>,
        explained: &[Range<u64>],
    ) -> (Vec<Finding>, Vec<Allowed>, Option<Gap>) {
        let bytes = &artifact.bytes[..];
        let segments = rest(bytes.len(), explained);
        let (detector, name) = (&self.scanner.detector, artifact.path.logical());
        let is_text = probe.is_text();
        let searched =
            if is_text { detector.content(bytes, &segments, name) } else { detector.binary(bytes, &segments, name) };
        let found = searched.matches;
        let hidden: Vec<Range<usize>> =
            found.iter().filter(|one| is_secret(one)).map(|one| one.secret.clone()).collect();
        let mut lines = probe.is_text().then(|| text::LineCounter::new(bytes));
        let mut findings: Vec<Finding> = Vec::new();
        let mut allowed: Vec<Allowed> = Vec::new();
        let believed = probe.is_text() && self.scanner.policy.allow_comments.unwrap_or(true);
        let mut comments = believed.then(|| Comments::new(bytes));
        let mut known: BTreeMap<(&str, &[u8]), usize> = BTreeMap::new();
        let mut dropped = 0usize;
        for one in &found {
            if let Some(at) = comments.as_mut().and_then(|comments| comments.allowing(one)) {
                if allowed.len() < FINDINGS {
                    let finding = self.secret_finding(artifact, one, &mut lines, &hidden);
                    let line = text::count_lines(&bytes[..at]).max(1);
                    let line = if at > 0 && bytes[at - 1] == b'\n' { line + 1 } else { line };
                    let reason = format!("allowed by a comment at {}:{line}", artifact.path);
                    allowed.push(Allowed { finding, reason });
                }
                continue;
            }
            let key = (&*one.active.rule.id, one.value(bytes));
            if let Some(index) = known.get(&key) {
                findings[*index].repeats += 1;
            } else if findings.len() < FINDINGS {
                known.insert(key, findings.len());
                findings.push(self.secret_finding(artifact, one, &mut lines, &hidden));
            } else {
                dropped += 1;
            }
        }
        let reason = if dropped > 0 {
            Some(format!("{dropped} further findings in it are not listed"))
        } else {
            searched
                .cut
                .then(|| "it holds more encoded text than its size lets expect, and not all was decoded".to_owned())
        };
        let gap = reason.map(|reason| Gap { path: artifact.path.clone(), stage: Stage::Detect, reason });
        (findings, allowed, gap)
    }

    fn secret_finding(
        &self,
        artifact: &Artifact,
        found: &ContentMatch<'_>,
        lines: &mut Option<text::LineCounter<'_>>,
        hidden: &[Range<usize>],
    ) -> Finding {
        let bytes = &artifact.bytes[..];
        let (line, column) = lines.as_mut().map(|lines| lines.locate(found.secret.start)).unzip();
        let span = Span { offset: found.secret.start as u64, length: found.secret.len() as u64 };
        let value = found.value(bytes);
        let location = Location { span, line, column };
        let finding = self.finding(found.active, &artifact.path, Some(location), value, Facts::default());
        if !is_secret(found) {
            // An address says nothing when it is masked; what stands around it is left out, a signature for instance.
            let value = String::from_utf8_lossy(value).chars().take(200).collect();
            return Finding { details: vec![value], ..finding };
        }
        Finding {
            secret: Some(Secret::new(value)),
            encodings: found.encodings.clone(),
            also: found.also.clone(),
            excerpt: Some(excerpt(bytes, &found.secret, hidden)),
            ..finding
        }
    }

    fn keep(&self, artifact: &Artifact, package: &Package, probe: &Probe<'_>, findings: Vec<Finding>, mut all: Stated) {
        let plain = match artifact.role {
            Role::File | Role::ArchiveMember | Role::Weights | Role::Decompressed | Role::DecodedText => true,
            Role::EmbeddedSource | Role::EmbeddedMap | Role::Header => false,
        };
        if artifact.role == Role::EmbeddedSource {
            self.embedded(artifact, package);
        }
        let path = plain.then(|| artifact.path.to_string());
        let own = if plain { manifest::owned(artifact, &mut all.gaps) } else { Vec::new() };
        let original = plain.then(|| originals::File::of(&artifact.path, probe)).flatten();
        let counts = matches!(artifact.role, Role::File | Role::ArchiveMember | Role::Weights);
        self.note(|seen| {
            seen.totals.bytes += if counts { artifact.bytes.len() as u64 } else { 0 };
            seen.findings.extend(findings);
            seen.gaps.append(&mut all.gaps);
            seen.paths.extend(path);
            seen.own.extend(own.into_iter().map(|name| (package.clone(), name)));
            if let Some(file) = original {
                seen.originals.note(package, &artifact.path, file);
            }
            if !all.facts.is_empty() || !all.references.is_empty() {
                seen.stated.push((package.clone(), artifact.path.clone(), all));
            }
        });
    }
}

/// Whether a rule asks for sources that are given away.
fn is_about_sources(active: &Active) -> bool {
    let Matcher::Fact(rule) = &active.rule.matcher else { return false };
    Family::ALL.iter().any(|family| rule.when.asks_for(family.settled().undisclosed))
}

/// Whether what was found is a credential, rather than text that gives something else away.
fn is_secret(found: &ContentMatch<'_>) -> bool {
    found.active.rule.category == Category::Secret
}

/// Asks a format; one that panics while sniffing has not recognised anything, and says so when it inspects.
fn sniff(format: &dyn Format, probe: &Probe<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| format.sniff(probe))).unwrap_or(true)
}

fn merge(all: &mut Stated, one: Stated) {
    all.facts.extend(one.facts);
    all.gaps.extend(one.gaps);
    if !one.sources.is_empty() {
        all.family = one.family;
    }
    all.sources.extend(one.sources);
    all.references.extend(one.references);
    all.parts.extend(one.parts);
    all.layers.extend(one.layers);
    all.explained.extend(one.explained);
    all.details.extend(one.details);
}

/// The ranges of `0..length` that are not explained.
fn rest(length: usize, explained: &[Range<u64>]) -> Vec<Range<usize>> {
    let mut ranges = Ranges::default();
    explained.iter().for_each(|range| ranges.add(range.clone()));
    // No hole ends behind `length`, which is a usize.
    ranges.holes(length as u64).into_iter().map(|hole| hole.start as usize..hole.end as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_is_left_out_however_it_overlaps() {
        assert_eq!(rest(10, &[]), vec![0..10; 1]);
        assert_eq!(rest(10, &[4..6, 0..2, 5..7]), [2..4, 7..10]);
        assert_eq!(rest(10, std::slice::from_ref(&(0..u64::MAX))), Vec::<Range<usize>>::new());
        assert_eq!(rest(0, std::slice::from_ref(&(3..4))), Vec::<Range<usize>>::new());
    }
}
