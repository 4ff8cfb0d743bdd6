"""Runs the program in its own place: same arguments, same streams, same ending."""

import os
import subprocess
import sys

from lastlook import find_program


def main() -> int:
    try:
        program = find_program()
    except FileNotFoundError as error:
        # 2 as for wrong usage: never a verdict.
        print(f"error: {error}", file=sys.stderr)
        return 2
    if os.name != "nt":
        os.execv(program, [program, *sys.argv[1:]])
    # Windows has nothing like it: the caller would go on while the program still runs.
    try:
        return subprocess.call([program, *sys.argv[1:]])
    except KeyboardInterrupt:
        return 2


if __name__ == "__main__":
    sys.exit(main())
