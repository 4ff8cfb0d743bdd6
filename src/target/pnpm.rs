//! pnpm 9 and later: it rewrites package.json when it packs, so that only a packed archive is the truth.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::Folder;
use super::npm::{is_client_package, is_of_client, package, read};
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// pnpm.
pub struct Pnpm;

impl Tool for Pnpm {
    fn name(&self) -> &'static str {
        "pnpm"
    }

    fn asked(&self) -> &'static str {
        "`pnpm pack` into a private temporary folder, without scripts; members of a workspace: `pnpm list --recursive`"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the archive itself is looked at, with `workspace:` ranges and `publishConfig` applied. What \
         `prepack` and `prepare` build must be built already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_of_client(folder, "pnpm")
    }

    fn fits(&self, folder: &Folder) -> bool {
        is_client_package(folder)
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        if !folder.join("pnpm-workspace.yaml").is_file() {
            return Ok(package(&Pnpm, folder, folder, &read(folder)?).into_iter().collect());
        }
        let ask = Ask::tool(around, "pnpm", folder)?;
        let answer = ask.args(["list", "--recursive", "--depth", "-1", "--json"]).answer()?;
        let folders = members(answer.text()?).ok_or_else(|| Refusal::nonsense("pnpm"))?;
        let mut packages = Vec::new();
        for member in &folders {
            packages.extend(package(&Pnpm, member, folder, &read(member)?));
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
        let ask = Ask::tool(around, "pnpm", &package.folder)?.args(["pack", "--pack-destination"]).arg(into);
        let ask = if scripts == Scripts::Ignore { ask.arg("--config.ignore-scripts=true") } else { ask };
        ask.packs(scripts, into)
    }
}

/// The folders that `pnpm list --json` names.
fn members(text: &str) -> Option<Vec<PathBuf>> {
    let start = text.find(['[', '{'])?;
    let answer: Value = serde_json::from_str(text.get(start..)?.trim()).ok()?;
    let mut folders: Vec<PathBuf> =
        answer.as_array()?.iter().map(|one| Some(PathBuf::from(one.get("path")?.as_str()?))).collect::<Option<_>>()?;
    folders.sort();
    folders.dedup();
    Some(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_those_that_pnpm_names() {
        let said = r#"[{"name":"root","path":"/w","private":true},{"name":"@s/b","version":"1.0.0","path":"/w/b"}]"#;
        assert_eq!(members(said).unwrap(), [PathBuf::from("/w"), PathBuf::from("/w/b")]);
        assert_eq!(members(&format!("Already up to date\n{said}\n")).unwrap().len(), 2);
        assert!(members("[{\"name\":\"a\"}]").is_none() && members("nothing").is_none());
    }
}
