import type { Client } from "../net/client";
import { redact } from "./redact";

interface Event {
  name: string;
  at: string;
  details: Record<string, unknown>;
}

/** Remembers what happened until the session ends. */
export class Journal {
  private readonly events: Event[] = [];

  note(name: string, details: Record<string, unknown> = {}): void {
    this.events.push({ name, at: new Date().toISOString(), details: redact(details) });
  }

  async flush(client: Client): Promise<void> {
    if (this.events.length === 0 || process.env.PILOT_QUIET) return;
    await client.send(this.events.splice(0)).catch(() => undefined);
  }
}
