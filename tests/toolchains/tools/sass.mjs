// The setting: `embed-sources`, `embed-source-map`, `linked` or `false`.
import path from "node:path";
import { run } from "./shared.mjs";

const options = {
  linked: [],
  "embed-sources": ["--embed-sources"],
  "embed-source-map": ["--embed-source-map"],
  "embed-both": ["--embed-sources", "--embed-source-map"],
  false: ["--no-source-map"],
};

export function build(setting, dist) {
  run("sass/sass.js", ...options[setting], "src/theme.scss", path.join(dist, "theme.css"));
}
