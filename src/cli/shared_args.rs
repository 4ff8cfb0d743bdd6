//! What can be typed after several commands.

use std::path::PathBuf;

use super::args::{FailOn, LevelArg};
use super::known::KnownArg;
use super::surroundings::{TargetArg, target_help};

/// What folders are.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FolderArgs {
    /// What folders are: auto, folder (everything in them), or the tool that publishes them
    #[arg(long, value_name = "WHAT", long_help = target_help())]
    pub target: Option<TargetArg>,

    /// Build a Python or .NET project to look at what is published of it; runs what the project's build runs
    #[arg(long)]
    pub build: bool,
}

/// Which policy applies.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PolicyArgs {
    /// Use this policy instead of the lastlook.toml nearest to the first path
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Use no policy file at all
    #[arg(long)]
    pub no_config: bool,
}

impl PolicyArgs {
    /// This policy file, or none at all, wherever others may lie.
    pub fn exactly(file: Option<PathBuf>) -> Self {
        PolicyArgs { no_config: file.is_none(), config: file }
    }
}

/// What is searched for, and what blocks.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct JudgeArgs {
    /// Judge by the rules in this file or folder as well; may be given several times
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,

    /// Search for these values as well, in every encoding: env:NAME[,NAME…], env:PREFIX* or file:PATH (a .env file)
    ///
    /// The strongest gate that a pipeline can have: it knows the very secrets that must not leave it. Each value is
    /// searched for as it is and in every encoding that lastlook undoes, and nothing else can be mistaken for it. Values
    /// that are too short or too common are passed over with a warning. May be given several times.
    #[arg(long = "known-secrets", value_name = "SOURCE")]
    pub known_secrets: Vec<KnownArg>,

    /// Set the level of a rule, or of all rules that a glob matches: error, warning, note or off
    #[arg(long = "set", value_name = "RULE=LEVEL")]
    pub levels: Vec<LevelArg>,

    /// The lowest level that blocks
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub fail_on: Option<FailOn>,
}

/// How to look.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RunArgs {
    /// Accept that some things could not be looked at
    #[arg(long)]
    pub allow_incomplete: bool,

    /// Number of threads, at most 1024; 0 means one for each core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,

    /// Show no progress bar
    #[arg(long)]
    pub no_progress: bool,
}
