import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Settings {
  tone: "plain" | "cheerful";
  language: string;
  endpoint: string;
  maximumCommits: number;
}

const DEFAULTS: Settings = {
  tone: "plain",
  language: "en",
  endpoint: "https://pilot.tidewater.invalid/v2",
  maximumCommits: 400,
};

/** Reads `.pilotrc.json` of the folder; what it does not say stays as it is. */
export async function loadSettings(folder: string): Promise<Settings> {
  try {
    const text = await readFile(join(folder, ".pilotrc.json"), "utf8");
    return { ...DEFAULTS, ...(JSON.parse(text) as Partial<Settings>) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return DEFAULTS;
    throw error;
  }
}
