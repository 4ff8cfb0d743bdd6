import type { Settings } from "../core/settings";
import type { Prompt } from "../net/client";
import { HOUSE_RULES } from "./house";

/** Asks for release notes in the tone of the settings. */
export function draftPrompt(settings: Settings, plain: string): Prompt {
  const tone = settings.tone === "cheerful" ? "One joke at most." : "No jokes.";
  return {
    system: `${HOUSE_RULES}\nWrite in ${settings.language}. ${tone}`,
    question: `Turn this list into release notes of at most 200 words:\n\n${plain}`,
  };
}
