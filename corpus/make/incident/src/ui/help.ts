import type { Command } from "../commands/index";

/** Lists the commands that are meant to be known. */
export function printHelp(commands: Command[]): void {
  const shown = commands.filter((command) => !command.hidden);
  const width = Math.max(...shown.map((command) => command.name.length));
  const lines = shown.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  process.stdout.write(`usage: pilot <command> [options]\n\n${lines.join("\n")}\n`);
}
