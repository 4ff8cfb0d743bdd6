//! What `lastlook guard --help` says.

/// What it does.
pub const LONG: &str = "\
Pack what a command would publish, once, into a private folder; look at exactly these bytes; and only when they are clear \
let the command publish that very file.

Known are npm, pnpm, yarn and bun publish, yarn npm publish, cargo publish, twine upload, uv publish, vsce and ovsx \
publish, gem push, helm push, nuget and dotnet nuget push, docker and podman push. Anything else is refused, and so is \
every call of these of which guard cannot tell what it publishes.

Arguments, the terminal, signals and the exit code are the command's; reports go to standard error. docs/hooks.md says what \
is proved for which tool.";

/// Examples and exit codes.
pub const EXAMPLES: &str = "\
Examples:
  lastlook guard -- npm publish --tag next
  lastlook guard --fail-on warning -- pnpm publish
  lastlook guard -- twine upload dist/*
  lastlook guard -- cargo publish
  lastlook guard -- docker push example.org/app:1.2

Exit codes:
  0  looked at, clear, and published
  1  blocked: nothing was published
  2  wrong usage or configuration, or guard cannot tell what would be published: nothing was published
  3  incomplete: not everything could be looked at, and nothing was published
  otherwise that of the command which failed, or 128 and the number of the signal that ended it";
