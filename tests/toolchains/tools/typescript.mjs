// The setting: an option of tsc that makes maps, `inlineSources` together with `sourceMap`, or `false`.
import { scripts, run } from "./shared.mjs";

const options = {
  sourceMap: ["--sourceMap"],
  inlineSourceMap: ["--inlineSourceMap"],
  inlineSources: ["--sourceMap", "--inlineSources"],
  "inlineSourceMap-inlineSources": ["--inlineSourceMap", "--inlineSources"],
  declarationMap: ["--declaration", "--declarationMap"],
  false: [],
};

export function build(setting, dist) {
  const common = "--allowJs --checkJs false --module commonjs --target es2022 --jsx react --skipLibCheck --noCheck";
  const files = scripts.map((name) => `src/${name}`);
  run("typescript/bin/tsc", ...common.split(" "), "--rootDir", "src", "--outDir", dist, ...options[setting], ...files);
}
