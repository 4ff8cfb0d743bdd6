#!/usr/bin/env python3
"""Makes the inputs of corpus/application and corpus/formats/{application,nwjs-package,self-extracting-script,
zipapp}.

The executables are a header, a few sections and what a packer puts into them, by the documents of the packers; the
zipapp is made by Python's own module. Run from anywhere; needs Python 3.11 only.
"""

import gzip
import io
import struct
import tarfile
import zipapp
import zipfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent.parent

SCRIPT = """// Pilots only: the main script of the harbour.
const { getAsset } = require('node:sea');

/* Nobody may know about the sandbank. */
function depth(tide) {
  return tide - 0.7;
}

console.log(getAsset('tide.txt', 'utf8'), depth(3));
"""
SMALL = "const{getAsset:t}=require('node:sea');console.log(t('tide.txt','utf8'),2.3);\n"


def elf(sections):
    """A 64-bit little-endian ELF file with these sections of data or notes."""
    out, names, table = bytearray(64), bytearray(1), bytearray(64)
    for name, content in [*sections, (".shstrtab", None)]:
        kind = 3 if content is None else 7 if name.startswith(".note") else 1
        at = len(names)
        names += name.encode() + b"\0"
        content = bytes(names) if content is None else content
        table += struct.pack("<IIQQQQIIQQ", at, kind, 2, 0, len(out), len(content), 0, 0, 1, 0)
        out += content + b"\0" * (-len(content) % 8)
    count = len(sections) + 2
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, 0, 0, len(out), 0, 64, 0, 0, 64, count, count - 1)
    out[:64] = head
    return bytes(out + table)


def note(owner, content):
    """A note of an ELF file."""
    owner = owner.encode() + b"\0"
    pad = lambda data: data + b"\0" * (-len(data) % 4)
    return struct.pack("<III", len(owner), len(content), 0) + pad(owner) + pad(content)


def node_blob(script):
    """A blob of Node.js 20 with one asset."""
    string = lambda data: struct.pack("<Q", len(data)) + data
    assets = struct.pack("<Q", 1) + string(b"tide.txt") + string(b"noon 3.4, midnight 0.2\n")
    return struct.pack("<II", 0x0143DA20, 9) + string(b"dist/harbour.cjs") + string(script.encode()) + assets


def put(path, content, mode=0o644):
    path = CORPUS / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def bun():
    """An application of Bun 1.4: one bundle, one file."""
    out, records = bytearray(), bytearray()
    bundle = b"// @bun\n// src/quay.ts\nfunction depth(tide) {\n  return tide - 0.7;\n}\n\n// src/index.ts\nconsole.log(depth(3));\n"
    for index, (name, content) in enumerate([(b"/$bunfs/root/harbour", bundle), (b"/$bunfs/root/tide.txt", b"noon 3.4\n")]):
        record = b""
        for part in (name, content):
            record += struct.pack("<II", len(out), len(part))
            out += part + b"\0"
        records += record.ljust(48, b"\0") + bytes([1, 1 if index == 0 else 5, 1, 0])
    at = len(out)
    out += records
    out += struct.pack("<QIIIIII", len(out), at, len(records), 0, 0, 0, 380) + b"\n---- Bun! ----\n"
    return elf([(".text", b"\n---- Bun! ----\n"), (".bun", struct.pack("<Q", len(out)) + out)])


def makeself():
    """A self-extracting script as makeself 2.4 writes it, without the code that unpacks."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("./tide.txt")
        member.size = 9
        tar.addfile(member, io.BytesIO(b"noon 3.4\n"))
    packed = gzip.compress(archive.getvalue(), mtime=0)
    script = f"""#!/bin/sh
# This script was generated using Makeself 2.4.5
# The license covering this archive and its contents, if any, is wholly independent of the Makeself license (GPL)
CRCsum="0"
MD5="0"
label="Harbour"
filesizes="{len(packed)}"
skip="9"
exit 0
"""
    return script.encode() + packed


def python_app():
    folder = CORPUS / "formats/zipapp/plain/input"
    folder.mkdir(parents=True, exist_ok=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for name, text in [("__main__.py", "from quay import depth\nprint(depth.of(3))\n"), ("quay/depth.py", "def of(tide):\n    return tide - 0.7\n")]:
            files.writestr(zipfile.ZipInfo(name), text)
    archive.seek(0)
    zipapp.create_archive(archive, folder / "harbour.pyz", interpreter="/usr/bin/env python3")


def nwjs():
    """A package of NW.js: a zip with a manifest, a page and its script."""
    package = io.BytesIO()
    files = {
        "package.json": '{"name": "harbour", "main": "index.html"}\n',
        "index.html": '<!doctype html><title>Harbour</title><script src="harbour.js"></script>\n',
        "harbour.js": SCRIPT,
    }
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return package.getvalue()


def main():
    for half, script in [("leaky", SCRIPT), ("fixed", SMALL)]:
        app = elf([(".text", b"code"), (".note.node.sea", note("NODE_SEA_BLOB", node_blob(script)))])
        put(f"application/{half}/input/bin/harbour", app)
    put("formats/application/node-sea/input/harbour", elf([(".note.node.sea", note("NODE_SEA_BLOB", node_blob(SCRIPT)))]))
    put("formats/application/bun/input/harbour", bun())
    frame = gzip.compress(b"The tide at noon, and at midnight. " * 60, mtime=0)
    put("formats/application/embedded/input/harbour", elf([(".rodata", b"before" + frame + b"after")]))
    put("formats/self-extracting-script/makeself/input/install.run", makeself())
    put("formats/nwjs-package/plain/input/harbour.nw", nwjs())
    python_app()


main()
