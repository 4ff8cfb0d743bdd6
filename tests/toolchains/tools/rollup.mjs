// The setting: `true`, `inline`, `hidden`, `exclude` (no content) or `false`.
import fs from "node:fs";
import path from "node:path";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { extensions, home, src } from "./shared.mjs";

/** Finds imports without an extension, and the one package; compiles what is not JavaScript. */
const project = {
  name: "project",
  resolveId(name, importer) {
    if (name === "clsx") return path.join(home, "node_modules/clsx/dist/clsx.mjs");
    if (!name.startsWith(".")) return null;
    const file = path.resolve(path.dirname(importer), name);
    return extensions.map((extension) => file + extension).find((file) => fs.existsSync(file));
  },
  async transform(text, file) {
    const loader = path.extname(file).slice(1);
    if (!["ts", "tsx", "jsx"].includes(loader)) return null;
    return transform(text, { loader, sourcemap: true, sourcefile: file });
  },
};

export async function build(setting, dist) {
  const bundle = await rollup({ input: path.join(src, "main.ts"), plugins: [project] });
  const sourcemap = { true: true, exclude: true, false: false }[setting] ?? setting;
  const sourcemapExcludeSources = setting === "exclude";
  await bundle.write({ file: path.join(dist, "main.js"), format: "cjs", sourcemap, sourcemapExcludeSources });
  await bundle.close();
}
