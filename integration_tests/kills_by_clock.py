"""Syncs that are killed after each tenth of their time, into DuckDB and PostgreSQL.

    python -m integration_tests.kills_by_clock [--kinds duckdb,postgres] [--rows 20000] [--tenths 10]

The command is killed by SIGKILL, SIGTERM and SIGINT, and its connector by SIGKILL and SIGTERM. Two streams
replace their tables, and one is merged. After each kill, every table must be either unchanged or completely
new, the exit code must be right, and the next sync must be complete and leave no files. The first failure
ends the command.
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
    """Return the exit code of a command that, or whose connector, was killed by a signal."""
    if who == "connector":
        return 1
    return -number if number == signal.SIGKILL else 128 + number


def schemas(filled: Target) -> set[str]:
    """Return the names of the schemas in the database."""
    found = filled.query("SELECT schema_name AS name FROM information_schema.schemata")
    return {row["name"] for row in found if not row["name"].startswith("pg_")}


def kill_one(
    filled: Target, company: Company, who: str, number: int, seconds: float
) -> tuple[Ended, int, float]:
    """Kill a sync of the next round after some seconds, and sync again.

    Returns how the first sync ended, the number of tables it had loaded, and the seconds of the second one.
    """
    before = company.everywhere(company.round)
    company.round += 1
    new = company.everywhere(company.round)
    ended = ended_at(filled, lambda since: since >= seconds, number, connector=who == "connector")
    after = company.rounds(filled, before, new)
    assert ended.code in ({code_of(who, number), 0} if ended.hit else {0}), (ended.code, ended.said)
    assert "Traceback" not in ended.said, ended.said
    if ended.code == 0:
        assert after == new, "not all tables are new after exit code 0"
    elif who == "connector":
        assert after == before, "tables were loaded from a connector that was killed"
    complete = ended_at(filled, lambda _: False)
    assert complete.code == 0, complete.said
    assert company.rounds(filled, new) == new
    assert filled.tables() == set(FIELDS)
    left = [path.name for path in (filled.folder / "waiting").iterdir()]
    assert not left, f"files were left: {left}"
    return ended, sum(after[stream] == new[stream] for stream in FIELDS), complete.seconds


def kill_all(kind: str, folder: Path, rows: int, tenths: int, ways: Sequence[tuple[str, int]] = WAYS) -> str:
    """Kill syncs into a database in all ways, at all tenths, and return the lines of a table."""
    with serving_rounds(rows) as (company, server), target(kind, folder, server, page_size=1_000) as filled:
        filled.run_process(*ARGUMENTS)
        company.seconds = PAGE_SECONDS
        company.round = 1
        run = ended_at(filled, lambda _: False).seconds
        before = schemas(filled)
        lines = []
        for tenth in range(1, tenths + 1):
            codes: Counter[int] = Counter()
            loaded: Counter[int] = Counter()
            for who, number in ways:
                seconds = run * tenth / tenths
                case = f"  {kind}: {who} got signal {number} after {seconds:.1f} of {run:.1f} s"
                ended, tables, run = kill_one(filled, company, who, number, seconds)
                codes[ended.code] += 1
                loaded[tables] += 1
                print(f"{case}: exit code {ended.code}, {tables} new tables", file=sys.stderr, flush=True)
            assert schemas(filled) == before, schemas(filled) - before
            lines.append(f"| {kind} | {tenth} of {tenths} | {counts(codes)} | {counts(loaded)} |")
        return "\n".join(lines)


def counts(counter: Counter[int]) -> str:
    """Format counts by value."""
    return ", ".join(f"{count} x {value}" for value, count in sorted(counter.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.kills_by_clock", description=__doc__)
    parser.add_argument("--kinds", default="duckdb,postgres")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--tenths", type=int, default=10)
    options = parser.parse_args(arguments)
    print("| into | part of a run | runs by exit code | runs by number of new tables |\n|---|---|---|---|")
    for kind in options.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            print(kill_all(kind, Path(folder), options.rows, options.tenths), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
