import type { Session } from "../core/session";
import type { Parsed } from "../core/arguments";
import { draft } from "./draft";
import { explain } from "./explain";
import { doctor } from "./doctor";
import { nightwatch } from "./nightwatch";

export interface Command {
  name: string;
  summary: string;
  hidden?: boolean;
  run(session: Session, parsed: Parsed): Promise<number>;
}

export const commands: Command[] = [draft, explain, doctor, nightwatch];
