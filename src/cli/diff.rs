//! `lastlook diff`: what is new in one version, compared with another.

use anyhow::{Result, bail};
use lastlook::report::difference::{self, Difference};
use lastlook::report::{Context, sanitize};

use super::check::{Prepared, prepare_as};
use super::versions_args::DiffArgs;
use super::{Exit, output, versions};

/// Compares both versions, shows what differs, and answers the verdict on what is new.
pub fn run(args: &DiffArgs) -> Result<Exit> {
    let check = args.as_check();
    let prepared = prepare_as(&check, true, |builder| versions::listing(builder, true))?;
    let outcome = prepared.look()?;
    let Prepared { scanner, fail_on, bar, wanted, .. } = prepared;
    let compared = versions::compare((&scanner, &wanted), &args.old, &args.new, &outcome);
    bar.clear();
    let comparison = compared?;
    if let Some(thing) = args.fail_on_new.iter().find(|thing| comparison.old.is_manifest && !thing.is_about_files()) {
        let name = args.old.display().to_string();
        bail!(
            "a manifest cannot say whether a {thing} is new\n  hint: name the earlier package instead of {}",
            sanitize::shown(&name)
        );
    }
    let verdict = comparison.verdict(&outcome, fail_on, scanner.accepts_gaps(), &args.fail_on_new);
    let context = Context {
        verbose: args.verbose,
        fail_on,
        incomplete_allowed: scanner.accepts_gaps(),
        since: Some(&comparison),
        ..Context::new(scanner.rules())
    };
    let shown = Difference { comparison: &comparison, outcome: &outcome, verdict, unwanted: &args.fail_on_new };
    output::to_stdout(|out| {
        if args.json {
            return difference::json(&shown, &context, out);
        }
        let context = Context { color: output::in_color(args.color), ..context.clone() };
        difference::human(&shown, &context, out)
    })?;
    Ok(verdict.into())
}
