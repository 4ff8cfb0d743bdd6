"""The wheel for PyPI: the program, a module that finds it, manual pages and completions."""

from __future__ import annotations

import base64
import hashlib

from .binary import Binary
from .files import File, zipped
from .project import HERE, LICENCES, ROOT, Project, Target
from .texts import Texts

MACHINES = {
    ("linux", "x64"): "x86_64", ("linux", "arm64"): "aarch64",
    ("darwin", "x64"): "x86_64", ("darwin", "arm64"): "arm64",
    ("win32", "x64"): "amd64", ("win32", "arm64"): "arm64",
}
# No program written in Rust runs with an older one, and no older manylinux has a number of this kind.
OLDEST_GLIBC = (2, 17)


def platform_tags(binary: Binary) -> list[str]:
    """The platforms that the program runs on, by what its own headers ask for."""
    machine = MACHINES[binary.os, binary.cpu]
    if binary.os == "win32":
        return [f"win_{machine}"]
    if binary.os == "darwin":
        major, minor = binary.macos
        # From 11 on the tags of Python count releases only; and the first one for arm64 is 11.
        major, minor = (major, 0) if major >= 11 else (11, 0) if binary.cpu == "arm64" else (major, minor)
        return [f"macosx_{major}_{minor}_{machine}"]
    glibc = max(binary.glibc or OLDEST_GLIBC, OLDEST_GLIBC)
    tags = ["manylinux_{}_{}_{}".format(*glibc, machine)]
    if glibc == OLDEST_GLIBC:
        # What installers older than the numbers call it.
        tags.append(f"manylinux2014_{machine}")
    if binary.static:
        tags.append(f"musllinux_1_1_{machine}")
    return tags


def wheel(project: Project, target: Target, binary: Binary, data: bytes, texts: Texts) -> File:
    version = project.python_version
    tags = platform_tags(binary)
    stem, info = f"lastlook-{version}", f"lastlook-{version}.dist-info"
    module = HERE / "python/lastlook"
    files = [File(f"lastlook/{path.name}", path.read_bytes()) for path in module.iterdir() if path.is_file()]
    files.append(File(f"{stem}.data/scripts/{target.program}", data, True))
    if target.os != "win32":
        files += [File(f"{stem}.data/data/{file.path}", file.data) for file in texts.shared()]
    files.sort()
    files += [
        File(f"{info}/METADATA", _metadata(project).encode()),
        File(f"{info}/WHEEL", _wheel(tags).encode()),
        *(File(f"{info}/licenses/{licence}", (ROOT / licence).read_bytes()) for licence in LICENCES),
    ]
    files.append(File(f"{info}/RECORD", _record(files, f"{info}/RECORD").encode()))
    return File(f"python/{stem}-py3-none-{'.'.join(tags)}.whl", zipped(files))


def _metadata(project: Project) -> str:
    lines = [
        "Metadata-Version: 2.4",
        "Name: lastlook",
        f"Version: {project.python_version}",
        f"Summary: {project.description}",
        f"Keywords: {','.join(project.keywords)}",
        f"License-Expression: {project.licence}",
        *(f"License-File: {licence}" for licence in LICENCES),
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    if project.repository:
        lines.append(f"Project-URL: Repository, {project.repository}")
    return "\n".join(lines) + "\n\n" + (HERE / "python/README.md").read_text("utf-8")


def _wheel(tags: list[str]) -> str:
    lines = ["Wheel-Version: 1.0", "Generator: lastlook", "Root-Is-Purelib: false"]
    return "\n".join(lines + [f"Tag: py3-none-{tag}" for tag in tags]) + "\n"


def _record(files: list[File], own: str) -> str:
    def digest(data: bytes) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

    lines = [f"{file.path},sha256={digest(file.data)},{len(file.data)}" for file in files]
    return "\n".join([*lines, f"{own},,"]) + "\n"
