// The setting: `include-sources`, `names`, `inline` or `false`.
import { minify } from "terser";
import { read, write } from "./shared.mjs";

const linked = { filename: "odd.min.mjs", url: "odd.min.mjs.map" };
const maps = {
  "include-sources": { ...linked, includeSources: true },
  names: linked,
  inline: { filename: "odd.min.mjs", url: "inline", includeSources: true },
  false: false,
};

export async function build(setting, dist) {
  const sources = Object.fromEntries(["odd.js", "bom.js"].map((name) => [name, read(name)]));
  const { code, map } = await minify(sources, { module: true, sourceMap: maps[setting] });
  write(dist, "odd.min.mjs", code);
  if (map && setting !== "inline") write(dist, "odd.min.mjs.map", map);
}
