//! What folders are: the publish sets of tools, looked at one by one, and `lastlook targets`, which lists them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use lastlook::Scanner;
use lastlook::bytes::Limits;
use lastlook::finding::Verdict;
use lastlook::policy::Policy;
use lastlook::report::sets::{self, Listed};
use lastlook::scan::{Judged, Outcome, TargetError, TargetFile, Totals, together};
use lastlook::target::{self, Answer, Contents, Folder, Set, Surroundings, Wish};

use super::surroundings::{TargetArg, surroundings, target_help};
use super::{Exit, check, output, settings};

/// What `targets` is, at length.
pub const ABOUT: &str = "\
List what would be published of a folder, package by package, without judging it.

The tool that publishes the folder is asked, without running the project's scripts and without the network. Files that \
a tool packs into an archive are listed as they are in it.";

/// How `targets` is used.
pub const EXAMPLES: &str = "\
Examples:
  lastlook targets                    what would be published of this folder
  lastlook targets --json packages/a  for programs: docs/json.md
  lastlook targets --target pnpm .    ask pnpm, whatever the folder looks like

Exit codes:
  0  the list is what would be published
  2  wrong usage or configuration
  3  a tool could not be asked: `lastlook check` looks at everything in the folder";

/// Arguments of `targets`.
#[derive(Debug, clap::Args)]
pub struct TargetsArgs {
    /// The folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,

    /// Write the list as one JSON document (docs/json.md)
    #[arg(long)]
    pub json: bool,

    /// What the folder is: auto, folder (everything in it), or the tool that publishes it
    #[arg(long, value_name = "WHAT", long_help = target_help())]
    pub target: Option<TargetArg>,

    /// Build a Python or .NET project to list what is published of it; runs what the project's build runs
    #[arg(long)]
    pub build: bool,

    /// Use this policy instead of the lastlook.toml nearest to the folder
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Use no policy file at all
    #[arg(long)]
    pub no_config: bool,
}

/// What is wanted of folders, and by whom.
pub struct Wanted {
    arg: TargetArg,
    /// Whether the policy says so, which speaks of more folders than the one that is looked at.
    by_policy: bool,
    around: Surroundings,
}

impl Wanted {
    /// What the command line says, or else the policy.
    pub fn new(arg: Option<TargetArg>, policy: &Policy, build: bool) -> Result<Self> {
        let around = surroundings(build);
        let Some(text) = policy.target.as_ref().filter(|_| arg.is_none()) else {
            return Ok(Wanted { arg: arg.unwrap_or(TargetArg::Auto), by_policy: false, around });
        };
        let file = policy.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        match text.parse() {
            Ok(arg) => Ok(Wanted { arg, by_policy: true, around }),
            Err(error) => bail!("{file}: `target`: {error}"),
        }
    }

    /// What would be published of a folder; of a file, and of a folder that nobody publishes, nothing is known.
    fn ask(&self, path: &Path) -> Result<Answer> {
        let wish = match self.arg {
            TargetArg::Folder => return Ok(Answer::default()),
            TargetArg::Auto => Wish::Auto,
            TargetArg::Tool(tool) => Wish::Tool(tool),
        };
        if !path.is_dir() {
            return Ok(Answer::default());
        }
        let shown = path.display().to_string();
        if let (TargetArg::Tool(tool), false) = (self.arg, self.fits(path)) {
            let name = tool.name();
            if !self.by_policy {
                bail!(
                    "`{shown}` is nothing that {name} publishes\n  hint: without --target, lastlook finds out what it is"
                );
            }
            let remark = format!(
                "{shown}: the policy says target = \"{name}\", which publishes no such folder; everything in it is looked at"
            );
            return Ok(Answer { sets: Vec::new(), remarks: vec![remark] });
        }
        Ok(target::ask(path, &shown, wish, &self.around))
    }

    fn fits(&self, path: &Path) -> bool {
        match self.arg {
            TargetArg::Tool(tool) => tool.fits(&Folder::read(path)),
            TargetArg::Auto | TargetArg::Folder => true,
        }
    }
}

/// Looks at the targets as they would be published: each package by itself, everything else together.
pub fn look(scanner: &Scanner, paths: &[PathBuf], wanted: &Wanted) -> Result<Outcome> {
    for path in paths {
        let missing = |error| check::no_target(&TargetError { path: path.clone(), error });
        std::fs::metadata(path).map_err(missing)?;
    }
    let (mut plain, mut sets, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let answer = wanted.ask(path)?;
        remarks.extend(answer.remarks);
        match answer.sets.is_empty() {
            true => plain.push(path),
            false => sets.extend(answer.sets.into_iter().map(|set| (path, set))),
        }
    }
    let scan = |paths: &[&PathBuf]| scanner.scan(paths).map_err(|error| check::no_target(&error));
    let mut outcomes = Vec::new();
    if !plain.is_empty() {
        outcomes.push((None, scan(&plain)?));
    }
    for (path, set) in sets {
        let judged = judged(path, &set);
        let outcome = match set.contents {
            Contents::Whole(folder) => scan(&[&named(path, &folder)])?,
            Contents::Files(files) => {
                let file = |file: target::File| TargetFile {
                    shown: named_file(path, &file),
                    name: file.name,
                    path: file.path,
                };
                scanner.scan_files(&judged.folder, files.into_iter().map(file).collect())
            }
        };
        outcomes.push((Some(judged), outcome));
    }
    Ok(together(outcomes, remarks))
}

/// The head of a package, to be judged.
fn judged(path: &Path, set: &Set) -> Judged {
    let package = &set.package;
    Judged {
        tool: package.tool.name().to_owned(),
        name: package.name.clone(),
        version: package.version.clone(),
        folder: named(path, &package.folder).display().to_string(),
        exact: matches!(set.contents, Contents::Files(_)) || !package.tool.is_automatic(),
        verdict: Verdict::Incomplete,
        totals: Totals::default(),
        findings: [0; 3],
        gaps: 0,
    }
}

/// A place below a folder that was asked about, named as it was asked for.
fn named(path: &Path, place: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let inside = place.strip_prefix(&real).or_else(|_| place.strip_prefix(&absolute));
    match inside {
        Ok(inside) if inside.as_os_str().is_empty() => path.to_owned(),
        Ok(inside) if path == Path::new(".") => inside.to_owned(),
        Ok(inside) => path.join(inside),
        Err(_) => place.to_owned(),
    }
}

/// A file as reports show it. What was packed into a temporary folder is called by its own name.
fn named_file(path: &Path, file: &target::File) -> PathBuf {
    let named = named(path, &file.path);
    if file.made && named == file.path { PathBuf::from(&file.name) } else { named }
}

/// Lists what would be published.
pub fn run(args: &TargetsArgs) -> Result<Exit> {
    let rules = settings::rules(&[])?;
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    let path = settings::from_here(&args.path);
    std::fs::metadata(&path).map_err(|error| check::no_target(&TargetError { path: path.clone(), error }))?;
    let policy = match settings::policy_file(std::slice::from_ref(&args.path), args.config.as_ref(), args.no_config)? {
        Some(file) => Policy::read(&file, &ids)?,
        None => Policy::default(),
    };
    let wanted = Wanted::new(args.target, &policy, args.build)?;
    let mut answer = wanted.ask(&path)?;
    let failed = !answer.remarks.is_empty() && answer.sets.iter().any(|set| matches!(set.contents, Contents::Whole(_)));
    let (listed, unread) = list(&path, &answer, &policy.limits);
    answer.remarks.extend(unread.iter().cloned());
    output::to_stdout(|out| match args.json {
        true => sets::json(&listed, &answer.remarks, out),
        false => sets::human(&listed, &answer.remarks, out),
    })?;
    Ok(if failed || !unread.is_empty() { Exit::Incomplete } else { Exit::Clear })
}

/// The files of every package, and what could not be listed.
fn list(path: &Path, answer: &Answer, limits: &Limits) -> (Vec<Listed>, Vec<String>) {
    let mut unread = Vec::new();
    let listed = answer.sets.iter().map(|set| {
        let package = judged(path, set);
        let files = match &set.contents {
            Contents::Whole(_) => None,
            contents => Some(target::list(contents, limits).unwrap_or_else(|reason| {
                unread.push(format!("{}: {reason}", package.folder));
                Vec::new()
            })),
        };
        Listed { package, files }
    });
    (listed.collect(), unread)
}
