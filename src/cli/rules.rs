//! `lastlook rules`: list, explain, test.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use lastlook::detect::verify;
use lastlook::report::sanitize;
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
            writeln!(out, "{:<40} {:<8} {:<10} {}", rule.id, rule.level, rule.category, sanitize::escape(&rule.title))?;
        }
        Ok(())
    })?;
    Ok(Exit::Clear)
}

fn show(id: &str, rules: &RuleSet) -> Result<Exit> {
    let Some(rule) = rules.get(id) else { bail!(settings::no_rule(id, rules.iter().map(|rule| &*rule.id))) };
    output::to_stdout(|out| explain(rule, out))?;
    Ok(Exit::Clear)
}

fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, sanitize::escape(&rule.title))?;
    writeln!(out, "\n  level     {}\n  category  {}\n  kind      {}", rule.level, rule.category, rule.matcher.kind())?;
    writeln!(out, "  defined   {}", rule.file)?;
    section(out, "Why it matters", &wrapped(&rule.why))?;
    section(out, "What to do", &wrapped(&rule.fix))?;
    match &rule.matcher {
        Matcher::Content(content) => {
            section(out, "Pattern", &[content.pattern.source().to_owned()])?;
            let checksum = content.checksum.map(|checksum| format!("the checksum {} is right", checksum.as_str()));
            let structure = content.structure.map(|structure| format!("it is a {}", structure.as_str()));
            section(out, "Reported only if", &checksum.into_iter().chain(structure).collect::<Vec<_>>())?;
        }
        Matcher::Path(_) | Matcher::Fact(_) => section(out, "Reports for instance", &rule.hits)?,
    }
    section(out, "See also", &rule.references)?;
    writeln!(out, "\nTo accept one finding on purpose, put this into lastlook.toml:")?;
    writeln!(out, "  [[allow]]\n  rule = \"{}\"\n  fingerprint = \"…\"  # from the report", rule.id)?;
    writeln!(out, "  reason = \"…\"")?;
    writeln!(out, "To turn the rule off, or to change its level:")?;
    writeln!(out, "  [levels]\n  {} = \"off\"", rule.id)
}

/// A heading and indented lines; nothing where there are no lines.
fn section(out: &mut dyn Write, heading: &str, lines: &[impl AsRef<str>]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}")?;
    lines.iter().try_for_each(|line| writeln!(out, "  {}", sanitize::escape(line.as_ref())))
}

/// Lines of at most 90 characters; a longer word stands alone.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() < 90) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
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
            writeln!(out, "{}: {}", problem.rule, sanitize::escape(&problem.message))?;
        }
        writeln!(out, "{}, {}", count(set.len(), "rule"), count(problems.len(), "problem"))
    })?;
    Ok(if problems.is_empty() { Exit::Clear } else { Exit::Blocked })
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
