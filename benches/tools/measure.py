"""Runs programs by turns and keeps what each run cost."""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys

# What takes so many seconds runs once: beside what takes one, it does not matter how exactly it is known.
SLOW = 60
LAUNCHER = pathlib.Path(__file__).with_name("launch.py")


@dataclasses.dataclass
class Program:
    """One line of a table: a command on one input."""

    name: str
    command: list
    # The bytes that it is given; 0 where bytes per second would say nothing.
    size: int = 0
    # Exit codes of a run that did its work.
    ok: tuple = (0,)
    # It prints how many seconds counted; the rest is not held against it.
    prints_seconds: bool = False
    # It is ended after so many seconds.
    cap: float = 0
    runs: list = dataclasses.field(default_factory=list)

    def median(self, what="seconds"):
        return statistics.median(run[what] for run in self.runs)

    def seconds(self):
        return self.median()

    def peak(self):
        return max(run["peak"] for run in self.runs)

    def was_capped(self):
        return any(run["capped"] for run in self.runs)

    def codes(self):
        return sorted({run["code"] for run in self.runs})


class Launcher:
    """launch.py, running."""

    def __init__(self, scratch):
        self.output = str(scratch / "output")
        self.process = subprocess.Popen([sys.executable, "-I", "-S", str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, program):
        output = self.output if program.prints_seconds else None
        request = {"command": [str(part) for part in program.command], "output": output, "cap": program.cap}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        run = json.loads(self.process.stdout.readline())
        run["capped"] = bool(program.cap) and run["code"] < 0
        if run["code"] not in program.ok and not run["capped"]:
            sys.exit(f"{program.name} ended with {run['code']}: {' '.join(request['command'])}")
        if program.prints_seconds:
            run["seconds"] = float(pathlib.Path(self.output).read_text())
        return run

    def interleaved(self, programs, rounds, repeat=1):
        """Every program once to warm what it reads and keeps, then `rounds` times A B C, A B C …; `repeat` runs each time
        for what takes only milliseconds. What is slow, or was ended, runs once."""
        turns = []
        for program in programs:
            first = self.run(program)
            if first["capped"] or first["seconds"] > SLOW:
                program.runs.append(first)
            else:
                turns.append(program)
        for _ in range(rounds):
            for program in turns:
                program.runs.extend(self.run(program) for _ in range(repeat))
