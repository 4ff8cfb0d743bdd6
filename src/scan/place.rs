//! Where a source would lie if the tree it comes from were rebuilt: its name, seen from the file that carries it.
//!
//! Places are names of hostile origin, made readable, not made safe: `report::listing::safe_path` does that.

use std::collections::HashSet;

use super::run::Package;
use crate::finding::ArtifactPath;

/// Schemes in which bundlers name what they have read, from the root of the project.
const BUNDLERS: [&str; 12] = [
    "webpack",
    "webpack-internal",
    "rspack",
    "turbopack",
    "vite",
    "rollup",
    "ng",
    "parcel",
    "meteor",
    "app",
    "bun",
    "rsc",
];

/// The folder, inside `package`, from which the names in the carrier at `path` are seen. `plain` are the paths of all
/// plain files and members.
pub fn folder(package: &Package, path: &ArtifactPath, plain: &HashSet<String>) -> Vec<String> {
    let mut steps: Vec<&ArtifactPath> = std::iter::successors(Some(path), |path| path.parent()).collect();
    steps.reverse();
    let outside = match package {
        Package::Target(_) => 0,
        Package::Archive(archive) => archive.depth() + 1,
    };
    let mut place: Vec<String> = Vec::new();
    for (index, step) in steps.iter().enumerate().skip(outside) {
        if index > 0 && step.shares_place() {
            continue;
        }
        let is_first = place.is_empty();
        if is_first || plain.contains(&step.to_string()) {
            // A member of a nested container lies in it as in a folder.
            climb(&mut place, step.logical());
            // npm puts everything into `package/`, which is nobody's folder.
            if is_first && outside > 0 && place.len() > 1 && place[0] == "package" {
                place.remove(0);
            }
        } else {
            // What is only embedded lies where its own name says.
            place.pop();
            place = seen_from(&place, step.logical());
        }
    }
    place.pop();
    place
}

/// The place of the source called `name`, seen from `folder`.
pub fn seen_from(folder: &[String], name: &str) -> Vec<String> {
    // Rollup puts a NUL before what a plugin made up.
    let name = name.trim_start_matches('\0');
    let (mut place, rest) = match name.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => from_root(scheme, rest),
        _ if is_absolute(name) => (Vec::new(), name),
        _ => (folder.to_vec(), name),
    };
    climb(&mut place, rest);
    // Plugins ask for parts of a file by a query behind its name: `App.vue?vue&type=script`.
    if let Some(last) = place.last_mut()
        && let Some((file, _)) = last.split_once('?')
        && !file.is_empty()
    {
        *last = file.to_owned();
    }
    place
}

/// What of `rest`, which follows `scheme://`, is a path from the root, and the folder that it starts in.
fn from_root<'n>(scheme: &str, rest: &'n str) -> (Vec<String>, &'n str) {
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (owner, path) = rest.split_once('/').unwrap_or(("", rest));
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "file" {
        return (Vec::new(), path);
    }
    if !BUNDLERS.contains(&scheme.as_str()) {
        // An address; a name and a password before the host are nobody's folder.
        let host = owner.rsplit('@').next().unwrap_or(owner);
        return (vec![host.to_owned()], path);
    }
    // A scope is only the first half of a package's name.
    let path = match path.split_once('/') {
        Some((_, path)) if owner.starts_with('@') => path,
        _ => path,
    };
    (Vec::new(), path.strip_prefix("[project]/").unwrap_or(path))
}

fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_absolute(name: &str) -> bool {
    let drive = matches!(name.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    drive || name.starts_with(['/', '\\'])
}

/// Goes from `place` along `path`; nothing leads out of the root.
fn climb(place: &mut Vec<String>, path: &str) {
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                place.pop();
            }
            part => place.push(part.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &[&str], name: &str) -> String {
        let folder: Vec<String> = folder.iter().map(|part| (*part).to_owned()).collect();
        seen_from(&folder, name).join("/")
    }

    #[test]
    fn names_are_seen_from_their_map_or_from_the_root_of_the_project() {
        for (name, expected) in [
            ("../src/a.ts", "src/a.ts"),
            ("a.ts", "dist/a.ts"),
            ("../../../up/a.ts", "up/a.ts"),
            ("webpack://app/./src/a.ts", "src/a.ts"),
            ("webpack://@s/app/./src/a.ts?1f2e", "src/a.ts"),
            ("webpack:///src/a.ts", "src/a.ts"),
            ("webpack-internal:///./src/a.ts", "src/a.ts"),
            ("turbopack:///[project]/src/a.ts", "src/a.ts"),
            ("webpack://app/../lib/a.ts", "lib/a.ts"),
            ("file:///home/x/a.ts", "home/x/a.ts"),
            ("/home/x/a.ts", "home/x/a.ts"),
            ("C:\\x\\a.ts", "C:/x/a.ts"),
            ("https://user:word@cdn.example.com/a.ts?b=/c", "cdn.example.com/a.ts"),
            ("../src/App.vue?vue&type=script&lang.ts", "src/App.vue"),
            ("\0vite/preload.js", "dist/vite/preload.js"),
            ("?", "dist/?"),
        ] {
            assert_eq!(place(&["dist"], name), expected, "{name:?}");
        }
    }

    #[test]
    fn the_folder_of_a_map_is_that_of_the_file_which_carries_it() {
        let tar = ArtifactPath::file("p.tgz").decompressed("p.tar");
        let script = tar.member("package/dist/cli.js");
        let zip = tar.member("package/ui.zip");
        let map = zip.member("static/app.js.map");
        let plain: HashSet<String> = [&script, &zip, &map].map(ToString::to_string).into_iter().collect();
        let in_tar = Package::Archive(tar.clone());
        let at = |package: &Package, path: &ArtifactPath| folder(package, path, &plain).join("/");
        assert_eq!(at(&in_tar, &script.member("inline.map")), "dist");
        assert_eq!(at(&in_tar, &map), "ui.zip/static");
        let embedded = map.member("../node_modules/q/index.js").member("inline.map");
        assert_eq!(at(&in_tar, &embedded), "ui.zip/node_modules/q");
        let file = ArtifactPath::file_in_target("out/dist/a.js.map.gz", "dist/a.js.map.gz");
        assert_eq!(at(&Package::Target(0), &file.decompressed("dist/a.js.map")), "dist");
        assert_eq!(
            at(&Package::Target(0), &ArtifactPath::file_in_target("a/package/x.map", "package/x.map")),
            "package"
        );
    }
}
