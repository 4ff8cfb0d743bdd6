//! Publish sets: what would be published of a folder, asked of the tool that publishes.
//!
//! A folder is not a package: what leaves the house is what the publishing tool selects. So the tool itself is asked,
//! without running the project's scripts and without the network. Where it cannot answer, everything in the folder is
//! looked at instead, aloud: a larger set, never a smaller one. To add a tool, write one file and one line in [`TARGETS`].

mod ask;
mod built;
mod bun;
mod cargo;
mod gem;
mod helm;
mod listing;
mod manifest;
mod npm;
mod pnpm;
mod python;
mod run;
mod vscode;
mod web_extension;
mod whole;
mod workspaces;
mod yarn;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use ask::{Answer, Set, Wish, ask};
pub use listing::{Entry, list};
pub use manifest::Folder;
pub use run::{extensions, find};

/// A tool that publishes, or a kind of folder that is published as it is.
pub trait Tool: Sync {
    /// The word after `--target`, unique in [`TARGETS`].
    fn name(&self) -> &'static str;

    /// How it is asked, in a phrase for `docs/targets.md`.
    fn asked(&self) -> &'static str;

    /// What is exact about the answer, and what is not, in a phrase for `docs/targets.md`.
    fn exactness(&self) -> &'static str;

    /// Whether the folder is something that this tool publishes. By what lies in it, cheaply, without starting anything.
    fn recognises(&self, folder: &Folder) -> bool;

    /// Whether the folder can be published by this tool when the user says so.
    fn fits(&self, folder: &Folder) -> bool {
        self.recognises(folder)
    }

    /// Whether `auto` leaves the folder to this tool. Folders that are published as they are need no tool.
    fn is_automatic(&self) -> bool {
        true
    }

    /// The packages in the folder: itself, or all that a workspace has, private ones included.
    ///
    /// # Errors
    /// When the tool cannot say.
    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal>;

    /// What would be published of each of these packages, as they are now: no script of the project is run.
    fn contents(&self, packages: &[Package], around: &Surroundings) -> Vec<Result<Contents, Refusal>> {
        let pack = |package: &Package| {
            let into = around.scratch()?;
            self.pack(package, &into, Scripts::Ignore, around).map(Contents::archives)
        };
        packages.iter().map(pack).collect()
    }

    /// What else is known of a package whose contents the tool refused to tell, with what must be said aloud about it. It
    /// must not be less than what would be published.
    fn instead(&self, _package: &Package, _around: &Surroundings) -> Option<(Contents, String)> {
        None
    }

    /// Packs the package into the folder `into`, which must exist and should be private and empty, and answers the files
    /// that were made there: what would be uploaded, byte for byte.
    ///
    /// # Errors
    /// When the tool is missing or fails, and for kinds of targets that nothing packs.
    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal>;
}

/// Every tool, in the order in which they are asked and listed. Of the JavaScript clients only one recognises a folder.
pub static TARGETS: &[&dyn Tool] = &[
    &npm::Npm,
    &pnpm::Pnpm,
    &yarn::Yarn,
    &bun::Bun,
    &vscode::VsCode,
    &cargo::Cargo,
    &python::Python,
    &gem::Gem,
    &built::Nuget,
    &built::Jars,
    &helm::Helm,
    &web_extension::WebExtension,
    &whole::Image,
    &whole::Electron,
    &whole::Site,
    &whole::Assets,
];

/// The tool with this name.
#[must_use]
pub fn tool(name: &str) -> Option<&'static dyn Tool> {
    TARGETS.iter().copied().find(|tool| tool.name() == name)
}

/// Packs the package into the folder `into`, which must exist, be private to the caller and empty. Answers the files that
/// would be uploaded. With [`Scripts::Run`] the project's own scripts run as they do when it is published.
///
/// # Errors
/// When the tool of the package is missing or fails.
pub fn pack(package: &Package, into: &Path, scripts: Scripts, around: &Surroundings) -> Result<Vec<PathBuf>, Refusal> {
    let made = package.tool.pack(package, into, scripts, around)?;
    if made.is_empty() {
        return Err(Refusal::failed(package.tool.name(), "made no file"));
    }
    Ok(made)
}

/// Whether the scripts of a project (`prepack`, `prepare` …) run when it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// They run, as they do when the project is published.
    Run,
    /// They do not run.
    Ignore,
}

/// One package that a tool publishes.
#[derive(Clone)]
pub struct Package {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its version; empty where it is not known.
    pub version: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The root of the workspace that it is a part of; its own folder where it is on its own.
    pub root: PathBuf,
    /// Why the tool refuses to publish it, if it does.
    pub private: Option<String>,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Package({} {} {} {:?})", self.tool.name(), self.name, self.version, self.folder)
    }
}

impl fmt::Display for Package {
    /// `npm package acme 1.0.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} package", self.tool.name())?;
        [&self.name, &self.version]
            .into_iter()
            .filter(|part| !part.is_empty())
            .try_for_each(|part| write!(f, " {part}"))
    }
}

/// What would be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// These files.
    Files(Vec<File>),
    /// Everything in the folder.
    Whole(PathBuf),
}

impl Contents {
    /// Archives that are uploaded as they are, named by their file names.
    #[must_use]
    pub fn archives(paths: Vec<PathBuf>) -> Self {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Contents::Files(paths.into_iter().map(|path| File { name: name(&path), path, made: true }).collect())
    }
}

/// A file that would be published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its name in the package, with `/`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it is an archive made for this answer or by a build, rather than a file of the project.
    pub made: bool,
}

/// Why a tool did not answer, in a phrase: `npm` is not installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    /// A reason in words.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Refusal(reason.into())
    }

    /// The tool is not there.
    #[must_use]
    pub fn missing(tool: &str) -> Self {
        Refusal(format!("`{tool}` is not installed"))
    }

    /// The tool is there, and this is what became of it.
    #[must_use]
    pub fn failed(tool: &str, reason: &str) -> Self {
        Refusal(format!("`{tool}` {reason}"))
    }

    /// The tool has answered something that cannot be understood.
    #[must_use]
    pub fn nonsense(tool: &str) -> Self {
        Refusal(format!("what `{tool}` answered cannot be read"))
    }
}

/// What a library cannot know by itself: where programs are, how long they may take, and where there is room for files.
pub struct Surroundings {
    /// The folders in which programs are looked for, as in `PATH`.
    pub path: OsString,
    /// The endings of programs: [`extensions`].
    pub extensions: Vec<String>,
    /// The script of the npm that runs us (`npm_execpath`), if one does.
    pub npm: Option<PathBuf>,
    /// How long a tool may take to answer.
    pub limit: Duration,
    /// How long it may take where the project's scripts run.
    pub script_limit: Duration,
    /// More variables for the environment of every tool.
    pub env: Vec<(OsString, OsString)>,
    /// Whether the project may be built where there is nothing to look at yet (`--build`).
    pub build: bool,
    /// Makes a new folder that only we can read, with these files (names and texts) in it, that lasts as long as anything
    /// is looked at. The library itself writes nothing.
    pub scratch: Box<MakeFolder>,
}

/// Makes a folder with files in it.
pub type MakeFolder = dyn Fn(&[(&str, &str)]) -> io::Result<PathBuf> + Send + Sync;

impl Surroundings {
    /// The program with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        run::find(name, &self.path, &self.extensions)
    }

    /// A new, empty folder of our own.
    ///
    /// # Errors
    /// When none can be made.
    pub fn scratch(&self) -> Result<PathBuf, Refusal> {
        self.scratch_with(&[])
    }

    /// A new folder of our own with these files in it.
    ///
    /// # Errors
    /// As [`Surroundings::scratch`].
    pub fn scratch_with(&self, files: &[(&str, &str)]) -> Result<PathBuf, Refusal> {
        (self.scratch)(files).map_err(|error| Refusal(format!("there is no room for temporary files: {error}")))
    }
}

#[cfg(test)]
mod testing;
