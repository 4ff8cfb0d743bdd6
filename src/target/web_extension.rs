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
        "`web-ext build` into a private temporary folder, with what `webExt` in package.json sets"
    }

    fn exactness(&self) -> &'static str {
        "every byte of what web-ext packs; other ways to make the zip may take more. A configuration that is a program \
         (`web-ext-config.mjs`) is not run, so that everything in the folder is looked at; one in the home folder is not read"
    }

    fn recognises(&self, folder: &Folder) -> bool {
        // Web pages have a manifest.json as well.
        (folder.has("manifest.json") || folder.has("package.json")) && read(&source(folder.path())).is_some()
    }

    fn packages(&self, folder: &Path, _: &Surroundings) -> Result<Vec<Package>, Refusal> {
        let manifest = read(&source(folder)).ok_or_else(|| Refusal::new("its manifest.json cannot be read"))?;
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
        let names = Folder::read(&package.folder);
        let mut ask = Ask::tool(around, "web-ext", &package.folder)?.args(["build", "--no-input", "--overwrite-dest"]);
        if scripts == Scripts::Ignore {
            if let Some(program) = PROGRAMS.into_iter().find(|name| names.has(name)) {
                return Err(Refusal::failed("web-ext", &format!("would run {program} to know what it packs")));
            }
            ask = ask.arg("--no-config-discovery");
            if names.package_json().is_some_and(|manifest| manifest.settings("webExt").is_some()) {
                ask = ask.args(["--config", "package.json"]);
            }
        }
        ask.arg("--artifacts-dir").arg(into).packs(scripts, into)
    }
}

/// Configurations of web-ext that are programs. They may say that more files are packed.
const PROGRAMS: [&str; 6] = [
    "web-ext-config.mjs",
    "web-ext-config.cjs",
    "web-ext-config.js",
    ".web-ext-config.mjs",
    ".web-ext-config.cjs",
    ".web-ext-config.js",
];

/// Where the extension lies: in the folder that `webExt` in package.json names, or in the folder itself.
fn source(folder: &Path) -> PathBuf {
    let names = Folder::read(folder);
    let manifest = names.package_json();
    let settings = manifest.as_ref().and_then(|manifest| manifest.settings("webExt"));
    let named = settings.and_then(|settings| settings.get("sourceDir")).and_then(Value::as_str);
    named.map_or_else(|| folder.to_owned(), |named| folder.join(named))
}

fn read(folder: &Path) -> Option<Value> {
    let text = manifest::text(&folder.join("manifest.json")).ok()?;
    let manifest: Value = serde_json::from_str(&without_comments(&text)).ok()?;
    manifest.get("manifest_version").and_then(Value::as_u64).is_some().then_some(manifest)
}

/// The text of a manifest without its comments, which browsers and web-ext pass over.
fn without_comments(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let (keep, length) = match from.as_bytes() {
            [b'/', b'/', ..] => (0, from.find('\n').unwrap_or(from.len())),
            [b'/', b'*', behind @ ..] => (0, memchr::memmem::find(behind, b"*/").map_or(from.len(), |end| end + 4)),
            [b'"', ..] => (literal(from), literal(from)),
            _ => (1, 1),
        };
        kept.push_str(&from[..keep]);
        rest = &from[length..];
    }
    kept.push_str(rest);
    kept
}

/// How long the literal is with which `text` begins.
fn literal(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::testing::Bench;
    use super::super::{Contents, Tool};
    use super::*;

    const TIDE: &str = r#"{"manifest_version":3,"name":"Tide","version":"1.0.0"}"#;
    /// Packs nothing, and says as the name of what it packed what it was told.
    const SAYS: &str = "for last; do :; done; touch \"$last/$(echo \"$*\" | sed 's#/.*##; s# #_#g').zip\"";

    fn packed(bench: &Bench) -> Result<String, String> {
        let around = bench.around();
        assert!(WebExtension.recognises(&Folder::read(&bench.project())));
        let packages = WebExtension.packages(&bench.project(), &around).unwrap();
        assert_eq!(packages[0].to_string(), "webext package Tide 1.0.0");
        match WebExtension.contents(&packages, &around).remove(0) {
            Ok(Contents::Files(files)) => Ok(files[0].name.clone()),
            Ok(whole) => Err(format!("{whole:?}")),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    #[test]
    fn settings_are_told_and_programs_are_not_run() {
        let asked = |files: &[(&str, &str)]| {
            let bench = Bench::new(files);
            bench.file("manifest.json", TIDE);
            bench.program("web-ext", SAYS);
            packed(&bench)
        };
        let plain = "build_--no-input_--overwrite-dest_--no-config-discovery";
        assert_eq!(asked(&[]).unwrap(), format!("{plain}_--artifacts-dir_.zip"));
        let settings = ("package.json", r#"{"webExt":{"ignoreFiles":["!.env"]}}"#);
        assert_eq!(asked(&[settings]).unwrap(), format!("{plain}_--config_package.json_--artifacts-dir_.zip"));
        let program = (".web-ext-config.mjs", "export default {}");
        assert_eq!(
            asked(&[settings, program]).unwrap_err(),
            "`web-ext` would run .web-ext-config.mjs to know what it packs"
        );
    }

    #[test]
    fn comments_in_a_manifest_are_passed_over() {
        let text = r#"{/*a"*/"a//b":"c\"/*d*/",// e
"f":"ü"}//"#;
        assert_eq!(without_comments(text), "{\"a//b\":\"c\\\"/*d*/\",\n\"f\":\"ü\"}");
        for odd in ["", "/", "\"", "\"\\", "/*", "//ü", "\"ü/*", "/*ü*"] {
            assert!(without_comments(odd).len() <= odd.len(), "{odd}");
        }
    }

    #[test]
    fn the_extension_may_lie_where_package_json_says() {
        let bench = Bench::new(&[("package.json", r#"{"webExt":{"sourceDir":"dist"}}"#), ("dist/manifest.json", TIDE)]);
        bench.program("web-ext", SAYS);
        assert!(packed(&bench).unwrap().contains("_--config_package.json_"));
        let page = Bench::new(&[("package.json", "{}"), ("dist/manifest.json", TIDE)]);
        assert!(!WebExtension.recognises(&Folder::read(&page.project())));
    }
}
