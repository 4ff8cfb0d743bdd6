//! Charts, by the real helm.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::workshop::{Files, Server, digest, guard, helm, lastlook, looked, succeed, tarred, with, write};

fn chart() -> TempDir {
    let home = TempDir::new().unwrap();
    succeed(with(helm(), "helm").args(["create", "tide"]).current_dir(home.path()));
    let folder = home.path().join("tide");
    write(&folder, "values/ebb and flöd.yaml", "a: 1\n");
    write(&folder, "notes.bak", "left over\n");
    write(&folder, ".env", "MODE=1\n");
    home
}

fn packed(home: &Path) -> PathBuf {
    succeed(with(helm(), "helm").args(["package", "tide"]).current_dir(home));
    home.join("tide-0.1.0.tgz")
}

#[test]
#[ignore = "needs python3, pip and PyPI"]
fn what_helm_packs_is_what_was_looked_at() {
    let home = chart();
    let archive = flate2::read::GzDecoder::new(fs::File::open(packed(home.path())).unwrap());
    let name = |name: String| name.strip_prefix("tide/").unwrap().to_owned();
    let packed: Files = tarred(archive).into_iter().map(|(path, bytes)| (name(path), digest(&bytes))).collect();
    assert!(packed.contains_key(".env") && packed.contains_key("values/ebb and flöd.yaml"), "{packed:?}");
    assert!(!packed.contains_key("notes.bak"), "{packed:?}");
    for target in ["helm", "auto"] {
        assert_eq!(looked(helm(), target, &home.path().join("tide")), packed, "{target}");
    }
}

#[test]
#[ignore = "needs node, python3, pip and PyPI"]
fn helm_pushes_the_file_that_was_looked_at_or_nothing() {
    let (home, server) = (chart(), Server::start());
    let push = || {
        let mut command = lastlook(helm(), &["guard", "--no-config", "--", "helm", "push"], home.path());
        command.arg(packed(home.path())).arg(format!("oci://{}/charts", server.address)).arg("--plain-http");
        guard(&mut command)
    };
    let (code, said) = push();
    assert_eq!((code, server.received().len()), (1, 0), "{said}");
    assert!(said.contains("tide/.env"), "{said}");
    fs::remove_file(home.path().join("tide/.env")).unwrap();
    let (code, said) = push();
    assert_eq!(code, 0, "{said}");
    // The chart, its description, and the manifest that names both.
    let chart = digest(&fs::read(home.path().join("tide-0.1.0.tgz")).unwrap());
    assert_eq!((server.received().len(), server.received().contains(&chart)), (3, true), "{said}");
    assert!(said.contains(&format!("sha256 {chart}")), "{said}");
}
