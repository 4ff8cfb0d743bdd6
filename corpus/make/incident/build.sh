#!/bin/sh
# Builds corpus/incident: TOOLS is a folder with node_modules/.bin/esbuild; npm is the one in PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(cd "$here/../.." && pwd)
for half in leaky fixed; do
  work=$(mktemp -d)
  cp -r "$here/src" "$here/package.json" "$here/README.md" "$work/"
  cd "$work"
  set -- --bundle --platform=node --format=esm --minify --outfile=dist/cli.js --log-level=warning
  [ "$half" = fixed ] || set -- "$@" --sourcemap
  "$TOOLS/node_modules/.bin/esbuild" src/cli.ts "$@"
  # What the incident lacked: a list of the files to publish, or an ignore file that names the maps. The sources
  # themselves were kept out.
  printf 'src/\n' > .npmignore
  target="$corpus/incident/$half/input"
  rm -rf "$target" && mkdir -p "$target"
  npm pack --silent --ignore-scripts --pack-destination "$target" > /dev/null
  tar -xzf "$target"/*.tgz -C "$target"
  cd / && rm -rf "$work"
done
