//! What can be typed behind `lastlook init`.

use std::path::PathBuf;

use clap::ValueEnum;

/// Examples and exit codes.
pub const EXAMPLES: &str = "\
Examples:
  lastlook init                       show what fits this project, and ask before writing it
  lastlook init --dry-run             only show it
  lastlook init --yes --only hook,policy
                                      write the hook and the policy without asking

Run twice it changes nothing. Nothing is written outside the folder, and no link is followed.

Exit codes:
  0  written, or everything is there already
  1  there are changes that were not written
  2  wrong usage, or something could not be written";

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The folder of the project
    #[arg(default_value = ".")]
    pub path: PathBuf,

    /// Write without asking
    #[arg(long, short, conflicts_with = "dry_run")]
    pub yes: bool,

    /// Only show what would be written
    #[arg(long)]
    pub dry_run: bool,

    /// Add only these; without it, what fits the project
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',')]
    pub only: Vec<InitPart>,
}

/// What `init` can add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InitPart {
    /// A script in package.json that looks before publishing
    Hook,
    /// A lastlook.toml with comments
    Policy,
    /// A workflow for GitHub Actions
    Github,
    /// A job for GitLab
    Gitlab,
    /// A shell script for any CI
    Shell,
    /// An entry for pre-commit
    PreCommit,
}
