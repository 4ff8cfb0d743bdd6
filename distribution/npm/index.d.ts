/** How serious a finding is, after the policy has spoken. */
export type Level = "error" | "warning" | "note";

/** What may be published: `clear` (exit code 0), `blocked` (1), or `incomplete` (3: not everything could be looked at). */
export type Verdict = "clear" | "blocked" | "incomplete";

/** The value of a fact that a rule has judged. */
export type Fact = number | boolean | string | string[];

/** A place in the source that an artifact was built from. */
export interface Original {
  /** The name of the source, as the map gives it. */
  source: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
}

/** A further place of the same secret, which source maps prove to be the same text. */
export interface Place {
  path: string;
  line: number | null;
  column: number | null;
  offset: number | null;
  length: number | null;
  repeats: number;
  encodings: string[];
  original: Original | null;
  fingerprint: string;
}

/** A section of an executable. */
export interface Section {
  name: string;
  /** Virtual address in hexadecimal (`"0x4034"`); null for what is never loaded. */
  address: string | null;
}

/** Something that speaks against publishing. */
export interface Finding {
  /** Id of the rule; `lastlook rules show ID` explains it. */
  rule: string;
  /** `source-map`, `secret`, `model`, `executable`, `file` … */
  category: string;
  level: Level;
  /** The artifact; `!` stands between a container and its member. */
  path: string;
  /** From 1; null for binary content and where the artifact as a whole is meant. */
  line: number | null;
  /** From 1, in bytes. */
  column: number | null;
  /** The first byte in the artifact, from 0. */
  offset: number | null;
  /** In bytes. */
  length: number | null;
  section: Section | null;
  /** What would be given away, in one sentence. */
  message: string;
  /** 32 hexadecimal digits that stay the same across builds, for allow entries. */
  fingerprint: string;
  /** The facts that the rule has judged, by name. */
  facts: Record<string, Fact>;
  /** How many further places of the same artifact hold the same evidence. */
  repeats: number;
  /** The secret, masked. */
  secret: string | null;
  /** How the secret is encoded at its place, outermost first. */
  encodings: string[];
  /** Rules that see a secret in the same bytes as well. */
  also: string[];
  /** The surroundings, with every secret masked. */
  excerpt: string | null;
  details: string[];
  original: Original | null;
  places: Place[];
  /** With `since`, whether it is new or was there before. */
  since: "new" | "before" | null;
}

/** A finding that the policy, a baseline or a comment lets pass. */
export interface AllowedFinding extends Finding {
  reason: string;
}

/** What could not be looked at. */
export interface Gap {
  path: string;
  /** `walk`, `read`, `format`, `limit` or `detect`: during what. */
  stage: string;
  reason: string;
}

/** An allow entry of the policy that should be removed or renewed. */
export interface StaleEntry {
  /** `lastlook.toml:12` */
  place: string;
  problem: string;
}

/** A package that a tool would publish, and the verdict on it alone. */
export interface Package {
  /** The tool that publishes it, as `target` calls it. */
  tool: string;
  /** Empty where it is not known. */
  name: string;
  /** Empty where it is not known. */
  version: string;
  folder: string;
  /** Whether exactly what would be published was looked at; `false` where it was everything in the folder. */
  exact: boolean;
  verdict: Verdict;
  files: number;
  members: number;
  bytes: number;
  errors: number;
  warnings: number;
  notes: number;
  gaps: number;
}

/** What was looked at, and counts. */
export interface Totals {
  files: number;
  members: number;
  bytes: number;
  errors: number;
  warnings: number;
  notes: number;
  gaps: number;
}

/** A version that is compared with another. */
export interface Side {
  name: string;
  files: number;
  bytes: number;
  gaps: number;
  manifest: boolean;
}

/** A file of a version. */
export interface ComparedFile {
  path: string;
  size: number | null;
  kind: string | null;
  sha256: string | null;
}

/** A first-party source that was not disclosed before. */
export interface DisclosedSource {
  path: string;
  carrier: string | null;
  lines: number;
  bytes: number;
}

/** How the disclosed sources of two versions differ. */
export interface DisclosedSources {
  new: DisclosedSource[];
  changed: number;
  gone: number;
}

/** What differs from an earlier version. */
export interface Comparison {
  old: Side;
  new: Side;
  added: ComparedFile[];
  removed: ComparedFile[];
  changed: { before: ComparedFile; after: ComparedFile }[];
  moved: { before: ComparedFile; after: ComparedFile }[];
  unchanged: number;
  new_hosts: { host: string; path: string; files: number }[] | null;
  gone_hosts: string[] | null;
  sources: DisclosedSources | null;
  findings: { new: number; before: number; gone: number };
}

/**
 * The JSON report. New keys may appear without a new `schema`.
 *
 * Strings hold names as they stand in the target, control characters included: sanitise them before you print them.
 */
export interface Report {
  schema: 1;
  tool: { name: string; version: string };
  verdict: Verdict;
  /** The most serious first. */
  findings: Finding[];
  allowed: AllowedFinding[];
  gaps: Gap[];
  stale: StaleEntry[];
  /** Where a tool was asked what it would publish: each package, and the verdict on it alone. */
  packages: Package[];
  /** What must be said aloud about the choice of what was looked at. */
  remarks: string[];
  totals: Totals;
  /** With `since`, what differs from the earlier version. */
  since: Comparison | null;
}

/** What `scan` is told; every option is that of the command line. */
export interface ScanOptions {
  /** The folder in which paths are meant; without it, that of this process. */
  cwd?: string;
  /** The policy to use; `false` for none. Without it, the `lastlook.toml` nearest to the first path. */
  config?: string | false;
  /** The baseline to use. */
  baseline?: string;
  /** The manifest that says what is approved. */
  manifest?: string;
  /** The earlier package or manifest to compare with. */
  since?: string;
  /** What a folder is: `auto`, `folder` (everything in it), or the tool that publishes it. */
  target?: string;
  /** Whether a Python or .NET project is built, to look at what is published of it. */
  build?: boolean;
  /** Files and folders with further rules. */
  rules?: string | string[];
  /** Levels of rules, or of globs of rules: `{ "source-map-*": "off" }`. */
  levels?: Record<string, Level | "off">;
  /** Values to search for: `env:NPM_TOKEN,AWS_*` or `file:.env`. */
  knownSecrets?: string | string[];
  /** Folders of source maps that tell where secrets in built files come from. */
  maps?: string | string[];
  /** The lowest level that blocks. */
  failOn?: "error" | "warning";
  /** Whether gaps are accepted. */
  allowIncomplete?: boolean;
  /** Number of threads; 0 means one for each core. */
  threads?: number;
  /** Ends the scan; the promise is then rejected with an `AbortError`. */
  signal?: AbortSignal;
}

/** There is no report: wrong usage, a mistake in the policy, a program that is missing or was ended. */
export class LastlookError extends Error {
  /** 2 for wrong usage, configuration or rules; null where the program has not ended by itself. */
  readonly exitCode: number | null;
  /** The signal that ended the program. */
  readonly signal: string | null;
}

/**
 * Looks at folders, files and archives. Whatever the verdict is, the promise is resolved with the report: look at
 * `report.verdict`, and publish only if it is `"clear"`.
 */
export function scan(paths: string | readonly string[], options?: ScanOptions): Promise<Report>;

/** The path of the program for this platform. */
export function programPath(): string;

/** The version of this package, and of the program. */
export const version: string;
