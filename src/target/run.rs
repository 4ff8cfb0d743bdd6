//! Running the tools that publish: found by absolute path, with no input, a time limit, and bounded answers.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Refusal, Scripts, Surroundings};

/// Most bytes of an answer; a list of a million files has fewer.
const ANSWER: u64 = 64 << 20;
/// How many bytes at the end of what a tool complains about are kept.
const COMPLAINT: usize = 8 << 10;
/// How often a program is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(3);
/// How long the output of a program that has ended is waited for.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// What would make a tool do other things than it was asked for: what an npm around us hands to its scripts.
const FORGOTTEN: [&str; 9] = [
    "npm_config_workspace",
    "npm_config_workspaces",
    "npm_config_include_workspace_root",
    "npm_config_json",
    "npm_config_dry_run",
    "npm_config_pack_destination",
    "npm_config_prefix",
    "npm_config_local_prefix",
    "npm_config_loglevel",
];

/// What keeps tools from the network, from looking for newer versions of themselves, and from colours.
const SET: [(&str, &str); 12] = [
    ("COREPACK_ENABLE_NETWORK", "0"),
    ("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0"),
    ("COREPACK_ENABLE_STRICT", "0"),
    ("NO_UPDATE_NOTIFIER", "1"),
    ("NO_COLOR", "1"),
    ("npm_config_update_notifier", "false"),
    ("npm_config_offline", "true"),
    ("npm_config_manage_package_manager_versions", "false"),
    ("YARN_ENABLE_NETWORK", "0"),
    ("YARN_ENABLE_TELEMETRY", "0"),
    ("CARGO_NET_OFFLINE", "true"),
    ("PIP_NO_INDEX", "1"),
];

/// A question to a tool.
pub struct Ask<'s> {
    around: &'s Surroundings,
    name: String,
    command: Command,
    with_scripts: bool,
}

/// What a tool answered, having ended well.
#[derive(Debug)]
pub struct Answer {
    name: String,
    said: Result<String, String>,
}

impl Answer {
    /// Its standard output, from the first byte to the last.
    ///
    /// # Errors
    /// When a program that it left behind still holds the output, so that more may come, and when it is not UTF-8: what is
    /// missing in a list of files would not be looked at.
    pub fn text(&self) -> Result<&str, Refusal> {
        self.said.as_deref().map_err(|reason| Refusal::failed(&self.name, reason))
    }
}

impl<'s> Ask<'s> {
    /// A question to the tool called `name`, in this folder.
    ///
    /// # Errors
    /// When the tool is not installed.
    pub fn tool(around: &'s Surroundings, name: &str, folder: &Path) -> Result<Self, Refusal> {
        let program = around.find(name).ok_or_else(|| Refusal::missing(name))?;
        Ok(Ask::program(around, name, &program, folder))
    }

    /// A question to this very program, which messages call `name`.
    pub fn program(around: &'s Surroundings, name: &str, program: &Path, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in FORGOTTEN {
            command.env_remove(name);
        }
        Ask { around, name: name.to_owned(), command, with_scripts: false }
    }

    /// With this argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// With these arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// With this variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The project's scripts run with it: it may use the network, take its time, and is seen at work.
    #[must_use]
    pub fn scripts(mut self, scripts: Scripts) -> Self {
        self.with_scripts = scripts == Scripts::Run;
        self
    }

    /// Has it pack into the folder `into`, and answers the files that it made there.
    ///
    /// # Errors
    /// As [`Ask::answer`], and when the folder cannot be listed.
    pub fn packs(self, scripts: Scripts, into: &Path) -> Result<Vec<PathBuf>, Refusal> {
        self.scripts(scripts).answer()?;
        made_in(into)
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started, fails, takes too long, or says too much.
    pub fn answer(mut self) -> Result<Answer, Refusal> {
        if self.with_scripts {
            self.command.stderr(Stdio::inherit());
        } else {
            self.command.envs(SET);
        }
        self.command.envs(self.around.env.iter().map(|(name, value)| (name, value)));
        let failed = |reason: String| Refusal::failed(&self.name, &reason);
        let mut child = self.command.spawn().map_err(|error| failed(format!("cannot be started: {error}")))?;
        let limit = if self.with_scripts { self.around.script_limit } else { self.around.limit };
        let said = listen(&mut child, Instant::now() + limit);
        let (status, out, err) = match said {
            Ok(said) => said,
            Err(reason) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(reason));
            }
        };
        if status.success() {
            return Ok(Answer { name: self.name, said: out.text() });
        }
        let last = last_words(&err.readable(), &out.readable());
        let code =
            status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("exited with {code}"));
        Err(failed(if last.is_empty() { code } else { format!("{code}: {last}") }))
    }
}

/// The files in a folder that a tool was told to pack into, in order.
fn made_in(folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let failed = |error| Refusal::new(format!("what was packed cannot be listed: {error}"));
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut made = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    made.retain(|path| path.is_file());
    made.sort();
    Ok(made)
}

/// Reads what the program says until it ends: its standard output, and the end of its complaints.
fn listen(child: &mut Child, deadline: Instant) -> Result<(ExitStatus, Heard, Heard), String> {
    let out = Pipe::read(child.stdout.take(), usize::MAX);
    let err = Pipe::read(child.stderr.take(), COMPLAINT);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if out.lock().too_much => return Err(too_much()),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) => return Err("took too long".to_owned()),
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    };
    Ok((status, out.heard()?, err.heard()?))
}

fn too_much() -> String {
    format!("said more than {} MiB", ANSWER >> 20)
}

/// What a program writes, read on a thread of its own.
struct Pipe {
    said: Arc<Mutex<Said>>,
    end: Receiver<()>,
}

#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    too_much: bool,
}

impl Pipe {
    /// Reads to the end, and keeps the last `keep` bytes.
    fn read(pipe: Option<impl Read + Send + 'static>, keep: usize) -> Self {
        let said = Arc::new(Mutex::new(Said::default()));
        let (sender, end) = mpsc::channel();
        let writer = Pipe { said: Arc::clone(&said), end: mpsc::channel().1 };
        std::thread::spawn(move || {
            let mut piece = [0; 16 << 10];
            let mut pipe = pipe;
            while let Some(Ok(read @ 1..)) = pipe.as_mut().map(|pipe| pipe.read(&mut piece)) {
                let mut said = writer.lock();
                said.bytes.extend_from_slice(&piece[..read]);
                let length = said.bytes.len();
                if length / 2 > keep {
                    said.bytes.drain(..length - keep);
                }
                if length as u64 > ANSWER {
                    said.too_much = true;
                    break;
                }
            }
            let _ = sender.send(());
        });
        Pipe { said, end }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What was said until now. A program that was left behind may hold the other end for ever: it is not waited for.
    fn heard(self) -> Result<Heard, String> {
        let whole = self.end.recv_timeout(LEFT_BEHIND).is_ok();
        let mut said = self.lock();
        if said.too_much {
            return Err(too_much());
        }
        Ok(Heard { bytes: std::mem::take(&mut said.bytes), whole })
    }
}

/// What was heard of a program, and whether that is everything.
struct Heard {
    bytes: Vec<u8>,
    whole: bool,
}

impl Heard {
    fn text(self) -> Result<String, String> {
        if !self.whole {
            return Err("left a program behind that may still answer".to_owned());
        }
        String::from_utf8(self.bytes).map_err(|_| "answered something that is not UTF-8".to_owned())
    }

    /// As much as can be read, for messages.
    fn readable(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The line that says most about a failure: the first that looks like an error, or else the last one.
fn last_words(complaint: &str, text: &str) -> String {
    let lines = || complaint.lines().chain(text.lines()).map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| {
        let lower = line.to_lowercase();
        lower.contains("error") && !lower.starts_with("npm error code") && !lower.contains("complete log")
    };
    let line = lines().find(is_error).or_else(|| lines().next_back()).unwrap_or_default();
    line.chars().take(300).collect()
}

/// The program called `name` in these folders. Folders that are not absolute are passed over: the folder that is looked
/// at must not bring its own tools.
pub fn find(name: &str, folders: &OsStr, extensions: &[String]) -> Option<PathBuf> {
    std::env::split_paths(folders)
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| in_folder(&folder, name, extensions))
}

/// The program called `name` in this folder, under the names that the system gives to programs.
pub fn in_folder(folder: &Path, name: &str, extensions: &[String]) -> Option<PathBuf> {
    let names = extensions.iter().map(|extension| format!("{name}{extension}"));
    let mut paths = names.map(|name| folder.join(name));
    paths.find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The endings of programs: none on Unix; on Windows those that can be started, scripts after programs.
#[must_use]
pub fn extensions() -> Vec<String> {
    let all: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    all.iter().map(|extension| (*extension).to_owned()).collect()
}

/// A path as an argument.
pub fn argument(before: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(before);
    argument.push(path);
    argument
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::testing;
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings { limit, ..testing::surroundings(folder.path()) };
        let shell = Path::new("/bin/sh");
        let answer = Ask::program(&around, "tool", shell, folder.path()).args(["-c", script]).answer();
        answer.and_then(|answer| answer.text().map(str::to_owned)).map_err(|refusal| refusal.to_string())
    }

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn what_a_tool_says_is_its_answer_and_what_it_complains_about_its_reason() {
        assert_eq!(sh("echo yes; echo no >&2", SOON).unwrap(), "yes\n");
        let reason = sh("echo 'npm error code E1' >&2; echo 'npm error it is broken' >&2; echo bye >&2; exit 7", SOON);
        assert_eq!(reason.unwrap_err(), "`tool` exited with 7: npm error it is broken");
        assert_eq!(sh("exit 3", SOON).unwrap_err(), "`tool` exited with 3");
        // It cannot wait for an answer of ours.
        assert_eq!(sh("read line; echo end", SOON).unwrap(), "end\n");
    }

    #[test]
    fn a_tool_that_never_ends_or_never_stops_talking_is_ended() {
        let started = Instant::now();
        assert_eq!(sh("exec sleep 60", Duration::from_millis(200)).unwrap_err(), "`tool` took too long");
        // A program that it leaves behind does not keep us either, but might have had more to say.
        let left = sh("sleep 60 & echo done", SOON).unwrap_err();
        assert_eq!(left, "`tool` left a program behind that may still answer");
        assert_eq!(sh("sleep 60 >&2 & echo done", SOON).unwrap(), "done\n", "it holds the complaints only");
        assert!(sh("printf '\\377'", SOON).unwrap_err().contains("not UTF-8"));
        assert!(sh("exec yes", SOON).unwrap_err().contains("said more than 64 MiB"));
        assert!(started.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn the_environment_of_an_npm_around_us_is_not_handed_on() {
        let said = sh("echo \"[$npm_config_dry_run]$npm_config_offline\"", SOON).unwrap();
        assert_eq!(said, "[]true\n");
    }

    #[test]
    fn programs_are_found_in_absolute_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tool"), "#!/bin/sh\n").unwrap();
        let path = |text: &str| find("tool", OsStr::new(text), &extensions());
        assert_eq!(path(folder.path().to_str().unwrap()), None, "nobody may run it");
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path().join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(path(&format!(".::{}", folder.path().display())), Some(folder.path().join("tool")));
        assert_eq!(path(".:"), None);
    }
}
