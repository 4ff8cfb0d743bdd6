//! What `init` writes.

use super::project::{Kind, Project};

/// The policy, with everything in it explained.
pub fn policy() -> String {
    "\
# What lastlook lets pass in this project. Every key: README.md of lastlook, \"Policy\".

# The lowest level that blocks: \"error\" or \"warning\".
fail-on = \"error\"

# Levels of rules, or of all rules that a glob matches: \"error\", \"warning\", \"note\" or \"off\".
# [levels]
# \"source-map-*\" = \"off\"           # for projects whose sources are public anyway

# Findings that are meant to be there. A reason is needed, an end is not.
# [[allow]]
# rule = \"env-file\"
# path = \"template/.env\"             # the same in the folder and in the packed archive
# reason = \"the template that new projects start from; holds no secret\"
# expires = \"2030-01-31\"
"
    .to_owned()
}

/// What builds what is published, and where it lies then.
fn build(project: &Project) -> (&'static [&'static str], &'static str) {
    match project.kind {
        Kind::Npm => (&["npm ci", "npm pack"], "*.tgz"),
        Kind::Pnpm => (&["pnpm install --frozen-lockfile", "pnpm pack"], "*.tgz"),
        Kind::Classic => (&["yarn install --frozen-lockfile", "yarn pack"], "*.tgz"),
        Kind::Berry => (&["yarn install --immutable", "yarn pack"], "*.tgz"),
        Kind::Bun => (&["bun install --frozen-lockfile", "bun pm pack"], "*.tgz"),
        Kind::Cargo => (&["cargo package --no-verify"], "target/package/*.crate"),
        Kind::Python => (&["python -m pip install build", "python -m build"], "dist/"),
        Kind::Other => (&[], "dist/"),
    }
}

/// The lines of a list, each with this in front of it; a word on what to do where there is none.
fn lines(project: &Project, before: &str) -> String {
    let (commands, _) = build(project);
    match commands {
        [] => format!("{before}echo \"build what you publish here\"\n"),
        commands => commands.iter().map(|command| format!("{before}{command}\n")).collect(),
    }
}

/// A workflow for GitHub Actions.
pub fn github(project: &Project) -> String {
    let corepack = matches!(project.kind, Kind::Pnpm | Kind::Berry);
    let corepack = if corepack { "      - run: corepack enable\n" } else { "" };
    let target = build(project).1;
    let build = lines(project, "      - run: ");
    format!(
        "\
# Looks at what would be published, and fails if that gives something away.
name: lastlook
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
  security-events: write
jobs:
  lastlook:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
{corepack}{build}\
      # lastlook must be on the PATH: install it here, in the way its README names.
      - run: lastlook --version
      - run: lastlook --report github --report sarif=lastlook.sarif {target}
      - uses: github/codeql-action/upload-sarif@v3
        if: always()
        with:
          sarif_file: lastlook.sarif
"
    )
}

/// A job for GitLab, in this stage.
pub fn gitlab(project: &Project, stage: Option<&str>) -> String {
    let stage = stage.map(|stage| format!("  stage: {stage}\n")).unwrap_or_default();
    let target = build(project).1;
    let build = lines(project, "    - ");
    format!(
        "\
# Looks at what would be published, and fails if that gives something away.
lastlook:
{stage}  script:
    # lastlook must be on the PATH: use an image that has it, or install it here, in the way its README names.
    - lastlook --version
{build}    - lastlook --report human --report gitlab=gl-code-quality-report.json {target}
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"
    )
}

/// A shell script for any CI.
pub fn shell(project: &Project) -> String {
    let target = build(project).1;
    let build = lines(project, "");
    // A pattern never begins with a dash this way, whatever the file is called.
    let target = if target.starts_with('*') { format!("./{target}") } else { target.to_owned() };
    format!(
        "\
#!/bin/sh
# Looks at what would be published. Exit codes: 0 clear, 1 blocked, 2 wrong usage, 3 not everything could be looked at.
# Call it as `sh ci/lastlook.sh`, before whatever publishes; words behind it go to lastlook.
set -eu
cd \"$(dirname \"$0\")/..\"
{build}exec lastlook \"$@\" {target}
"
    )
}
