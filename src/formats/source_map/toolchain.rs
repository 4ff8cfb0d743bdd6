//! Which tool made a map, recognised by the map's own traits: keys of its own, the scheme of its sources, and the order
//! in which it writes the usual keys, which is the same in every map of one tool and differs between most of them.

use super::json::{Raw, Scanner, unescape};
use super::read::{Map, start};
use crate::finding::{FactSpec, FactType};
use crate::formats::Inspection;

/// The fact that says so.
pub const FACT: FactSpec = FactSpec {
    name: "source_map.bundler",
    kind: FactType::Text,
    doc: "The tool that made the map, where its traits tell: `webpack`, `esbuild`, …",
};

/// A tool that makes maps.
struct Tool {
    name: &'static str,
    /// What to change so that sources stay out of the map, or the map is not made.
    setting: &'static str,
}

/// How many keys, and how many names of sources, are looked at.
const LOOKED_AT: usize = 200;

const METRO: Tool = Tool {
    name: "Metro",
    setting: "keep the file of `--sourcemap-output` out of what is published, or bundle without it",
};
const HERMES: Tool = Tool { name: "Hermes", setting: METRO.setting };
const DART: Tool = Tool { name: "dart2js", setting: "`--no-source-maps` (Flutter: build without `--source-maps`)" };
const CLOSURE: Tool = Tool {
    name: "Closure Compiler",
    setting: "without `--source_map_include_content`, or without `--create_source_map`",
};
const TURBOPACK: Tool = Tool {
    name: "Turbopack",
    setting: "in next.config: `productionBrowserSourceMaps: false` for what browsers get, `experimental: { \
              turbopackSourceMaps: false }` for no maps at all (without it there are always some in .next/server)",
};
const NEXT: Tool = Tool {
    name: "Next.js",
    setting: "in next.config: `productionBrowserSourceMaps: false`, `experimental: { serverSourceMaps: false }`, and no \
              `devtool` in its `webpack` function",
};
const WEBPACK: Tool = Tool {
    name: "webpack",
    setting: "`devtool: 'nosources-source-map'` leaves the sources out, `devtool: false` makes no map",
};
const RSPACK: Tool = Tool { name: "Rspack", setting: WEBPACK.setting };
const BUN: Tool =
    Tool { name: "Bun", setting: "`--sourcemap=none` (`sourcemap: 'none'`), which is what it does unasked" };
const ESBUILD: Tool = Tool {
    name: "esbuild",
    setting: "`--sources-content=false` (`sourcesContent: false`) leaves the sources out; without `--sourcemap` no map \
              is made",
};
const TSC: Tool = Tool {
    name: "TypeScript",
    setting: "`inlineSources: false` in tsconfig.json leaves the sources out, `sourceMap: false` and `inlineSourceMap: \
              false` make no map",
};
const PARCEL: Tool =
    Tool { name: "Parcel", setting: "`parcel build --no-source-maps`, or `sourceMap: false` of the target" };
const VITE: Tool = Tool {
    name: "Vite",
    setting: "`build.sourcemap: false`, which is what it does unasked; `sourcemapExcludeSources: true` of \
              `build.rolldownOptions.output` (before Vite 8 `rollupOptions`) leaves the sources out",
};
const ROLLDOWN: Tool = Tool {
    name: "Vite or Rolldown",
    setting: "`output.sourcemapExcludeSources: true` leaves the sources out, `output.sourcemap: false` makes no map \
              (Vite: `build.rolldownOptions.output`, `build.sourcemap`)",
};
const ROLLUP: Tool = Tool {
    name: "Rollup",
    setting: "`output.sourcemapExcludeSources: true` leaves the sources out, `output.sourcemap: false` makes no map \
              (Vite: `build.rollupOptions.output`, `build.sourcemap`)",
};
const SWC: Tool = Tool {
    name: "swc",
    setting: "`inlineSourcesContent: false` leaves the sources out, `sourceMaps: false` makes no map",
};
const BABEL: Tool =
    Tool { name: "Babel", setting: "`sourceMaps: false`; Babel has no setting that leaves the sources out" };
const TERSER: Tool = Tool {
    name: "Terser",
    setting: "without `includeSources` the sources stay out, without `sourceMap` there is no map",
};
const SASS: Tool =
    Tool { name: "Sass", setting: "without `--embed-sources` the sources stay out, `--no-source-map` makes no map" };
const LESS: Tool = Tool {
    name: "Less",
    setting: "without `--source-map-include-source` the sources stay out, without `--source-map` there is no map",
};
const POSTCSS: Tool = Tool {
    name: "PostCSS",
    setting: "`map: { inline: false, sourcesContent: false }` leaves the sources out, `map: false` (`--no-map`) makes no \
              map",
};

static TOOLS: [&Tool; 22] = [
    &METRO, &HERMES, &DART, &CLOSURE, &TURBOPACK, &NEXT, &WEBPACK, &RSPACK, &BUN, &ESBUILD, &TSC, &PARCEL, &VITE,
    &ROLLDOWN, &ROLLUP, &SWC, &BABEL, &TERSER, &SASS, &LESS, &POSTCSS, &UNKNOWN,
];

/// What to say of a tool that is not known.
const UNKNOWN: Tool = Tool { name: "", setting: "build without source maps, or without `sourcesContent` in them" };

/// What to change in the settings of the tool with this name, as [`state`] states it.
#[must_use]
pub fn setting(name: &str) -> &'static str {
    TOOLS.iter().find(|tool| tool.name == name).map_or(UNKNOWN.setting, |tool| tool.setting)
}

/// States who made the map in `text`, if that can be told.
pub fn state(text: &[u8], map: &Map, out: &mut Inspection<'_>) {
    if let Some(tool) = recognise(text, map) {
        out.fact(FACT.name, tool.name);
        if embeds(map) {
            out.detail(format!("made by {}: {}", tool.name, tool.setting));
        }
    }
}

/// Whether there is a list of texts in the map or its sections.
fn embeds(map: &Map) -> bool {
    !map.contents.is_empty() || map.sections.iter().any(embeds)
}

fn recognise(text: &[u8], map: &Map) -> Option<&'static Tool> {
    let keys = keys(text, start(text), map);
    let has = |name: &[u8]| keys.iter().any(|(key, _)| *key == name);
    let text_of = |name: &[u8]| {
        let (_, value) = keys.iter().find(|(key, _)| *key == name)?;
        Some(unescape(text, *value).to_ascii_lowercase())
    };
    let names = names(text, map);
    let named = |mark: &str| names.iter().any(|name| name.contains(mark));
    let order = order(&keys);
    let order: Vec<&str> = order.iter().map(String::as_str).collect();
    if has(b"x_hermes_function_offsets") {
        return Some(&HERMES);
    }
    const OF_METRO: [&[u8]; 4] =
        [b"x_facebook_sources", b"x_facebook_offsets", b"x_facebook_segments", b"x_metro_module_paths"];
    if OF_METRO.iter().any(|key| has(key)) || names.iter().any(|name| name == "__prelude__") {
        return Some(&METRO);
    }
    if has(b"x_org_dartlang_dart2js") || named("org-dartlang-") {
        return Some(&DART);
    }
    if has(b"lineCount") {
        return Some(&CLOSURE);
    }
    if named("turbopack:///") {
        return Some(&TURBOPACK);
    }
    if named("webpack://_N_E/") {
        return Some(&NEXT);
    }
    if named("webpack://") || named("webpack-internal://") {
        let rspack = matches!(order[..], ["version", "file", "sources", "sourcesContent", "names", "mappings"]);
        return Some(if rspack { &RSPACK } else { &WEBPACK });
    }
    if text_of(b"debugId").is_some_and(|id| id.ends_with(b"64756e2164756e21")) {
        return Some(&BUN);
    }
    if named("\0vite/") || names.iter().any(|name| name.starts_with("vite/")) {
        return Some(&VITE);
    }
    let ends = |ending: &[u8]| text_of(b"file").is_some_and(|file| file.ends_with(ending));
    by_order(&order, ends, named(".less"))
}

/// Tools that share everything but the order of their keys. Where two share that as well, nothing is said.
fn by_order(order: &[&str], file_ends: impl Fn(&[u8]) -> bool, less: bool) -> Option<&'static Tool> {
    Some(match order {
        ["version", "sources", "sourcesContent", "mappings", "names"] => &ESBUILD,
        ["version", "file", "sourceRoot", "sources", "names", "mappings", ..] => &TSC,
        ["mappings", "sources", "sourcesContent", "names", "version", ..] => &PARCEL,
        ["version", "sources", "sourcesContent", "names", "mappings"] => &SWC,
        // What Next.js makes of Turbopack's maps for the server's half.
        ["version", "sources", "sourcesContent", "names", "mappings", "ignoreList"] => &TURBOPACK,
        ["version", "file", "sources", "sourcesContent", "names", "mappings", ..] => &ROLLUP,
        ["version", "file", "names", "sources", "sourcesContent", "mappings", "ignoreList"] => &TERSER,
        ["version", "file", "names", "sources", "sourcesContent", ..] => &ROLLDOWN,
        ["version", "names", "sources", "sourcesContent", "mappings", ..] => &BABEL,
        ["version", "sourceRoot", "sources", "names", "mappings", ..] => &SASS,
        ["version", "sources", "names", "mappings", "file", ..] if less => &LESS,
        ["version", "sources", "names", "mappings", "file", ..] if file_ends(b".css") => &POSTCSS,
        _ => return None,
    })
}

/// The usual keys in the order in which they stand.
fn order(keys: &[(&[u8], Raw)]) -> Vec<String> {
    const USUAL: [&[u8]; 8] =
        [b"version", b"file", b"sourceRoot", b"sources", b"sourcesContent", b"names", b"mappings", b"ignoreList"];
    let usual = keys.iter().filter(|(key, _)| USUAL.contains(key));
    usual.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
}

/// The first keys of the map and their values. Values that were found already are passed over, not read again: they are
/// nearly all there is to a map.
fn keys<'t>(text: &'t [u8], at: usize, map: &Map) -> Vec<(&'t [u8], Raw)> {
    let contents = map.contents.iter().map(|list| &list.raw);
    let known: Vec<Raw> = map.sources.iter().chain(contents).chain(&map.mappings).copied().collect();
    let mut keys = Vec::new();
    let mut at = white(text, at);
    // Behind the brace, and then behind every comma, stands a key.
    while keys.len() < LOOKED_AT && matches!(text.get(at), Some(b'{' | b',')) {
        let quote = white(text, at + 1);
        let Ok(key) = Scanner::new(text, quote).string() else { break };
        let colon = white(text, quote + key.len() + 2);
        let value = white(text, colon + 1);
        let known = known.iter().find(|raw| raw.start == value).copied();
        let Some(raw) = known.or_else(|| Scanner::new(text, value).value().ok()) else { break };
        keys.push((key, raw));
        at = white(text, raw.end);
    }
    keys
}

/// The next place at or behind `at` without white space.
fn white(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len())
}

/// The names of the first sources, in the map or in its first sections.
fn names(text: &[u8], map: &Map) -> Vec<String> {
    let mut names = Vec::new();
    for map in std::iter::once(map).chain(map.sections.iter().take(LOOKED_AT)) {
        for list in &map.sources {
            let _ = Scanner::new(&text[..list.end], list.start).array(|item| {
                names.push(String::from_utf8_lossy(&unescape(text, item)).into_owned());
                names.len() < LOOKED_AT
            });
        }
        if names.len() >= LOOKED_AT {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_by(text: &str) -> &'static str {
        recognise(text.as_bytes(), &Map::read(text.as_bytes())).map_or("", |tool| tool.name)
    }

    /// The traits as the tools write them; what the tools themselves write is compared where they are at hand.
    #[test]
    fn a_map_shows_who_made_it() {
        for (text, name) in [
            (
                "{\n  \"version\": 3,\n  \"sources\": [\"a\"],\n  \"sourcesContent\": [\"x\"],\n  \"mappings\": \"A\",\n  \"names\": []\n}",
                "esbuild",
            ),
            (
                r#"{"version":3,"sources":["a"],"sourcesContent":["x"],"mappings":"A","debugId":"0000000000000000064756E2164756E21","names":[]}"#,
                "Bun",
            ),
            (
                r#"{"version":3,"file":"a.js","sourceRoot":"","sources":["a"],"names":[],"mappings":"A","sourcesContent":["x"]}"#,
                "TypeScript",
            ),
            (
                r#"{"version":3,"file":"a.js","mappings":"A","sources":["webpack://p/./a"],"sourcesContent":["x"],"names":[],"sourceRoot":""}"#,
                "webpack",
            ),
            (
                r#"{"version":3,"sources":["webpack:///a"],"names":[],"mappings":"A","file":"a.js","sourcesContent":["x"],"sourceRoot":""}"#,
                "webpack",
            ),
            (
                r#"{"version":3,"file":"a.js","sources":["webpack:///./a"],"sourcesContent":["x"],"names":[],"mappings":"A"}"#,
                "Rspack",
            ),
            (
                r#"{"version":3,"file":"a.js","mappings":"A","sources":["webpack://_N_E/./a"],"sourcesContent":["x"],"names":[]}"#,
                "Next.js",
            ),
            (
                r#"{"version":3,"sources":[],"sections":[{"offset":{},"map":{"version":3,"sources":["turbopack:///[project]/a"],"sourcesContent":["x"],"mappings":""}}]}"#,
                "Turbopack",
            ),
            (
                r#"{"version":3,"file":"a.js","sources":["a"],"sourcesContent":["x"],"names":[],"mappings":"A","x_google_ignoreList":[0]}"#,
                "Rollup",
            ),
            (
                r#"{"version":3,"file":"a.js","sources":["\u0000vite/preload-helper.js"],"sourcesContent":["x"],"names":[],"mappings":"A"}"#,
                "Vite",
            ),
            (
                r#"{"version":3,"file":"a.js","names":[],"sources":["a"],"sourcesContent":["x"],"ignoreList":[0],"mappings":"A"}"#,
                "Vite or Rolldown",
            ),
            (
                r#"{"version":3,"file":"a.js","names":[],"sources":["a"],"sourcesContent":["x"],"mappings":"A","ignoreList":[]}"#,
                "Terser",
            ),
            (
                r#"{"version":3,"names":[],"sources":["a"],"sourcesContent":["x"],"mappings":"A","ignoreList":[]}"#,
                "Babel",
            ),
            (r#"{"version":3,"sources":["a"],"sourcesContent":["x"],"names":[],"mappings":"A"}"#, "swc"),
            (
                r#"{"version":3,"sources":["a"],"sourcesContent":["x"],"names":[],"mappings":"A","ignoreList":[0]}"#,
                "Turbopack",
            ),
            (
                r#"{"mappings":"A","sources":["a"],"sourcesContent":["x"],"names":[],"version":3,"file":"a.js.map"}"#,
                "Parcel",
            ),
            (
                r#"{"version":3,"sourceRoot":"","sources":["a.scss"],"names":[],"mappings":"A","file":"a.css","sourcesContent":["x"]}"#,
                "Sass",
            ),
            (
                r#"{"version":3,"sources":["a.less"],"names":[],"mappings":"A","file":"a.css","sourcesContent":["x"]}"#,
                "Less",
            ),
            (
                r#"{"version":3,"sources":["a.css"],"names":[],"mappings":"A","file":"a.css","sourcesContent":["x"]}"#,
                "PostCSS",
            ),
            (
                r#"{"version":3,"sources":["__prelude__","a"],"sourcesContent":["","x"],"names":[],"mappings":"A"}"#,
                "Metro",
            ),
            (r#"{"version":3,"sources":["a"],"mappings":"A","x_hermes_function_offsets":{}}"#, "Hermes"),
            (
                r#"{"version":3,"file":"a.js","lineCount":1,"mappings":"A","sources":["a"],"sourcesContent":["x"],"names":[]}"#,
                "Closure Compiler",
            ),
            (r#"{"version":3,"sources":["org-dartlang-sdk:///a"],"names":[],"mappings":"A"}"#, "dart2js"),
            (r#"{"version":3,"sources":["a"],"names":[],"mappings":"A","sourcesContent":["x"]}"#, ""),
        ] {
            assert_eq!(made_by(text), name, "{text}");
            assert!(!setting(name).is_empty());
        }
    }

    #[test]
    fn what_is_cut_off_or_odd_tells_nothing() {
        for text in [
            "",
            "{",
            "{\"a",
            "{\"a\":",
            "{\"sources\":[\"a\"],\"sourcesContent\":[\"x",
            "{,,\"a\":1}",
            "[{\"version\":3}]",
        ] {
            assert_eq!(made_by(text), "", "{text}");
        }
    }
}
