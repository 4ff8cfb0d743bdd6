// The setting: `true`, `inline`, `hidden` or `false`.
import path from "node:path";
import { build as vite } from "vite";
import { project, src } from "./shared.mjs";

export async function build(setting, dist) {
  const sourcemap = { true: true, false: false }[setting] ?? setting;
  await vite({
    root: project,
    configFile: false,
    logLevel: "error",
    build: {
      sourcemap,
      outDir: dist,
      emptyOutDir: true,
      rollupOptions: { input: path.join(src, "styles.js"), output: { entryFileNames: "main.js", assetFileNames: "main[extname]" } },
    },
  });
}
