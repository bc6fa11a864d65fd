"""Cost of changes while data is read: `python -m benchmarks.clock` prints a table in Markdown.

The connector reads a changing collection as a process. Its time is compared with that of reading the same
collection unchanged. It starts with the first record, as the start-up would hide the cost of the changes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from unit_tests.simulation.outcome import Outcome

WORKS = ((200, 100, 1.0, 200), (200, 100, 5.0, 200), (400, 200, 3.0, 50), (200, 100, 50.0, 200))
"""Number of pages, latency in milliseconds, changes per second, number of reads."""
PAGE_SIZE = 500


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="share of the reads to do")
    parser.add_argument("--least", type=int, default=5, help="least number of reads")
    arguments = parser.parse_args()
    print(
        "| work | totals | reads | wall over unchanged | requests over unchanged "
        "| rows lost | rows repeated | changes per read |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for with_total in (True, False):
        for pages, latency, rate, reads in WORKS:
            count = max(arguments.least, round(reads * arguments.share))
            print(_row(pages, latency, rate, count, with_total), flush=True)


def _row(pages: int, latency: int, rate: float, reads: int, with_total: bool) -> str:
    with _server(pages * PAGE_SIZE, latency, with_total) as url:
        unchanged = [_read(url, 0, seed) for seed in range(5)]
        changing = [_read(url, rate, seed) for seed in range(1, reads + 1)]
    wall = median(read.seconds for read in changing) / median(read.seconds for read in unchanged)
    requests = sum(read.requests for read in changing) / reads / median(read.requests for read in unchanged)
    return (
        f"| {pages} pages, {latency} ms, {rate:g} changes/s | "
        f"{'items and pages' if with_total else 'pages only'} | {reads} "
        f"| {wall:.2f} | {requests:.3f} | {sum(read.lost for read in changing)} | "
        f"{sum(read.repeated for read in changing)} "
        f"| {sum(read.changes for read in changing) / reads:.1f} |"
    )


@contextmanager
def _server(rows: int, latency: int, with_total: bool) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.changing_server",
        "--rows",
        str(rows),
        "--latency-ms",
        str(latency),
    ]
    process = subprocess.Popen(
        [*command, *([] if with_total else ["--no-total"])], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def _read(url: str, rate: float, seed: int) -> Outcome:
    urllib.request.urlopen(
        urllib.request.Request(f"{url}/reset?rate={rate}&seed={seed}", method="POST")
    ).close()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        config = {
            "region": "westeurope",
            "api_url": url,
            "client_id": "benchmark",
            "client_secret": "no-secret",
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "catalog.json").write_text(json.dumps(_catalog()), encoding="utf-8")
        command = [sys.executable, "-m", "source_snow_atlas.run", "read"]
        command += ["--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        ids: list[int] = []
        started: float | None = None
        for line in process.stdout:
            if line.startswith(b'{"type":"RECORD"'):
                started = started or time.monotonic()
                ids.append(int(json.loads(line)["record"]["data"]["id"]))
        seconds = time.monotonic() - (started or time.monotonic())
        if process.wait():
            raise RuntimeError("the connector failed")
    with urllib.request.urlopen(f"{url}/truth") as reply:
        truth = json.load(reply)
    stable = set(range(truth["initial"])).difference(truth["gone"])
    return Outcome.of(ids, stable, seconds=seconds, requests=truth["requests"], changes=truth["changes"])


def _catalog() -> dict[str, Any]:
    stream = {"name": "computers", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    return {
        "streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}]
    }


if __name__ == "__main__":
    main()
