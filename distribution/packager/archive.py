"""The archive for people who install by hand, and for cargo-binstall; and the folder that the image is built from."""

from __future__ import annotations

from .binary import Binary
from .files import File, sums, tar_gz
from .project import HERE, LICENCES, ROOT, Project, Target
from .texts import Texts

# What builders of images call the processors.
IMAGE_CPU = {"x64": "amd64", "arm64": "arm64"}


def archive(project: Project, target: Target, data: bytes, texts: Texts) -> File:
    """Its name and its folder are those that `[package.metadata.binstall]` in Cargo.toml tells."""
    stem = f"lastlook-{project.version}-{target.triple}"
    files = [File(target.program, data, True), *texts.man, *texts.completions, *_licences()]
    files += [File("CHANGELOG.md", (ROOT / "CHANGELOG.md").read_bytes())]
    files.append(File("SHA256SUMS", sums(files)))
    return File(f"archives/{stem}.tar.gz", tar_gz(files, stem))


def container(target: Target, binary: Binary, data: bytes) -> list[File]:
    """What the image needs beside the Containerfile: a program that runs without any library."""
    if target.os != "linux" or not binary.static:
        return []
    recipe = File("container/Containerfile", (HERE / "container/Containerfile").read_bytes())
    licences = [File(f"container/{licence.path}", licence.data) for licence in _licences()]
    return [recipe, *licences, File(f"container/{IMAGE_CPU[target.cpu]}/lastlook", data, True)]


def _licences() -> list[File]:
    return [File(licence, (ROOT / licence).read_bytes()) for licence in LICENCES]
