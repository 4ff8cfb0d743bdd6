// Makes corpus/source-maps/toolchains: one small build by each of the tools, with its map beside it, and without.
// dart2js, Turbopack and the Closure Compiler do not come as small packages: theirs are put together by their traits.
// Usage: TOOLS=<folder with node_modules> node toolchains.mjs
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const tools = process.env.TOOLS ?? "/tmp/tools";
const need = createRequire(path.join(tools, "package.json"));
const corpus = path.join(import.meta.dirname, "..", "source-maps", "toolchains");
const work = fs.mkdtempSync(path.join(os.tmpdir(), "lastlook-"));
const bin = (name) => path.join(tools, "node_modules", ".bin", name);
const run = (name, ...list) => execFileSync(name, list, { cwd: work, stdio: "pipe" });
const at = (name) => path.join(work, name);

const tide = `/** The height of the tide, in metres. "Internal": the constants are those of the harbour. */
export function tide(hour) {
  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
}
`;
const main = `import { tide } from "./tide.js";
// Berth 7 is reserved for the pilot.
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
`;
const sails = "// Colours that marketing has not announced yet.\n$sea: #0a3d62;\n.sail { color: $sea; &:hover { color: #e58e26; } }\n";
fs.mkdirSync(at("src"));
fs.writeFileSync(at("src/tide.js"), tide);
fs.writeFileSync(at("src/main.js"), main);
fs.writeFileSync(at("src/tide.ts"), tide.replace("hour)", "hour: number): number"));
fs.writeFileSync(at("src/sails.scss"), sails);
fs.writeFileSync(at("package.json"), '{"name":"tidewater","version":"1.0.0","type":"module"}\n');

run(bin("esbuild"), "src/main.js", "--bundle", "--minify", "--sourcemap", "--log-level=error", "--outfile=out/esbuild.js");
run(bin("rollup"), "src/main.js", "--silent", "--sourcemap", "--file", "out/rollup.js");
run(bin("tsc"), "src/tide.ts", "--target", "es2022", "--module", "es2022", "--sourceMap", "--inlineSources", "--rootDir", "src", "--outDir", "tsc");
fs.renameSync(at("tsc/tide.js.map"), at("out/tsc.js.map"));
fs.writeFileSync(at("out/tsc.js"), fs.readFileSync(at("tsc/tide.js"), "utf8").replace("=tide.js.map", "=tsc.js.map"));
run(bin("sass"), "--embed-sources", "src/sails.scss", "out/sass.css");
run(bin("terser"), "src/tide.js", "--compress", "--mangle", "--module", "--source-map", "url=terser.js.map,includeSources", "--output", "out/terser.js");
run(path.join(tools, "node_modules/bun/bin/bun.exe"), "build", "src/main.js", "--minify", "--sourcemap=linked", "--outdir=bun");
fs.renameSync(at("bun/main.js.map"), at("out/bun.js.map"));
fs.writeFileSync(at("out/bun.js"), fs.readFileSync(at("bun/main.js"), "utf8").replace("=main.js.map", "=bun.js.map"));

const swc = need("@swc/core").transformSync(tide, { filename: "src/tide.js", sourceFileName: "../src/tide.js", sourceMaps: true, minify: true, swcrc: false });
fs.writeFileSync(at("out/swc.js"), swc.code + "\n//# sourceMappingURL=swc.js.map\n");
fs.writeFileSync(at("out/swc.js.map"), swc.map);

await new Promise((done, fail) => need("webpack")({
  context: work, mode: "production", entry: "./src/main.js", devtool: "source-map",
  output: { path: at("out"), filename: "webpack.js" },
}, (error, stats) => (error || stats.hasErrors() ? fail(error ?? stats.toString()) : done())));

const { fromRawMappings } = need("metro-source-map");
const metro = fromRawMappings([{ map: [[1, 0, 1, 0], [2, 2, 2, 2, "tide"]], functionMap: { names: ["<global>", "tide"], mappings: "AAA;OCC" }, path: "/home/harbour/pilot/src/tide.js", source: tide, code: tide, isIgnored: false, lineCount: 4 }]);
fs.writeFileSync(at("out/metro.bundle"), fs.readFileSync(at("out/esbuild.js"), "utf8").replace(/\/\/#.*\n/, ""));
fs.writeFileSync(at("out/metro.bundle.map"), metro.toString());

const code = fs.readFileSync(at("out/metro.bundle"), "utf8");
const put = (name, map) => {
  fs.writeFileSync(at(`out/${name}`), `${code}//# sourceMappingURL=${name}.map\n`);
  fs.writeFileSync(at(`out/${name}.map`), typeof map === "string" ? map : JSON.stringify(map));
};
const part = (name, content) => ({ version: 3, sources: [`turbopack:///[project]/src/${name}`], sourcesContent: [content], names: [], mappings: "AACA" });
put("turbopack.js", { version: 3, sources: [], sections: [
  { offset: { line: 3, column: 0 }, map: part("tide.js", tide) }, { offset: { line: 9, column: 0 }, map: part("main.js", main) }] });
put("main.dart.js", { version: 3, engine: "v2", file: "main.dart.js", sourceRoot: "", sources: ["../lib/tide.dart"],
  sourcesContent: ["/// Internal.\ndouble tide(int hour) => 2.1 + 1.7 * sin(hour / 12.42);\n"], names: ["tide"], mappings: "AAAA",
  x_org_dartlang_dart2js: { minified_names: { global: "a,0", instance: "b,1" }, frames: "A" } });
put("closure.js", `{\n"version":3,\n"file":"closure.js",\n"lineCount":1,\n"mappings":"A,AACA,GAAG",\n"sources":["../src/tide.js"],\n"sourcesContent":[${JSON.stringify(tide)}],\n"names":["tide"]\n}\n`);

for (const half of ["leaky", "fixed"]) {
  const input = path.join(corpus, half, "input");
  fs.rmSync(input, { recursive: true, force: true });
  fs.mkdirSync(input, { recursive: true });
  for (const name of fs.readdirSync(at("out")).sort()) {
    const content = fs.readFileSync(at(`out/${name}`), "utf8");
    if (content.includes(work)) throw new Error(`${name} names this machine`);
    if (half === "leaky") fs.writeFileSync(path.join(input, name), content);
    else if (!name.endsWith(".map")) fs.writeFileSync(path.join(input, name), content.replace(/\n?(\/\/|\/\*)[#@] sourceMappingURL=.*/g, "\n"));
  }
}
fs.rmSync(work, { recursive: true });
