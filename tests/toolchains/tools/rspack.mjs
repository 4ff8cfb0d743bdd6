// The setting is a value of Rspack's `devtool`.
import { rspack } from "@rspack/core";
import { bundle } from "./packs.mjs";

export const build = (setting, dist, loaded) =>
  bundle(rspack, rspack.CssExtractRspackPlugin, "builtin:swc-loader", setting, dist, loaded);
