//! Where secrets come from, by the maps of real tools: the original place of every planted token is where it stands in the
//! source text.
//!
//! The tools are fetched once, by npm, into the target folder.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lastlook::Scanner;
use lastlook::rules::example;

const TOOLS: [&str; 5] = ["esbuild@0.28.2", "rollup@4.68.0", "terser@5.51.0", "webpack@5.112.0", "typescript@7.0.2"];

/// How programs write a token, `T` standing in for it. All on one line but the last.
const FORMS: [&str; 9] = [
    "export const NAME = 'T';",
    "/* 🌊 */ export const NAME = \"é😀\" + len(\"T\");",
    "export const NAME = { greeting: 'Grüße 🌊', token: 'T', n: 7 };",
    "export function NAME(x: string) { return x === 'T' ? \"ja\" : `nein ${x}`; }",
    "export const NAME = () => fetch('https://harbour.example/é', { headers: { authorization: `Bearer T` } });",
    "export const NAME = (host: string) => `https://${host}/?a=🌊&key=T&b=1`;",
    "export class NAME { private static readonly key = 'T'; show() { return len(NAME.key); } }",
    "export const NAME = [1, 2, 'ü', ['T']];",
    "export const NAME = `first\n  second 🌊 T third`;",
];

struct Planted {
    folder: tempfile::TempDir,
    /// Source file, line and column of each token.
    places: BTreeMap<String, (String, u64, u64)>,
}

/// Writes a program of several files with tokens in them.
fn plant(forms: &[&str]) -> Planted {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let (mut places, mut main) = (BTreeMap::new(), String::new());
    for file in 0..6 {
        let mut text = format!("// Größe {file} 🌊\nconst len = (text: string) => text.length;\n");
        for (index, form) in forms.iter().enumerate() {
            let seed = file * 100 + index as u64 + 1;
            let token = example::fill("npm_<base62*30><crc32-base62-6>", seed).unwrap();
            let line = form.replace('T', "\0").replace("NAME", &format!("name{file}_{index}")).replace('\0', &token);
            text.push_str(&format!("{}{line}\n", "\t".repeat(index % 3)));
            let before = &text[..text.find(&token).unwrap()];
            let last = before.rsplit('\n').next().unwrap();
            let place = (before.matches('\n').count() as u64 + 1, last.encode_utf16().count() as u64 + 1);
            places.insert(token, (format!("part{file}.ts"), place.0, place.1));
        }
        fs::write(folder.path().join(format!("src/part{file}.ts")), text).unwrap();
        main.push_str(&format!("import * as part{file} from './part{file}';\nconsole.log(part{file});\n"));
    }
    fs::write(folder.path().join("src/main.ts"), main).unwrap();
    Planted { folder, places }
}

/// The tools, fetched by the first test that asks; the others wait for it.
fn tools() -> &'static Path {
    static SHELF: OnceLock<PathBuf> = OnceLock::new();
    SHELF.get_or_init(fetch)
}

fn fetch() -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("origins");
    if !shelf.join("node_modules/.package-lock.json").is_file() {
        fs::create_dir_all(&shelf).unwrap();
        fs::write(shelf.join("package.json"), "{\"private\":true}\n").unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
            .args(TOOLS)
            .current_dir(&shelf);
        assert!(npm.status().unwrap().success(), "npm could not fetch the tools");
    }
    shelf.join("node_modules")
}

impl Planted {
    /// Runs a script under node, in the folder of the program; `tool("x")` loads a package.
    fn build(&self, script: &str) {
        let head = format!("const tool = (name) => require('{}/' + name);\n", tools().display());
        let file = self.folder.path().join("build.cjs");
        fs::write(
            &file,
            format!(
                "{head}(async () => {{ {script} }})().catch((error) => {{ console.error(error); process.exit(1); }});"
            ),
        )
        .unwrap();
        let output = Command::new("node").arg(&file).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Every token is one finding, at its place in the source.
    fn is_found_again(&self) {
        let scanner = Scanner::builder().threads(2).build().unwrap();
        let outcome = scanner.scan(&[self.folder.path().join("dist")]).unwrap();
        assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
        let mut found = BTreeMap::new();
        for finding in outcome.findings.iter().filter(|finding| &*finding.rule == "npm-access-token") {
            let token = String::from_utf8(finding.secret.as_ref().unwrap().expose().to_vec()).unwrap();
            assert!(finding.path.to_string().ends_with(".js"), "{} speaks for the others", finding.path);
            let original = finding.original.as_ref();
            let original = original
                .unwrap_or_else(|| panic!("{:?} of {}: {:?}", self.places[&token], finding.path, finding.details));
            let file = original.source.rsplit('/').next().unwrap();
            // webpack's evaluated modules carry a hash: `part0.js?1f2e`.
            let file = file.split('?').next().unwrap().to_owned();
            let twice = found.insert(token, (file, original.line, original.column));
            assert_eq!(twice, None, "a token is one finding");
        }
        assert_eq!(found.values().collect::<Vec<_>>(), self.places.values().collect::<Vec<_>>());
        assert!(found.keys().eq(self.places.keys()), "every token is found");
    }
}

#[test]
#[ignore = "needs npm and node"]
fn esbuild_minified() {
    for options in ["format: 'esm'", "format: 'cjs', charset: 'utf8'", "format: 'iife', sourcemap: 'inline'"] {
        let planted = plant(&FORMS);
        planted.build(&format!(
            "await tool('esbuild').build({{ entryPoints: ['src/main.ts'], outfile: 'dist/main.js', bundle: true, \
             minify: true, sourcemap: true, logLevel: 'error', {options} }});"
        ));
        planted.is_found_again();
    }
}

#[test]
#[ignore = "needs npm and node"]
fn esbuild_in_two_formats_is_one_finding_for_each_token() {
    let planted = plant(&FORMS);
    planted.build(
        "for (const format of ['cjs', 'esm']) await tool('esbuild').build({ entryPoints: ['src/main.ts'], \
         outfile: `dist/${format}/main.js`, bundle: true, minify: true, sourcemap: true, logLevel: 'error', format });",
    );
    planted.is_found_again();
}

#[test]
#[ignore = "needs npm and node"]
fn esbuild_then_rollup_and_terser() {
    let planted = plant(&FORMS);
    planted.build(
        "const fs = require('fs'), es = tool('esbuild');
         const parts = fs.readdirSync('src');
         const load = { name: 'ts', resolveId: (id, from) => from ? require('path').resolve('src', id + '.ts') : null,
           transform: (code, id) => es.transformSync(code, { loader: 'ts', sourcemap: true, sourcefile: id, charset: 'utf8' }) };
         const bundle = await tool('rollup').rollup({ input: require('path').resolve('src/main.ts'), plugins: [load] });
         const { output } = await bundle.generate({ file: 'dist/main.js', format: 'es', sourcemap: true });
         const small = await tool('terser').minify({ 'main.js': output[0].code }, { module: true,
           sourceMap: { content: output[0].map, includeSources: true, url: 'main.js.map' } });
         fs.mkdirSync('dist');
         fs.writeFileSync('dist/main.js', small.code);
         fs.writeFileSync('dist/main.js.map', small.map);",
    );
    planted.is_found_again();
}

#[test]
#[ignore = "needs npm and node"]
fn webpack_with_its_own_minimizer_and_with_evaluated_modules() {
    for (mode, devtool) in
        [("production", "source-map"), ("development", "source-map"), ("development", "eval-source-map")]
    {
        let planted = plant(&FORMS);
        planted.build(&format!(
            "const fs = require('fs'), es = tool('esbuild');
             fs.mkdirSync('js');
             for (const name of fs.readdirSync('src')) {{
               const text = es.transformSync(fs.readFileSync('src/' + name, 'utf8'), {{ loader: 'ts', charset: 'utf8' }}).code;
               fs.writeFileSync('js/' + name.replace('.ts', '.js'), text);
             }}
             const compiler = tool('webpack')({{ mode: '{mode}', devtool: '{devtool}', entry: './js/main.js', context: process.cwd(),
               output: {{ path: process.cwd() + '/dist' }} }});
             await new Promise((done, failed) => compiler.run((error, stats) =>
               error || stats.hasErrors() ? failed(error || stats.toString()) : done()));"
        ));
        // The sources are those that esbuild wrote, without types.
        let mut planted = planted;
        for (token, place) in &mut planted.places {
            let name = place.0.replace(".ts", ".js");
            let text = fs::read_to_string(planted.folder.path().join("js").join(&name)).unwrap();
            let before = &text[..text.find(token.as_str()).unwrap()];
            let last = before.rsplit('\n').next().unwrap().encode_utf16().count() as u64;
            *place = (name, before.matches('\n').count() as u64 + 1, last + 1);
        }
        planted.is_found_again();
    }
}

#[test]
#[ignore = "needs npm and node"]
fn typescript_embeds_no_text_and_places_are_counted() {
    let planted = plant(&FORMS[..8]);
    planted.build(
        "const { execFileSync } = require('child_process');
         const bin = tool('typescript/package.json').bin.tsc;
         execFileSync(process.execPath, [require('path').join(TYPESCRIPT, bin), '--target', 'es2022', '--module', 'es2022',
           '--moduleResolution', 'bundler',
           '--lib', 'es2022,dom', '--types', '', '--sourceMap', '--rootDir', 'src', '--outDir', 'dist', 'src/main.ts'], { stdio: 'inherit' });"
            .replace("TYPESCRIPT", &format!("'{}'", tools().join("typescript").display()))
            .as_str(),
    );
    planted.is_found_again();
}
