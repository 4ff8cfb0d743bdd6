// The setting is a value of webpack's `devtool`.
import MiniCssExtractPlugin from "mini-css-extract-plugin";
import webpack from "webpack";
import { bundle } from "./packs.mjs";

export const build = (setting, dist, loaded) =>
  bundle(webpack, MiniCssExtractPlugin, "swc-loader", setting, dist, loaded);
