#!/usr/bin/env python3
"""Makes the cases of maps and sources that travel in binary files: React Native, WebAssembly and debug information.

Usage: TOOLS=<folder with node_modules> PYTHON=<python with ziglang> python3 binary-maps.py
"""
import base64, json, os, pathlib, shutil, struct, subprocess, tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
TOOLS = pathlib.Path(os.environ.get("TOOLS", "/tmp/tools"))
PYTHON = os.environ.get("PYTHON", "python3")
HERMESC = TOOLS / "node_modules/hermes-compiler/hermesc/linux64-bin/hermesc"
TIDE = """/* The height of the tide. Internal: the constants are those of the harbour, not of the almanac. */
int tide(int hour) { return 21 + 17 * (hour % 12); }
"""
MODULE = '__d(function(g,r,i,a,m){m.exports=function(o){return 2.1+1.7*Math.sin(o/12.42*2*Math.PI)}},7,[]);\n'
SOURCE = """// Internal: the constants are those of the harbour, not of the almanac.
export const tide = (hour: number) => 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
"""
CODE = "function tide(o){return 2.1+1.7*Math.sin(o/12.42*2*Math.PI)}print(tide(3),'calm')\n"


def write(case, files):
    root = HERE / case / "input"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def source_map(**more):
    return json.dumps({"version": 3, "sources": ["src/tide.ts"], "sourcesContent": [SOURCE], "names": [],
                       "mappings": "AACO", **more}, separators=(",", ":"))


def data(text):
    return "data:application/json;base64," + base64.b64encode(text.encode()).decode()


# React Native (Metro, RamBundle/as-indexed-file.js).

def ram_bundle(modules):
    startup, table, code = b"__r(7);\0", [], b""
    at = len(startup)
    for number in range(max(modules) + 1):
        text = modules[number].encode() + b"\0" if number in modules else b""
        table.append((at if text else 0, len(text)))
        at, code = at + len(text), code + text
    header = struct.pack("<III", 0xFB0BD1E5, len(table), len(startup))
    return header + b"".join(struct.pack("<II", *entry) for entry in table) + startup + code


def react_native():
    mapped = MODULE + "//# sourceMappingURL=" + data(source_map()) + "\n"
    write("source-maps/ram-bundle/leaky", {"main.jsbundle": ram_bundle({7: mapped, 9: MODULE})})
    write("source-maps/ram-bundle/fixed", {"main.jsbundle": ram_bundle({7: MODULE, 9: MODULE})})
    write("formats/ram-bundle/indexed", {"main.jsbundle": ram_bundle({7: MODULE, 9: MODULE})})
    write("formats/ram-bundle/folder", {"js-modules/UNBUNDLE": struct.pack("<I", 0xFB0BD1E5), "js-modules/7.js": MODULE})
    # A home folder in the debug information: hermesc writes down the path it was given.
    home = pathlib.Path("/home/marlene/harbour")
    home.mkdir(parents=True, exist_ok=True)
    try:
        (home / "index.js").write_text(CODE)
        compiled = lambda *options: hermes(home, [*options, str(home / "index.js")])
        write("source-maps/hermes/leaky", {"index.android.bundle": compiled("-g")["out.hbc"]})
        write("source-maps/hermes/fixed", {"index.android.bundle": compiled("-g0")["out.hbc"]})
        write("formats/hermes/debug", {"index.android.bundle": compiled("-g")["out.hbc"]})
        built = hermes(home, ["-output-source-map", "index.js"])
    finally:
        shutil.rmtree(home.parent)
    # The packager's sources in the compiler's map, as React Native composes them.
    composed = {**json.loads(built["out.hbc.map"]), "sources": ["src/tide.ts"], "sourcesContent": [SOURCE], "names": []}
    files = {"index.android.bundle": built["out.hbc"]}
    write("source-maps/hermes-composed/fixed", files)
    composed = json.dumps(composed, separators=(",", ":"))
    write("source-maps/hermes-composed/leaky", {**files, "index.android.bundle.map": composed})


def hermes(folder, options):
    subprocess.run([HERMESC, "-emit-binary", "-O", "-out", "out.hbc", *options], cwd=folder, check=True)
    return {path.name: path.read_bytes() for path in folder.glob("out.*")}


# WebAssembly and DWARF.

def leb(number):
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 0x7F
        out.append(byte | 0x80 * bool(number))
        if not number:
            return bytes(out)


def custom(name, text):
    body = leb(len(name)) + name.encode() + leb(len(text)) + text.encode()
    return b"\0" + leb(len(body)) + body


def zig(folder, *options):
    target = ["-fno-sanitize=all", "-O1", "-nostdlib", "-ffreestanding", f"-ffile-prefix-map={folder}=/build"]
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": f"{folder}/cache", "ZIG_LOCAL_CACHE_DIR": f"{folder}/cache"}
    subprocess.run([PYTHON, "-m", "ziglang", "cc", *target, *options, "-o", "out", "tide.c"], cwd=folder, check=True,
                   env=environment)
    return (folder / "out").read_bytes()


def native():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "tide.c").write_text(TIDE)
        wasm = ["-target", "wasm32-freestanding", "-Wl,--no-entry", "-Wl,--export=tide"]
        sources = ["-gdwarf-5", "-gembed-source"]
        plain = zig(folder, *wasm, "-g0")
        write("source-maps/wasm-reference/fixed", {"tide.wasm": plain})
        bucket = "https://tidewater-maps.s3.eu-central-1.amazonaws.com/7f3a/tide.wasm.map"
        debug = "https://maps.tidewater.example/tide.debug.wasm"
        write("source-maps/wasm-reference/leaky",
              {"tide.wasm": plain + custom("sourceMappingURL", bucket) + custom("external_debug_info", debug)})
        write("source-maps/wasm-data/fixed", {"tide.wasm": plain})
        write("source-maps/wasm-data/leaky", {"tide.wasm": plain + custom("sourceMappingURL", data(source_map()))})
        write("source-maps/dwarf-wasm/leaky", {"tide.wasm": zig(folder, *wasm, *sources)})
        write("source-maps/dwarf-wasm/fixed", {"tide.wasm": zig(folder, *wasm, "-gdwarf-5")})
        for name, target in [("elf", "x86_64-linux-musl"), ("mach-o", "aarch64-macos")]:
            object_file = ["-target", target, "-c"]
            write(f"source-maps/dwarf-{name}/leaky", {"tide.o": zig(folder, *object_file, *sources)})
            write(f"source-maps/dwarf-{name}/fixed", {"tide.o": zig(folder, *object_file, "-gdwarf-5")})
        # Shipped as a file as well, it is no secret.
        write("source-maps/dwarf-shipped/leaky", {"tide.wasm": zig(folder, *wasm, *sources), "src/tide.c": TIDE})
        write("source-maps/dwarf-shipped/fixed", {"tide.wasm": plain, "src/tide.c": TIDE})


react_native()
native()
