"""Benchmark of the connector on servers with all kinds of limits: `make bench ARGS="--works rate-limits"`.

The connector runs as a process over HTTP. Its time, from the first request for data to the last reply, is
compared with the computed time of an ideal client (`limits.knowing_seconds`).
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import contenders
from benchmarks.data import COMPUTERS
from benchmarks.servers import limited_server
from benchmarks.session import (
    CLIENT_ID,
    CLIENT_SECRET,
    Sample,
    error_output,
    make_task,
    measured,
    wrong_records,
)
from benchmarks.works import OURS, RATE_LIMITS, WORKERS
from unit_tests.simulation.limits import LIMITS, knowing_seconds

PAGES = 600
PAGE_SIZE = 100
LATENCY_MS = 50


def run_rate_limits(rounds: int, timeout: int) -> Iterator[Sample]:
    """Yield a sample of every kind of limit, with and without `Retry-After`."""
    for number in range(rounds):
        for kind, limit in LIMITS.items():
            for announces in (True, False) if kind != "none" else (True,):
                print(f"  {limit.title}{'' if announces else ', no Retry-After'}", file=sys.stderr)
                yield _run_once(kind, announces, number, timeout)


def _run_once(kind: str, announces: bool, number: int, timeout: int) -> Sample:
    computers = PAGES * PAGE_SIZE
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as name,
        limited_server(kind, announces, number, computers, PAGE_SIZE, LATENCY_MS) as server,
    ):
        folder = Path(name)
        task = make_task(server.url, (CLIENT_ID, CLIENT_SECRET), (COMPUTERS,), WORKERS, folder)
        task = replace(task, page_size=PAGE_SIZE)
        argv = contenders.command(OURS, task, folder)
        sample = measured(argv, contenders.variables(OURS, folder, None), folder, timeout)
        figures = server.ask("/limit")
        problems = [] if sample["exit"] == 0 else [error_output(folder)]
        if not problems:
            problems = wrong_records(folder / "stdout", (COMPUTERS,), computers, 0)
    # neighbouring pages overlap, so more requests than pages are needed
    limit = LIMITS[kind].make(PAGES)(seed=number, announces=announces)
    ideal = knowing_seconds(limit, figures["served"], WORKERS, LATENCY_MS / 1000)
    return {
        "work": RATE_LIMITS,
        "contender": OURS,
        "round": number,
        **sample,
        **figures,
        "kind": kind,
        "announces": announces,
        "knowing": ideal,
        "over_knowing": figures["busy"] / ideal,
        "refused_share": figures["refused"] / (figures["served"] + figures["refused"]),
        "problems": problems,
    }
