"""How often and how long a request is repeated."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.retries import Attempts, announced_wait


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0", 0.0), ("1.5", 1.5), (" 12 ", 12.0), ("2, 5", 5.0)]
)
def test_retry_after_in_seconds(value: str, seconds: float) -> None:
    """The server's own wait would be ignored, and the next request refused too."""
    assert announced_wait({"Retry-After": value}) == seconds


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "nan", "inf", "1e999", "9" * 400, "Wed, 99 Foo 2026", "true"]
)
def test_retry_after_that_says_nothing(value: str) -> None:
    """A strange header would stop the sync, or make it wait for ever."""
    assert announced_wait({"Retry-After": value}) is None
    assert announced_wait({}) is None


def test_a_wait_of_any_length_can_be_shown() -> None:
    """An error would have a number of three hundred digits."""
    assert announced_wait({"Retry-After": "1" + "0" * 300}) == 1e9


def test_retry_after_as_a_date() -> None:
    """A gateway that answers with a date would be asked again at once."""
    later = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    assert 0 < (announced_wait({"Retry-After": later}) or 0) <= 100


@pytest.mark.parametrize("hours", [-2, 2])
def test_retry_after_as_a_date_of_another_clock(hours: int) -> None:
    """Requests would fall into a wait, or a stream fail for an hour that nobody announced."""
    now = datetime.now(timezone.utc) + timedelta(hours=hours)
    headers = {"Date": format_datetime(now, usegmt=True)}
    headers["Retry-After"] = format_datetime(now + timedelta(seconds=30), usegmt=True)
    assert announced_wait(headers) == 30


def test_retry_after_as_an_obsolete_date() -> None:
    """The form without a zone, which recipients must accept (RFC 9110), would be ignored."""
    later = (datetime.now(timezone.utc) + timedelta(seconds=100)).ctime()
    assert 0 < (announced_wait({"Retry-After": later}) or 0) <= 100


@given(st.integers(1, 30), st.floats(1, 600), st.floats(0, 1), st.floats(0, 100))
def test_repeats_are_bounded_in_number_and_in_time(
    maximum: int, seconds: float, chance: float, each: float
) -> None:
    """A broken endpoint would keep the sync busy for ever."""
    attempts = Attempts(maximum=maximum, seconds=seconds, random=lambda: chance)
    made, waited = 1, 0.0
    while (wait := attempts.next_wait(each)) is not None:
        assert wait > 0
        waited += wait
        made += 1
    assert made <= maximum
    assert waited + (made - 1) * each <= seconds + 1e-6


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_all_waits_together_leave_room_in_two_minutes(chance: float) -> None:
    """A page that fails for good would be said late, or given up before a passing fault is over."""
    attempts = Attempts(random=lambda: chance)
    waits = []
    while (wait := attempts.next_wait()) is not None:
        waits.append(wait)
    assert 40 <= sum(waits) <= 100
    assert attempts.made == 9


def test_waits_grow_and_differ() -> None:
    """All threads of a sync would hit a struggling server again at the same moments."""
    short = Attempts(random=lambda: 0.0).next_wait()
    long = Attempts(random=lambda: 1.0).next_wait()
    assert short is not None
    assert long is not None
    assert short < long
    attempts = Attempts(random=lambda: 0.5)
    waits = [attempts.next_wait() for _ in range(8)]
    numbers = [wait for wait in waits if wait is not None]
    assert numbers == sorted(numbers)
    assert max(numbers) <= 60
