//! Rules in the form of gitleaks and betterleaks, read as they are. What in them cannot be honoured is said.
//!
//! Their keywords stand anywhere in a file, ours stand near what is looked for: a keyword that is not part of every match
//! becomes a condition, and literals of the pattern take its place.

mod extend;
mod literals;
pub(super) mod pattern;
mod raw;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::conditions::{Allowlist, Conditions, Need, Target};
use super::filter::Filter;
use super::globs::Globs;
use super::rule::{ContentRule, LazyRegex, Matcher, PathPattern, PathRule, Rule};
use super::set::RuleSet;
use crate::config::Diagnostic;
use crate::config::Text;
use crate::finding::{Category, Level};
use extend::Merged;
use literals::Shape;

/// Keys that are known and have no meaning here.
const PASSED_OVER: &[&str] = &["title", "description", "minVersion", "betterleaksMinVersion"];
/// Keys of rules that are known and have no meaning here: lastlook asks nobody whether a secret is live.
const PASSED_OVER_IN_RULES: &[&str] = &["validate", "analyze", "references", "examples", "links"];
/// How far from its literal a match of unlimited length may end.
const UNLIMITED: usize = 16 << 10;
/// The longest span of a rule.
const MOST_SPAN: usize = 64 << 10;
/// The shortest literal that a rule is looked for by.
const LEAST: usize = 2;
/// How many letters a secret begins with if its shape is one of its own.
const PREFIX: usize = 3;
/// How much the match of a rule says that does not say how much.
pub const USUAL: u32 = 100;

/// Something in a rules file that is not done as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file, as the user named it.
    pub file: String,
    /// What is not done, and what is done instead, in a sentence.
    pub message: String,
    /// The rules, or what else it is about; empty where it is about the file.
    pub about: Vec<String>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)?;
        match self.about.as_slice() {
            [] => Ok(()),
            [one] => write!(f, " ({one})"),
            [first @ .., last] if first.len() < 3 => write!(f, " ({} and {last})", first.join(", ")),
            [a, b, rest @ ..] => write!(f, " ({a}, {b} and {} more)", rest.len()),
        }
    }
}

/// The notes so far; what is said of several rules is said once.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Adds what is said of a file, or of something in it.
    fn add(&mut self, file: &str, message: String, about: Option<&str>) {
        let known = self.0.iter().position(|note| note.file == file && note.message == message);
        let at = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push(Note { file: file.to_owned(), message, about: Vec::new() });
        }
        self.0[at].about.extend(about.map(str::to_owned));
    }

    /// All of them.
    #[must_use]
    pub fn into_vec(self) -> Vec<Note> {
        self.0
    }
}

/// Whether a rules file has rules of lastlook's own form, or is nobody's.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    let Ok(table) = text.parse::<toml::Table>() else { return true };
    let theirs = ["rules", "extend", "allowlist", "allowlists", "prefilter", "filter"];
    table.contains_key("rule") || !theirs.iter().any(|key| table.contains_key(*key))
}

/// Reads files, given as name and text, and adds their rules to `set`.
pub fn load(set: &mut RuleSet, files: &[(&str, &str)], notes: &mut Notes, mistakes: &mut Vec<Diagnostic>) {
    let mut all: Vec<(&str, Merged, Notes)> = Vec::new();
    for (name, text) in files {
        let mut own = Notes::default();
        match extend::read(name, text, &mut own) {
            Ok(merged) => all.push((name, merged, own)),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    // What another file builds on is there already.
    let bases: Vec<_> = all.iter().flat_map(|(_, merged, _)| merged.bases.clone()).collect();
    for (name, merged, own) in all {
        let here = std::path::Path::new(name).canonicalize();
        if here.is_ok_and(|here| bases.contains(&here)) {
            continue;
        }
        own.0.into_iter().for_each(|note| match note.about.as_slice() {
            [] => notes.add(&note.file, note.message, None),
            about => about.iter().for_each(|about| notes.add(&note.file, note.message.clone(), Some(about))),
        });
        Builder { name, notes, mistakes, ids: BTreeMap::new(), allow: Vec::new(), filters: Vec::new() }
            .build(merged, set);
    }
}

struct Builder<'b> {
    name: &'b str,
    notes: &'b mut Notes,
    mistakes: &'b mut Vec<Diagnostic>,
    /// The ids in the file, and what they are here.
    ids: BTreeMap<String, Arc<str>>,
    /// Lists that hold for all rules, or for those named.
    allow: Vec<(Vec<String>, Arc<Allowlist>)>,
    filters: Vec<Arc<Filter>>,
}

impl Builder<'_> {
    fn build(mut self, merged: Merged, set: &mut RuleSet) {
        for rule in &merged.rules {
            let id = free_id(set, &self.ids, &rule.id);
            if *id != *rule.id {
                self.notes.add(&rule.file, format!("the rule `{}` is called `{id}` here", rule.id), None);
            }
            self.ids.insert(rule.id.clone(), id);
        }
        for list in &merged.allowlists {
            let file = self.name.to_owned();
            let mut read = self.allowlist(&file, "a list for all rules", list);
            if list.target_rules.is_empty() && !read.paths.is_empty() && !read.all {
                let why = "its list of paths for all rules is not applied: such lists are made for repositories, and pass \
                           over what is published; use [[allow]] in lastlook.toml";
                self.notes.add(&file, why.into(), None);
                read.paths.clear();
            }
            if !read.is_empty() {
                self.allow.push((list.target_rules.clone(), Arc::new(read)));
            }
        }
        for (file, text) in &merged.filters {
            let filter = self.filter(file, "the filter for all rules", text);
            self.filters.extend(filter);
        }
        for rule in &merged.rules {
            if let Some(built) = self.rule(rule) {
                set.share(Arc::new(built));
            }
        }
    }

    fn mistake(&mut self, file: &str, rule: &str, message: &str) {
        let message = if rule.is_empty() { message.to_owned() } else { format!("rule `{rule}`: {message}") };
        let (file, hint) = (file.to_owned(), None);
        self.mistakes.push(Diagnostic { file, line: 1, column: 1, message, hint });
    }

    fn rule(&mut self, raw: &raw::Rule) -> Option<Rule> {
        let (file, id) = (raw.file.as_str(), raw.id.as_str());
        if id.is_empty() {
            self.mistake(file, "", "a rule has no `id`");
            return None;
        }
        if raw.regex.is_empty() && raw.path.is_empty() {
            let why = "a rule without `regex` and `path` changes one that is not there, and was passed over";
            self.notes.add(file, why.into(), Some(id));
            return None;
        }
        for key in raw.other.keys().filter(|key| !PASSED_OVER_IN_RULES.contains(&key.as_str())) {
            self.notes.add(file, format!("`{key}` is not known in a rule, and was passed over"), Some(id));
        }
        let path = self.pattern(file, id, &raw.path);
        let allow = self.lists(raw);
        let (category, level, matcher) = if raw.regex.is_empty() {
            let like = PathPattern { pattern: path?, allow };
            let rule = PathRule { paths: Globs::default(), except: Globs::default(), like: Some(Box::new(like)) };
            (Category::File, Level::Warning, Matcher::Path(rule))
        } else {
            let pattern = self.pattern(file, id, &raw.regex)?;
            let shape = Shape::of(pattern.source());
            let level = level(raw, shape.as_ref());
            (Category::Secret, level, Matcher::Content(self.content(raw, pattern, shape.as_ref(), path, allow)))
        };
        let described = raw.description.trim().trim_end_matches('.');
        Some(Rule {
            id: Arc::clone(self.ids.get(id)?),
            category,
            level,
            title: if described.is_empty() { format!("what the rule {id} looks for") } else { described.to_owned() }
                .into(),
            message: None,
            why: format!("A rule of your own says so: `{id}` in {file}. That form of rules has no words for why.")
                .into(),
            fix: "If it is a secret, revoke it where it was issued. Then take it out of the build.".into(),
            references: Vec::new(),
            hits: Vec::new(),
            misses: Vec::new(),
            matcher,
            file: file.to_owned().into(),
        })
    }

    fn content(
        &mut self,
        raw: &raw::Rule,
        pattern: LazyRegex,
        shape: Option<&Shape>,
        path: Option<LazyRegex>,
        allow: Vec<Arc<Allowlist>>,
    ) -> ContentRule {
        let (file, id) = (raw.file.as_str(), raw.id.as_str());
        let keywords: Vec<String> =
            raw.keywords.iter().map(|word| word.to_ascii_lowercase()).filter(|word| !word.is_empty()).collect();
        let usable = keywords.iter().all(|word| word.len() >= LEAST);
        let near = usable && shape.is_some_and(|shape| shape.always_holds(&keywords));
        let found = if near { None } else { shape.and_then(|shape| shape.literals(LEAST)) };
        let everywhere = !near && found.is_none();
        if everywhere {
            let why = "there is no literal in every match, so the pattern is tried on all of every text, which is slow, and \
                       not on what is encoded";
            self.notes.add(file, why.into(), Some(id));
        }
        if raw.token_efficiency {
            self.unanswered(file, id, "tokenEfficiency");
        }
        if let Some(group) =
            raw.secret_group.filter(|group| pattern.get().is_some_and(|one| *group >= one.captures_len()))
        {
            self.mistake(file, id, &format!("`secretGroup` is {group}, and its pattern has no such group"));
        }
        let gates = if near { Vec::new() } else { keywords.clone() };
        let keywords = if near { keywords } else { found.unwrap_or_default() };
        let longest = keywords.iter().map(String::len).max().unwrap_or(0);
        let length = shape.and_then(Shape::longest).unwrap_or(UNLIMITED);
        let own = (!raw.filter.trim().is_empty()).then(|| self.filter(file, id, &raw.filter)).flatten();
        let conditions = Conditions {
            group: raw.secret_group.unwrap_or(0),
            everywhere,
            gates,
            path,
            above: raw.entropy.filter(|bits| *bits > 0.0),
            allow,
            filters: own.into_iter().chain(self.filters.iter().cloned()).collect(),
            needs: self.needs(raw),
            silent: raw.skip_report.unwrap_or(false),
            specificity: raw.specificity.unwrap_or(USUAL),
        };
        ContentRule {
            keywords: keywords.into_iter().map(Text::from).collect(),
            ignore_case: true,
            pattern,
            span: length.saturating_add(longest).clamp(64, MOST_SPAN),
            checksum: None,
            structure: None,
            entropy: None,
            allow: Vec::new(),
            paths: None,
            example_path: None,
            placeholders: true,
            conditions: Some(Box::new(conditions)),
        }
    }

    fn pattern(&mut self, file: &str, id: &str, text: &str) -> Option<LazyRegex> {
        if text.is_empty() {
            return None;
        }
        match pattern::mended(text) {
            Ok(pattern) => Some(LazyRegex::new(pattern)),
            Err(error) => {
                self.mistake(file, id, &format!("a pattern does not compile: {error}"));
                None
            }
        }
    }

    /// A filter; one that is not understood hides nothing.
    fn filter(&mut self, file: &str, id: &str, text: &str) -> Option<Arc<Filter>> {
        match Filter::parse(text) {
            Ok(filter) => {
                for function in filter.unanswered() {
                    self.unanswered(file, id, function);
                }
                Some(Arc::new(filter))
            }
            Err(error) => {
                self.notes.add(file, format!("a filter is not applied, because {error}; it hides nothing"), Some(id));
                None
            }
        }
    }

    fn unanswered(&mut self, file: &str, id: &str, what: &str) {
        let why = format!("`{what}` needs a table of word pieces that lastlook does not carry; it hides nothing");
        self.notes.add(file, why, Some(id));
    }

    /// The lists of a rule, and those for all rules that speak of it.
    fn lists(&mut self, raw: &raw::Rule) -> Vec<Arc<Allowlist>> {
        let own = raw.allowlist.iter().chain(&raw.allowlists);
        let own: Vec<_> = own.map(|list| Arc::new(self.allowlist(&raw.file, &raw.id, list))).collect();
        let all = self.allow.iter().filter(|(rules, _)| rules.is_empty() || rules.contains(&raw.id));
        own.into_iter().filter(|list| !list.is_empty()).chain(all.map(|(_, list)| Arc::clone(list))).collect()
    }

    fn allowlist(&mut self, file: &str, about: &str, raw: &raw::Allowlist) -> Allowlist {
        let all = matches!(raw.condition.to_ascii_uppercase().as_str(), "AND" | "&&");
        if !all && !matches!(raw.condition.to_ascii_uppercase().as_str(), "" | "OR" | "||") {
            self.notes.add(
                file,
                format!("`condition = \"{}\"` is not known, and read as OR", raw.condition),
                Some(about),
            );
        }
        for key in raw.other.keys() {
            self.notes.add(file, format!("`{key}` is not known in an allowlist, and was passed over"), Some(about));
        }
        let target = match raw.regex_target.as_str() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            other => {
                self.notes.add(
                    file,
                    format!("`regexTarget = \"{other}\"` is not known, and read as secret"),
                    Some(about),
                );
                Target::Secret
            }
        };
        if !raw.commits.is_empty() {
            let why = "`commits` are not applied: what is published has none";
            self.notes.add(file, why.into(), Some(about));
            if all {
                return Allowlist::default();
            }
        }
        let mut patterns = |texts: &[String]| texts.iter().filter_map(|text| self.pattern(file, about, text)).collect();
        Allowlist {
            all,
            paths: patterns(&raw.paths),
            patterns: patterns(&raw.regexes),
            target,
            words: raw.stopwords.iter().map(|word| word.to_ascii_lowercase()).filter(|word| !word.is_empty()).collect(),
        }
    }

    fn needs(&mut self, raw: &raw::Rule) -> Vec<Need> {
        let mut needs = Vec::new();
        for one in raw.required.iter().chain(&raw.components).filter(|one| !one.optional) {
            let Some(rule) = self.ids.get(&one.id) else {
                let why = format!("it requires `{}`, which is not there; it is reported without", one.id);
                self.notes.add(&raw.file, why, Some(&raw.id));
                continue;
            };
            let within = |unit: char| -> Option<usize> {
                let part = one
                    .within
                    .split(',')
                    .find_map(|part| part.trim().strip_suffix([unit, unit.to_ascii_lowercase()]))?;
                part.trim_start_matches(['+', '-']).parse().ok()
            };
            needs.push(Need {
                rule: Arc::clone(rule),
                lines: one.within_lines.or_else(|| within('L')),
                columns: one.within_columns.or_else(|| within('C')),
            });
        }
        needs
    }
}

/// These forms have no levels. What begins with letters that hardly anything else begins with is an error; what is only
/// told by the words around it, or calls itself a guess, is a warning. A tag that names a level has the last word.
fn level(raw: &raw::Rule, shape: Option<&Shape>) -> Level {
    let tagged = raw.tags.iter().find_map(|tag| {
        let tag = tag.to_ascii_lowercase();
        Some(match tag.rsplit([':', '=', '-']).next()?.trim() {
            "critical" | "high" | "error" => Level::Error,
            "medium" | "warning" => Level::Warning,
            "low" | "info" | "note" => Level::Note,
            _ => return None,
        })
    });
    let group = raw.secret_group.unwrap_or(0);
    let specific = shape.is_some_and(|shape| shape.has_prefix(group, PREFIX));
    let guess = raw.specificity.is_some_and(|number| number < USUAL) || raw.confidence == "low";
    tagged.unwrap_or(if specific && !guess { Level::Error } else { Level::Warning })
}

/// The id of a rule: the file's own in lower case, with `gitleaks-` before it where it is taken.
fn free_id(set: &RuleSet, taken: &BTreeMap<String, Arc<str>>, name: &str) -> Arc<str> {
    let mut slug: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "rule" } else { slug };
    let prefixed = format!("gitleaks-{slug}");
    let numbered = (2..).map(|number| format!("{prefixed}-{number}"));
    let free = |id: &String| set.get(id).is_none() && taken.values().all(|other| **other != **id);
    let id = [slug.to_owned(), prefixed.clone()].into_iter().chain(numbered).find(free);
    Arc::from(id.unwrap_or_default())
}
