//! What lies in a folder and is no plain file.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::support::forge::{TOKEN_RULE, token};
use crate::support::{Folder, finds, in_short};
use lastlook::finding::Verdict;

fn leak(seed: u64) -> String {
    format!("key = \"{}\"", token(seed))
}

#[test]
fn links_in_circles_end_and_links_that_leave_are_gaps() {
    let (folder, outside) = (Folder::new(), Folder::with("secret.txt", leak(1).as_bytes()));
    folder.file("a/plain.js", "1");
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink(folder.path().join("a"), folder.path().join("again")).unwrap();
    symlink("self", folder.path().join("self")).unwrap();
    symlink(outside.path(), folder.path().join("out")).unwrap();
    symlink(outside.path().join("secret.txt"), folder.path().join("out.txt")).unwrap();
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    let outcome = folder.scan();
    assert_eq!(outcome.verdict, Verdict::Incomplete, "{}", in_short(&outcome));
    let gaps: Vec<String> = outcome.gaps.iter().map(|gap| gap.path.to_string()).collect();
    for name in ["self", "out", "out.txt", "dangling"] {
        assert!(gaps.iter().any(|gap| gap.ends_with(&format!("/{name}"))), "{name}: {gaps:?}");
    }
    assert_eq!((gaps.len(), outcome.totals.files), (4, 1));
}

#[test]
fn pipes_sockets_and_devices_are_gaps_and_nobody_waits() {
    let folder = Folder::with("plain.js", b"1");
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    symlink("pipe", folder.path().join("link-to-pipe")).unwrap();
    let outcome = folder.scan();
    assert_eq!(outcome.verdict, Verdict::Incomplete, "{}", in_short(&outcome));
    let reasons: Vec<&str> = outcome.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    for word in ["named pipe", "socket"] {
        assert!(reasons.iter().any(|reason| reason.contains(word)), "{reasons:?}");
    }
    // Asked for by name it is no different, and neither is a device.
    for path in [folder.path().join("pipe"), folder.path().join("link-to-pipe"), "/dev/zero".into()] {
        let outcome = crate::support::scanner().scan(&[&path]).unwrap();
        assert_eq!(outcome.verdict, Verdict::Incomplete, "{}: {}", path.display(), in_short(&outcome));
    }
}

#[test]
fn what_may_not_be_read_is_a_gap() {
    let folder = Folder::with("closed.js", leak(2).as_bytes());
    folder.file("folder/inside.js", leak(3));
    let (file, inner) = (folder.path().join("closed.js"), folder.path().join("folder"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0)).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0)).unwrap();
    // Root reads everything.
    let may_read = fs::read(&file).is_ok();
    let outcome = folder.scan();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    match may_read {
        true => assert_eq!(outcome.verdict, Verdict::Blocked, "{}", in_short(&outcome)),
        false => assert_eq!((outcome.verdict, outcome.gaps.len()), (Verdict::Incomplete, 2), "{}", in_short(&outcome)),
    }
}

#[test]
fn a_thousand_folders_deep_is_not_too_deep() {
    let folder = Folder::new();
    let deep = vec!["d"; 1_000].join("/");
    folder.file(&format!("{deep}/leak.js"), leak(4));
    let outcome = folder.scan();
    assert!(finds(&outcome, TOKEN_RULE, "d/leak.js"), "{}", in_short(&outcome));
}

#[test]
fn an_empty_folder_is_not_clear() {
    assert_eq!(Folder::new().scan().verdict, Verdict::Incomplete);
}
