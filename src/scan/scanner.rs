//! The scanner: rules, policy and limits, ready to look at targets.

use std::path::{Path, PathBuf};

use super::contents::Content;
use super::run::Run;
use super::walk::{TargetFile, Walked};
use super::{EmbeddedText, Outcome, Progress, gate, walk};
use crate::bytes::Bytes;
use crate::config::Diagnostics;
use crate::detect::Detector;
use crate::finding::{ArtifactPath, FactSpec, Finding, Level};
use crate::formats;
use crate::manifest::Manifest;
use crate::policy::{Baseline, Date, Policy};
use crate::rules::{RuleSet, load};

/// The stack of a thread. Containers in containers are opened inside each other; memory is only taken once it is used.
const STACK: usize = 16 << 20;

/// Looks at targets. Made once, usable many times and from several threads.
///
/// ```
/// use lastlook::{Scanner, finding::Verdict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scanner = Scanner::builder().threads(2).build()?;
/// let outcome = scanner.scan(&["corpus/incident/leaky"])?;
/// assert_eq!(outcome.verdict, Verdict::Blocked);
/// println!("{}: {}", outcome.findings[0].path, outcome.findings[0].message);
/// # Ok(())
/// # }
/// ```
pub struct Scanner {
    pub(super) rules: RuleSet,
    pub(super) policy: Policy,
    pub(super) detector: Detector,
    pub(super) baseline: Option<Baseline>,
    pub(super) today: Date,
    /// Folders of maps that are not published.
    pub(super) maps: Vec<PathBuf>,
    pub(super) fail_on: Level,
    pub(super) allow_incomplete: bool,
    /// Whether the outcome lists sources.
    pub(super) lists_sources: bool,
    /// Whether the outcome lists files and members.
    pub(super) lists_contents: bool,
    /// Whether the outcome lists hosts.
    pub(super) lists_hosts: bool,
    /// What is meant to be published.
    pub(super) manifest: Option<Manifest>,
    /// Who is shown the text of every source.
    pub(super) each_text: Option<Box<EachText>>,
    progress: Box<dyn Progress>,
    pool: rayon::ThreadPool,
}

/// What is called with every embedded text, from several threads and in any order.
type EachText = dyn Fn(&EmbeddedText<'_>) + Send + Sync;

/// Collects the settings of a [`Scanner`].
#[derive(Default)]
pub struct Builder {
    rules: Option<RuleSet>,
    policy: Policy,
    baseline: Option<Baseline>,
    threads: usize,
    fail_on: Option<Level>,
    allow_incomplete: Option<bool>,
    progress: Option<Box<dyn Progress>>,
    today: Option<Date>,
    lists_sources: bool,
    lists_contents: bool,
    lists_hosts: bool,
    manifest: Option<Manifest>,
    each_text: Option<Box<EachText>>,
    maps: Vec<PathBuf>,
}

/// Why a scanner could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A rules file has mistakes.
    #[error(transparent)]
    Rules(#[from] Diagnostics),
    /// The rules cannot be searched for together.
    #[error(transparent)]
    Keywords(#[from] crate::detect::KeywordsError),
    /// A folder given to [`Builder::maps`] is none.
    #[error("the folder of maps {} cannot be read: {error}", path.display())]
    Maps {
        /// The folder as it was named.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The operating system gives no threads.
    #[error("no threads could be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// A target that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct TargetError {
    /// The target as it was named.
    pub path: PathBuf,
    /// What the operating system says.
    pub error: std::io::Error,
}

/// Files of a target as they would be.
pub trait Overlay: Sync {
    /// Whether the file, named as a walk of the target names it, would be gone.
    fn is_gone(&self, path: &Path) -> bool;

    /// What the file would hold; `None` where it stays as it is.
    fn holds(&self, path: &Path) -> Option<std::io::Result<Bytes>>;
}

/// Everything as it is.
impl Overlay for () {
    fn is_gone(&self, _: &Path) -> bool {
        false
    }

    fn holds(&self, _: &Path) -> Option<std::io::Result<Bytes>> {
        None
    }
}

/// The facts that rules may name.
pub(crate) fn facts() -> Vec<&'static FactSpec> {
    formats::fact_specs().collect()
}

impl Builder {
    /// Uses these rules instead of the built-in ones.
    #[must_use]
    pub fn rules(mut self, rules: RuleSet) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Uses this policy. Without one every rule has its own level and nothing is allowed.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Accepts the findings that this baseline knows.
    #[must_use]
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Uses this many threads; 0, the default, means one for each core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Blocks on findings of this level and above, whatever the policy says.
    #[must_use]
    pub fn fail_on(mut self, level: Level) -> Self {
        self.fail_on = Some(level);
        self
    }

    /// Whether gaps are accepted, whatever the policy says.
    #[must_use]
    pub fn allow_incomplete(mut self, allow: bool) -> Self {
        self.allow_incomplete = Some(allow);
        self
    }

    /// Tells `progress` how far a scan has come.
    #[must_use]
    pub fn progress(mut self, progress: impl Progress + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Lists the sources that a stranger could rebuild in [`Outcome::sources`]: their names and sizes, not their texts.
    #[must_use]
    pub fn sources(mut self) -> Self {
        self.lists_sources = true;
        self
    }

    /// Lists files and members in [`Outcome::contents`], with their digests and kinds. Nothing is read twice for it, but
    /// every byte is hashed.
    #[must_use]
    pub fn contents(mut self) -> Self {
        self.lists_contents = true;
        self
    }

    /// Lists the hosts that shipped text names in [`Outcome::hosts`].
    #[must_use]
    pub fn hosts(mut self) -> Self {
        self.lists_hosts = true;
        self
    }

    /// Reports what this manifest does not approve. It speaks of one package, so that one target should be scanned at a
    /// time. Lists files and members as [`Builder::contents`] does.
    #[must_use]
    pub fn manifest(mut self, manifest: Manifest) -> Self {
        self.manifest = Some(manifest);
        self.contents()
    }

    /// Calls `each` with the text of every embedded source, from several threads and in any order. The texts are not
    /// kept: what a scan holds in memory does not grow with them.
    #[must_use]
    pub fn each_text(mut self, each: impl Fn(&EmbeddedText<'_>) + Send + Sync + 'static) -> Self {
        self.each_text = Some(Box::new(each));
        self
    }

    /// The day by which allow entries expire; today, if it is not said.
    #[must_use]
    pub fn today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Asks the source maps in this folder where the secrets of generated files come from, besides those of the target.
    /// They are no part of the target: they are not judged. May be called several times.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scanner = lastlook::Scanner::builder().maps("corpus/source-maps/external-css/leaky/input").build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn maps(mut self, folder: impl Into<PathBuf>) -> Self {
        self.maps.push(folder.into());
        self
    }

    /// Makes the scanner.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Scanner, BuildError> {
        for path in &self.maps {
            std::fs::read_dir(path).map_err(|error| BuildError::Maps { path: path.clone(), error })?;
        }
        let rules = match self.rules {
            Some(rules) => rules,
            None => load::builtin(&facts())?,
        };
        let detector = Detector::new(&rules, |rule| self.policy.levels.of(&rule.id, rule.level))?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .stack_size(STACK)
            .thread_name(|index| format!("lastlook-{index}"))
            .build()?;
        Ok(Scanner {
            detector,
            rules,
            baseline: self.baseline,
            today: self.today.unwrap_or_else(Date::today),
            fail_on: self.fail_on.or(self.policy.fail_on).unwrap_or(Level::Error),
            allow_incomplete: self.allow_incomplete.or(self.policy.allow_incomplete).unwrap_or(false),
            policy: self.policy,
            lists_sources: self.lists_sources,
            lists_contents: self.lists_contents,
            lists_hosts: self.lists_hosts,
            manifest: self.manifest,
            each_text: self.each_text,
            maps: self.maps,
            progress: self.progress.unwrap_or_else(|| Box::new(())),
            pool,
        })
    }
}

impl Scanner {
    /// A scanner with the built-in rules, to be set up further.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The rules it judges by.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The lowest level that blocks.
    #[must_use]
    pub fn fails_on(&self) -> Level {
        self.fail_on
    }

    /// Whether gaps are accepted.
    #[must_use]
    pub fn accepts_gaps(&self) -> bool {
        self.allow_incomplete
    }

    /// The same scanner, which asks no manifest any more: for an earlier version, of which it does not speak.
    #[must_use]
    pub fn without_manifest(mut self) -> Self {
        self.manifest = None;
        self
    }

    /// Looks at folders, files and archives, and everything in them.
    ///
    /// # Errors
    /// When a target does not exist. Whatever else cannot be read is a gap of the outcome.
    pub fn scan<P: AsRef<Path>>(&self, targets: &[P]) -> Result<Outcome, TargetError> {
        self.scan_as_if(targets, &())
    }

    /// Looks at the targets as they would be with the changes of `overlay`.
    ///
    /// # Errors
    /// As [`Scanner::scan`].
    pub fn scan_as_if<P: AsRef<Path>>(&self, targets: &[P], overlay: &dyn Overlay) -> Result<Outcome, TargetError> {
        let targets: Vec<&Path> = targets.iter().map(AsRef::as_ref).collect();
        for path in &targets {
            std::fs::metadata(path).map_err(|error| TargetError { path: path.to_path_buf(), error })?;
        }
        let threads = self.pool.current_num_threads();
        let mut walked = self.pool.install(|| walk::walk(&targets, threads));
        walked.files.retain(|file| !overlay.is_gone(&file.path));
        let names: Vec<String> = targets.iter().map(|target| walk::shown(target)).collect();
        Ok(self.look_at(walked, &names, overlay))
    }

    /// Looks at exactly these files, which are one target that reports call `target`. Links are followed: whoever lists
    /// one means what it stands for. A file that is not there is a gap, and so is a list without files.
    #[must_use]
    pub fn scan_files(&self, target: &str, files: Vec<TargetFile>) -> Outcome {
        self.scan_files_as_if(target, files, &())
    }

    /// Looks at these files as they would be with the changes of `overlay`, as [`Scanner::scan_files`] does.
    #[must_use]
    pub fn scan_files_as_if(&self, target: &str, files: Vec<TargetFile>, overlay: &dyn Overlay) -> Outcome {
        let mut walked = walk::listed(target, files);
        walked.files.retain(|file| !overlay.is_gone(&file.path));
        self.look_at(walked, &[target.to_owned()], overlay)
    }

    /// Judges nothing but names, of files that nobody opens: a list that shows them can mask the secrets in them.
    #[must_use]
    pub fn scan_names<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Outcome {
        let run = Run::new(self);
        let judged = names.into_iter().flat_map(|name| run.judge_path(&ArtifactPath::file(name)));
        let findings: Vec<Finding> = judged.collect();
        let mut seen = run.take();
        seen.findings.extend(findings);
        self.pool.install(|| gate::judge(self, &[], &[], &mut seen))
    }

    fn look_at(&self, mut walked: Walked, names: &[String], overlay: &dyn Overlay) -> Outcome {
        self.progress.files(walked.files.len() as u64);
        let run = Run::new(self);
        let (outcome, seen) = self.pool.install(|| {
            run.look_at(&walked.files, overlay, &*self.progress);
            let mut seen = run.take();
            seen.gaps.append(&mut walked.gaps);
            for link in &walked.links {
                seen.findings.extend(run.judge_path(link));
            }
            if self.lists_contents {
                seen.contents.extend(walked.links.drain(..).map(Content::link));
            }
            (gate::judge(self, names, &walked.files, &mut seen), seen)
        });
        // Nobody waits for memory that is given back, name by name.
        self.pool.spawn(move || drop((seen, walked)));
        outcome
    }
}
