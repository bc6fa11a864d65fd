"""What a person who watches the log learns about a long sync."""

from __future__ import annotations

import pytest

from source_snow_atlas.components.basics.errors import NotFound, TransientError
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


def test_silence_is_explained_once_a_minute(log: pytest.LogCaptureFixture) -> None:
    """Slow pages of minutes would look like a connector that hangs."""
    clock = FakeClock()
    progress = Progress(clock)
    progress.add("computers", records=7)
    for _ in range(18):
        clock.sleep(10)
        progress.say_waiting(3)
    lines = [record.getMessage() for record in log.records]
    assert len(lines) == 3
    assert "3 requests in flight, 7 records" in lines[0]


def test_the_first_failure_of_a_stream_stays() -> None:
    """The stream's error would be that of whatever failed last, not the cause."""
    progress = Progress(FakeClock())
    progress.raise_if_failed("computers")
    first = TransientError("first")
    progress.failed("computers", first)
    progress.failed("computers", TransientError("second"))
    with pytest.raises(TransientError, match="first"):
        progress.raise_if_failed("computers")
    progress.raise_if_failed("licenses")
    assert progress.has_failed("computers")
    assert not progress.has_failed("licenses")


def test_many_parents_that_are_gone_do_not_flood_the_log(log: pytest.LogCaptureFixture) -> None:
    """A thousand deleted computers would fill the log with a thousand lines; or none would be counted."""
    progress = Progress(FakeClock())
    for number in range(1000):
        progress.gone("computer_details", f"/computers/{number}", collection=False)
    progress.conclude()
    lines = [record.getMessage() for record in log.records]
    assert len(lines) < 50
    assert "1000 parents were skipped" in lines[-1]


@pytest.mark.parametrize(
    ("parents", "gone", "collection", "fails"),
    [
        (3, 3, True, True),
        (50, 50, True, True),
        (50, 49, True, False),
        (2, 2, True, False),
        (50, 50, False, False),
    ],
)
def test_parents_do_not_all_go_at_once(parents: int, gone: int, collection: bool, fails: bool) -> None:
    """A host without the endpoint would empty the table; or a few parents that are gone would fail it."""
    progress = Progress(FakeClock())
    progress.add("computer_monitors", parents=parents)
    for number in range(gone):
        progress.gone("computer_monitors", f"/computers/{number}/monitors", collection)
    if fails:
        with pytest.raises(NotFound, match=f"all {gone} requests"):
            progress.raise_if_nothing_was_there("computer_monitors")
    else:
        progress.raise_if_nothing_was_there("computer_monitors")


def test_estimates() -> None:
    """The platform would show no progress."""
    trace = estimate("computers", 5).trace
    assert trace is not None
    assert trace.estimate is not None
    assert (trace.estimate.name, trace.estimate.row_estimate) == ("computers", 5)
