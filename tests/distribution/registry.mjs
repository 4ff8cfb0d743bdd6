// A registry for npm with the packages of a folder, on loopback, for as long as standard input stays open.
//
// usage: node registry.mjs FOLDER
//
// For every platform that no package was built for, there is one that holds nothing but its manifest: so the client has
// the whole choice that it would have after a release. Prints its address.

import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import zlib from "node:zlib";

const folder = process.argv[2];

/** The text of a file in a gzipped tar. */
function member(archive, name) {
  const tar = zlib.gunzipSync(archive);
  for (let at = 0; at + 512 <= tar.length; ) {
    const header = tar.subarray(at, at + 512);
    const size = parseInt(header.toString("latin1", 124, 136), 8) || 0;
    const data = tar.subarray(at + 512, at + 512 + size);
    if (header.toString("utf8", 0, 100).replace(/\0.*$/s, "") === name) return data.toString("utf8");
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`there is no ${name}`);
}

/** A package with this manifest and nothing else. */
function hollow(manifest) {
  const data = Buffer.from(JSON.stringify(manifest));
  const header = Buffer.alloc(512);
  const field = (at, text) => header.write(text, at, "latin1");
  field(0, "package/package.json");
  field(100, "0000644\0");
  field(124, data.length.toString(8).padStart(11, "0") + "\0");
  field(136, "00000000000\0");
  field(148, "        ");
  field(156, "0");
  field(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(148, sum.toString(8).padStart(6, "0") + "\0 ");
  const padding = Buffer.alloc((512 - (data.length % 512)) % 512);
  return zlib.gzipSync(Buffer.concat([header, data, padding, Buffer.alloc(1024)]));
}

const packages = new Map();
const add = (manifest, archive) => packages.set(manifest.name, { manifest, archive });
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".tgz"))) {
  const archive = fs.readFileSync(path.join(folder, file));
  add(JSON.parse(member(archive, "package/package.json")), archive);
}
for (const [name, version] of Object.entries(packages.get("lastlook").manifest.optionalDependencies)) {
  if (packages.has(name)) continue;
  const [os, cpu, libc] = name.replace("@lastlook/", "").split("-");
  const manifest = { name, version, os: [os], cpu: [cpu] };
  if (libc) manifest.libc = [libc === "gnu" ? "glibc" : libc];
  add(manifest, hollow(manifest));
}

const server = http.createServer((request, response) => {
  const wanted = decodeURIComponent(request.url.slice(1));
  const tarball = wanted.endsWith(".tgz");
  const found = packages.get(tarball ? wanted.slice(0, -".tgz".length) : wanted);
  if (!found) {
    response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
    return;
  }
  const { manifest, archive } = found;
  if (tarball) {
    response.writeHead(200, { "content-type": "application/octet-stream" }).end(archive);
    return;
  }
  const { address, port } = server.address();
  const integrity = `sha512-${crypto.createHash("sha512").update(archive).digest("base64")}`;
  const dist = { tarball: `http://${address}:${port}/${encodeURIComponent(manifest.name)}.tgz`, integrity };
  const versions = { [manifest.version]: { ...manifest, dist } };
  const body = { name: manifest.name, "dist-tags": { latest: manifest.version }, versions };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
});
server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  process.stdout.write(`http://${address}:${port}/\n`);
});
// Whoever started this may end in any way: then its end of the pipe is closed.
process.stdin.on("end", () => process.exit(0)).resume();
