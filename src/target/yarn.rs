//! Yarn, classic and berry: both pack into a private folder.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::Folder;
use super::npm::{is_client_package, is_of_client, package, read};
use super::run::{Ask, argument};
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// Yarn of any version.
pub struct Yarn;

/// A plug-in for berry, which has no option that would keep scripts from running when it packs: it wraps each of them into
/// nothing.
const PLUGIN: &str = "module.exports = {
  name: 'lastlook-without-scripts',
  factory: () => ({ default: { hooks: { wrapScriptExecution: async () => async () => 0 } } }),
}
";

impl Tool for Yarn {
    fn name(&self) -> &'static str {
        "yarn"
    }

    fn asked(&self) -> &'static str {
        "`yarn pack` into a private temporary folder; classic with `--ignore-scripts`, berry with a plug-in of ours that \
         turns scripts into nothing; members of a workspace: `yarn workspaces`"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the archive itself is looked at, with `workspace:` ranges and `publishConfig` applied. Berry needs an \
         up-to-date yarn.lock. What `prepack` builds must be built already. A release of Yarn, or plug-ins, that the \
         project brings along run, as they do when it is published"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_of_client(folder, "yarn")
    }

    fn fits(&self, folder: &Folder) -> bool {
        is_client_package(folder)
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let manifest = read(folder)?;
        let mut packages: Vec<Package> = package(&Yarn, folder, folder, &manifest).into_iter().collect();
        if manifest.workspaces().is_empty() {
            return Ok(packages);
        }
        let ask = |args: &[&str]| Ask::tool(around, "yarn", folder)?.args(args).answer();
        let locations = match is_classic(folder, around)? {
            true => classic_members(ask(&["--silent", "workspaces", "info", "--json"])?.text()?),
            false => berry_members(ask(&["workspaces", "list", "--json"])?.text()?),
        };
        let mut locations = locations.ok_or_else(|| Refusal::nonsense("yarn"))?;
        locations.sort();
        for location in locations.iter().filter(|location| *location != ".") {
            let member = folder.join(location);
            packages.extend(package(&Yarn, &member, folder, &read(&member)?));
        }
        Ok(packages)
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let name = package.name.trim_start_matches('@').replace('/', "-");
        let archive = into.join(format!("{name}-{}.tgz", package.version));
        let ask = Ask::tool(around, "yarn", &package.folder)?.arg("pack");
        let ask = match (is_classic(&package.folder, around)?, scripts) {
            (true, Scripts::Ignore) => ask.args(["--offline", "--ignore-scripts", "--filename"]).arg(&archive),
            (true, Scripts::Run) => ask.arg("--filename").arg(&archive),
            (false, Scripts::Run) => ask.arg("--out").arg(&archive),
            (false, Scripts::Ignore) => {
                let plugin = around.scratch_with(&[("plugin.cjs", PLUGIN)])?.join("plugin.cjs");
                ask.env("YARN_PLUGINS", argument("", &plugin)).arg("--out").arg(&archive)
            }
        };
        ask.packs(scripts, into)
    }
}

/// Whether the Yarn that answers in this folder is of the first generation. The project may bring a release of its own.
fn is_classic(folder: &Path, around: &Surroundings) -> Result<bool, Refusal> {
    let answer = Ask::tool(around, "yarn", folder)?.arg("--version").answer()?;
    let version = answer.text()?.trim().lines().next_back().unwrap_or_default().trim().to_owned();
    match version.split('.').next().and_then(|first| first.parse::<u32>().ok()) {
        Some(generation) => Ok(generation < 2),
        None => Err(Refusal::nonsense("yarn")),
    }
}

/// The folders in `yarn workspaces info --json`: an object by names, perhaps inside an object of the log.
fn classic_members(text: &str) -> Option<Vec<String>> {
    let start = text.find('{')?;
    let mut answer: Value = serde_json::Deserializer::from_str(text.get(start..)?).into_iter().next()?.ok()?;
    if let Some(inner) = answer.get("data").and_then(Value::as_str) {
        answer = serde_json::from_str(inner).ok()?;
    }
    answer.as_object()?.values().map(|one| Some(one.get("location")?.as_str()?.to_owned())).collect()
}

/// The folders in `yarn workspaces list --json`: one object a line.
fn berry_members(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let location = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?.get("location")?.as_str()?.to_owned());
    let all: Vec<String> = lines.map(location).collect::<Option<_>>()?;
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_those_that_either_generation_names() {
        let info = r#"{"@s/a":{"location":"packages/a","workspaceDependencies":[]},"b":{"location":"b"}}"#;
        assert_eq!(
            classic_members(&format!("yarn workspaces v1.22.22\n{info}\nDone in 0.04s.\n")).unwrap(),
            ["packages/a", "b"]
        );
        let logged = serde_json::json!({"type": "log", "data": info}).to_string();
        assert_eq!(classic_members(&logged).unwrap().len(), 2);
        let list = "{\"location\":\".\",\"name\":\"root\"}\n{\"location\":\"packages/a\",\"name\":\"@s/a\"}\n";
        assert_eq!(berry_members(list).unwrap(), [".", "packages/a"]);
        for nonsense in ["", "{}", "{\"a\":1}", "usage: yarn"] {
            assert!(berry_members(nonsense).is_none(), "{nonsense}");
        }
        assert!(classic_members("{\"a\":1}").is_none() && classic_members("nothing").is_none());
    }
}
