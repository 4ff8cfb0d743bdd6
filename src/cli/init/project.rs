//! What a project is: its files, its package manager, and where its CI runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lastlook::bytes::open;
use lastlook::fix::scripts::Package;

use super::InitPart;

/// No file that is edited here is larger.
const LARGEST: u64 = 4 << 20;

/// What lies at a place.
pub enum Existing {
    /// Nothing.
    Nothing,
    /// A file.
    File(Vec<u8>),
    /// Something that is not touched, and why.
    Odd(String),
}

/// What the project publishes, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A package for npm, packed by npm.
    Npm,
    /// By pnpm.
    Pnpm,
    /// By Yarn 1.
    Classic,
    /// By Yarn 2 and later.
    Berry,
    /// By Bun.
    Bun,
    /// A crate.
    Cargo,
    /// A Python project.
    Python,
    /// Something else.
    Other,
}

/// A project.
pub struct Project {
    /// The folder. Nothing outside of it is written.
    pub root: PathBuf,
    /// What it publishes.
    pub kind: Kind,
    repository: Repository,
}

/// Where the repository of the project begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repository {
    /// Here, or nowhere.
    Here,
    /// In a folder above.
    Above,
}

impl Project {
    /// The project in a folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn at(path: &Path) -> Result<Self> {
        let shown = lastlook::report::sanitize::shown(&path.to_string_lossy()).into_owned();
        let root = path.canonicalize().with_context(|| format!("there is no folder `{shown}`"))?;
        if !root.is_dir() {
            bail!("`{shown}` is no folder");
        }
        let has = |name: &str| root.join(name).symlink_metadata().is_ok();
        let above = || root.ancestors().skip(1).any(|folder| folder.join(".git").exists());
        let repository = if !has(".git") && above() { Repository::Above } else { Repository::Here };
        let mut project = Project { root: root.clone(), kind: Kind::Other, repository };
        project.kind = if has("package.json") {
            project.manager()?
        } else if has("Cargo.toml") {
            Kind::Cargo
        } else if has("pyproject.toml") || has("setup.py") {
            Kind::Python
        } else {
            Kind::Other
        };
        Ok(project)
    }

    /// The package manager: what package.json says, or whose lock file lies there or in a folder above.
    fn manager(&self) -> Result<Kind> {
        let package = match self.read("package.json")? {
            Existing::File(bytes) => Package::read(&bytes),
            _ => None,
        };
        let named = package.and_then(|package| package.manager).unwrap_or_default();
        match named.split_once('@').unwrap_or((&named, "")) {
            ("pnpm", _) => return Ok(Kind::Pnpm),
            ("yarn", version) if version.starts_with("1.") => return Ok(Kind::Classic),
            ("yarn", _) => return Ok(Kind::Berry),
            ("bun", _) => return Ok(Kind::Bun),
            ("npm", _) => return Ok(Kind::Npm),
            _ => {}
        }
        let has = |folder: &Path, name: &str| folder.join(name).is_file();
        for folder in self.root.ancestors() {
            if has(folder, "pnpm-lock.yaml") {
                return Ok(Kind::Pnpm);
            }
            if has(folder, "yarn.lock") {
                return Ok(if has(folder, ".yarnrc.yml") { Kind::Berry } else { Kind::Classic });
            }
            if has(folder, "bun.lock") || has(folder, "bun.lockb") {
                return Ok(Kind::Bun);
            }
            // The lock file of a folder above the repository is somebody else's.
            if has(folder, "package-lock.json") || folder.join(".git").exists() {
                break;
            }
        }
        Ok(Kind::Npm)
    }

    /// The place of a file, by its name from the root with `/`.
    pub fn path(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.root.clone(), |path, part| path.join(part))
    }

    /// What lies there. Links are not followed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Existing> {
        let mut path = self.root.clone();
        for part in name.split('/') {
            path.push(part);
            match path.symlink_metadata() {
                Ok(there) if there.is_symlink() => return Ok(Existing::Odd("lies behind a link".to_owned())),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Existing::Nothing),
                Err(error) => return Err(error).with_context(|| format!("{name} cannot be read")),
            }
        }
        let about = path.symlink_metadata().with_context(|| format!("{name} cannot be read"))?;
        if !about.is_file() {
            return Ok(Existing::Odd("is no file".to_owned()));
        }
        if about.len() > LARGEST {
            return Ok(Existing::Odd("is too large to be edited".to_owned()));
        }
        let bytes = open::read(&path, about.len()).with_context(|| format!("{name} cannot be read"))?;
        Ok(Existing::File(bytes))
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Whether a remote of the repository lies on this host.
    fn remote(&self, host: &str) -> bool {
        match self.read(".git/config") {
            Ok(Existing::File(bytes)) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.lines().any(|line| line.trim_start().starts_with("url") && line.contains(host))
            }
            _ => false,
        }
    }

    /// What fits the project.
    pub fn parts(&self) -> Vec<InitPart> {
        let mut parts = Vec::new();
        if self.has("package.json") {
            parts.push(InitPart::Hook);
        }
        parts.push(InitPart::Policy);
        if self.repository == Repository::Above {
            return parts;
        }
        let github = self.has(".github") || self.remote("github");
        let gitlab = self.has(".gitlab-ci.yml") || self.remote("gitlab");
        if github {
            parts.push(InitPart::Github);
        }
        if gitlab {
            parts.push(InitPart::Gitlab);
        }
        if !github && !gitlab {
            parts.push(InitPart::Shell);
        }
        if self.has(".pre-commit-config.yaml") {
            parts.push(InitPart::PreCommit);
        }
        parts
    }

    /// What the user should know besides.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.repository == Repository::Above {
            notes.push("note: CI jobs belong to the root of the repository: run `lastlook init` there".to_owned());
        }
        match self.kind {
            Kind::Cargo => {
                notes.push("note: cargo has no hook: publish with `lastlook guard -- cargo publish`".to_owned())
            }
            Kind::Python => {
                notes.push("note: Python has no hook: publish with `lastlook guard -- twine upload dist/*`".to_owned());
            }
            _ => {}
        }
        notes
    }
}
