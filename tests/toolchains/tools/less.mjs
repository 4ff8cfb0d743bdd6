// The setting: `include-source`, `inline`, `linked` or `false`.
import path from "node:path";
import { run } from "./shared.mjs";

const options = {
  linked: ["--source-map"],
  "include-source": ["--source-map", "--source-map-include-source"],
  inline: ["--source-map-include-source", "--source-map-inline"],
  false: [],
};

export function build(setting, dist) {
  run("less/bin/lessc", ...options[setting], "src/sign.less", path.join(dist, "sign.css"));
}
