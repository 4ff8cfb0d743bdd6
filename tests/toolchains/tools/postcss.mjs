// The setting: `default` (a map in the file, as its command line makes), `external`, `no-content` or `false`.
import path from "node:path";
import postcss from "postcss";
import { read, src, write } from "./shared.mjs";

const maps = {
  default: { inline: true },
  external: { inline: false },
  "no-content": { inline: false, sourcesContent: false },
  false: false,
};

const shorten = {
  postcssPlugin: "shorten",
  Declaration(node) {
    node.value = node.value.replace("margin: 0 auto", "margin: auto");
  },
};

export async function build(setting, dist) {
  for (const name of ["plain.css", "base.css"]) {
    const options = { from: path.join(src, name), to: path.join(dist, name), map: maps[setting] };
    const result = await postcss([shorten]).process(read(name), options);
    write(dist, name, result.css);
    if (result.map) write(dist, `${name}.map`, result.map.toString());
  }
}
