#!/bin/sh
# Makes the scenarios about source maps, with the real esbuild and tsc. TOOLS is a folder with node_modules.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(dirname "$here")
esbuild="$TOOLS/node_modules/.bin/esbuild --log-level=warning"
tsc="$TOOLS/node_modules/.bin/tsc"
fresh() { rm -rf "$corpus/$1/input"; mkdir -p "$corpus/$1/input"; cd "$corpus/$1/input"; }
# Builds $1 from the source $2 in a folder of its own, so that no path of this machine gets in, and puts it into $3.
build() {
  file=$1 source=$2 target=$3; shift 3
  rm -rf "$work/dist"
  (cd "$work" && $esbuild "$source" --outfile="dist/$file" "$@")
  mkdir -p "$target" && cp "$work/dist/"* "$target/"
}
work=$(mktemp -d)
mkdir -p "$work/src" "$work/node_modules/knots"
cat > "$work/src/tide.ts" <<'T'
/** The height of the tide, in metres. Internal: the constants are those of the harbour, not of the almanac. */
export function tide(hour: number): number {
  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
}
T
cat > "$work/src/main.ts" <<'T'
import { tide } from "./tide";
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
T
cat > "$work/src/sails.css" <<'T'
/* Colours that marketing has not announced yet. */
.sail { color: #0a3d62; }
.sail:hover { color: #e58e26; }
T
printf '{"name":"knots","version":"1.0.0","main":"index.js"}\n' > "$work/node_modules/knots/package.json"
printf 'export function bowline(rope) {\n  return `${rope}, tied`;\n}\n' > "$work/node_modules/knots/index.js"
printf 'export { bowline } from "knots";\n' > "$work/src/knots.js"
cd "$work"

fresh source-maps/inline-js/leaky; build app.js src/main.ts . --bundle --minify --sourcemap=inline
fresh source-maps/inline-js/fixed; build app.js src/main.ts . --bundle --minify
fresh source-maps/external-css/leaky; build sails.css src/sails.css . --minify --sourcemap
fresh source-maps/external-css/fixed; build sails.css src/sails.css . --minify

# Sources that the package ships anyway give nothing away.
fresh shipped-sources/leaky; cp -r "$work/src" .; rm src/tide.ts src/knots.js src/sails.css
build app.js src/main.ts dist --bundle --minify --sourcemap
fresh shipped-sources/fixed; cp -r "$work/src" .; rm src/knots.js src/sails.css
build app.js src/main.ts dist --bundle --minify --sourcemap

# tsc without inlineSources: the map names the sources and does not carry them.
fresh names-only/leaky; cp -r "$work/src" "$work/names"; rm "$work/names/knots.js" "$work/names/sails.css"
target=$PWD; (cd "$work" && mv src kept && mv names src && $tsc --target es2022 --module es2022 --moduleResolution bundler --sourceMap --rootDir src --outDir "$work/built" src/main.ts && mv src names && mv kept src)
cp -r "$work/built" "$target/dist"
fresh names-only/fixed; cp -r "$work/names" src
$tsc --target es2022 --module es2022 --moduleResolution bundler --sourceMap --rootDir src --outDir dist src/main.ts

# Code of other people only, against code of the package among it.
fresh third-party-map/fixed; build vendor.js node_modules/knots/index.js . --bundle --format=esm --minify --sourcemap
fresh third-party-map/leaky; mkdir "$work/src/knots"; cp "$work/node_modules/knots/index.js" "$work/src/knots/"
build vendor.js src/knots/index.js . --bundle --format=esm --minify --sourcemap

# An index map (ECMA-426, section "Index source map"): esbuild writes none, so two maps of esbuild are put into one here.
fresh source-maps/index/leaky
(cd "$work" && $esbuild src/tide.ts --sourcemap --outfile=one.js && $esbuild src/main.ts --sourcemap --outfile=two.js)
node -e '
const fs = require("fs"), [one, two] = process.argv.slice(1).map((f) => fs.readFileSync(f, "utf8"));
const map = (f) => JSON.parse(fs.readFileSync(f + ".map", "utf8"));
const strip = (text) => text.replace(/\/\/# sourceMappingURL=.*\n/, "");
const lines = strip(one).split("\n").length - 1;
fs.writeFileSync("app.js", strip(one) + strip(two) + "//# sourceMappingURL=app.js.map\n");
fs.writeFileSync("app.js.map", JSON.stringify({ version: 3, file: "app.js", sections: [
  { offset: { line: 0, column: 0 }, map: map(process.argv[1]) },
  { offset: { line: lines, column: 0 }, map: map(process.argv[2]) } ] }) + "\n");
' "$work/one.js" "$work/two.js"
fresh source-maps/index/fixed; grep -v sourceMappingURL ../../leaky/input/app.js > app.js

# A comment that points at nothing; and at an address.
fresh dangling-reference/leaky; build app.js src/main.ts . --bundle --minify --sourcemap; rm app.js.map
fresh dangling-reference/fixed; build app.js src/main.ts . --bundle --minify
fresh remote-reference/leaky; build app.js src/main.ts . --bundle --minify
echo '//# sourceMappingURL=https://tidewater-maps.s3.eu-central-1.amazonaws.com/pilot/app.js.map' >> app.js
fresh remote-reference/fixed; cp ../../../dangling-reference/fixed/input/app.js .

# Formats: one file for each of the two readers.
fresh formats/source-map/esbuild; cp "$corpus/source-maps/external-css/leaky/input/sails.css.map" .
fresh formats/source-map/sections; cp "$corpus/source-maps/index/leaky/input/app.js.map" .
fresh formats/source-map-reference/inline; cp "$corpus/source-maps/inline-js/leaky/input/app.js" .
fresh formats/source-map-reference/bucket; cp "$corpus/remote-reference/leaky/input/app.js" .
rm -rf "$work"
