//! pnpm, Yarn of both generations, Bun, and cargo.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::projects::{change_manifest, project};
use super::support::*;

/// Crates that our own lock file names, and that cargo can pack without any other.
const CRATES: [&str; 10] = [
    "fnv",
    "heck",
    "quick-error",
    "data-encoding",
    "dunce",
    "equivalent",
    "colorchoice",
    "autocfg",
    "percent-encoding",
    "strsim",
];

/// Compares what another client packs of five projects with what is looked at.
fn same_as(client: &str, target: &str, prepare: impl Fn(&Path), pack: impl Fn(&mut Command, &Path)) {
    let home = TempDir::new().unwrap();
    for number in [0, 1, 3, 5, 7] {
        let project = project(number, home.path());
        prepare(&project);
        let into = home.path().join(format!("packed-{number}"));
        fs::create_dir_all(&into).unwrap();
        let mut command = with(client, target);
        pack(command.current_dir(&project), &into);
        succeed(&mut command);
        let looked = looked(client, target, &project).into_values().next().unwrap();
        assert_eq!(looked, unpacked(&archive_in(&into, ".tgz")), "{client} {}", project.display());
        let ran: Vec<_> =
            fs::read_dir(&project).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() == "RAN").collect();
        assert!(ran.is_empty(), "{client} ran a script");
    }
}

/// Scripts that leave a trace if they run.
fn with_scripts(project: &Path) {
    change_manifest(project, |manifest| {
        let scripts =
            ["prepack", "prepare", "postpack", "prepublishOnly"].map(|name| (name.to_owned(), "echo > RAN".into()));
        manifest.insert("scripts".to_owned(), Value::Object(scripts.into_iter().collect()));
    });
}

#[test]
#[ignore = "needs npm and a registry"]
fn pnpm_packs_what_is_looked_at() {
    for client in ["pnpm9", "pnpm10", "pnpm12"] {
        same_as(client, "pnpm", with_scripts, |pnpm, into| {
            pnpm.args(["pack", "--config.ignore-scripts=true", "--pack-destination"]).arg(into);
        });
    }
}

#[test]
#[ignore = "needs npm and a registry"]
fn yarn_of_both_generations_packs_what_is_looked_at() {
    same_as("yarn1", "yarn", with_scripts, |yarn, into| {
        yarn.args(["pack", "--ignore-scripts", "--filename"]).arg(into.join("a.tgz"));
    });
    let without = |project: &Path| {
        write(project, "yarn.lock", "");
        change_manifest(project, |manifest| drop(manifest.remove("scripts")));
        let mut yarn = with("yarn4", "yarn");
        succeed(yarn.args(["install"]).env("YARN_ENABLE_NETWORK", "0").current_dir(project));
    };
    same_as("yarn4", "yarn", without, |yarn, into| {
        yarn.args(["pack", "--out"]).arg(into.join("a.tgz"));
    });
}

#[test]
#[ignore = "needs npm and a registry"]
fn yarn_berry_runs_no_script_of_the_project() {
    let home = TempDir::new().unwrap();
    let project = project(0, home.path());
    write(&project, "yarn.lock", "");
    change_manifest(&project, |manifest| drop(manifest.remove("scripts")));
    succeed(with("yarn4", "yarn").arg("install").env("YARN_ENABLE_NETWORK", "0").current_dir(&project));
    with_scripts(&project);
    let looked = looked("yarn4", "yarn", &project);
    assert!(looked.values().next().unwrap().contains_key("package.json") && !project.join("RAN").exists());
}

#[test]
#[ignore = "needs npm and a registry"]
fn bun_packs_what_is_looked_at() {
    same_as("bun", "bun", with_scripts, |bun, into| {
        bun.args(["pm", "pack", "--ignore-scripts", "--destination"]).arg(into);
    });
}

#[test]
#[ignore = "needs crates in cargo's cache"]
fn cargo_packs_what_is_looked_at() {
    succeed(Command::new(env!("CARGO")).args(["fetch", "--locked"]).current_dir(env!("CARGO_MANIFEST_DIR")));
    let output = succeed(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let home = TempDir::new().unwrap();
    for name in CRATES {
        let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == name).unwrap();
        let from = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let folder = home.path().join(name);
        succeed(Command::new("cp").arg("-r").arg(from).arg(&folder));
        for made in ["Cargo.toml.orig", ".cargo_vcs_info.json", ".cargo-ok"] {
            let _ = fs::remove_file(folder.join(made));
        }
        for (name, text) in [(".env", "A=1\n"), ("src/ü b.txt", "b"), ("target/debug/x", "x")] {
            write(&folder, name, text);
        }
        let looked = looked("npm11", "cargo", &folder).into_values().next().unwrap();
        let packed = home.path().join(format!("{name}-packed"));
        succeed(
            Command::new(env!("CARGO"))
                .args(["package", "--no-verify", "--allow-dirty", "--offline", "--target-dir"])
                .arg(&packed)
                .current_dir(&folder),
        );
        assert_eq!(looked, unpacked(&archive_in(&packed.join("package"), ".crate")), "{name}");
    }
}
