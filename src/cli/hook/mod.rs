//! lastlook as a script of a package: it looks at what the package manager would publish.
//!
//! Standard output belongs to the package manager (`npm pack --json`), so everything is said on standard error.

mod surroundings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lastlook::report::sanitize;

use super::Exit;
use super::args::CheckArgs;
use super::check::{self, To};
use super::child::{Child, MARK, MARK_FILE};
use super::scratch::{Scratch, Seal};
use super::settings;
use surroundings::{Event, Hook, Manager};

/// npm's own packing, without npm's start.
const PACK: &str = include_str!("pack.js");

fn say(text: &str) {
    eprintln!("lastlook: {}", sanitize::escape(text));
}

/// Looks at what is published, if lastlook is a hook and was not told what to look at.
pub fn run(args: &CheckArgs) -> Option<Result<Exit>> {
    if args.paths != [Path::new(".")] {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let hook = surroundings::recognise(|name| std::env::var_os(name), &here)?;
    if within() {
        say("another lastlook looks at this package already");
        return Some(Ok(Exit::Clear));
    }
    if hook.installs() {
        say(&format!("{} runs after an install here: nothing is published, and nothing is looked at", hook.name));
        return Some(Ok(Exit::Clear));
    }
    Some(looked(&hook, args))
}

/// Whether a lastlook that is still running has started this one. A variable that was left behind does not count.
fn within() -> bool {
    std::env::var_os(MARK).is_some_and(|folder| Path::new(&folder).join(MARK_FILE).is_file())
}

fn looked(hook: &Hook, args: &CheckArgs) -> Result<Exit> {
    let scratch = Scratch::new().context("a private folder cannot be made")?;
    let mut look = CheckArgs { paths: vec![PathBuf::from(".")], ..args.clone() };
    if args.config.is_none() && !args.no_config {
        // What is packed lies elsewhere: it is the policy of the package that counts.
        look.config = settings::policy_file(&args.paths, None, false)?;
        look.no_config = look.config.is_none();
    }
    let archive = pack(hook, &scratch);
    match &archive {
        Ok((archive, _)) => look.paths = vec![archive.clone()],
        Err(why) => {
            say(&format!("what would be published cannot be told ({why}); looking at the whole folder instead"));
            if let (Event::Postpack, Some(_)) = (hook.event, &hook.integrity) {
                say("so it cannot be compared with what is uploaded");
            }
        }
    }
    let exit = check::look(&look, To::Stderr)?;
    let differs =
        matches!(&archive, Ok((_, seal)) if hook.integrity.as_ref().is_some_and(|theirs| *theirs != seal.integrity));
    if let Ok((archive, seal)) = &archive {
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        say(&format!("looked at {name}\n  sha256 {}\n  {}", seal.sha256, seal.integrity));
        match &hook.integrity {
            Some(_) if differs => say(
                "this is not what is about to be uploaded: the files have changed since they were packed\n  hint: let lastlook \
                 be the first command of postpack",
            ),
            Some(_) => say("these are the very bytes that are about to be uploaded"),
            None => {}
        }
    }
    say(&format!("note: {}. `lastlook guard` cannot be passed by: docs/hooks.md", hook.passed_by()));
    Ok(if differs && exit == Exit::Clear { Exit::Incomplete } else { exit })
}

/// Packs the package into the private folder without running its scripts.
fn pack(hook: &Hook, scratch: &Scratch) -> Result<(PathBuf, Seal), String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = scratch.folder("package").map_err(text)?;
    let name = hook.package.as_deref().unwrap_or("package").replace(['/', '\\'], "-");
    let name: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter)).collect();
    let out = folder.join(format!("{}.tgz", name.trim_start_matches(['.', '-'])));
    if hook.manager == Manager::Npm {
        if let (Some(program), Some(node)) = (&hook.program, &hook.node) {
            let words = [node.as_os_str(), "-e".as_ref(), PACK.as_ref(), program.as_os_str()];
            let words = words.into_iter().chain([hook.folder.as_os_str(), out.as_os_str()]);
            let words = words.map(OsString::from).collect();
            let quick = Child { words, folder: &hook.folder, scratch: scratch.path() }.ask().ok();
            let seal = quick.and_then(|_| Seal::of(&out).ok());
            // Where npm says what it has packed, nothing else is taken for it.
            if let Some(seal) =
                seal.filter(|seal| hook.integrity.as_ref().is_none_or(|theirs| *theirs == seal.integrity))
            {
                return Ok((out, seal));
            }
        }
    }
    let words = command(hook, &folder, &out);
    Child { words, folder: &hook.folder, scratch: scratch.path() }.ask()?;
    let archive = newest(&folder, &out).ok_or("it left no archive")?;
    let seal = Seal::of(&archive).map_err(text)?;
    Ok((archive, seal))
}

/// The command that packs without the scripts of the package.
fn command(hook: &Hook, folder: &Path, out: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = match (&hook.program, &hook.node, hook.manager) {
        (Some(program), Some(node), manager) if is_script(program) && manager != Manager::Bun => {
            vec![node.into(), program.into()]
        }
        (Some(program), _, _) => vec![program.into()],
        (None, _, manager) => vec![
            match manager {
                Manager::Npm => "npm",
                Manager::Pnpm => "pnpm",
                Manager::Classic | Manager::Berry => "yarn",
                Manager::Bun => "bun",
            }
            .into(),
        ],
    };
    let more: &[&std::ffi::OsStr] = match hook.manager {
        Manager::Npm => &[
            "pack".as_ref(),
            "--ignore-scripts".as_ref(),
            "--dry-run=false".as_ref(),
            "--workspaces=false".as_ref(),
            "--pack-destination".as_ref(),
            folder.as_ref(),
        ],
        Manager::Pnpm => {
            &["pack".as_ref(), "--config.ignore-scripts=true".as_ref(), "--pack-destination".as_ref(), folder.as_ref()]
        }
        Manager::Classic => &["pack".as_ref(), "--ignore-scripts".as_ref(), "--filename".as_ref(), out.as_ref()],
        // It runs prepack again, in which a lastlook sees this one and leaves it at that.
        Manager::Berry => &["pack".as_ref(), "--out".as_ref(), out.as_ref()],
        Manager::Bun => {
            &["pm".as_ref(), "pack".as_ref(), "--ignore-scripts".as_ref(), "--destination".as_ref(), folder.as_ref()]
        }
    };
    words.extend(more.iter().map(OsString::from));
    words
}

/// Whether a program needs Node.js to run it.
fn is_script(program: &Path) -> bool {
    program.extension().is_some_and(|ending| ["js", "cjs", "mjs"].iter().any(|known| ending == *known))
}

/// The archive that packing has left: not one that a failed attempt has.
fn newest(folder: &Path, out: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let other = files.iter().find(|file| *file != out && file.extension().is_some_and(|ending| ending == "tgz"));
    other.cloned().or_else(|| out.is_file().then(|| out.to_owned()))
}
