//! `lastlook guard -- COMMAND`: packs what a command would publish, looks at exactly these bytes, and publishes them, and
//! nothing else, when they are clear.

mod cargo;
mod files;
mod help;
mod image;
mod npm;
mod plan;
mod tool;
mod vsce;
mod words;
mod yarn;

pub use help::{EXAMPLES, LONG};

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use lastlook::policy::Policy;
use lastlook::scan::TargetFile;

use super::args::CheckArgs;
use super::check::{self, To};
use super::child::{self, Child, Output};
use super::scratch::{Scratch, Seal};
use super::settings;
use super::shared_args::PolicyArgs;
use super::signals;
use super::{Exit, say};
use plan::{Arg, Plan, Proof, Step, Unit};

/// Guards the command that stands in the place of the paths.
pub fn run(args: &CheckArgs) -> Result<Exit> {
    if args.since.is_some() || args.manifest.is_some() {
        bail!(
            "guard compares with no manifest and no earlier version\n  hint: run `lastlook check` with --manifest or --since before \
             it"
        );
    }
    let words: Vec<OsString> = args.paths.iter().map(|word| word.clone().into_os_string()).collect();
    signals::install().context("signals cannot be passed on")?;
    let scratch = Scratch::new().context("a private folder cannot be made")?;
    let folder = std::env::current_dir().context("the working directory cannot be told")?;
    let ask = |step: &Step| child_of(step, &scratch, None, &[]).ask();
    let here = tool::Here { folder, ask: &ask };
    let plan = tool::plan(&words, &here).map_err(anyhow::Error::msg)?;
    Guard { args, scratch: &scratch }.run(&plan)
}

/// Why it goes no further.
enum Stop {
    /// A command failed, or was ended.
    Code(u8),
    /// Something is not as it should be.
    Error(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Error(error.into())
    }
}

struct Guard<'g> {
    args: &'g CheckArgs,
    scratch: &'g Scratch,
}

/// What a unit publishes.
struct Packed {
    /// The files that the tool is told to publish.
    files: Vec<(PathBuf, Seal)>,
    /// Those that it takes along.
    along: Vec<(PathBuf, Seal)>,
}

impl Packed {
    fn all(&self) -> impl Iterator<Item = &(PathBuf, Seal)> {
        self.files.iter().chain(&self.along)
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, _)| path.clone()).collect()
    }
}

impl Guard<'_> {
    fn run(&self, plan: &Plan) -> Result<Exit> {
        plan.notes.iter().for_each(|note| say(note));
        let mut published = 0;
        let done = self.guarded(plan, &mut published);
        let rest = match published {
            0 => "nothing was published".to_owned(),
            number => format!("{number} of {} were published", plan.units.len()),
        };
        match done {
            Ok(exit) => Ok(exit),
            Err(Stop::Code(code)) => {
                say(&rest);
                Ok(Exit::Other(code))
            }
            Err(Stop::Error(error)) => Err(error.context(rest)),
        }
    }

    fn guarded(&self, plan: &Plan, published: &mut usize) -> Result<Exit, Stop> {
        let mut packed = Vec::new();
        for (index, unit) in plan.units.iter().enumerate() {
            let made = self.pack(unit, &index.to_string())?;
            for (path, seal) in made.all() {
                say(&format!("{}\n  sha256 {}\n  {}", name(path), seal.sha256, seal.integrity));
            }
            packed.push(made);
        }
        let verdict = self.look(plan, &packed)?;
        if verdict != Exit::Clear {
            say(advice(verdict));
            return Ok(verdict);
        }
        for (index, (unit, made)) in plan.units.iter().zip(&packed).enumerate() {
            let begun = SystemTime::now();
            self.publish(unit, made, &format!("{index}-again"))?;
            *published += 1;
            self.prove(unit, made, begun)?;
            for step in &unit.after {
                self.step(step, None, &[], Output::Aside)?;
            }
        }
        Ok(Exit::Clear)
    }

    /// Runs a command to its end. One that fails ends everything.
    fn step(&self, step: &Step, folder: Option<&Path>, files: &[PathBuf], output: Output) -> Result<(), Stop> {
        let child = child_of(step, self.scratch, folder, files);
        let status = child.run(output).with_context(|| format!("`{}` cannot be run", child.words[0].display()))?;
        match (child::code(status), signals::interrupted()) {
            (0, None) => Ok(()),
            (0, Some(signal)) => Err(Stop::Code(signal.saturating_add(128))),
            (code, _) => Err(Stop::Code(code)),
        }
    }

    /// Makes, or copies, what a unit publishes.
    fn pack(&self, unit: &Unit, name: &str) -> Result<Packed, Stop> {
        for step in &unit.prepare {
            self.step(step, None, &[], Output::Aside)?;
        }
        let folder = self.scratch.folder(name).context("a private folder cannot be made")?;
        let files = match &unit.make {
            Some(make) => {
                self.step(make, Some(&folder), &[], Output::Aside)?;
                packed_in(&folder.join(unit.below), unit.ending)?
            }
            None => copied(&unit.given, &folder)?,
        };
        Ok(Packed { files: sealed(files)?, along: sealed(copied(&unit.along, &folder)?)? })
    }

    /// Looks at everything that is to be published, and reports it on standard error.
    fn look(&self, plan: &Plan, packed: &[Packed]) -> Result<Exit> {
        if plan.units.is_empty() {
            bail!("there is nothing to publish");
        }
        let several = plan.units.len() > 1;
        let mut files = Vec::new();
        for (unit, made) in plan.units.iter().zip(packed) {
            for (path, _) in made.all() {
                // Archives of different packages may have the same name.
                let name = name(path);
                let shown = if several { Path::new(&unit.name).join(&name) } else { PathBuf::from(&name) };
                files.push(TargetFile { shown, name, path: path.clone() });
            }
        }
        let asked = &self.args.policy;
        let found = || if asked.no_config { None } else { Policy::find(&plan.folder) };
        let config = asked.config.clone().or_else(found);
        let config = config.map(|file| settings::from_here(&file));
        let paths = files.iter().map(|file| file.shown.clone()).collect();
        check::look_at(
            &CheckArgs { paths, policy: PolicyArgs::exactly(config), ..self.args.clone() },
            To::Stderr,
            &files,
        )
    }

    /// Publishes a unit, if it is still what was looked at.
    fn publish(&self, unit: &Unit, made: &Packed, again: &str) -> Result<(), Stop> {
        match &unit.proof {
            Proof::ThisFile => {}
            Proof::Again { .. } => self.same_again(unit, made, again)?,
            Proof::Name { ask, says } => self.still(ask, says, "before it was published")?,
        }
        unchanged(made, "before it was published")?;
        if let Some(signal) = signals::interrupted() {
            return Err(Stop::Code(signal.saturating_add(128)));
        }
        signals::hold();
        self.step(&unit.publish, None, &made.paths(), Output::Same)
    }

    /// Packs once more, and compares.
    fn same_again(&self, unit: &Unit, made: &Packed, again: &str) -> Result<(), Stop> {
        let second = self.pack(unit, again)?;
        let seals = |packed: &Packed| packed.all().map(|(path, seal)| (name(path), seal.clone())).collect::<Vec<_>>();
        if seals(made) == seals(&second) {
            return Ok(());
        }
        Err(anyhow::anyhow!(
            "packing twice gave two different archives, so what would be published is not what was looked at\n  hint: make the \
             build write the same files each time, or look at the archive in CI and publish it from there"
        )
        .into())
    }

    fn still(&self, ask: &Step, says: &str, when: &str) -> Result<()> {
        let said = child_of(ask, self.scratch, None, &[]).ask().map_err(anyhow::Error::msg)?;
        if String::from_utf8_lossy(&said).trim() != says {
            bail!("the name stood for something else {when} than when it was looked at");
        }
        Ok(())
    }

    /// Compares what the tool has left of what it published, which is what is newer than `begun`.
    fn compare_left(&self, left: &[PathBuf], made: &Packed, begun: SystemTime) -> Result<(), String> {
        let is_new = |file: &PathBuf| {
            let modified = file.metadata().and_then(|about| about.modified());
            // Some file systems count in whole seconds.
            modified.is_ok_and(|modified| modified + Duration::from_secs(2) >= begun)
        };
        for (path, seal) in &made.files {
            let file = left.iter().map(|folder| folder.join(path.file_name().unwrap_or_default())).find(is_new);
            match file.map(|file| (Seal::of(&file).ok(), file)) {
                Some((Some(there), file)) if there == *seal => {
                    say(&format!("{} is what was looked at", file.display()))
                }
                Some((_, file)) => return Err(format!("{} differs", file.display())),
                None => say(&format!(
                    "the tool has left no {} to compare: that it published the same rests on packing twice alone",
                    name(path)
                )),
            }
        }
        Ok(())
    }

    /// Makes sure, as far as it can be told, that what was published is what was looked at.
    fn prove(&self, unit: &Unit, made: &Packed, begun: SystemTime) -> Result<()> {
        let wrong = |what: &str| {
            format!(
                "{what}: what was published may not be what was looked at\n  hint: look at it, and take it back if need be"
            )
        };
        unchanged(made, "while it was published").map_err(|error| anyhow::anyhow!(wrong(&error.to_string())))?;
        match &unit.proof {
            Proof::ThisFile => say("the command was given the very file that was looked at, and it is unchanged"),
            Proof::Name { ask, says } => {
                self.still(ask, says, "afterwards").map_err(|error| anyhow::anyhow!(wrong(&error.to_string())))?;
                say(&format!("the name stands for the image that was looked at, {says}"));
            }
            Proof::Again { left, asked } => {
                if !left.is_empty() {
                    self.compare_left(left, made, begun).map_err(|what| anyhow::anyhow!(wrong(&what)))?;
                }
                if let Some(ask) = asked {
                    let said = child_of(ask, self.scratch, None, &[]).ask();
                    let said = said.map(|said| String::from_utf8_lossy(&said).into_owned());
                    match (said, made.files.first()) {
                        (Ok(said), Some((_, seal))) if said.contains(&seal.integrity) => {
                            say("the registry names the integrity of what was looked at");
                        }
                        (Ok(said), _) if said.contains("sha512-") => {
                            bail!(wrong("the registry names another integrity"))
                        }
                        _ => say(
                            "the registry does not say what it has: that it is the same rests on packing twice alone",
                        ),
                    }
                }
            }
        }
        Ok(())
    }
}

fn advice(verdict: Exit) -> &'static str {
    match verdict {
        Exit::Incomplete => {
            "nothing was published: not everything could be looked at. Close the gaps, or accept them with \
             --allow-incomplete in front of `--`"
        }
        _ => {
            "nothing was published. Take out what is reported (`lastlook fix` closes source-map leaks; `= fix` says how for \
             each finding), or allow what is meant to be public in lastlook.toml, then run the same command again"
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn child_of<'c>(step: &'c Step, scratch: &'c Scratch, folder: Option<&Path>, files: &[PathBuf]) -> Child<'c> {
    let folder = folder.unwrap_or(scratch.path());
    let mut words = Vec::new();
    for word in &step.words {
        match word {
            Arg::Word(word) => words.push(word.clone()),
            Arg::Inside("") => words.push(folder.into()),
            Arg::Inside(below) => words.push(folder.join(below).into()),
            Arg::Folder(before) => {
                let mut word = OsString::from(before);
                word.push(folder);
                words.push(word);
            }
            Arg::Files => words.extend(files.iter().map(|file| file.clone().into_os_string())),
        }
    }
    Child { words, folder: &step.folder, scratch: scratch.path() }
}

/// The files that packing has left.
fn packed_in(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).context("packing left no archive")? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name().to_string_lossy().ends_with(ending) {
            files.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("packing left no archive, so there is nothing to look at");
    }
    Ok(files)
}

/// Copies files of the user's into a folder that nothing else writes to.
fn copied(files: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>> {
    let mut copies = Vec::new();
    for file in files {
        let copy = folder.join(file.file_name().unwrap_or_default());
        if copies.contains(&copy) {
            bail!("two files have the same name, {}", name(file));
        }
        fs::copy(file, &copy).with_context(|| format!("{} cannot be copied", file.display()))?;
        copies.push(copy);
    }
    Ok(copies)
}

fn sealed(files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Seal)>> {
    let seal = |path: PathBuf| {
        let seal = Seal::of(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok((path, seal))
    };
    files.into_iter().map(seal).collect()
}

/// Fails if one of the files is no longer what it was.
fn unchanged(made: &Packed, when: &str) -> Result<()> {
    for (path, seal) in made.all() {
        if Seal::of(path).ok().as_ref() != Some(seal) {
            bail!("{} was changed {when}", name(path));
        }
    }
    Ok(())
}
