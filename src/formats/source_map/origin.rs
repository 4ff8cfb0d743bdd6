//! Whose a source is, judged by its name in a map.

use super::installed::{Installed, installed};
use crate::formats::Origin;

/// Names that tools give to what they write themselves, wherever they stand. `<stdin>` is none of them: it is
/// somebody's program that was piped into the bundler.
const GENERATED: [&str; 16] = [
    // webpack 1 to 4, and its development server.
    "(webpack)/",
    "(webpack)-",
    // Turbopack.
    "[turbopack]/",
    "[turbopack-",
    "turbopack:///[next]/",
    "turbopack:///[externals]/",
    // Bun, Parcel, Closure Compiler, esbuild.
    "<anon>",
    "<no source>",
    "[synthetic:",
    "<define:",
    "<runtime>",
    "(disabled):",
    // Rollup's virtual modules; plugins mark what is their own.
    "\0",
    "\u{200b}",
    "_virtual/_rollupPluginBabelHelpers",
    "_virtual/_commonjsHelpers",
];

/// The same, where the name starts so, or where a scheme of the bundler's own stands before.
const GENERATED_FROM_START: [&str; 8] = [
    "bun:",
    "rolldown:runtime",
    "rolldown/runtime",
    "vite/preload-helper",
    "vite/modulepreload-polyfill",
    "vite/dynamic-import-helper",
    "__vite-browser-external",
    "__prelude__",
];

/// Where webpack puts its own modules. Their names never end like a file's, which the publisher's own
/// `src/webpack/runtime/a.ts` does.
const WEBPACK: [&str; 8] = [
    "webpack/bootstrap",
    "webpack/runtime/",
    "webpack/before-startup",
    "webpack/startup",
    "webpack/after-startup",
    "webpack/container/",
    "webpack/sharing/",
    "webpack/universalModuleDefinition",
];

/// Beginnings of the names of webpack's stand-ins for modules that lie elsewhere. A file of the publisher's own may begin
/// with some of these words, but it ends like a file.
const STAND_INS: [&str; 8] = [
    "external ",
    "ignored|",
    "delegated ",
    "dll ",
    "remote ",
    "container entry",
    "consume shared module (",
    "provide shared module (",
];

/// What webpack puts into the names of folders that are loaded as a whole, and of modules without content.
const CONTEXTS: [&str; 4] = [" sync ", " lazy ", " (ignored)", " namespace object"];

/// Runtimes that bundlers and compilers put into everything they build, where build systems other than npm lay them out
/// without `node_modules`: a folder of the package together with what only that package has in it.
const RUNTIMES: [(&str, &str); 9] = [
    ("/tslib/tslib.", "tslib"),
    ("/core-js/internals/", "core-js"),
    ("/core-js/modules/", "core-js"),
    ("/core-js-pure/internals/", "core-js-pure"),
    ("/core-js-pure/modules/", "core-js-pure"),
    ("/regenerator-runtime/runtime.", "regenerator-runtime"),
    ("/@babel/runtime/helpers/", "@babel/runtime"),
    ("/@babel/runtime-corejs3/helpers/", "@babel/runtime-corejs3"),
    ("/@swc/helpers/esm/", "@swc/helpers"),
];

/// Judges a source by its name. Nothing that a map merely claims (`ignoreList`) is believed: only names count.
#[must_use]
pub fn origin(name: &str) -> Origin {
    let name = module(name);
    let runtime = || RUNTIMES.iter().find(|(mark, _)| name.contains(mark)).map(|(_, runtime)| *runtime);
    if let Some(Installed { package, version }) = installed(name) {
        return Origin::ThirdParty { package, version };
    }
    if let Some(runtime) = runtime() {
        return Origin::ThirdParty { package: runtime.to_owned(), version: None };
    }
    if is_generated(name) { Origin::Generated } else { Origin::FirstParty }
}

/// The module itself, without the loaders of webpack that it went through: they lie in `node_modules`, and it may not.
fn module(name: &str) -> &str {
    name.rsplit_once('!').map_or(name, |(_, module)| module)
}

fn is_generated(name: &str) -> bool {
    let module =
        name.strip_prefix("webpack://").map_or(name, |rest| rest.split_once('/').map_or(rest, |(_, last)| last));
    let start = module.trim_start_matches("../").trim_start_matches("./").trim_start_matches('/');
    let stands_in = STAND_INS.iter().any(|mark| module.starts_with(mark))
        || CONTEXTS.iter().any(|mark| module.contains(mark))
        || WEBPACK.iter().any(|mark| name.contains(mark));
    GENERATED.iter().any(|mark| name.contains(mark))
        || GENERATED_FROM_START.iter().any(|mark| start.starts_with(mark)) && !start.ends_with(".ts")
        || stands_in && !is_script(name)
        || ["multi ./", "multi (webpack)"].iter().any(|mark| module.starts_with(mark))
        || name.starts_with("webpack://") && module.starts_with('?')
}

/// Whether a name ends like that of a source file.
fn is_script(name: &str) -> bool {
    const ENDINGS: [&str; 9] = [".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue"];
    let name = name.split('?').next().unwrap_or(name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_a_source_is() {
        let third = |name: &str| Origin::ThirdParty { package: name.to_owned(), version: None };
        for (name, expected) in [
            ("../src/app.ts", Origin::FirstParty),
            ("webpack://app/./src/app.js", Origin::FirstParty),
            ("webpack://app/webpack/runtime/define property getters", Origin::Generated),
            ("webpack:///webpack/bootstrap 0123456789abcdef", Origin::Generated),
            ("../src/webpack/runtime/plan.ts", Origin::FirstParty),
            ("<stdin>", Origin::FirstParty),
            ("src/my_node_modules/a.ts", Origin::FirstParty),
            ("node_modules/left-pad/index.js", third("left-pad")),
            ("src/tslib/a.ts", Origin::FirstParty),
            ("../external/npm/tslib/tslib.es6.js", third("tslib")),
            ("webpack://app/external \"react\"", Origin::Generated),
            ("webpack://app/./node_modules/react/index.js", third("react")),
            ("webpack://app/node_modules/css-loader/dist/cjs.js!./src/app.css", Origin::FirstParty),
            ("webpack://app/./node_modules/css-loader/dist/cjs.js!./node_modules/a/b.css", third("a")),
            ("webpack://app/webpack/universalModuleDefinition", Origin::Generated),
            ("webpack://app/./locale sync ^\\.\\/.*$", Origin::Generated),
            ("webpack://_N_E/?3f2a", Origin::Generated),
            ("webpack://app/./src/multi select.js", Origin::FirstParty),
            ("webpack://app/remote control.ts", Origin::FirstParty),
            ("src/my sync plan.ts", Origin::FirstParty),
            ("../vite/preload-helper.ts", Origin::FirstParty),
            ("webpack:///multi ./src/index.js", Origin::Generated),
            ("../vite/modulepreload-polyfill", Origin::Generated),
            ("src/vite/preload-helper.ts", Origin::FirstParty),
            ("bun:wrap", Origin::Generated),
            ("src/bun:wrap.ts", Origin::FirstParty),
            ("\0vite/preload-helper.js", Origin::Generated),
            ("turbopack:///[turbopack]/browser/runtime.ts", Origin::Generated),
            ("turbopack:///[project]/app/page.tsx", Origin::FirstParty),
        ] {
            assert_eq!(origin(name), expected, "{name}");
        }
    }
}
