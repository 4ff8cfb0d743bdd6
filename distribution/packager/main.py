"""Builds every package, looks at each with lastlook, and only then puts them into the output folder."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from . import archive, binary, cargo, npm, wheel
from .files import File, sums
from .project import ROOT, Problem, project, target, targets
from .texts import texts
from .tool import Tool

# Only a folder with this list in it is replaced: whatever else lies there is not ours.
SUMS = "SHA256SUMS"
USAGE = """\
Without --target and --binary: the target of this machine, and the one for musl on the same processor where Rust's
library for it is installed."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="distribution/build", description=__doc__, epilog=USAGE)
    parser.add_argument("--target", action="append", default=[], metavar="TRIPLE",
                        help="build the program for this target; may be given several times")
    parser.add_argument("--binary", action="append", default=[], metavar="[TRIPLE=]FILE",
                        help="take this program as it is, for this target, or else for this machine's")
    parser.add_argument("--tool", type=Path, metavar="FILE",
                        help="a lastlook of the same version that runs here; without it, the program for this machine")
    parser.add_argument("--out", type=Path, default=ROOT / "target/distribution", metavar="DIR",
                        help="where the packages go (default: target/distribution)")
    return parser.parse_args()


def programs(asked: argparse.Namespace) -> dict[str, Path]:
    """The program for each target."""
    found = {}
    for given in asked.binary:
        triple, _, path = given.partition("=")
        named = triple in targets()
        found[triple if named else cargo.host()] = Path(path if named else given)
    triples = list(asked.target)
    if not triples and not found:
        host = cargo.host()
        musl = host.replace("-linux-gnu", "-linux-musl")
        triples = [host, *([musl] if musl != host and cargo.is_installed(musl) else [])]
    for triple in triples:
        target(triple)
        found[triple] = cargo.build(triple)
    return dict(sorted(found.items()))


def tool(asked: argparse.Namespace, built: dict[str, Path], version: str) -> Tool:
    path = asked.tool or built.get(cargo.host()) or cargo.build(cargo.host())
    return Tool(path.resolve(), version)


def packages(asked: argparse.Namespace) -> tuple[list[File], Tool]:
    """Every file that belongs into the output folder."""
    about = project()
    built = programs(asked)
    runs = tool(asked, built, about.version)
    written = texts(runs)
    files = [npm.main_package(about, written)]
    for triple, path in built.items():
        row, data = target(triple), path.read_bytes()
        needs = binary.read(data)
        binary.check(needs, row)
        files.append(npm.platform_package(about, row, needs, data))
        files.append(wheel.wheel(about, row, needs, data, written))
        files.append(archive.archive(about, row, data, written))
        files += archive.container(row, needs, data)
    files = list({file.path: file for file in files}.values())
    return [*files, File(SUMS, sums(files))], runs


def look(folder: Path, files: list[File], runs: Tool) -> None:
    """lastlook has the last word about its own packages as well."""
    for file in files:
        code, report = runs.looks_at(folder / file.path)
        if code != 0:
            raise Problem(f"lastlook ended with {code} over {file.path}:\n{report}")
        print(f"  {file.sha256[:12]}  {len(file.data):>10}  {file.path}")


def write(out: Path, files: list[File], runs: Tool) -> None:
    """Into a new folder beside the last one, which is replaced only when everything in the new one is well."""
    if out.exists() and any(out.iterdir()) and not (out / SUMS).is_file():
        raise Problem(f"{out} is not empty, and was not written by this program: choose another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".lastlook-", dir=out.parent))
    try:
        for file in files:
            path = fresh / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(file.mode)
        look(fresh, files, runs)
        if out.exists():
            shutil.rmtree(out)
        fresh.chmod(0o755)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def main() -> int:
    asked = arguments()
    try:
        files, runs = packages(asked)
        write(asked.out.resolve(), files, runs)
    except (Problem, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{len(files)} files in {asked.out}; lastlook has looked at each of them")
    return 0
