"""Packages and peers, at pinned versions, through the ordinary clients."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

KINGFISHER = "2.14.0"
RIPSECRETS = "0.1.11"
SECRETLINT = "13.0.6"


def run(*command, ok=(0,), **options):
    done = subprocess.run([str(part) for part in command], **options)
    if done.returncode not in ok:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    return done


def listed(listing):
    """The lines of a list of packages: where from, name, version."""
    lines = (line.strip() for line in listing.read_text().splitlines())
    return [tuple(line.split()) for line in lines if line and not line.startswith("#")]


def packages(folder, listing, pip_options=()):
    """The names of the files of all listed packages, fetched into `folder` where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for kind, name, version in listed(listing):
        if kind == "npm":
            file = name.lstrip("@").replace("/", "-") + f"-{version}.tgz"
            if not (folder / file).exists():
                run("npm", "pack", "--silent", f"{name}@{version}", cwd=folder, stdout=subprocess.DEVNULL)
            names.append(file)
        else:
            start = f"{name}-{version}-".replace("-", "_").lower()
            of_it = lambda: sorted(path.name for path in folder.iterdir() if path.name.replace("-", "_").lower().startswith(start))
            if not of_it():
                pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
                run(*pip, *pip_options, "-d", folder, f"{name}=={version}")
            names.extend(of_it())
    return names


def unpack(archive, to):
    """Unpacks one package into a folder of its own."""
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as held:
            # Where the filter is known, it keeps everything inside the folder.
            held.extractall(to, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    else:
        with zipfile.ZipFile(archive) as held:
            held.extractall(to)


def kingfisher(work):
    """kingfisher from PyPI, or nothing where there is none for this machine."""
    program = work / f"kingfisher-{KINGFISHER}"
    if not program.exists():
        work.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, f"kingfisher-bin=={KINGFISHER}"]
        if subprocess.run([str(part) for part in pip]).returncode != 0:
            return None
        wheel = next(work.glob(f"kingfisher_bin-{KINGFISHER}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            program.write_bytes(archive.read("kingfisher/bin/kingfisher"))
        program.chmod(0o755)
    return program


def kingfisher_scan(program, output, *options):
    """A scan that asks nobody anything. The folder to be scanned comes behind it."""
    quiet = ["--no-validate", "--git-history", "none", "--no-update-check", "--format", "json", "--output", output]
    return [program, "scan", *quiet, *options]


def ripsecrets(work):
    """ripsecrets from crates.io."""
    root = work / f"ripsecrets-{RIPSECRETS}"
    program = root / "bin/ripsecrets"
    if not program.exists():
        install = ["cargo", "install", "--quiet", "--locked", "--root", root, "--version", RIPSECRETS, "ripsecrets"]
        if not shutil.which("cargo") or subprocess.run([str(part) for part in install]).returncode != 0:
            return None
    return program


def secretlint(work):
    """secretlint from npm, set up with the rules that it recommends."""
    folder = work / f"secretlint-{SECRETLINT}"
    program = folder / "node_modules/.bin/secretlint"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}\n")
        (folder / ".secretlintrc.json").write_text('{"rules":[{"id":"@secretlint/secretlint-rule-preset-recommend"}]}\n')
        names = [f"secretlint@{SECRETLINT}", f"@secretlint/secretlint-rule-preset-recommend@{SECRETLINT}"]
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *names]
        if not shutil.which("npm") or subprocess.run(install, cwd=folder).returncode != 0:
            return None
    return program


def ripgrep():
    """`rg`: the one at hand, or Debian's."""
    if not shutil.which("rg") and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-q"], **quiet)
        subprocess.run(["apt-get", "install", "-qy", "ripgrep"], **quiet)
    found = shutil.which("rg")
    return pathlib.Path(found) if found else None
