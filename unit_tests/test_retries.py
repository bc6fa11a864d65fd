"""How often and how long a request is repeated."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.retries import Attempts, retry_after
from unit_tests.helpers.fakes import FakeClock


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("0", 0.0), ("1.5", 1.5), (" 12 ", 12.0)])
def test_retry_after_in_seconds(value: str, seconds: float) -> None:
    """The server's own wait would be ignored, and the next request refused too."""
    assert retry_after({"Retry-After": value}) == seconds


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "inf", "1e999", "Wed, 99 Foo 2026"])
def test_retry_after_that_says_nothing(value: str) -> None:
    """A strange header would stop the sync, or make it wait for ever."""
    assert retry_after({"Retry-After": value}, 3.0) == 3.0
    assert retry_after({}, 3.0) == 3.0


def test_retry_after_as_a_date() -> None:
    """A gateway that answers with a date would be asked again at once."""
    later = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    assert 0 < retry_after({"Retry-After": later}) <= 100


@given(st.integers(1, 30), st.floats(1, 600), st.floats(0, 1))
def test_repeats_are_bounded_in_number_and_in_time(maximum: int, seconds: float, chance: float) -> None:
    """A broken endpoint would keep the sync busy for ever."""
    clock = FakeClock()
    attempts = Attempts(maximum=maximum, seconds=seconds, clock=clock, random=lambda: chance)
    started, made = clock.now, 1
    while (wait := attempts.next_wait()) is not None:
        assert wait > 0
        clock.sleep(wait)
        made += 1
    assert made <= maximum
    assert clock.now - started <= seconds


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_all_waits_together_leave_room_in_two_minutes(chance: float) -> None:
    """A page that fails for good would be said late, or given up before a passing fault is over."""
    clock = FakeClock()
    attempts = Attempts(clock=clock, random=lambda: chance)
    while (wait := attempts.next_wait()) is not None:
        clock.sleep(wait)
    assert 40 <= sum(clock.sleeps) <= 100
    assert attempts.made == 9


def test_waits_grow_and_differ() -> None:
    """All threads of a sync would hit a struggling server again at the same moments."""
    clock = FakeClock()
    short = Attempts(clock=clock, random=lambda: 0.0).next_wait()
    long = Attempts(clock=clock, random=lambda: 1.0).next_wait()
    assert short is not None
    assert long is not None
    assert short < long
    attempts = Attempts(clock=clock, random=lambda: 0.5)
    waits = [attempts.next_wait() for _ in range(8)]
    numbers = [wait for wait in waits if wait is not None]
    assert numbers == sorted(numbers)
    assert max(numbers) <= 60
