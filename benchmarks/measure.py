"""Measurement of one command: wall time, processor time and peak memory.

It runs as a process of its own with few imports. On Linux the peak memory of a process starts at that of its
parent, so a large parent would be measured instead of the command.
"""

import json
import os
import signal
import subprocess
import sys
import time
from typing import IO

CHUNK = 64 * 1024


def _drain(pipe: IO[bytes], target: IO[bytes], bytes_per_second: float) -> None:
    """Read a pipe at a constant rate, as a slow destination does."""
    started = time.monotonic()
    seen = 0
    while data := pipe.read(CHUNK):
        target.write(data)
        seen += len(data)
        ahead = started + seen / bytes_per_second - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


def run(job: dict[str, object]) -> dict[str, object]:
    """Run `argv` with `environment` in `folder`, with stdout and stderr in files of these names."""
    folder = str(job["folder"])
    pace = float(str(job["bytes_per_second"]))
    with open(f"{folder}/stdout", "wb") as stdout, open(f"{folder}/stderr", "wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in job["argv"]],  # type: ignore[attr-defined]
            cwd=folder,
            env=dict(job["environment"]),  # type: ignore[call-overload]
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if pace else stdout,
            stderr=stderr,
        )
        signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.signal(signal.SIGTERM, lambda *_: process.kill())
        signal.alarm(int(str(job["timeout"])))
        if process.stdout:
            _drain(process.stdout, stdout, pace)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss": usage.ru_maxrss * 1024,
        "exit": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
