//! Folders and surroundings for the tests of tools, and programs that answer what tools were seen to answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Surroundings, run};

/// Surroundings whose programs lie in `folder/bin`, before those that everybody has.
pub(super) fn surroundings(folder: &Path) -> Surroundings {
    let folder = folder.to_owned();
    let number = AtomicUsize::new(0);
    let programs = [folder.join("bin"), "/bin".into(), "/usr/bin".into()];
    Surroundings {
        path: std::env::join_paths(&programs[..1]).unwrap(),
        extensions: run::extensions(),
        npm: None,
        limit: Duration::from_secs(60),
        script_limit: Duration::from_secs(60),
        env: vec![("PATH".into(), std::env::join_paths(programs).unwrap())],
        build: false,
        scratch: Box::new(move |files| {
            let path = folder.join(format!("scratch-{}", number.fetch_add(1, Ordering::Relaxed)));
            fs::create_dir_all(&path)?;
            files.iter().try_for_each(|(name, text)| fs::write(path.join(name), text))?;
            Ok(path)
        }),
    }
}

/// A folder with a project, and programs that answer.
pub(super) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path().join("bin")).unwrap();
        fs::create_dir(bench.project()).unwrap();
        files.iter().for_each(|(name, text)| bench.file(name, text));
        bench
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The folder of the project.
    pub(super) fn project(&self) -> PathBuf {
        self.path().join("project")
    }

    pub(super) fn file(&self, name: &str, text: &str) {
        let path = self.project().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts a shell script where the tool would be.
    #[cfg(unix)]
    pub(super) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn around(&self) -> Surroundings {
        surroundings(&self.path())
    }
}
