import { parseArguments } from "./core/arguments";
import { loadSettings } from "./core/settings";
import { Session } from "./core/session";
import { commands } from "./commands/index";
import { printHelp } from "./ui/help";
import { fail } from "./ui/colour";

/** Entry point: one command, one session, one exit code. */
async function main(argv: string[]): Promise<number> {
  const parsed = parseArguments(argv);
  if (parsed.flags.help || !parsed.command) {
    printHelp(commands);
    return parsed.command ? 0 : 2;
  }
  const command = commands.find((candidate) => candidate.name === parsed.command);
  if (!command) {
    fail(`there is no command "${parsed.command}"`);
    return 2;
  }
  const settings = await loadSettings(process.cwd());
  const session = new Session(settings);
  try {
    return await command.run(session, parsed);
  } finally {
    await session.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    fail(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
