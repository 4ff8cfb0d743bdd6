import type { Command } from "./index";
import { history } from "../core/git";
import { group } from "../core/group";
import { draftPrompt } from "../prompts/draft";
import { render } from "../ui/markdown";
import { note } from "../ui/colour";

/** `pilot draft`: release notes for a range of commits. */
export const draft: Command = {
  name: "draft",
  summary: "write release notes for a range of commits",
  async run(session, parsed) {
    const from = String(parsed.flags.from ?? "HEAD~20");
    const to = String(parsed.flags.to ?? "HEAD");
    const commits = await history(from, to, session.settings.maximumCommits);
    if (commits.length === 0) {
      note(`nothing happened between ${from} and ${to}`);
      return 0;
    }
    const sections = group(commits);
    const plain = render(sections);
    if (parsed.flags.offline) {
      process.stdout.write(plain);
      return 0;
    }
    const answer = await session.client.complete(draftPrompt(session.settings, plain));
    process.stdout.write(`${answer.trim()}\n`);
    return 0;
  },
};
