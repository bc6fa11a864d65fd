"""Partition router for the KPI endpoints, which return figures for a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import SinglePartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_snow_atlas.components.identity.configuration import Configuration

FROM, TO, IS_COMPLETE = "fromDate", "toDate", "isComplete"


@dataclass
class MonthlyWindowRouter(SinglePartitionRouter):
    """Router that yields a partition for every calendar month since the start date, or for the last twelve.

    The current month is requested until today, but its row has the last day of the month as its `toDate`. So
    the row of the next sync replaces it if the destination deduplicates by fromDate and toDate. `isComplete`
    is false for it.

    `window_format` is "date" for YYYY-MM-DD, or "date_time" for midnight UTC of these days (users KPI).
    """

    config: Mapping[str, Any]
    window_format: str

    def stream_slices(self) -> Iterable[StreamSlice]:
        """Yield the months, oldest first. Extra fields of a slice are its query parameters."""
        today = datetime.now(timezone.utc).date()
        configured = Configuration.parse(self.config).start_date
        start = configured.date() if configured else _following(today.replace(year=today.year - 1, day=1))
        suffix = "T00:00:00Z" if self.window_format == "date_time" else ""
        for first, last in months(start, today):
            window = {FROM: f"{first}{suffix}", TO: f"{last}{suffix}"}
            yield StreamSlice(
                partition={**window, IS_COMPLETE: last < today},
                cursor_slice={},
                extra_fields={**window, TO: f"{min(last, today)}{suffix}"},
            )


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of every calendar month from `start` to `end`."""
    first = start.replace(day=1)
    while first <= end:
        following = _following(first)
        yield first, following - timedelta(days=1)
        first = following


def _following(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
