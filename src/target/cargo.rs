//! Cargo: it rewrites Cargo.toml and adds files when it packs, so that only a packed crate is the truth.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::Folder;
use super::run::Ask;
use super::{Contents, File, Package, Refusal, Scripts, Surroundings, Tool};

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
         writes. Where it cannot be packed (dependencies must be in cargo's cache already), the files of `cargo package \
         --list` are looked at, without those two"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        folder.has("Cargo.toml")
    }

    fn packages(&self, folder: &Path, around: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let ask = Ask::tool(around, "cargo", folder)?;
        let answer = ask.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).answer()?;
        packages(answer.text()?, folder).ok_or_else(|| Refusal::nonsense("cargo"))
    }

    fn instead(&self, package: &Package, around: &Surroundings) -> Option<(Contents, String)> {
        let ask = Ask::tool(around, "cargo", &package.folder).ok()?;
        let ask = ask.args(["package", "--list", "--allow-dirty", "--offline", "--manifest-path"]);
        let answer = ask.arg(package.folder.join("Cargo.toml")).answer().ok()?;
        let files = listed(answer.text().ok()?, package);
        let said = "the files that cargo lists are looked at, without the Cargo.lock and .cargo_vcs_info.json that it writes \
                    when it packs";
        (!files.is_empty()).then(|| (Contents::Files(files), said.to_owned()))
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

/// The files of `cargo package --list` as they lie in the project. Of those that cargo writes itself, Cargo.toml is made
/// from the one that is there, and is listed once more under the name that it has in the crate.
fn listed(text: &str, package: &Package) -> Vec<File> {
    let place = |name: &str| match name {
        "Cargo.toml.orig" => package.folder.join("Cargo.toml"),
        "Cargo.lock" => package.root.join("Cargo.lock"),
        name => package.folder.join(name),
    };
    let is_written = |name: &str, path: &Path| matches!(name, "Cargo.lock" | ".cargo_vcs_info.json") && !path.is_file();
    let names = text.lines().map(str::trim_end).filter(|name| !name.is_empty());
    let files = names.map(|name| (name, place(name))).filter(|(name, path)| !is_written(name, path));
    files.map(|(name, path)| File { name: name.replace('\\', "/"), path, made: false }).collect()
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

    #[test]
    #[cfg(unix)]
    fn a_crate_that_cannot_be_packed_is_looked_at_by_its_list_aloud() {
        use super::super::{Wish, ask, testing::Bench};
        let bench = Bench::new(&[("Cargo.toml", "[package]"), ("src/lib.rs", "")]);
        let metadata = format!(
            r#"{{"packages":[{{"name":"tide","version":"0.1.0","manifest_path":"{0}/Cargo.toml","publish":null}}],"workspace_root":"{0}"}}"#,
            bench.project().display()
        );
        let list = "printf '.cargo_vcs_info.json\\nCargo.lock\\nCargo.toml\\nCargo.toml.orig\\nsrc/lib.rs\\n'";
        bench.program(
            "cargo",
            &format!("case \"$*\" in metadata*) echo '{metadata}';; *--list*) {list};; *) exit 101;; esac"),
        );
        let answer = ask(&bench.project(), ".", Wish::Auto, &bench.around());
        let Contents::Files(files) = &answer.sets[0].contents else { unreachable!("{answer:?}") };
        let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["Cargo.toml", "Cargo.toml.orig", "src/lib.rs"]);
        assert_eq!(files[1].path, bench.project().join("Cargo.toml"));
        assert!(answer.remarks[0].starts_with(".: the files that cargo lists are looked at"), "{:?}", answer.remarks);
        assert!(answer.remarks[0].ends_with(", because `cargo` exited with 101"), "{:?}", answer.remarks);
    }
}
