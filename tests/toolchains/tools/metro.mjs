// The setting: `true` for its maps, which the library's own build puts beside the bundle and into it, or `false`.
import path from "node:path";
import Metro from "metro";
import { home } from "./shared.mjs";

export async function build(setting, dist) {
  const config = await Metro.loadConfig({ cwd: home }, {
    projectRoot: home,
    watchFolders: [home],
    cacheStores: [],
    maxWorkers: 1,
    reporter: { update() {} },
    resolver: { sourceExts: ["ts", "tsx", "jsx", "js", "mjs", "json"], useWatchman: false },
    transformer: { babelTransformerPath: path.join(home, "tools/metro-transformer.cjs") },
  });
  const request = { entry: "project/src/main.ts", platform: "web", minify: false, dev: false };
  await Metro.runBuild(config, { ...request, out: path.join(dist, "main.js"), sourceMap: setting === "true" });
}
