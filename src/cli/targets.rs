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

use super::shared_args::{FolderArgs, PolicyArgs};
use super::surroundings::{TargetArg, surroundings};
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

    /// What folders are.
    #[command(flatten)]
    pub folder: FolderArgs,

    /// Which policy applies.
    #[command(flatten)]
    pub policy: PolicyArgs,
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
    pub fn new(args: &FolderArgs, policy: &Policy) -> Result<Self> {
        let around = surroundings(args.build);
        let Some(text) = policy.target.as_ref().filter(|_| args.target.is_none()) else {
            return Ok(Wanted { arg: args.target.unwrap_or(TargetArg::Auto), by_policy: false, around });
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

/// What there is to look at: everything in some places, and the publish sets of folders.
pub struct Asked {
    /// Files, and folders that nobody publishes as packages.
    pub plain: Vec<PathBuf>,
    /// Publish sets, with the folder that was asked about.
    pub sets: Vec<(PathBuf, Set)>,
    /// What must be said aloud about the choice.
    pub remarks: Vec<String>,
}

impl Asked {
    /// Asks what would be published of each path. What is packed for the answer lasts as long as `wanted`.
    pub fn about(paths: &[PathBuf], wanted: &Wanted) -> Result<Self> {
        for path in paths {
            let missing = |error| check::no_target(&TargetError { path: path.clone(), error });
            std::fs::metadata(path).map_err(missing)?;
        }
        let mut asked = Asked { plain: Vec::new(), sets: Vec::new(), remarks: Vec::new() };
        for path in paths {
            let answer = wanted.ask(path)?;
            asked.remarks.extend(answer.remarks);
            match answer.sets.is_empty() {
                true => asked.plain.push(path.clone()),
                false => asked.sets.extend(answer.sets.into_iter().map(|set| (path.clone(), set))),
            }
        }
        Ok(asked)
    }

    /// Looks at each package by itself, and at everything else together.
    pub fn look(&self, scanner: &Scanner) -> Result<Outcome> {
        let scan = |paths: &[PathBuf]| scanner.scan(paths).map_err(|error| check::no_target(&error));
        let mut outcomes = Vec::new();
        if !self.plain.is_empty() {
            outcomes.push((None, scan(&self.plain)?));
        }
        for (path, set) in &self.sets {
            let judged = judged(path, set);
            let outcome = match &set.contents {
                Contents::Whole(folder) => scan(&[named(path, folder)])?,
                Contents::Files(files) => {
                    scanner.scan_files(&judged.folder, files.iter().map(|file| target_file(path, file)).collect())
                }
            };
            outcomes.push((Some(judged), outcome));
        }
        Ok(together(outcomes, self.remarks.clone()))
    }
}

/// A file of a publish set, as a scan takes it.
pub fn target_file(path: &Path, file: &target::File) -> TargetFile {
    TargetFile { shown: named_file(path, file), name: file.name.clone(), path: file.path.clone() }
}

/// Looks at the targets as they would be published.
pub fn look(scanner: &Scanner, paths: &[PathBuf], wanted: &Wanted) -> Result<Outcome> {
    Asked::about(paths, wanted)?.look(scanner)
}

/// The head of a package, to be judged.
pub fn judged(path: &Path, set: &Set) -> Judged {
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
        places: Default::default(),
    }
}

/// A place below a folder that was asked about, named as it was asked for.
pub fn named(path: &Path, place: &Path) -> PathBuf {
    match inside(path, place) {
        Some(inside) if inside.as_os_str().is_empty() => path.to_owned(),
        Some(inside) if path == Path::new(".") => inside,
        Some(inside) => path.join(inside),
        None => place.to_owned(),
    }
}

/// Where a place lies in a folder, if it does.
pub fn inside(path: &Path, place: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let inside = place.strip_prefix(&real).or_else(|_| place.strip_prefix(&absolute));
    inside.map(Path::to_owned).ok()
}

/// A file as reports show it. What was packed into a temporary folder is called by its own name.
fn named_file(path: &Path, file: &target::File) -> PathBuf {
    match inside(path, &file.path) {
        None if file.made => PathBuf::from(&file.name),
        _ => named(path, &file.path),
    }
}

/// Lists what would be published.
pub fn run(args: &TargetsArgs) -> Result<Exit> {
    let rules = settings::rules(&[])?;
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
    let path = settings::from_here(&args.path);
    std::fs::metadata(&path).map_err(|error| check::no_target(&TargetError { path: path.clone(), error }))?;
    let policy = match settings::policy_file(std::slice::from_ref(&args.path), &args.policy)? {
        Some(file) => Policy::read(&file, &ids)?,
        None => Policy::default(),
    };
    let wanted = Wanted::new(&args.folder, &policy)?;
    let mut answer = wanted.ask(&path)?;
    let failed = !answer.remarks.is_empty() && answer.sets.iter().any(|set| matches!(set.contents, Contents::Whole(_)));
    let (listed, unread) = list(&path, &answer, &policy.limits);
    answer.remarks.extend(unread.iter().cloned());
    let scanner = Scanner::builder().rules(rules).threads(1).build()?;
    let names = scanner.scan_names(texts(&listed, &answer.remarks));
    output::to_stdout(|out| match args.json {
        true => sets::json(&listed, &answer.remarks, &names, out),
        false => sets::human(&listed, &answer.remarks, &names, out),
    })?;
    Ok(if failed || !unread.is_empty() { Exit::Incomplete } else { Exit::Clear })
}

/// Whatever the list shows that comes from the folder.
fn texts<'l>(listed: &'l [Listed], remarks: &'l [String]) -> impl Iterator<Item = &'l str> {
    let heads = listed.iter().map(|one| &one.package);
    let heads = heads.flat_map(|head| [head.name.as_str(), &head.version, &head.folder]);
    let files = listed.iter().flat_map(|one| one.files.iter().flatten()).map(|file| file.name.as_str());
    heads.chain(files).chain(remarks.iter().map(String::as_str))
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
