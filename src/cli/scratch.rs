//! A private folder for what is packed, and what tells its files from any others.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256, Sha512};

use super::child::MARK_FILE;

/// A folder that only the user can read, and that is gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder, in the system's folder for temporary files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> io::Result<Self> {
        let base = std::env::temp_dir().canonicalize()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut last = io::Error::other("no name is free for a new folder");
        for attempt in 0..100u32 {
            let name = format!("lastlook-{}-{:x}", std::process::id(), since.as_nanos().wrapping_add(attempt.into()));
            let path = base.join(name);
            match private(&path) {
                Ok(()) => {
                    let scratch = Scratch(path);
                    fs::write(scratch.0.join(MARK_FILE), "")?;
                    return Ok(scratch);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
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
        let _ = fs::remove_dir_all(&self.0);
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
