"""The packages for npm: `lastlook`, which starts the program, and one with the program for each platform."""

from __future__ import annotations

import json

from .binary import Binary
from .files import File, tar_gz
from .project import HERE, LICENCES, ROOT, Project, Target, targets
from .texts import Texts

# What of distribution/npm goes into the package.
LAUNCHER = ("bin/lastlook.js", "index.d.mts", "index.d.ts", "index.js", "index.mjs", "lib/platform.js")


def main_package(project: Project, texts: Texts) -> File:
    """`lastlook`: no program and no install script; the package manager chooses among the optional dependencies."""
    manifest = _common(project, "lastlook", project.description) | {
        "bin": {"lastlook": "bin/lastlook.js"},
        "type": "commonjs",
        "main": "./index.js",
        "types": "./index.d.ts",
        "exports": {
            ".": {
                "import": {"types": "./index.d.mts", "default": "./index.mjs"},
                "require": {"types": "./index.d.ts", "default": "./index.js"},
            },
            "./package.json": "./package.json",
        },
        "man": [f"./{page.path}" for page in texts.man],
        "engines": {"node": ">=18"},
        "optionalDependencies": {name(target): project.version for target in targets().values()},
    }
    files = [File(path, (HERE / "npm" / path).read_bytes(), path.startswith("bin/")) for path in LAUNCHER]
    files += [*texts.man, *texts.completions, File("README.md", (HERE / "npm/README.md").read_bytes())]
    return _packed(manifest, files)


def platform_package(project: Project, target: Target, binary: Binary, data: bytes) -> File:
    """The package with the program for one platform. Only `lastlook` depends on it."""
    manifest = _common(project, name(target), f"The program of lastlook for {target.npm}")
    manifest |= {"os": [target.os], "cpu": [target.cpu]}
    if target.libc:
        manifest["libc"] = [target.libc]
    # A program that lies inside of an archive of Yarn's cannot be started.
    manifest |= {"preferUnplugged": True}
    if binary.glibc:
        # Compared with what is there before the program is started: the loader's own refusal ends with 1, as a verdict.
        manifest["lastlook"] = {"glibc": "{}.{}".format(*binary.glibc)}
    readme = f"# {name(target)}\n\nThe program of `lastlook` for {target.npm}. Install `lastlook`: it brings the package that fits.\n"
    files = [File(target.program, data, True), File("README.md", readme.encode())]
    return _packed(manifest, files)


def name(target: Target) -> str:
    return f"@lastlook/{target.npm}"


def _common(project: Project, package: str, description: str) -> dict:
    found = {"name": package, "version": project.version, "description": description, "license": project.licence}
    if project.repository:
        found["repository"] = {"type": "git", "url": f"git+{project.repository}.git"}
    if package == "lastlook":
        found["keywords"] = list(project.keywords)
    return found


def _packed(manifest: dict, files: list[File]) -> File:
    files = [*files, *(File(licence, (ROOT / licence).read_bytes()) for licence in LICENCES)]
    files.append(File("package.json", (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()))
    base = manifest["name"].removeprefix("@").replace("/", "-")
    return File(f"npm/{base}-{manifest['version']}.tgz", tar_gz(files, "package"))
