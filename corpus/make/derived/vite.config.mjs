import { visualizer } from "rollup-plugin-visualizer";
export default {
  logLevel: "error",
  build: { manifest: true, minify: false, rollupOptions: { input: "src/main.js" } },
  plugins: [visualizer({ filename: "dist/report.json", template: "raw-data" })],
};
