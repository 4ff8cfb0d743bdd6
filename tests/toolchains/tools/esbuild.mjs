// The setting: a value of `sourcemap`, or `no-content`.
import path from "node:path";
import { build as esbuild } from "esbuild";
import { project, src } from "./shared.mjs";

export async function build(setting, dist) {
  const noContent = setting === "no-content";
  await esbuild({
    absWorkingDir: project,
    entryPoints: [path.join(src, "main.ts"), path.join(src, "plain.css")],
    bundle: true,
    minify: true,
    outdir: dist,
    logLevel: "error",
    sourcemap: setting === "false" ? false : noContent ? "linked" : setting,
    sourcesContent: !noContent,
  });
}
