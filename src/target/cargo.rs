//! Cargo: it rewrites Cargo.toml and adds files when it packs, so that only a packed crate is the truth.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::Folder;
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// Cargo.
pub struct Cargo;

impl Tool for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn asked(&self) -> &'static str {
        "`cargo package --no-verify --allow-dirty --offline` into a private temporary folder; members of a workspace: \
         `cargo metadata`"
    }

    fn exactness(&self) -> &'static str {
        "every byte: the crate itself is looked at, with the Cargo.toml, Cargo.lock and .cargo_vcs_info.json that cargo \
         writes. Dependencies must be in cargo's cache already"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        folder.has("Cargo.toml")
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let ask = Ask::tool(around, "cargo", folder)?;
        let answer = ask.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).answer()?;
        packages(&answer.text, folder).ok_or_else(|| Refusal::nonsense("cargo"))
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "cargo", &package.folder)?.args(["package", "--no-verify", "--allow-dirty"]);
        let ask = ask.arg("--manifest-path").arg(package.folder.join("Cargo.toml"));
        let ask = if scripts == Scripts::Ignore { ask.arg("--offline") } else { ask };
        ask.arg("--target-dir").arg(into).scripts(scripts).answer()?;
        let name = format!("{}-{}.crate", package.name, package.version);
        let made = into.join("package").join(name);
        if made.is_file() { Ok(vec![made]) } else { Err(Refusal::failed("cargo", "made no crate")) }
    }
}

/// The packages that `cargo metadata` names: the one of this folder, or all members where the folder is that of the
/// workspace.
fn packages(text: &str, folder: &Path) -> Option<Vec<Package>> {
    let start = text.find('{')?;
    let answer: Value = serde_json::from_str(text.get(start..)?.trim()).ok()?;
    let root = PathBuf::from(answer.get("workspace_root")?.as_str()?);
    let own = folder.join("Cargo.toml");
    let is_root = root == folder;
    let mut packages = Vec::new();
    for one in answer.get("packages")?.as_array()? {
        let manifest = PathBuf::from(one.get("manifest_path")?.as_str()?);
        if !is_root && manifest != own {
            continue;
        }
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let forbidden = one.get("publish").and_then(Value::as_array).is_some_and(Vec::is_empty);
        packages.push(Package {
            tool: &Cargo,
            name: text("name"),
            version: text("version"),
            folder: manifest.parent()?.to_owned(),
            root: root.clone(),
            private: forbidden.then(|| "is not to be published (`publish = false`)".to_owned()),
        });
    }
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    Some(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> String {
        let package = |name: &str, publish: &str| {
            format!(
                r#"{{"name":"{name}","version":"0.1.0","manifest_path":"/w/{name}/Cargo.toml","publish":{publish}}}"#
            )
        };
        let all = [package("b", "null"), package("a", "[]"), package("c", r#"["own"]"#)].join(",");
        format!(r#"{{"packages":[{all}],"workspace_root":"/w","target_directory":"/w/target"}}"#)
    }

    #[test]
    fn a_workspace_has_all_its_members_and_a_member_is_one() {
        let names = |folder: &str| -> Vec<(String, bool)> {
            let packages = packages(&said(), Path::new(folder)).unwrap();
            packages.into_iter().map(|package| (package.name, package.private.is_some())).collect()
        };
        assert_eq!(names("/w"), [("a".to_owned(), true), ("b".to_owned(), false), ("c".to_owned(), false)]);
        assert_eq!(names("/w/b"), [("b".to_owned(), false)]);
        assert!(packages("error: no", Path::new("/w")).is_none());
    }
}
