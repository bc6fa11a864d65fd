"""Server whose rows name the round they belong to, and syncs that are killed while they read it.

In each round all applications and licences change, and every fifth computer is scanned again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from integration_tests.helpers.scripted_server import (
    TOKEN_PATH,
    Answer,
    Asked,
    ScriptedServer,
    grant,
    serving,
)
from integration_tests.helpers.syncing import Target
from source_snow_atlas import definitions

MERGED = "computers"
FIELDS = {"applications": "name", "licenses": "externalId", MERGED: "hostName"}
"""Streams, each with the field that names the round of a row."""
PATHS = {definitions.parameters(stream)["path"]: stream for stream in FIELDS}
ARGUMENTS = ("--streams", ",".join(FIELDS), "--incremental", MERGED)
EVERY = 5
"""In each round one in this many computers is scanned."""
SINCE = re.compile(r'lastScanDate -ge "([^"]+)"')
TIMEOUT = 60.0


@dataclass
class Company:
    """Rows and replies of the server."""

    rows: int = 3_000
    round: int = 0
    seconds: float = 0.0
    """Latency of a page."""
    filters: list[str] = field(default_factory=list)
    """Dates in the filters of requests for computers."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return grant(asked)
        if asked.path not in PATHS:
            return Answer(404, {"error": {"code": 404, "message": "no"}})
        time.sleep(self.seconds)
        stream = PATHS[asked.path]
        rows: Sequence[int] = range(self.rows)
        since = SINCE.search(asked.query.get("filter", ""))
        if since is not None:
            self.filters.append(since[1])
            rows = [row for row in rows if scanned(self.round_of(stream, row)) >= since[1]]
        number, size = int(asked.query.get("page_number", 1)), int(asked.query.get("page_size", 500))
        items = [
            {
                "id": str(row),
                FIELDS[stream]: f"round {self.round_of(stream, row)}",
                "lastScanDate": scanned(self.round_of(stream, row)),
            }
            for row in rows[(number - 1) * size : number * size]
        ]
        pages = {"page_size": size, "page_number": number, "total_pages": -(-len(rows) // size)}
        return Answer(body={"items": items, "pagination": {**pages, "total_items": len(rows)}})

    def round_of(self, stream: str, row: int, at: int | None = None) -> int:
        """Return the round in which a row last changed, as of the current round or of another one."""
        now = self.round if at is None else at
        return max(0, now - (now - row) % EVERY) if stream == MERGED else now

    def table(self, stream: str, at: int) -> dict[str, str]:
        """Return the rows of a table that was synced in a round."""
        return {str(row): f"round {self.round_of(stream, row, at)}" for row in range(self.rows)}

    def rounds(self, filled: Target, *among: dict[str, int]) -> dict[str, int]:
        """Return the round of each table, which must be complete and of one of the allowed rounds."""
        found = {}
        for stream, name in FIELDS.items():
            rows = filled.rows(stream)
            table = {row["id"]: row[name.lower()] for row in rows}
            assert len(table) == len(rows), f"{stream} has duplicate rows"
            fits = [at for at in {each[stream] for each in among} if self.table(stream, at) == table]
            assert fits, f"{stream} has {len(table)} rows, of the rounds {sorted(set(table.values()))}"
            found[stream] = max(fits)
        return found

    def everywhere(self, at: int) -> dict[str, int]:
        return dict.fromkeys(FIELDS, at)


def scanned(round_: int) -> str:
    # rounds are two days apart, as a sync overlaps the preceding one by a day
    return f"20{20 + round_ // 120}-{1 + round_ // 10 % 12:02}-{1 + 2 * (round_ % 10):02}T00:00:00Z"


@contextmanager
def serving_rounds(rows: int = 3_000) -> Iterator[tuple[Company, ScriptedServer]]:
    company = Company(rows)
    with serving(company.answer) as server:
        yield company, server


@dataclass(frozen=True)
class Ended:
    """Exit code, output and duration of a command, and whether the signal hit it while it ran."""

    code: int
    said: str
    seconds: float
    hit: bool


def children(process: int) -> list[int]:
    """Return the child processes of a process."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def ended_at(
    filled: Target, is_time: Callable[[float], bool], number: int = 0, *, connector: bool = False
) -> Ended:
    """Run a sync, and send it or its connector a signal once `is_time` is true of the elapsed seconds."""
    start = time.monotonic()
    hit = False
    started: list[int] = []
    with filled.start(*ARGUMENTS) as process:
        while process.poll() is None and number:
            started = children(process.pid) or started
            if is_time(time.monotonic() - start):
                targets = started if connector else [process.pid]
                if targets and running(targets[-1]):
                    os.kill(targets[-1], number)
                    hit = True
                    break
                if connector and time.monotonic() - start > TIMEOUT:
                    break
            time.sleep(0.004)
        output, errors = process.communicate(timeout=TIMEOUT)
    seconds = time.monotonic() - start
    deadline = time.monotonic() + TIMEOUT
    while any(map(running, started)):
        assert time.monotonic() < deadline, "the connector outlives the command"
        time.sleep(0.01)
    return Ended(process.returncode, output + errors, seconds, hit)


def running(process: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
