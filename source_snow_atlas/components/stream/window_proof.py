"""Whether a window of a list without pages came whole: a server may cap such a list without a word.

The reply has no pages and no total, so nothing in it tells. A window with more entries than any before it is
proved: its halves are asked for, and must add nothing. Where one half is empty, that says nothing, and the
other one is halved in its turn. A server that sent 1,500 entries whole does not cap at 1,000: so a log
without a cap costs a few requests more, whatever its length. Where a reply turns out to be capped, every
window with more than half as many entries is proved: the cap may be one of bytes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import content
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.cursor_row import bound, moment_of

LOGGER = logging.getLogger("airbyte")
Window = tuple[str, str]
"""Half open: from the first moment up to the second, both in whole UTC seconds."""
FEW = 4
"""Entries that no server takes for too many."""
SOME = 20
"""Entries of one second from which it is asked whether a reply can hold more."""
MANY = 50
"""Entries of one second from which nobody believes that there are no others, before or after."""
RESOLUTION = timedelta(seconds=1)
AROUND = timedelta(days=15)
"""Time before and after a second that is asked for to see whether a reply can hold more than it does."""


@dataclass
class WindowProofs:
    """What is known of the cap of one stream's endpoint. `read` gives the rows of a window; for any number of
    threads.
    """

    stream: str
    key: Sequence[str]
    read: Callable[[Window], list[Row]]
    proved: int = 0
    """Entries that came whole in one reply."""
    cap: int | None = None
    """The fewest entries of a reply that was capped."""
    _ignores_times: bool = False
    _believed: list[tuple[Window, int]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def whole(self, window: Window, rows: list[Row]) -> list[Row]:
        """All rows of a window, of which `rows` came in one reply. Raises ServerError where no halving can
        show them.
        """
        if not rows:
            return rows
        with self._lock:
            if self._is_believed(len(rows)):
                self._believed.append((window, len(rows)))
                return rows
            found = self._prove(window, rows)
            while doubtful := [one for one in self._believed if not self._is_believed(one[1])]:
                self._believed.remove(doubtful[0])
                earlier = doubtful[0][0]
                found = self._united([found, self._prove(earlier, self.read(earlier))])
            return found

    def _is_believed(self, count: int) -> bool:
        if count <= FEW:
            return True
        return count <= self.proved if self.cap is None else 2 * count <= self.cap

    def _prove(self, window: Window, rows: list[Row]) -> list[Row]:
        """The rows of a window and of its parts, halved until nothing more comes."""
        halves = _halves(window)
        if halves is None:
            self._give_up(window, len(rows))
            return rows
        parts = [(half, self.read(half)) for half in halves]
        together = self._united([rows, *[part for _, part in parts]])
        if len(together) > len(rows):
            self._found_cap(len(rows))
            doubtful = [(half, part) for half, part in parts if part and not self._is_believed(len(part))]
            return self._united([together, *[self._prove(half, part) for half, part in doubtful]])
        if all(len(part) == len(rows) for _, part in parts) and not self._ignores_times:
            self._ignores_times = True
            LOGGER.warning(
                "Stream %s: the server sends the same %d entries whatever the time asked for: nothing shows "
                "whether there are more.",
                self.stream,
                len(rows),
            )
        for (half, part), (_, other) in (parts, parts[::-1]):
            if part and not other:
                together = self._united([rows, self._prove(half, part)])
        if self.cap is None:
            self.proved = max(self.proved, len(rows))
        return together

    def _found_cap(self, count: int) -> None:
        if self.cap is None:
            LOGGER.warning(
                "Stream %s: a reply holds at most %d entries, and the server does not say so: fuller windows "
                "are read in parts.",
                self.stream,
                count,
            )
        self.cap = min(count, self.cap or count)

    def _united(self, parts: list[list[Row]]) -> list[Row]:
        known: set[bytes] = set()
        united = []
        for part in parts:
            for row in part:
                value = content(row)
                if value not in known:
                    known.add(value)
                    united.append(row)
        return united

    def _give_up(self, window: Window, count: int) -> None:
        """The window can't be halved any more. An error where a reply may hold no more than it does."""
        if self.cap is None and count < SOME:
            return
        if self.cap is None:
            start, end = (datetime.strptime(moment, DATETIME_FORMAT) for moment in window)
            around = ((start - AROUND).strftime(DATETIME_FORMAT), (end + AROUND).strftime(DATETIME_FORMAT))
            if len(self.read(around)) > count:
                return
            # a reply for more time should have held entries of other windows as well
            if count < MANY and not self._believed and not self.proved:
                LOGGER.warning(
                    "Stream %s: %d entries came for the second %s, and no others in fifteen days before "
                    "and after: nothing shows whether a reply can hold more.",
                    self.stream,
                    count,
                    window[0],
                )
                return
        elif count < self.cap:
            return
        raise ServerError(
            f"Stream {self.stream}: {count} entries came for the second {window[0]}, as many as a reply "
            "holds at most, and there may be more: the API can't be asked for less than a second. Report "
            "it to Snow Atlas support, and check whether a filter of this stream can part them.",
            self.stream,
        )


class Outside:
    """Rows that a server returned for a window although their time lies outside it; any number of threads.

    A time without its time zone, or in another one, looks like that, and so does a server that ignores the
    filter: the rows are given out once, whatever the reason.
    """

    def __init__(self, cursor_field: str) -> None:
        self._cursor_field = cursor_field
        self._given: set[int] = set()
        self._lock = threading.Lock()

    def once(self, rows: list[Row], window: Window) -> list[Row]:
        """The rows without those that another window gave out: outside it, or at its first moment, which a
        server may count to the window before as well.
        """
        first = bound(window[0])
        is_odd = [
            moment_of(row.get(self._cursor_field)) == first or bool(self._distance(row, window))
            for row in rows
        ]
        if not self._given and not any(is_odd):
            return rows
        values = [hash(content(row)) for row in rows]
        with self._lock:
            given = [row for row, value in zip(rows, values, strict=True) if value not in self._given]
            if any(is_odd):
                self._given.update(values)
        return given

    def _distance(self, row: Row, window: Window) -> timedelta:
        """How far the row's time lies outside; nothing where it can't be read as a time."""
        moment = moment_of(row.get(self._cursor_field))
        if moment is None:
            return timedelta(0)
        start, end = map(bound, window)
        return max(start - moment, moment - end + timedelta.resolution, timedelta(0))


def _halves(window: Window) -> tuple[Window, Window] | None:
    start, end = (datetime.strptime(moment, DATETIME_FORMAT) for moment in window)
    if end - start <= RESOLUTION:
        return None
    middle = (start + timedelta(seconds=int((end - start).total_seconds()) // 2)).strftime(DATETIME_FORMAT)
    return (window[0], middle), (middle, window[1])
