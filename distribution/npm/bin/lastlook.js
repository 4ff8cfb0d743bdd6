#!/usr/bin/env node
"use strict";

// Runs the program for this machine in its own place: same arguments, same streams, same ending.

const { spawn } = require("node:child_process");

const { MissingError, programPath } = require("../lib/platform.js");

/** Wrong usage or configuration. Never 1 or 3, which are verdicts, and never 0. */
const CANNOT_RUN = 2;

/** Those that end a program. From a terminal the program gets them itself; sent to us alone, it would not. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"];

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = CANNOT_RUN;
}

function run(program) {
  // Before the program starts: a signal between the two would end only us, and leave it behind.
  let child;
  const handlers = new Map();
  for (const signal of SIGNALS) {
    const handler = () => child.kill(signal);
    try {
      process.on(signal, handler);
      handlers.set(signal, handler);
    } catch {
      // This system does not know the signal.
    }
  }
  const release = () => handlers.forEach((handler, signal) => process.removeListener(signal, handler));
  child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  child.on("error", (error) => {
    release();
    fail(`${program} cannot be started: ${error.message}`);
  });
  child.on("exit", (code, signal) => {
    release();
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    // Whoever waits for us shall see the same ending. If the signal does not end us, it is still no verdict.
    process.exitCode = CANNOT_RUN;
    process.kill(process.pid, signal);
  });
}

try {
  run(programPath());
} catch (error) {
  // An exception that nobody catches ends node with 1, and that is a verdict.
  fail(error instanceof MissingError ? error.message : error.stack);
}
