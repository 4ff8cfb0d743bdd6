// What the tools have in common: where the project lies, and how to run a program of one.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const project = path.join(home, "project");
export const src = path.join(project, "src");

/** Nothing that a tool does here is anybody's business. */
const quiet = { NEXT_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

/** The sources that are programs, for tools that take one file at a time. */
export const scripts = ["main.ts", "sum.ts", "tide.ts", "bom.js", "empty.js", "odd.js", "view.jsx", "badge.tsx"];
/** What an import without an extension may stand for. */
export const extensions = [".ts", ".tsx", ".jsx", ".js", ".mjs"];

export const read = (name) => fs.readFileSync(path.join(src, name), "utf8");

export function write(folder, name, text) {
  fs.writeFileSync(path.join(folder, name), text);
}

/** Runs a program of a package with the project as its folder. */
export function run(program, ...args) {
  const file = path.join(home, "node_modules", program);
  execFileSync(file, args, { cwd: project, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...quiet } });
}
