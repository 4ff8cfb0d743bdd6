"""Makes corpus/formats/{phar,java-class,jar,dex,lua-bytecode,ruby-iseq,v8-code-cache}/* and corpus/executable-rpath/*.

Tools: javac, luac5.1 to luac5.4, luajit, php with phar, ruby and gcc (Debian 12), node with bytenode 1.7.0 in the folder
that TOOLS names. What is not there is left as it was. The Dalvik executable is put together by its document.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent
TOOLS = os.environ.get("TOOLS", ".")


def place(folder, name, data):
    target = CORPUS / folder / "input"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / name).write_bytes(data)


def run(*command, cwd):
    if not shutil.which(command[0]):
        print("left as it was:", command[0], "is not here", file=sys.stderr)
        return False
    subprocess.run(command, cwd=cwd, check=True)
    return True


JAVA = """package org.harbour;

public class Pilot {
    private static final String GREETING = "words of the harbour \\u00e9 \\ud83d\\ude00";
    public int level(int depth) { String local = GREETING; return depth * local.length(); }
}
"""


def java(work):
    (work / "Pilot.java").write_text(JAVA)
    for case, flag in (("debug", "-g"), ("bare", "-g:none")):
        if not run("javac", "--release", "17", flag, "-d", case, "Pilot.java", cwd=work):
            return
        place(f"formats/java-class/{case}", "Pilot.class", (work / case / "org/harbour/Pilot.class").read_bytes())
    with zipfile.ZipFile(work / "a.jar", "w", zipfile.ZIP_DEFLATED) as jar:
        members = {
            "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n\r\n",
            "org/harbour/Pilot.class": (work / "debug/org/harbour/Pilot.class").read_bytes(),
            "org/harbour/Pilot.java": JAVA.encode(),
        }
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            jar.writestr(info, data)
    place("formats/jar/with-sources", "harbour.jar", (work / "a.jar").read_bytes())


def dex():
    texts = [b"Lorg/harbour/Pilot;", b"Pilot.kt", b"words of the harbour \xc0\x80"]
    start = 112 + 4 * len(texts) + 4 + 32
    ids, data = b"", b""
    for text in texts:
        ids += struct.pack("<I", start + len(data))
        data += bytes([len(text)]) + text + b"\0"
    types = 112 + len(ids)
    out = bytearray(b"dex\n035\0".ljust(112, b"\0") + ids + bytes(4))
    out += struct.pack("<8I", 0, 1, 0xFFFFFFFF, 0, 1, 0, 0, 0) + data
    for at, word in ((32, len(out)), (56, len(texts)), (60, 112), (64, 1), (68, types), (96, 1), (100, types + 4)):
        struct.pack_into("<I", out, at, word)
    place("formats/dex/forged", "classes.dex", bytes(out))


def lua(work):
    (work / "tide.lua").write_text('local words = "words of the harbour"\nlocal function level(n) return n * 3 + 0.5 end\nprint(words, level(4))\n')
    for version in ("5.1", "5.2", "5.3", "5.4"):
        if run(f"luac{version}", "-o", "out", "tide.lua", cwd=work):
            place(f"formats/lua-bytecode/lua{version}", "tide.luac", (work / "out").read_bytes())
    if run("luac5.4", "-s", "-o", "out", "tide.lua", cwd=work):
        place("formats/lua-bytecode/stripped", "tide.luac", (work / "out").read_bytes())
    if run("luajit", "-bg", "tide.lua", "out.raw", cwd=work):
        place("formats/lua-bytecode/luajit", "tide.luac", (work / "out.raw").read_bytes())


def ruby(work):
    code = (
        'text = "def level(n)\\n  n * 3.5 + %q(words of the harbour).length\\nend\\n";'
        'sequence = RubyVM::InstructionSequence.compile(text, "tide.rb", "/build/harbour/tide.rb");'
        'File.binwrite("out", sequence.to_binary)'
    )
    if run("ruby", "--disable-gems", "-e", code, cwd=work):
        place("formats/ruby-iseq/tide", "tide.yarb", (work / "out").read_bytes())


def php(work):
    (work / "src").mkdir()
    (work / "src/index.php").write_text('<?php echo "words of the harbour\\n"; // and a comment\n')
    (work / "src/tide.txt").write_text("tide " * 40)
    for case, compress in (("plain", ""), ("deflated", "$p->compressFiles(Phar::GZ);")):
        script = (
            "$p = new Phar('out.phar'); $p->startBuffering(); $p->buildFromDirectory('src');"
            "$p->setStub(\"<?php Phar::mapPhar('tide.phar'); require 'phar://tide.phar/index.php'; __HALT_COMPILER();\");"
            f"{compress} $p->stopBuffering();"
        )
        (work / "out.phar").unlink(missing_ok=True)
        if run("php", "-d", "phar.readonly=0", "-r", script, cwd=work):
            place(f"formats/phar/{case}", "tide.phar", (work / "out.phar").read_bytes())


def v8(work):
    (work / "tide.js").write_text('const words = "words of the harbour";\nmodule.exports = (n) => n * 3 + words.length;\n')
    module = Path(TOOLS).resolve() / "node_modules/bytenode"
    script = f"require({str(module)!r}).compileFile({{filename: 'tide.js', output: 'out'}})"
    if module.exists() and run("node", "-e", script, cwd=work):
        place("formats/v8-code-cache/bytenode", "tide.jsc", (work / "out").read_bytes())


def rpath(work):
    (work / "main.c").write_text("int main(void) { return 0; }\n")
    for case, folder in (("leaky", "/tmp/harbour-build/lib"), ("fixed", "$ORIGIN/../lib")):
        flags = ["-O1", "-fno-ident", "-s", "-Wl,--build-id=none", "-Wl,-z,noseparate-code", f"-Wl,-rpath,{folder}"]
        if run("gcc", *flags, "-o", "out", "main.c", cwd=work):
            place(f"executable-rpath/{case}", "harbour", (work / "out").read_bytes())


for make in (java, lua, ruby, php, v8, rpath):
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
dex()
