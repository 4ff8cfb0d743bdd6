//! What a format hands out: members, facts, gaps, and what is left to search.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::sieve::Weights;
use crate::bytes::{Budget, Inflated, Limits, Stop, TextId, inflate};
use crate::finding::{Artifact, ArtifactPath, FactValue, Facts, Gap, GivenAway, Role, Stage};

/// Whose an embedded or referenced source is, judged by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The publisher's own.
    FirstParty,
    /// Another package's.
    ThirdParty {
        /// Its name.
        package: String,
        /// Its version, where the path tells it.
        version: Option<String>,
    },
    /// Glue written by a tool (`webpack/runtime`, `<anon>` …).
    Generated,
}

impl Origin {
    /// Another package's, of a version that is not told.
    #[must_use]
    pub fn third_party(package: &str) -> Self {
        Origin::ThirdParty { package: package.to_owned(), version: None }
    }
}

/// One source that a map or debug information embeds or names. Whether it is *undisclosed* can only be said once the
/// whole target was seen.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// The name as given, with `sourceRoot` in front.
    pub name: String,
    /// Whose it is.
    pub origin: Origin,
    /// The embedded text, if there is one.
    pub text: Option<Kept>,
}

/// What is kept of an embedded text once it has been searched.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Its identity.
    pub id: TextId,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Kept {
    /// What is kept of `text`.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Kept { id: TextId::of(text), lines: crate::bytes::text::count_lines(text), bytes: text.len() as u64 }
    }
}

/// What carries sources. It decides which facts speak of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// A source map.
    #[default]
    SourceMap,
    /// The debug information of an executable.
    DebugInformation,
    /// A file that a tool derived from sources: statistics, coverage, bytecode …
    Derived,
    /// An application in a single file.
    Application,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 4] = [Family::SourceMap, Family::DebugInformation, Family::Derived, Family::Application];

    /// The names of the facts that are settled at the end.
    #[must_use]
    pub fn settled(self) -> &'static Settled {
        match self {
            Family::SourceMap => &super::source_map::SETTLED,
            Family::DebugInformation => &super::executable::SETTLED,
            Family::Derived => &super::derived::SETTLED,
            Family::Application => &super::application::SETTLED,
        }
    }
}

/// The names of the facts that are stated of sources once the whole target was seen.
#[derive(Debug)]
pub struct Settled {
    /// Number of the publisher's own sources that are not shipped.
    pub undisclosed: &'static str,
    /// Their lines.
    pub lines: &'static str,
    /// Their bytes.
    pub bytes: &'static str,
    /// Number of those that are shipped anyway.
    pub shipped: &'static str,
    /// Number of those that are only named, where that says anything.
    pub names_only: Option<&'static str>,
    /// Number of sources of other packages.
    pub third_party: &'static str,
    /// The other packages.
    pub packages: &'static str,
}

/// A reference from an artifact to a file that should lie beside it; whether it does is said at the end.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The relative URL as written.
    pub url: String,
    /// Where in the artifact it is written.
    pub offset: u64,
}

/// What a format stated about an artifact.
#[derive(Debug, Default)]
pub struct Stated {
    /// Facts.
    pub facts: Facts,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
    /// Sources that the artifact embeds or names.
    pub sources: Vec<SourceRecord>,
    /// What carries these sources.
    pub family: Family,
    /// References to files that should lie beside it.
    pub references: Vec<Reference>,
    /// Files that hold the rest of this artifact (the weights of a graph, the parts of a model), as it names them.
    pub parts: Vec<String>,
    /// Ranges that are accounted for and need not be searched as raw bytes.
    pub explained: Vec<Range<u64>>,
    /// The layers of each image that this manifest describes, in order, as paths from its folder.
    pub layers: Vec<Vec<String>>,
    /// Lines for the reader of a finding about this artifact.
    pub details: Vec<String>,
    /// What tells findings about this artifact from later ones at the same path; it goes into their fingerprints.
    pub evidence: Vec<u8>,
    /// The sources that are given away, the largest first; said at the end.
    pub given_away: Arc<[GivenAway]>,
}

impl Stated {
    /// Whether nothing was stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Stated {
            facts,
            gaps,
            sources,
            family: _,
            references,
            parts,
            layers,
            explained,
            details,
            evidence,
            given_away,
        } = self;
        facts.is_empty()
            && gaps.is_empty()
            && sources.is_empty()
            && references.is_empty()
            && parts.is_empty()
            && layers.is_empty()
            && explained.is_empty()
            && details.is_empty()
            && evidence.is_empty()
            && given_away.is_empty()
    }
}

/// A limit was reached, and a gap says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit was reached")]
pub struct LimitReached;

/// How many gaps of one artifact are listed; hostile archives could fill the memory with them.
const GAPS: usize = 100;

/// How many parts of one model are kept, and how long their names may be. Large models have a few hundred.
const PARTS: usize = 4096;
const PART_NAME: usize = 1024;

/// The only way for a format to add members and facts. It counts what it is handed and holds it to the limits.
pub struct Inspection<'a> {
    path: ArtifactPath,
    limits: &'a Limits,
    sink: &'a mut dyn FnMut(Artifact),
    stated: Stated,
    members: u64,
    inflated: u64,
    allowed: u64,
    budget: Option<&'a Budget>,
    more_gaps: u64,
    accounted: &'a [Range<u64>],
}

impl<'a> Inspection<'a> {
    /// An inspection of `artifact` whose members go to `sink`.
    pub fn new(artifact: &Artifact, limits: &'a Limits, sink: &'a mut dyn FnMut(Artifact)) -> Self {
        Inspection {
            path: artifact.path.clone(),
            limits,
            sink,
            stated: Stated::default(),
            members: 0,
            inflated: 0,
            allowed: limits.inflated_from(artifact.bytes.len() as u64),
            budget: None,
            more_gaps: 0,
            accounted: &[],
        }
    }

    /// Tells which ranges of the artifact formats before this one have accounted for.
    #[must_use]
    pub fn after(mut self, accounted: &'a [Range<u64>]) -> Self {
        self.accounted = accounted;
        self
    }

    /// The ranges of the artifact that formats before this one have accounted for, in any order: what stands in them is
    /// looked at elsewhere.
    #[must_use]
    pub fn accounted(&self) -> &'a [Range<u64>] {
        self.accounted
    }

    /// Holds it to what is left for everything in the same file.
    #[must_use]
    pub fn held_to(mut self, budget: &'a Budget) -> Self {
        self.allowed = self.allowed.min(budget.left());
        self.budget = Some(budget);
        self
    }

    /// Hands out a member with its name inside the artifact. `bytes` should be a slice of the artifact's own bytes or
    /// come from [`Inspection::inflate`].
    ///
    /// # Errors
    /// When the artifact has more members, or lies deeper, than the limits allow. The caller stops there.
    pub fn member(&mut self, name: &str, role: Role, bytes: Bytes) -> Result<(), LimitReached> {
        self.hand_out(self.path.member(name), role, bytes)
    }

    /// Hands out the content of a compressed stream. `logical` is the name it would have on its own.
    ///
    /// # Errors
    /// As [`Inspection::member`].
    pub fn decompressed(&mut self, logical: &str, bytes: Bytes) -> Result<(), LimitReached> {
        self.hand_out(self.path.decompressed(logical), Role::Decompressed, bytes)
    }

    /// Hands out the artifact's own text in an encoding that can be searched.
    ///
    /// # Errors
    /// As [`Inspection::member`].
    pub fn decoded(&mut self, logical: &str, bytes: Bytes) -> Result<(), LimitReached> {
        self.hand_out(self.path.decompressed(logical), Role::DecodedText, bytes)
    }

    fn hand_out(&mut self, path: ArtifactPath, role: Role, bytes: Bytes) -> Result<(), LimitReached> {
        if self.members >= self.limits.members {
            let limit = self.limits.members;
            self.limit_gap(format!("it has more than {limit} members; raise limits.members to look at the rest"));
            return Err(LimitReached);
        }
        if path.depth() as u64 > self.limits.depth {
            let limit = self.limits.depth;
            self.limit_gap(format!("it lies more than {limit} containers deep; raise limits.depth to open it"));
            return Err(LimitReached);
        }
        if self.budget.is_some_and(|budget| !budget.pay(bytes.len() as u64)) {
            let reason = "the archives in it hold far more than its size lets expect, and not all of it was looked at; \
                          raise limits.ratio if that is meant";
            self.push_gap(Gap { path: self.path.root().clone(), stage: Stage::Limit, reason: reason.to_owned() });
            return Err(LimitReached);
        }
        self.members += 1;
        (self.sink)(Artifact { path, role, bytes });
        Ok(())
    }

    /// Reads a decompressor to its end, within the limits. `member` names what is read, for the gap; `expected` is the
    /// announced size. What was read before the stream broke or a limit stopped it is returned and should be handed
    /// out: the gap is already noted, and `complete` says whether there is one. The weights of models are not kept: they read as
    /// zeros ([`Format::ahead`](super::Format::ahead)).
    pub fn inflate(&mut self, member: &str, from: impl Read, expected: u64) -> (Bytes, bool) {
        let left = self.allowed.saturating_sub(self.inflated);
        // Whatever is inside of a zip bears the member's name, and a stream's content that of the stream.
        let name = if member.is_empty() { self.path.base_name() } else { member };
        let Inflated { bytes, stop } = inflate::inflate(from, left, expected, &mut Weights::new(name));
        self.inflated += bytes.len() as u64;
        let complete = stop.is_none();
        match stop {
            None => {}
            Some(Stop::Limit) => {
                let reason = format!(
                    "it stops at {} decompressed bytes for the whole container, more than limits.inflated or \
                     limits.ratio allow; raise them if the file is really meant to be this large",
                    self.inflated
                );
                self.push_gap(Gap { path: self.at(member), stage: Stage::Limit, reason });
            }
            Some(Stop::Broken(error)) => {
                let reason = format!("after {} decompressed bytes: {error}; build the archive again", bytes.len());
                self.push_gap(Gap { path: self.at(member), stage: Stage::Format, reason });
            }
        }
        (bytes, complete)
    }

    /// Reads a decompressor of what may be no stream at all, to its end or up to `most` bytes: what came out, and why it
    /// ended early, if it did. Then nothing is noted: it may have been no stream.
    pub fn attempt(&mut self, from: impl Read, most: u64) -> (Bytes, Option<Stop>) {
        let left = self.allowed.saturating_sub(self.inflated);
        let Inflated { bytes, stop } = inflate::inflate(from, left.min(most), 0, &mut inflate::KeepAll);
        if stop.is_none() {
            self.inflated += bytes.len() as u64;
        }
        (bytes, stop)
    }

    /// Hands out the content of a compressed stream that lies in this artifact as a member of the given name.
    ///
    /// # Errors
    /// As [`Inspection::member`].
    pub fn member_stream(&mut self, name: &str, logical: &str, bytes: Bytes) -> Result<(), LimitReached> {
        self.hand_out(self.path.member(name).decompressed(logical), Role::Decompressed, bytes)
    }

    /// Whether more may still be decompressed from this artifact.
    #[must_use]
    pub fn may_inflate(&self) -> bool {
        self.inflated < self.allowed
    }

    fn at(&self, member: &str) -> ArtifactPath {
        if member.is_empty() { self.path.clone() } else { self.path.member(member) }
    }

    /// States a fact.
    pub fn fact(&mut self, name: &'static str, value: impl Into<FactValue>) {
        self.stated.facts.set(name, value);
    }

    /// Names a source that the artifact embeds or points at.
    pub fn source(&mut self, source: SourceRecord) {
        self.stated.sources.push(source);
    }

    /// Says what carries the sources that are named, if it is no source map.
    pub fn family(&mut self, family: Family) {
        self.stated.family = family;
    }

    /// Notes a reference to a file that should lie beside the artifact.
    pub fn reference(&mut self, reference: Reference) {
        self.stated.references.push(reference);
    }

    /// Names a file that holds a part of this model, relative to the folder of the artifact. Whether it lies there is said
    /// at the end (`model.missing_parts`). A file may name any number of parts; a few thousand of them are kept.
    pub fn part(&mut self, name: &str) {
        if self.stated.parts.len() < PARTS && name.len() <= PART_NAME {
            self.stated.parts.push(name.to_owned());
        }
    }

    /// Names the layers of an image, from the lowest up, relative to the folder of the artifact. What a later one deletes
    /// is told at the end.
    pub fn layers(&mut self, layers: Vec<String>) {
        if self.stated.layers.len() < PARTS {
            self.stated.layers.push(layers);
        }
    }

    /// Adds a line for the reader of a finding about this artifact.
    pub fn detail(&mut self, line: String) {
        self.stated.details.push(line);
    }

    /// Accounts for a range of the artifact's bytes: it was handed out as a member, or cannot hold text.
    pub fn explain(&mut self, range: Range<u64>) {
        if range.start < range.end {
            self.stated.explained.push(range);
        }
    }

    /// Notes that something of this artifact could not be looked at.
    pub fn gap(&mut self, reason: impl Into<String>) {
        self.push_gap(Gap { path: self.path.clone(), stage: Stage::Format, reason: reason.into() });
    }

    /// Notes that a member could not be looked at.
    pub fn member_gap(&mut self, member: &str, reason: impl Into<String>) {
        self.push_gap(Gap { path: self.at(member), stage: Stage::Format, reason: reason.into() });
    }

    fn push_gap(&mut self, gap: Gap) {
        if self.stated.gaps.len() < GAPS {
            self.stated.gaps.push(gap);
        } else {
            self.more_gaps += 1;
        }
    }

    fn limit_gap(&mut self, reason: String) {
        self.push_gap(Gap { path: self.path.clone(), stage: Stage::Limit, reason });
    }

    /// Whether anything was handed out.
    #[must_use]
    pub fn has_members(&self) -> bool {
        self.members > 0
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.limits
    }

    /// The path of the artifact.
    #[must_use]
    pub fn path(&self) -> &ArtifactPath {
        &self.path
    }

    /// Ends the inspection.
    #[must_use]
    pub fn finish(mut self) -> Stated {
        if self.more_gaps > 0 {
            let reason = format!("{} more gaps of this artifact are not listed", self.more_gaps);
            self.stated.gaps.push(Gap { path: self.path, stage: Stage::Format, reason });
        }
        self.stated
    }
}
