"""A sync that is ended at any moment, from its first second to its last: every table is as it was or as it
should be, and the next sync mends what is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.scripted_server import TOKEN_PATH, Answer, Asked, grant, serving
from integration_tests.helpers.syncing import KINDS, Target, target
from source_snow_atlas import definitions

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.spread,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc"),
]

REPLACED, MERGED = ("applications", "licenses"), "computers"
STREAMS = (*REPLACED, MERGED)
FIELDS = {"applications": "name", "licenses": "externalId", "computers": "hostName"}
"""The field of each stream that says of which round a row is."""
PATHS = {definitions.parameters(stream)["path"]: stream for stream in STREAMS}
ROWS, PAGE = 3_000, 500
KILLED = -signal.SIGKILL


class Company:
    """A server whose rows all say of which round they are. In each round they are scanned a minute later."""

    def __init__(self) -> None:
        self.round = 0
        self.seconds = 0.0
        """What each page takes."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return grant(asked)
        if asked.path not in PATHS:
            return Answer(404, {"error": {"code": 404, "message": "no"}})
        time.sleep(self.seconds)
        number, size = int(asked.query.get("page_number", 1)), int(asked.query.get("page_size", PAGE))
        scanned = f"2026-01-01T00:{self.round:02}:00Z"
        rows = [
            {"id": f"{row}", FIELDS[PATHS[asked.path]]: self.name, "lastScanDate": scanned}
            for row in range(ROWS)[(number - 1) * size : number * size]
        ]
        pages = {"page_size": size, "page_number": number, "total_pages": -(-ROWS // size)}
        return Answer(body={"items": rows, "pagination": {**pages, "total_items": ROWS}})

    @property
    def name(self) -> str:
        return f"round {self.round}"


@pytest.fixture
def company() -> Iterator[tuple[Company, Any]]:
    made = Company()
    with serving(made.answer) as server:
        yield made, server


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def paths(folder: Path) -> str:
    """All that lies in a folder, one path a line."""
    return "\n".join(f"{place}/{name}" for place, _, names in os.walk(folder) for name in names)


def reading(share: float) -> Callable[[Target, int], bool]:
    """So much of the pages has been asked for."""
    return lambda _, asked: asked >= share * len(STREAMS) * ROWS / PAGE


def at_work(part: str) -> Callable[[Target, int], bool]:
    """dlt's folder has a file of this part of a load."""
    return lambda filled, _: part in paths(filled.folder / "waiting")


MOMENTS = {
    "starting": reading(0.0),
    "half the pages": reading(0.5),
    "last page": reading(1.0),
    "ready to load": at_work("/load/normalized/"),
    "filling tables": at_work("/started_jobs/"),
    "a table committed": at_work("/completed_jobs/"),
}


def rounds(filled: Target) -> dict[str, str]:
    """Of which round each table is; it must be whole, and of one round."""
    found = {}
    for stream in STREAMS:
        rows = filled.rows(stream)
        assert Counter(row["id"] for row in rows) == Counter(str(row) for row in range(ROWS)), stream
        (found[stream],) = {row[FIELDS[stream].lower()] for row in rows}
    return found


def ended_at(
    filled: Target, server: Any, moment: Callable[[Target, int], bool], number: int, child: bool = False
) -> subprocess.Popen[str]:
    """Start a sync, and send a signal to it, or to its connector, at a moment."""
    server.requests.clear()
    process = filled.start("--streams", ",".join(STREAMS), "--incremental", MERGED)
    while process.poll() is None:
        asked = sum(request.path in PATHS and "page_number" in request.query for request in server.requests)
        if moment(filled, asked) and (not child or children(process.pid)):
            os.kill(children(process.pid)[-1] if child else process.pid, number)
            break
        time.sleep(0.001)
    process.output, process.errors = process.communicate(timeout=60)  # type: ignore[attr-defined]
    return process


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_that_is_killed_at_any_moment_leaves_whole_tables(
    kind: str, company: tuple[Company, Any], tmp_path: Path
) -> None:
    """Tables would be half empty in the morning, or half of yesterday, with nothing to tell it."""
    served, server = company
    with target(kind, tmp_path, server, page_size=PAGE) as filled:
        filled.run("--streams", ",".join(STREAMS), "--incremental", MERGED)
        before = rounds(filled)
        assert set(before.values()) == {"round 0"}
        served.seconds = 0.02
        hit = 0
        for served.round, (name, moment) in enumerate(MOMENTS.items(), 1):
            process = ended_at(filled, server, moment, signal.SIGKILL)
            assert process.returncode in (KILLED, 0), name
            hit += process.returncode == KILLED
            after = rounds(filled)
            for stream in STREAMS:
                assert after[stream] in (before[stream], served.name), (name, stream)
            if moment in list(MOMENTS.values())[:2]:
                assert after == before, name
            before = after
        assert hit >= len(MOMENTS) - 2
        served.round += 1
        filled.run("--streams", ",".join(STREAMS), "--incremental", MERGED)
        assert set(rounds(filled).values()) == {served.name}
        assert not list((tmp_path / "waiting").glob("sync-*")), "what a killed run left takes the disk"


@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_ends_it_at_any_moment(kind: str, company: tuple[Company, Any], tmp_path: Path) -> None:
    """A sync that is stopped while it loads would leave half of a table, a traceback, or a wrong code."""
    served, server = company
    with target(kind, tmp_path, server, page_size=PAGE) as filled:
        filled.run("--streams", ",".join(STREAMS), "--incremental", MERGED)
        before = rounds(filled)
        for served.round, name in enumerate(("half the pages", "ready to load", "filling tables"), 1):
            number = (signal.SIGINT, signal.SIGTERM)[served.round % 2]
            process = ended_at(filled, server, MOMENTS[name], number)
            errors = process.errors  # type: ignore[attr-defined]
            assert process.returncode in (128 + number, 0), (name, errors)
            assert "Traceback" not in errors, name
            after = rounds(filled)
            assert all(after[stream] in (before[stream], served.name) for stream in STREAMS), name
            before = after


def test_a_connector_that_is_killed_at_any_moment_costs_no_table(
    company: tuple[Company, Any], tmp_path: Path
) -> None:
    """Streams that were not read would pass for whole."""
    served, server = company
    with target("duckdb", tmp_path, server, page_size=PAGE) as filled:
        filled.run("--streams", ",".join(STREAMS), "--incremental", MERGED)
        served.seconds = 0.02
        for served.round, name in enumerate(("half the pages", "last page"), 1):
            process = ended_at(filled, server, MOMENTS[name], signal.SIGKILL, child=True)
            said = process.output + process.errors  # type: ignore[attr-defined]
            assert "Traceback" not in said
            after = set(rounds(filled).values())
            if process.returncode:
                assert process.returncode == 1
                assert "ended by signal 9" in said
                assert after == {"round 0"}, name
            else:
                assert after == {served.name}, "the last page was the end of it"
