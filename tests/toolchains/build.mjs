// Builds the project with one tool, once for each of its settings.
//
// usage: node build.mjs TOOL OUT SETTING…
//
// OUT/SETTING/dist gets the build, OUT/SETTING/loaded what the loaders of a bundler made of each source, for settings
// that map no further back than that. A build that fails leaves OUT/SETTING/error.txt and does not hold up the others.

import fs from "node:fs";
import path from "node:path";

const [tool, out, ...settings] = process.argv.slice(2);
const { build } = await import(`./tools/${tool}.mjs`);
for (const setting of settings) {
  const folder = path.resolve(out, setting);
  fs.rmSync(folder, { recursive: true, force: true });
  const [dist, loaded] = ["dist", "loaded"].map((name) => path.join(folder, name));
  fs.mkdirSync(dist, { recursive: true });
  fs.mkdirSync(loaded);
  try {
    await build(setting, dist, loaded);
  } catch (error) {
    const said = [error?.stack ?? error, error?.stdout, error?.stderr].filter(Boolean).join("\n");
    fs.writeFileSync(path.join(folder, "error.txt"), said);
  }
}
// Some tools leave workers behind.
process.exit(0);
