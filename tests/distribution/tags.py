"""The tags of wheels, and the targets that a program fits, for headers made up here."""

import struct
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "distribution"))

from packager.binary import Binary, check, read  # noqa: E402
from packager.project import Problem, targets  # noqa: E402
from packager.wheel import platform_tags  # noqa: E402


def mach_o(cpu: int, minimum: int) -> bytes:
    command = struct.pack("<IIIIII", 0x32, 24, 1, minimum, 0, 0)
    return struct.pack("<IIIIIIII", 0xFEEDFACF, cpu, 0, 2, 1, len(command), 0, 0) + command


def pe(machine: int) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<H", machine)


def elf(machine: int, loader: bytes = b"", versions: tuple = (), needed: tuple = (b"libc.so.6",)) -> bytes:
    """A program with one segment that holds everything at the address that is its offset."""
    if not loader:
        return _elf(machine, [(1, 0, 0x1000)], b"")
    strings, names = b"\0", {}
    for name in [*needed, *versions]:
        names[name] = len(strings)
        strings += name + b"\0"
    at = 64 + 3 * 56
    loader_at, strings_at = at, at + len(loader) + 1
    verneed_at = strings_at + len(strings)
    verneed = struct.pack("<HHIII", 1, len(versions), 0, 16, 0)
    for index, version in enumerate(versions):
        verneed += struct.pack("<IHHII", 0, 0, 2, names[version], 16 if index + 1 < len(versions) else 0)
    tags = [(1, names[name]) for name in needed] + [(5, strings_at), (0x6FFFFFFE, verneed_at), (0x6FFFFFFF, 1), (0, 0)]
    dynamic_at = verneed_at + len(verneed)
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    segments = [(1, 0, 0x1000), (2, dynamic_at, len(dynamic)), (3, loader_at, len(loader) + 1)]
    return _elf(machine, segments, loader + b"\0" + strings + verneed + dynamic)


def _elf(machine: int, segments: list, body: bytes) -> bytes:
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", kind, 4, at, at, at, size, size, 8) for kind, at, size in segments)
    return head + table + body


def refused(data: bytes, triple: str = "", words: str = "") -> None:
    try:
        found = read(data)
        if triple:
            check(found, targets()[triple])
    except Problem as problem:
        assert words in str(problem), problem
    else:
        raise AssertionError(f"{found} was taken")


GNU = b"/lib64/ld-linux-x86-64.so.2"
MUSL = b"/lib/ld-musl-x86_64.so.1"
TAGS = [
    ("x86_64-apple-darwin", mach_o(0x01000007, 10 << 16 | 12 << 8), ["macosx_10_12_x86_64"]),
    ("x86_64-apple-darwin", mach_o(0x01000007, 12 << 16 | 3 << 8), ["macosx_12_0_x86_64"]),
    ("aarch64-apple-darwin", mach_o(0x0100000C, 11 << 16), ["macosx_11_0_arm64"]),
    ("x86_64-pc-windows-msvc", pe(0x8664), ["win_amd64"]),
    ("aarch64-pc-windows-msvc", pe(0xAA64), ["win_arm64"]),
    ("x86_64-unknown-linux-gnu", elf(62, GNU, (b"GLIBC_2.2.5", b"GLIBC_2.28", b"GCC_3.0")), ["manylinux_2_28_x86_64"]),
    ("x86_64-unknown-linux-gnu", elf(62, GNU, (b"GLIBC_2.9", b"GLIBC_2.14")), ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]),
    ("x86_64-unknown-linux-gnu", elf(62, GNU, (b"GLIBC_2.17", b"GLIBC_ABI_DT_RELR")), ["manylinux_2_36_x86_64"]),
    ("aarch64-unknown-linux-gnu", elf(183, b"/lib/ld-linux-aarch64.so.1", (b"GLIBC_2.39",)), ["manylinux_2_39_aarch64"]),
    (
        "x86_64-unknown-linux-musl",
        elf(62),
        ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"],
    ),
]
for triple, data, expected in TAGS:
    binary = read(data)
    check(binary, targets()[triple])
    assert platform_tags(binary) == expected, (triple, platform_tags(binary))
    for other, target in targets().items():
        same = (target.os, target.cpu) == (binary.os, binary.cpu)
        if not same:
            refused(data, other, "the program is one for")

refused(elf(62, GNU, (b"GLIBC_2.17",)), "x86_64-unknown-linux-musl", "linked statically")
refused(elf(62, MUSL, ()), "x86_64-unknown-linux-musl", "linked statically")
refused(elf(62, MUSL, ()), "x86_64-unknown-linux-gnu", "does not say which glibc")
refused(elf(62, GNU, (b"GLIBC_2.17",), (b"libc.so.6", b"libssl.so.3")), words="libssl.so.3")
refused(elf(62, GNU, (b"GLIBC_PRIVATE",)), words="GLIBC_PRIVATE")
refused(elf(62, GNU, (b"GLIBC_2.17", b"GCC_14.0.0")), words="GCC_14.0.0")
refused(elf(40), words="processor")
for data in [b"", b"#!/bin/sh\n", b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", elf(62, GNU, (b"GLIBC_2.17",))[:300]]:
    refused(data)
