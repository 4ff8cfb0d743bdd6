//! Where tools put the packages of others, and what such a path tells about them: a name, and often a version.
//!
//! Only places that a package manager owns count. A folder called `vendor` or `third_party` does not: people keep code
//! there that they may not publish, and their own besides.

/// A package of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name, with its scope.
    pub package: String,
    /// Its version, where the path tells it.
    pub version: Option<String>,
}

/// Reads a package's name and version from what follows the mark of its place.
type Reader = fn(&str) -> Option<Installed>;

/// Places other than `node_modules`, each with what follows its mark. A store of a registry is named with that registry
/// where anybody may run one of their own: what a company serves to itself is not published.
const PLACES: [(&str, Reader); 22] = [
    ("/bower_components/", folder),
    ("/jspm_packages/npm/", at_version),
    ("/.bun/install/cache/", at_version),
    ("/npm/registry.npmjs.org/", version_below),
    ("/registry/src/index.crates.io-", crate_below),
    ("/registry/src/github.com-1ecc6299db9ec823/", dashed),
    ("/rust/deps/", dashed),
    ("/rustc/", rustc),
    ("/.pub-cache/hosted/pub.dev/", dashed),
    ("/.pub-cache/hosted/pub.dartlang.org/", dashed),
    ("/site-packages/", module),
    ("/dist-packages/", module),
    ("/pkg/mod/", go_module),
    ("/usr/local/go/src/", |_| named("go")),
    ("/emsdk/upstream/", |_| named("emscripten")),
    ("/emscripten/system/", |_| named("emscripten")),
    ("/esm.sh/", esm_sh),
    ("/jsr.io/", version_below),
    ("/deno.land/x/", at_version),
    ("/deno.land/std@", |rest| with_version("std", rest.split('/').next()?)),
    ("/unpkg.com/", at_version),
    ("/cdn.jsdelivr.net/npm/", at_version),
];

/// Schemes that name packages of public registries.
const SCHEMES: [(&str, Reader); 5] = [
    ("npm:", at_version),
    ("jsr:", at_version),
    ("dart:", |_| named("dart")),
    ("org-dartlang-sdk:", |_| named("dart")),
    ("package:flutter/", |_| named("flutter")),
];

/// The package of somebody else that the file at `path` belongs to, if a package manager has put it there.
pub fn installed(path: &str) -> Option<Installed> {
    let slashed;
    let path = if path.contains('\\') {
        slashed = path.replace('\\', "/");
        &slashed
    } else {
        path
    };
    if let Some((before, inside)) = in_node_modules(path) {
        return node_module(before, inside);
    }
    if let Some((scheme, read)) = SCHEMES.iter().find(|(scheme, _)| path.starts_with(scheme)) {
        return read(path[scheme.len()..].trim_start_matches('/'));
    }
    if !path.split('/').any(is_place) {
        return None;
    }
    PLACES.iter().find_map(|(mark, read)| after(path, mark).and_then(*read))
}

/// Whether the mark of any place begins with this folder. Most paths have none, and every file is asked.
fn is_place(folder: &str) -> bool {
    PLACES.iter().any(|(mark, _)| mark[1..].strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// What stands before and after the last folder of that very name: one's own may end in the same letters, such as
/// `src/my_node_modules/`.
fn in_node_modules(path: &str) -> Option<(&str, &str)> {
    const FOLDER: &str = "/node_modules/";
    let last = path.rmatch_indices('/').find(|(at, _)| path[*at..].starts_with(FOLDER));
    last.map(|(at, _)| (&path[..at], &path[at + FOLDER.len()..]))
        .or_else(|| Some(("", path.strip_prefix(&FOLDER[1..])?)))
}

/// What follows `mark`, which starts with a slash that may be missing at the start of a path.
fn after<'p>(path: &'p str, mark: &str) -> Option<&'p str> {
    path.split_once(mark).map(|(_, rest)| rest).or_else(|| path.strip_prefix(&mark[1..]))
}

/// The package at `inside` of a `node_modules` folder; `before` is what leads to that folder, and in a store of pnpm,
/// Yarn or Bun it tells the version, or that the package is a folder of the publisher's own.
fn node_module(before: &str, inside: &str) -> Option<Installed> {
    if let Some(store) = inside.strip_prefix('.') {
        return hidden(store);
    }
    if let Some(flat) = inside.strip_prefix('_').filter(|flat| flat.contains('@')) {
        return cnpm(flat);
    }
    let package = scoped(inside)?;
    let entry = before.rsplit('/').next().unwrap_or(before);
    if is_local(entry) {
        return None;
    }
    let version = store_version(entry, &package);
    Some(Installed { package, version })
}

/// What lies in a hidden folder of `node_modules`: packages only in the stores that are known, for no package has a
/// name that starts with a dot. Caches and generated clients are made from the publisher's own.
fn hidden(store: &str) -> Option<Installed> {
    let (store, rest) = store.split_once('/')?;
    match store {
        "vite" => named(rest.strip_prefix("deps/")?.split('/').next()?.split('.').next()?),
        "pnpm" | "bun" | "store" => {
            let entry = rest.split('/').next()?;
            if is_local(entry) { None } else { locator(entry).or_else(|| at_version(&entry.replace('+', "/"))) }
        }
        _ => None,
    }
}

/// Whether the entry of a store says that the package came from a folder beside the publisher's own.
fn is_local(entry: &str) -> bool {
    const PNPM: [&str; 3] = ["file+", "link+", "workspace+"];
    const YARN: [&str; 4] = ["-file-", "-link-", "-portal-", "-workspace-"];
    let pnpm = PNPM.iter().any(|mark| entry.starts_with(mark) || entry.contains(&format!("@{mark}")));
    let zipped = entry.ends_with(".zip") && !entry.contains("-npm-");
    pnpm || zipped && YARN.iter().any(|mark| entry.contains(mark))
}

/// The version of `package` if `entry` of a store is about it.
fn store_version(entry: &str, package: &str) -> Option<String> {
    let found = locator(entry).or_else(|| at_version(&entry.replace('+', "/")))?;
    let same = found.package == package || found.package == package.replacen('/', "-", 1);
    found.version.filter(|_| same)
}

/// Yarn's `@scope-name-npm-1.2.3-0123456789-abcdef.zip`.
fn locator(entry: &str) -> Option<Installed> {
    let (package, rest) = entry.split_once("-npm-")?;
    // A version may hold dashes of its own; two hashes at most follow it.
    let version = rest.trim_end_matches(".zip");
    let is_hash = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let version = version.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).map_or(version, |(front, _)| front);
    let version = version.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).map_or(version, |(front, _)| front);
    with_version(package, version)
}

/// cnpm's `lodash@4.17.21@lodash` and `@babel_core@7.1.0@@babel/core`, without the `_` before them.
fn cnpm(flat: &str) -> Option<Installed> {
    let (front, name) = match flat.split_once("@@") {
        Some((front, name)) => (front, scoped(&format!("@{name}"))?),
        None => {
            let (front, name) = flat.split('/').next()?.rsplit_once('@')?;
            (front, name.to_owned())
        }
    };
    with_version(&name, front.rsplit_once('@')?.1)
}

/// The first component of a path, and the second where the first is only a scope.
fn scoped(inside: &str) -> Option<String> {
    let mut parts = inside.split('/');
    let first = parts.next().filter(|part| !part.is_empty())?;
    Some(match parts.next() {
        Some(second) if first.starts_with('@') => format!("{first}/{second}"),
        _ => first.to_owned(),
    })
}

fn folder(rest: &str) -> Option<Installed> {
    Some(Installed { package: scoped(rest)?, version: None })
}

fn named(package: &str) -> Option<Installed> {
    (!package.is_empty()).then(|| Installed { package: package.to_owned(), version: None })
}

/// A name with a version, if what is said to be one starts with a digit.
fn with_version(package: &str, version: &str) -> Option<Installed> {
    let version = version.strip_prefix('v').unwrap_or(version);
    // What peers were chosen is no part of the version.
    let version = version.split(['_', '(', '@']).next().unwrap_or(version);
    let version = version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned());
    (!package.is_empty()).then(|| Installed { package: package.to_owned(), version })
}

/// `name@1.2.3/…`, `@scope/name@1.2.3/…`.
fn at_version(rest: &str) -> Option<Installed> {
    let name = scoped(rest)?;
    let start = usize::from(name.starts_with('@'));
    match name[start..].split_once('@') {
        Some((package, version)) => with_version(&name[..start + package.len()], version),
        None => named(&name),
    }
}

/// `name/1.2.3/…`, `@scope/name/1.2.3/…`.
fn version_below(rest: &str) -> Option<Installed> {
    let package = scoped(rest)?;
    let version = rest.get(package.len() + 1..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    with_version(&package, version)
}

/// `name-1.2.3/…`.
fn dashed(rest: &str) -> Option<Installed> {
    let entry = rest.split('/').next()?;
    let is_version = |at: &usize| entry[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let at = entry.match_indices('-').map(|(at, _)| at).find(is_version)?;
    with_version(&entry[..at], &entry[at + 1..])
}

/// `<hash of the index>/name-1.2.3/…`.
fn crate_below(rest: &str) -> Option<Installed> {
    dashed(rest.split_once('/')?.1)
}

/// `<commit>/library/std/…`: Rust's own sources.
fn rustc(rest: &str) -> Option<Installed> {
    let commit = rest.split('/').next()?;
    (commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| named("rust"))?
}

/// `name/…` or `name.py` among Python's installed packages.
fn module(rest: &str) -> Option<Installed> {
    named(rest.split('/').next()?.trim_end_matches(".py"))
}

/// `example.com/owner/name@v1.2.3/…`, a module in Go's cache.
fn go_module(rest: &str) -> Option<Installed> {
    let (module, version) = rest.split_once('@')?;
    with_version(module, version.split('/').next()?).filter(|found| found.version.is_some())
}

/// `name@1.2.3/…`, `v135/name@1.2.3/…`, `stable/name@1.2.3/…`, `*name@1.2.3`.
fn esm_sh(rest: &str) -> Option<Installed> {
    let rest = rest.trim_start_matches('*');
    let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
    let build = first == "stable" || first.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    at_version(if build { below.trim_start_matches('*') } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_the_package_and_often_its_version() {
        for (path, package, version) in [
            ("node_modules/left-pad/index.js", "left-pad", ""),
            ("..\\node_modules\\@s\\p\\i.js", "@s/p", ""),
            ("../node_modules/.pnpm/a@1.0.0/node_modules/@scope/a/b.js", "@scope/a", ""),
            (
                "../node_modules/.pnpm/@scope+a@1.2.0-rc.1_react@18.2.0/node_modules/@scope/a/b.js",
                "@scope/a",
                "1.2.0-rc.1",
            ),
            ("node_modules/.pnpm/a@1.0.0(b@2.0.0)/node_modules/a/b.js", "a", "1.0.0"),
            ("node_modules/.bun/a@1.0.0/node_modules/a/b.js", "a", "1.0.0"),
            (
                ".yarn/cache/@s-p-npm-7.1.0-beta-2-0a1b2c3d4e-aabbccddeeff.zip/node_modules/@s/p/i.js",
                "@s/p",
                "7.1.0-beta-2",
            ),
            (".yarn/unplugged/esbuild-npm-0.19.2-0a1b2c3d4e/node_modules/esbuild/x.js", "esbuild", "0.19.2"),
            ("node_modules/_lodash@4.17.21@lodash/lodash.js", "lodash", "4.17.21"),
            ("node_modules/_@babel_core@7.1.0@@babel/core/lib/i.js", "@babel/core", "7.1.0"),
            ("/root/.bun/install/cache/react@18.2.0@@@1/index.js", "react", "18.2.0"),
            ("/root/.bun/install/cache/@s/p@1.2.3/index.js", "@s/p", "1.2.3"),
            ("/root/.cache/deno/npm/registry.npmjs.org/@s/p/1.2.3/i.js", "@s/p", "1.2.3"),
            ("npm:react@18.2.0", "react", "18.2.0"),
            ("npm:/@s/p@1.2.3/i.js", "@s/p", "1.2.3"),
            ("https://jsr.io/@std/path/1.0.6/mod.ts", "@std/path", "1.0.6"),
            ("https://deno.land/std@0.224.0/path/mod.ts", "std", "0.224.0"),
            ("https://deno.land/x/oak@v12.6.1/mod.ts", "oak", "12.6.1"),
            ("https://esm.sh/v135/@s/p@1.2.3/es2022/p.mjs", "@s/p", "1.2.3"),
            ("https://esm.sh/react@18.2.0", "react", "18.2.0"),
            ("bower_components/jquery/dist/jquery.js", "jquery", ""),
            (
                "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/serde-json-1.0.1/src/lib.rs",
                "serde-json",
                "1.0.1",
            ),
            ("/rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/std/src/lib.rs", "rust", ""),
            ("/usr/lib/python3.11/site-packages/numpy/core.pyx", "numpy", ""),
            ("/go/pkg/mod/golang.org/x/net@v0.1.2/html/a.go", "golang.org/x/net", "0.1.2"),
            ("node_modules/.vite/deps/react-dom.js", "react-dom", ""),
        ] {
            let version = (!version.is_empty()).then(|| version.to_owned());
            assert_eq!(installed(path), Some(Installed { package: package.to_owned(), version }), "{path}");
        }
    }

    #[test]
    fn what_may_be_the_publishers_is_nobody_elses() {
        for path in [
            "src/my_node_modules/a.ts",
            "vendor/acme/a.js",
            "node_modules/.prisma/client/index.js",
            "node_modules/.cache/x/a.js",
            "node_modules/.pnpm/file+packages+core/node_modules/@corp/core/a.js",
            "node_modules/.pnpm/@corp+core@file+packages+core/node_modules/@corp/core/a.js",
            ".yarn/cache/@corp-core-file-0a1b2c3d4e.zip/node_modules/@corp/core/a.js",
            "/root/.cargo/registry/src/crates.corp.example-6f17d22bba15001f/a-1.0.1/src/lib.rs",
            "/root/.cargo/git/checkouts/a-6f17d22bba15001f/0a1b2c3/src/lib.rs",
            "/rustc/src/a.rs",
            "src/rust/deps/a.rs",
            "src/emsdk/a.c",
            "src/pkg/mod/user@home/a.go",
            "node_modules/",
            "node_modules",
        ] {
            assert_eq!(installed(path), None, "{path}");
        }
    }
}
