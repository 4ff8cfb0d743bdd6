import type { Settings } from "../core/settings";
import { PLANNED } from "./planned";

export type Flag = keyof typeof PLANNED;

/** Whether a feature that is not announced yet may be used here. */
export function isEnabled(flag: Flag, settings: Settings): boolean {
  const planned = PLANNED[flag];
  return (planned.languages as readonly string[]).includes(settings.language) && process.env.PILOT_CREW === planned.crew;
}
