"""How far back a stream can be read: a sync that goes back further says so, once, and never fails for it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.stream.retriever import CursorRow
from source_snow_atlas.components.stream.time_windows import TimeWindows

NOW = datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def warnings(days_back: int, *rows: dict[str, Any]) -> list[str]:
    """What is said of a sync that goes so far back and gets these rows in its last window."""
    said: list[str] = []
    start = NOW - timedelta(days=days_back)
    windows = [(start, start + timedelta(days=1)), (NOW - timedelta(days=1), NOW)]
    reader = TimeWindows(
        "audit_logs",
        "created",
        "archiveUntil",
        lambda window: list(rows) if window == windows[1] else [],
        lambda _, message: said.append(message),
    )
    assert [reader.rows(window) for window in windows] == [[], [*rows]]
    return said


def kept_for(days: int) -> dict[str, Any]:
    created = NOW - timedelta(hours=5)
    return {"created": stamp(created), "archiveUntil": stamp(created + timedelta(days=days))}


@pytest.mark.parametrize(("days_back", "kept", "warns"), [(240, 90, True), (91, 90, True), (89, 90, False)])
def test_a_sync_that_goes_back_further_than_rows_are_kept(days_back: int, kept: int, warns: bool) -> None:
    """Rows that are gone would be missing without a word, or every sync be warned of."""
    said = warnings(days_back, kept_for(kept))
    assert len(said) == warns
    assert all(f"{kept} days" in text for text in said)


@pytest.mark.parametrize(
    "row",
    [
        {"created": stamp(NOW), "archiveUntil": "9999-12-31T23:59:59Z"},
        {"created": stamp(NOW), "archiveUntil": "0001-01-01T00:00:00Z"},
        {"created": stamp(NOW), "archiveUntil": stamp(NOW)},
        {"created": stamp(NOW)},
        {"archiveUntil": stamp(NOW)},
    ],
)
def test_rows_that_say_nothing_of_it(row: dict[str, Any]) -> None:
    """A tenant that keeps its log for ever would be warned, or its stream fail."""
    assert warnings(400, row) == []


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.datetimes().map(stamp),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES, VALUES)
def test_any_values_are_taken(created: Any, until: Any) -> None:
    """One odd date of the tenant would fail the whole stream with a traceback."""
    warnings(400, {"created": created, "archiveUntil": until})
    row = CursorRow({"created": created}, "created")
    assert row.get("created") is None or "1970" <= row.get("created") <= stamp(datetime.now(timezone.utc))
