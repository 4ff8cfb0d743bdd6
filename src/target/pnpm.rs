//! pnpm 9 and later: it rewrites package.json when it packs, so that only a packed archive is the truth.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ask::real;
use super::manifest::{Folder, PackageJson};
use super::npm::{is_client_package, is_of_client, package, read};
use super::run::Ask;
use super::{Contents, Package, Refusal, Scripts, Surroundings, Tool};

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
        "every byte: the archive itself is looked at, with `workspace:` ranges and `publishConfig` applied, also \
         `directory`. What `prepack` and `prepare` build must be built already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        is_of_client(folder, "pnpm")
    }

    fn fits(&self, folder: &Folder) -> bool {
        is_client_package(folder)
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        if !folder.join("pnpm-workspace.yaml").is_file() {
            return Ok(published(folder, folder, &read(folder)?).into_iter().collect());
        }
        let ask = Ask::tool(around, "pnpm", folder)?;
        let answer = ask.args(["list", "--recursive", "--depth", "-1", "--json"]).answer()?;
        let folders = members(answer.text()?).ok_or_else(|| Refusal::nonsense("pnpm"))?;
        let mut packages = Vec::new();
        for member in &folders {
            packages.extend(published(member, folder, &read(member)?));
        }
        Ok(packages)
    }

    fn instead(&self, package: &Package, _: &Surroundings) -> Option<(Contents, String)> {
        let folder = real(&directory(&package.folder, &read(&package.folder).ok()?)?);
        let is_outside = folder.is_dir() && !folder.starts_with(real(&package.folder));
        let said = format!("everything in {} is looked at, which `publishConfig.directory` names", folder.display());
        is_outside.then_some((Contents::Whole(folder), said))
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

/// The folder that pnpm packs instead of the package's own, if `publishConfig.directory` names one.
fn directory(folder: &Path, manifest: &PackageJson) -> Option<PathBuf> {
    manifest.publish_directory().map(|directory| folder.join(directory))
}

/// The package in a folder, as it is called where it is published: the manifest that `publishConfig.directory` leads to
/// says its name and version. `pnpm publish` asks only that manifest whether it is private, and `pnpm publish --recursive`
/// only the other: it is, if both say so.
fn published(folder: &Path, root: &Path, manifest: &PackageJson) -> Option<Package> {
    let own = package(&Pnpm, folder, root, manifest);
    let inner = directory(folder, manifest).and_then(|inside| package(&Pnpm, folder, root, &read(&inside).ok()?));
    match (own, inner) {
        (Some(own), Some(inner)) => Some(Package { private: own.private.and(inner.private.clone()), ..inner }),
        (own, inner) => inner.or(own),
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
    use super::super::testing::Bench;
    use super::super::{Wish, ask};
    use super::*;

    #[test]
    fn the_members_are_those_that_pnpm_names() {
        let said = r#"[{"name":"root","path":"/w","private":true},{"name":"@s/b","version":"1.0.0","path":"/w/b"}]"#;
        assert_eq!(members(said).unwrap(), [PathBuf::from("/w"), PathBuf::from("/w/b")]);
        assert_eq!(members(&format!("Already up to date\n{said}\n")).unwrap().len(), 2);
        assert!(members("[{\"name\":\"a\"}]").is_none() && members("nothing").is_none());
    }

    const PRIVATE: &str = r#"{"name":"a","version":"1.0.0","private":true,"publishConfig":{"directory":"../out"}}"#;

    #[test]
    fn the_manifest_that_is_published_says_what_the_package_is() {
        let said = |own: &str, inner: &str| {
            let bench = Bench::new(&[("a/package.json", own), ("out/package.json", inner)]);
            let package = Pnpm.packages(&bench.project().join("a"), &bench.around()).unwrap().remove(0);
            format!("{package} {:?}", package.private)
        };
        let public = r#"{"name":"b","version":"2.0.0"}"#;
        assert_eq!(said(PRIVATE, public), "pnpm package b 2.0.0 None");
        assert_eq!(said(&PRIVATE.replace("true", "false"), r#"{"name":"b","private":true}"#), "pnpm package b None");
        assert_eq!(said(PRIVATE, r#"{"name":"b"}"#), "pnpm package b Some(\"has no version\")");
        assert_eq!(said(PRIVATE, "{}"), "pnpm package a 1.0.0 Some(\"is private\")");
        assert_eq!(said(r#"{"name":"a","version":"1.0.0","publishConfig":"b"}"#, public), "pnpm package a 1.0.0 None");
    }

    #[test]
    fn what_lies_outside_of_the_package_is_looked_at_when_pnpm_does_not_answer() {
        let bench =
            Bench::new(&[("a/package.json", PRIVATE), ("out/package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
        let around = bench.around();
        let answer = ask(&bench.project().join("a"), "a", Wish::Tool(&Pnpm), &around);
        let expected = Contents::Whole(bench.project().join("out"));
        assert_eq!(answer.sets.iter().map(|set| &set.contents).collect::<Vec<_>>(), [&expected]);
        assert!(answer.remarks[0].contains("which `publishConfig.directory` names, because `pnpm` is not installed"));
        bench.file("a/package.json", &PRIVATE.replace("../out", "dist"));
        bench.file("a/dist/package.json", r#"{"name":"a","version":"1.0.0"}"#);
        let answer = ask(&bench.project().join("a"), "a", Wish::Tool(&Pnpm), &around);
        assert_eq!(answer.sets[0].contents, Contents::Whole(bench.project().join("a")));
    }
}
