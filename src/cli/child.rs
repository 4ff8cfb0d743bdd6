//! Commands that lastlook runs: where their output goes, and how they end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::signals;

/// The variable that tells a lastlook which is run by a command of another lastlook that the other one looks at the
/// package already. It holds the private folder of the other one, and counts only while that folder is there.
pub const MARK: &str = "LASTLOOK_WITHIN";
/// The file in that folder which says so.
pub const MARK_FILE: &str = "lastlook-is-looking";

/// A command, as `words` name it.
pub struct Child<'c> {
    /// The program and its words.
    pub words: Vec<OsString>,
    /// Where it runs.
    pub folder: &'c Path,
    /// The private folder of this run.
    pub scratch: &'c Path,
}

/// Where the standard output of a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Where lastlook's own goes: it is the command that the user gave.
    Same,
    /// To standard error: programs that read the output of the user's command must not see it.
    Aside,
}

impl Child<'_> {
    /// The command in one line, for messages.
    pub fn shown(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn command(&self) -> io::Result<Command> {
        let (program, words) = self.words.split_first().ok_or_else(|| io::Error::other("there is no program"))?;
        let mut command = Command::new(resolve(program));
        command.args(words).current_dir(self.folder).env(MARK, self.scratch);
        Ok(command)
    }

    /// Runs it to its end, at the user's terminal.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, output: Output) -> io::Result<ExitStatus> {
        let mut command = self.command()?;
        if output == Output::Aside {
            command.stdout(Stdio::from(io::stderr()));
        }
        let mut child = signals::watched(|| command.spawn())?;
        let ended = child.wait();
        signals::over();
        ended
    }

    /// Runs it to its end without input, and gives what it writes to standard output.
    ///
    /// # Errors
    /// When it cannot be started, or fails: then with the end of what it wrote to standard error.
    pub fn ask(&self) -> Result<Vec<u8>, String> {
        let output = self.command().and_then(|mut command| command.stdin(Stdio::null()).output());
        let output = output.map_err(|error| format!("`{}` cannot be run: {error}", self.shown()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(3)..].join("; ");
        Err(format!("`{}` failed: {last}", self.shown()))
    }
}

/// The exit code that stands for how a command ended: its own, or on Unix 128 and the signal that ended it.
pub fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    match status.code() {
        Some(0) => 0,
        // Windows has codes that are larger than this system of ours: a failure must stay one.
        Some(code) => u8::try_from(code).unwrap_or(1).max(1),
        None => 1,
    }
}

/// The program that a name stands for. Windows finds only `.exe` by itself; npm and its like are `.cmd` files.
fn resolve(program: &OsStr) -> PathBuf {
    let plain = PathBuf::from(program);
    if !cfg!(windows) || plain.components().count() > 1 || plain.extension().is_some() {
        return plain;
    }
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let endings = ["exe", "cmd", "bat"];
    let mut candidates =
        folders.iter().flat_map(|folder| endings.map(|ending| folder.join(&plain).with_extension(ending)));
    candidates.find(|candidate| candidate.is_file()).unwrap_or(plain)
}
