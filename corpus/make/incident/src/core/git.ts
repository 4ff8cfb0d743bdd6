import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Commit {
  id: string;
  author: string;
  subject: string;
  body: string;
}

const SEPARATOR = "\u001e";
const FIELD = "\u001f";

/** The commits between two names, the newest first. */
export async function history(from: string, to: string, limit: number): Promise<Commit[]> {
  const format = ["%H", "%an", "%s", "%b"].join("%x1f") + "%x1e";
  const { stdout } = await run("git", ["log", `--max-count=${limit}`, `--format=${format}`, `${from}..${to}`], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout
    .split(SEPARATOR)
    .map((record) => record.trim())
    .filter((record) => record.length > 0)
    .map((record) => {
      const [id, author, subject, body = ""] = record.split(FIELD);
      return { id, author, subject, body };
    });
}
