import type { Journal } from "../telemetry/journal";
import { withRetries } from "./retry";

export interface Prompt {
  system: string;
  question: string;
}

/** Talks to the service that answers prompts. */
export class Client {
  constructor(
    private readonly endpoint: string,
    private readonly journal: Journal,
  ) {}

  async ping(): Promise<boolean> {
    try {
      const response = await fetch(`${this.endpoint}/health`);
      return response.ok;
    } catch {
      return false;
    }
  }

  async complete(prompt: Prompt): Promise<string> {
    const started = Date.now();
    const answer = await withRetries(async () => {
      const response = await fetch(`${this.endpoint}/complete`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-pilot-client": "cli" },
        body: JSON.stringify(prompt),
      });
      if (!response.ok) throw new Error(`the service answered ${response.status}`);
      return (await response.json()) as { text: string };
    });
    this.journal.note("client.complete", { milliseconds: Date.now() - started });
    return answer.text;
  }

  async send(events: unknown[]): Promise<void> {
    await fetch(`${this.endpoint}/events`, { method: "POST", body: JSON.stringify(events) });
  }
}
