#!/usr/bin/env python3
"""Makes corpus/source-maps/<variant>/{leaky,fixed}: one small build for every way a map travels.

A variant is put together here by the documents of its tool, with the same two made-up sources, so that what differs
between two variants is the way the map travels and nothing else. `fixed` is the same build without the map.
Usage: TOOLS=<folder with node_modules> python3 source-maps.py [variant]...
"""
import base64, gzip, io, json, os, pathlib, shutil, subprocess, sys, tarfile, tempfile, urllib.parse, zipfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "source-maps"
TOOLS = os.environ.get("TOOLS", "/tmp/tools")
WHEN = 1_772_323_200  # 2026-03-01
TIDE = """/** The height of the tide, in metres. Internal: the constants are those of the harbour, not of the almanac. */
export function tide(hour: number): number {
  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
}
"""
MAIN = """import { tide } from "./tide";
// Berth 7 is "reserved" for the pilot.
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
"""
SAILS = """/* Colours that marketing has not announced yet. */
.sail { color: #0a3d62; }
.sail:hover { color: #e58e26; }
"""
CODE = 'function o(e){return 2.1+1.7*Math.sin(e/12.42*2*Math.PI)}for(let e=0;e<24;e+=6)console.log(e,o(e).toFixed(2));\n'
STYLE = ".sail{color:#0a3d62}.sail:hover{color:#e58e26}\n"
MAPPINGS = "AACO,SAASA,EAAKC,EAAsB"
VARIANTS = {}


def variant(make):
    VARIANTS[make.__name__.replace("_", "-")] = make
    return make


def sources(names=("../src/tide.ts", "../src/main.ts"), texts=(TIDE, MAIN)):
    return {"sources": list(names), "sourcesContent": list(texts)}


def built(**more):
    """A map in the order of keys that esbuild writes."""
    return {"version": 3, **sources(), "mappings": MAPPINGS, "names": [], **more}


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


MAP = text(built())
STYLE_MAP = text({"version": 3, **sources(("../src/sails.css",), (SAILS,)), "mappings": "AACA", "names": []})


def b64(value):
    return base64.b64encode(value.encode()).decode()


def data(value, header="application/json;base64"):
    return f"data:{header},{b64(value)}"


def script(url, code=CODE):
    return f"{code}//# sourceMappingURL={url}\n"


def pair(leaky, fixed=None):
    return leaky, fixed if fixed is not None else {"app.js": CODE}


def external(content, code=CODE):
    """app.js with app.js.map beside it."""
    return pair({"app.js": script("app.js.map", code), "app.js.map": content}, {"app.js": code})


# Files beside the code.

@variant
def external_js():
    return external(MAP)


@variant
def external_mjs_and_cjs():
    return pair({"app.mjs": script("app.mjs.map"), "app.mjs.map": MAP, "app.cjs": script("app.cjs.map"),
                 "app.cjs.map": MAP}, {"app.mjs": CODE, "app.cjs": CODE})


@variant
def external_declaration():
    declaration = "export declare function tide(hour: number): number;\n"
    content = text({"version": 3, "file": "tide.d.ts", "sourceRoot": "", "sources": ["../src/tide.ts"], "names": [],
                    "mappings": "AACA,wBAAgB,IAAI"})
    return pair({"tide.d.ts": script("tide.d.ts.map", declaration), "tide.d.ts.map": content},
                {"tide.d.ts": declaration})


@variant
def external_hidden():
    return pair({"app.js": CODE, "app.js.map": MAP})


@variant
def external_any_name():
    return pair({"app.js": CODE, "assets/5f2c9a": MAP})


@variant
def external_late_keys():
    return external(text({"x_build": {"host": "harbour", "steps": ["lint", "test"] * 400}, **built()}))


# Index maps.

def section(line, content):
    return {"offset": {"line": line, "column": 0}, "map": content}


@variant
def index_nested():
    inner = {"version": 3, "sections": [section(0, built())]}
    return external(text({"version": 3, "file": "app.js", "sections": [section(0, {"version": 3, "sections": [section(0, inner)]})]}))


@variant
def index_turbopack():
    names = ("turbopack:///[project]/app/tide.ts", "turbopack:///[project]/app/main.ts")
    one = {"version": 3, "sources": [names[0]], "sourcesContent": [TIDE], "names": [], "mappings": "AACA"}
    two = {"version": 3, "sources": [names[1]], "sourcesContent": [MAIN], "names": [], "mappings": "AACA"}
    empty = {"version": 3, "sources": [], "names": [], "mappings": ""}
    return external(text({"version": 3, "sources": [], "sections": [section(1, empty), section(4, one), section(9, two)]}))


@variant
def index_url():
    sections = [{"offset": {"line": 0, "column": 0}, "url": "https://maps.tidewater.example/one.js.map"},
                {"offset": {"line": 1, "column": 0}, "url": "two.js.map"}]
    return pair({"app.js": script("app.js.map"), "app.js.map": text({"version": 3, "file": "app.js", "sections": sections}),
                 "two.js.map": MAP})


# data: URIs.

@variant
def inline_base64url():
    encoded = base64.urlsafe_b64encode(MAP.replace("metres", "metres ≥ 0 ÿ?>").encode()).decode().rstrip("=")
    assert "-" in encoded or "_" in encoded
    return pair({"app.js": script("data:application/json;base64," + encoded)})


@variant
def inline_no_padding():
    content = MAP + " " * ((1 - len(MAP.encode())) % 3)
    assert b64(content).endswith("==")
    return pair({"app.js": script(data(content).rstrip("="))})


@variant
def inline_percent():
    return pair({"app.css": f"{STYLE}/*# sourceMappingURL=data:application/json;charset=utf-8,"
                            f"{urllib.parse.quote(STYLE_MAP, safe=chr(39) + '!()*~-_.,:/')} */\n"}, {"app.css": STYLE})


@variant
def inline_plain():
    return pair({"app.js": script("data:application/json," + MAP)})


@variant
def inline_parameters():
    return pair({"one.js": script(data(MAP, "application/json;base64;charset=UTF8")),
                 "two.js": script(data(MAP, ";base64")),
                 "three.js": script(data(MAP, "APPLICATION/JSON;name=a.map;charset=utf-8;BASE64"))},
                {"one.js": CODE, "two.js": CODE, "three.js": CODE})


@variant
def inline_several():
    other = text({"version": 3, **sources(("../src/sails.css",), (SAILS,)), "mappings": ""})
    return pair({"app.js": script(data(MAP)) + script(data(other))}, {"app.js": CODE + CODE})


@variant
def inline_css():
    return pair({"app.css": f"{STYLE}/*# sourceMappingURL={data(STYLE_MAP)} */\n"}, {"app.css": STYLE})


@variant
def inline_html():
    page = "<!doctype html>\n<title>Tides</title>\n<style>{}</style>\n<script>{}</script>\n"
    return pair({"index.html": page.format(f"{STYLE}/*# sourceMappingURL={data(STYLE_MAP)} */", script(data(MAP)))},
                {"index.html": page.format(STYLE, CODE)})


@variant
def inline_svg():
    image = '<svg xmlns="http://www.w3.org/2000/svg"><style>{}</style><path class="sail" d="M0 0L9 9"/></svg>\n'
    return pair({"sail.svg": image.format(f"{STYLE}/*# sourceMappingURL={data(STYLE_MAP)} */")},
                {"sail.svg": image.format(STYLE)})


@variant
def inline_in_json():
    def wrap(code):
        return text({"modules": {"tide": code}}).replace("/", "\\/")
    return pair({"modules.json": wrap(script(data(MAP, "application/json;charset=utf-8;base64")))}, {"modules.json": wrap(CODE)})


@variant
def inline_in_json_escaped():
    def wrap(code):
        return text({"code": code}).replace("=", "\\u003d").replace("<", "\\u003c").replace("+", "\\u002b")
    return pair({"chunk.json": wrap(script(data(MAP)))}, {"chunk.json": wrap(CODE)})


@variant
def inline_plain_in_json():
    return pair({"chunk.json": text({"code": script("data:application/json;charset=utf-8," + MAP)})},
                {"chunk.json": text({"code": CODE})})


@variant
def inline_utf_16():
    return pair({"app.js": script(data(MAP)).encode("utf-16")}, {"app.js": CODE.encode("utf-16")})


# Bundles of evaluated modules.

MODULES = {"./src/tide.ts": TIDE, "./src/main.ts": MAIN}


def evaluated(comments):
    out = "(() => {\nvar __webpack_modules__ = ({\n"
    for name, content in MODULES.items():
        code = content.replace(": number", "")
        out += f'/***/ "{name}":\n/***/ ((module) => {{\n\neval({json.dumps(code + comments(name, content))});\n\n/***/ }}),\n'
    return out + "});\n})();\n"


def small_map(name, content):
    return text({"version": 3, "file": name, "mappings": "AAAA", "sources": [f"webpack://tidewater/{name}?236d"],
                 "sourcesContent": [content], "names": [], "sourceRoot": ""})


@variant
def eval_source_map():
    return pair({"main.js": evaluated(
        lambda name, content: f"//# sourceURL=[module]\n//# sourceMappingURL="
                              f"{data(small_map(name, content), 'application/json;charset=utf-8;base64')}\n"
                              f"//# sourceURL=webpack-internal:///{name}\n")}, {"main.js": CODE})


@variant
def eval_modules():
    return pair({"main.js": evaluated(lambda name, _: f"\n\n//# sourceURL=webpack://tidewater/{name}?")}, {"main.js": CODE})


# Literals in code.

@variant
def literal_string():
    escaped = MAP.replace("\\", "\\\\").replace("'", "\\'")
    return pair({"app.js": f"{CODE}install(JSON.parse('{escaped}'));\n"}, {"app.js": CODE})


@variant
def literal_string_twice():
    return pair({"app.js": f"{CODE}eval({json.dumps('install(' + json.dumps(MAP) + ')')});\n"}, {"app.js": CODE})


@variant
def literal_template():
    escaped = MAP.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    return pair({"app.js": f"{CODE}const map = `{escaped}`;\n"}, {"app.js": CODE})


@variant
def literal_object():
    return pair({"app.js": f"{CODE}window.__maps = {{tide: {MAP}}};\n"}, {"app.js": CODE})


@variant
def literal_object_bare_keys():
    literal = f'{{version:3,sources:["../src/tide.ts","../src/main.ts"],sourcesContent:[{json.dumps(TIDE)},`{MAIN}`],' \
              f'mappings:"{MAPPINGS}",names:[]}}'
    return pair({"app.js": f"{CODE}export default {literal};\n"}, {"app.js": CODE})


@variant
def literal_in_json():
    return pair({"cache.json": text([{"code": CODE, "map": built()}, {"code": CODE, "map": MAP}])},
                {"cache.json": text([{"code": CODE, "map": None}])})


# Odd but readable.

@variant
def guard_line():
    return external(")]}'\n" + MAP)


@variant
def guard_without_line():
    return external(")]}'" + MAP)


@variant
def byte_order_mark():
    return external("\ufeff" + MAP)


@variant
def utf_16():
    return external(MAP.encode("utf-16"))


@variant
def utf_16_without_mark():
    return external(MAP.encode("utf-16-le"))


@variant
def version_as_text():
    return external(text(built(version="3")))


@variant
def no_version():
    content = built()
    del content["version"]
    return external(text(content))


@variant
def null_entries():
    return external(text({"version": 3, "sources": [None, "../src/main.ts", None], "sourcesContent": [TIDE, MAIN, None],
                          "names": None, "sourceRoot": None, "mappings": "AAAA"}))


@variant
def more_contents_than_sources():
    return external(text({"version": 3, "sources": ["../src/tide.ts"], "sourcesContent": [TIDE, MAIN], "mappings": "AAAA"}))


@variant
def no_mappings():
    return external(text({"version": 3, **sources()}))


@variant
def broken_mappings():
    return external(text(built(mappings="AAAA,!!g~,%%ggggggggggggggggg;AAAAAAAAAA")))


@variant
def truncated():
    content = MAP[:MAP.index("Berth 7") + 12]
    return external(content)


@variant
def trailing():
    return external(MAP + "\n" + STYLE_MAP + "\n")


@variant
def comment_before_code():
    code = "/*# sourceMappingURL=https://maps.tidewater.example/pilot/app.js.map */ "
    line = "//# sourceMappingURL=https://maps.tidewater.example/pilot/late.js.map\n"
    return pair({"app.js": code + CODE, "late.js": line + CODE}, {"app.js": CODE, "late.js": CODE})


# Tools with keys of their own.

@variant
def dart2js():
    return external(text({"version": 3, "engine": "v2", "file": "main.dart.js", "sourceRoot": "",
                          "sources": ["org-dartlang-sdk:///lib/core/print.dart", "../lib/tide.dart"],
                          "sourcesContent": [None, "/// Internal.\ndouble tide(int hour) => 2.1 + 1.7 * sin(hour / 12.42);\n"],
                          "names": ["tide"], "mappings": "A",
                          "x_org_dartlang_dart2js": {"minified_names": {"global": "a,0", "instance": "b,1"}, "frames": "A"}}))


@variant
def metro():
    return pair({"index.bundle": CODE, "index.bundle.map": text(
        {"version": 3, "sources": ["/home/harbour/pilot/src/tide.ts", "/home/harbour/pilot/src/main.ts"],
         "sourcesContent": [TIDE, MAIN], "x_facebook_sources": [[{"names": ["tide"], "mappings": "AAA"}], None],
         "names": [], "mappings": MAPPINGS, "x_google_ignoreList": []})}, {"index.bundle": CODE})


@variant
def closure():
    return external("{\n" + ",\n".join(
        f'"{key}":{text(value)}' for key, value in
        {"version": 3, "file": "app.js", "lineCount": 1, "mappings": MAPPINGS, **sources(), "names": []}.items()) + "\n}\n")


# Compressed and packed.

def tool(arguments, content):
    return subprocess.run(arguments, input=content, stdout=subprocess.PIPE, check=True).stdout


@variant
def compressed_gzip():
    return pair({"app.js": CODE, "app.js.map.gz": gzip.compress(MAP.encode(), mtime=WHEN)})


@variant
def compressed_brotli():
    node = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"
    return pair({"app.js": CODE, "app.js.map.br": tool(["node", "-e", node], MAP.encode())})


@variant
def compressed_zstd():
    return pair({"app.js": CODE, "app.js.map.zst": tool(["zstd", "-19", "-q"], MAP.encode())})


def package(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in {"package.json": '{"name":"tidewater","version":"1.0.0"}\n', **files}.items():
            info = tarfile.TarInfo("package/" + name)
            info.size, info.mtime, info.mode = len(content), WHEN, 0o644
            archive.addfile(info, io.BytesIO(content.encode()))
    return gzip.compress(out.getvalue(), mtime=WHEN)


BESIDE = {"app.js": script("app.js.map"), "app.js.map": MAP}


@variant
def packed_tgz():
    return pair({"tidewater-1.0.0.tgz": package(BESIDE)}, {"tidewater-1.0.0.tgz": package({"app.js": CODE})})


@variant
def packed_zip():
    def zipped(files):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()
    return pair({"site.zip": zipped(BESIDE)}, {"site.zip": zipped({"app.js": CODE})})


@variant
def packed_asar():
    def packed(files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "app"
            write(root, files)
            subprocess.run([f"{TOOLS}/node_modules/.bin/asar", "pack", root, f"{folder}/app.asar"], check=True,
                           stdout=subprocess.DEVNULL)
            return (pathlib.Path(folder) / "app.asar").read_bytes()
    return pair({"app.asar": packed(BESIDE)}, {"app.asar": packed({"app.js": CODE})})


@variant
def in_executable():
    def executable(code):
        # An ELF header and one blob behind it, as tools that append a program to an interpreter leave it.
        header = bytes.fromhex("7f454c4602010100" + "00" * 8 + "02003e0001000000") + bytes(8 + 8 + 8 + 4)
        header += (64).to_bytes(2, "little") + (56).to_bytes(2, "little") + bytes(8)
        return header.ljust(64, b"\0") + bytes(192) + b"\0NODE_SEA_BLOB\0" + code.encode() + bytes(64)
    return pair({"pilot": executable(script(data(MAP)))}, {"pilot": executable(CODE)})


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def main():
    for name in sys.argv[1:] or VARIANTS:
        for half, files in zip(("leaky", "fixed"), VARIANTS[name]()):
            root = CORPUS / name / half / "input"
            shutil.rmtree(root, ignore_errors=True)
            write(root, files)


if __name__ == "__main__":
    main()
