//! RubyGems.

use std::path::{Path, PathBuf};

use super::built::plain;
use super::manifest::Folder;
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// `gem build`.
pub struct Gem;

impl Tool for Gem {
    fn name(&self) -> &'static str {
        "gem"
    }

    fn asked(&self) -> &'static str {
        "`gem build` into a private temporary folder, for every gemspec in the folder"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the gem itself is looked at. A gemspec is a program: it runs, as it does when the gem is published"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        folder.ending(".gemspec").next().is_some()
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let names = Folder::read(folder);
        Ok(names.ending(".gemspec").map(|name| plain(&Gem, name.trim_end_matches(".gemspec"), folder)).collect())
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "gem", &package.folder)?.arg("build").arg(format!("{}.gemspec", package.name));
        ask.arg("--output").arg(into.join(format!("{}.gem", package.name))).packs(scripts, into)
    }
}
