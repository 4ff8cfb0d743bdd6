"""Pages of results."""

import os
import pathlib
import platform
import re
import subprocess

from . import fetch

MB = 1e6


def machine():
    info = pathlib.Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.*)", info.read_text()) if info.exists() else None
    return f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}, {platform.system()}"


def memory():
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return ""
    return f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / (1 << 30):.0f} GiB of memory"


def first_line(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0]


def versions(bench):
    """Name and version of every program, and what is missing."""
    pinned = {"kingfisher": fetch.KINGFISHER, "ripsecrets": fetch.RIPSECRETS, "secretlint": fetch.SECRETLINT}
    asked = {"rg": ["--version"], "node": ["--version"], "gzip": ["--version"], "unzip": ["-v"]}
    yield first_line(bench.program, "--version") + " (release build)"
    for name, program in bench.peers.items():
        if program and name in pinned:
            yield f"{name} {pinned[name]}"
        elif program and name in asked:
            version = re.search(r"\d+\.\d+(\.\d+)?", first_line(program, *asked[name]))
            yield f"{name} {version.group() if version else ''}".strip()
    missing = [name for name, program in bench.peers.items() if not program]
    if missing:
        yield "not to be had here, and left out: " + ", ".join(missing)


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def row(program, first):
    over = "more than " if program.was_capped() else ""
    times = [run["seconds"] for run in program.runs]
    spread = f"{seconds(min(times))} to {seconds(max(times))}" if len(times) > 1 else ""
    ratio = "" if program is first else f"{over}{program.seconds() / first.seconds():.2f}"
    speed = f"{program.size / program.seconds() / MB:,.0f}" if program.size else ""
    codes = ", ".join("ended" if code < 0 else str(code) for code in program.codes())
    cells = [program.name, over + seconds(program.seconds()), spread, ratio, seconds(program.median("cpu"))]
    cells += [f"{program.peak() / MB:.0f} MB", speed if not over else f"less than {speed}", str(len(times)), codes]
    return "| " + " | ".join(cells) + " |"


def table(work):
    first = work.programs[0]
    yield from [f"## {work.title}", "", work.about, ""]
    yield f"| program | median | from, to | times {first.name} | CPU time | peak memory | MB/s | runs | exit codes |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield from (row(program, first) for program in work.programs)
    yield ""


def page(bench, results, load, given):
    lines = ["# Speed", ""]
    lines += ["Written by `benches/compare`; read there what is run. Nothing in it is edited by hand.", ""]
    lines += [f"On {machine()}{memory()}; the programs were held to two cores and ran by turns, {given.rounds} rounds after one to warm up."]
    if load is not None:
        lines += [f"Load of the machine when it began: {load:.1f}. Above 0.5 something else was running, and the figures are worth less."]
    lines += [""] + [f"- {version}" for version in versions(bench)] + [""]
    if given.quick:
        lines += ["A quick run on a small set: the figures say nothing.", ""]
    lines += ["## What it must show", ""]
    lines += ["Ratios of medians; full rule set, all formats.", ""]
    lines += ["| work | wanted | measured | met |", "|---|---|---|---|"]
    word = {True: "yes", False: "no", None: "cannot be said"}
    for target in (target for work in results for target in work.targets):
        lines.append(f"| {target.work} | {target.wanted} | {target.measured} | {word[target.met]} |")
    lines.append("")
    for work in results:
        if work.programs:
            lines += table(work)
    lines += ["Peak memory is what the system counts for the largest process, mapped files included; nothing below"]
    lines += ["10 MB can be seen. CPU time is that of all threads and processes of a program. MB/s counts the bytes of the"]
    lines += ["input as it is given: packed, where it is packed."]
    return "\n".join(lines) + "\n"
