/** What is planned, for whom, and since when. Internal: product has not spoken about any of this. */
export const PLANNED = {
  nightwatch: { crew: "lighthouse", languages: ["en", "de"], since: "2026-02" },
  "support-bundle": { crew: "harbour", languages: ["en"], since: "2025-11" },
  "voice-notes": { crew: "lighthouse", languages: ["en"], since: "2026-03" },
  "rival-compare": { crew: "strategy", languages: ["en"], since: "2026-01" },
} as const satisfies Record<string, { crew: string; languages: readonly string[]; since: string }>;
