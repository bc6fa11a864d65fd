"""Collections that change by the clock, in virtual time: what a change costs, and that it takes no row
along.
"""

from __future__ import annotations

from statistics import mean

import pytest

from unit_tests.simulation.virtual_time import read_by_clock

pytestmark = pytest.mark.spread
WORKS = {
    # pages of 500, seconds of latency, changes a second, most time and requests over those of a quiet read
    "1 a second": (200, 0.1, 1.0, 1.1),
    "5 a second": (200, 0.1, 5.0, 1.15),
    "3 a second, 200 ms": (400, 0.2, 3.0, 1.15),
    "50 a second": (200, 0.1, 50.0, 1.25),
}
OVER_QUIET = 1.1
"""Wall time and requests of a read whose data changes, over those of the same read while nothing does."""


@pytest.mark.parametrize("totals", [True, False], ids=["with total", "without"])
@pytest.mark.parametrize("name", list(WORKS))
def test_changes_by_the_clock_cost_little_and_no_row(name: str, totals: bool) -> None:
    """A tenant that changes all day, as every tenant does, would be read as slowly as by the script this
    replaces, or lose rows.
    """
    pages, latency, rate, over_quiet = WORKS[name]
    options = {"page_size": 500, "latency": latency, "totals": totals}
    quiet = read_by_clock(pages * 500, 0, rate=0.0, **options)
    reads = [read_by_clock(pages * 500, seed, rate=rate, **options) for seed in range(1, 5)]
    assert sum(read.lost for read in reads) == 0
    assert sum(read.repeated for read in reads) == 0
    assert mean(read.seconds for read in reads) <= over_quiet * quiet.seconds
    assert mean(read.requests for read in reads) <= over_quiet * quiet.requests


def test_a_large_collection_in_use_is_read_as_fast_as_a_still_one() -> None:
    """Millions of rows would take hours more because a few of them change meanwhile. Pages of 50 stand for
    pages of 1000.
    """
    options = {"page_size": 50, "latency": 0.3}
    quiet = read_by_clock(2_000 * 50, 0, rate=0.0, **options)
    read = read_by_clock(2_000 * 50, 1, rate=1.0, **options)
    assert (read.lost, read.repeated) == (0, 0)
    assert read.seconds <= OVER_QUIET * quiet.seconds
    assert read.requests <= OVER_QUIET * quiet.requests


def test_what_was_seen_of_changes_is_said() -> None:
    """Nobody could tell a quiet tenant from a busy one, or know whether to trust the table."""
    read = read_by_clock(50_000, 1, page_size=500, latency=0.1, rate=5.0)
    (report,) = read.reports
    assert 1 <= report.seen <= read.changes
    assert report.again == 0
    assert read_by_clock(50_000, 1, page_size=500, latency=0.1, rate=0.0).reports == []
