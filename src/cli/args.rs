//! What can be typed.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use lastlook::finding::Level;
use lastlook::report::{self, REPORTS, Report};

use super::guard;
use super::init::{self, InitArgs};
use super::man::ManArgs;
use super::shared_args::{FolderArgs, JudgeArgs, PolicyArgs, RunArgs};
use super::sources;
use super::targets::{self, TargetsArgs};
use super::versions_args::{self, DiffArgs, ManifestArgs};

const EXAMPLES: &str = "\
Examples:
  lastlook                            look at everything in this folder
  lastlook dist/ app-1.0.0.tgz        look at a folder and at a package
  lastlook --report sarif=out.sarif --report human .
                                      write a SARIF file and show the report
  lastlook --fail-on warning dist/    let warnings block as well
  lastlook --known-secrets env:NPM_TOKEN,AWS_* .
                                      block if a secret of this pipeline is in it
  lastlook --set 'source-map-*=off' . turn rules off for once (for good: lastlook.toml)
  lastlook rules show npm-access-token
                                      why a rule exists, and how to fix what it finds
  lastlook ./rules                    look at a folder that is named like a command

Exit codes:
  0  clear: everything was looked at, nothing speaks against publishing it
  1  blocked: something would be given away
  2  wrong usage, configuration or rules
  3  incomplete: nothing blocks, but not everything could be looked at

lastlook never uses the network, sends nothing anywhere, and shows no secret in full.";

const FIX: &str = "\
Show the smallest changes that close source-map leaks in a folder, or make them.

Of a folder that is a package only what its tool would publish is looked at, as `check` does, and only files of the project \
are changed. Where the tool packs an archive, its members are the project's files that have the same path and content.";

const FIX_EXAMPLES: &str = "\
Examples:
  lastlook fix dist/                  show what would be changed, and write nothing
  lastlook fix --write dist/          drop the sources from the maps; positions stay usable
  lastlook fix --write --remove-maps .
                                      remove the maps, what links them, and keep them out of the npm package
  lastlook fix --target folder .      everything in the folder, whether it is published or not

Exit codes:
  0  nothing to do; with --write: every source-map leak is closed
  1  there are changes to make; with --write: something is left to be done by hand
  2  wrong usage or configuration, or nothing could be written
  3  incomplete: nothing to do, but not everything could be looked at";

const MAPS: &str = "\
Ask the source maps in this folder where secrets in built files come from, and name source, line and column; may be \
given several times. For builds whose maps are kept back or uploaded elsewhere. A map belongs to a built file by its \
debug ID, by its path or name (`dist/cli.js.map` for `dist/cli.js`), or by the file that it names itself. The maps are \
not looked at, and never reported; maps of the target itself are asked first";

/// Takes the last look at what is about to be published: finds source maps, embedded sources, secrets, model files and
/// files that should never ship, in folders, packages and archives of any kind, and says whether it may go out.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Args {
    /// What to do; without a word, `check`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `check`, which is what happens without a command.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// Options of `check` that mean nothing to `baseline`.
const NOT_FOR_BASELINES: [&str; 8] =
    ["reports", "baseline", "manifest", "since", "fail_on", "allow_incomplete", "verbose", "color"];

/// Options of `check` that mean nothing to `guard`: what is looked at is what the command publishes.
const NOT_FOR_GUARD: [&str; 4] = ["since", "manifest", "target", "build"];

/// Reads what was typed.
pub fn parse() -> Result<Args, clap::Error> {
    Args::from_arg_matches_mut(&mut command().try_get_matches()?)
}

/// The command line, as help, manual pages and completions show it.
pub fn command() -> clap::Command {
    let command = Args::command().mut_subcommand("baseline", |command| {
        command.mut_args(|arg| {
            let hidden = NOT_FOR_BASELINES.contains(&arg.get_id().as_str());
            arg.hide(hidden)
        })
    });
    // What is looked at is what the command publishes: the command stands where the paths would.
    command.mut_subcommand("guard", |guard| {
        let guard = guard.mut_args(|arg| {
            let hidden = NOT_FOR_GUARD.contains(&arg.get_id().as_str());
            arg.hide(hidden)
        });
        guard.mut_arg("paths", |paths| {
            paths.last(true).required(true).default_value(None).value_name("COMMAND").help("The command that publishes")
        })
    })
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at folders, files and archives (the default: the word may be left out)
    #[command(after_help = EXAMPLES)]
    Check(CheckArgs),
    /// List what would be published of a folder, package by package, without judging it
    #[command(long_about = targets::ABOUT, after_help = targets::EXAMPLES)]
    Targets(TargetsArgs),
    /// List the sources that a stranger could rebuild, or write them out
    #[command(long_about = sources::ABOUT, after_help = sources::EXAMPLES)]
    Sources(SourcesArgs),
    /// Show the smallest changes that close source-map leaks in a folder, or make them
    #[command(long_about = FIX, after_help = FIX_EXAMPLES)]
    Fix(FixArgs),
    /// Show what is new in one version, compared with another
    #[command(long_about = versions_args::DIFF, after_help = versions_args::DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Write down what is meant to be published, or bring such a list up to date
    #[command(after_help = versions_args::MANIFEST_EXAMPLES)]
    Manifest(ManifestArgs),
    /// Pack what a command would publish, look at exactly that, and publish it only if it is clear
    #[command(long_about = guard::LONG, after_help = guard::EXAMPLES)]
    Guard(CheckArgs),
    /// Add hook, policy and CI job to a project, after showing what would be written
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Write down what is found now, so that `--baseline` accepts it from now on
    Baseline(BaselineArgs),
    /// List the rules, explain one, or test rules by their own examples
    Rules(RulesArgs),
    /// List the formats that are understood, and the facts that rules can use
    Formats {
        /// List every fact with its type and meaning
        #[arg(long)]
        facts: bool,
    },
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  lastlook completions bash > ~/.local/share/bash-completion/completions/lastlook"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man(ManArgs),
}

/// Arguments of `check`.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// Folders, files and archives to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Write this report, to standard output or to a file; may be given several times
    #[arg(long = "report", value_name = "FORMAT[=FILE]", long_help = report_help(), default_value = "human")]
    pub reports: Vec<ReportArg>,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,

    /// What is searched for, and what blocks.
    #[command(flatten)]
    pub judge: JudgeArgs,

    /// Accept the findings that this file knows (`lastlook baseline` writes it); without it, that of the policy
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Report what this manifest does not approve (`lastlook manifest write` writes one): docs/manifest.md
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Say what is new since this earlier package or manifest; what was there before is marked, and reported as well
    #[arg(long, value_name = "FILE|DIR")]
    pub since: Option<PathBuf>,

    /// Ask the source maps in this folder where secrets in built files come from; they are not looked at themselves
    #[arg(long, value_name = "DIR", long_help = MAPS)]
    pub maps: Vec<PathBuf>,

    /// Show everything: every place, notes in full, allowed findings
    #[arg(long, short)]
    pub verbose: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// How to look.
    #[command(flatten)]
    pub run: RunArgs,
}

impl CheckArgs {
    /// The arguments for one path, with nothing else said.
    pub fn of(path: &Path) -> Self {
        CheckArgs {
            paths: vec![path.to_owned()],
            folder: FolderArgs::default(),
            reports: Vec::new(),
            policy: PolicyArgs::default(),
            judge: JudgeArgs::default(),
            baseline: None,
            manifest: None,
            since: None,
            maps: Vec::new(),
            run: RunArgs::default(),
            verbose: false,
            color: Color::Never,
        }
    }
}

/// Arguments of `sources`.
#[derive(Debug, clap::Args)]
pub struct SourcesArgs {
    /// Folders, files and archives to look at
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Write the list as one JSON document (docs/json.md)
    #[arg(long)]
    pub json: bool,

    /// Write the sources into this folder, which must be empty or not exist yet
    #[arg(long, value_name = "DIR")]
    pub extract: Option<PathBuf>,

    /// Open folders to this depth; 0 shows totals only. Without it, as many levels are shown as fit
    #[arg(long, value_name = "N", conflicts_with = "json")]
    pub depth: Option<usize>,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// How to look.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Arguments of `fix`.
#[derive(Debug, clap::Args)]
pub struct FixArgs {
    /// The folder, or the file, to fix
    pub path: PathBuf,

    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Make the changes; without it they are only shown
    #[arg(long)]
    pub write: bool,

    /// Remove maps that are reported, and the comments that link them, instead of dropping their sources
    #[arg(long)]
    pub remove_maps: bool,

    /// Tell npm to leave maps out of the package (implied by --remove-maps)
    #[arg(long)]
    pub exclude_maps: bool,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,

    /// How to look.
    #[command(flatten)]
    pub run: RunArgs,
}

impl FixArgs {
    /// What `check` would be told to look at the same thing in the same way.
    pub fn as_check(&self) -> CheckArgs {
        CheckArgs {
            folder: self.folder.clone(),
            policy: self.policy.clone(),
            run: self.run.clone(),
            ..CheckArgs::of(&self.path)
        }
    }
}

/// The `baseline` command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lastlook baseline dist/ -o known.json    accept what is in dist/ now
  lastlook --baseline known.json dist/     block on what is new

The file holds keyed hashes, and no secret. It never accepts gaps. Allow entries in lastlook.toml say why; a baseline
does not: it is for the day on which a project begins to use lastlook.")]
pub struct BaselineArgs {
    /// The file to write; without it, the one that the policy names, or else lastlook-baseline.json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What to look at, and how.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// The `rules` command.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// What to do with the rules; without a word, list them
    #[command(subcommand)]
    pub command: Option<RulesCommand>,
    /// List the rules in this file or folder as well
    #[arg(long, value_name = "FILE|DIR", global = true)]
    pub rules: Vec<PathBuf>,
}

/// The commands of `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Explain a rule: what it finds, why it matters, how to fix it
    Show {
        /// The id of the rule
        id: String,
    },
    /// Test rules by their own hits and misses: the built-in ones, or those in the given files and folders
    Check {
        /// Rules files, or folders of them
        #[arg(value_name = "FILE|DIR")]
        files: Vec<PathBuf>,
    },
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The lowest level that blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors block
    Error,
    /// Warnings and errors block
    Warning,
}

impl From<FailOn> for Level {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Level::Error,
            FailOn::Warning => Level::Warning,
        }
    }
}

/// A report and where it goes.
#[derive(Clone)]
pub struct ReportArg {
    /// The format.
    pub report: &'static dyn Report,
    /// The file; standard output where there is none.
    pub file: Option<PathBuf>,
}

impl std::fmt::Debug for ReportArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={:?}", self.report.name(), self.file)
    }
}

impl FromStr for ReportArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file).filter(|file| *file != "-")),
            None => (text, None),
        };
        let names = || REPORTS.iter().map(|report| report.name()).collect::<Vec<_>>().join(", ");
        let report = report::find(name).ok_or_else(|| format!("there is no report `{name}`; known: {}", names()))?;
        if file == Some("") {
            return Err("the file after `=` has no name".to_owned());
        }
        Ok(ReportArg { report, file: file.map(PathBuf::from) })
    }
}

fn report_help() -> String {
    let mut help = String::from(
        "Write this report, to standard output or to a file; may be given several times. Where every report goes to a \
         file, nothing is shown.\n",
    );
    for report in REPORTS {
        help.push_str(&format!("\n  {:<8} {}", report.name(), report.summary()));
    }
    help
}

/// A rule, or a glob of rules, and a level.
#[derive(Debug, Clone)]
pub struct LevelArg {
    /// The rule or glob.
    pub pattern: String,
    /// The level.
    pub level: Level,
}

impl FromStr for LevelArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, level) =
            text.rsplit_once('=').ok_or("write it as RULE=LEVEL, for instance json-web-token=off")?;
        let level = level.parse().map_err(|error: lastlook::finding::UnknownLevel| error.to_string())?;
        Ok(LevelArg { pattern: pattern.to_owned(), level })
    }
}
