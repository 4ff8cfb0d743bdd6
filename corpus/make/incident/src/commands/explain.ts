import type { Command } from "./index";
import { readDiff } from "../tools/diff";
import { explainPrompt } from "../prompts/explain";

/** `pilot explain <commit>`: what a commit means for somebody who only uses the program. */
export const explain: Command = {
  name: "explain",
  summary: "say in plain words what a commit changes",
  async run(session, parsed) {
    const [commit = "HEAD"] = parsed.positional;
    const diff = await readDiff(commit);
    const answer = await session.client.complete(explainPrompt(session.settings, diff));
    process.stdout.write(`${answer.trim()}\n`);
    return 0;
  },
};
