//! What is left behind where lastlook is ended in the middle of its work: nothing, and what a killed one has left goes
//! later.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

/// A chart whose tool says that it has begun to pack, and takes these seconds for it.
fn slow(seconds: u32) -> TempDir {
    let bench = tempfile::tempdir().unwrap();
    let at = |name: &str| bench.path().join(name);
    for folder in ["project", "bin", "tmp"] {
        fs::create_dir(at(folder)).unwrap();
    }
    fs::write(at("project/Chart.yaml"), "name: tide\nversion: 1.0.0\n").unwrap();
    let packs = "PATH=/usr/bin:/bin\necho 'MODE=1' > \"$4/.env\"\ntouch ../started";
    let script = format!("#!/bin/sh\n{packs}\nexec sleep {seconds}\n");
    fs::write(at("bin/helm"), script).unwrap();
    fs::set_permissions(at("bin/helm"), fs::Permissions::from_mode(0o755)).unwrap();
    bench
}

fn lastlook(bench: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lastlook"));
    command
        .args(args)
        .current_dir(bench.join("project"))
        .env("PATH", bench.join("bin"))
        .env("TMPDIR", bench.join("tmp"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The folders in the system's folder for temporary files.
fn left(bench: &Path) -> Vec<String> {
    let entries = fs::read_dir(bench.join("tmp")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn once_started(bench: &Path, mut command: Command) -> Child {
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !bench.join("started").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the tool was never started");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_ends_it_and_takes_its_folders_along() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        for args in [["check", "--no-config"], ["targets", "--no-config"], ["sources", "--no-config"]] {
            let bench = slow(10);
            let mut child = once_started(bench.path(), lastlook(bench.path(), &args));
            assert_eq!(left(bench.path()).len(), 1, "there is a folder while the tool packs");
            let begun = Instant::now();
            signal(&child, name);
            assert_eq!(child.wait().unwrap().code(), Some(code), "{name} {args:?}");
            assert!(begun.elapsed() < Duration::from_secs(8), "it does not wait for the tool");
            assert_eq!(left(bench.path()), Vec::<String>::new(), "{name} {args:?}");
        }
    }
}

#[test]
fn a_signal_that_is_to_be_ignored_is() {
    let bench = slow(1);
    let mut command = lastlook(bench.path(), &[]);
    let program = env!("CARGO_BIN_EXE_lastlook");
    let ignoring = Command::new("/bin/sh");
    let envs: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    command = ignoring;
    command.args(["-c", "trap '' HUP; exec \"$0\" check --no-config", program]).envs(envs);
    command.current_dir(bench.path().join("project")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = once_started(bench.path(), command);
    signal(&child, "HUP");
    // The .env that the tool has packed blocks: it was looked at.
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(left(bench.path()), Vec::<String>::new());
}

#[test]
fn what_a_killed_one_has_left_goes_after_a_day() {
    let bench = slow(10);
    let mut child = once_started(bench.path(), lastlook(bench.path(), &["check", "--no-config"]));
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let killed = left(bench.path());
    assert_eq!(killed.len(), 1, "nothing can be done about that at once");
    let tmp = bench.path().join("tmp");
    let (dead, alive) = (child.id(), std::process::id());
    let others = [
        format!("lastlook-{alive}-0123456789abcdef"),
        format!("lastlook-{dead}-0123456789abcdef"),
        format!("lastlook-{dead}-notes"),
        format!("mine-{dead}-0123456789abcdef"),
    ];
    for name in &others {
        fs::create_dir(tmp.join(name)).unwrap();
        fs::set_permissions(tmp.join(name), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(tmp.join(name).join("kept"), "kept").unwrap();
    }
    // Whatever others may read was not made by us.
    fs::set_permissions(tmp.join(&others[1]), fs::Permissions::from_mode(0o755)).unwrap();
    symlink(tmp.join(&others[3]), tmp.join(format!("lastlook-{dead}-fedcba9876543210"))).unwrap();
    let look = || {
        fs::write(bench.path().join("bin/helm"), "#!/bin/sh\necho 'a: 1' > \"$4/values.yaml\"\n").unwrap();
        lastlook(bench.path(), &["check", "--no-config"]).status().unwrap()
    };
    assert_eq!(look().code(), Some(0));
    assert_eq!(left(bench.path()).len(), 6, "one of today stays");
    for name in others.iter().chain(&killed) {
        let then = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
        File::open(tmp.join(name)).unwrap().set_modified(then).unwrap();
    }
    assert_eq!(look().code(), Some(0));
    let now = left(bench.path());
    assert_eq!(now.len(), 5, "{now:?}");
    assert!(!now.contains(&killed[0]) && others.iter().all(|name| now.contains(name)), "{now:?}");
    assert!(others.iter().all(|name| tmp.join(name).join("kept").exists()));
}
