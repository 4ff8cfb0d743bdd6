"use strict";

// Runs the program and hands out its JSON report. Everything is decided there; nothing is judged here.

const { spawn } = require("node:child_process");

const { MissingError, programPath } = require("./lib/platform.js");
const { version } = require("./package.json");

/** The exit codes that stand for a verdict. */
const VERDICTS = new Map([
  [0, "clear"],
  [1, "blocked"],
  [3, "incomplete"],
]);

class LastlookError extends Error {
  constructor(message, { exitCode = null, signal = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LastlookError";
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** The options that take one value, and those that take several. */
const ONE = {
  config: "--config",
  baseline: "--baseline",
  manifest: "--manifest",
  since: "--since",
  target: "--target",
  failOn: "--fail-on",
  threads: "--threads",
};
const SEVERAL = { rules: "--rules", knownSecrets: "--known-secrets", maps: "--maps" };

/** The arguments for the program. An option that is not known is a mistake: passed over, it could hide a finding. */
function toArguments(paths, options) {
  const found = ["check", "--report=json", "--no-progress", "--color=never"];
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || key === "cwd" || key === "signal") continue;
    if (key === "config" && value === false) found.push("--no-config");
    else if (key in ONE) found.push(`${ONE[key]}=${value}`);
    else if (key in SEVERAL) found.push(...[value].flat().map((one) => `${SEVERAL[key]}=${one}`));
    else if (key === "allowIncomplete") found.push(...(value ? ["--allow-incomplete"] : []));
    else if (key === "build") found.push(...(value ? ["--build"] : []));
    else if (key === "levels") found.push(...Object.entries(value).map(([rule, level]) => `--set=${rule}=${level}`));
    else throw new TypeError(`scan: there is no option ${JSON.stringify(key)}`);
  }
  const targets = [paths].flat();
  if (targets.length === 0) throw new TypeError("scan: name at least one path");
  for (const target of targets) {
    if (typeof target !== "string" || target === "") throw new TypeError("scan: a path must be a string, and not empty");
  }
  return [...found, "--", ...targets];
}

function programOrFail() {
  try {
    return programPath();
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    throw new LastlookError(error.message, { cause: error });
  }
}

/** The report in `output`, if it is whole and agrees with how the program ended. */
function read(output, exitCode) {
  let report;
  try {
    report = JSON.parse(output);
  } catch (cause) {
    throw new LastlookError("lastlook has written no whole report", { exitCode, cause });
  }
  if (report.verdict !== VERDICTS.get(exitCode)) {
    throw new LastlookError(`the report says ${report.verdict}, and the exit code is ${exitCode}`, { exitCode });
  }
  return report;
}

async function scan(paths, options = {}) {
  const [program, list] = [programOrFail(), toArguments(paths, options)];
  const { cwd, signal } = options;
  return await new Promise((resolve, reject) => {
    const child = spawn(program, list, { cwd, signal, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    const [out, errors] = [[], []];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => errors.push(chunk));
    child.on("error", (error) => {
      if (error.name === "AbortError") reject(error);
      else reject(new LastlookError(`${program} cannot be started: ${error.message}`, { cause: error }));
    });
    child.on("close", (exitCode, ended) => {
      try {
        if (!VERDICTS.has(exitCode)) {
          const said = Buffer.concat(errors).toString("utf8").trim();
          const ending = exitCode === null ? `lastlook was ended by ${ended}` : `lastlook ended with ${exitCode}`;
          throw new LastlookError(said === "" ? ending : said, { exitCode, signal: ended });
        }
        resolve(read(Buffer.concat(out).toString("utf8"), exitCode));
      } catch (error) {
        reject(error);
      }
    });
  });
}

module.exports = { LastlookError, programPath: programOrFail, scan, version };
