//! The form of the files, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

/// A whole file.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct File {
    pub extend: Extend,
    pub prefilter: String,
    pub filter: String,
    pub allowlist: Option<Allowlist>,
    pub allowlists: Vec<Allowlist>,
    pub rules: Vec<Rule>,
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// What it builds on.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Extend {
    pub path: String,
    pub url: String,
    pub use_default: bool,
    pub disabled_rules: Vec<String>,
}

/// A rule.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    pub id: String,
    pub description: String,
    pub regex: String,
    pub path: String,
    pub secret_group: Option<usize>,
    pub entropy: Option<f64>,
    pub keywords: Vec<String>,
    pub tags: Vec<String>,
    pub skip_report: Option<bool>,
    pub token_efficiency: bool,
    pub specificity: Option<u32>,
    pub confidence: String,
    pub filter: String,
    pub allowlist: Option<Allowlist>,
    pub allowlists: Vec<Allowlist>,
    pub required: Vec<Required>,
    pub components: Vec<Required>,
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
    /// The file that it stands in.
    #[serde(skip)]
    pub file: String,
}

/// A list of what is passed over.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Allowlist {
    pub description: String,
    pub condition: String,
    pub commits: Vec<String>,
    pub paths: Vec<String>,
    pub regex_target: String,
    pub regexes: Vec<String>,
    #[serde(alias = "stopWords")]
    pub stopwords: Vec<String>,
    pub target_rules: Vec<String>,
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// A rule that must match near another.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Required {
    pub id: String,
    pub within_lines: Option<usize>,
    pub within_columns: Option<usize>,
    /// `"2L,20C"`; a sign says on which side.
    pub within: String,
    pub optional: bool,
}

impl Rule {
    /// The rule as another file changes it: what that says replaces, and lists grow.
    pub fn changed(mut self, by: Rule) -> Rule {
        let text = |old: String, new: String| if new.is_empty() { old } else { new };
        self.description = text(self.description, by.description);
        self.regex = text(self.regex, by.regex);
        self.path = text(self.path, by.path);
        self.filter = text(self.filter, by.filter);
        self.confidence = text(self.confidence, by.confidence);
        self.secret_group = by.secret_group.or(self.secret_group);
        self.entropy = by.entropy.or(self.entropy);
        self.skip_report = by.skip_report.or(self.skip_report);
        self.specificity = by.specificity.or(self.specificity);
        self.token_efficiency |= by.token_efficiency;
        self.keywords.extend(by.keywords);
        self.tags.extend(by.tags);
        self.allowlists.extend(by.allowlist);
        self.allowlists.extend(by.allowlists);
        self.required.extend(by.required);
        self.components.extend(by.components);
        self.other.extend(by.other);
        self.file = by.file;
        self
    }
}
