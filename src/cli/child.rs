//! Commands that lastlook runs: where their output goes, how they end, and signals that are passed on to them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

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

pub mod signals {
    //! Signals while a command runs. At a terminal they reach the command by themselves, and lastlook waits for what it
    //! makes of them; sent to lastlook alone, they are passed on.

    use std::io;
    use std::process::Child;

    #[cfg(unix)]
    pub use unix::{install, interrupted, over, watched};

    /// Starts a command that signals are passed on to.
    #[cfg(not(unix))]
    pub fn watched(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        start()
    }
    /// The command has ended.
    #[cfg(not(unix))]
    pub fn over() {}
    /// Begins to pass signals on.
    #[cfg(not(unix))]
    pub fn install() -> io::Result<()> {
        Ok(())
    }
    /// The signal that came, if one did.
    #[cfg(not(unix))]
    pub fn interrupted() -> Option<u8> {
        None
    }

    #[cfg(unix)]
    mod unix {
        use std::io::IsTerminal;
        use std::sync::Mutex;
        use std::sync::atomic::{AtomicI32, Ordering};

        use rustix::process::{Pid, Signal, kill_process};
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        use signal_hook::iterator::Signals;

        use super::{Child, io};

        static CAME: AtomicI32 = AtomicI32::new(0);
        static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

        fn running() -> std::sync::MutexGuard<'static, Option<Pid>> {
            RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        /// Begins to pass signals on. From then on they no longer end lastlook by themselves.
        ///
        /// # Errors
        /// When the system refuses.
        pub fn install() -> io::Result<()> {
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
            std::thread::spawn(move || {
                for signal in signals.forever() {
                    CAME.store(signal, Ordering::SeqCst);
                    // A terminal sends these to every process at it, so that the command has them already.
                    let by_terminal = matches!(signal, SIGINT | SIGQUIT) && io::stdin().is_terminal();
                    let signal = match signal {
                        SIGINT => Signal::INT,
                        SIGTERM => Signal::TERM,
                        SIGHUP => Signal::HUP,
                        _ => Signal::QUIT,
                    };
                    if let Some(pid) = running().filter(|_| !by_terminal) {
                        let _ = kill_process(pid, signal);
                    }
                }
            });
            Ok(())
        }

        /// Starts a command that signals are passed on to.
        ///
        /// # Errors
        /// When it cannot be started.
        pub fn watched(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
            let mut running = running();
            let child = start()?;
            *running = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            Ok(child)
        }

        /// The command has ended.
        pub fn over() {
            *running() = None;
        }

        /// The signal that came, if one did.
        pub fn interrupted() -> Option<u8> {
            u8::try_from(CAME.load(Ordering::SeqCst)).ok().filter(|signal| *signal > 0)
        }
    }
}
