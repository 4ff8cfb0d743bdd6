"""Archives whose bytes depend on nothing but what is in them: sorted, with one time for all, and nobody's name."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass

# 1985-10-26T08:15:00Z: the time that npm gives every file, and late enough for zip.
TIME = 499162500
ZIP_TIME = (1985, 10, 26, 8, 15, 0)
# Of zlib: 9 takes four times as long, and makes programs smaller by one percent.
LEVEL = 6


@dataclass(frozen=True, order=True)
class File:
    path: str
    data: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        return 0o755 if self.executable else 0o644

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def tar_gz(files: list[File], folder: str) -> bytes:
    """A gzipped tar with everything in one folder, as npm and people expect it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in _sorted(files):
            entry = tarfile.TarInfo(f"{folder}/{file.path}")
            entry.size, entry.mode, entry.mtime = len(file.data), file.mode, TIME
            tar.addfile(entry, io.BytesIO(file.data))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=LEVEL, mtime=0) as stream:
        stream.write(out.getvalue())
    return packed.getvalue()


def zipped(files: list[File]) -> bytes:
    """A zip with the files in the given order (wheels have their metadata last)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.path, ZIP_TIME)
            entry.create_system = 3
            entry.external_attr = (0o100000 | file.mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.data)
    return out.getvalue()


def sums(files: list[File]) -> bytes:
    """The list that `sha256sum -c` reads."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in _sorted(files)).encode()


def _sorted(files: list[File]) -> list[File]:
    paths = [file.path for file in files]
    assert len(set(paths)) == len(paths), "two files of a package have the same name"
    return sorted(files)
