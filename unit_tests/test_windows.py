"""Months: every day from the start to today lies in exactly one of them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.stream import routers as windows
from source_snow_atlas.components.stream.routers import MonthlyWindowRouter, months

DAYS = st.dates(date(1999, 1, 1), date(2101, 12, 31))


@given(DAYS, st.integers(-40, 2000))
def test_months_cover_every_day_once(start: date, length: int) -> None:
    """Key figures of a month would be missing, or counted twice."""
    end = start + timedelta(days=length)
    found = list(months(start, end))
    if start.replace(day=1) > end:
        assert found == []
        return
    assert found[0][0] == start.replace(day=1)
    assert found[-1][0] <= end <= found[-1][1]
    for (_, last), (first, _) in pairwise(found):
        assert first == last + timedelta(days=1)
    for first, last in found:
        assert first.day == 1
        assert (last + timedelta(days=1)).day == 1
        assert (first.year, first.month) == (last.year, last.month)


class Today(windows.datetime):
    """A day of March 2024, whatever the day."""

    DAY = 15

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls(2024, 3, cls.DAY, 23, 30, tzinfo=tz)


@pytest.mark.parametrize(
    ("start_date", "count", "first"),
    [
        (None, 12, ("2023-04-01", "2023-04-30")),
        ("2024-01-31T00:00:00Z", 3, ("2024-01-01", "2024-01-31")),
        ("2024-03-15T00:00:00Z", 1, ("2024-03-01", "2024-03-15")),
    ],
)
def test_windows_from_the_start_date_to_today(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, start_date: Any, count: int, first: Any
) -> None:
    """Key figures would lack months, or be asked for of days that have not come."""
    monkeypatch.setattr(windows, "datetime", Today)
    router = MonthlyWindowRouter(
        parameters={}, config={**config, "start_date": start_date}, window_format="date"
    )
    asked = [tuple(each.extra_fields.values()) for each in router.stream_slices()]
    assert len(asked) == count
    assert asked[0] == first
    assert asked[-1] == ("2024-03-01", "2024-03-15")


@pytest.mark.parametrize("day", [1, 15, 31])
def test_the_running_month_is_marked_and_keeps_its_key(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, day: int
) -> None:
    """A half month would be charted as a whole one, or stand in the table once for every day of a sync."""
    monkeypatch.setattr(windows, "datetime", Today)
    monkeypatch.setattr(Today, "DAY", day)
    router = MonthlyWindowRouter(
        parameters={}, config={**config, "start_date": "2024-02-01"}, window_format="date"
    )
    assert [dict(each.partition) for each in router.stream_slices()] == [
        {"fromDate": "2024-02-01", "toDate": "2024-02-29", "isComplete": True},
        {"fromDate": "2024-03-01", "toDate": "2024-03-31", "isComplete": False},
    ]


def test_date_times_where_the_operation_wants_them(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The users' key figures would be refused with a 400."""
    monkeypatch.setattr(windows, "datetime", Today)
    router = MonthlyWindowRouter(
        parameters={}, config={**config, "start_date": "2024-02-10T00:00:00Z"}, window_format="date_time"
    )
    assert [dict(each.extra_fields) for each in router.stream_slices()] == [
        {"fromDate": "2024-02-01T00:00:00Z", "toDate": "2024-02-29T00:00:00Z"},
        {"fromDate": "2024-03-01T00:00:00Z", "toDate": "2024-03-15T00:00:00Z"},
    ]
