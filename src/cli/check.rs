//! `lastlook check`: the main job.

use std::io::Write;
use std::time::Instant;

use anyhow::{Result, bail};
use lastlook::Scanner;
use lastlook::finding::Level;
use lastlook::report::Context;
use lastlook::scan::Outcome;

use super::args::{CheckArgs, Color, ReportArg};
use super::progress::{Bar, Shared};
use super::{Exit, output, settings};

/// Looks at the targets, writes the reports, and answers the verdict.
pub fn run(args: &CheckArgs) -> Result<Exit> {
    let started = Instant::now();
    if args.reports.iter().filter(|report| report.file.is_none()).count() > 1 {
        bail!("only one report can go to standard output\n  hint: give the others a file: --report sarif=out.sarif");
    }
    let rules = settings::rules(&args.rules)?;
    let policy = settings::policy(args, &rules)?;
    let fail_on = args.fail_on.map(Level::from).or(policy.fail_on).unwrap_or(Level::Error);
    let bar = Bar::new(!args.no_progress);
    let mut builder = Scanner::builder()
        .rules(rules)
        .policy(policy)
        .threads(args.threads)
        .fail_on(fail_on)
        .progress(Shared(bar.clone()));
    if args.allow_incomplete {
        builder = builder.allow_incomplete(true);
    }
    let scanner = builder.build()?;
    let scanned = scanner.scan(&args.paths);
    bar.clear();
    let outcome = scanned?;
    let context = Context {
        color: false,
        elapsed: Some(started.elapsed()),
        targets: args.paths.iter().map(|path| path.display().to_string()).collect(),
        verbose: args.verbose,
        fail_on,
        incomplete_allowed: scanner.accepts_gaps(),
        ..Context::new(scanner.rules())
    };
    for report in &args.reports {
        write(report, &outcome, &context, args.color)?;
    }
    Ok(outcome.verdict.into())
}

fn write(report: &ReportArg, outcome: &Outcome, context: &Context<'_>, color: Color) -> Result<()> {
    let on_terminal = || anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    match &report.file {
        Some(file) => {
            let plain = |out: &mut dyn Write| report.report.write(outcome, context, out);
            output::to_file(file, plain)
        }
        None => {
            let color = match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => on_terminal(),
            };
            let context = Context { color, ..context.clone() };
            output::to_stdout(|out| report.report.write(outcome, &context, out))
        }
    }
}
