"""Syncs that are ended by the clock: at each tenth of a run, into DuckDB and PostgreSQL.

    python -m integration_tests.kills_by_clock [--kinds duckdb,postgres] [--rows 20000] [--tenths 10]

The command is ended by SIGKILL, SIGTERM and SIGINT, and its connector by SIGKILL and SIGTERM, at each tenth
of what the last whole run took. Two streams replace their tables, one is merged. After each: every table is
wholly as it was or wholly new, the exit code tells how it ended, and the next run is whole and leaves nothing
behind. The first finding ends it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from integration_tests.helpers.rounds import ARGUMENTS, FIELDS, Company, Ended, ended_at, serving_rounds
from integration_tests.helpers.syncing import Target, target

WAYS = (
    ("command", signal.SIGKILL),
    ("command", signal.SIGTERM),
    ("command", signal.SIGINT),
    ("connector", signal.SIGKILL),
    ("connector", signal.SIGTERM),
)
PAGE_SECONDS = 0.02


def code_of(who: str, number: int) -> int:
    """What the command ends with that a signal found at work, or whose connector one did."""
    if who == "connector":
        return 1
    return -number if number == signal.SIGKILL else 128 + number


def schemas(filled: Target) -> set[str]:
    found = filled.query("SELECT schema_name AS name FROM information_schema.schemata")
    return {row["name"] for row in found if not row["name"].startswith("pg_")}


def one(filled: Target, company: Company, who: str, number: int, seconds: float) -> tuple[Ended, int, float]:
    """End a sync of the next round after so many seconds, and let another follow: how it ended, how many
    tables it had renewed, and how long the other took.
    """
    before = company.everywhere(company.round)
    company.round += 1
    new = company.everywhere(company.round)
    ended = ended_at(filled, lambda since: since >= seconds, number, connector=who == "connector")
    after = company.rounds(filled, before, new)
    assert ended.code in ({code_of(who, number), 0} if ended.hit else {0}), (ended.code, ended.said)
    assert "Traceback" not in ended.said, ended.said
    if ended.code == 0:
        assert after == new, "exit code 0 means that all tables are new"
    elif who == "connector":
        assert after == before, "nothing is loaded of a connector that was killed"
    whole = ended_at(filled, lambda _: False)
    assert whole.code == 0, whole.said
    assert company.rounds(filled, new) == new
    assert filled.tables() == set(FIELDS)
    left = [path.name for path in (filled.folder / "waiting").iterdir()]
    assert not left, f"{left} takes the disk"
    return ended, sum(after[stream] == new[stream] for stream in FIELDS), whole.seconds


def all_of(kind: str, folder: Path, rows: int, tenths: int, ways: Sequence[tuple[str, int]] = WAYS) -> str:
    """End syncs into one database in all ways, at all tenths; the lines of a table."""
    with serving_rounds(rows) as (company, server), target(kind, folder, server, page_size=1_000) as filled:
        filled.run(*ARGUMENTS)
        company.seconds = PAGE_SECONDS
        company.round = 1
        run = ended_at(filled, lambda _: False).seconds
        there = schemas(filled)
        lines = []
        for tenth in range(1, tenths + 1):
            codes: Counter[int] = Counter()
            renewed: Counter[int] = Counter()
            for who, number in ways:
                seconds = run * tenth / tenths
                said = f"  {kind}: after {seconds:.1f} s of {run:.1f} {who} got {number}"
                ended, tables, run = one(filled, company, who, number, seconds)
                codes[ended.code] += 1
                renewed[tables] += 1
                print(f"{said}: exit code {ended.code}, {tables} new tables", file=sys.stderr, flush=True)
            assert schemas(filled) == there, schemas(filled) - there
            lines.append(f"| {kind} | {tenth} of {tenths} | {counts(codes)} | {counts(renewed)} |")
        return "\n".join(lines)


def counts(of: Counter[int]) -> str:
    return ", ".join(f"{count} x {each}" for each, count in sorted(of.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m integration_tests.kills_by_clock", description=__doc__)
    parser.add_argument("--kinds", default="duckdb,postgres")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--tenths", type=int, default=10)
    options = parser.parse_args(arguments)
    print("| into | part of a run | runs by exit code | runs by number of new tables |\n|---|---|---|---|")
    for kind in options.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            print(all_of(kind, Path(folder), options.rows, options.tenths), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
