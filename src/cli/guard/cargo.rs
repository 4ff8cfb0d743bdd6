//! `cargo publish`: it takes no file and packs again. Packing is reproducible, so it is packed before, and once more
//! right before the upload; what cargo leaves in `target/package` afterwards is compared as well.

use std::path::PathBuf;

use serde_json::Value;

use super::plan::{Arg, Plan, Proof, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

const CARGO: Grammar = Grammar {
    values: &[
        "-p",
        "--package",
        "--exclude",
        "--manifest-path",
        "--features",
        "-F",
        "--target-dir",
        "--target",
        "--token",
        "--index",
        "--registry",
        "-j",
        "--jobs",
        "--color",
        "-Z",
        "--config",
        "--lockfile-path",
        "-C",
    ],
    flags: &[
        "--workspace",
        "--all",
        "--allow-dirty",
        "--no-verify",
        "--dry-run",
        "-n",
        "--all-features",
        "--no-default-features",
        "--keep-going",
        "--locked",
        "--offline",
        "--frozen",
        "-v",
        "-vv",
        "--verbose",
        "-q",
        "--quiet",
    ],
    truth: false,
};

/// What `cargo package` does not know, or must not be told.
const PUBLISH_ONLY: [&str; 6] = ["--token", "--dry-run", "-n", "--no-verify", "--target-dir", "--keep-going"];

/// `cargo publish`.
pub fn publish(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &CARGO)?;
    if let Some(word) = split.plain.first() {
        return Err(format!("`cargo publish` takes no `{}`", word.to_string_lossy()));
    }
    if split.value(&["-C"]).is_some() {
        return Err("guard looks at the folder it is called in\n  hint: change into the folder, and call guard there"
            .to_owned());
    }
    let folder = call.here.folder.clone();
    let pack = call.step(&folder, ["package", "--no-verify"]).and(split.without(&PUBLISH_ONLY));
    let pack = pack.with(Arg::Word("--target-dir".into())).with(Arg::Inside("target"));
    let publish = call.step(&folder, ["publish"]).and(split.without(&[]));
    let target = match split.value(&["--target-dir"]) {
        Some(folder) => call.here.path(folder),
        None => target(call, &split)?,
    };
    let mut unit = Unit::made("", pack, ".crate", publish);
    unit.below = "target/package";
    // Where newer and older versions of cargo leave it.
    let left = vec![target.join("package/tmp-crate"), target.join("package")];
    unit.proof = Proof::Again { left, asked: None };
    let mut plan = Plan::one(folder, unit);
    plan.notes.push(
        "cargo takes no archive and packs again when it publishes: guard packs twice, publishes only if both are the same, \
         and compares what cargo leaves in target/package"
            .to_owned(),
    );
    Ok(plan)
}

/// The folder that cargo builds into.
fn target(call: &Call<'_>, split: &Split) -> Result<PathBuf, String> {
    let mut ask = call.step(&call.here.folder, ["metadata", "--no-deps", "--format-version=1"]);
    if let Some(manifest) = split.value(&["--manifest-path"]) {
        ask = ask.and(["--manifest-path".as_ref(), manifest]);
    }
    let said: Value = serde_json::from_slice(&(call.here.ask)(&ask)?).unwrap_or_default();
    let target = said.get("target_directory").and_then(Value::as_str);
    target.map(PathBuf::from).ok_or_else(|| "cargo does not say where it builds".to_owned())
}
