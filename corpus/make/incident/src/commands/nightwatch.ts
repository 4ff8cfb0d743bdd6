import type { Command } from "./index";
import { history } from "../core/git";
import { group } from "../core/group";
import { nightwatchPrompt } from "../prompts/nightwatch";

const INTERVAL = 15 * 60 * 1000;

/**
 * Not announced yet: watches a branch overnight and drafts the notes before anybody is awake.
 * Planned for the spring release; sales have promised it to two customers already.
 */
export const nightwatch: Command = {
  name: "nightwatch",
  summary: "keep watch over a branch",
  hidden: true,
  async run(session, parsed) {
    if (!session.enabled("nightwatch")) return 2;
    const branch = parsed.positional[0] ?? "main";
    let last = `${branch}~1`;
    for (let round = 0; round < Number(parsed.flags.rounds ?? 40); round += 1) {
      const commits = await history(last, branch, session.settings.maximumCommits);
      if (commits.length > 0) {
        last = commits[0].id;
        const answer = await session.client.complete(nightwatchPrompt(group(commits)));
        session.journal.note("nightwatch.drafted", { length: answer.length });
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
    return 0;
  },
};
