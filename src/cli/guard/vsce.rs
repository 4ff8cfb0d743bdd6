//! `vsce publish`: packs an extension, and publishes a packed one as it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::plan::{Arg, Plan, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

const VSCE: Grammar = Grammar {
    values: &[
        "-p",
        "--pat",
        "-t",
        "--target",
        "-m",
        "--message",
        "--packagePath",
        "-i",
        "--githubBranch",
        "--gitlabBranch",
        "--baseContentUrl",
        "--baseImagesUrl",
        "--readme-path",
        "--changelog-path",
        "--ignoreFile",
        "--sigzipPath",
        "--manifestPath",
        "--signaturePath",
        "--sign-tool",
        "--allow-package-secrets",
        "--allow-proposed-apis",
    ],
    flags: &[
        "--azure-credential",
        "--yarn",
        "--noVerify",
        "--pre-release",
        "--ignore-other-target-folders",
        "--dependencies",
        "--allow-star-activation",
        "--allow-missing-repository",
        "--allow-unused-files-pattern",
        "--allow-all-proposed-apis",
        "--skip-duplicate",
        "--skip-license",
        "--allow-package-all-secrets",
        "--allow-package-env-file",
        "--follow-symlinks",
        "--oidc",
    ],
    truth: false,
};

/// What only the upload is told.
const UPLOAD: [&str; 10] = [
    "-p",
    "--pat",
    "--azure-credential",
    "--noVerify",
    "--no-verify",
    "--allow-proposed-apis",
    "--allow-all-proposed-apis",
    "--skip-duplicate",
    "--sign-tool",
    "--oidc",
];
/// What both are told.
const BOTH: &str = "--pre-release";

/// `vsce publish`.
pub fn publish(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &VSCE)?;
    let folder = call.here.folder.clone();
    let ready: Vec<PathBuf> = split.values(&["--packagePath", "-i"]).map(|file| call.here.path(file)).collect();
    if split.values(&["--sigzipPath", "--manifestPath", "--signaturePath"]).next().is_some() {
        return Err(
            "guard does not know how to hand a signature on\n  hint: run `lastlook` on the .vsix, then publish it"
                .to_owned(),
        );
    }
    if !ready.is_empty() {
        // `-i a.vsix b.vsix`: the words behind belong to the option.
        let more = split.plain.iter().map(|word| call.here.path(word));
        let given: Vec<PathBuf> = ready.into_iter().chain(more).collect();
        let options = split.without(&["--packagePath", "-i"]);
        let publish = call.step(&folder, ["publish"]).and(options).and(["--packagePath"]).with(Arg::Files);
        return Ok(Plan::one(folder, Unit::given("", given, ".vsix", publish)));
    }
    let settings = settings(&folder);
    let targets = settings.get("targets").is_some_and(|targets| !targets.is_null());
    if targets && split.value(&["-t", "--target"]).is_none() {
        return Err(
            "package.json names the targets to publish for, and guard packs for one at a time\n  hint: call it once for each, \
             with --target"
                .to_owned(),
        );
    }
    if split.values(&["-t", "--target"]).count() > 1
        || split.value(&["-t", "--target"]).is_some() && !split.plain.is_empty()
    {
        return Err("guard packs for one target at a time\n  hint: call it once for each --target".to_owned());
    }
    if let Some(version) = split.plain.first() {
        return Err(format!(
            "vsce would change the version to `{}` while it publishes\n  hint: change the version first (`npm version`), then \
             publish without it",
            version.to_string_lossy()
        ));
    }
    let (mut pack_only, mut upload): (Vec<OsString>, Vec<OsString>) = (split.without(&UPLOAD), Vec::new());
    for opt in split.options.iter().filter(|opt| UPLOAD.contains(&&*opt.name) || opt.name == BOTH) {
        upload.extend(opt.typed.iter().cloned());
    }
    upload.extend(upload_settings(&settings, &split));
    pack_only.push("--out".into());
    let pack = call.step(&folder, ["package"]).and(pack_only).with(Arg::Inside("extension.vsix"));
    let publish = call.step(&folder, ["publish"]).and(upload).and(["--packagePath"]).with(Arg::Files);
    Ok(Plan::one(folder, Unit::made("", pack, ".vsix", publish)))
}

/// What package.json sets for vsce.
fn settings(folder: &Path) -> Map<String, Value> {
    // A package.json that cannot be read is for vsce to complain about.
    let text = std::fs::read(folder.join("package.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(&text).unwrap_or_default();
    manifest.get("vsce").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// What of it the upload must be told: vsce looks there only where it packs itself.
fn upload_settings(settings: &Map<String, Value>, split: &Split) -> Vec<OsString> {
    let mut words = Vec::new();
    let is_new = |option: &str| !split.options.iter().any(|typed| typed.name == option);
    let switches = [
        ("noVerify", "--allow-all-proposed-apis"),
        ("allowAllProposedApis", "--allow-all-proposed-apis"),
        ("skipDuplicate", "--skip-duplicate"),
        ("azureCredential", "--azure-credential"),
    ];
    for (_, option) in switches.iter().filter(|(key, _)| settings.get(*key) == Some(&Value::Bool(true))) {
        // Two settings stand for one option.
        if is_new(option) && !words.iter().any(|word| word == option) {
            words.push(option.into());
        }
    }
    if let Some(tool) = settings.get("signTool").and_then(Value::as_str).filter(|_| is_new("--sign-tool")) {
        words.push(format!("--sign-tool={tool}").into());
    }
    let allowed = settings.get("allowProposedApis").and_then(Value::as_array).into_iter().flatten();
    let allowed: Vec<&str> = allowed.filter_map(Value::as_str).filter(|name| !name.starts_with('-')).collect();
    if !allowed.is_empty() && is_new("--allow-proposed-apis") {
        words.push("--allow-proposed-apis".into());
        words.extend(allowed.into_iter().map(OsString::from));
    }
    words
}
