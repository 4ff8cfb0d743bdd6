const plain = process.env.NO_COLOR !== undefined || !process.stderr.isTTY;

function paint(code: number, text: string): string {
  return plain ? text : `\u001b[${code}m${text}\u001b[0m`;
}

/** A line that informs. */
export function note(text: string): void {
  process.stderr.write(`${paint(36, "pilot")} ${text}\n`);
}

/** A line that says what went wrong. */
export function fail(text: string): void {
  process.stderr.write(`${paint(31, "pilot")} ${text}\n`);
}
