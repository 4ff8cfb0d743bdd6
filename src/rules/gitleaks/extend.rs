//! Files that build on others: all of them become one.

use std::path::{Path, PathBuf};

use super::raw::{Allowlist, File, Rule};
use super::{Notes, is_ours};
use crate::config::Diagnostic;

/// How many files may build on one another.
const DEEPEST: usize = 8;

/// Rules with what holds for all of them.
#[derive(Debug, Default)]
pub struct Merged {
    pub rules: Vec<Rule>,
    pub allowlists: Vec<Allowlist>,
    /// Each with the file that it stands in.
    pub filters: Vec<(String, String)>,
    /// The files that were built on.
    pub bases: Vec<PathBuf>,
}

/// Reads `text`, and the files that it builds on.
pub fn read(name: &str, text: &str, notes: &mut Notes) -> Result<Merged, Diagnostic> {
    let mut way = vec![canonical(Path::new(name))];
    let mut merged = one(name, text, &mut way, notes)?;
    merged.bases.retain(|base| *base != way[0]);
    Ok(merged)
}

fn one(name: &str, text: &str, way: &mut Vec<PathBuf>, notes: &mut Notes) -> Result<Merged, Diagnostic> {
    let file: File = toml::from_str(text).map_err(|error| mistake(name, text, &error))?;
    for key in file.other.keys().filter(|key| !super::PASSED_OVER.contains(&key.as_str())) {
        notes.add(name, format!("`{key}` is not known, and was passed over"), None);
    }
    let mut merged = base(name, text, &file, way, notes)?;
    for disabled in &file.extend.disabled_rules {
        let before = merged.rules.len();
        merged.rules.retain(|rule| rule.id != *disabled);
        if merged.rules.len() == before {
            notes.add(
                name,
                "it turns off rules that are not there; to turn off a rule of lastlook, use --set".into(),
                Some(disabled),
            );
        }
    }
    if !file.prefilter.trim().is_empty() {
        let why =
            "its `prefilter` is not applied: such filters are made for repositories, and pass over what is published";
        notes.add(name, why.into(), None);
    }
    if !file.filter.trim().is_empty() {
        merged.filters.push((name.to_owned(), file.filter));
    }
    merged.allowlists.extend(file.allowlist.into_iter().chain(file.allowlists));
    for mut rule in file.rules {
        rule.file = name.to_owned();
        match merged.rules.iter().position(|known| known.id == rule.id && !rule.id.is_empty()) {
            Some(at) => merged.rules[at] = std::mem::take(&mut merged.rules[at]).changed(rule),
            None => merged.rules.push(rule),
        }
    }
    Ok(merged)
}

fn base(name: &str, text: &str, file: &File, way: &mut Vec<PathBuf>, notes: &mut Notes) -> Result<Merged, Diagnostic> {
    if file.extend.use_default {
        let why = "it builds on the default catalogue, which lastlook does not carry: its own rules are used instead";
        notes.add(name, why.into(), None);
    }
    if !file.extend.url.is_empty() {
        let why = "it builds on a file at an address, and lastlook uses no network: download it, and name its `path`";
        notes.add(name, why.into(), None);
    }
    if file.extend.path.is_empty() {
        return Ok(Merged::default());
    }
    // Where gitleaks is run, the path is relative to the folder that it is run in.
    let beside = Path::new(name).parent().unwrap_or(Path::new("")).join(&file.extend.path);
    let path = if beside.exists() { beside } else { PathBuf::from(&file.extend.path) };
    let shown = path.display().to_string();
    let at_extend = |message: String| {
        let line = text.lines().position(|line| line.trim_start().starts_with("[extend")).map_or(1, |at| at + 1);
        Diagnostic { file: name.to_owned(), line, column: 1, message, hint: None }
    };
    let here = canonical(&path);
    if way.contains(&here) {
        return Err(at_extend(format!("{shown} builds on itself")));
    }
    if way.len() >= DEEPEST {
        return Err(at_extend(format!("more than {DEEPEST} files build on one another")));
    }
    let base = std::fs::read_to_string(&path).map_err(|error| at_extend(format!("{shown} cannot be read: {error}")))?;
    if is_ours(&base) {
        return Err(at_extend(format!("{shown} has rules in the form of lastlook: load it with --rules as well")));
    }
    way.push(here.clone());
    let mut merged = one(&shown, &base, way, notes)?;
    way.pop();
    merged.bases.push(here);
    Ok(merged)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn mistake(name: &str, text: &str, error: &toml::de::Error) -> Diagnostic {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    Diagnostic {
        file: name.to_owned(),
        line: before.matches('\n').count() + 1,
        column,
        message: error.message().to_owned(),
        hint: None,
    }
}
