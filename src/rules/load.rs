//! Reading rules files: every mistake of every file is reported at once.

use std::sync::Arc;

use super::expression::{Expression, Known};
use super::gitleaks::{self, Note, Notes};
use super::globs::{Globs, glob};
use super::rule::{ContentRule, FactRule, LazyRegex, Matcher, PathRule, Rule, Template};
use super::set::RuleSet;
use crate::config::{Diagnostic, Diagnostics, Prepared, PreparedTables, Source, Table, Text, Value};
use crate::finding::{Category, FactSpec, Level};

/// The rules files that lastlook carries: name and text.
pub static BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtin_rules.rs"));

/// The same rules, one by one.
static PREPARED: PreparedTables = include!(concat!(env!("OUT_DIR"), "/prepared_rules.rs"));

/// Default of [`ContentRule::span`].
const SPAN: usize = 512;
/// Most that a rule may set as its span: beyond it a search window is no window any more.
const MOST_SPAN: usize = 64 << 10;

/// How strictly patterns are checked while loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Every pattern is compiled. For rules that nobody has tested yet.
    Patterns,
    /// Patterns are compiled when they are first needed. For the rules that lastlook carries and tests itself.
    Lazily,
}

/// Reads rules from files, given as name and text, and adds them to `set`. `facts` are those that formats declare. Files
/// may have the form of gitleaks: [`gitleaks`]. Answers what in them is not done as they say.
///
/// # Errors
/// Every mistake of every file; `set` then holds the rules without mistakes.
pub fn load(
    set: &mut RuleSet,
    files: &[(&str, &str)],
    facts: &[&FactSpec],
    check: Check,
) -> Result<Vec<Note>, Diagnostics> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    let is_ours = |(_, text): &&(&str, &str)| check == Check::Lazily || gitleaks::is_ours(text);
    let (ours, theirs): (Vec<_>, Vec<_>) = files.iter().partition(is_ours);
    let facts = &known(facts);
    for (file, text) in ours {
        let named = &Text::Owned((*file).to_owned());
        let ((), found) = Source::new(file, text).read(|top| {
            for table in top.tables("rule") {
                read_rule(table, named, facts, check, set);
            }
        });
        mistakes.extend(found);
    }
    let mut notes = Notes::default();
    gitleaks::load(set, &theirs, &mut notes, &mut mistakes);
    if mistakes.is_empty() { Ok(notes.into_vec()) } else { Err(Diagnostics(mistakes)) }
}

/// The rules that lastlook carries.
///
/// # Errors
/// Mistakes in them, which the tests of this crate rule out.
pub fn builtin(facts: &[&FactSpec]) -> Result<RuleSet, Diagnostics> {
    let mut set = RuleSet::default();
    let mut mistakes = Vec::new();
    let facts = &known(facts);
    for (file, table) in PREPARED.iter() {
        let file = &Text::Borrowed(file);
        let read = |table: Table<'_, '_>| read_rule(table, file, facts, Check::Lazily, &mut set);
        mistakes.extend(Source::new(file, "").read_prepared(table, read).1);
    }
    if mistakes.is_empty() { Ok(set) } else { Err(Diagnostics(mistakes)) }
}

fn known<'k>(facts: &[&'k FactSpec]) -> Known<'k> {
    facts.iter().map(|spec| (spec.name, *spec)).collect()
}

fn read_rule(mut table: Table<'_, '_>, file: &Text, facts: &Known<'_>, check: Check, set: &mut RuleSet) {
    let span = table.span.clone();
    let rule = read_fields(&mut table, file, facts, check);
    if let Some(rule) = rule
        && let Err(rule) = set.add(rule)
    {
        let there = set.get(&rule.id).map_or_else(Text::default, |other| other.file.clone());
        table.mistake(span, format!("the rule id `{}` is taken already, in {there}", rule.id), None);
    }
    table.finish();
}

fn read_fields(table: &mut Table<'_, '_>, file: &Text, facts: &Known<'_>, check: Check) -> Option<Rule> {
    let id = table.required_text("id");
    if let Some(id) = &id
        && !is_id(&id.value)
    {
        table.mistake(id.span.clone(), "a rule id is lower-case words and digits joined by `-`", None);
    }
    let kind = table.required_text("kind");
    let category = table.parsed::<Category>("category");
    let level = table.parsed::<Level>("level");
    for (key, missing) in [("category", category.is_none()), ("level", level.is_none())] {
        if missing {
            // A wrong value was reported by `parsed`; only a missing one is left to say.
            table.required_text(key);
        }
    }
    let title = table.required_text("title");
    let message = read_message(table, facts);
    let why = table.required_text("why");
    let fix = table.required_text("fix");
    let texts = |values: Vec<Value<Text>>| values.into_iter().map(|value| value.value).collect();
    let references = texts(table.texts("references"));
    let hits = texts(table.texts("hits"));
    let misses = texts(table.texts("misses"));
    let matcher = match &*kind?.value {
        "path" => Matcher::Path(read_path(table, check)),
        "content" => Matcher::Content(read_content(table, check)?),
        "fact" => Matcher::Fact(read_fact(table, facts)?),
        other => {
            let message = format!("`{other}` is not a kind of rule: write path, content or fact");
            table.mistake(table.span.clone(), message, None);
            return None;
        }
    };
    Some(Rule {
        id: Arc::from(id?.value),
        category: category?.value,
        level: level?.value,
        title: title?.value,
        message,
        why: why?.value,
        fix: fix?.value,
        references,
        hits,
        misses,
        matcher,
        file: file.clone(),
    })
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn read_message(table: &mut Table<'_, '_>, facts: &Known<'_>) -> Option<Template> {
    let Value { value, span } = table.text("message")?;
    match Template::parse(&value) {
        Ok(template) => {
            for name in template.facts() {
                if !facts.contains_key(name) {
                    table.mistake(span.clone(), format!("no format states the fact `{name}`"), None);
                }
            }
            Some(template)
        }
        Err(error) => {
            table.mistake(span, error, None);
            None
        }
    }
}

fn read_path(table: &mut Table<'_, '_>, check: Check) -> PathRule {
    let paths = read_globs(table, "paths", check);
    if paths.is_empty() {
        table.mistake(table.span.clone(), "a path rule needs `paths`", None);
    }
    PathRule { paths, except: read_globs(table, "except", check), like: None }
}

fn read_globs(table: &mut Table<'_, '_>, key: &'static str, check: Check) -> Globs {
    let mut sources = Vec::new();
    for Value { value, span } in table.texts(key) {
        if check == Check::Patterns {
            if value.chars().any(char::is_uppercase) {
                table.mistake(span.clone(), "paths are compared in lower case: write the glob in lower case", None);
            }
            if let Err(error) = glob(&value) {
                table.mistake(span, error.to_string(), None);
            }
        }
        sources.push(value);
    }
    Globs::new(sources)
}

fn read_content(table: &mut Table<'_, '_>, check: Check) -> Option<ContentRule> {
    let ignore_case = table.boolean("ignore_case").is_some_and(|value| value.value);
    let keywords = table.texts("keywords");
    if keywords.is_empty() {
        let hint = "without a literal the whole rule set would have to be tried everywhere".to_owned();
        table.mistake(table.span.clone(), "a content rule needs `keywords`", Some(hint));
    }
    for keyword in &keywords {
        if keyword.value.len() < 3 {
            table.mistake(keyword.span.clone(), "a keyword needs at least 3 characters", None);
        }
        if ignore_case && keyword.value.bytes().any(|byte| byte.is_ascii_uppercase()) {
            table.mistake(keyword.span.clone(), "with `ignore_case` keywords are written in lower case", None);
        }
    }
    let pattern = table.required_text("pattern");
    let allow = table.texts("allow");
    if check == Check::Patterns {
        for Value { value, span } in pattern.iter().chain(&allow) {
            if let Err(error) = LazyRegex::compile(value) {
                table.mistake(span.clone(), format!("the pattern does not compile: {}", cause(&error)), None);
            }
        }
    }
    let span = table.integer("span");
    if let Some(span) = &span
        && (span.value == 0 || span.value > MOST_SPAN as u64)
    {
        table.mistake(span.span.clone(), format!("`span` is a number of bytes from 1 to {MOST_SPAN}"), None);
    }
    let checksum = table.parsed("checksum").map(|value| value.value);
    let structure = table.parsed("structure").map(|value| value.value);
    let entropy = table.number("entropy").map(|value| value.value);
    let paths = read_globs(table, "paths", check);
    let example_path = paths.sources().next().map(|glob| glob.replace("**/", "a/").replace('*', "x"));
    let placeholders = table.boolean("placeholders").is_some_and(|value| value.value);
    Some(ContentRule {
        keywords: keywords.into_iter().map(|keyword| keyword.value).collect(),
        ignore_case,
        pattern: LazyRegex::new(pattern?.value),
        span: span.map_or(SPAN, |span| (span.value as usize).min(MOST_SPAN)),
        checksum,
        structure,
        entropy,
        allow: allow.into_iter().map(|pattern| LazyRegex::new(pattern.value)).collect(),
        paths: (!paths.is_empty()).then_some(paths),
        example_path,
        placeholders,
        conditions: None,
    })
}

/// The last line of what `regex` says; the lines before it quote the pattern, which stands in the file anyway.
fn cause(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

fn read_fact(table: &mut Table<'_, '_>, facts: &Known<'_>) -> Option<FactRule> {
    let Value { value, span } = table.required_text("when")?;
    match Expression::parse(&value, facts) {
        Ok(when) => Some(FactRule { when }),
        Err(error) => {
            table.mistake(span, error, None);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: [&FactSpec; 1] = [&FactSpec { name: "map.count", kind: crate::finding::FactType::Int, doc: "" }];

    fn mistakes(text: &str) -> String {
        let mut set = RuleSet::default();
        load(&mut set, &[("r.toml", text)], &FACTS, Check::Patterns).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_with_every_mistake_names_them_all() {
        let shown = mistakes(
            r#"
[[rule]]
id = "Bad Id"
kind = "content"
category = "secrets"
level = "fatal"
title = "x"
why = "x"
keywords = ["ab"]
pattern = "("
checksum = "crc"
spam = 3
"#,
        );
        for expected in [
            "lower-case words",
            "`secrets` is not a category",
            "`fatal` is not a level",
            "`fix` is missing",
            "at least 3 characters",
            "unclosed group",
            "`crc` is not a checksum",
            "`spam` is not a known key",
            "did you mean `span`?",
        ] {
            assert!(shown.contains(expected), "{expected} missing in:\n{shown}");
        }
    }

    #[test]
    fn one_id_belongs_to_one_rule() {
        let rule = "[[rule]]\nid='a'\nkind='fact'\ncategory='file'\nlevel='note'\ntitle='x'\nwhy='x'\nfix='x'\n";
        let shown = mistakes(&format!("{rule}when='map.count > 1'\n{rule}when='map.count > 2'\n"));
        assert!(shown.contains("the rule id `a` is taken already, in r.toml"), "{shown}");
        let shown = mistakes(&format!("{rule}when='map.cuont > 1'\nmessage='{{map.x}}'\n"));
        assert!(shown.contains("did you mean `map.count`?") && shown.contains("`map.x`"), "{shown}");
    }
}
