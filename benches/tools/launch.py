"""Starts programs for measure.py and says what each of them cost.

A process of its own, and a small one: the system counts what the starter held in memory as the peak of what it starts.
One request a line, one answer a line, both JSON.
"""

import json
import os
import signal
import sys
import time


def stop(child):
    def ring(*_):
        os.killpg(child, signal.SIGKILL)

    return ring


def launch(command, output, cap):
    nothing = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=nothing, setpgroup=0)
    if cap:
        signal.signal(signal.SIGALRM, stop(child))
        signal.setitimer(signal.ITIMER_REAL, cap)
    try:
        _, status, used = os.wait4(child, 0)
    except KeyboardInterrupt:
        os.killpg(child, signal.SIGKILL)
        raise
    seconds = time.monotonic() - started
    signal.setitimer(signal.ITIMER_REAL, 0)
    return {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        # Negative: ended by that signal.
        "code": os.waitstatus_to_exitcode(status),
    }


for line in sys.stdin:
    print(json.dumps(launch(**json.loads(line))), flush=True)
