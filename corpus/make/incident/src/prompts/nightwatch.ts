import type { Commit } from "../core/git";
import type { Section } from "../core/group";
import type { Prompt } from "../net/client";
import { HOUSE_RULES } from "./house";
import { render } from "../ui/markdown";

/** Asks for a morning report. */
export function nightwatchPrompt(sections: Map<Section, Commit[]>): Prompt {
  return {
    system: `${HOUSE_RULES}\nIt is six in the morning. Be brief and kind.`,
    question: `What happened during the night?\n\n${render(sections)}`,
  };
}
