export interface Parsed {
  command?: string;
  positional: string[];
  flags: Record<string, string | true>;
}

/** Splits what was typed. `--from v1` and `--from=v1` mean the same; `--` ends the flags. */
export function parseArguments(argv: string[]): Parsed {
  const parsed: Parsed = { positional: [], flags: {} };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index];
    if (word === "--") {
      parsed.positional.push(...argv.slice(index + 1));
      break;
    }
    if (word.startsWith("--")) {
      const [name, value] = word.slice(2).split("=", 2);
      const next = argv[index + 1];
      if (value !== undefined) {
        parsed.flags[name] = value;
      } else if (next !== undefined && !next.startsWith("-")) {
        parsed.flags[name] = next;
        index += 1;
      } else {
        parsed.flags[name] = true;
      }
    } else if (parsed.command === undefined) {
      parsed.command = word;
    } else {
      parsed.positional.push(word);
    }
  }
  return parsed;
}
