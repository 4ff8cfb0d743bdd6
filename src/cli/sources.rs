//! `lastlook sources`: what a stranger could rebuild, as a tree, as JSON, or as files.

use std::path::PathBuf;

use anyhow::Result;
use lastlook::policy::Policy;
use lastlook::report::Context;
use lastlook::report::listing::{self, Listing, View, Written};
use lastlook::rules::RuleSet;
use lastlook::scan::Outcome;
use lastlook::{Scanner, scan};

use super::args::SourcesArgs;
use super::extract::{self, Extraction};
use super::progress::{Bar, Shared};
use super::targets::{Asked, Wanted};
use super::{Exit, output, settings};

/// What `sources` is, at length.
pub const ABOUT: &str = "\
List the sources that a stranger could rebuild from what is about to be published: the texts that source maps, inline \
maps and debug information embed.

For each package (an archive, or the files of a folder) the list says what each source is to the publisher:

  undisclosed     your own, and not in the package as a file: what is given away
  shipped anyway  your own, and in the package as a file too
  third-party     another package's
  generated       glue that a tool has written
  only named      your own, but only its name is there

A text that several maps embed is listed once. A folder that is a package is looked at as its tool would publish it, as \
`check` does. Nothing is judged here: that is what `check` is for.";

/// How `sources` is used.
pub const EXAMPLES: &str = "\
Examples:
  lastlook sources app-1.0.0.tgz      what would be given away with this package
  lastlook sources --depth 1 dist/    only the folders at the top
  lastlook sources .                  of a package: what its tool would publish
  lastlook sources --target folder .  of everything in the folder
  lastlook sources --json dist/       for programs: docs/json.md
  lastlook sources --extract out/ app-1.0.0.tgz
                                      write the sources into a new folder, as a stranger could

What --extract writes is word for word what is embedded, secrets included. A name is changed
where it leads out of the folder, where some file system reads it in a way of its own, and where
it is taken. Nothing is overwritten, and no link is followed.

Exit codes:
  0  everything was looked at, whatever was found
  2  wrong usage or configuration; the folder to write to is not empty
  3  not everything could be looked at (--allow-incomplete accepts that) or written";

/// Columns of a line where nothing shows how wide it is.
const COLUMNS: usize = 100;

/// Lists the sources, writes them out if that is asked for, and answers whether everything could be looked at.
pub fn run(args: &SourcesArgs) -> Result<Exit> {
    if let Some(folder) = &args.extract {
        extract::check_folder(folder)?;
    }
    // The rules find the secrets that names may hold, so that none is shown.
    let rules = settings::rules(&[])?;
    let policy = sources_policy(args, &rules)?;
    let targets: Vec<PathBuf> = args.paths.iter().map(|path| settings::from_here(path)).collect();
    let wanted = Wanted::new(&args.folder, &policy)?;
    let asked = Asked::about(&targets, &wanted)?;
    let bar = Bar::new(!args.run.no_progress);
    let builder = Scanner::builder().rules(rules).policy(policy.clone()).progress(Shared(bar.clone())).sources();
    let scanner = builder.threads(args.run.threads.into()).build()?;
    let scanned = asked.look(&scanner);
    bar.clear();
    let outcome = scanned?;
    let listing = Listing::new(&outcome);
    let written = match &args.extract {
        Some(folder) => Some(write_out(Extraction::new(folder, &listing)?, &asked, policy.clone(), args)?),
        None => None,
    };
    let accepts_gaps = args.run.allow_incomplete || policy.allow_incomplete.unwrap_or(false);
    show(args, &listing, &outcome, &Context::new(scanner.rules()), written.as_ref())?;
    let all_seen = outcome.gaps.is_empty() || accepts_gaps;
    let all_written = written.is_none_or(|written| written.missed.is_empty());
    Ok(if all_seen && all_written { Exit::Clear } else { Exit::Incomplete })
}

/// The policy's limits; what it thinks of rules matters to nobody here.
fn sources_policy(args: &SourcesArgs, rules: &RuleSet) -> Result<Policy> {
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    match settings::policy_file(&args.paths, &args.policy)? {
        Some(file) => Ok(Policy::read(&file, &ids)?),
        None => Ok(Policy::default()),
    }
}

/// Goes through the targets a second time, without rules, and writes every text where the list says: no more than one
/// text for each thread is ever held in memory.
fn write_out(extraction: Extraction, asked: &Asked, policy: Policy, args: &SourcesArgs) -> Result<Written> {
    let extraction = std::sync::Arc::new(extraction);
    let writer = extraction.clone();
    let bar = Bar::new(!args.run.no_progress);
    let scanner = Scanner::builder()
        .rules(RuleSet::default())
        .policy(Policy { limits: policy.limits, ..Policy::default() })
        .threads(args.run.threads.into())
        .progress(Shared(bar.clone()))
        .each_text(move |text: &scan::EmbeddedText<'_>| writer.text(text))
        .build()?;
    let scanned = asked.look(&scanner);
    bar.clear();
    scanned?;
    Ok(extraction.finish())
}

fn show(
    args: &SourcesArgs,
    listing: &Listing<'_>,
    outcome: &Outcome,
    context: &Context<'_>,
    written: Option<&Written>,
) -> Result<()> {
    output::to_stdout(|out| {
        if args.json {
            return listing::json(listing, outcome, written, out);
        }
        let width = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| usize::from(width.0));
        let context = Context { color: output::in_color(args.color), ..context.clone() };
        listing::human(listing, outcome, &View { context, depth: args.depth, width }, written, out)
    })
}
