//! What the manifests of a folder say, as far as it tells which tool publishes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::bytes::open;

/// The longest manifest that is read, in bytes.
const LONGEST: u64 = 4 << 20;
/// Most names of a folder that are kept. Manifests lie in folders with fewer.
const NAMES: usize = 100_000;

/// The names in a folder, read once for all tools.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    names: BTreeSet<String>,
}

impl Folder {
    /// Reads the names in the folder at `path`. A folder that cannot be read has none.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten().take(NAMES);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        Folder { path: path.to_owned(), names }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is something of this name in it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The names in it that end so, in order.
    pub fn ending<'f>(&'f self, ending: &'f str) -> impl Iterator<Item = &'f str> {
        self.names.iter().map(String::as_str).filter(move |name| name.len() > ending.len() && name.ends_with(ending))
    }

    /// Its package.json, if there is one that can be read.
    #[must_use]
    pub(super) fn package_json(&self) -> Option<PackageJson> {
        if self.has("package.json") { PackageJson::read(&self.path).ok() } else { None }
    }
}

/// The text of a manifest.
pub(super) fn text(path: &Path) -> std::io::Result<String> {
    let bytes = open::open(path, LONGEST)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// A package.json.
#[derive(Debug, Clone, Default)]
pub(super) struct PackageJson(Map<String, Value>);

impl PackageJson {
    /// Reads the package.json in this folder.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let text = text(&folder.join("package.json")).map_err(|error| error.to_string())?;
        match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(PackageJson(fields)),
            Ok(_) => Err("it is no object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A field that is text; empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it names a package. One without a name only says how scripts are read.
    pub(super) fn is_package(&self) -> bool {
        !self.text("name").is_empty()
    }

    /// Why no client publishes it.
    pub(super) fn private(&self) -> Option<String> {
        match self.0.get("private") {
            Some(Value::Bool(true)) => Some("is private".to_owned()),
            _ if self.text("version").is_empty() => Some("has no version".to_owned()),
            _ => None,
        }
    }

    /// The folder that pnpm publishes in its place.
    pub(super) fn publish_directory(&self) -> Option<&str> {
        self.0.get("publishConfig")?.get("directory")?.as_str().filter(|directory| !directory.is_empty())
    }

    /// The globs of its workspaces (npm, Yarn, Bun).
    pub(super) fn workspaces(&self) -> Vec<&str> {
        let list = match self.0.get("workspaces") {
            Some(Value::Object(fields)) => fields.get("packages"),
            other => other,
        };
        list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What it sets for a tool, by the name under which the tool looks for it.
    pub(super) fn settings(&self, tool: &str) -> Option<&Map<String, Value>> {
        self.0.get(tool).and_then(Value::as_object)
    }

    /// Whether it is an extension of VS Code.
    pub(super) fn is_vscode(&self) -> bool {
        self.0.get("engines").and_then(|engines| engines.get("vscode")).is_some()
    }

    /// Whether it has a script of this name.
    pub(super) fn has_script(&self, name: &str) -> bool {
        self.0.get("scripts").and_then(|scripts| scripts.get(name)).is_some()
    }

    /// The client that `packageManager` names, and its version.
    pub(super) fn manager(&self) -> Option<(&str, &str)> {
        self.text("packageManager").split_once('@')
    }
}

/// The clients that publish what has a package.json.
const CLIENTS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// The client that publishes what has a package.json: the one that `packageManager` names, or the one whose lock file
/// lies there, in the folder itself or in the root of its workspace above it; npm where nothing tells.
pub(super) fn client(folder: &Folder) -> &'static str {
    let found = |names: &Folder| {
        let manifest = names.package_json();
        let named = manifest.as_ref().and_then(PackageJson::manager).map(|(name, _)| name.to_owned());
        if let Some(client) = named.and_then(|name| CLIENTS.into_iter().find(|client| *client == name)) {
            return Some(client);
        }
        let locks = [
            ("pnpm", &["pnpm-lock.yaml", "pnpm-workspace.yaml"][..]),
            ("yarn", &["yarn.lock", ".yarnrc.yml"]),
            ("bun", &["bun.lock", "bun.lockb"]),
            ("npm", &["package-lock.json", "npm-shrinkwrap.json"]),
        ];
        locks.into_iter().find(|(_, names_of)| names_of.iter().any(|name| names.has(name))).map(|(client, _)| client)
    };
    if let Some(client) = found(folder) {
        return client;
    }
    let absolute = std::path::absolute(folder.path()).unwrap_or_else(|_| folder.path().to_owned());
    // A workspace ends where a repository does.
    let mut inside = !absolute.join(".git").exists();
    for above in absolute.ancestors().skip(1) {
        if !inside {
            break;
        }
        let names = Marks::of(above);
        if let Some(client) = names.client() {
            return client;
        }
        inside = !above.join(".git").exists();
    }
    "npm"
}

/// The marks of a workspace in a folder above, asked for by name: folders above may be large.
struct Marks<'p>(&'p Path);

impl<'p> Marks<'p> {
    fn of(path: &'p Path) -> Self {
        Marks(path)
    }

    fn client(&self) -> Option<&'static str> {
        let has = |name: &str| self.0.join(name).is_file();
        if has("pnpm-workspace.yaml") {
            return Some("pnpm");
        }
        let manifest = PackageJson::read(self.0).ok().filter(|manifest| !manifest.workspaces().is_empty())?;
        let named = manifest.manager().and_then(|(name, _)| CLIENTS.into_iter().find(|client| *client == name));
        let locks = [
            ("yarn", "yarn.lock"),
            ("yarn", ".yarnrc.yml"),
            ("bun", "bun.lock"),
            ("bun", "bun.lockb"),
            ("npm", "package-lock.json"),
        ];
        named.or_else(|| locks.into_iter().find(|(_, lock)| has(lock)).map(|(client, _)| client))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bench;
    use super::*;

    #[test]
    fn the_client_is_the_one_that_the_project_names_or_whose_lock_file_it_has() {
        let client_of = |files: &[(&str, &str)], at: &str| {
            let bench = Bench::new(files);
            client(&Folder::read(&bench.project().join(at)))
        };
        let plain = ("package.json", r#"{"name":"a","version":"1.0.0"}"#);
        assert_eq!(client_of(&[plain], ""), "npm");
        assert_eq!(client_of(&[plain, ("yarn.lock", "")], ""), "yarn");
        assert_eq!(client_of(&[plain, ("bun.lockb", "")], ""), "bun");
        let named = ("package.json", r#"{"name":"a","packageManager":"pnpm@9.0.0+sha512.x"}"#);
        assert_eq!(client_of(&[named, ("yarn.lock", "")], ""), "pnpm");
        let root = ("package.json", r#"{"workspaces":["packages/*"]}"#);
        let member = ("packages/a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
        assert_eq!(client_of(&[root, member, ("yarn.lock", "")], "packages/a"), "yarn");
        assert_eq!(client_of(&[("pnpm-workspace.yaml", ""), member], "packages/a"), "pnpm");
        assert_eq!(client_of(&[("yarn.lock", ""), member], "packages/a"), "npm", "what lies above is no workspace");
        assert_eq!(client_of(&[root, member, ("packages/.git", ""), ("yarn.lock", "")], "packages/a"), "npm");
    }

    #[test]
    fn a_manifest_with_a_byte_order_mark_is_read_and_a_damaged_one_is_not() {
        let bench = Bench::new(&[("package.json", "\u{feff}{\"name\":\"a\",\"workspaces\":{\"packages\":[\"x\",7]}}")]);
        let manifest = PackageJson::read(&bench.project()).unwrap();
        assert_eq!((manifest.text("name"), manifest.workspaces()), ("a", vec!["x"]));
        bench.file("package.json", "{\"name\":");
        assert!(PackageJson::read(&bench.project()).is_err());
    }
}
