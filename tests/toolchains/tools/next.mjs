// The setting: `browser` for maps of what browsers get as well, or `default`: the server's half has maps always.
import fs from "node:fs";
import path from "node:path";
import { home, project, run, write } from "./shared.mjs";

export function build(setting, dist) {
  // It builds into the project's own folder, so that every build has its copy.
  const site = path.join(path.dirname(dist), "site");
  fs.cpSync(path.join(project, "site"), site, { recursive: true });
  const config = { productionBrowserSourceMaps: setting === "browser", turbopack: { root: home }, distDir: "dist" };
  write(site, "next.config.mjs", `export default ${JSON.stringify(config)};`);
  run("next/dist/bin/next", "build", site);
  fs.rmSync(dist, { recursive: true });
  fs.renameSync(path.join(site, "dist"), dist);
}
