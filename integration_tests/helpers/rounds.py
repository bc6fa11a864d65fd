"""A company whose rows all say of which round they are, and the command that is ended while it reads them.

In each round every application and licence is another, and every fifth computer is scanned again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
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
"""The streams, and the field of each that says of which round a row is."""
PATHS = {definitions.parameters(stream)["path"]: stream for stream in FIELDS}
ARGUMENTS = ("--streams", ",".join(FIELDS), "--incremental", MERGED)
EVERY = 5
"""In each round one of so many computers is scanned."""
SINCE = re.compile(r'lastScanDate -ge "([^"]+)"')
PATIENCE = 60.0


@dataclass
class Company:
    """What the server has."""

    rows: int = 3_000
    round: int = 0
    seconds: float = 0.0
    """What each page takes."""
    filters: list[str] = field(default_factory=list)
    """What the computers were asked for with."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return grant(asked)
        if asked.path not in PATHS:
            return Answer(404, {"error": {"code": 404, "message": "no"}})
        time.sleep(self.seconds)
        stream = PATHS[asked.path]
        there = range(self.rows)
        since = SINCE.search(asked.query.get("filter", ""))
        if since is not None:
            self.filters.append(since[1])
            there = [row for row in there if scanned(self.round_of(stream, row)) >= since[1]]
        number, size = int(asked.query.get("page_number", 1)), int(asked.query.get("page_size", 500))
        items = [
            {
                "id": str(row),
                FIELDS[stream]: f"round {self.round_of(stream, row)}",
                "lastScanDate": scanned(self.round_of(stream, row)),
            }
            for row in there[(number - 1) * size : number * size]
        ]
        pages = {"page_size": size, "page_number": number, "total_pages": -(-len(there) // size)}
        return Answer(body={"items": items, "pagination": {**pages, "total_items": len(there)}})

    def round_of(self, stream: str, row: int, at: int | None = None) -> int:
        """The round that a row is of in a round, which is the present one where none is named."""
        now = self.round if at is None else at
        return max(0, now - (now - row) % EVERY) if stream == MERGED else now

    def table(self, stream: str, at: int) -> dict[str, str]:
        """The rows of a table that was synced in a round."""
        return {str(row): f"round {self.round_of(stream, row, at)}" for row in range(self.rows)}

    def rounds(self, filled: Target, *among: dict[str, int]) -> dict[str, int]:
        """Of which round each table is; it must be whole, and of one of those that it may be of."""
        found = {}
        for stream, name in FIELDS.items():
            rows = filled.rows(stream)
            table = {row["id"]: row[name.lower()] for row in rows}
            assert len(table) == len(rows), f"{stream} has rows twice"
            fits = [at for at in {each[stream] for each in among} if self.table(stream, at) == table]
            assert fits, f"{stream} has {len(table)} rows, of the rounds {sorted(set(table.values()))}"
            found[stream] = max(fits)
        return found

    def everywhere(self, at: int) -> dict[str, int]:
        return dict.fromkeys(FIELDS, at)


def scanned(round_: int) -> str:
    # two days apart, as a sync asks for one day more than its state says
    return f"20{20 + round_ // 120}-{1 + round_ // 10 % 12:02}-{1 + 2 * (round_ % 10):02}T00:00:00Z"


@contextmanager
def serving_rounds(rows: int = 3_000) -> Iterator[tuple[Company, ScriptedServer]]:
    company = Company(rows)
    with serving(company.answer) as server:
        yield company, server


@dataclass(frozen=True)
class Ended:
    """How a command ended, what it said, and whether the signal found it running."""

    code: int
    said: str
    seconds: float
    hit: bool


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def ended_at(
    filled: Target, moment: Callable[[float], bool], number: int = 0, *, connector: bool = False
) -> Ended:
    """Start a sync, and send a signal to it, or to its connector, at a moment: of the seconds since its
    start.
    """
    start = time.monotonic()
    hit, started = False, []
    with filled.start(*ARGUMENTS) as process:
        while process.poll() is None and number:
            started = children(process.pid) or started
            if moment(time.monotonic() - start):
                left = started if connector else [process.pid]
                if left and running(left[-1]):
                    os.kill(left[-1], number)
                    hit = True
                    break
                if connector and time.monotonic() - start > PATIENCE:
                    break
            time.sleep(0.001)
        output, errors = process.communicate(timeout=PATIENCE)
    seconds = time.monotonic() - start
    deadline = time.monotonic() + PATIENCE
    while any(map(running, started)):
        assert time.monotonic() < deadline, "the connector goes on without the command"
        time.sleep(0.01)
    return Ended(process.returncode, output + errors, seconds, hit)


def running(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
