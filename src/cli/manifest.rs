//! `lastlook manifest`: writes down what is meant to be published, and keeps it up to date.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use lastlook::Scanner;
use lastlook::bytes::Digest;
use lastlook::finding::FactValue;
use lastlook::manifest::{self, Approval, Deviation, File, Kind, Manifest, What};
use lastlook::policy::Policy;
use lastlook::report::{in_toto, sanitize};
use lastlook::rules::RuleSet;
use lastlook::scan::{self, Outcome};

use super::progress::{Bar, Shared};
use super::targets::{self, Wanted};
use super::versions_args::{Form, LookArgs, ManifestArgs, ManifestCommand};
use super::{Exit, output, settings};

/// Most changes that are shown one by one.
const SHOWN: usize = 1_000;

/// Runs the command.
pub fn run(args: &ManifestArgs) -> Result<Exit> {
    match &args.command {
        ManifestCommand::Write { path, output, form, look } => write(path, output.as_deref(), *form, look),
        ManifestCommand::Approve { file, path, yes, look } => approve(file, path, *yes, look),
    }
}

/// A package that was looked at without rules.
struct Package {
    /// The archive that it is, and its digest.
    archive: Option<(String, Digest)>,
    /// Its files, sorted by path.
    files: Vec<File>,
    complete: bool,
}

fn look(path: &Path, args: &LookArgs) -> Result<Package> {
    let policy = match settings::policy_file(&[path.to_owned()], &args.policy)? {
        Some(file) => {
            let rules = settings::rules(&[])?;
            let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
            Policy::read(&file, &ids)?
        }
        None => Policy::default(),
    };
    let accepts_gaps = args.run.allow_incomplete || policy.allow_incomplete.unwrap_or(false);
    let wanted = Wanted::new(&args.folder, &policy)?;
    let bar = Bar::new(!args.run.no_progress);
    // What is found is for `check` to say.
    let scanner = Scanner::builder()
        .rules(RuleSet::default())
        .policy(Policy { limits: policy.limits, ..Policy::default() })
        .threads(args.run.threads.into())
        .progress(Shared(bar.clone()))
        .contents()
        .build()?;
    let looked = targets::look(&scanner, &[settings::from_here(path)], &wanted);
    bar.clear();
    let outcome = looked?;
    if outcome.packages.len() > 1 {
        bail!("a manifest is that of one package\n  hint: name the folder of one of them");
    }
    for remark in &outcome.remarks {
        eprintln!("warning: {}", sanitize::shown(remark));
    }
    tell_gaps(&outcome);
    Ok(package(&outcome, accepts_gaps))
}

fn package(outcome: &Outcome, accepts_gaps: bool) -> Package {
    let archive = scan::archive(&outcome.contents)
        .and_then(|archive| Some((archive.path.base_name().to_owned(), archive.digest?)));
    let named = scan::package(&outcome.contents);
    let files = named.iter().filter(|one| one.depth == 0).map(scan::Named::file).collect();
    Package { archive, files, complete: accepts_gaps || outcome.gaps.is_empty() }
}

fn tell_gaps(outcome: &Outcome) {
    for gap in outcome.gaps.iter().take(SHOWN) {
        let line = format!("{}: {}", gap.path, gap.reason);
        eprintln!("warning: not looked at: {}", sanitize::shown(&line));
    }
}

fn write(path: &Path, output: Option<&Path>, form: Form, args: &LookArgs) -> Result<Exit> {
    let mut package = look(path, args)?;
    if package.files.is_empty() {
        bail!("there is nothing in {} that could be approved", sanitize::shown(&path.display().to_string()));
    }
    let number = package.files.len();
    let text = match form {
        Form::Manifest => {
            package.files.extend(output.and_then(|output| itself(path, output)));
            package.files.sort();
            manifest::write(&package.files)?
        }
        Form::Sha256sum => manifest::sha256sum(&package.files)?,
        Form::InToto => {
            let mut text = Vec::new();
            let archive = package.archive.as_ref().map(|(name, digest)| (name.as_str(), *digest));
            in_toto::write(archive, &package.files, &mut text)?;
            String::from_utf8(text)?
        }
    };
    let links = package.files.iter().filter(|file| file.kind == Kind::Link).count();
    if links > 0 && form != Form::Manifest {
        eprintln!("warning: {} left out: links have no content of their own", count(links, "link"));
    }
    match output {
        Some(file) if form == Form::Manifest => create(file, &text)?,
        Some(file) => output::to_file(file, |out| out.write_all(text.as_bytes()))?,
        None if text.contains(|character| sanitize::is_unsafe(character) && character != '\n') => {
            bail!("a name holds what a terminal must not be shown\n  hint: write a file with -o FILE")
        }
        None => output::to_stdout(|out| out.write_all(text.as_bytes()))?,
    }
    if let Some(file) = output {
        let name = file.display().to_string();
        let files = count(number, "file");
        output::to_stdout(|out| writeln!(out, "{} approves {files}", sanitize::shown(&name)))?;
    }
    Ok(if package.complete { Exit::Clear } else { incomplete("the list may not be whole") })
}

/// Writes a manifest where none is: an old one has comments and patterns.
fn create(file: &Path, text: &str) -> Result<()> {
    if file.symlink_metadata().is_ok() {
        let name = file.display().to_string();
        let name = sanitize::shown(&name);
        bail!("{name} is there already\n  hint: `lastlook manifest approve {name}` brings it up to date");
    }
    output::to_file(file, |out| out.write_all(text.as_bytes()))
}

/// The manifest itself, where it lies in the folder of the package: it cannot hold its own digest. Whether it is published
/// is for the tool to say that packs.
fn itself(package: &Path, output: &Path) -> Option<File> {
    let root = package.canonicalize().ok().filter(|root| root.is_dir())?;
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place: PathBuf = folder.canonicalize().ok()?.strip_prefix(root).ok()?.join(output.file_name()?);
    let path = manifest::path::plain(&place.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"));
    Some(File { path, size: 0, digest: None, kind: Kind::Text })
}

fn approve(file: &Path, path: &Path, yes: bool, args: &LookArgs) -> Result<Exit> {
    let file = settings::from_here(file);
    let (manifest, text) = Manifest::read(&file)?;
    let package = look(path, args)?;
    let Approval { text: new, approved, left } = manifest::approve(&manifest, &text, &package.files)?;
    let name = file.display().to_string();
    let name = sanitize::shown(&name).into_owned();
    output::to_stdout(|out| {
        approved.iter().take(SHOWN).try_for_each(|one| writeln!(out, "{}", line(one)))?;
        if let more @ 1.. = approved.len().saturating_sub(SHOWN) {
            writeln!(out, "... and {} more", FactValue::from(more))?;
        }
        if !left.is_empty() {
            writeln!(out, "To be settled in {name} by hand:")?;
        }
        left.iter().take(SHOWN).try_for_each(|one| writeln!(out, "{}", line(one)))
    })?;
    let settled = if left.is_empty() { Exit::Clear } else { Exit::Blocked };
    if !package.complete {
        return Ok(incomplete("nothing was approved, because files may be missing for that reason"));
    }
    if approved.is_empty() {
        output::to_stdout(|out| writeln!(out, "Nothing to approve: {name} is up to date"))?;
        return Ok(settled);
    }
    let changes = count(approved.len(), "change");
    if !yes && !agrees(&changes) {
        output::to_stdout(|out| writeln!(out, "{changes} not approved. Nothing was written; --yes approves them"))?;
        return Ok(Exit::Blocked);
    }
    output::replace_file(&file, &text, &new)?;
    output::to_stdout(|out| writeln!(out, "{changes} approved in {name}"))?;
    Ok(settled)
}

/// One line of a difference. It begins with a mark of ours: CI systems read orders at the start of lines.
fn line(deviation: &Deviation) -> String {
    let mark = match deviation.what {
        What::Unexpected(_) => '+',
        What::Missing => '-',
        _ => '~',
    };
    let path = if deviation.path.is_empty() { "the package".to_owned() } else { deviation.quoted_path() };
    format!("{mark} {}: {}", sanitize::shown(&path), sanitize::shown(&deviation.sentence()))
}

/// Asks the user, if there is one.
fn agrees(changes: &str) -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    eprint!("Approve {changes}? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn incomplete(consequence: &str) -> Exit {
    eprintln!("warning: not everything could be looked at, and {consequence}; --allow-incomplete accepts that");
    Exit::Incomplete
}

fn count(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", FactValue::from(number), if number == 1 { "" } else { "s" })
}
