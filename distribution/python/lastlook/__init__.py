"""The program lastlook, as a Python package: ``python -m lastlook`` runs it."""

from __future__ import annotations

import os
import sys
import sysconfig

__all__ = ["find_program"]


def find_program() -> str:
    """The path of the program that was installed together with this module.

    Programs on ``PATH`` are not asked: they may be of another version.

    Raises FileNotFoundError where it is missing, with the folders that were searched.
    """
    name = "lastlook.exe" if os.name == "nt" else "lastlook"
    looked_at = []
    for folder in _folders():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
        looked_at.append(folder)
    raise FileNotFoundError(f"the program {name} is not in {', '.join(looked_at)}: install the package lastlook again")


def _folders() -> list[str]:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [
        sysconfig.get_path("scripts"),
        # `pip install --user`
        sysconfig.get_path("scripts", scheme=_user_scheme()),
        # `pip install --target DIR`
        os.path.join(here, "bin"),
        # `pip install --prefix DIR`: DIR/lib/pythonX.Y/site-packages, or DIR/Lib/site-packages
        os.path.join(here, "..", "..", "..", "bin"),
        os.path.join(here, "..", "..", "Scripts"),
    ]
    return list(dict.fromkeys(os.path.normpath(folder) for folder in folders))


def _user_scheme() -> str:
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("user")
    if os.name == "nt":
        return "nt_user"
    return "osx_framework_user" if sys.platform == "darwin" and sys._framework else "posix_user"
