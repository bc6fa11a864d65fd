"""A sync that is ended at any moment, from its first second to its last: every table is as it was or as it
should be, and the next sync mends what is left. `kills_by_clock.py` does the same at each tenth of a run.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests import kills_by_clock
from integration_tests.helpers.rounds import ARGUMENTS, FIELDS, PATHS, Company, ended_at, serving_rounds
from integration_tests.helpers.syncing import KINDS, SECONDS, Files, Target, target

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.spread,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc"),
]

ROWS, PAGE = 1_200, 200
KILLED = -signal.SIGKILL

DYING = """
import builtins, os, signal, sys

folder, left = sys.argv.pop(1), int(sys.argv.pop(1))
real_open = builtins.open

def counting(file, mode="r", *arguments, **options):
    global left
    opened = real_open(file, mode, *arguments, **options)
    if "w" in mode and str(file).startswith(folder):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return opened

builtins.open = counting
from snow_atlas_sync.process import run_sync
run_sync()
"""
"""Program that runs the command, and is killed when it has opened so many files of a folder to write."""

Moment = Callable[[Target, Any], bool]


@pytest.fixture
def company() -> Iterator[tuple[Company, Any]]:
    with serving_rounds(ROWS) as served:
        yield served


def paths(folder: Path) -> str:
    """All that lies in a folder, one path a line."""
    return "\n".join(f"{place}/{name}" for place, _, names in os.walk(folder) for name in names)


def reading(share: float) -> Moment:
    """So much of the pages has been asked for."""

    def reached(_: Target, server: Any) -> bool:
        pages = [each for each in server.requests if each.path in PATHS and "page_number" in each.query]
        return len(pages) >= share * len(FIELDS) * ROWS / PAGE

    return reached


def at_work(part: str) -> Moment:
    """dlt's folder has a file of this part of a load."""
    return lambda filled, _: part in paths(filled.folder / "waiting")


MOMENTS = {
    "starting": reading(0.0),
    "half the pages": reading(0.5),
    "last page": reading(0.75),
    "ready to load": at_work("/load/normalized/"),
    "filling tables": at_work("/started_jobs/"),
    "a table committed": at_work("/completed_jobs/"),
}
LOADING = ("filling tables", "a table committed")


def begun(filled: Target, company: Company) -> dict[str, int]:
    """Sync the first round; of which round each table is."""
    filled.run(*ARGUMENTS)
    return company.rounds(filled, company.everywhere(0))


thorough = pytest.mark.thorough


@pytest.mark.parametrize(
    ("kind", "moments"),
    [
        *(pytest.param(kind, LOADING, id=f"while it loads-{kind}") for kind in ("duckdb", "files")),
        *(pytest.param(kind, tuple(MOMENTS), id=f"at all moments-{kind}", marks=thorough) for kind in KINDS),
    ],
)
def test_a_command_that_is_killed_at_any_moment_leaves_whole_tables(
    kind: str, moments: tuple[str, ...], company: tuple[Company, Any], tmp_path: Path
) -> None:
    """Tables would be half empty in the morning, or half of yesterday, with nothing to tell it."""
    served, server = company
    with target(kind, tmp_path, server, page_size=PAGE) as filled:
        before = begun(filled, served)
        served.seconds = 0.02
        hit = 0
        for served.round, name in enumerate(moments, 1):
            server.requests.clear()
            ended = ended_at(filled, lambda _, name=name: MOMENTS[name](filled, server), signal.SIGKILL)
            assert ended.code in (KILLED, 0), name
            hit += ended.code == KILLED
            after = served.rounds(filled, before, served.everywhere(served.round))
            if name in ("starting", "half the pages"):
                assert after == before, name
            before = after
        assert hit >= len(moments) * 2 // 3
        served.round += 1
        filled.run(*ARGUMENTS)
        served.rounds(filled, served.everywhere(served.round))
        assert not list((tmp_path / "waiting").glob("sync-*")), "what a killed run left takes the disk"


def killed_at_write(filled: Files, number: int) -> int:
    """Run a sync that is killed when it begins to write so many files, and return its exit code."""
    python, _, _, *arguments = filled.command(*ARGUMENTS)
    return subprocess.run(
        [python, "-c", DYING, str(filled.dataset), str(number), *arguments],
        cwd=filled.folder,
        env=filled.variables(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    ).returncode


@pytest.mark.parametrize(
    ("first", "numbers"),
    [
        pytest.param(True, (2,), id="dlt's schema"),
        pytest.param(True, itertools.count(1), id="any file of a first sync", marks=thorough),
        pytest.param(False, itertools.count(1), id="any file of a later sync", marks=thorough),
    ],
)
def test_a_command_that_is_killed_as_it_writes_a_file_leaves_no_part_of_it(
    first: bool, numbers: Iterable[int], company: tuple[Company, Any], tmp_path: Path
) -> None:
    """An empty file of dlt would fail every later sync, and half a Parquet file every reader."""
    served, server = company
    for number in numbers:
        folder = tmp_path / str(number)
        folder.mkdir()
        filled = Files(folder, server, {"page_size": PAGE})
        served.round = 0
        if not first:
            filled.run(*ARGUMENTS)
        served.round += 1
        code = killed_at_write(filled, number)
        for path in filled.dataset.glob("_dlt_*/*.jsonl"):
            json.loads(path.read_text(encoding="utf-8"))
        for path in filled.dataset.glob("*/*.parquet"):
            filled.query(f"SELECT * FROM '{path}'")
        if not first:
            served.rounds(filled, served.everywhere(0), served.everywhere(1))
        served.round += 1
        filled.run(*ARGUMENTS)
        served.rounds(filled, served.everywhere(2))
        assert ".loading" not in paths(filled.dataset)
        if code == 0:
            assert number > len(FIELDS) + 3, "besides the tables: the history, the state and the load"
            break
        assert code == KILLED


def test_a_sync_fills_a_folder_that_exists(company: tuple[Company, Any], tmp_path: Path) -> None:
    """A sync that was killed when it had created the folder would have to be the last one."""
    served, server = company
    filled = Files(tmp_path, server, {"page_size": PAGE})
    filled.dataset.mkdir(parents=True)
    filled.run(*ARGUMENTS)
    served.rounds(filled, served.everywhere(0))


@pytest.mark.parametrize(
    "kind", [kind if kind == "duckdb" else pytest.param(kind, marks=thorough) for kind in KINDS]
)
def test_a_signal_ends_it_at_any_moment(kind: str, company: tuple[Company, Any], tmp_path: Path) -> None:
    """A sync that is stopped while it loads would leave half of a table, a traceback, or a wrong code."""
    served, server = company
    with target(kind, tmp_path, server, page_size=PAGE) as filled:
        before = begun(filled, served)
        for served.round, name in enumerate(("half the pages", "ready to load", "filling tables"), 1):
            number = (signal.SIGINT, signal.SIGTERM)[served.round % 2]
            server.requests.clear()
            ended = ended_at(filled, lambda _, name=name: MOMENTS[name](filled, server), number)
            assert ended.code in (128 + number, 0), (name, ended.said)
            assert "Traceback" not in ended.said, name
            before = served.rounds(filled, before, served.everywhere(served.round))


def test_a_connector_that_is_killed_at_any_moment_costs_no_table(
    company: tuple[Company, Any], tmp_path: Path
) -> None:
    """Streams that were not read would pass for whole."""
    served, server = company
    with target("duckdb", tmp_path, server, page_size=PAGE) as filled:
        before = begun(filled, served)
        served.seconds = 0.02
        for served.round, name in enumerate(("half the pages", "last page"), 1):
            server.requests.clear()
            ended = ended_at(
                filled, lambda _, name=name: MOMENTS[name](filled, server), signal.SIGKILL, connector=True
            )
            assert "Traceback" not in ended.said
            if ended.code:
                assert ended.code == 1
                assert "ended by signal 9" in ended.said
                for stream in FIELDS:
                    assert f"{stream} was not read completely" in ended.said
                served.rounds(filled, before)
            else:
                before = served.rounds(filled, served.everywhere(served.round))


@thorough
@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_sync_that_is_ended_by_the_clock_leaves_whole_tables(kind: str, tmp_path: Path) -> None:
    """A moment that no other test thought of would cost a table."""
    ways = [("command", signal.SIGKILL), ("connector", signal.SIGKILL)]
    assert kills_by_clock.kill_all(kind, tmp_path, ROWS, 2, ways).count("\n") == 1
