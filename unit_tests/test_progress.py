"""What a person who watches the log learns about a long sync."""

from __future__ import annotations

import pytest

from source_snow_atlas.components.run.progress import Progress, estimate
from unit_tests.helpers.fakes import FakeClock


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="airbyte")
    return caplog


def test_lines_with_totals_and_not_too_many(log: pytest.LogCaptureFixture) -> None:
    """A sync of hours would look dead, or drown its log."""
    clock = FakeClock()
    progress = Progress(clock)
    progress.expect("computers", total_records=100_000, total_pages=200)
    for _ in range(200):
        progress.add("computers", records=500, pages=1)
        clock.sleep(0.5)
    lines = [record.getMessage() for record in log.records]
    assert 5 <= len(lines) <= 12
    assert "of 100,000 records" in lines[0]
    assert "of 200 pages" in lines[0]
    assert progress.count("computers", "records") == 100_000


def test_estimates() -> None:
    """The platform would show no progress."""
    trace = estimate("computers", 5).trace
    assert trace is not None
    assert trace.estimate is not None
    assert (trace.estimate.name, trace.estimate.row_estimate) == ("computers", 5)
