"""Says what the executables in a package archive are, without any code of lastlook.

usage: executables.py ARCHIVE     (an npm .tgz or a wheel)

Writes JSON: {PATH: {"format", "architecture", "kind", "stripped", "sections": [[OFFSET, NAME, ADDRESS], …]}} for every
ELF, PE, Mach-O and WebAssembly file; a slice of a universal Mach-O file has its own entry, PATH!ARCHITECTURE. Each
section is named by a byte in its middle. Written from the specifications of the four formats, with struct only.
"""

import json
import struct
import sys
import tarfile
import zipfile

ELF_MACHINES = {3: "x86", 40: "arm", 62: "x86_64", 183: "aarch64"}
PE_MACHINES = {0x14C: "x86", 0x8664: "x86_64", 0xAA64: "aarch64"}
MACH_CPUS = {7: "x86", 0x01000007: "x86_64", 0x0100000C: "aarch64"}


def text(data):
    return data.split(b"\0")[0].decode("utf-8", "replace")


def elf(data):
    wide, end = data[4] == 2, "<" if data[5] == 1 else ">"
    assert wide, "a 32-bit ELF file: teach this script"
    kind, machine = struct.unpack_from(end + "HH", data, 16)
    phoff, shoff = struct.unpack_from(end + "QQ", data, 32)
    phsize, phnum, _, shnum, names = struct.unpack_from(end + "5H", data, 54)
    headers = [struct.unpack_from(end + "IIQQQQIIQQ", data, shoff + 64 * i) for i in range(shnum)]
    table = headers[names][4] if headers else 0
    # PT_INTERP makes a shared object a program, unless it has a name as a library.
    interpreter = any(struct.unpack_from(end + "I", data, phoff + phsize * i)[0] == 3 for i in range(phnum))
    soname = pie = False
    for header in headers:
        if header[1] == 6:
            for at in range(header[4], header[4] + header[5], 16):
                tag, value = struct.unpack_from(end + "QQ", data, at)
                soname |= tag == 14
                pie |= tag == 0x6FFFFFFB and bool(value & 0x08000000)
    program = pie or (interpreter and not soname)
    kinds = {1: "object", 2: "executable", 3: "executable" if program else "library"}
    sections = []
    for name, stype, flags, address, offset, size, *_ in headers:
        if stype in (0, 8) or size == 0:
            continue
        title = text(data[table + name:table + name + 128])
        sections.append([offset, size, title, address if flags & 2 and address else None])
    return {"format": "elf", "architecture": ELF_MACHINES[machine], "kind": kinds[kind],
            "stripped": not any(header[1] == 2 for header in headers), "sections": middles(sections)}


def pe(data):
    at, = struct.unpack_from("<I", data, 0x3C)
    machine, count, _, symbols, number, optional, flags = struct.unpack_from("<HHIIIHH", data, at + 4)
    wide = struct.unpack_from("<H", data, at + 24)[0] == 0x20B
    base, = struct.unpack_from("<Q" if wide else "<I", data, at + 24 + (24 if wide else 28))
    sections, debug = [], False
    for i in range(count):
        place = at + 24 + optional + 40 * i
        name = text(data[place:place + 8])
        _, rva, size, offset = struct.unpack_from("<IIII", data, place + 8)
        characteristics, = struct.unpack_from("<I", data, place + 36)
        if name.startswith("/") and symbols:
            strings = symbols + 18 * number + int(name[1:])
            name = text(data[strings:strings + 128])
        debug |= name.startswith((".debug_", ".zdebug_"))
        if not characteristics & 0x80 and size:
            sections.append([offset, size, name, base + rva])
    sections += streams(data, at + 24 + (112 if wide else 96), base, sections)
    return {"format": "pe", "architecture": PE_MACHINES[machine],
            "kind": "library" if flags & 0x2000 else "executable",
            "stripped": not (symbols and number) and not debug, "sections": middles(sections)}


def streams(data, directories, base, sections):
    """The metadata streams of a .NET assembly (ECMA-335, II.24.2), by way of the 15th data directory."""
    def place(rva):
        return next((o + base + rva - a for o, size, _, a in sections if a <= base + rva < a + size), None)

    number, = struct.unpack_from("<I", data, directories - 4)
    cli, = struct.unpack_from("<I", data, directories + 14 * 8)
    if number < 15 or not cli:
        return []
    rva, = struct.unpack_from("<I", data, place(cli) + 8)
    root, found = place(rva), []
    assert data[root:root + 4] == b"BSJB"
    at = root + 16 + struct.unpack_from("<I", data, root + 12)[0]
    count, = struct.unpack_from("<H", data, at + 2)
    at += 4
    for _ in range(count):
        offset, size = struct.unpack_from("<II", data, at)
        name = text(data[at + 8:at + 40])
        found.append([root + offset, size, f".NET {name}", base + rva + offset])
        at += 8 + len(name) // 4 * 4 + 4
    return found


def mach(data):
    cpu, _, kind, count, _, _ = struct.unpack_from("<IIIIII", data, 4)
    at, sections, local = 32, [], False
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == 0x19:
            segment, address, _, offset, length = struct.unpack_from("<16sQQQQ", data, at + 8)
            number, = struct.unpack_from("<I", data, at + 64)
            sections.append([offset, length, text(segment), address])
            for i in range(number):
                name, owner, address, length, offset, _, _, _, flags = struct.unpack_from(
                    "<16s16sQQIIIII", data, at + 72 + 80 * i)
                if flags & 0xFF not in (1, 12, 18):
                    sections.append([offset, length, f"{text(owner)},{text(name)}", address])
        if command == 2:
            offset, number = struct.unpack_from("<II", data, at + 8)
            for i in range(number):
                _, ntype, _, _, value = struct.unpack_from("<IBBHQ", data, offset + 16 * i)
                local |= (bool(ntype & 0xE0) or not ntype & 1) and value != 0x05614542
        at += size
    kinds = {1: "object", 2: "executable", 6: "library", 8: "library"}
    return {"format": "mach-o", "architecture": MACH_CPUS[cpu], "kind": kinds[kind], "stripped": not local,
            "sections": middles(sections)}


def wasm(data):
    def number(at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not data[at - 1] & 0x80:
                return value, at

    names = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code",
             "data", "data count", "tag"]
    at, sections, named, debug, start = 8, [], False, False, False
    while at < len(data):
        kind = data[at]
        size, at = number(at + 1)
        name = names[kind]
        if kind == 0:
            length, where = number(at)
            name = data[where:where + length].decode()
            named |= name == "name"
            debug |= name.startswith(".debug_")
        if kind == 7:
            start = b"\x06_start" in data[at:at + size]
        if size and kind != 11:
            sections.append([at, size, name, None])
        at += size
    return {"format": "wasm", "architecture": "wasm", "kind": "executable" if start else "library",
            "stripped": not named and not debug, "sections": middles(sections)}


def middles(sections):
    """A byte in the middle of each section in which no smaller one lies."""
    found = []
    for offset, size, name, address in sections:
        middle = offset + size // 2
        around = [other for other in sections if other[0] <= middle < other[0] + other[1]]
        if size and min(around, key=lambda other: other[1]) == [offset, size, name, address]:
            found.append([middle, name, None if address is None else address + size // 2])
    return found


def slices(data):
    """The parts of a universal file; a Java class has the same mark, and a version where the number of parts stands."""
    count, = struct.unpack_from(">I", data, 4)
    for i in range(count):
        cpu, _, offset, size, _ = struct.unpack_from(">IIIII", data, 8 + 20 * i)
        yield MACH_CPUS[cpu], data[offset:offset + size]


def executables(name, data):
    if data[:4] == b"\x7fELF":
        yield name, elf(data)
    elif data[:2] == b"MZ" and data[struct.unpack_from("<I", data, 0x3C)[0]:][:4] == b"PE\0\0":
        yield name, pe(data)
    elif data[:4] == b"\xcf\xfa\xed\xfe":
        yield name, mach(data)
    elif data[:8] == b"\0asm\x01\0\0\0":
        yield name, wasm(data)
    elif data[:4] == b"\xca\xfe\xba\xbe" and data[4:7] == b"\0\0\0" and data[7] < 30:
        for cpu, part in slices(data):
            yield f"{name}!{cpu}", mach(part)


def files(archive):
    if archive.endswith(".whl"):
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                yield entry.filename, wheel.read(entry)
    else:
        with tarfile.open(archive) as package:
            for member in package:
                if member.isfile():
                    yield member.name, package.extractfile(member).read()


def main():
    found = {}
    for name, data in files(sys.argv[1]):
        found.update(executables(name, data))
    json.dump(found, sys.stdout)


main()
