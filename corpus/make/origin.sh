#!/bin/sh
# Makes secret-with-origin, with the real esbuild. TOOLS is a folder with node_modules. The token is a template: what
# stands in for it while esbuild runs is as long as what it is filled with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(dirname "$here")
esbuild="$TOOLS/node_modules/.bin/esbuild --log-level=warning"
work=$(mktemp -d)
stand_in=npm_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX
mkdir -p "$work/src"
cat > "$work/src/main.ts" <<'T'
import { headers } from "./config";
/** Asks the harbour for the tide. */
export const tide = () => fetch("https://harbour.example/tide", { headers: headers("späte Ebbe 🌊") });
T
# Builds $1 with the token $2, which becomes the template $3, in files whose names end in $4.
half() {
  cat > "$work/src/config.ts" <<T
// Only for the demo on Tuesday.
const harbour = { name: "Grüße 🌊", token: $2 };
export const headers = (title: string) => ({ "x-title": title, authorization: \`Bearer \${harbour.token}\` });
T
  (cd "$work" && for format in cjs esm; do
    $esbuild src/main.ts --outfile="dist/app.$format.js" --bundle --minify --charset=utf8 --sourcemap --format=$format
  done)
  input="$corpus/secret-with-origin/$1/input"
  rm -rf "$input"
  mkdir -p "$input/src" "$input/dist"
  cp "$work/src/main.ts" "$input/src/"
  for file in src/config.ts dist/app.cjs.js dist/app.cjs.js.map dist/app.esm.js dist/app.esm.js.map; do
    sed "s/$stand_in/$3/g" "$work/$file" > "$input/$file$4"
  done
}
half leaky "\"$stand_in\"" 'npm_<base62*30><crc32-base62-6>' .template
half fixed process.env.TOKEN '' ''
rm -r "$work"
