//! Bun: it resolves `workspace:` ranges when it packs, so that only a packed archive is the truth.

use std::path::{Path, PathBuf};

use super::manifest::Folder;
use super::npm::{is_client_package, is_of_client, package, read};
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool, workspaces};

/// Bun.
pub struct Bun;

impl Tool for Bun {
    fn name(&self) -> &'static str {
        "bun"
    }

    fn asked(&self) -> &'static str {
        "`bun pm pack --ignore-scripts` into a private temporary folder; members of a workspace by its globs"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the archive itself is looked at. What `prepack` and `prepare` build must be built already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_of_client(folder, "bun")
    }

    fn fits(&self, folder: &Folder) -> bool {
        is_client_package(folder)
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let manifest = read(folder)?;
        let mut packages: Vec<Package> = package(&Bun, folder, folder, &manifest).into_iter().collect();
        for member in workspaces::expand(folder, &manifest.workspaces())? {
            packages.extend(package(&Bun, &member, folder, &read(&member)?));
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
        let ask = Ask::tool(around, "bun", &package.folder)?.args(["pm", "pack", "--destination"]).arg(into);
        let ask = if scripts == Scripts::Ignore { ask.arg("--ignore-scripts") } else { ask };
        ask.packs(scripts, into)
    }
}
