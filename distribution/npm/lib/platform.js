"use strict";

// Finds the program for this machine: each lies in a package of its own, and package managers install the one that fits.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const own = require("../package.json");

/** The packages with a program in them, from the one list that package managers read as well. */
const PACKAGES = Object.keys(own.optionalDependencies);

/** The program cannot be had. */
class MissingError extends Error {
  constructor(message) {
    super(message);
    this.name = "MissingError";
  }
}

/**
 * Which C library node itself was started with: "glibc", "musl", or null where that cannot be told.
 *
 * The header of node's own file names the loader. It says what really runs here, also where both are installed.
 */
function libc(executable = process.execPath) {
  const loader = interpreter(executable);
  if (loader !== null) {
    if (/(^|\/)ld-musl-/.test(loader)) return "musl";
    if (/(^|\/)ld-linux/.test(loader)) return "glibc";
  }
  return glibcVersion() === null ? null : "glibc";
}

/** The loader that an ELF file asks for (its PT_INTERP segment), or null. */
function interpreter(file) {
  let descriptor;
  try {
    descriptor = fs.openSync(file, "r");
    const head = Buffer.alloc(4096);
    const length = fs.readSync(descriptor, head, 0, head.length, 0);
    // 64-bit, little-endian: there is no package for others.
    if (length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return null;
    const [table, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    for (let at = table; at < table + size * count && at + 56 <= length; at += size) {
      if (head.readUInt32LE(at) !== 3) continue;
      const text = Buffer.alloc(Math.min(Number(head.readBigUInt64LE(at + 32)), 512));
      const read = fs.readSync(descriptor, text, 0, text.length, Number(head.readBigUInt64LE(at + 8)));
      return text.toString("latin1", 0, read).replace(/\0.*$/s, "");
    }
    return null;
  } catch {
    return null;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** The version of the GNU C library that runs here, "2.36", or null. */
function glibcVersion() {
  if (process.platform !== "linux") return null;
  try {
    // A few milliseconds; the report of node takes ten times as long.
    const said = execFileSync("/usr/bin/getconf", ["GNU_LIBC_VERSION"], { stdio: ["ignore", "pipe", "ignore"] });
    const version = /^glibc (\d+\.\d+)/.exec(said.toString("latin1"));
    if (version !== null) return version[1];
  } catch {
    // Slim images have no getconf.
  }
  try {
    // What the report would say of the network takes time, and nobody asked.
    process.report.excludeNetwork = true;
    return process.report.getReport().header.glibcVersionRuntime ?? null;
  } catch {
    return null;
  }
}

/** Whether version `a` ("2.9") is older than `b` ("2.34"). */
function older(a, b) {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  return left[0] < right[0] || (left[0] === right[0] && left[1] < right[1]);
}

/**
 * The packages that can work here, the best first. A program for musl needs no library at all, so it serves everywhere
 * on Linux; one for glibc does not.
 */
function candidates(platform = process.platform, cpu = process.arch, library = undefined) {
  const name = `@lastlook/${platform}-${cpu}`;
  if (platform !== "linux") return PACKAGES.filter((one) => one === name);
  const kind = library === undefined ? libc() : library;
  const kinds = kind === "glibc" ? ["gnu", "musl"] : ["musl"];
  return kinds.map((one) => `${name}-${one}`).filter((one) => PACKAGES.includes(one));
}

/** What is installed of a package: its manifest and its folder; or null. */
function installed(name) {
  try {
    const manifest = require.resolve(`${name}/package.json`);
    return { manifest: require(manifest), folder: path.dirname(manifest) };
  } catch {
    return null;
  }
}

/** The path of the program. Throws a `MissingError` that says what is missing, why that may be, and what to do. */
function programPath() {
  const wanted = candidates();
  if (wanted.length === 0) throw new MissingError(unsupported());
  let outdated = null;
  for (const name of wanted) {
    const found = installed(name);
    if (found === null) continue;
    if (found.manifest.version !== own.version) {
      throw new MissingError(
        `lastlook ${own.version} needs ${name} ${own.version}, but ${found.manifest.version} is installed.\n` +
          `Install them together: npm install lastlook@${own.version}`,
      );
    }
    const needed = found.manifest.lastlook?.glibc;
    const here = needed ? glibcVersion() : null;
    if (needed && here !== null && older(here, needed)) {
      outdated = { needed, here };
      continue;
    }
    return path.join(found.folder, process.platform === "win32" ? "lastlook.exe" : "lastlook");
  }
  throw new MissingError(outdated ? tooOld(wanted, outdated) : missing(wanted[0]));
}

/** This machine in words. */
function here() {
  const library = process.platform === "linux" ? libc() : null;
  return [process.platform, process.arch, library].filter(Boolean).join(" ");
}

function unsupported() {
  return (
    `lastlook has no package for this platform (${here()}).\n` +
    `There are packages for: ${PACKAGES.map((name) => name.replace("@lastlook/", "")).join(", ")}.\n` +
    "It can be built from source with a Rust toolchain: cargo install --path . in its repository."
  );
}

function tooOld(wanted, { needed, here: version }) {
  const other = wanted.find((name) => name.endsWith("-musl"));
  return (
    `lastlook needs glibc ${needed} or later here, and this system has ${version}.\n` +
    `The program without that need is ${other}. npm passes it over on such a system; install it by hand:\n` +
    `  npm install --force ${other}@${own.version}`
  );
}

function missing(name) {
  const others = PACKAGES.filter((one) => one !== name && installed(one) !== null);
  const reasons = [
    "optional dependencies were left out (--omit=optional, --no-optional, or a setting like it)",
    "the lock file or node_modules was made on another platform, and holds only the package for that one",
  ];
  if (others.length > 0) reasons.unshift(`node_modules holds ${others.join(", ")} instead: it was made elsewhere`);
  return (
    `lastlook cannot run: the package ${name} is not installed. It holds the program for this platform (${here()}).\n` +
    `Why that may be:\n${reasons.map((reason) => `  - ${reason}\n`).join("")}` +
    "What to do:\n" +
    "  - install again with optional dependencies: npm install --include=optional\n" +
    "  - if that does not help, remove node_modules and the lock file first, and install on this platform\n" +
    `  - or name the package yourself: npm install ${name}@${own.version}`
  );
}

module.exports = { MissingError, candidates, interpreter, libc, older, programPath };
