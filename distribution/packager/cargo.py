"""Builds the program with cargo, so that nothing in it tells where it was built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .project import ROOT, Problem


def host() -> str:
    """The target that this machine's compiler makes programs for."""
    for line in _said("rustc", "-vV").splitlines():
        if line.startswith("host: "):
            return line.removeprefix("host: ")
    raise Problem("rustc does not name its host")


def is_installed(triple: str) -> bool:
    """Whether Rust's library for a target is there."""
    return Path(_said("rustc", "--print", "target-libdir", "--target", triple).strip()).is_dir()


def build(triple: str) -> Path:
    """Builds for release; the path of the program."""
    home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    # Panics name the files that they stand in: of crates, those in the folder of whoever builds.
    flags = [f"--remap-path-prefix={home}=/cargo", f"--remap-path-prefix={ROOT}=/lastlook"]
    settings = os.environ | {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)}
    command = ["cargo", "build", "--release", "--locked", "--bin", "lastlook", "--target", triple]
    if subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode != 0:
        raise Problem(f"cargo could not build lastlook for {triple}")
    folder = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return folder / triple / "release" / ("lastlook.exe" if "windows" in triple else "lastlook")


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Problem(f"{command[0]} is missing; give a built program with --binary and --tool") from error
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout
