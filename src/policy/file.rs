//! Reading `lastlook.toml`.

use std::path::{Component, Path, PathBuf};

use super::{AllowEntry, Levels};
use crate::bytes::Limits;
use crate::config::{Diagnostic, Diagnostics, Source, Table};
use crate::finding::Level;

/// The name of the policy file.
pub const FILE_NAME: &str = "lastlook.toml";

/// What the user wants: levels, allowed findings, limits.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Levels by rule.
    pub levels: Levels,
    /// Findings that are meant to be there.
    pub allow: Vec<AllowEntry>,
    /// What a scan may cost.
    pub limits: Limits,
    /// The lowest level that blocks: `error` unless the file says `fail-on = "warning"`.
    pub fail_on: Option<Level>,
    /// Whether an incomplete scan passes.
    pub allow_incomplete: Option<bool>,
    /// Whether comments such as `gitleaks:allow` count; they do unless the file says `allow-comments = false`.
    pub allow_comments: Option<bool>,
    /// What folders are: a word that `--target` takes as well.
    pub target: Option<String>,
    /// The baseline that goes with it.
    pub baseline: Option<PathBuf>,
    /// The file it was read from.
    pub file: Option<PathBuf>,
}

impl Policy {
    /// Reads a policy from the text of the file named `file`. `rules` are the ids that exist: a policy that speaks of
    /// others is mistaken.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(file: &str, text: &str, rules: &[&str]) -> Result<Self, Diagnostics> {
        let (policy, mistakes) = Source::new(file, text).read(|top| read(top, file, text, rules));
        if mistakes.is_empty() { Ok(policy) } else { Err(Diagnostics(mistakes)) }
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// As [`Policy::parse`], and when it cannot be read.
    pub fn read(path: &Path, rules: &[&str]) -> Result<Self, Diagnostics> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("the policy cannot be read: {error}");
            Diagnostics(vec![Diagnostic { file: file.clone(), line: 1, column: 1, message, hint: None }])
        })?;
        let policy = Policy::parse(&file, &text, rules)?;
        Ok(Policy { file: Some(path.to_owned()), ..policy })
    }

    /// The policy file that applies to `target`: the nearest one in its folder or a folder above.
    #[must_use]
    pub fn find(target: &Path) -> Option<PathBuf> {
        // The folder above `..` is not the one that is written before it.
        let absolute = match target.components().any(|part| part == Component::ParentDir) {
            true => target.canonicalize().ok()?,
            false => std::path::absolute(target).ok()?,
        };
        absolute.ancestors().map(|folder| folder.join(FILE_NAME)).find(|candidate| candidate.is_file())
    }
}

fn read(top: &mut Table<'_, '_>, file: &str, text: &str, rules: &[&str]) -> Policy {
    let mut policy = Policy::default();
    if let Some(fail_on) = top.parsed::<Level>("fail-on") {
        match fail_on.value {
            Level::Error | Level::Warning => policy.fail_on = Some(fail_on.value),
            _ => top.mistake(fail_on.span, "`fail-on` is error or warning", None),
        }
    }
    policy.allow_incomplete = top.boolean("allow-incomplete").map(|value| value.value);
    policy.target = top.text("target").map(|target| target.value.into_owned());
    policy.allow_comments = top.boolean("allow-comments").map(|value| value.value);
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    policy.baseline = top.text("baseline").map(|baseline| folder.join(&*baseline.value));
    if let Some(levels) = top.table("levels") {
        read_levels(&levels, rules, &mut policy.levels);
    }
    if let Some(limits) = top.table("limits") {
        read_limits(limits, &mut policy.limits);
    }
    for entry in top.tables("allow") {
        let span = entry.span.clone();
        let line = text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
        if let Some(entry) = AllowEntry::read(entry, format!("{file}:{line}")) {
            if !rules.contains(&entry.rule()) {
                unknown_rule(top, span, entry.rule(), rules);
            }
            policy.allow.push(entry);
        }
    }
    policy
}

fn read_levels(table: &Table<'_, '_>, rules: &[&str], levels: &mut Levels) {
    for (rule, level) in table.entries() {
        match level.value.parse() {
            Ok(parsed) => {
                let mut one = Levels::default();
                if let Err(error) = one.set(&rule.value, parsed).and_then(|()| levels.set(&rule.value, parsed)) {
                    table.mistake(rule.span.clone(), error, None);
                } else if one.unknown(rules).next().is_some() {
                    unknown_rule(table, rule.span.clone(), &rule.value, rules);
                }
            }
            Err(error) => table.mistake(level.span, format!("{error}"), None),
        }
    }
}

fn unknown_rule(table: &Table<'_, '_>, span: std::ops::Range<usize>, rule: &str, rules: &[&str]) {
    let hint = match crate::config::closest(rule, rules.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`lastlook rules` lists them all".to_owned(),
    };
    table.mistake(span, format!("there is no rule `{rule}`"), Some(hint));
}

fn read_limits(mut table: Table<'_, '_>, limits: &mut Limits) {
    for (key, limit) in [
        ("depth", &mut limits.depth),
        ("members", &mut limits.members),
        ("inflated", &mut limits.inflated),
        ("ratio", &mut limits.ratio),
        ("file", &mut limits.file),
    ] {
        if let Some(number) = table.integer(key) {
            if number.value == 0 {
                table.mistake(number.span, format!("`{key}` must be at least 1"), None);
            } else {
                *limit = number.value;
            }
        }
    }
    if limits.depth > 64 {
        table.mistake(table.span.clone(), "`depth` is at most 64: each level costs stack", None);
    }
    table.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 2] = ["npm-token", "source-map-embedded-sources"];

    #[test]
    fn a_policy_says_levels_allowances_and_limits() {
        let text = r#"
fail-on = "warning"
baseline = "known.json"
target = "pnpm"
allow-comments = false
[levels]
"npm-*" = "off"
[limits]
depth = 3
[[allow]]
rule = "npm-token"
path = "docs/**"
reason = "an example that was revoked"
expires = "2027-01-31"
"#;
        let policy = Policy::parse("lastlook.toml", text, &RULES).unwrap();
        assert_eq!(policy.levels.of("npm-token", Level::Error), Level::Off);
        assert_eq!(policy.limits.depth, 3);
        assert_eq!((policy.baseline, policy.allow_comments), (Some("known.json".into()), Some(false)));
        assert_eq!(policy.fail_on, Some(Level::Warning));
        assert_eq!(policy.target.as_deref(), Some("pnpm"));
        assert_eq!(policy.allow[0].place, "lastlook.toml:10");
        assert!(policy.allow[0].has_expired("2027-02-01".parse().unwrap()));
        assert!(!policy.allow[0].has_expired("2027-01-31".parse().unwrap()));
    }

    #[test]
    fn a_policy_lies_in_the_target_or_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let (above, below) = (folder.path().join(FILE_NAME), inner.join(FILE_NAME));
        std::fs::write(&above, "").unwrap();
        std::fs::write(&below, "").unwrap();
        assert_eq!(Policy::find(&inner), Some(below));
        assert_eq!(Policy::find(&inner.join("..")), Some(above.canonicalize().unwrap()));
    }

    #[test]
    fn every_mistake_of_a_policy_is_named() {
        let text = r#"
fail_on = "error"
[levels]
npm-tokens = "off"
npm-token = "loud"
[limits]
depth = 0
[[allow]]
rule = "npm-token"
reason = "x"
fingerprint = "abc"
[[allow]]
rule = "nothing-like-it-at-all"
path = "a["
"#;
        let shown = Policy::parse("lastlook.toml", text, &RULES).unwrap_err().to_string();
        for expected in [
            "lastlook.toml:2:1: `fail_on` is not a known key\n  hint: did you mean `fail-on`?",
            "lastlook.toml:4:1: there is no rule `npm-tokens`\n  hint: did you mean `npm-token`?",
            "lastlook.toml:5:13: `loud` is not a level",
            "lastlook.toml:7:9: `depth` must be at least 1",
            "lastlook.toml:10:10: the reason says nothing",
            "lastlook.toml:11:15: a fingerprint has 32",
            "lastlook.toml:12:1: `reason` is missing",
            "lastlook.toml:14:8: ",
        ] {
            assert!(shown.contains(expected), "{expected}\nmissing in:\n{shown}");
        }
    }
}
