"""What is measured, and what it must show."""

import dataclasses
import pathlib
import shlex
import shutil
import subprocess

from . import fetch
from .inputs import files
from .measure import Program

MB = 1e6
# Something that no file has: the search for it is the price of looking at every byte once.
ABSENT = "no file has this in it: zqxjkvbpyw"
# How often that runs which takes only milliseconds.
REPEAT = 20


@dataclasses.dataclass
class Target:
    """One line of what it must show."""

    work: str
    wanted: str
    measured: str
    # `None`: cannot be said.
    met: bool | None


@dataclasses.dataclass
class Work:
    """One table."""

    title: str
    about: str
    # The first is what the others are compared with.
    programs: list
    targets: list


@dataclasses.dataclass
class Bench:
    """What all works need."""

    program: pathlib.Path
    inputs: object
    peers: dict
    launcher: object
    rounds: int
    cap: float
    work: pathlib.Path
    # Another build of lastlook.
    against: pathlib.Path | None = None

    def lastlook(self, target, name="lastlook", size=0, threads=2, program=None):
        arguments = ["--no-config", "--no-progress", "--threads", threads, "--report", "json", target]
        # A folder is looked at whole, like the peers do it. An older build knows no other way.
        if program is None:
            arguments = ["--target", "folder", *arguments]
        # 1: there are findings. 3: something could not be looked at.
        return Program(name, [program or self.program, *arguments], size, ok=(0, 1, 3))

    def both(self, target, size=0):
        """lastlook, and the build that it is compared with."""
        other = [self.lastlook(target, "lastlook, the other build", size, program=self.against)] if self.against else []
        return [self.lastlook(target, size=size), *other]

    def peer(self, name, command, size=0, **more):
        """A list with a peer's line, or nothing where the peer is missing."""
        program = self.peers.get(name)
        return [Program(more.pop("label", name), command(program), size, **more)] if program else []

    def rg(self, target, size=0, threads=2, label="rg"):
        command = lambda rg: [rg, "--no-config", "-uuu", "-j", threads, "-c", "-F", ABSENT, target]
        return self.peer("rg", command, size, ok=(1,), label=label)

    def kingfisher(self, target, size=0):
        cache = ["--rule-cache-dir", self.work / "peers/kingfisher-cache", "--jobs", "2"]
        command = lambda program: [*fetch.kingfisher_scan(program, "/dev/null", *cache), target]
        return self.peer("kingfisher", command, size, ok=(0, 200))

    def ripsecrets(self, target, size=0):
        return self.peer("ripsecrets", lambda program: [program, target], size, ok=(0, 1), cap=self.cap)

    def secretlint(self, target, size=0):
        config = lambda program: program.parent.parent.parent / ".secretlintrc.json"
        command = lambda program: [program, "--secretlintrc", config(program), "--no-gitignore", f"{target}/**/*"]
        return self.peer("secretlint", command, size, ok=(0, 1), cap=self.cap)

    def measure(self, programs, repeat=1):
        self.launcher.interleaved(programs, self.rounds, repeat)


def by_name(programs):
    return {program.name: program for program in programs}


def at_most(work, first, second, bound, against):
    """The first takes at most so many times as long as the second."""
    wanted = f"at most {bound} times {against}"
    if second is None:
        return Target(work, wanted, "the peer is missing", None)
    ratio = first.seconds() / second.seconds()
    return Target(work, wanted, f"{ratio:.2f} times" + by_cpu(first, second, "{:.2f}"), ratio <= bound)


def by_cpu(first, second, form):
    """The same ratio of CPU times: what it would be if nothing else ran and all threads were busy."""
    if second.prints_seconds or second.was_capped() or first.seconds() < 0.05:
        return ""
    return f" (CPU time: {form.format(first.median('cpu') / second.median('cpu'))})"


def faster(work, first, second, bound, against):
    """The first is at least so many times as fast as the second."""
    wanted = f"at least {bound} times faster than {against}"
    if second is None:
        return Target(work, wanted, "the peer is missing", None)
    ratio = second.seconds() / first.seconds()
    if second.was_capped():
        return Target(work, wanted, f"{ratio:.0f} times or more: it was ended", True if ratio >= bound else None)
    return Target(work, wanted, f"{ratio:.1f} times" + by_cpu(second, first, "{:.1f}"), ratio >= bound)


def two_threads(two, one, named):
    """What a search for one word gains on the same files says what the machine allows."""
    ratio = one.seconds() / two.seconds()
    rg = [named[name].seconds() for name in ("rg, 1 thread", "rg") if name in named]
    beside = f" (rg: {rg[0] / rg[1]:.2f})" if len(rg) == 2 else ""
    return Target("the same, 2 threads", "at least 1.8 times as fast as 1", f"{ratio:.2f} times{beside}", ratio >= 1.8)


def unpacked(bench):
    folder = bench.inputs.unpacked
    count, size, largest = files(folder)
    single = bench.lastlook(folder, "lastlook, 1 thread", size, threads=1)
    programs = [*bench.both(folder, size), single]
    programs += bench.rg(folder, size) + bench.rg(folder, size, threads=1, label="rg, 1 thread")
    programs += bench.kingfisher(folder, size) + bench.ripsecrets(folder, size) + bench.secretlint(folder, size)
    bench.measure(programs)
    ours, named = programs[0], by_name(programs)
    work = f"{count:,} files, {size / MB:.0f} MB unpacked"
    bound = 80 + largest / MB
    targets = [
        at_most(work, ours, named.get("rg"), 3.0, "`rg -uuu -c` for one absent literal"),
        faster("the same", ours, named.get("kingfisher"), 5, "kingfisher"),
        faster("the same", ours, named.get("ripsecrets"), 40, "ripsecrets"),
        faster("the same", ours, named.get("secretlint"), 500, "secretlint"),
        Target(
            "the same, peak memory", f"at most 80 MB and the largest file, {bound:.0f} MB", f"{ours.peak() / MB:.0f} MB",
            ours.peak() <= bound * MB,
        ),
        two_threads(ours, single, named),
    ]
    about = f"{work}, the largest {largest / MB:.1f} MB. What takes longer than a minute runs once, and is ended after {bench.cap:.0f} s."
    return Work("Unpacked packages", about, programs, targets)


def archives(bench):
    folder = bench.inputs.archives
    count, size, _ = files(folder)
    _, inflated, _ = files(bench.inputs.unpacked)
    # The largest first, so that neither core waits at the end.
    lines = sorted(folder.iterdir(), key=lambda path: (-path.stat().st_size, path.name))
    lines = [f"{'gzip -dc' if path.suffix == '.tgz' else 'unzip -p'} {path.name}" for path in lines]
    listing = bench.work / "inflate.txt"
    listing.write_text("".join(f"{line}\n" for line in lines))
    there, written = shlex.quote(str(folder)), shlex.quote(str(listing))
    both = all(bench.peers.get(name) for name in ("gzip", "unzip"))
    programs = bench.both(folder, size)
    if both:
        programs.append(Program("gzip and unzip, one at a time", ["sh", "-c", f"cd {there} && sh {written}"], size))
    if both and bench.peers.get("xargs"):
        command = f"cd {there} && xargs -P 2 -I LINE sh -c LINE < {written}"
        programs.append(Program("gzip and unzip, two at a time", ["sh", "-c", command], size))
    programs += bench.kingfisher(folder, size)
    bench.measure(programs)
    named = by_name(programs)
    targets = [
        at_most("the same as archives", programs[0], named.get("gzip and unzip, two at a time"), 1.2, "`gzip -dc` / `unzip -p`, two at a time"),
        at_most("the same", programs[0], named.get("gzip and unzip, one at a time"), 1.2, "`gzip -dc` / `unzip -p`, one at a time"),
    ]
    about = f"{count} archives, {size / MB:.0f} MB, which hold {inflated / MB:.0f} MB. kingfisher opens them as well."
    return Work("The same as archives", about, programs, targets)


PARSE = """
const started = process.hrtime.bigint();
const map = JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'));
if (map.sources.length === 0) process.exit(1);
console.log(Number(process.hrtime.bigint() - started) / 1e9);
"""


def source_map(bench):
    file = bench.inputs.only_file("map")
    size = file.stat().st_size
    programs = bench.both(bench.inputs.map, size)
    programs += bench.peer("node", lambda node: [node, "-e", PARSE, file], size, label="node: read and `JSON.parse`", prints_seconds=True)
    programs += bench.peer("node", lambda node: [node, "-e", PARSE, file], size, label="node: start to finish")
    programs += bench.rg(bench.inputs.map, size) + bench.kingfisher(bench.inputs.map, size)
    bench.measure(programs)
    ours, named = programs[0], by_name(programs)
    work = f"one map of {size / MB:.0f} MB"
    ratio = ours.peak() / size
    targets = [
        at_most(work, ours, named.get("node: read and `JSON.parse`"), 0.5, "node's `JSON.parse`, without the start of node"),
        Target("the same, peak memory", "at most 1.6 times the file", f"{ratio:.2f} times", ratio <= 1.6),
    ]
    return Work("One large map", "Seven tenths of it are embedded sources, the rest mappings.", programs, targets)


def bundle(bench):
    size = bench.inputs.only_file("bundle").stat().st_size
    programs = [*bench.both(bench.inputs.bundle, size), *bench.rg(bench.inputs.bundle, size), *bench.kingfisher(bench.inputs.bundle, size)]
    bench.measure(programs)
    target = at_most(f"one line of {size / MB:.0f} MB", programs[0], by_name(programs).get("rg"), 4, "`rg -c` for one absent literal")
    return Work("One large bundle", "All scripts of the set that are large, on a single line.", programs, [target])


def small(bench):
    folder = bench.inputs.small
    programs = [*bench.both(folder), *bench.rg(folder), *bench.ripsecrets(folder)]
    bench.measure(programs, REPEAT)
    bench.measure(kingfisher := bench.kingfisher(folder))
    milliseconds = programs[0].seconds() * 1000
    work = "a folder with one small file"
    targets = [
        Target(work, "at most 15 ms", f"{milliseconds:.1f} ms", milliseconds <= 15),
        at_most("the same", programs[0], by_name(programs).get("rg"), 2.5, "`rg`"),
    ]
    return Work("Start to finish", f"{work.capitalize()}: what it costs to start.", programs + kingfisher, targets)


def model(bench):
    size = bench.inputs.only_file("model").stat().st_size
    programs = bench.both(bench.inputs.model)
    bench.measure(programs, REPEAT)
    milliseconds, peak = programs[0].seconds() * 1000, programs[0].peak() / MB
    targets = [
        Target(f"a model of {size / (1 << 30):.1f} GiB", "at most 20 ms", f"{milliseconds:.1f} ms", milliseconds <= 20),
        Target("the same, peak memory", "at most 32 MB", f"{peak:.0f} MB", peak <= 32),
    ]
    return Work("One large model", "A GGUF with 291 tensors and 32,000 words, and a hole where the weights are.", programs, targets)


def growth(bench):
    """Quarters, halves and the whole of the same packages: together they are the same bytes each time."""
    folder = bench.inputs.unpacked
    quarters = [bench.lastlook(path, f"quarter {number}", files(path)[1]) for number, path in enumerate(sorted(folder.glob("*/*")), 1)]
    halves = [bench.lastlook(path, f"half {number}", files(path)[1]) for number, path in enumerate(sorted(folder.glob("*")), 1)]
    whole = bench.lastlook(folder, "the whole", files(folder)[1])
    start = bench.lastlook(bench.inputs.small, "to start")
    bench.measure([*quarters, *halves, whole, start])
    # Every run starts once: what that costs is no part of what grows.
    total = lambda programs: sum(program.median("cpu") - start.median("cpu") for program in programs)
    wanted = "grows by at most 5 % over linear"
    over = lambda parts: total([whole]) / total(parts) - 1
    targets = [
        Target("a quarter of the set, then all of it: CPU time", wanted, f"{over(quarters):+.1%}", over(quarters) <= 0.05),
        Target("half of the set, then all of it: CPU time", wanted, f"{over(halves):+.1%}", over(halves) <= 0.05),
    ]
    about = "The unpacked packages in four quarters of about equal size, each by itself, in two halves, and all at once."
    return Work("1, 2 and 4 times the input", about, [whole, *halves, *quarters, start], targets)


def binary(bench):
    copy = bench.work / "stripped"
    shutil.copyfile(bench.program, copy)
    strip = shutil.which("strip")
    stripped = bool(strip) and subprocess.run([strip, copy]).returncode == 0
    size = copy.stat().st_size / MB
    name = "release binary, stripped" if stripped else "release binary, not stripped: no `strip` at hand"
    return Work("", "", [], [Target(name, "at most 12 MB", f"{size:.1f} MB", size <= 12 if stripped or size <= 12 else None)])


WORKS = {
    "unpacked": unpacked,
    "archives": archives,
    "map": source_map,
    "bundle": bundle,
    "small": small,
    "model": model,
    "growth": growth,
    "binary": binary,
}
