//! Where names lead to: whether a source that a map names, or a map that a file refers to, lies in the target.

use std::collections::HashSet;

use crate::finding::ArtifactPath;

/// How many folders above a map are tried as the root of its project, its own included.
const FOLDERS_ABOVE: usize = 8;

/// The path that a reference stands for: without query and fragment, and with escapes undone.
pub fn decoded(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned()
}

/// Whether a source of the map at `from` is shipped as a file. Bundlers name sources from the root of the project, in a
/// scheme of their own: these may lie in any folder above the map.
pub fn is_beside(paths: &HashSet<String>, from: &ArtifactPath, name: &str) -> bool {
    let Some(inside) = in_project(name) else { return resolves(paths, from, name) };
    let above = std::iter::successors(Some(String::new()), |up| Some(format!("{up}../")));
    above.take(FOLDERS_ABOVE).any(|up| resolves(paths, from, &format!("{up}{inside}")))
}

/// `src/a.ts` for `webpack://app/./src/a.ts?1f2e` and `turbopack:///[project]/src/a.ts`. `None` where the name is no
/// bundler's.
fn in_project(name: &str) -> Option<&str> {
    let (scheme, rest) = name.split_once("://")?;
    if !matches!(scheme, "webpack" | "webpack-internal" | "turbopack" | "vite" | "ng" | "parcel") {
        return None;
    }
    let (owner, path) = rest.split_once('/')?;
    // A scope is only the first half of a package's name.
    let path = if owner.starts_with('@') { path.split_once('/')?.1 } else { path };
    let path = path.trim_start_matches("./");
    let path = path.strip_prefix("[project]/").unwrap_or(path);
    Some(path.split('?').next().unwrap_or(path))
}

/// Whether `name`, seen from the artifact at `from`, is a file beside it.
pub fn resolves(paths: &HashSet<String>, from: &ArtifactPath, name: &str) -> bool {
    resolved(from, name).is_some_and(|path| paths.contains(&path))
}

/// The path that `name` stands for, seen from the artifact at `from`. `None` where it leaves what that lies in.
pub fn resolved(from: &ArtifactPath, name: &str) -> Option<String> {
    // A map inside a file lies where the file lies.
    let owner = owner(from).to_string();
    let (container, inside) =
        owner.rsplit_once('!').map_or(("", owner.as_str()), |(container, inside)| (container, inside));
    let file = normalize(folder(inside), name)?;
    Some(if container.is_empty() { file } else { format!("{container}!{file}") })
}

/// Whether `name`, seen from the artifact at `from`, lies outside of the folder or archive that is published.
pub fn leads_out(from: &ArtifactPath, name: &str) -> bool {
    if name.contains(':') || name.starts_with('/') {
        return false;
    }
    // npm puts everything into `package/`.
    let inside = owner(from).logical();
    normalize(folder(inside.strip_prefix("package/").unwrap_or(inside)), name).is_none()
}

/// The file that carries the map at `from`, which may be that map itself.
fn owner(from: &ArtifactPath) -> &ArtifactPath {
    let carried = ["inline", "literal"].iter().any(|name| from.base_name().starts_with(name));
    from.parent().filter(|_| carried).unwrap_or(from)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `name` as seen from `folder`, without `.` and `..`. `None` where it leaves what it lies in.
fn normalize(folder: &str, name: &str) -> Option<String> {
    let absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if absolute { format!("/{joined}") } else { joined })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundlers_name_sources_from_the_root_of_the_project() {
        let paths: HashSet<String> = ["p.tgz!package/src/a.ts"].map(str::to_owned).into_iter().collect();
        let tar = ArtifactPath::file("p.tgz").decompressed("p.tar");
        let at = |name: &str| is_beside(&paths, &tar.member("package/dist/js/a.js.map"), name);
        for name in [
            "webpack://app/./src/a.ts",
            "webpack:///src/a.ts?1f2e",
            "webpack://@s/app/./src/a.ts",
            "turbopack:///[project]/src/a.ts",
        ] {
            assert!(at(name), "{name}");
        }
        for name in ["webpack://app/./src/b.ts", "https://app/src/a.ts", "webpack://app/a.ts", "webpack://src"] {
            assert!(!at(name), "{name}");
        }
    }

    #[test]
    fn names_resolve_beside_the_map_and_never_outside() {
        let paths: HashSet<String> =
            ["src/a.ts", "p.tgz!package/src/a.ts", "/abs/src/a.ts"].map(str::to_owned).into_iter().collect();
        let at = |path: &ArtifactPath, name: &str| resolves(&paths, path, name);
        assert!(at(&ArtifactPath::file("dist/a.js.map"), "../src/a.ts"));
        assert!(at(&ArtifactPath::file("/abs/dist/a.js.map"), "../src/a.ts"));
        assert!(!at(&ArtifactPath::file("dist/a.js.map"), "../../src/a.ts"));
        let tar = ArtifactPath::file("p.tgz").decompressed("p.tar");
        assert!(at(&tar.member("package/dist/a.js.map"), "../src/./a.ts"));
        assert!(at(&tar.member("package/dist/a.js").member("inline.map"), "../src/a.ts"));
        assert!(!at(&tar.member("package/dist/a.js.map"), "src/a.ts"));
    }
}
