//! What package manifests say about whose a package is: a build bundles the publisher's private packages through
//! `node_modules`, like those of others.

use serde_json::{Map, Value};

use crate::finding::{Artifact, Gap, Stage};
use crate::formats::source_map::installed;

/// The longest manifest that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Files that name the package that they lie in.
const MANIFESTS: [&str; 3] = ["package.json", "jsr.json", "deno.json"];

/// Lists of dependencies, by their keys in a manifest (npm, package.json).
const LISTS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// How a dependency is written that lies beside the package, or in a repository that not everybody may read.
const LOCAL: [&str; 8] = ["workspace:", "link:", "file:", "portal:", "git+ssh:", "ssh:", "git@", "../"];

/// Whether the file at this logical path is a manifest.
pub fn is_manifest(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    MANIFESTS.contains(&name)
}

/// The packages (`name`, `@scope/name`) and scopes (`@scope`) that are the publisher's own, as far as the manifest at
/// `path` tells. What is no manifest tells nothing.
pub fn own_packages(path: &str, text: &[u8]) -> Vec<String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let Ok(Value::Object(manifest)) = serde_json::from_slice::<Value>(text) else { return Vec::new() };
    let name = manifest.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    if let Some(other) = installed(path) {
        // npm refuses to publish what is marked so: nobody else can have published it.
        let private = manifest.get("private") == Some(&Value::Bool(true)) && is_root_of(path, &other.package);
        return if private { vec![other.package] } else { Vec::new() };
    }
    let mut own: Vec<String> = name.into_iter().chain(name.and_then(scope)).map(str::to_owned).collect();
    own.extend(local_dependencies(&manifest, name.and_then(scope)));
    own
}

/// Whether the manifest at `path` is that of the whole package, rather than of a folder in it.
fn is_root_of(path: &str, package: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.strip_suffix(package).is_some_and(|front| front.ends_with("node_modules/"))
}

/// The scope of a package's name.
pub fn scope(name: &str) -> Option<&str> {
    name.split_once('/').map(|(scope, _)| scope).filter(|scope| scope.starts_with('@') && scope.len() > 1)
}

fn local_dependencies(manifest: &Map<String, Value>, own_scope: Option<&str>) -> Vec<String> {
    let lists = LISTS.iter().filter_map(|list| manifest.get(*list)?.as_object());
    let is_own = |specifier: &Value| {
        let specifier = specifier.as_str().unwrap_or_default();
        let alias = specifier.strip_prefix("npm:").and_then(scope);
        LOCAL.iter().any(|mark| specifier.starts_with(mark)) || alias.is_some() && alias == own_scope
    };
    lists.flatten().filter(|(_, specifier)| is_own(specifier)).map(|(name, _)| name.clone()).collect()
}

/// What the artifact says of the publisher's own packages, if it is a manifest.
pub fn owned(artifact: &Artifact, gaps: &mut Vec<Gap>) -> Vec<String> {
    let path = &artifact.path;
    if !is_manifest(path.logical()) {
        return Vec::new();
    }
    if artifact.bytes.len() > LONGEST {
        let reason = format!("it is a manifest of more than {} bytes, and was not read as one", LONGEST);
        gaps.push(Gap { path: path.clone(), stage: Stage::Limit, reason });
        return Vec::new();
    }
    own_packages(path.logical(), &artifact.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_tells_the_publishers_own_packages() {
        let manifest = r#"{"name":"@tide/cli","dependencies":{"left-pad":"^1.0.0","@other/core":"workspace:*",
            "chart":"npm:@tide/chart@1","pilot":"file:../pilot","odd":7},"devDependencies":{"@x/y":"link:../y"}}"#;
        let mut own = own_packages("package/package.json", manifest.as_bytes());
        own.sort();
        assert_eq!(own, ["@other/core", "@tide", "@tide/cli", "@x/y", "chart", "pilot"]);
        assert!(own_packages("node_modules/a/package.json", manifest.as_bytes()).is_empty());
        assert!(own_packages("package.json", b"{\"name\":").is_empty());
    }

    #[test]
    fn what_may_not_be_published_was_not_published_by_others() {
        let private = br#"{"name":"x","private":true}"#;
        assert_eq!(own_packages("node_modules/@corp/core/package.json", private), ["@corp/core"]);
        assert!(own_packages("node_modules/@corp/core/esm/package.json", private).is_empty());
    }
}
