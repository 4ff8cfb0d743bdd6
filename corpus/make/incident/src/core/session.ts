import type { Settings } from "./settings";
import { Client } from "../net/client";
import { Journal } from "../telemetry/journal";
import { isEnabled, type Flag } from "../flags/flags";

/** What a command works with: settings, the service, and a journal of what it did. */
export class Session {
  readonly client: Client;
  readonly journal = new Journal();

  constructor(readonly settings: Settings) {
    this.client = new Client(settings.endpoint, this.journal);
  }

  enabled(flag: Flag): boolean {
    return isEnabled(flag, this.settings);
  }

  async close(): Promise<void> {
    await this.journal.flush(this.client);
  }
}
