//! npm, pnpm and Bun: they pack, and publish a packed archive as it is.
//!
//! What the tool would run for a folder but not for an archive is run here: `prepublishOnly` before packing, `publish`
//! and `postpublish` after the upload. `prepack`, `prepare` and `postpack` are run by the tool's own packing.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::plan::{Arg, Plan, Step, Unit};
use super::tool::Call;
use super::words::{Grammar, Split};

const NPM: Grammar = Grammar {
    values: &[
        "--tag",
        "--access",
        "--otp",
        "--registry",
        "--workspace",
        "-w",
        "--scope",
        "--userconfig",
        "--globalconfig",
        "--cache",
        "--prefix",
        "-C",
        "--loglevel",
        "--provenance-file",
        "--pack-destination",
        "--auth-type",
        "--cafile",
        "--ca",
        "--cert",
        "--key",
        "--proxy",
        "--https-proxy",
        "--noproxy",
        "--user-agent",
        "--logs-dir",
        "--logs-max",
        "--node-options",
        "--script-shell",
        "--omit",
        "--include",
        "--fetch-retries",
        "--fetch-timeout",
        "--maxsockets",
        "--local-address",
        "--location",
        "--before",
        "--fetch-retry-factor",
        "--fetch-retry-mintimeout",
        "--fetch-retry-maxtimeout",
        "--global-ignore-file",
    ],
    flags: &[
        "--dry-run",
        "-n",
        "--ignore-scripts",
        "--json",
        "--workspaces",
        "-ws",
        "--include-workspace-root",
        "-iwr",
        "--provenance",
        "--foreground-scripts",
        "--force",
        "-f",
        "--silent",
        "-s",
        "--quiet",
        "-q",
        "--verbose",
        "-d",
        "-dd",
        "-ddd",
        "--yes",
        "-y",
        "--offline",
        "--prefer-offline",
        "--prefer-online",
        "--strict-ssl",
        "--color",
        "--progress",
        "--unicode",
        "--audit",
        "--fund",
        "--update-notifier",
        "--timing",
        "--usage",
        "--browser",
    ],
    truth: true,
};

const PNPM: Grammar = Grammar {
    values: &[
        "--tag",
        "--access",
        "--otp",
        "--registry",
        "--publish-branch",
        "--loglevel",
        "--reporter",
        "--dir",
        "-C",
        "--filter",
        "-F",
        "--userconfig",
        "--provenance-file",
        "--npm-path",
        "--store-dir",
        "--workspace-concurrency",
        "--changed-files-ignore-pattern",
        "--test-pattern",
        "--filter-prod",
    ],
    flags: &[
        "--dry-run",
        "--ignore-scripts",
        "--json",
        "--recursive",
        "-r",
        "--git-checks",
        "--force",
        "--report-summary",
        "--provenance",
        "--batch",
        "--silent",
        "-s",
        "--color",
        "--stream",
        "--aggregate-output",
        "--use-stderr",
        "-w",
        "--workspace-root",
        "--include-workspace-root",
        "--embed-readme",
        "--yes",
        "-y",
        "--skip-manifest-obfuscation",
    ],
    truth: false,
};

const BUN: Grammar = Grammar {
    values: &[
        "--tag",
        "--access",
        "--otp",
        "--registry",
        "--auth-type",
        "--gzip-level",
        "--config",
        "-c",
        "--cwd",
        "--cafile",
        "--ca",
        "--cache-dir",
        "--network-concurrency",
        "--filename",
        "--destination",
    ],
    flags: &[
        "--dry-run",
        "--ignore-scripts",
        "--silent",
        "--verbose",
        "--tolerate-republish",
        "--quiet",
        "--no-cache",
        "--force",
        "-f",
        "--progress",
        "--no-progress",
    ],
    truth: false,
};

/// What package.json says, as far as it matters here.
pub struct Manifest {
    /// The name of the package, or nothing.
    pub name: String,
    /// Whether it may be published at all.
    pub private: bool,
    /// The version, if it names one.
    pub version: Option<String>,
    scripts: BTreeSet<String>,
}

impl Manifest {
    /// Reads what package.json, or `npm pkg get`, says.
    pub fn of(value: &Value) -> Self {
        let scripts = value.get("scripts").and_then(Value::as_object);
        Manifest {
            name: value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            private: value.get("private").is_some_and(|private| private != &Value::Bool(false) && !private.is_null()),
            version: value.get("version").and_then(Value::as_str).map(str::to_owned),
            scripts: scripts.into_iter().flat_map(|scripts| scripts.keys().cloned()).collect(),
        }
    }

    /// Reads the package.json of a folder.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join("package.json");
        let text = std::fs::read(&file).map_err(|error| {
            format!("{} cannot be read: {error}\n  hint: run guard in the folder of the package", file.display())
        })?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let value: Value =
            serde_json::from_slice(text).map_err(|error| format!("{} is no JSON: {error}", file.display()))?;
        Ok(Manifest::of(&value))
    }

    /// Those of `events` that the package has a script for.
    pub fn has<'e>(&self, events: &[&'e str]) -> Vec<&'e str> {
        events.iter().copied().filter(|event| self.scripts.contains(*event)).collect()
    }
}

/// What is published: a folder or a file.
pub enum Spec {
    /// The folder of a package.
    Folder(PathBuf),
    /// A packed archive.
    Archive(PathBuf),
}

/// Reads what stands on the command line without an option.
pub fn spec(call: &Call<'_>, plain: &[OsString]) -> Result<Spec, String> {
    let [word] = plain else {
        return match plain {
            [] => Ok(Spec::Folder(call.here.folder.clone())),
            _ => Err("only one package can be published at a time\n  hint: call guard once for each".to_owned()),
        };
    };
    let path = call.here.path(word);
    let text = word.to_string_lossy();
    let looks_like_a_path = text.starts_with(['.', '/', '\\']) || text.contains(['/', '\\']) || archive_name(&text);
    if text.contains("://") || text.starts_with("git+") || !looks_like_a_path && !Path::new(word).is_absolute() {
        return Err(format!(
            "`{text}` is no path, so what would be published comes from elsewhere\n  hint: for a folder write ./{text}"
        ));
    }
    match std::fs::metadata(&path) {
        Ok(about) if about.is_dir() => Ok(Spec::Folder(path)),
        Ok(_) => Ok(Spec::Archive(path)),
        Err(error) => Err(format!("`{text}` cannot be read: {error}")),
    }
}

fn archive_name(name: &str) -> bool {
    [".tgz", ".tar.gz", ".tar"].iter().any(|ending| name.ends_with(ending))
}

/// The unit that publishes an archive of the user's.
fn archive(call: &Call<'_>, file: PathBuf, options: Vec<OsString>) -> Plan {
    let publish = call.step(&call.here.folder, ["publish"]).and(options).with(Arg::Files);
    Plan::one(call.here.folder.clone(), Unit::given("", vec![file], "", publish))
}

fn refuse(split: &Split, tool: &str, options: &[(&[&str], &str)]) -> Result<(), String> {
    for (names, hint) in options {
        if split.options.iter().any(|opt| names.contains(&opt.name.as_str())) {
            return Err(format!(
                "guard does not know how to look at what `{tool} {}` publishes\n  hint: {hint}",
                names[0]
            ));
        }
    }
    Ok(())
}

/// `npm publish`.
pub fn npm(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &NPM)?;
    refuse(
        &split,
        "npm publish",
        &[
            (&["--prefix", "-C"], "change into the folder, and call guard there"),
            (&["--include-workspace-root", "-iwr"], "publish the root and the workspaces with a call each"),
            (&["--usage"], "ask for it without guard"),
        ],
    )?;
    let spec = spec(call, &split.plain)?;
    let workspaces = ["--workspace", "-w", "--workspaces", "-ws"];
    let many = split.has(&["--workspaces", "-ws"]) || split.value(&["--workspace", "-w"]).is_some();
    let publish_options = split.without(&workspaces);
    // Whether this is a dry run is said of the upload: what is looked at must be packed in any case.
    let pack_options = split.without(&[&workspaces[..], &["--dry-run", "-n", "--json", "--pack-destination"]].concat());
    let folder = match spec {
        _ if many && !split.plain.is_empty() => {
            return Err("npm ignores workspaces where a package is named\n  hint: leave one of them out".to_owned());
        }
        Spec::Archive(file) => return Ok(archive(call, file, publish_options)),
        Spec::Folder(folder) => folder,
    };
    let packages = if many { in_workspaces(call, &split)? } else { vec![(Vec::new(), Manifest::read(&folder)?)] };
    let mut plan = Plan { folder: folder.clone(), units: Vec::new(), notes: Vec::new() };
    for (select, manifest) in packages {
        if manifest.private {
            plan.notes.push(private(&manifest, many)?);
            continue;
        }
        let pack = call.step(&folder, ["pack", "--dry-run=false"]).and(pack_options.clone()).and(select.clone());
        let pack = pack.with(Arg::Folder("--pack-destination="));
        let publish = call.step(&call.here.folder, ["publish"]).and(publish_options.clone()).with(Arg::Files);
        let mut unit = Unit::made(&manifest.name, pack, ".tgz", publish);
        // By its name, `publish` would run `prepublish` as well, which publishing does not.
        let alone = !manifest.has(&["prepublish"]).is_empty();
        let step = |event: &str| {
            let step = call.step(&folder, ["run", event]).and(script_options(&split)).and(select.clone());
            if alone && AFTER.contains(&event) { step.and(["--ignore-scripts"]) } else { step }
        };
        let scripts = Scripts { before: &["prepublishOnly"], dry: &["--dry-run", "-n"], chains: !alone };
        scripts.add(&mut unit, &manifest, call, &split, step)?;
        plan.units.push(unit);
    }
    Ok(plan)
}

/// What npm is told when it runs a script by its name: where its settings are, and nothing that is about packages.
fn script_options(split: &Split) -> Vec<OsString> {
    let kept = ["--userconfig", "--globalconfig", "--loglevel", "--silent", "-s", "--script-shell"];
    let kept = split.options.iter().filter(|opt| kept.contains(&opt.name.as_str()));
    kept.flat_map(|opt| opt.typed.iter().cloned()).collect()
}

fn private(manifest: &Manifest, others: bool) -> Result<String, String> {
    let name = if manifest.name.is_empty() { "the package" } else { &manifest.name };
    match others {
        true => Ok(format!("{name} is private, and is not published")),
        false => {
            Err(format!("{name} is private: nothing would be published\n  hint: package.json says `\"private\": true`"))
        }
    }
}

/// The packages of the workspaces that were asked for: the option that selects each, and what its package.json says.
fn in_workspaces(call: &Call<'_>, split: &Split) -> Result<Vec<(Vec<OsString>, Manifest)>, String> {
    let mut ask = call.step(&call.here.folder, ["pkg", "get", "name", "private", "scripts", "--json"]);
    if split.has(&["--workspaces", "-ws"]) {
        ask = ask.and(["--workspaces"]);
    }
    for name in split.values(&["--workspace", "-w"]) {
        ask = ask.and([OsStr::new("--workspace"), name]);
    }
    let said = (call.here.ask)(&ask)?;
    let found: Value = serde_json::from_slice(&said).unwrap_or_default();
    let Some(found) = found.as_object().filter(|found| !found.is_empty()) else {
        return Err("npm does not say which packages its workspaces hold\n  hint: publish them one by one".to_owned());
    };
    let packages = found.iter().map(|(key, value)| {
        let manifest = Manifest::of(value);
        // npm keys the answer by name; a package that has none cannot be published or selected by it.
        if manifest.name != *key {
            return Err(format!("the workspace `{key}` has no name\n  hint: publish the packages one by one"));
        }
        Ok((vec![OsString::from(format!("--workspace={key}"))], manifest))
    });
    packages.collect()
}

/// The scripts that a tool runs around the publication of a folder, but not around that of an archive.
pub struct Scripts<'s> {
    /// Before it packs.
    pub before: &'s [&'static str],
    /// The options that make it a dry run: nothing was uploaded then, and nothing is run after it.
    pub dry: &'s [&'static str],
    /// Whether the tool runs `postpublish` by itself behind a `publish` that is run by its name.
    pub chains: bool,
}

/// What is run after the upload.
const AFTER: [&str; 2] = ["publish", "postpublish"];

impl Scripts<'_> {
    /// Adds the commands that run those scripts which the package has, unless the user wants none.
    pub fn add(
        &self,
        unit: &mut Unit,
        manifest: &Manifest,
        call: &Call<'_>,
        split: &Split,
        step: impl Fn(&str) -> Step,
    ) -> Result<(), String> {
        let (before, mut after) = (manifest.has(self.before), manifest.has(&AFTER));
        if split.has(self.dry) {
            after.clear();
        }
        if before.is_empty() && after.is_empty() || ignores_scripts(call, split)? {
            return Ok(());
        }
        if self.chains && after.len() == AFTER.len() {
            after.pop();
        }
        unit.prepare.extend(before.into_iter().map(&step));
        unit.after.extend(after.into_iter().map(step));
        Ok(())
    }
}

/// Whether scripts are turned off, on the command line or in a configuration file.
fn ignores_scripts(call: &Call<'_>, split: &Split) -> Result<bool, String> {
    if split.options.iter().any(|opt| opt.name == "--ignore-scripts" || opt.name == "--no-ignore-scripts") {
        return Ok(split.has(&["--ignore-scripts"]));
    }
    // Bun and newer versions of Yarn have no such setting.
    let ask = call.step(&call.here.folder, ["config", "get", "ignore-scripts"]);
    Ok(call.here.asked(&ask).is_ok_and(|said| said.lines().next_back().is_some_and(|last| last.trim() == "true")))
}

/// `pnpm publish`.
pub fn pnpm(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &PNPM)?;
    let one = "publish the packages one by one: pnpm --filter NAME exec lastlook guard -- pnpm publish";
    refuse(
        &split,
        "pnpm publish",
        &[
            (&["--recursive", "-r"], one),
            (&["--filter", "-F", "--filter-prod"], one),
            (&["--batch"], one),
            (&["--dir", "-C", "--workspace-root", "-w"], "change into the folder, and call guard there"),
        ],
    )?;
    let options = split.without(&[]);
    let folder = match spec(call, &split.plain)? {
        Spec::Archive(file) => return Ok(archive(call, file, options)),
        Spec::Folder(folder) => folder,
    };
    let manifest = Manifest::read(&folder)?;
    if manifest.private {
        return Err(private(&manifest, false).unwrap_or_else(|error| error));
    }
    let mut pack = call.step(&folder, ["pack"]).with(Arg::Word("--pack-destination".into())).with(Arg::Inside(""));
    if split.has(&["--ignore-scripts"]) {
        pack = pack.and(["--config.ignore-scripts=true"]);
    }
    let publish = call.step(&call.here.folder, ["publish"]).and(options).with(Arg::Files);
    let mut unit = Unit::made(&manifest.name, pack, ".tgz", publish);
    // By its name, `publish` would run `prepublish` as well, which has run before.
    let step = |event: &str| call.step(&folder, ["--config.enable-pre-post-scripts=false", "run", event]);
    let scripts = Scripts { before: &["prepublishOnly", "prepublish"], dry: &["--dry-run"], chains: false };
    scripts.add(&mut unit, &manifest, call, &split, step)?;
    Ok(Plan::one(folder, unit))
}

/// `bun publish`.
pub fn bun(call: &Call<'_>) -> Result<Plan, String> {
    let split = Split::of(call.rest, &BUN)?;
    refuse(&split, "bun publish", &[(&["--cwd"], "change into the folder, and call guard there")])?;
    let options = split.without(&[]);
    let folder = match spec(call, &split.plain)? {
        Spec::Archive(file) => return Ok(archive(call, file, options)),
        Spec::Folder(folder) if folder == call.here.folder => folder,
        Spec::Folder(_) => {
            return Err(
                "bun publishes the folder it is called in\n  hint: change into it, and call guard there".to_owned()
            );
        }
    };
    let manifest = Manifest::read(&folder)?;
    if manifest.private {
        return Err(private(&manifest, false).unwrap_or_else(|error| error));
    }
    let mut pack = call.step(&folder, ["pm", "pack"]).with(Arg::Word("--destination".into())).with(Arg::Inside(""));
    if split.has(&["--ignore-scripts"]) {
        pack = pack.and(["--ignore-scripts"]);
    }
    if let Some(level) = split.value(&["--gzip-level"]) {
        pack = pack.and([OsStr::new("--gzip-level"), level]);
    }
    let publish = call.step(&folder, ["publish"]).and(options).with(Arg::Files);
    let mut unit = Unit::made(&manifest.name, pack, ".tgz", publish);
    let scripts = Scripts { before: &["prepublishOnly"], dry: &["--dry-run"], chains: true };
    scripts.add(&mut unit, &manifest, call, &split, |event| call.step(&folder, ["run", event]))?;
    Ok(Plan::one(folder, unit))
}
