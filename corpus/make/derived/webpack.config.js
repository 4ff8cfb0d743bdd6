module.exports = {
  mode: "production",
  entry: "./src/main.js",
  output: { path: __dirname + "/packed" },
  cache: { type: "filesystem", cacheDirectory: __dirname + "/cache" },
  stats: { preset: "normal", modules: true, nestedModules: true, source: true, reasons: false },
};
