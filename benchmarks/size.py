"""Memory and processor time by the number of rows: `python -m benchmarks.size` prints tables.

It reads one stream of 1, 3 and 10 million rows, and a child stream of many parents. Anonymous memory is
`RssAnon` of `/proc/<pid>/status`, sampled five times a second. File-backed memory, which the kernel can
reclaim, is `RssFile` and `RssShmem`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import PROJECT
from benchmarks.servers import mock_server
from benchmarks.session import CLIENT_ID, CLIENT_SECRET

MIB = 2**20
SAMPLING_SECONDS = 0.2


@dataclass(frozen=True)
class Usage:
    """Resources of one run: seconds, and peak memory in bytes."""

    records: int
    processor: float
    wall: float
    anonymous: int
    in_files: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--parents", type=int, nargs="*", default=[100_000, 500_000])
    arguments = parser.parse_args()
    print("| rows of one stream | anonymous memory | file-backed | processor time per row |")
    print("|---|---|---|---|")
    for rows in arguments.rows:
        with _large_collection(rows) as url:
            usage = _read(url, ["computers"])
        assert usage.records == rows, f"{usage.records} of {rows} rows"
        print(
            f"| {rows:,} | {usage.anonymous / MIB:.0f} MiB | {usage.in_files / MIB:.0f} MiB | "
            f"{1e6 * usage.processor / rows:.1f} µs |",
            flush=True,
        )
    print(
        "\n| parents of a child stream | anonymous memory | file-backed "
        "| wall time | processor time per parent |"
    )
    print("|---|---|---|---|---|")
    for parents in arguments.parents:
        with (
            tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
            mock_server(Path(folder), computers=parents, records=0, latency_ms=0, page_size=1000) as server,
        ):
            usage = _read(server.url, ["computer_hard_drives"])
        print(
            f"| {parents:,} | {usage.anonymous / MIB:.0f} MiB | {usage.in_files / MIB:.0f} MiB "
            f"| {usage.wall:.0f} s | {1e6 * usage.processor / parents:.0f} µs |",
            flush=True,
        )


@contextmanager
def _large_collection(rows: int) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.changing_server", "--rows", str(rows), "--latency-ms", "0"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def _read(url: str, streams: list[str]) -> Usage:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        config = {
            "region": "westeurope",
            "api_url": url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "page_size": 1000,
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "catalog.json").write_text(json.dumps(_catalog(streams)), encoding="utf-8")
        command = [sys.executable, "-m", "source_snow_atlas.run", "read"]
        command += ["--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")]
        started = time.monotonic()
        with (
            open(folder / "log", "wb") as log,
            subprocess.Popen(
                ["grep", "-c", '^{"type":"RECORD"'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as counter,
        ):
            process = subprocess.Popen(command, cwd=PROJECT, stdout=counter.stdin, stderr=log)
            assert counter.stdin is not None
            assert counter.stdout is not None
            counter.stdin.close()
            highest = _watch(process.pid, lambda: os.waitid(os.P_PID, process.pid, _WITHOUT_REAPING))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            records = int(counter.stdout.read())
        if process.returncode:
            raise RuntimeError((folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
    return Usage(records, usage.ru_utime + usage.ru_stime, time.monotonic() - started, *highest)


_WITHOUT_REAPING = os.WEXITED | os.WNOHANG | os.WNOWAIT


def _watch(pid: int, ended: Callable[[], object]) -> tuple[int, int]:
    """Return the peak memory of a process: anonymous and file-backed."""
    anonymous = in_files = 0
    while ended() is None:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        except OSError:
            break
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss")}
        anonymous = max(anonymous, sizes.get("RssAnon", 0))
        in_files = max(in_files, sizes.get("RssFile", 0) + sizes.get("RssShmem", 0))
        time.sleep(SAMPLING_SECONDS)
    return anonymous, in_files


def _catalog(streams: list[str]) -> dict[str, Any]:
    return {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
            for name in streams
        ]
    }


if __name__ == "__main__":
    main()
