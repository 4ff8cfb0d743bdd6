// webpack and Rspack, which take the same configuration.
import path from "node:path";
import { extensions, home, project, src } from "./shared.mjs";

const modules = path.join(home, "node_modules");
const swc = (syntax, tsx) => ({
  jsc: { parser: { syntax, tsx, jsx: tsx }, target: "es2022" },
});

/** `SETTING` is a devtool, `false`, or `css-in-js:` and a devtool, for styles that stay in the bundle. */
export function bundle(pack, Extract, compile, setting, dist, loaded) {
  const inJs = setting.startsWith("css-in-js-");
  const devtool = setting.replace("css-in-js-", "");
  const recorder = { loader: path.join(home, "tools/recorder.cjs"), options: { folder: loaded } };
  const script = (test, options) => ({ test, exclude: /node_modules/, use: [recorder, { loader: compile, options }] });
  const styles = [{ loader: "css-loader" }, { loader: "sass-loader" }];
  // Bundlers cannot map minified text back when they keep no columns; nor does anybody minify what is evaluated.
  const minimize = !/eval|cheap/.test(devtool);
  const compiler = pack({
    context: project,
    mode: minimize ? "production" : "development",
    devtool: devtool === "false" ? false : devtool,
    entry: path.join(src, inJs ? "styles-in-js.js" : "styles.js"),
    output: { path: dist, filename: "main.js" },
    resolve: { extensions },
    resolveLoader: { modules: [modules] },
    module: {
      rules: [
        script(/\.tsx?$/, swc("typescript", true)),
        script(/\.jsx$/, swc("ecmascript", true)),
        { test: /\.(css|scss)$/, use: inJs ? styles : [Extract.loader, ...styles], type: "javascript/auto" },
      ],
    },
    plugins: inJs ? [] : [new Extract({ filename: "main.css" })],
    performance: false,
  });
  return new Promise((done, failed) => {
    compiler.run((error, stats) => {
      const broken = error ?? (stats.hasErrors() ? new Error(stats.toString("errors-only")) : null);
      compiler.close(() => (broken ? failed(broken) : done()));
    });
  });
}
