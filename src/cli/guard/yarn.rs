//! Yarn: the classic one publishes a packed archive, later ones pack again when they publish.

use std::ffi::{OsStr, OsString};

use super::npm::{Manifest, Scripts, Spec, spec};
use super::plan::{Arg, Plan, Proof, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

const CLASSIC: Grammar = Grammar {
    values: &[
        "--tag",
        "--access",
        "--otp",
        "--registry",
        "--cwd",
        "--new-version",
        "--message",
        "--cache-folder",
        "--modules-folder",
        "--network-timeout",
        "--use-yarnrc",
        "--preid",
        "--proxy",
        "--https-proxy",
    ],
    flags: &[
        "--ignore-scripts",
        "--non-interactive",
        "--json",
        "--silent",
        "-s",
        "--verbose",
        "--major",
        "--minor",
        "--patch",
        "--premajor",
        "--preminor",
        "--prepatch",
        "--prerelease",
        "--git-tag-version",
        "--commit-hooks",
        "--offline",
        "--force",
        "--prod",
        "--production",
    ],
    truth: false,
};

const BERRY: Grammar = Grammar {
    values: &["--access", "--tag", "--otp", "--provenance-file"],
    flags: &["--tolerate-republish", "--provenance", "--dry-run", "-n", "--json", "--staged"],
    truth: false,
};

/// What lets the classic Yarn change the version while it publishes: the archive would be packed too early.
const BUMPS: [&str; 8] =
    ["--new-version", "--major", "--minor", "--patch", "--premajor", "--preminor", "--prepatch", "--prerelease"];

/// `yarn publish` of Yarn 1.
pub fn classic(call: &Call<'_>) -> Result<Plan, String> {
    let version = call.here.asked(&call.step(&call.here.folder, ["--version"]))?;
    if !version.starts_with("1.") {
        return Err(format!("Yarn {version} publishes with `yarn npm publish`\n  hint: guard that command"));
    }
    let split = Split::of(call.rest, &CLASSIC)?;
    if split.options.iter().any(|opt| BUMPS.contains(&opt.name.as_str())) {
        return Err(
            "yarn would change the version after the package was looked at\n  hint: run `yarn version` first, then \
                    publish without it"
                .to_owned(),
        );
    }
    if split.value(&["--cwd"]).is_some() {
        return Err("guard looks at the folder it is called in\n  hint: change into the folder, and call guard there"
            .to_owned());
    }
    // Without the version that is asked for at a terminal, yarn takes the one that was packed.
    let mut options = split.without(&["--ignore-scripts", "--non-interactive"]);
    options.extend(["--non-interactive", "--ignore-scripts"].map(OsString::from));
    let publish = |folder| call.step(folder, ["publish"]).with(Arg::Files).and(options.clone());
    let folder = match spec(call, &split.plain)? {
        Spec::Archive(file) => {
            let unit = Unit::given("", vec![file], "", publish(&call.here.folder));
            return Ok(Plan::one(call.here.folder.clone(), unit));
        }
        Spec::Folder(folder) => folder,
    };
    let manifest = Manifest::read(&folder)?;
    let pack = call.step(&folder, ["pack"]).with(Arg::Word("--filename".into())).with(Arg::Inside("package.tgz"));
    let ignored = split.has(&["--ignore-scripts"]);
    let pack = if ignored { pack.and(["--ignore-scripts"]) } else { pack };
    let mut unit = Unit::made(&manifest.name, pack, ".tgz", publish(&folder));
    let scripts = Scripts { before: &["prepublish", "prepare", "prepublishOnly"], dry: &[], chains: true };
    scripts.add(&mut unit, &manifest, call, &split, |event| call.step(&folder, ["run", event]))?;
    Ok(Plan::one(folder, unit))
}

/// `yarn npm publish` of Yarn 2 and later. It takes no archive.
pub fn berry(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &BERRY)?;
    // What is packed and what is published are two commands here: an option that moves one of them must not pass.
    let known = |name: &str| BERRY.values.contains(&name) || BERRY.flags.contains(&name) || name.starts_with("--no-");
    if let Some(opt) = split.options.iter().find(|opt| !known(&opt.name)) {
        return Err(format!("guard does not know the option `{}` of `yarn npm publish`", opt.name));
    }
    if let Some(word) = split.plain.first() {
        return Err(format!("`yarn npm publish` takes no `{}`", word.to_string_lossy()));
    }
    let folder = call.here.folder.clone();
    let manifest = Manifest::read(&folder)?;
    if manifest.private || manifest.name.is_empty() {
        return Err("the package is private, or has no name: nothing would be published".to_owned());
    }
    let pack = call.step(&folder, ["pack", "--out"]).with(Arg::Inside("package.tgz"));
    let publish = call.step(&folder, ["npm", "publish"]).and(split.without(&[]));
    let mut unit = Unit::made(&manifest.name, pack, ".tgz", publish);
    if !manifest.has(&["prepublish"]).is_empty() {
        // It runs again when yarn publishes: it must not change what is packed, or nothing is published.
        unit.prepare.push(call.step(&folder, ["run", "prepublish"]));
    }
    let asked = match split.has(&["--dry-run", "-n"]) {
        true => None,
        false => Some(published(call, &folder, &manifest)?),
    };
    unit.proof = Proof::Again { left: Vec::new(), asked };
    let mut plan = Plan::one(folder, unit);
    plan.notes.push(
        "yarn takes no archive and packs again when it publishes: guard packs twice, publishes only if both are the same, \
         and asks the registry afterwards"
            .to_owned(),
    );
    Ok(plan)
}

/// The command that says what the registry has.
fn published(call: &Call<'_>, folder: &std::path::Path, manifest: &Manifest) -> Result<super::plan::Step, String> {
    let version = manifest.version.clone().ok_or("package.json names no version")?;
    let name = format!("{}@{version}", manifest.name);
    Ok(call
        .step(folder, [OsStr::new("npm"), OsStr::new("info"), OsStr::new(&name)])
        .and(["--fields", "dist", "--json"]))
}
