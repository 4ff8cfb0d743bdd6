//! lastlook as a script of a package: it looks at what the package manager would publish.
//!
//! Standard output belongs to the package manager (`npm pack --json`), so everything is said on standard error.

mod surroundings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lastlook::scan::TargetFile;
use lastlook::target::{self, Folder};

use super::args::CheckArgs;
use super::check::{self, To};
use super::child::{Child, MARK, MARK_FILE};
use super::scratch::{Scratch, Seal};
use super::settings;
use super::shared_args::{FolderArgs, PolicyArgs};
use super::surroundings::TargetArg;
use super::{Exit, say};
use surroundings::{Hook, Manager};

/// npm's own packing, without npm's start.
const PACK: &str = include_str!("pack.js");

/// Looks at what is published, if lastlook is a hook and was not told what to look at.
pub fn run(args: &CheckArgs) -> Option<Result<Exit>> {
    if args.paths != [Path::new(".")] || matches!(args.folder.target, Some(TargetArg::Folder)) {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let hook = surroundings::recognise(|name| std::env::var_os(name), &here)?;
    if within() {
        say("another lastlook looks at this package already");
        return Some(Ok(Exit::Clear));
    }
    if hook.installs() {
        say(&format!("{} runs for an install here: nothing is published, and nothing is looked at", hook.name));
        return Some(Ok(Exit::Clear));
    }
    Some(looked(&hook, args))
}

/// Whether a lastlook that is still running has started this one. A variable that was left behind does not count.
fn within() -> bool {
    std::env::var_os(MARK).is_some_and(|folder| Path::new(&folder).join(MARK_FILE).is_file())
}

fn looked(hook: &Hook, args: &CheckArgs) -> Result<Exit> {
    // What is compared with a manifest or an earlier version is the package, not an archive of it.
    let compared = args.since.is_some() || args.manifest.is_some();
    let exit = match hook.integrity.as_deref().filter(|_| hook.manager == Manager::Npm && !compared) {
        Some(integrity) => exactly(hook, integrity, args)?,
        None => {
            // The one that runs the script decides what is packed, whatever else the folder looks like.
            let tool = target::tool(hook.manager.name()).filter(|tool| tool.fits(&Folder::read(&hook.folder)));
            let target = args.folder.target.or(tool.map(TargetArg::Tool));
            let folder = FolderArgs { target, ..args.folder.clone() };
            check::look(&CheckArgs { folder, ..args.clone() }, To::Stderr)?
        }
    };
    say(&format!("note: {}. `lastlook guard` cannot be passed by (docs/hooks.md)", hook.passed_by()));
    Ok(exit)
}

/// Looks at the very bytes that npm is about to upload, where they can be made again.
fn exactly(hook: &Hook, integrity: &str, args: &CheckArgs) -> Result<Exit> {
    let scratch = Scratch::new().context("a private folder cannot be made")?;
    let (archive, seal) = match pack(hook, integrity, &scratch) {
        Ok(packed) => packed,
        Err(why) => {
            say(&format!("what is uploaded cannot be packed again to be compared ({why})"));
            return check::look(args, To::Stderr);
        }
    };
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let policy = PolicyArgs::exactly(settings::policy_file(&args.paths, &args.policy)?);
    let look = CheckArgs { paths: vec![name.clone().into()], policy, ..args.clone() };
    let file = TargetFile { shown: name.clone().into(), name: name.clone(), path: archive };
    let exit = check::look_at(&look, To::Stderr, &[file])?;
    say(&format!("looked at {name}\n  sha256 {}\n  {}", seal.sha256, seal.integrity));
    if seal.integrity == integrity {
        say("these are the very bytes that npm has packed");
        return Ok(exit);
    }
    say(
        "this is not what npm has packed: files have changed since\n  hint: let lastlook be the first command of postpack, or use \
         `lastlook guard`",
    );
    Ok(if exit == Exit::Clear { Exit::Incomplete } else { exit })
}

/// Packs the package into the private folder without running its scripts: quickly, or with `npm pack` where that does not
/// give what npm has packed.
fn pack(hook: &Hook, integrity: &str, scratch: &Scratch) -> Result<(PathBuf, Seal), String> {
    let text = |error: std::io::Error| error.to_string();
    let (Some(program), Some(node)) = (&hook.program, &hook.node) else {
        return Err("npm does not say where it is".to_owned());
    };
    let quick = scratch.folder("quick").map_err(text)?.join(file_name(hook));
    let words = [node.as_os_str(), "-e".as_ref(), PACK.as_ref(), program.as_os_str(), hook.folder.as_os_str()];
    let words = words.into_iter().chain([quick.as_os_str()]).map(OsString::from).collect();
    let made = Child { words, folder: &hook.folder, scratch: scratch.path() }.ask();
    if let Some(seal) = made.ok().and_then(|_| Seal::of(&quick).ok()).filter(|seal| seal.integrity == integrity) {
        return Ok((quick, seal));
    }
    let folder = scratch.folder("packed").map_err(text)?;
    let pack = ["pack", "--ignore-scripts", "--dry-run=false", "--workspaces=false", "--pack-destination"];
    let words = [node.as_os_str(), program.as_os_str()].into_iter().chain(pack.map(AsRef::as_ref));
    let words = words.chain([folder.as_os_str()]).map(OsString::from).collect();
    Child { words, folder: &hook.folder, scratch: scratch.path() }.ask()?;
    let entry = std::fs::read_dir(&folder).map_err(text)?.next();
    let archive = entry.ok_or("npm has left no archive")?.map_err(text)?.path();
    let seal = Seal::of(&archive).map_err(text)?;
    Ok((archive, seal))
}

/// The name that npm gives the archive.
fn file_name(hook: &Hook) -> String {
    let part = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default().replace('/', "-");
        text.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.+".contains(*letter)).collect::<String>()
    };
    format!("{}-{}.tgz", part(&hook.package).trim_start_matches('-'), part(&hook.version))
}
