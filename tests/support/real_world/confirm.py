"""Compares what lastlook states of executables with what binutils, LLVM and Go say of them.

usage: confirm.py ARCHIVE < FACTS     (an npm .tgz or a wheel; FACTS is JSON, {PATH: {FACT: VALUE}})

Writes JSON: {"confirmed": {TOOL: NUMBER}, "differences": [TEXT, …]}. A tool that is not installed confirms nothing. A
path `FILE!ARCHITECTURE` is a slice of a universal Mach-O file, which is looked at on its own.
"""

import collections
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

confirmed, differences = collections.Counter(), []
archive, facts = sys.argv[1], json.load(sys.stdin)
folder = pathlib.Path(tempfile.mkdtemp())
CPUS = {"x86": 7, "x86_64": 0x01000007, "aarch64": 0x0100000C}


def run(*command):
    """What a tool says; None if it is missing."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def same(tool, path, fact, stated, known):
    confirmed[tool] += 1
    if stated != known:
        differences.append(f"{path}: {fact} is {stated!r}, and {tool} says {known!r}")


def contains(tool, path, fact, stated, text):
    for one in stated:
        confirmed[tool] += 1
        if one.rstrip("…") not in text:
            differences.append(f"{path}: {fact} has {one!r}, which {tool} does not show")


def slice_of(data, architecture):
    count, = struct.unpack_from(">I", data, 4)
    for i in range(count):
        cpu, _, offset, size, _ = struct.unpack_from(">5I", data, 8 + 20 * i)
        if cpu == CPUS[architecture]:
            return data[offset:offset + size]
    raise KeyError(architecture)


def debug_units(file, path, stated):
    if "debug.units" not in stated:
        return
    text = run("llvm-dwarfdump", "--debug-info", "--recurse-depth=0", file)
    if text is None:
        return
    units = re.findall(r"^0x[0-9a-f]+: DW_TAG_(?:compile|skeleton|partial|type)_unit", text, re.M)
    if units:
        same("llvm-dwarfdump", path, "debug.units", stated["debug.units"], len(units))
    contains("llvm-dwarfdump", path, "debug.compilers", stated.get("debug.compilers", []), text)


def elf(file, path, stated):
    text = run("readelf", "-dW", file)
    if text is not None:
        folders = [part for found in re.findall(r"\((?:RPATH|RUNPATH)\).*?\[(.*)\]", text) for part in found.split(":") if part]
        same("readelf", path, "executable.rpath", stated.get("executable.rpath", []), folders)
        text = run("readelf", "-SW", file)
        names = re.findall(r"^\s*\[\s*\d+\]\s+(\S+)", text, re.M)
        debug = [name for name in names if re.match(r"\.z?debug_(?!gdb_scri)|\.stab(str)?$", name)]
        same("readelf", path, "executable.debug_sections", stated["executable.debug_sections"], len(debug))
        link = re.search(r"\[\s*0\]\s+(.*)", run("readelf", "-p", ".gnu_debuglink", file) or "")
        same("readelf", path, "executable.debug_link", stated.get("executable.debug_link"), link and link[1])
    debug_units(file, path, stated)


def pe(file, path, stated):
    text = run("llvm-readobj", "--coff-debug-directory", file)
    if text is not None:
        found = re.search(r"PDBFileName: (.*)", text)
        known = found and found[1][:200]
        same("llvm-readobj", path, "executable.pdb_path", stated.get("executable.pdb_path") or None, known or None)


def mach_o(file, path, stated):
    text = run("llvm-objdump", "--macho", "--private-headers", file)
    if text is not None:
        folders = re.findall(r"cmd LC_RPATH\n.*\n\s+path (.*) \(offset", text)
        same("llvm-objdump", path, "executable.rpath", stated.get("executable.rpath", []), folders)
    debug_units(file, path, stated)


def strings(file, path, stated):
    texts = [run("strings", "-a", "-n", "4", "-e", encoding, file) for encoding in ("S", "l")]
    if texts[0] is None:
        return
    text = "\n".join(texts)
    for fact in ("executable.personal_path_examples", "build_machine.examples", "build_machine.share_examples",
                 "rust.crate_examples", "rust.own_file_examples", "cython.source_examples", "go.own_file_examples"):
        contains("strings", path, fact, stated.get(fact, []), text)


def go(file, path, stated):
    text = run("go", "version", "-m", file) if "go.version" in stated else None
    if not text or "\tpath\t" not in text:
        return
    same("go version", path, "go.version", stated["go.version"], text.split("\n")[0].rsplit(": ", 1)[1])
    same("go version", path, "go.path", stated.get("go.path"), re.search(r"^\tpath\t(.*)", text, re.M)[1])
    revision = re.search(r"^\tbuild\tvcs\.revision=(.*)", text, re.M)
    same("go version", path, "go.revision", stated.get("go.revision"), revision and revision[1])


subprocess.run([sys.executable, pathlib.Path(__file__).with_name("unpack.py"), archive, folder], check=True)
for path, stated in facts.items():
    name, _, architecture = path.partition("!")
    inside = name if archive.endswith(".whl") else name.partition("/")[2]
    if not (folder / inside).is_file():
        continue
    file = folder / "one"
    data = (folder / inside).read_bytes()
    file.write_bytes(slice_of(data, architecture) if architecture in CPUS else data)
    if architecture and architecture not in CPUS:
        continue
    {"elf": elf, "pe": pe, "mach-o": mach_o}.get(stated["executable.format"], lambda *_: None)(file, path, stated)
    strings(file, path, stated)
    go(file, path, stated)
shutil.rmtree(folder)
json.dump({"confirmed": confirmed, "differences": differences}, sys.stdout)
