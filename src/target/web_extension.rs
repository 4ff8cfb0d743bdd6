//! Browser extensions.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::built::plain;
use super::manifest::{self, Folder};
use super::run::Ask;
use super::{Package, Refusal, Scripts, Surroundings, Tool};

/// `web-ext`.
pub struct WebExtension;

impl Tool for WebExtension {
    fn name(&self) -> &'static str {
        "webext"
    }

    fn asked(&self) -> &'static str {
        "`web-ext build` into a private temporary folder"
    }

    fn exactness(&self) -> &'static str {
        "every byte of what web-ext packs; other ways to make the zip may take more"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        // Web pages have a manifest.json as well.
        folder.has("manifest.json") && read(folder.path()).is_some()
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let manifest = read(folder).ok_or_else(|| Refusal::new("its manifest.json cannot be read"))?;
        let field = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(vec![Package { version: field("version"), ..plain(&WebExtension, &field("name"), folder) }])
    }

    fn pack(
        &self,
        package: &Package,
        into: &Path,
        scripts: Scripts,
        around: &Surroundings,
    ) -> Result<Vec<PathBuf>, Refusal> {
        let ask = Ask::tool(around, "web-ext", &package.folder)?;
        let ask = ask.args(["build", "--no-config-discovery", "--no-input", "--overwrite-dest", "--source-dir", "."]);
        ask.arg("--artifacts-dir").arg(into).packs(scripts, into)
    }
}

fn read(folder: &Path) -> Option<Value> {
    let text = manifest::text(&folder.join("manifest.json")).ok()?;
    let manifest: Value = serde_json::from_str(&text).ok()?;
    manifest.get("manifest_version").and_then(Value::as_u64).is_some().then_some(manifest)
}
