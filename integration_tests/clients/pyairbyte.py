"""A second sync through PyAirbyte, as programs of one's own run it: `make clients`.

    python -m integration_tests.clients.pyairbyte PYTHON

PYTHON is the one of the environment that has the client. The two reads are those of docs/pipelines.md; the
tables are compared with the sandbox's own rows. PyAirbyte has no release for Python 3.13 and later yet.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from integration_tests.helpers.expected import Expected
from sandbox import Sandbox

COMPUTERS = 30
SECONDS = 600
EXECUTABLE = Path(sys.executable).with_name("source-snow-atlas")
STREAMS = ["computers", "licenses", "organizations"]
JOB = Path(__file__).with_name("pyairbyte_job.py")


def run(python: str, folder: Path, sandbox: Sandbox) -> dict[str, list[str]]:
    """One job; the keys that each table has afterwards."""
    start = {
        "config": sandbox.config(),
        "executable": str(EXECUTABLE),
        "streams": STREAMS,
        "folder": str(folder),
    }
    done = subprocess.run(
        [python, str(JOB)],
        input=json.dumps(start),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"pyairbyte: the job failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    keys: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return keys


def main(arguments: list[str]) -> int:
    (python,) = arguments
    with tempfile.TemporaryDirectory() as name, Sandbox(computers=COMPUTERS) as sandbox:
        for step in ("first", "second"):
            keys = run(python, Path(name), sandbox)
            for stream in STREAMS:
                expected = sorted(str(row["id"]) for row in Expected(sandbox).records(stream))
                if sorted(keys[stream]) != expected:
                    raise SystemExit(f"pyairbyte: after the {step} read {stream} is not what the sandbox has")
            print(f"pyairbyte: {len(STREAMS)} tables are right after the {step} read", flush=True)
            sandbox.control.change_row("delete", "computers", position=3)
            sandbox.control.change_row("insert", "computers")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
