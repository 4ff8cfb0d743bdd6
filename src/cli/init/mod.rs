//! `lastlook init`: adds hook, policy and CI job to a project, after showing what would be written.

mod args;
mod hook;
mod project;
mod templates;
mod yaml;

pub use args::{EXAMPLES, InitArgs, InitPart};

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use lastlook::fix::{Change, Plan};
use lastlook::report::sanitize;

use super::{Exit, output};
use project::{Existing, Project};

/// How many characters of a line of a diff are shown.
const LINE: usize = 160;

/// What one part comes to.
enum Made {
    /// This is written.
    Change(Change),
    /// It is there already.
    There(String),
    /// It cannot be done, and why.
    Not(String),
}

/// Plans, shows, asks and writes.
pub fn run(args: &InitArgs) -> Result<Exit> {
    let project = Project::at(&args.path)?;
    let parts = if args.only.is_empty() { project.parts() } else { args.only.clone() };
    let (mut changes, mut said) = (Vec::new(), Vec::new());
    for part in parts {
        match made(part, &project)? {
            Made::Change(change) => changes.push(change),
            Made::There(what) => said.push(format!("there already: {what}")),
            Made::Not(why) => said.push(format!("not done: {why}")),
        }
    }
    if args.only.is_empty() {
        said.extend(project.notes());
    }
    let plan = Plan::of_changes(project.root.clone(), changes);
    output::to_stdout(|out| show(&plan, &said, out))?;
    if plan.changes.is_empty() {
        return Ok(Exit::Clear);
    }
    if args.dry_run || !(args.yes || agreed(plan.changes.len())?) {
        output::to_stdout(|out| writeln!(out, "Nothing was written{}", if args.yes { "" } else { "; --yes does it" }))?;
        return Ok(Exit::Blocked);
    }
    plan.make_folders()?;
    let written = plan.write()?;
    if let Some((index, error)) = written.failed.first() {
        let name = plan.changes.get(*index).map(|change| change.name.clone()).unwrap_or_default();
        bail!("{name} was not written: {error}; {} of {} files were", written.done, plan.changes.len());
    }
    output::to_stdout(|out| {
        writeln!(out, "{} file{} written", written.done, if written.done == 1 { "" } else { "s" })?;
        writeln!(out, "lastlook must be found on the PATH wherever these run")
    })?;
    Ok(Exit::Clear)
}

fn made(part: InitPart, project: &Project) -> Result<Made> {
    let whole = |name: &str, what: &str, content: String| whole(project, name, what, content);
    match part {
        InitPart::Hook => hook::hook(project),
        InitPart::Policy => whole("lastlook.toml", "the policy", templates::policy()),
        InitPart::Github => whole(".github/workflows/lastlook.yml", "a workflow", templates::github(project)),
        InitPart::Shell => whole("ci/lastlook.sh", "a script for CI", templates::shell(project)),
        InitPart::Gitlab => match project.read(".gitlab-ci.yml")? {
            Existing::Nothing => whole(".gitlab-ci.yml", "a job", templates::gitlab(project, None)),
            there => grown(project, ".gitlab-ci.yml", "a job", there, |text| {
                let stage = yaml::stage(text)?;
                Ok((text.len(), format!("\n{}", templates::gitlab(project, stage.as_deref()))))
            }),
        },
        InitPart::PreCommit => match project.read(".pre-commit-config.yaml")? {
            Existing::Nothing => whole(".pre-commit-config.yaml", "an entry for pre-commit", yaml::pre_commit_file()),
            there => {
                grown(project, ".pre-commit-config.yaml", "an entry for pre-commit", there, yaml::pre_commit_entry)
            }
        },
    }
}

/// A file of our own.
fn whole(project: &Project, name: &str, what: &str, content: String) -> Result<Made> {
    Ok(match project.read(name)? {
        Existing::Nothing => Made::Change(Change::create(
            project.path(name),
            name.to_owned(),
            format!("add {what}"),
            content.into_bytes(),
        )),
        Existing::File(_) => Made::There(name.to_owned()),
        Existing::Odd(why) => Made::Not(format!("{name} {why}")),
    })
}

/// A file of the project's that grows by `more`: a place, and what is written there.
fn grown(
    project: &Project,
    name: &str,
    what: &str,
    there: Existing,
    more: impl FnOnce(&str) -> Result<(usize, String), String>,
) -> Result<Made> {
    let bytes = match there {
        Existing::File(bytes) => bytes,
        Existing::Odd(why) => return Ok(Made::Not(format!("{name} {why}"))),
        Existing::Nothing => bail!("{name} is gone"),
    };
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        return Ok(Made::Not(format!("{name} is no UTF-8")));
    };
    if text.contains("lastlook") {
        return Ok(Made::There(name.to_owned()));
    }
    Ok(match more(&text) {
        Ok((at, new)) => {
            let new = if at > 0 && !text[..at].ends_with('\n') { format!("\n{new}") } else { new };
            let new = if text.contains("\r\n") { new.replace('\n', "\r\n") } else { new };
            let edit = lastlook::fix::Edit { range: at..at, new: new.into_bytes() };
            Made::Change(Change::edit(project.path(name), name.to_owned(), format!("add {what}"), &bytes, vec![edit]))
        }
        Err(why) => Made::Not(format!("{name} {why}")),
    })
}

fn show(plan: &Plan, said: &[String], out: &mut dyn Write) -> io::Result<()> {
    for change in &plan.changes {
        writeln!(out, "{}: {}", sanitize::shown(&change.name), sanitize::shown(&change.what))?;
        for line in change.diff()? {
            writeln!(out, "  {}", sanitize::shown_within(&line, LINE))?;
        }
        writeln!(out)?;
    }
    said.iter().try_for_each(|line| writeln!(out, "{}", sanitize::shown(line)))?;
    if plan.changes.is_empty() { writeln!(out, "Nothing to do") } else { Ok(()) }
}

/// Asks at a terminal; elsewhere nobody agrees.
fn agreed(number: usize) -> Result<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(false);
    }
    eprint!("Write {number} file{}? [y/N] ", if number == 1 { "" } else { "s" });
    io::stderr().flush().context("standard error cannot be written")?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context("standard input cannot be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests;
