"""Verification that the reply for a time window is complete: a server may cap a list without pages silently.

The halves of a window with more entries than any before it are requested, and must add nothing. A server that
sent 1,500 entries does not cap at 1,000, so a log without a cap costs a few requests more, whatever its
length. Once a reply turns out to be capped, every window with more than half as many entries is verified: the
cap may be one of bytes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import content
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.cursor_row import bound, timestamp_of

LOGGER = logging.getLogger("airbyte")
TimeWindow = tuple[str, str]
"""Half-open interval between two timestamps in whole UTC seconds."""
NEVER_CAPPED = 4
"""Entries of a reply that is assumed to be complete."""
CHECKED_IN_A_SECOND = 20
"""Entries within one second that are verified by a request for the days around it."""
REFUSED_IN_A_SECOND = 50
"""Entries within one second that are assumed to be a part of the log, even if it has no others."""
AROUND = timedelta(days=15)


class TimeWindowVerifier:
    """Verifier of the windows of one stream. `read` returns the rows of a window. Thread-safe."""

    def __init__(self, stream: str, read: Callable[[TimeWindow], list[Row]]) -> None:
        self._stream = stream
        self._read = read
        self._lock = threading.Lock()
        self._windows = 0
        """Windows that had entries."""
        self._verified = 0
        """The most entries of a reply that was complete."""
        self._cap: int | None = None
        """The fewest entries of a capped reply."""
        self._warned = False

    def complete(self, window: TimeWindow, rows: list[Row]) -> list[Row]:
        """Return all rows of a window, of which `rows` came in one reply.

        Raises ServerError for more entries in one second than a reply holds.
        """
        with self._lock:
            self._windows += bool(rows)
            return self._verify(window, rows)

    def _verify(self, window: TimeWindow, rows: list[Row]) -> list[Row]:
        count = len(rows)
        is_plausible = count < self._verified if self._cap is None else 2 * count <= self._cap
        if count <= NEVER_CAPPED or is_plausible:
            return rows
        start, end = map(bound, window)
        if end - start <= timedelta(seconds=1):
            self._check_second(window, count)
            return rows
        middle = _text(start + timedelta(seconds=int((end - start).total_seconds()) // 2))
        halves = [(half, self._read(half)) for half in ((window[0], middle), (middle, window[1]))]
        united = _united(rows, *[part for _, part in halves])
        if len(united) > count:
            self._found_cap(count)
            return _united(united, *[self._verify(half, part) for half, part in halves])
        (first, first_part), (second, second_part) = halves
        if len(first_part) == len(second_part) == count and not self._warned:
            self._warned = True
            LOGGER.warning(
                "Stream %s: the server sends the same %d entries for any time, so it is unknown whether "
                "there are more.",
                self._stream,
                count,
            )
        # an empty half proves nothing about the other one
        if not first_part:
            united = _united(rows, self._verify(second, second_part))
        elif not second_part:
            united = _united(rows, self._verify(first, first_part))
        if self._cap is None:
            self._verified = max(self._verified, count)
        return united

    def _found_cap(self, count: int) -> None:
        if self._cap is None:
            LOGGER.warning(
                "Stream %s: a reply holds at most %d entries, and the server does not say so. Windows with "
                "more are read in parts.",
                self._stream,
                count,
            )
        self._cap = min(count, self._cap or count)

    def _check_second(self, window: TimeWindow, count: int) -> None:
        """Raise ServerError if a second may have more entries than the reply."""
        if count < (self._cap or CHECKED_IN_A_SECOND):
            return
        if self._cap is None:
            if len(self._read((_text(bound(window[0]) - AROUND), _text(bound(window[1]) + AROUND)))) > count:
                return
            # a reply for thirty days would have held the entries of other windows, too
            if count < REFUSED_IN_A_SECOND and self._windows == 1:
                LOGGER.warning(
                    "Stream %s: %d entries came for the second %s, and no others in fifteen days before "
                    "and after, so it is unknown whether a reply can hold more.",
                    self._stream,
                    count,
                    window[0],
                )
                return
        raise ServerError(
            f"Stream {self._stream}: {count} entries came for the second {window[0]}, as many as a reply "
            "holds at most. There may be more, because no request can be for less than a second. "
            "Report it to Snow Atlas support, and check whether a filter of this stream can split them.",
            self._stream,
        )


class OutsideRows:
    """Rows that a server returned for a window although their time lies outside of it. Thread-safe.

    A time without its time zone, or in another one, looks like that, and so does a server that ignores the
    filter. Such rows are emitted once.
    """

    def __init__(self, cursor_field: str) -> None:
        self._cursor_field = cursor_field
        self._emitted: set[int] = set()
        self._lock = threading.Lock()

    def not_emitted(self, rows: list[Row], window: TimeWindow) -> list[Row]:
        """Return the rows without those that were emitted for another window."""
        start, end = map(bound, window)

        def is_odd(row: Row) -> bool:
            # a server may count the first second to the preceding window, too
            timestamp = timestamp_of(row.get(self._cursor_field))
            return timestamp is not None and not start < timestamp < end

        has_odd = any(map(is_odd, rows))
        if not self._emitted and not has_odd:
            return rows
        values = [hash(content(row)) for row in rows]
        with self._lock:
            emitted = [row for row, value in zip(rows, values, strict=True) if value not in self._emitted]
            if has_odd:
                self._emitted.update(values)
        return emitted


def _united(*parts: list[Row]) -> list[Row]:
    return list({content(row): row for part in parts for row in part}.values())


def _text(timestamp: datetime) -> str:
    return timestamp.strftime(DATETIME_FORMAT)
