//! What can be typed after `diff` and `manifest`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use lastlook::compare::NewThing;

use super::args::{CheckArgs, Color};
use super::shared_args::{FolderArgs, JudgeArgs, PolicyArgs, RunArgs};

pub const DIFF: &str = "\
Show what is new in one version, compared with another: files that were added, removed, changed or have grown; new maps, \
programs, models and archives; hosts; sources that are newly disclosed; and findings. OLD and NEW are archives or folders; OLD may also be a manifest (`lastlook manifest write`).

Names that differ from version to version are matched: of the archive, of the folder in it (`package/`, `name-1.0.0/`), of \
bundles with a hash. What was there before does not block, however serious it is, nor what the policy allows or a baseline accepts: that is \
what `check` is for.";

pub const DIFF_EXAMPLES: &str = "\
Examples:
  lastlook diff app-1.0.0.tgz app-1.1.0.tgz
  lastlook diff --fail-on-new map,host old/ new/
                                      block on new maps and new hosts too
  lastlook diff --json ship.toml dist/
                                      compare with a manifest; for programs: docs/json.md

Exit codes:
  0  nothing is new that blocks
  1  new findings block, or something that --fail-on-new names is new
  2  wrong usage, configuration or rules
  3  nothing new blocks, but not everything in NEW could be looked at (--allow-incomplete accepts that)";

pub const MANIFEST_EXAMPLES: &str = "\
Examples:
  lastlook manifest write -o ship.toml app-1.0.0.tgz
                                      write down what is meant to be published
  lastlook check --manifest ship.toml app-1.0.1.tgz
                                      block everything else
  lastlook manifest approve ship.toml app-1.0.1.tgz
                                      show what differs, and approve it
  lastlook manifest write --as sha256sum dist/ > SHA256SUMS

The form of a manifest, with budgets and patterns for names that change: docs/manifest.md";

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The earlier version: an archive, a folder or a manifest
    pub old: PathBuf,

    /// The version to be published: an archive or a folder
    pub new: PathBuf,

    /// Write one JSON document (docs/json.md)
    #[arg(long)]
    pub json: bool,

    /// Block if any of this is new as well: file, map, executable, model, dataset, archive, host, source
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub fail_on_new: Vec<NewThing>,

    /// Accept the findings that this file knows (`lastlook baseline` writes it); without it, that of the policy
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Ask the source maps in this folder where new secrets in built files come from, as `check` does
    #[arg(long, value_name = "DIR")]
    pub maps: Vec<PathBuf>,

    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,

    /// What is searched for, and what blocks.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// Show everything
    #[arg(long, short)]
    pub verbose: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// How to look.
    #[command(flatten)]
    pub run: RunArgs,
}

impl DiffArgs {
    /// What `check` would be told to look at the new version in the same way.
    pub fn as_check(&self) -> CheckArgs {
        CheckArgs {
            folder: self.folder.clone(),
            policy: self.policy.clone(),
            judge: self.judge.clone(),
            baseline: self.baseline.clone(),
            maps: self.maps.clone(),
            run: self.run.clone(),
            verbose: self.verbose,
            color: self.color,
            ..CheckArgs::of(&self.new)
        }
    }
}

/// The `manifest` command.
#[derive(Debug, clap::Args)]
pub struct ManifestArgs {
    /// What to do
    #[command(subcommand)]
    pub command: ManifestCommand,
}

/// The commands of `manifest`.
#[derive(Debug, Subcommand)]
pub enum ManifestCommand {
    /// Write down paths, SHA-256, sizes and kinds of what is meant to be published
    Write {
        /// The package: an archive or a folder
        #[arg(value_name = "PATH", default_value = ".")]
        path: PathBuf,
        /// The file to write; without it, standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The form of the list
        #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = Form::Manifest)]
        form: Form,
        /// How to look.
        #[command(flatten)]
        look: LookArgs,
    },
    /// Show what a manifest does not approve, and approve it: asks first
    Approve {
        /// The manifest
        file: PathBuf,
        /// The package: an archive or a folder
        #[arg(value_name = "PATH", default_value = ".")]
        path: PathBuf,
        /// Approve without asking
        #[arg(long, short)]
        yes: bool,
        /// How to look.
        #[command(flatten)]
        look: LookArgs,
    },
}

/// The forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A manifest for `check --manifest`
    Manifest,
    /// A list for `sha256sum -c`
    Sha256sum,
    /// An in-toto statement, for tools that sign attestations
    InToto,
}

/// How `manifest` looks at a package.
#[derive(Debug, clap::Args)]
pub struct LookArgs {
    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,

    /// How to look.
    #[command(flatten)]
    pub run: RunArgs,
}
