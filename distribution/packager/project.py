"""What the packages say about the project: read from Cargo.toml, so that it stands in one place."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "distribution"
LICENCES = ("LICENSE-APACHE", "LICENSE-MIT")


class Problem(Exception):
    """Something that ends the build, in words for people."""


@dataclass(frozen=True)
class Target:
    """A platform that there is a package for: one row of targets.json."""

    triple: str
    npm: str
    os: str
    cpu: str
    libc: str | None

    @property
    def program(self) -> str:
        return "lastlook.exe" if self.os == "win32" else "lastlook"


@dataclass(frozen=True)
class Project:
    version: str
    description: str
    licence: str
    keywords: tuple[str, ...]
    repository: str | None

    @property
    def python_version(self) -> str:
        """The version in the form of Python's packages (PEP 440)."""
        found = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", self.version)
        if not found:
            raise Problem(f"version {self.version} has no counterpart among Python's: write -alpha.N, -beta.N or -rc.N")
        release, stage, number = found.groups()
        return release + ({"alpha": "a", "beta": "b", "rc": "rc"}[stage] + number if stage else "")


def project() -> Project:
    package = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["package"]
    return Project(
        version=package["version"],
        description=package["description"],
        licence=package["license"],
        keywords=tuple(package["keywords"]),
        repository=package.get("repository"),
    )


def targets() -> dict[str, Target]:
    rows = json.loads((HERE / "targets.json").read_text("utf-8"))
    return {row["target"]: Target(row["target"], row["npm"], row["os"], row["cpu"], row.get("libc")) for row in rows}


def target(triple: str) -> Target:
    known = targets()
    if triple not in known:
        raise Problem(f"there are no packages for the target {triple}; known: {', '.join(known)}")
    return known[triple]
