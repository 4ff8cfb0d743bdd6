//! `lastlook check`: the main job.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::CommandFactory;
use lastlook::Scanner;
use lastlook::finding::Level;
use lastlook::manifest::Manifest;
use lastlook::policy::Baseline;
use lastlook::report::{Context, sanitize};
use lastlook::scan::{BuildError, Builder, Outcome, TargetError, TargetFile};

use super::args::{Args, CheckArgs, Color, ReportArg};
use super::progress::{Bar, Shared};
use super::targets::{self, Wanted};
use super::{Exit, known, output, settings, versions};

const SEVERAL: &str = "--manifest and --since are about one package";

/// Where a report goes that no file is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Standard output, as `check` does.
    Stdout,
    /// Standard error, where standard output belongs to somebody else.
    Stderr,
}

/// Looks at the targets, writes the reports, and answers the verdict.
pub fn run(args: &CheckArgs) -> Result<Exit> {
    look(args, To::Stdout)
}

/// The same, with reports that go to `to`.
pub fn look(args: &CheckArgs, to: To) -> Result<Exit> {
    judge(args, to, Prepared::look)
}

/// Looks at exactly these files, which are one target. The paths of `args` are what reports call them.
pub fn look_at(args: &CheckArgs, to: To, files: &[TargetFile]) -> Result<Exit> {
    judge(args, to, |prepared| {
        let outcome = prepared.scanner.scan_files("what is published", files.to_vec());
        prepared.bar.clear();
        Ok(outcome)
    })
}

fn judge(args: &CheckArgs, to: To, look: impl FnOnce(&Prepared) -> Result<Outcome>) -> Result<Exit> {
    let started = Instant::now();
    one_report_each(&args.reports)?;
    one_package(args)?;
    let approved = match &args.manifest {
        Some(file) => Some(Manifest::read(&settings::from_here(file))?.0),
        None => None,
    };
    let lists = |builder: Builder| match approved {
        Some(manifest) => versions::listing(builder, args.since.is_some()).manifest(manifest),
        None => versions::listing(builder, args.since.is_some()),
    };
    let prepared = prepare_as(args, true, lists)?;
    let outcome = look(&prepared)?;
    if outcome.packages.len() > 1 && (args.manifest.is_some() || args.since.is_some()) {
        bail!("{SEVERAL}\n  hint: look at the folders of the packages one by one");
    }
    let Prepared { scanner, policy_file, fail_on, bar, wanted, .. } = prepared;
    let scanner = scanner.without_manifest();
    let compare = |old| versions::compare((&scanner, &wanted), old, &args.paths[0], &outcome);
    let compared = args.since.as_deref().map(compare);
    bar.clear();
    let compared = compared.transpose()?;
    let context = Context {
        color: false,
        elapsed: Some(started.elapsed()),
        targets: args.paths.iter().map(|path| path.display().to_string()).collect(),
        policy: policy_file,
        verbose: args.verbose,
        fail_on,
        incomplete_allowed: scanner.accepts_gaps(),
        since: compared.as_ref(),
        ..Context::new(scanner.rules())
    };
    // One that cannot be written must not cost the user the others.
    let written: Vec<Result<()>> =
        args.reports.iter().map(|report| write(report, &outcome, &context, args.color, to)).collect();
    written.into_iter().collect::<Result<()>>()?;
    // The process ends now: to give back the rules piece by piece would take as long as to look at twenty files.
    std::mem::forget(scanner);
    Ok(outcome.verdict.into())
}

/// Everything that a scan needs.
pub struct Prepared {
    pub scanner: Scanner,
    pub targets: Vec<PathBuf>,
    /// The baseline that the policy names.
    pub named: Option<PathBuf>,
    policy_file: Option<String>,
    pub fail_on: Level,
    pub bar: Arc<Bar>,
    pub wanted: Wanted,
}

impl Prepared {
    /// Looks at the targets as they would be published.
    pub fn look(&self) -> Result<Outcome> {
        let outcome = targets::look(&self.scanner, &self.targets, &self.wanted);
        self.bar.clear();
        outcome
    }
}

/// Reads rules, policy and, if it is believed, the baseline.
pub fn prepare(args: &CheckArgs, believe: bool) -> Result<Prepared> {
    prepare_as(args, believe, |builder| builder)
}

/// Like [`prepare`], for a scanner with further settings.
pub fn prepare_as(args: &CheckArgs, believe: bool, further: impl FnOnce(Builder) -> Builder) -> Result<Prepared> {
    let mut rules = settings::rules(&args.judge.rules)?;
    known::add(&mut rules, &args.judge.known_secrets)?;
    let policy = settings::policy(args, &rules)?;
    let named = policy.baseline.clone();
    let policy_file = policy.file.as_ref().map(|file| file.display().to_string());
    let fail_on = args.judge.fail_on.map(Level::from).or(policy.fail_on).unwrap_or(Level::Error);
    let wanted = Wanted::new(&args.folder, &policy)?;
    let bar = Bar::new(!args.run.no_progress);
    let mut builder = Scanner::builder()
        .rules(rules)
        .policy(policy)
        .threads(args.run.threads.into())
        .fail_on(fail_on)
        .progress(Shared(bar.clone()));
    if args.run.allow_incomplete {
        builder = builder.allow_incomplete(true);
    }
    if let Some(file) = args.baseline.as_ref().or(named.as_ref()).filter(|_| believe) {
        builder = builder.baseline(Baseline::read(&settings::from_here(file))?);
    }
    for folder in &args.maps {
        builder = builder.maps(folder);
    }
    let scanner = further(builder).build().map_err(no_maps)?;
    let targets = args.paths.iter().map(|path| settings::from_here(path)).collect();
    Ok(Prepared { scanner, targets, named, policy_file, fail_on, bar, wanted })
}

/// A manifest, or an earlier version, is that of one package.
fn one_package(args: &CheckArgs) -> Result<()> {
    if args.paths.len() > 1 && (args.manifest.is_some() || args.since.is_some()) {
        bail!("{SEVERAL}\n  hint: look at the paths one by one");
    }
    Ok(())
}

/// Refuses two reports that would end up in each other.
fn one_report_each(reports: &[ReportArg]) -> Result<()> {
    for (index, report) in reports.iter().enumerate() {
        match &report.file {
            _ if reports[..index].iter().all(|other| other.file != report.file) => {}
            None => bail!(
                "only one report can go to standard output\n  hint: give the others a file: --report sarif=out.sarif"
            ),
            Some(file) => bail!("two reports cannot go to the same file, {}", file.display()),
        }
    }
    Ok(())
}

/// The one setting that names a folder of the user's.
fn no_maps(error: BuildError) -> anyhow::Error {
    match &error {
        BuildError::Maps { path, error } if error.kind() == ErrorKind::NotFound => {
            let name = path.display().to_string();
            anyhow::anyhow!(
                "there is no folder `{}` to read maps from\n  hint: --maps takes the folder that the build writes its source \
                 maps to",
                sanitize::shown(&name)
            )
        }
        _ => error.into(),
    }
}

/// Whoever misspells a command, or puts options before it, has named a target that does not exist.
pub fn no_target(error: &TargetError) -> anyhow::Error {
    let name = error.path.to_string_lossy();
    let command = Args::command();
    let commands = || command.get_subcommands().map(clap::Command::get_name);
    let hint = if commands().any(|known| known == name) {
        format!("\n  hint: if you mean the command, put it first: lastlook {name} …")
    } else {
        let near = lastlook::config::closest(&name, commands()).filter(|_| name.len() > 3);
        near.map_or(String::new(), |near| format!("\n  hint: did you mean the command `lastlook {near}`?"))
    };
    let name = sanitize::shown(&name);
    match error.error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("there is no file or folder `{name}`{hint}"),
        _ => anyhow::anyhow!("`{name}` cannot be looked at: {}", error.error),
    }
}

fn write(report: &ReportArg, outcome: &Outcome, context: &Context<'_>, color: Color, to: To) -> Result<()> {
    match &report.file {
        Some(file) => {
            let plain = |out: &mut dyn Write| report.report.write(outcome, context, out);
            output::to_file(file, plain)
        }
        None => {
            let context = Context { color: output::in_color_at(color, to), ..context.clone() };
            let write = |out: &mut dyn Write| report.report.write(outcome, &context, out);
            match to {
                To::Stdout => output::to_stdout(write),
                To::Stderr => output::to_stderr(write),
            }
        }
    }
}
