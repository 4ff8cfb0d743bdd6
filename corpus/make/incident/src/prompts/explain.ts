import type { Settings } from "../core/settings";
import type { Prompt } from "../net/client";
import { HOUSE_RULES } from "./house";

/** Asks what a change means for users. */
export function explainPrompt(settings: Settings, diff: string): Prompt {
  return {
    system: `${HOUSE_RULES}\nAnswer in ${settings.language}, in three sentences.`,
    question: `What does this change mean for somebody who only uses the program?\n\n${diff}`,
  };
}
