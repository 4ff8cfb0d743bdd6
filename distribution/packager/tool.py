"""A lastlook that runs on this machine: it writes manual pages and completions, and looks at the packages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .project import Problem


class Tool:
    def __init__(self, path: Path, version: str):
        self.path = path
        said = self.says("--version").decode().strip()
        if said != f"lastlook {version}":
            raise Problem(f"{path} says it is {said!r}, and Cargo.toml says lastlook {version}")

    def says(self, *arguments: str) -> bytes:
        """What it writes to standard output."""
        # Nothing of this machine's settings shall get into a package.
        plain = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "CLICOLOR_FORCE")}
        done = subprocess.run([self.path, *arguments], capture_output=True, env=plain, check=False)
        if done.returncode != 0:
            raise Problem(f"lastlook {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.decode()}")
        return done.stdout

    def looks_at(self, package: Path) -> tuple[int, str]:
        """The exit code, and the report."""
        arguments = ["check", "--no-config", "--no-progress", "--color=never", "--", package]
        done = subprocess.run([self.path, *arguments], capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")
