"""Unpacks a package the way its installer does: npm drops the first folder of every name, a wheel is a plain zip.

usage: unpack.py ARCHIVE FOLDER
"""

import pathlib
import sys
import tarfile
import zipfile

archive, folder = sys.argv[1], pathlib.Path(sys.argv[2])
if archive.endswith(".whl"):
    zipfile.ZipFile(archive).extractall(folder)
else:
    with tarfile.open(archive, "r:gz") as tar:
        for item in tar:
            inside = pathlib.PurePosixPath(item.name).parts[1:]
            if item.isfile() and ".." not in inside:
                target = folder.joinpath(*inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tar.extractfile(item).read())
