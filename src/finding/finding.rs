//! Findings: a rule, a place and the evidence.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{ArtifactPath, Encoding, Facts, Fingerprint, GivenAway, Level, Location, Original, Place, Secret, Section};

/// What kind of thing a rule looks for. The word appears in rules and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Source maps and what they embed or point at.
    SourceMap,
    /// Credentials of any kind.
    Secret,
    /// Model files.
    Model,
    /// Executables and their debug information.
    Executable,
    /// Files that should not ship.
    File,
}

impl Category {
    /// Every category, in the order in which reports list them.
    pub const ALL: [Category; 5] =
        [Category::SourceMap, Category::Secret, Category::Model, Category::Executable, Category::File];

    /// The word used in rules and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Category::SourceMap => "source-map",
            Category::Secret => "secret",
            Category::Model => "model",
            Category::Executable => "executable",
            Category::File => "file",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Category {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Category::ALL
            .into_iter()
            .find(|category| category.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a category: write secret, source-map, executable, model or file"))
    }
}

/// One thing that would be given away: which rule says so, where, and by what evidence.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The id of the rule.
    pub rule: Arc<str>,
    /// The category of the rule.
    pub category: Category,
    /// How serious it is, after the policy has spoken.
    pub level: Level,
    /// Where.
    pub path: ArtifactPath,
    /// The place inside the artifact; `None` where the artifact as a whole is meant.
    pub location: Option<Location>,
    /// The section and the virtual address of that place, in an executable that tells them.
    pub section: Option<Section>,
    /// The place in the source that the artifact was built from, where a source map says so.
    pub original: Option<Original>,
    /// Further places of the same secret that source maps prove to be the same text: the map's embedded source, the same
    /// module in another bundle. Most useful first.
    pub places: Vec<Place>,
    /// What would be given away, in one sentence. Holds no secret; may hold names from hostile input.
    pub message: String,
    /// Identifies the finding across builds.
    pub fingerprint: Fingerprint,
    /// The facts of the artifact that the rule judged; empty for most content rules.
    pub facts: Facts,
    /// The secret that was found, for the masked excerpt.
    pub secret: Option<Secret>,
    /// How the secret is encoded at its place, outermost first; empty where it stands there as it is.
    pub encodings: Vec<Encoding>,
    /// The other rules that see a secret in the same bytes, and say less about it.
    pub also: Vec<Arc<str>>,
    /// Up to 40 bytes either side of the match with the secret masked, as printable text.
    pub excerpt: Option<String>,
    /// How many further places hold the same evidence in the same artifact.
    pub repeats: u64,
    /// Lines that explain the finding further, most important first (the largest sources of a map, for instance).
    pub details: Vec<String>,
    /// The sources that are given away, the largest first, where that is what the finding is about. The first
    /// [`GivenAway::NAMED`] stand at the head of the details as well.
    pub sources: Arc<[GivenAway]>,
}

impl Finding {
    /// The order of findings in every report: the most serious first, then maps before secrets before the rest, then
    /// by place.
    #[must_use]
    pub fn sort_key(&self) -> impl Ord + use<'_> {
        (
            std::cmp::Reverse(self.level),
            self.category,
            self.path.to_string(),
            self.location,
            &self.rule,
            &self.fingerprint,
        )
    }
}
