// The setting: `true`, `inline`, `both` or `false`. As its command line does, one file at a time.
import path from "node:path";
import { transformFileAsync } from "@babel/core";
import { home, scripts, src, write } from "./shared.mjs";

export async function build(setting, dist) {
  const sourceMaps = { true: true, false: false }[setting] ?? setting;
  for (const name of scripts) {
    const { code, map } = await transformFileAsync(path.join(src, name), {
      configFile: false,
      babelrc: false,
      cwd: home,
      sourceMaps,
      presets: ["@babel/preset-react", ["@babel/preset-typescript", { onlyRemoveTypeImports: false }]],
      plugins: ["@babel/plugin-transform-modules-commonjs"],
    });
    const file = name.replace(/\.\w+$/, ".js");
    const external = setting === "true" && map;
    write(dist, file, external ? `${code}\n//# sourceMappingURL=${file}.map` : code);
    if (external || setting === "both") write(dist, `${file}.map`, JSON.stringify(map));
  }
}
