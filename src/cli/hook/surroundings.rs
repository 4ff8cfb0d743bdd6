//! Where lastlook runs, told from the environment that package managers give to the scripts of a package.
//!
//! The environment may say anything: what is odd or missing makes a run an ordinary one, never a failure.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The script that a package manager runs, as far as it has to do with publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Before packing, and before what `prepack` and `prepare` build.
    PrepublishOnly,
    /// The same in Yarn and pnpm; npm does not run it when it publishes.
    Prepublish,
    /// Before packing.
    Prepack,
    /// Before packing, and after installing.
    Prepare,
    /// After packing.
    Postpack,
    /// After the upload.
    TooLate,
}

/// The package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// npm.
    Npm,
    /// pnpm.
    Pnpm,
    /// Yarn 1.
    Classic,
    /// Yarn 2 and later.
    Berry,
    /// Bun.
    Bun,
}

impl Manager {
    /// The target that it publishes.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Npm => "npm",
            Manager::Pnpm => "pnpm",
            Manager::Classic | Manager::Berry => "yarn",
            Manager::Bun => "bun",
        }
    }
}

/// What runs lastlook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The script.
    pub event: Event,
    /// Its name, as it was given.
    pub name: String,
    /// Who runs it.
    pub manager: Manager,
    /// What the user has called, where that is said: `publish`, `pack`, `install`.
    pub command: Option<String>,
    /// The folder of the package.
    pub folder: PathBuf,
    /// The name of the package, where it is said.
    pub package: Option<String>,
    /// Its version, where it is said.
    pub version: Option<String>,
    /// The integrity of the archive that is about to be uploaded, where it is said.
    pub integrity: Option<String>,
    /// The script that is the package manager.
    pub program: Option<PathBuf>,
    /// Node.js.
    pub node: Option<PathBuf>,
}

/// Recognises a hook from the variables that `var` reads, when lastlook was started in `here` without a word on what to
/// look at.
pub fn recognise(var: impl Fn(&str) -> Option<OsString>, here: &Path) -> Option<Hook> {
    let text = |name: &str| var(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
    let name = text("npm_lifecycle_event")?;
    let event = match name.as_str() {
        "prepublishOnly" => Event::PrepublishOnly,
        "prepublish" => Event::Prepublish,
        "prepack" => Event::Prepack,
        "prepare" => Event::Prepare,
        "postpack" => Event::Postpack,
        "publish" | "postpublish" => Event::TooLate,
        _ => return None,
    };
    let agent = text("npm_config_user_agent").unwrap_or_default();
    let manager = match agent.split_once('/').unwrap_or((&agent, "")) {
        ("pnpm", _) => Manager::Pnpm,
        ("yarn", version) if version.starts_with("1.") || version.starts_with("0.") => Manager::Classic,
        ("yarn", _) => Manager::Berry,
        ("bun", _) => Manager::Bun,
        _ => Manager::Npm,
    };
    // A script that has changed into another folder asks about that folder.
    let folder = match var("npm_package_json") {
        Some(manifest) => Path::new(&manifest).parent()?.to_owned(),
        None => here.to_owned(),
    };
    if folder.canonicalize().ok()? != here.canonicalize().ok()? || !folder.join("package.json").is_file() {
        return None;
    }
    // A script called `publish` may be run by its name, as any other.
    let command = text("npm_command").or_else(|| text("npm_config_argv").and_then(|argv| first_word(&argv)));
    if event == Event::TooLate && command.as_deref() != Some("publish") {
        return None;
    }
    let file = |name: &str| var(name).map(PathBuf::from).filter(|path| path.is_file());
    Some(Hook {
        event,
        name,
        manager,
        command,
        folder,
        package: text("npm_package_name"),
        version: text("npm_package_version"),
        integrity: text("npm_package_integrity").filter(|value| value.starts_with("sha512-")),
        program: file("npm_execpath"),
        node: file("npm_node_execpath"),
    })
}

/// The command in what the classic Yarn says of its words: `{"cooked":["publish"],…}`.
fn first_word(argv: &str) -> Option<String> {
    let argv: serde_json::Value = serde_json::from_str(argv).ok()?;
    Some(argv.get("cooked")?.get(0)?.as_str()?.to_owned())
}

impl Hook {
    /// Whether the package is being installed, and nothing is published or packed.
    pub fn installs(&self) -> bool {
        let command = self.command.as_deref();
        let publishes = |command: &str| matches!(command, "publish" | "pack");
        matches!(self.event, Event::Prepare | Event::Prepublish) && command.is_some_and(|command| !publishes(command))
    }

    /// What passes this hook by, in a sentence.
    pub fn passed_by(&self) -> &'static str {
        match self.event {
            Event::PrepublishOnly => {
                "`yarn npm publish` does not run prepublishOnly, what prepack and prepare build is not there yet, and \
                 --ignore-scripts or publishing a ready archive runs no hook at all"
            }
            Event::Prepublish => "npm does not run prepublish, and --ignore-scripts runs no hook at all",
            Event::Prepack => {
                "what prepare builds is not there yet, and --ignore-scripts or publishing a ready archive runs no hook at all"
            }
            Event::Prepare => "yarn does not run prepare when it packs, and --ignore-scripts runs no hook at all",
            Event::Postpack => {
                "`yarn npm publish` runs postpack after the upload, and --ignore-scripts or publishing a ready archive runs no \
                 hook at all"
            }
            Event::TooLate => "this script runs after the upload: move lastlook to prepublishOnly or postpack",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Option<Hook> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        let manifest = folder.path().join("package.json").to_string_lossy().into_owned();
        let var = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value.replace("HERE", manifest.trim_end_matches("/package.json"))))
        };
        recognise(var, folder.path())
    }

    const NPM: (&str, &str) = ("npm_config_user_agent", "npm/11.21.2 node/v20.20.2 linux x64 workspaces/false");

    #[test]
    fn every_manager_is_told_by_what_it_says_of_itself() {
        for (agent, manager) in [
            (NPM.1, Manager::Npm),
            ("pnpm/10.34.9 npm/? node/v20.20.2 linux x64", Manager::Pnpm),
            ("yarn/1.22.22 npm/? node/v20.20.2 linux x64", Manager::Classic),
            ("yarn/4.18.1 npm/? node/v20.20.2 linux x64", Manager::Berry),
            ("bun/1.4.5 npm/? node/v26.3.0 linux x64", Manager::Bun),
            ("", Manager::Npm),
            ("/////", Manager::Npm),
        ] {
            let hook = with(&[("npm_lifecycle_event", "prepack"), ("npm_config_user_agent", agent)]).unwrap();
            assert_eq!(hook.manager, manager, "{agent}");
        }
    }

    #[test]
    fn scripts_that_publish_nothing_are_no_hooks() {
        assert_eq!(with(&[]), None);
        for event in ["test", "lint", "", "prepublishonly"] {
            assert_eq!(with(&[("npm_lifecycle_event", event), NPM]), None, "{event}");
        }
        // `npm run publish` runs a script of the project, whatever it does.
        assert_eq!(with(&[("npm_lifecycle_event", "publish"), ("npm_command", "run-script")]), None);
        let late = with(&[("npm_lifecycle_event", "publish"), ("npm_command", "publish")]).unwrap();
        assert_eq!(late.event, Event::TooLate);
    }

    #[test]
    fn a_script_that_went_elsewhere_asks_about_that_place() {
        let event = ("npm_lifecycle_event", "postpack");
        assert!(with(&[event, ("npm_package_json", "HERE/package.json")]).is_some());
        assert_eq!(with(&[event, ("npm_package_json", "HERE/dist/package.json")]), None);
        assert_eq!(with(&[event, ("npm_package_json", "/")]), None);
        assert_eq!(with(&[event, ("npm_package_json", "\u{1}\n")]), None);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(recognise(|name| (name == event.0).then(|| event.1.into()), empty.path()), None, "no package");
    }

    #[test]
    fn installing_is_told_from_publishing() {
        let prepare = ("npm_lifecycle_event", "prepare");
        assert!(with(&[prepare, ("npm_command", "install")]).unwrap().installs());
        assert!(with(&[prepare, ("npm_config_argv", r#"{"cooked":["install"]}"#)]).unwrap().installs());
        assert!(!with(&[prepare, ("npm_config_argv", r#"{"cooked":["publish"]}"#)]).unwrap().installs());
        assert!(!with(&[prepare, ("npm_command", "publish")]).unwrap().installs());
        // Where nothing is said, it is looked at.
        assert!(!with(&[prepare]).unwrap().installs());
        assert!(!with(&[prepare, ("npm_config_argv", "{")]).unwrap().installs());
        assert!(!with(&[("npm_lifecycle_event", "prepack"), ("npm_command", "install")]).unwrap().installs());
    }

    #[test]
    fn an_integrity_counts_only_if_it_is_one() {
        let postpack = ("npm_lifecycle_event", "postpack");
        assert_eq!(
            with(&[postpack, ("npm_package_integrity", "sha512-abc")]).unwrap().integrity.unwrap(),
            "sha512-abc"
        );
        assert_eq!(with(&[postpack, ("npm_package_integrity", "?")]).unwrap().integrity, None);
        assert_eq!(with(&[postpack, ("npm_execpath", "/nowhere/npm")]).unwrap().program, None);
    }
}
