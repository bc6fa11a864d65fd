"""Time of a sync compared with that of reading alone.

    python -m integration_tests.loading [--computers 20000] [--rounds 3] [--no-postgres]
    python -m integration_tests.loading --streams computers --rows 5000000 --rounds 1

Each round reads with `source-snow-atlas read >/dev/null`, syncs into DuckDB and syncs into PostgreSQL. The
table has medians of the wall time and of the processor time of all processes except the sandbox, and the
maximum of the memory that command and connector hold together. `--sandbox FILE` uses a running sandbox, whose
first line of output is in the file. `--rows` serves this many computers, which are generated on request.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.helpers.connector import configured_catalog
from integration_tests.helpers.postgres_server import private_postgres
from integration_tests.soak import PATH, ManyRows
from sandbox import Route, Sandbox
from tools.sandbox_process import running_sandbox

MEMORY_INTERVAL = 0.05


@dataclass(frozen=True)
class Run:
    """Resources of one run."""

    wall: float
    processor: float
    megabytes: float


def resident(process: int) -> int:
    """Return the resident bytes of a process and its children. Shared pages count for each of them."""
    total, queue = 0, [process]
    while queue:
        each = queue.pop()
        with contextlib.suppress(OSError, ValueError):
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * resource.getpagesize()
            queue += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return total


def run(command: Sequence[str], folder: Path, variables: dict[str, str]) -> Run:
    """Run a command, which must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    largest = 0
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=errors
        )

        def watch() -> None:
            nonlocal largest
            while process.returncode is None:
                largest = max(largest, resident(process.pid))
                time.sleep(MEMORY_INTERVAL)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        watcher.join()
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != 0:
        raise SystemExit(
            f"{command[:4]} failed with the exit code {code}: {(folder / 'errors').read_text()[-2000:]}"
        )
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, spent, largest / 2**20)


def measure(config: dict[str, Any], streams: list[str], rounds: int, postgres: bool) -> dict[str, list[Run]]:
    """Run all ways in each round, and return the runs by way."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "catalog.json").write_text(json.dumps(configured_catalog(streams)), encoding="utf-8")
        program = Path(sys.executable).with_name("source-snow-atlas")
        sync = [
            sys.executable,
            "-m",
            "snow_atlas_sync",
            "--config",
            "config.json",
            "--streams",
            ",".join(streams),
        ]
        variables = {"SNOW_ATLAS_SYNC_FOLDER": str(folder / "waiting")}
        ways: dict[str, list[str]] = {
            "read": [str(program), "read", "--config", "config.json", "--catalog", "catalog.json"],
            "DuckDB": [*sync, "--database", "snow_atlas.duckdb"],
        }
        if postgres:
            server = stack.enter_context(private_postgres())
            variables["DESTINATION__POSTGRES__CREDENTIALS"] = (
                f"postgresql://{server.username}:{server.password}@{server.host}:{server.port}/{server.database}"
            )
            ways["PostgreSQL"] = [*sync, "--destination", "postgres"]
        runs: dict[str, list[Run]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, command in ways.items():
                last = run(command, folder, variables)
                runs[way].append(last)
                print(
                    f"  {way}: {last.wall:.1f} s, {last.processor:.1f} s, {last.megabytes:.0f} MiB",
                    flush=True,
                )
    return runs


def table(runs: dict[str, list[Run]]) -> str:
    """Format the medians, with their ratios to reading alone, as a table in Markdown."""
    lines = [
        "| way | seconds | to reading | processor seconds | to reading | MiB at the peak |",
        "|---|---|---|---|---|---|",
    ]
    wall = {way: statistics.median(each.wall for each in of_way) for way, of_way in runs.items()}
    spent = {way: statistics.median(each.processor for each in of_way) for way, of_way in runs.items()}
    for way, of_way in runs.items():
        peak = max(each.megabytes for each in of_way)
        lines.append(
            f"| {way} | {wall[way]:.1f} | {wall[way] / wall['read']:.2f} | {spent[way]:.1f} |"
            f" {spent[way] / spent['read']:.2f} | {peak:.0f} |"
        )
    return "\n".join(lines)


@contextlib.contextmanager
def served(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Serve the rows to read, and yield a configuration of the connector."""
    if options.rows is not None:
        route = Route(PATH, lambda *_: ManyRows(options.rows), ("sam.computer.r",), filter_fields={})
        with Sandbox(1, routes=[route]) as sandbox:
            yield sandbox.config()
    elif options.sandbox is not None:
        yield json.loads(options.sandbox.read_text(encoding="utf-8").splitlines()[0])
    else:
        with running_sandbox(computers=options.computers) as config:
            yield config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.loading", description=__doc__)
    parser.add_argument("--computers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", default="computer_applications")
    parser.add_argument("--sandbox", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args(arguments)
    with served(options) as config:
        runs = measure(config, options.streams.split(","), options.rounds, postgres=not options.no_postgres)
    print(table(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
