// The setting: `true`, `inline` or `false`. As its command line does, one file at a time.
import path from "node:path";
import { transformFile } from "@swc/core";
import { scripts, src, write } from "./shared.mjs";

export async function build(setting, dist) {
  const sourceMaps = { true: true, false: false }[setting] ?? setting;
  for (const name of scripts) {
    const syntax = /tsx?$/.test(name) ? "typescript" : "ecmascript";
    const { code, map } = await transformFile(path.join(src, name), {
      swcrc: false,
      sourceMaps,
      module: { type: "commonjs" },
      jsc: { parser: { syntax, tsx: name.endsWith("x"), jsx: name.endsWith("x") }, target: "es2022" },
    });
    const file = name.replace(/\.\w+$/, ".js");
    write(dist, file, map ? `${code}\n//# sourceMappingURL=${file}.map` : code);
    if (map) write(dist, `${file}.map`, map);
  }
}
