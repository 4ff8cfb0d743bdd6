"""What a program needs to run, read from its own headers: nothing here is taken from the machine that builds."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from .project import Problem, Target

# What every Linux with glibc has, and what packages for it may therefore leave out (the list of manylinux, shortened to
# what programs written in Rust can need).
SYSTEM_LIBRARIES = {
    "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libgcc_s.so.1",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}
# The newest of libgcc's versions that the oldest manylinux with our architectures has.
NEWEST_GCC = (4, 8, 0)
ELF_CPU = {62: "x64", 183: "arm64"}
MACH_CPU = {0x01000007: "x64", 0x0100000C: "arm64"}
PE_CPU = {0x8664: "x64", 0xAA64: "arm64"}


@dataclass(frozen=True)
class Binary:
    os: str
    cpu: str
    # Linux: whether it needs no library at all, and the oldest glibc that has what it asks for.
    static: bool = False
    glibc: tuple[int, int] | None = None
    # macOS: the oldest release it says it runs on.
    macos: tuple[int, int] | None = None


def read(data: bytes) -> Binary:
    """Tells what a program is. Raises Problem for anything that no package can carry."""
    try:
        if data[:4] == b"\x7fELF":
            return _elf(data)
        if data[:4] == b"\xcf\xfa\xed\xfe":
            return _mach_o(data)
        if data[:2] == b"MZ":
            return _pe(data)
    except (struct.error, IndexError, ValueError, KeyError) as error:
        raise Problem(f"the program cannot be read: {error!r}") from error
    raise Problem("the program is neither ELF, 64-bit Mach-O for one processor, nor PE")


def check(binary: Binary, target: Target) -> None:
    """Raises Problem unless the program is one for this target."""
    if (binary.os, binary.cpu) != (target.os, target.cpu):
        raise Problem(f"the program is one for {binary.os} {binary.cpu}, and no {target.triple}")
    if target.libc == "musl" and not binary.static:
        raise Problem(f"the program needs libraries of the system; for {target.triple} it must be linked statically")
    if target.libc == "glibc" and not binary.static and binary.glibc is None:
        raise Problem(f"the program does not say which glibc it needs; it is no {target.triple}")


def _elf(data: bytes) -> Binary:
    if data[4:6] != b"\x02\x01":
        raise Problem("only 64-bit little-endian ELF files have packages")
    cpu = ELF_CPU.get(struct.unpack_from("<H", data, 18)[0])
    if cpu is None:
        raise Problem("this processor has no packages")
    table, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    loads, dynamic, loader = [], None, None
    for index in range(count):
        kind, _, offset, address, _, in_file = struct.unpack_from("<IIQQQQ", data, table + index * size)
        if kind in (2, 3) and offset + in_file > len(data):
            raise ValueError("it is cut off")
        if kind == 1:
            loads.append((address, offset, in_file))
        elif kind == 2:
            dynamic = data[offset:offset + in_file]
        elif kind == 3:
            loader = data[offset:offset + in_file].rstrip(b"\0").decode("ascii")
    tags = _dynamic(dynamic or b"")
    at = lambda address: _offset(loads, address)
    strings = at(tags[5][0]) if 5 in tags else 0
    needed = [_text(data, strings + name) for name in tags.get(1, [])]
    if loader is None and not needed:
        return Binary("linux", cpu, static=True)
    if loader is not None and "ld-musl" in loader:
        return Binary("linux", cpu)
    foreign = sorted(set(needed) - SYSTEM_LIBRARIES)
    if foreign:
        raise Problem(f"the program needs {', '.join(foreign)}, which not every system has")
    versions = _needed_versions(data, at(tags[0x6FFFFFFE][0]), tags[0x6FFFFFFF][0], strings) if 0x6FFFFFFE in tags else []
    return Binary("linux", cpu, glibc=_glibc(versions))


def _dynamic(data: bytes) -> dict[int, list[int]]:
    tags: dict[int, list[int]] = {}
    for at in range(0, len(data) - 15, 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == 0:
            break
        tags.setdefault(tag, []).append(value)
    return tags


def _offset(loads: list[tuple[int, int, int]], address: int) -> int:
    for start, offset, size in loads:
        if start <= address < start + size:
            return address - start + offset
    raise ValueError(f"nothing is loaded at {address:#x}")


def _text(data: bytes, at: int) -> str:
    return data[at:data.index(b"\0", at)].decode("ascii")


def _needed_versions(data: bytes, at: int, count: int, strings: int) -> list[str]:
    """The versions of symbols that the program asks of libraries (DT_VERNEED)."""
    versions = []
    for _ in range(count):
        _, names, _, first, following = struct.unpack_from("<HHIII", data, at)
        name_at = at + first
        for _ in range(names):
            _, _, _, name, step = struct.unpack_from("<IHHII", data, name_at)
            versions.append(_text(data, strings + name))
            name_at += step
        at += following
    return versions


def _glibc(versions: list[str]) -> tuple[int, int] | None:
    newest = None
    for version in versions:
        if version == "GLIBC_ABI_DT_RELR":
            number = (2, 36)
        elif found := re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", version):
            number = (int(found[1]), int(found[2]))
        elif found := re.fullmatch(r"GCC_(\d+)\.(\d+)(?:\.(\d+))?", version):
            if tuple(int(part or 0) for part in found.groups()) > NEWEST_GCC:
                raise Problem(f"the program asks libgcc for {version}, which older systems do not have")
            continue
        else:
            raise Problem(f"the program asks for {version}, and nobody knows who has that")
        newest = max(newest or number, number)
    return newest


def _mach_o(data: bytes) -> Binary:
    cpu = MACH_CPU[struct.unpack_from("<I", data, 4)[0]]
    count, = struct.unpack_from("<I", data, 16)
    at, oldest = 32, None
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        # LC_BUILD_VERSION has the platform first, LC_VERSION_MIN_MACOSX is for no other.
        if command == 0x32 and struct.unpack_from("<I", data, at + 8)[0] == 1:
            oldest = struct.unpack_from("<I", data, at + 12)[0]
        elif command == 0x24:
            oldest = struct.unpack_from("<I", data, at + 8)[0]
        at += size
    if oldest is None:
        raise Problem("the program does not say which macOS it needs")
    return Binary("darwin", cpu, macos=(oldest >> 16, oldest >> 8 & 0xFF))


def _pe(data: bytes) -> Binary:
    at, = struct.unpack_from("<I", data, 0x3C)
    if data[at:at + 4] != b"PE\0\0":
        raise Problem("the program is no PE file")
    return Binary("win32", PE_CPU[struct.unpack_from("<H", data, at + 4)[0]])
