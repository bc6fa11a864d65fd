"""Read the suggested streams from a sandbox with the plain command, where there is no PyAirbyte to do it.

`python -m tools.read_sandbox COMPUTERS` runs `source-snow-atlas read` of the environment it is started in,
and fails unless every stream ended complete.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tools.sandbox_process import PROJECT, config_for, running_sandbox

CATALOG = PROJECT / "integration_tests" / "configured_catalog.json"
COMMAND = Path(sys.executable).with_name("source-snow-atlas")


def main(computers: int) -> int:
    catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    wanted = {stream["stream"]["name"] for stream in catalog["streams"]}
    with running_sandbox(computers=computers) as announced, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(config_for(announced)), encoding="utf-8")
        command = [str(COMMAND), "read", "--config", str(config), "--catalog", str(CATALOG)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    records: Counter[str] = Counter()
    complete = set()
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            records[message["record"]["stream"]] += 1
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            if status["status"] == "COMPLETE":
                complete.add(status["stream_descriptor"]["name"])
    print(f"{len(complete)} of {len(wanted)} streams complete, {records.total():,} records")
    return 0 if done.returncode == 0 and complete == wanted and records else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
