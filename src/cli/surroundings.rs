//! What the library cannot know: where programs are, who runs us, and where there is room for temporary files.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use lastlook::target::{self, Surroundings, TARGETS, Tool};

use super::scratch;

/// How long a tool may take to say what it would publish. Packing a large project takes seconds.
const LIMIT: Duration = Duration::from_secs(120);
/// How long it may take where the project's scripts run, or the project is built.
const SCRIPT_LIMIT: Duration = Duration::from_secs(3600);

/// What `--target` says.
#[derive(Clone, Copy)]
pub enum TargetArg {
    /// Whatever a folder is.
    Auto,
    /// Everything in it.
    Folder,
    /// What this tool publishes of it.
    Tool(&'static dyn Tool),
}

impl std::fmt::Debug for TargetArg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TargetArg::Auto => "auto",
            TargetArg::Folder => "folder",
            TargetArg::Tool(tool) => tool.name(),
        })
    }
}

impl FromStr for TargetArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(TargetArg::Auto),
            "folder" => Ok(TargetArg::Folder),
            _ => target::tool(text).map(TargetArg::Tool).ok_or_else(|| {
                let names: Vec<&str> = TARGETS.iter().map(|tool| tool.name()).collect();
                format!("there is no target `{text}`; known: auto, folder, {}", names.join(", "))
            }),
        }
    }
}

/// The help of `--target`.
pub fn target_help() -> String {
    let mut help = String::from(
        "What folders are. With `auto`, the default, a folder that is a package is looked at as the tool that publishes it \
         would pack it, and anything else whole. `folder` looks at everything and asks nobody: choose it for folders of \
         others, because asking a tool in a folder trusts the folder as much as publishing from it does. Where a tool \
         cannot answer, everything in the folder is looked at, and a remark says so (docs/targets.md).\n\nThe tools: ",
    );
    let names: Vec<&str> = lastlook::target::TARGETS.iter().map(|tool| tool.name()).collect();
    help.push_str(&names.join(", "));
    help
}

/// Our surroundings. What is made in them is gone when they are dropped.
pub fn surroundings(build: bool) -> Surroundings {
    let made = Made::default();
    Surroundings {
        path: std::env::var_os("PATH").unwrap_or_default(),
        extensions: target::extensions(),
        npm: std::env::var_os("npm_execpath").map(PathBuf::from).filter(|script| script.is_absolute()),
        limit: LIMIT,
        script_limit: SCRIPT_LIMIT,
        env: Vec::new(),
        build,
        scratch: Box::new(move |files| {
            let folder = made.folder()?;
            files.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))?;
            Ok(folder)
        }),
    }
}

/// Folders that go when this does.
#[derive(Default)]
struct Made(Mutex<Vec<PathBuf>>);

impl Made {
    fn folder(&self) -> io::Result<PathBuf> {
        let folder = scratch::make()?;
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(folder.clone());
        Ok(folder)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let made = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        made.iter().for_each(|folder| scratch::remove(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_folders_are_our_own_and_go_with_us() {
        let around = surroundings(false);
        let folders = [around.scratch().unwrap(), around.scratch_with(&[("a", "text")]).unwrap()];
        assert_eq!(std::fs::read_to_string(folders[1].join("a")).unwrap(), "text");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&folders[0]).unwrap().permissions().mode() & 0o777, 0o700);
        }
        drop(around);
        assert!(folders.iter().all(|folder| !folder.exists()));
    }

    #[test]
    fn a_target_is_auto_folder_or_a_tool() {
        assert!(matches!("auto".parse(), Ok(TargetArg::Auto)));
        assert_eq!(format!("{:?}", "npm".parse::<TargetArg>().unwrap()), "npm");
        assert!(
            "nmp"
                .parse::<TargetArg>()
                .unwrap_err()
                .starts_with("there is no target `nmp`; known: auto, folder, npm, pnpm")
        );
    }
}
