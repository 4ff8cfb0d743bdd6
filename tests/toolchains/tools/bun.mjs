// The setting: a value of `--sourcemap`.
import { run } from "./shared.mjs";

export function build(setting, dist) {
  const options = ["--outdir", dist, "--minify", "--format=cjs", `--sourcemap=${setting}`];
  run("@oven/bun-linux-x64/bin/bun", "build", "src/main.ts", "src/plain.css", ...options);
}
