import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const MOST = 60_000;

/** The diff of a commit, without files that nobody reads, cut where it becomes too long for a prompt. */
export async function readDiff(commit: string): Promise<string> {
  const { stdout } = await run("git", ["show", "--stat", "--patch", commit, "--", ".", ":!*.lock", ":!*.snap"], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.length > MOST ? `${stdout.slice(0, MOST)}\n… and more` : stdout;
}
