// The setting: `content`, `names` or `false`.
import path from "node:path";
import { run } from "./shared.mjs";

export function build(setting, dist) {
  const out = path.join(dist, "odd.js");
  const maps = {
    content: ["--create_source_map", `${out}.map`, "--source_map_include_content"],
    names: ["--create_source_map", `${out}.map`],
    false: [],
  };
  const common = ["--module_resolution", "NODE", "--language_out", "ECMASCRIPT_NEXT", "--jscomp_off=*"];
  const files = ["bom.js", "odd.js"].flatMap((name) => ["--js", `src/${name}`]);
  run("google-closure-compiler-linux/compiler", ...files, "--js_output_file", out, ...common, ...maps[setting]);
}
