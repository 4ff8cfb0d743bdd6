//! Private folders for what is packed, and what tells its files from any others.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(unix)]
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256, Sha512};

use super::child::MARK_FILE;
use super::signals;

/// What the names of our folders begin with. The number of the process follows, then 16 hexadecimal digits.
const NAME: &str = "lastlook-";

/// How many names of a folder are tried.
const NAMES: usize = 16;
/// Age from which on a folder of a process that is gone was left behind.
#[cfg(unix)]
const LEFT: Duration = Duration::from_secs(24 * 60 * 60);

/// The folders that are there, so that a signal can take them along.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a folder that only the user can read, in the system's folder for temporary files. Signals take it along from
/// then on; otherwise it stays until [`remove`].
///
/// # Errors
/// When it cannot be made.
pub fn make() -> io::Result<PathBuf> {
    signals::install()?;
    let base = std::env::temp_dir().canonicalize()?;
    #[cfg(unix)]
    {
        static SWEPT: std::sync::Once = std::sync::Once::new();
        SWEPT.call_once(|| left_behind(&base).iter().for_each(|folder| drop(fs::remove_dir_all(folder))));
    }
    let mut last = io::ErrorKind::AlreadyExists.into();
    // Who is told to remove all of them must know of this one.
    let mut known = folders();
    for _ in 0..NAMES {
        let number = RandomState::new().build_hasher().finish();
        let folder = base.join(format!("{NAME}{}-{number:016x}", std::process::id()));
        // A folder that is there already is somebody else's.
        match private(&folder) {
            Ok(()) => {
                known.insert(folder.clone());
                return Ok(folder);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Removes a folder that [`make`] has made.
pub fn remove(folder: &Path) {
    folders().remove(folder);
    let _ = fs::remove_dir_all(folder);
}

/// Removes all folders. None can be made any more: the process is about to end.
#[cfg(unix)]
pub fn remove_all() {
    let known = folders();
    for folder in known.iter() {
        // A tool that is being ended with us may still write into it.
        let gone = |_: &u32| fs::remove_dir_all(folder).is_ok() || !folder.exists();
        let _ = (0..5).find(|attempt| {
            gone(attempt) || {
                std::thread::sleep(Duration::from_millis(20));
                false
            }
        });
    }
    std::mem::forget(known);
}

/// Folders that a lastlook of this user has left behind, because it was killed: by their names, of processes that are
/// gone, and not touched for a day. Whoever else has a folder of such a name, or a link, keeps it.
#[cfg(unix)]
fn left_behind(base: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    let is_left = |path: &PathBuf| {
        let Some(pid) = path.file_name().and_then(|name| name.to_str()).and_then(process) else { return false };
        let Ok(there) = path.symlink_metadata() else { return false };
        let is_old = there.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > LEFT);
        let is_gone = || rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        there.is_dir() && there.uid() == user && there.mode() & 0o077 == 0 && is_old && is_gone()
    };
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_left).collect()
}

/// The process in the name of a folder, if [`make`] could have given it that name.
#[cfg(unix)]
fn process(name: &str) -> Option<rustix::process::Pid> {
    let (pid, number) = name.strip_prefix(NAME)?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw)?;
    (number.len() == 16 && digits(number)).then_some(pid)
}

/// A folder that only the user can read, and that is gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder, in the system's folder for temporary files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> io::Result<Self> {
        let scratch = Scratch(make()?);
        fs::write(scratch.0.join(MARK_FILE), "")?;
        Ok(scratch)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A new folder in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        private(&path)?;
        Ok(path)
    }
}

/// Makes a folder that nobody else can read, and that was not there.
fn private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(false).create(path)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// What tells the bytes of a file from any others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// SHA-256, as hexadecimal digits.
    pub sha256: String,
    /// SHA-512 as npm and browsers write it: `sha512-…` in base64.
    pub integrity: String,
}

impl Seal {
    /// Reads a file through.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut short, mut long) = (Sha256::new(), Sha512::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            short.update(&buffer[..read]);
            long.update(&buffer[..read]);
        }
        Ok(Seal {
            sha256: HEXLOWER.encode(&short.finalize()),
            integrity: format!("sha512-{}", BASE64.encode(&long.finalize())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_goes_with_everything_in_it() {
        let scratch = Scratch::new().unwrap();
        let inner = scratch.folder("0").unwrap();
        fs::write(inner.join("a"), "abc").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
            assert_eq!(fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert!(scratch.folder("0").is_err(), "it is there already");
        let seal = Seal::of(&inner.join("a")).unwrap();
        assert_eq!(seal.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // FIPS 180-4, the example for one block.
        assert!(seal.integrity.starts_with(
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
        ));
        let path = scratch.path().to_owned();
        drop(scratch);
        assert!(!path.exists());
    }
}
