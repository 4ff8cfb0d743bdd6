//! `lastlook rules`: list, explain, test.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use lastlook::detect::verify;
use lastlook::rules::load::{self, BUILTIN, Check};
use lastlook::rules::{Matcher, Rule, RuleSet};

use super::args::{RulesArgs, RulesCommand};
use super::{Exit, output, settings};

/// Runs the `rules` command.
pub fn run(args: &RulesArgs) -> Result<Exit> {
    match &args.command {
        None => list(&settings::rules(&args.rules)?),
        Some(RulesCommand::Show { id }) => show(id, &settings::rules(&args.rules)?),
        Some(RulesCommand::Check { files }) => check(files),
    }
}

fn list(rules: &RuleSet) -> Result<Exit> {
    output::to_stdout(|out| {
        for rule in rules.iter() {
            writeln!(out, "{:<40} {:<8} {:<10} {}", rule.id, rule.level, rule.category, rule.title)?;
        }
        Ok(())
    })?;
    Ok(Exit::Clear)
}

fn show(id: &str, rules: &RuleSet) -> Result<Exit> {
    let Some(rule) = rules.get(id) else {
        let near = lastlook::config::closest(id, rules.iter().map(|rule| &*rule.id));
        let hint = near.map_or("`lastlook rules` lists them all".to_owned(), |near| format!("did you mean `{near}`?"));
        bail!("there is no rule `{id}`\n  hint: {hint}");
    };
    output::to_stdout(|out| explain(rule, out))?;
    Ok(Exit::Clear)
}

fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    writeln!(out, "\n  level     {}\n  category  {}\n  kind      {}", rule.level, rule.category, rule.matcher.kind())?;
    writeln!(out, "  defined   {}", rule.file)?;
    writeln!(out, "\nWhy it matters\n  {}\n\nWhat to do\n  {}", rule.why.trim(), rule.fix.trim())?;
    match &rule.matcher {
        Matcher::Content(content) => {
            writeln!(out, "\nPattern\n  {}", content.pattern.source())?;
            if let Some(checksum) = content.checksum {
                writeln!(out, "\nProof\n  the checksum {} must be right", checksum.as_str())?;
            }
            if let Some(structure) = content.structure {
                writeln!(out, "\nProof\n  it must be a {}", structure.as_str())?;
            }
        }
        Matcher::Path(_) => writeln!(out, "\nExamples\n  {}", rule.hits.join("\n  "))?,
        Matcher::Fact(_) => writeln!(out, "\nExamples\n  {}", rule.hits.join("\n  "))?,
    }
    if !rule.references.is_empty() {
        writeln!(out, "\nSee also\n  {}", rule.references.join("\n  "))?;
    }
    writeln!(out, "\nTo accept one finding on purpose, put this into lastlook.toml:")?;
    writeln!(out, "  [[allow]]\n  rule = \"{}\"\n  fingerprint = \"…\"  # from the report", rule.id)?;
    writeln!(out, "  reason = \"…\"")
}

fn check(files: &[PathBuf]) -> Result<Exit> {
    let facts = settings::facts();
    let mut set = RuleSet::default();
    if files.is_empty() {
        load::load(&mut set, BUILTIN, &facts, Check::Patterns)?;
    } else {
        settings::add_rules(&mut set, files)?;
    }
    let problems: Vec<_> = set.iter().flat_map(|rule| verify(rule, &facts)).collect();
    output::to_stdout(|out| {
        for problem in &problems {
            writeln!(out, "{}: {}", problem.rule, problem.message)?;
        }
        writeln!(out, "{} rules, {} problems", set.len(), problems.len())
    })?;
    Ok(if problems.is_empty() { Exit::Clear } else { Exit::Blocked })
}
