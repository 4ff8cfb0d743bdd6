"""The inputs of benches/compare: a set of packages, and what is made of it."""

import dataclasses
import itertools
import pathlib
import shutil

from . import fetch, made

# So that the set is the same on every machine.
WHEELS = ["--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_27_x86_64", "--platform=manylinux2014_x86_64"]
WHEELS += ["--python-version=312", "--implementation=cp", "--abi=cp312", "--abi=abi3", "--abi=none"]


@dataclasses.dataclass
class Inputs:
    """Where everything lies. Each is a folder; `map`, `bundle` and `model` hold one file."""

    archives: pathlib.Path
    # Two halves of two quarters of packages, about equal in bytes.
    unpacked: pathlib.Path
    map: pathlib.Path
    bundle: pathlib.Path
    model: pathlib.Path
    small: pathlib.Path

    def only_file(self, what):
        return next(getattr(self, what).iterdir())


def files(folder):
    """Number of files, their bytes, and the largest of them."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes), max(sizes)


def placed(work):
    folders = [work / "archives", work / "unpacked", *(work / "made" / name for name in ("map", "bundle", "model", "small"))]
    return Inputs(*folders)


def stem(archive):
    """`name-version` of an archive."""
    return "-".join(archive.stem.split("-")[:2]) if archive.suffix == ".whl" else archive.stem


def in_quarters(packages, to):
    """Moves folders of packages into two halves of two quarters: the largest first, each to where there is least."""
    filled = [[0, to / f"half-{half}" / f"quarter-{quarter}"] for half in (1, 2) for quarter in (1, 2)]
    sized = sorted(((files(package)[1], package) for package in packages), key=lambda one: (-one[0], one[1].name))
    for size, package in sized:
        least = min(filled, key=lambda one: one[0])
        least[0] += size
        least[1].mkdir(parents=True, exist_ok=True)
        package.rename(least[1] / package.name)


def whole(folder, make):
    """Makes a folder at once, or not at all."""
    if folder.exists():
        return
    begun = folder.with_name(folder.name + ".begun")
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    make(begun)
    begun.rename(folder)


def texts(unpacked, smallest=0, largest=1 << 62):
    """The scripts of all packages, in the order of the packages' names."""
    packages = sorted(unpacked.glob("*/*/*"), key=lambda package: package.name)
    return itertools.chain.from_iterable(made.scripts(package, smallest, largest) for package in packages)


def full(work, listing):
    """The set of the list. A folder `work` holds no other."""
    all_of = placed(work)
    known, text = work / "packages.txt", listing.read_text()
    if all_of.unpacked.exists() and (not known.exists() or known.read_text() != text):
        for old in (all_of.archives, all_of.unpacked, work / "made"):
            shutil.rmtree(old, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    known.write_text(text)
    names = fetch.packages(all_of.archives, listing, WHEELS)

    def unpack(to):
        for name in names:
            fetch.unpack(all_of.archives / name, to / "all" / stem(all_of.archives / name))
        in_quarters(sorted((to / "all").iterdir()), to)
        (to / "all").rmdir()

    whole(all_of.unpacked, unpack)
    from_it = lambda smallest, largest=1 << 62: texts(all_of.unpacked, smallest, largest)
    # As large as the map that made this kind of leak known, and of about as many sources.
    whole(all_of.map, lambda to: made.source_map(from_it(6_000, 400_000), to / "cli.js.map", 60_000_000))
    whole(all_of.bundle, lambda to: made.bundle(from_it(500_000), to / "bundle.js", 100_000_000))
    whole(all_of.model, lambda to: made.gguf(to / "model.gguf", 4 << 30))
    whole(all_of.small, small)
    return all_of


def small(to):
    (to / "index.js").write_text("export const answer = 42;\n")


def quick(work):
    """A set of the same shape that takes no time."""
    shutil.rmtree(work, ignore_errors=True)
    all_of = placed(work)
    all_of.archives.mkdir(parents=True)

    def unpack(to):
        made.small_set(to / "all", all_of.archives)
        in_quarters(sorted((to / "all").iterdir()), to)
        (to / "all").rmdir()

    whole(all_of.unpacked, unpack)
    whole(all_of.map, lambda to: made.source_map(texts(all_of.unpacked), to / "cli.js.map", 600_000))
    whole(all_of.bundle, lambda to: made.bundle(texts(all_of.unpacked), to / "bundle.js", 1_000_000))
    whole(all_of.model, lambda to: made.gguf(to / "model.gguf", 64 << 20))
    whole(all_of.small, small)
    return all_of
