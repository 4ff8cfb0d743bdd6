import type { Commit } from "./git";

export type Section = "features" | "fixes" | "speed" | "other";

const MARKS: Array<[RegExp, Section]> = [
  [/^(feat|add)\b/i, "features"],
  [/^(fix|mend|repair)\b/i, "fixes"],
  [/^(perf|faster)\b/i, "speed"],
];

/** Sorts commits into the sections of a release note by the first word of their subjects. */
export function group(commits: Commit[]): Map<Section, Commit[]> {
  const sections = new Map<Section, Commit[]>();
  for (const commit of commits) {
    const section = MARKS.find(([mark]) => mark.test(commit.subject))?.[1] ?? "other";
    const list = sections.get(section) ?? [];
    list.push(commit);
    sections.set(section, list);
  }
  return sections;
}
