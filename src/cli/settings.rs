//! What was typed becomes what it means: rules and policy.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lastlook::finding::FactSpec;
use lastlook::formats;
use lastlook::policy::{Levels, Policy};
use lastlook::rules::RuleSet;
use lastlook::rules::load::{self, Check};

use super::args::{CheckArgs, LevelArg};
use super::shared_args::PolicyArgs;

/// The facts that rules may name.
pub fn facts() -> Vec<&'static FactSpec> {
    formats::fact_specs().collect()
}

/// The built-in rules, and those in `paths`.
pub fn rules(paths: &[PathBuf]) -> Result<RuleSet> {
    let mut set = load::builtin(&facts())?;
    add_rules(&mut set, paths)?;
    Ok(set)
}

/// Adds the rules in files and folders to `set`.
pub fn add_rules(set: &mut RuleSet, paths: &[PathBuf]) -> Result<()> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    if files.is_empty() && !paths.is_empty() {
        bail!("there is no rules file (*.toml) in {}", paths[0].display());
    }
    let mut read = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        read.push((file.display().to_string(), text));
    }
    let borrowed: Vec<(&str, &str)> = read.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    for note in load::load(set, &borrowed, &facts(), Check::Patterns)? {
        eprintln!("warning: {}", lastlook::report::sanitize::escape(&note.to_string()));
    }
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("{} cannot be read", path.display());
    if !std::fs::metadata(path).with_context(cannot)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        entries.push(entry.with_context(cannot)?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "toml") {
            files.push(entry);
        }
    }
    Ok(())
}

/// The policy that applies: the one named, the nearest one, or none; with the levels of the command line on top.
pub fn policy(args: &CheckArgs, rules: &RuleSet) -> Result<Policy> {
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    let mut policy = match policy_file(&args.paths, &args.policy)? {
        Some(file) => Policy::read(&file, &ids)?,
        // Comments in the target are a policy too.
        None => Policy { allow_comments: args.policy.no_config.then_some(false), ..Policy::default() },
    };
    let mistakes: Vec<String> =
        args.judge.levels.iter().filter_map(|arg| set_level(arg, &mut policy, &ids).err()).collect();
    if mistakes.is_empty() { Ok(policy) } else { Err(anyhow::Error::msg(mistakes.join("\n"))) }
}

/// Applies one `--set`.
fn set_level(LevelArg { pattern, level }: &LevelArg, policy: &mut Policy, ids: &[&str]) -> Result<(), String> {
    let mut one = Levels::default();
    one.set(pattern, *level)
        .and_then(|()| policy.levels.set(pattern, *level))
        .map_err(|error| format!("--set {pattern}={level}: {error}"))?;
    match one.unknown(ids).next() {
        Some(_) => Err(format!("--set {pattern}={level}: {}", no_rule(pattern, ids.iter().copied()))),
        None => Ok(()),
    }
}

/// Says that there is no such rule, and which one may have been meant.
pub fn no_rule<'i>(id: &str, ids: impl IntoIterator<Item = &'i str>) -> String {
    let hint = match lastlook::config::closest(id, ids) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`lastlook rules` lists them all".to_owned(),
    };
    format!("there is no rule `{id}`\n  hint: {hint}")
}

/// A path as seen from the working directory where it lies in it: reports then name files as the repository does,
/// however they were asked for, and policies speak of them by the same names.
pub fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    match here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(inside) if inside.as_os_str().is_empty() => PathBuf::from("."),
        Some(inside) => inside,
        None => path.to_owned(),
    }
}

/// The policy file that applies to these targets: the one named, the nearest one, or none.
pub fn policy_file(paths: &[PathBuf], args: &PolicyArgs) -> Result<Option<PathBuf>> {
    if args.no_config {
        return Ok(None);
    }
    if let Some(file) = &args.config {
        return Ok(Some(file.clone()));
    }
    let found: Vec<(&PathBuf, Option<PathBuf>)> = paths.iter().map(|path| (path, Policy::find(path))).collect();
    for (path, file) in &found[1..] {
        if *file != found[0].1 {
            bail!(
                "{} and {} have different policies\n  hint: name one with --config, or look at them one by one",
                found[0].0.display(),
                path.display()
            );
        }
    }
    Ok(found.into_iter().next().and_then(|(_, file)| file).map(|file| from_here(&file)))
}
