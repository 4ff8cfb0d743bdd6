// The setting: `default`, which makes maps, or `false`.
import path from "node:path";
import { run } from "./shared.mjs";

export function build(setting, dist, loaded) {
  const folders = ["--dist-dir", dist, "--cache-dir", path.join(path.dirname(loaded), "cache"), "--no-autoinstall"];
  run("parcel/lib/bin.js", "build", "src/styles.js", ...folders, ...(setting === "false" ? ["--no-source-maps"] : []));
}
