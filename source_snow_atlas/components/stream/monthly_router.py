"""Calendar months for the KPI endpoints, which answer for a period and not for a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.stream.partition_router import PathPartitionRouter

FROM, TO, IS_COMPLETE = "fromDate", "toDate", "isComplete"
MONTHS_BACK = 12
"""How many months are read where the configuration has no start date, the current one included."""


@dataclass
class MonthlyWindowRouter(PathPartitionRouter):
    """One partition a calendar month from the start date on; the running month is asked for until today.

    Its row has the month's last day as every other, so that the next sync's row takes its place where the
    destination deduplicates by fromDate and toDate; `isComplete` says that it is not the month's last word.

    `window_format`: "date" for YYYY-MM-DD, "date_time" for midnight UTC of the same days (users KPI), as the
    operations declare.
    """

    config: Mapping[str, Any]
    window_format: str

    def __post_init__(self) -> None:
        self._start = Configuration.parse(self.config).start_date

    def stream_slices(self) -> Iterable[StreamSlice]:
        """The windows, oldest first: what the rows get as the partition, and the query as extra fields."""
        today = datetime.now(timezone.utc).date()
        start = self._start.date() if self._start else _months_before(today, MONTHS_BACK - 1)
        suffix = "T00:00:00Z" if self.window_format == "date_time" else ""
        for first, last in months(start, today):
            window = {FROM: f"{first}{suffix}", TO: f"{last}{suffix}"}
            yield StreamSlice(
                partition={**window, IS_COMPLETE: last < today},
                cursor_slice={},
                extra_fields={**window, TO: f"{min(last, today)}{suffix}"},
            )


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """(first day, last day) of every calendar month that begins at or before `end`, from the month of
    `start`.
    """
    first = start.replace(day=1)
    while first <= end:
        following = (first + timedelta(days=31)).replace(day=1)
        yield first, following - timedelta(days=1)
        first = following


def _months_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
