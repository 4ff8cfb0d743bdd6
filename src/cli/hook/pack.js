// Packs a package as npm does, with npm's own list of files and npm's own tar: DIR and OUT are folder and archive.
// `npm pack` does the same, and needs five times as long to start. Whatever this does not know exactly ends it with 3.
const fs = require("fs"), path = require("path");
const [cli, folder, out] = process.argv.slice(1);
const modules = path.join(path.dirname(path.dirname(fs.realpathSync(cli))), "node_modules");
const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8").replace(/^\uFEFF/, ""));
const bundled = manifest.bundleDependencies ?? manifest.bundledDependencies;
const odd = manifest.workspaces || manifest.directories || bundled && bundled.length !== 0;
if (odd || !manifest.name || !manifest.version) process.exit(3);
const plain = (name) => path.posix.join("/", name.replace(/\\/g, "/")).slice(1);
const bin = typeof manifest.bin === "string" ? { [manifest.name.split("/").pop()]: manifest.bin } : manifest.bin;
manifest.bin = Object.fromEntries(Object.entries(bin ?? {}).map(([name, file]) => [name, plain(file)]));
const list = require(path.join(modules, "npm-packlist"));
const tar = require(path.join(modules, "tar"));
const settings = require(path.join(modules, "pacote/lib/util/tar-create-options.js"));
const tree = { path: folder, package: manifest, isProjectRoot: true, edgesOut: new Map() };
list(tree, { path: folder, prefix: folder })
  .then((files) => tar.c({ ...settings({ ...manifest, _resolved: folder }), file: undefined }, files).concat())
  .then((bytes) => fs.writeFileSync(out, bytes))
  .catch(() => process.exit(3));
