//! What hostile input may cost: 2 seconds and 200 MB on a release build, half of that where it is a model.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bombs::{BOMBS, Size};
use crate::models::MODELS;
use crate::support::Folder;

const TIME: Duration = Duration::from_secs(2);
const MEMORY: u64 = 200_000;
/// After this a run is ended and counts as a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// The release binary: `LASTLOOK_BIN`, or the one that `cargo build --release` makes.
fn binary() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/lastlook");
    std::env::var_os("LASTLOOK_BIN").map_or_else(built, PathBuf::from)
}

/// Runs the binary on a folder; answers how long it took, its largest memory in kB, and its exit code.
fn measure(folder: &Path) -> (Duration, u64, Option<i32>) {
    let started = Instant::now();
    let mut child = Command::new(binary())
        .args(["--no-config", "--no-progress", "--report", "json"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the release binary is built: cargo build --release");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        // Gone in between: the largest value stays the last one seen. A bomb that swells does so for longer than this.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let memory = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(memory.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (started.elapsed(), most, status.code());
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return (started.elapsed(), most, None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[ignore = "measures a release build"]
fn every_bomb_costs_at_most_two_seconds_and_200_mb() {
    let only = std::env::var("LASTLOOK_BOMB").unwrap_or_default();
    let mut wrong = Vec::new();
    let all = BOMBS.iter().map(|bomb| (bomb, 1)).chain(MODELS.iter().map(|bomb| (bomb, 2)));
    for (bomb, share) in all.filter(|(bomb, _)| bomb.name.contains(&only)) {
        let bytes = (bomb.bytes)(Size::Full);
        let folder = Folder::with(bomb.name, &bytes);
        let (time, memory, code) = measure(folder.path());
        // Mapped pages of the file itself are the system's to take back at any time.
        let own = memory.saturating_sub(bytes.len() as u64 / 1024);
        let line = format!("{:24} {:>10} bytes {time:>8.2?} {memory:>8} kB, exit {code:?}", bomb.name, bytes.len());
        println!("{line}");
        if time > TIME / share || own > MEMORY / u64::from(share) || code.is_none_or(|code| !(0..=3).contains(&code)) {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
