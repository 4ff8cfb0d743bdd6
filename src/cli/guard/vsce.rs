//! `vsce publish`: packs an extension, and publishes a packed one as it is.

use std::ffi::OsString;
use std::path::PathBuf;

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
        "--dependencies-file",
        "--ignore-other-target-folders",
        "--allow-package-secrets",
        "--allow-proposed-apis",
    ],
    flags: &[
        "--azure-credential",
        "--yarn",
        "--noVerify",
        "--pre-release",
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
        "--rewrite-relative-links",
        "--git-tag-version",
        "--update-package-json",
        "--oidc",
        "--verbose",
    ],
    truth: false,
};

/// What only the upload is told.
const UPLOAD: [&str; 6] = ["-p", "--pat", "--azure-credential", "--noVerify", "--skip-duplicate", "--oidc"];
/// What only the packing is told.
const PRE_RELEASE: [&str; 1] = ["--pre-release"];

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
    for opt in split.options.iter().filter(|opt| UPLOAD.contains(&&*opt.name) || PRE_RELEASE.contains(&&*opt.name)) {
        upload.extend(opt.typed.iter().cloned());
    }
    pack_only.push("--out".into());
    let pack = call.step(&folder, ["package"]).and(pack_only).with(Arg::Inside("extension.vsix"));
    let publish = call.step(&folder, ["publish"]).and(upload).and(["--packagePath"]).with(Arg::Files);
    Ok(Plan::one(folder, Unit::made("", pack, ".vsix", publish)))
}
