#!/usr/bin/env python3
"""Makes corpus/formats/<archive format>/*: every archive holds one small tree with a `.env` in it.

Real tools where there are any: Python's own zipfile, tarfile, gzip, bz2 and lzma, `zstd`, `xz`, `ar` of binutils, `node`
for brotli, `@electron/asar` and `py7zr`. cpio and rpm are put together here, by their documents.
Usage: TOOLS=<folder with node_modules> python3 archives.py
"""
import bz2, gzip, io, lzma, os, pathlib, shutil, struct, subprocess, tarfile, tempfile, zipfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent
TOOLS = os.environ.get("TOOLS", "/tmp/tools")
TREE = {
    "app/index.js": b"export const harbour = 'Tidewater';\n",
    "app/.env": b"HARBOUR_NAME=Tidewater\nHARBOUR_BERTHS=12\n",
    "app/README.md": b"# A small tree\n\nMade for the corpus of lastlook.\n",
}
WHEN = 1_772_323_200  # 2026-03-01


def place(name, case, file, data):
    folder = CORPUS / "formats" / name / case / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / file).write_bytes(data)


def tar_bytes(tree=TREE, form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in tree.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), WHEN, 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_bytes(tree=TREE, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in tree.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def tool(arguments, data):
    return subprocess.run(arguments, input=data, stdout=subprocess.PIPE, check=True).stdout


def cpio_bytes(tree=TREE):
    out = b""
    for number, (name, data) in enumerate([*tree.items(), ("TRAILER!!!", b"")], 1):
        fields = [number, 0o100644, 0, 0, 1, WHEN, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def rpm_bytes():
    def header(entries):
        index, store = b"", b""
        for tag, text in entries:
            index += struct.pack(">IIII", tag, 6, len(store), 1)
            store += text + b"\0"
        return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", len(entries), len(store)) + index + store

    lead = b"\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01" + b"harbour-1.0-1".ljust(66, b"\0") + struct.pack(">HH", 1, 5)
    out = lead.ljust(96, b"\0") + header([(1000, b"unsigned")])
    out += b"\0" * (-len(out) % 8)
    out += header([(1000, b"harbour"), (1001, b"1.0"), (1124, b"cpio"), (1125, b"gzip")])
    return out + gzip.compress(cpio_bytes(), mtime=WHEN)


def ar_bytes():
    with tempfile.TemporaryDirectory() as folder:
        for name, data in TREE.items():
            (pathlib.Path(folder) / pathlib.Path(name).name).write_bytes(data)
        subprocess.run(["ar", "rcD", "tree.a", "index.js", ".env", "README.md"], cwd=folder, check=True)
        return (pathlib.Path(folder) / "tree.a").read_bytes()


def deb_bytes():
    control = {"./control": b"Package: harbour\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@tidewater.invalid>\nDescription: made up\n"}
    data = {"./usr/share/harbour/.env": TREE["app/.env"]}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "debian-binary").write_bytes(b"2.0\n")
        (root / "control.tar.gz").write_bytes(gzip.compress(tar_bytes(control), mtime=WHEN))
        (root / "data.tar.xz").write_bytes(lzma.compress(tar_bytes(data)))
        subprocess.run(["ar", "rcD", "a.deb", "debian-binary", "control.tar.gz", "data.tar.xz"], cwd=root, check=True)
        return (root / "a.deb").read_bytes()


def asar_bytes():
    with tempfile.TemporaryDirectory() as folder:
        for name, data in TREE.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        packer = f"{TOOLS}/node_modules/.bin/asar"
        subprocess.run([packer, "pack", f"{folder}/app", f"{folder}/app.asar"], check=True)
        return (pathlib.Path(folder) / "app.asar").read_bytes()


def main():
    tar = tar_bytes()
    place("tar", "ustar", "tree.tar", tar)
    long = {"app/" + "berth/" * 30 + ".env": TREE["app/.env"]}
    place("tar", "pax-long-name", "long.tar", tar_bytes(long, tarfile.PAX_FORMAT))
    place("tar", "gnu-long-name", "long.tar", tar_bytes(long, tarfile.GNU_FORMAT))
    place("zip", "deflated", "tree.zip", zip_bytes())
    place("zip", "stored", "tree.zip", zip_bytes(method=zipfile.ZIP_STORED))
    place("zip", "bzip2", "tree.zip", zip_bytes(method=zipfile.ZIP_BZIP2))
    place("zip", "lzma", "tree.zip", zip_bytes(method=zipfile.ZIP_LZMA))
    place("zip", "behind-a-script", "tree.pyz", b"#!/usr/bin/env python3\n" + zip_bytes())
    place("gzip", "tar", "tree.tgz", gzip.compress(tar, mtime=WHEN))
    place("gzip", "two-members", "two.env.gz", gzip.compress(b"A=1\n", mtime=WHEN) + gzip.compress(b"B=2\n", mtime=WHEN))
    place("gzip", "no-extension", "3f9a", gzip.compress(tar, mtime=WHEN))
    place("bzip2", "tar", "tree.tar.bz2", bz2.compress(tar))
    place("xz", "tar", "tree.tar.xz", lzma.compress(tar))
    place("lzma", "tar", "tree.tar.lzma", lzma.compress(tar, lzma.FORMAT_ALONE))
    place("zstd", "tar", "tree.tar.zst", tool(["zstd", "-q", "-c", "-19"], tar))
    place("zstd", "skippable-frame", "tree.tar.zst", b"\x50\x2a\x4d\x18\x04\0\0\0note" + tool(["zstd", "-q", "-c"], tar))
    brotli = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"
    place("brotli", "web-asset", "settings.env.br", tool(["node", "-e", brotli], TREE["app/.env"] * 8))
    place("ar", "static-library", "tree.a", ar_bytes())
    place("ar", "deb", "harbour_1.0_all.deb", deb_bytes())
    place("cpio", "newc", "tree.cpio", cpio_bytes())
    place("rpm", "gzip-payload", "harbour-1.0-1.noarch.rpm", rpm_bytes())
    place("asar", "electron", "app.asar", asar_bytes())
    import py7zr
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        for name, data in TREE.items():
            archive.writestr(data.decode(), name)
    place("unopened", "7z", "tree.7z", out.getvalue())
    text = "[settings]\r\nname = \"Überfahrt\"\r\n"
    place("utf-16", "little-endian", "settings.ini", b"\xff\xfe" + text.encode("utf-16-le"))
    place("utf-16", "big-endian", "settings.ini", b"\xfe\xff" + text.encode("utf-16-be"))


main()
