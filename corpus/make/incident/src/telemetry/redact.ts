const KEPT = new Set(["length", "milliseconds", "count"]);

/** Leaves numbers that say nothing about anybody; everything else becomes its type. */
export function redact(details: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, KEPT.has(name) ? value : typeof value]),
  );
}
