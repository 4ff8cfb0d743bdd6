//! What each tool gives away with each of its settings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::workshop;

/// One build.
pub struct Case {
    pub tool: &'static str,
    pub setting: &'static str,
    pub gives: Gives,
    /// Where a text is meant to be another than that of the file.
    notes: &'static [Note],
}

/// What a stranger gets.
pub enum Gives {
    /// The texts of these sources.
    Texts(&'static [&'static [&'static str]]),
    /// The names of these sources.
    Names(&'static [&'static [&'static str]]),
    /// No map, but modules as the loaders made them, comments included, in strings that are evaluated.
    Modules,
    /// No map.
    Nothing,
}

use Gives::{Modules, Names, Nothing, Texts};

/// Why a text is another than that of the file.
#[derive(PartialEq)]
enum Note {
    /// The tool takes the byte order mark away when it reads a file.
    NoMark,
    /// `cheap` without `module` maps no further back than to what the loaders have made of a source.
    Loaded,
    /// The tool embeds text of its own besides: so many texts at most, which start like this.
    Glue(usize, &'static str),
}

use Note::{Glue, Loaded, NoMark};

/// The program, but for the file that has no text.
const PROGRAM: &[&str] = &["main.ts", "sum.ts", "tide.ts", "bom.js", "odd.js", "view.jsx", "badge.tsx"];
/// That file. A map may name it.
const EMPTY: &str = "empty.js";
/// What the loaders of webpack and Rspack compile.
const COMPILED: [&str; 5] = ["main.ts", "sum.ts", "tide.ts", "view.jsx", "badge.tsx"];
/// Where a bundler finds both program and styles. Once modules are joined, nothing of it is left to map to.
const ENTRY: &[&str] = &["styles.js"];
const ENTRY_IN_JS: &[&str] = &["styles-in-js.js"];
const PLAIN: &[&str] = &["base.css", "plain.css"];
const SASS: &[&str] = &["theme.scss", "_colours.scss"];
/// Parcel maps a Sass file, and not what that uses.
const SASS_TOP: &[&str] = &["theme.scss"];
/// The modules that stand for extracted styles have the names of these.
const STUBS: &[&str] = &["plain.css", "theme.scss"];
const LESS: &[&str] = &["sign.less"];
const TWO: &[&str] = &["bom.js", "odd.js"];
const SITE: &[&str] = &["layout.jsx", "page.jsx", "harbours.js"];

/// What a module that stands for extracted styles consists of.
const EXTRACTED: Note = Glue(2, "// extracted by ");
/// What css-loader makes of a style sheet.
const CSS_MODULE: Note = Glue(1, "// Imports\nimport ___CSS_LOADER_API_");

/// Tools whose builds have a package of somebody else in them.
const BUNDLERS: [&str; 8] = ["webpack", "rspack", "rollup", "vite", "esbuild", "parcel", "metro", "bun"];
/// Tools that make something else than the program.
const NO_PROGRAM: [&str; 6] = ["sass", "less", "postcss", "terser", "closure", "next"];

/// What each tool is called. A map of Vite's is one of Rolldown's, which Vite is made of; Next.js builds with Turbopack.
const MAKERS: [(&str, &str); 17] = [
    ("webpack", "webpack"),
    ("rspack", "Rspack"),
    ("rollup", "Rollup"),
    ("vite", "Vite or Rolldown"),
    ("esbuild", "esbuild"),
    ("typescript", "TypeScript"),
    ("swc", "swc"),
    ("babel", "Babel"),
    ("parcel", "Parcel"),
    ("metro", "Metro"),
    ("bun", "Bun"),
    ("terser", "Terser"),
    ("closure", "Closure Compiler"),
    ("sass", "Sass"),
    ("less", "Less"),
    ("postcss", "PostCSS"),
    ("next", "Turbopack"),
];

/// Defines the cases: `tool setting => what it gives, with notes;`.
macro_rules! cases {
    ($($tool:literal $setting:literal => $gives:expr $(, $note:expr)*;)*) => {
        pub static CASES: &[Case] = &[
            $(Case { tool: $tool, setting: $setting, gives: $gives, notes: &[$($note),*] },)*
        ];
    };
}

cases! {
    "webpack" "false" => Nothing;
    "webpack" "eval" => Modules;
    "webpack" "source-map" => Texts(&[PROGRAM, PLAIN, SASS]), NoMark;
    "webpack" "source-map-debugids" => Texts(&[PROGRAM, PLAIN, SASS]), NoMark;
    "webpack" "inline-source-map" => Texts(&[PROGRAM, PLAIN, SASS]), NoMark;
    "webpack" "hidden-source-map" => Texts(&[PROGRAM, PLAIN, SASS]), NoMark;
    "webpack" "hidden-source-map-debugids" => Texts(&[PROGRAM, PLAIN, SASS]), NoMark;
    "webpack" "eval-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, EXTRACTED;
    "webpack" "nosources-source-map" => Names(&[PROGRAM, PLAIN, SASS]);
    "webpack" "inline-nosources-source-map" => Names(&[PROGRAM, PLAIN, SASS]);
    "webpack" "hidden-nosources-source-map" => Names(&[PROGRAM, PLAIN, SASS]);
    "webpack" "eval-nosources-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    "webpack" "cheap-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, Loaded, EXTRACTED;
    "webpack" "inline-cheap-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, Loaded, EXTRACTED;
    "webpack" "hidden-cheap-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, Loaded, EXTRACTED;
    "webpack" "eval-cheap-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, Loaded, EXTRACTED;
    "webpack" "nosources-cheap-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    "webpack" "inline-nosources-cheap-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    "webpack" "hidden-nosources-cheap-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    "webpack" "eval-nosources-cheap-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    "webpack" "cheap-module-source-map" => Texts(&[PROGRAM, ENTRY, PLAIN, SASS]), NoMark, EXTRACTED;
    "webpack" "inline-cheap-module-source-map" => Texts(&[PROGRAM, ENTRY, PLAIN, SASS]), NoMark, EXTRACTED;
    "webpack" "hidden-cheap-module-source-map" => Texts(&[PROGRAM, ENTRY, PLAIN, SASS]), NoMark, EXTRACTED;
    "webpack" "eval-cheap-module-source-map" => Texts(&[PROGRAM, ENTRY]), NoMark, EXTRACTED;
    "webpack" "nosources-cheap-module-source-map" => Names(&[PROGRAM, ENTRY, PLAIN, SASS]);
    "webpack" "inline-nosources-cheap-module-source-map" => Names(&[PROGRAM, ENTRY, PLAIN, SASS]);
    "webpack" "hidden-nosources-cheap-module-source-map" => Names(&[PROGRAM, ENTRY, PLAIN, SASS]);
    "webpack" "eval-nosources-cheap-module-source-map" => Names(&[PROGRAM, ENTRY, STUBS]);
    // css-loader leaves a map of the styles in the program, as an object literal.
    "webpack" "css-in-js-source-map" => Texts(&[PROGRAM, SASS]), NoMark, CSS_MODULE;
    "webpack" "css-in-js-false" => Nothing;

    "rspack" "false" => Nothing;
    "rspack" "eval" => Modules;
    "rspack" "source-map" => Texts(&[PROGRAM, PLAIN, SASS]);
    "rspack" "source-map-debugids" => Texts(&[PROGRAM, PLAIN, SASS]);
    "rspack" "inline-source-map" => Texts(&[PROGRAM, PLAIN, SASS]);
    "rspack" "hidden-source-map" => Texts(&[PROGRAM, PLAIN, SASS]);
    "rspack" "nosources-source-map" => Names(&[PROGRAM, PLAIN, SASS]);
    "rspack" "cheap-source-map" => Texts(&[PROGRAM, ENTRY]), Loaded, EXTRACTED;
    "rspack" "cheap-module-source-map" => Texts(&[PROGRAM, ENTRY, PLAIN, SASS]), EXTRACTED;
    "rspack" "eval-source-map" => Texts(&[PROGRAM, ENTRY]), EXTRACTED;
    "rspack" "eval-cheap-source-map" => Texts(&[PROGRAM, ENTRY]), Loaded, EXTRACTED;
    "rspack" "eval-cheap-module-source-map" => Texts(&[PROGRAM, ENTRY]), EXTRACTED;
    "rspack" "css-in-js-source-map" => Texts(&[PROGRAM, ENTRY_IN_JS, SASS]), CSS_MODULE;

    "rollup" "true" => Texts(&[PROGRAM]), NoMark;
    "rollup" "inline" => Texts(&[PROGRAM]), NoMark;
    "rollup" "hidden" => Texts(&[PROGRAM]), NoMark;
    "rollup" "exclude" => Names(&[PROGRAM]);
    "rollup" "false" => Nothing;

    // Vite maps no styles in a build.
    "vite" "true" => Texts(&[PROGRAM]);
    "vite" "inline" => Texts(&[PROGRAM]);
    "vite" "hidden" => Texts(&[PROGRAM]);
    "vite" "false" => Nothing;

    "esbuild" "linked" => Texts(&[PROGRAM, PLAIN]);
    "esbuild" "inline" => Texts(&[PROGRAM, PLAIN]);
    "esbuild" "external" => Texts(&[PROGRAM, PLAIN]);
    "esbuild" "both" => Texts(&[PROGRAM, PLAIN]);
    "esbuild" "no-content" => Names(&[PROGRAM, PLAIN]);
    "esbuild" "false" => Nothing;

    "typescript" "sourceMap" => Names(&[PROGRAM]);
    "typescript" "inlineSourceMap" => Names(&[PROGRAM]);
    "typescript" "inlineSources" => Texts(&[PROGRAM]), NoMark;
    "typescript" "inlineSourceMap-inlineSources" => Texts(&[PROGRAM]), NoMark;
    "typescript" "declarationMap" => Names(&[PROGRAM]);
    "typescript" "false" => Nothing;

    "swc" "true" => Texts(&[PROGRAM]), NoMark;
    "swc" "inline" => Texts(&[PROGRAM]), NoMark;
    "swc" "false" => Nothing;

    "babel" "true" => Texts(&[PROGRAM]);
    "babel" "inline" => Texts(&[PROGRAM]);
    "babel" "both" => Texts(&[PROGRAM]);
    "babel" "false" => Nothing;

    // The style sheet that Parcel has made, and the glue that joins its parts, stand among their sources.
    "parcel" "default" =>
        Texts(&[PROGRAM, ENTRY, PLAIN, SASS_TOP]), Glue(1, ":root {\n  --tide: 12px;\n}\n\n.quay"), Glue(1, "@import \"");
    "parcel" "false" => Nothing;

    // Both beside the bundle and in it.
    "metro" "true" => Texts(&[PROGRAM]), Glue(1, "var __BUNDLE_START_TIME__=");
    "metro" "false" => Nothing;

    "bun" "linked" => Texts(&[PROGRAM]), NoMark;
    "bun" "inline" => Texts(&[PROGRAM]), NoMark;
    "bun" "external" => Texts(&[PROGRAM]), NoMark;
    "bun" "none" => Nothing;

    "terser" "include-sources" => Texts(&[TWO]);
    "terser" "inline" => Texts(&[TWO]);
    "terser" "names" => Names(&[TWO]);
    "terser" "false" => Nothing;

    "closure" "content" => Texts(&[TWO]), NoMark;
    "closure" "names" => Names(&[TWO]);
    "closure" "false" => Nothing;

    "sass" "embed-sources" => Texts(&[SASS]);
    "sass" "embed-both" => Texts(&[SASS]);
    "sass" "embed-source-map" => Names(&[SASS]);
    "sass" "linked" => Names(&[SASS]);
    "sass" "false" => Nothing;

    "less" "include-source" => Texts(&[LESS]);
    "less" "inline" => Texts(&[LESS]);
    "less" "linked" => Names(&[LESS]);
    "less" "false" => Nothing;

    "postcss" "default" => Texts(&[PLAIN]);
    "postcss" "external" => Texts(&[PLAIN]);
    "postcss" "no-content" => Names(&[PLAIN]);
    "postcss" "false" => Nothing;

    "next" "default" => Texts(&[SITE]);
    "next" "browser" => Texts(&[SITE]);
}

impl Case {
    /// Names and texts of the sources that are given away, sorted. `folder` is that of the build.
    pub fn texts(&self, folder: &Path) -> Vec<(String, Vec<u8>)> {
        let Texts(lists) = self.gives else { return Vec::new() };
        let text = |name: &str| {
            if self.notes.contains(&Loaded) && COMPILED.contains(&name) {
                return fs::read(folder.join("loaded").join(name)).unwrap();
            }
            let text = workshop::source(name);
            match text.strip_prefix("\u{feff}".as_bytes()) {
                Some(rest) if self.notes.contains(&NoMark) => rest.to_vec(),
                _ => text,
            }
        };
        let mut texts: Vec<_> = lists.concat().into_iter().map(|name| (name.to_owned(), text(name))).collect();
        texts.sort();
        texts
    }

    /// Takes what is known to be the tool's own out of the texts that were found.
    pub fn without_glue(&self, found: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
        let mut left: Vec<(usize, &str)> = Vec::new();
        left.extend(self.notes.iter().filter_map(|note| match note {
            Glue(times, start) => Some((*times, *start)),
            NoMark | Loaded => None,
        }));
        let is_glue = |text: &[u8], left: &mut Vec<(usize, &str)>| {
            let known = left.iter_mut().find(|(times, start)| *times > 0 && text.starts_with(start.as_bytes()));
            known.map(|(times, _)| *times -= 1).is_some()
        };
        found.into_iter().filter(|(_, text)| !is_glue(text, &mut left)).collect()
    }

    /// The sources of which only the names are given away.
    pub fn names(&self) -> BTreeSet<String> {
        let Names(lists) = self.gives else { return BTreeSet::new() };
        lists.concat().into_iter().map(str::to_owned).collect()
    }

    /// Whether a source is one that has no text to give away, only a name.
    pub fn is_empty(name: &str) -> bool {
        name == EMPTY
    }

    /// Whether the map knows a package of somebody else.
    pub fn maps_others(&self) -> bool {
        BUNDLERS.contains(&self.tool) && matches!(self.gives, Texts(_) | Names(_))
    }

    /// The tool that `fix` should name, because what it has made is to be made differently.
    pub fn maker(&self) -> Option<&'static str> {
        let known = MAKERS.iter().find(|(tool, _)| *tool == self.tool);
        known.map(|(_, maker)| *maker).filter(|_| matches!(self.gives, Texts(_)))
    }

    /// Whether the build prints the line of the project.
    pub fn runs(&self) -> bool {
        !NO_PROGRAM.contains(&self.tool)
    }
}
