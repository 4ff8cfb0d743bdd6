#!/bin/sh
# Makes the scenarios about files that tools derive from sources, with the real tools. TOOLS is a folder with
# node_modules (esbuild, typescript, webpack, webpack-cli, vite, rollup-plugin-visualizer, nyc); PYTHON is a Python with
# coverage, cython and nbformat. Paths of this machine are replaced; what is too large is shortened by derived.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=$(dirname "$here")
bin="$TOOLS/node_modules/.bin"
work=$(mktemp -d)
cp -r "$here/derived/." "$work"
ln -s "$TOOLS/node_modules" "$work/node_modules"
cd "$work"

# A case of its own: the files after the name, with the paths of this machine replaced.
case_of() {
  target="$corpus/$1/input"; shift
  rm -rf "$target"; mkdir -p "$target"
  for file in "$@"; do
    mkdir -p "$target/$(dirname "$file")"
    sed "s#$TOOLS#/home/mreyes/tools#g; s#$work#/home/mreyes/tidewater#g" "$file" > "$target/$file"
  done
}
# A leak; the same with the sources beside it, or without it where nothing else makes it good; and the format's own case.
leak() { name=$1; shift; case_of "derived/$name/leaky" main.js "$@"; case_of "formats/$name/plain" "$@"; }

"$bin/webpack" --json=stats.json > /dev/null
leak webpack-stats stats.json
case_of derived/webpack-stats/fixed stats.json src/main.js src/plain.js
"$PYTHON" derived.py pack cache/default-production/0.pack 0.pack
for place in derived/webpack-cache/leaky formats/webpack-cache/plain; do
  rm -rf "$corpus/$place/input"; mkdir -p "$corpus/$place/input"; cp 0.pack "$corpus/$place/input/"
done
case_of derived/webpack-cache/fixed main.js

"$bin/esbuild" src/tides.ts --bundle --format=cjs --sourcemap=inline --outfile=tides.cjs --metafile=meta.json --log-level=error
leak esbuild-metafile meta.json
case_of derived/esbuild-metafile/fixed meta.json src/tides.ts
"$bin/tsc" -p .
"$PYTHON" derived.py state out/tsconfig.tsbuildinfo tsconfig.tsbuildinfo
leak tsbuildinfo tsconfig.tsbuildinfo
case_of derived/tsbuildinfo/fixed main.js

"$bin/vite" build > /dev/null
cp dist/.vite/manifest.json manifest.json; cp dist/report.json report.json
leak bundle-report report.json
case_of derived/bundle-report/fixed main.js
leak build-manifest manifest.json
case_of derived/build-manifest/fixed manifest.json src/main.js

"$bin/nyc" --temp-dir=raw --report-dir=coverage --reporter=html --reporter=lcov --reporter=cobertura --reporter=clover node plain.cjs > /dev/null
"$bin/nyc" --temp-dir=mapped node tides.cjs > /dev/null
cp mapped/*.json coverage-map.json; cp coverage/plain.cjs.html page.html
cp coverage/lcov.info coverage/clover.xml coverage/cobertura-coverage.xml .
leak coverage coverage-map.json
case_of derived/coverage/fixed main.js
leak coverage-page page.html
case_of derived/coverage-page/fixed page.html plain.cjs
leak coverage-table lcov.info clover.xml cobertura-coverage.xml
case_of derived/coverage-table/fixed lcov.info plain.cjs
"$PYTHON" -m coverage run harbour.py > /dev/null
"$PYTHON" -m coverage html -q
"$PYTHON" -m coverage json -q
cp htmlcov/harbour_py.html harbour.html
leak coverage-page-python harbour.html coverage.json
case_of derived/coverage-page-python/fixed harbour.html coverage.json harbour.py
rm -r "$corpus/formats/coverage-page-python"

NODE_V8_COVERAGE=v8 node --enable-source-maps tides.cjs > /dev/null
"$PYTHON" derived.py v8 v8/*.json v8-coverage.json
leak v8-coverage v8-coverage.json
case_of derived/v8-coverage/fixed main.js
node --cpu-prof --cpu-prof-name=run.cpuprofile plain.cjs > /dev/null
leak v8-profile run.cpuprofile
case_of derived/v8-profile/fixed main.js
node heap.cjs whole.heapsnapshot
"$PYTHON" derived.py heap whole.heapsnapshot run.heapsnapshot
leak heap-snapshot run.heapsnapshot
case_of derived/heap-snapshot/fixed main.js

"$(dirname "$PYTHON")/cython" -3 fast.pyx
"$PYTHON" derived.py cython fast.c short.c
mv short.c fast.c
leak cython fast.c
case_of derived/cython/fixed fast.c fast.pyx
leak obfuscation-mapping mapping.txt
case_of derived/obfuscation-mapping/fixed main.js
"$PYTHON" derived.py notebook tides.ipynb.template
leak notebook tides.ipynb.template
mv "$corpus/formats/notebook/plain/input/tides.ipynb.template" "$corpus/formats/notebook/plain/input/tides.ipynb"
case_of derived/notebook/fixed main.js

# A secret among the constants cannot lie here: the place where it goes is cut out.
"$PYTHON" derived.py bytecode harbour.py "$corpus/derived/python-bytecode/leaky" "$corpus/formats/python-bytecode/plain/input"
case_of derived/python-bytecode/fixed harbour.py
rm -rf "$work"
