"""Reader of time windows, whose replies have no pages: a server may cap such a list without notice.

The halves of a window with more entries than any before it are requested, and must add nothing. A server that
sent 1,500 entries does not cap at 1,000, so a log without a cap costs a few requests more, whatever its
length. Once a reply turns out to be capped, every window with more than half as many entries is verified: the
cap may be one of bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import content
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, parse_timestamp
from source_snow_atlas.components.request.reply import Row

TimeWindow = tuple[datetime, datetime]
"""Half-open interval between two whole seconds."""
NEVER_CAPPED = 4
"""Entries of a reply that is assumed to be complete."""
CHECKED_IN_A_SECOND = 20
"""Entries within one second that are verified by a request for the days around it."""
REFUSED_IN_A_SECOND = 50
"""Entries within one second that are assumed to be a part of the log, even if it has no others."""
USUAL_CAPS = 25
"""Replies are usually capped at a multiple of it."""
CONTEXT = timedelta(days=15)
"""Time before and after a second with many entries, for the request that verifies them."""


@dataclass
class TimeWindows:
    """Reader of the windows of one stream. Thread-safe.

    `request` returns the rows of the reply for a window. `warn` logs a warning once for each kind.
    `kept_until` is the field with the time until which the server keeps a row.
    """

    stream: str
    cursor_field: str
    kept_until: str | None
    request: Callable[[TimeWindow], list[Row]]
    warn: Callable[[str, str], None]

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._windows = 0
        """Windows that had entries."""
        self._earliest: datetime | None = None
        """The earliest start of a window."""
        self._verified = 0
        """The most entries of a reply that was complete."""
        self._cap: int | None = None
        """The fewest entries of a capped reply."""
        self._emitted: set[int] = set()
        """Hashes of the rows of replies with a row whose time lies outside of the window."""

    def rows(self, window: TimeWindow) -> list[Row]:
        """Return all rows of a window, without those that were emitted for another one.

        Raises ServerError for more entries in one second than a reply holds.
        """
        rows = self.request(window)
        with self._lock:
            self._windows += bool(rows)
            self._earliest = min(window[0], self._earliest or window[0])
            rows = self._not_emitted(self._verify(window, rows), window)
            if rows and self.kept_until:
                self._warn_about_retention(rows[0], self.kept_until, self._earliest)
        return rows

    def _verify(self, window: TimeWindow, rows: list[Row]) -> list[Row]:
        count = len(rows)
        is_plausible = count < self._verified if self._cap is None else 2 * count <= self._cap
        if count <= NEVER_CAPPED or is_plausible:
            return rows
        start, end = window
        if end - start <= timedelta(seconds=1):
            self._check_second(window, count)
            return rows
        middle = (start + (end - start) / 2).replace(microsecond=0)
        halves = ((start, middle), (middle, end))
        parts = [self.request(half) for half in halves]
        united = _united(rows, *parts)
        if len(united) > count:
            self.warn(
                "capped",
                f"Stream {self.stream}: a reply holds at most {count} entries, and the server does not say "
                "so. Windows with more are read in parts.",
            )
            self._cap = min(count, self._cap or count)
            return _united(united, *map(self._verify, halves, parts))
        if all(len(part) == count for part in parts):
            self._report_ignored_times(count)
        if not all(parts):
            # an empty half proves nothing about the other one
            united = _united(rows, *map(self._verify, halves, parts))
        if self._cap is None:
            self._verified = max(self._verified, count)
        return united

    def _report_ignored_times(self, count: int) -> None:
        """Warn about a server that ignores the filter. Raises ServerError if it seems to cap its replies."""
        message = (
            f"Stream {self.stream}: the server sends the same {count} entries for any time, so it is "
            "unknown whether there are more."
        )
        if count % USUAL_CAPS == 0:
            raise ServerError(
                f"{message} Such a round number is usually the most that a reply holds. "
                "Report it to Snow Atlas support.",
                self.stream,
            )
        self.warn("any time", message)

    def _check_second(self, window: TimeWindow, count: int) -> None:
        """Raise ServerError if a second may have more entries than the reply."""
        if count < (self._cap or CHECKED_IN_A_SECOND):
            return
        second = f"the second {window[0]:{DATETIME_FORMAT}}"
        if self._cap is None:
            if len(self.request((window[0] - CONTEXT, window[1] + CONTEXT))) > count:
                return
            # a reply for thirty days would have held the entries of other windows, too
            if count < REFUSED_IN_A_SECOND and self._windows == 1:
                self.warn(
                    "full second",
                    f"Stream {self.stream}: {count} entries were received for {second}, and no others in "
                    "fifteen days before and after, so it is unknown whether a reply can hold more.",
                )
                return
        raise ServerError(
            f"Stream {self.stream}: {count} entries were received for {second}, as many as a reply holds at "
            "most. There may be more, because no request can be for less than a second. "
            "Report it to Snow Atlas support, and check whether a filter of this stream can split them.",
            self.stream,
        )

    def _not_emitted(self, rows: list[Row], window: TimeWindow) -> list[Row]:
        """Return the rows without those that were emitted for another window.

        Some servers return rows whose time lies outside of the window: a time without its time zone, or in
        another one, looks like that, and so does a server that ignores the filter.
        """
        timestamps = [timestamp_of(row.get(self.cursor_field)) for row in rows]
        # a server may count the first second to the preceding window, too
        has_odd = any(each is not None and not window[0] < each < window[1] for each in timestamps)
        if not self._emitted and not has_odd:
            return rows
        values = [hash(content(row)) for row in rows]
        new = [row for row, value in zip(rows, values, strict=True) if value not in self._emitted]
        if has_odd:
            self._emitted.update(values)
        return new

    def _warn_about_retention(self, row: Row, kept_until: str, earliest: datetime) -> None:
        """Warn if the sync starts earlier than the retention period of a row.

        Windows are read from the oldest on, so the start of the sync is soon known.
        """
        created, until = (timestamp_of(row.get(name)) for name in (self.cursor_field, kept_until))
        if created is None or until is None or until <= created:
            return
        now, kept = datetime.now(timezone.utc), until - created
        if now - earliest > kept:
            self.warn(
                "retention",
                f"Stream {self.stream}: the server keeps a row for {kept.days} days ({kept_until}), and "
                f"this sync goes back further: rows from before {now - kept:%Y-%m-%d} may be gone.",
            )


def timestamp_of(value: Any) -> datetime | None:
    """Parse a timestamp of the server, or return None if it is none."""
    with suppress(ValueError):
        return parse_timestamp(value)
    return None


def _united(*parts: list[Row]) -> list[Row]:
    return list({content(row): row for part in parts for row in part}.values())
