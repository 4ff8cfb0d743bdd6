import type { Commit } from "../core/git";
import type { Section } from "../core/group";

const TITLES: Record<Section, string> = {
  features: "New",
  fixes: "Mended",
  speed: "Faster",
  other: "Also",
};

/** Sections as a Markdown list. */
export function render(sections: Map<Section, Commit[]>): string {
  let text = "";
  for (const [section, commits] of sections) {
    text += `## ${TITLES[section]}\n\n`;
    for (const commit of commits) text += `- ${commit.subject} (${commit.id.slice(0, 8)})\n`;
    text += "\n";
  }
  return text;
}
