"""Whether a window of a list without pages came whole: a server may cap such a list without a word.

The reply has no pages and no total, so nothing in it tells. A window with suspiciously many entries is
proved: its halves are asked for. Where they hold more, the server caps, and halving goes on until every part
is smaller than the cap. What was proved once need not be proved again: a server that sent 1,500 entries whole
does not cap at 1,000. So a log without a cap costs a few requests more, whatever its length.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.served import content
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.cursor_row import bound, moment_of

LOGGER = logging.getLogger("airbyte")
Window = tuple[str, str]
"""Half open: from the first moment up to the second, both in whole UTC seconds."""
MANY = 200
"""Entries from which a window is suspicious whatever the number."""
ROUND = 50
FEW = 4
"""Entries up to which two windows may well have the same number by chance."""
SLACK = 1.1
"""A window may hold so many times the entries of one that was proved before it is proved itself."""
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
    _largest: int = 0
    _doubtful: dict[int, list[Window]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def whole(self, window: Window, rows: list[Row]) -> list[Row]:
        """All rows of a window, of which `rows` came in one reply. Raises ServerError where no halving can
        show them.
        """
        if not rows:
            return rows
        with self._lock:
            if self.cap is not None and len(rows) > self.cap:
                self.cap = None
            if not self._is_suspicious(len(rows)):
                self._doubtful.setdefault(len(rows), []).append(window)
                self._largest = max(self._largest, len(rows))
                return rows
            self._largest = max(self._largest, len(rows))
            knew = self.cap
            found = self._prove(window, rows, len(rows))
            if self.cap is not None and knew is None:
                found = self._with_earlier_windows(found, window)
            return found

    def _is_suspicious(self, count: int) -> bool:
        if self.cap is not None:
            return count >= self.cap
        if count <= self.proved or count < self._largest:
            return False
        repeats = count == self._largest and count > FEW
        is_round = count % ROUND == 0
        return repeats or is_round or (count >= MANY and count > SLACK * self.proved)

    def _prove(self, window: Window, rows: list[Row], full: int) -> list[Row]:
        """The rows of a window and of its parts, halved until no part is as full as a reply that may be
        capped.
        """
        halves = _halves(window)
        if halves is None:
            self._give_up(window, len(rows))
            return rows
        parts = [(half, self.read(half)) for half in halves]
        together = len(self._united([part for _, part in parts]))
        if together > len(rows) and self.cap is None:
            self.cap = full
            LOGGER.warning(
                "Stream %s: a reply holds at most %d entries, and the server does not say so: fuller "
                "windows are read in parts.",
                self.stream,
                full,
            )
        whole = [self._prove(half, part, full) if len(part) >= full else part for half, part in parts]
        if self.cap is None:
            self.proved = max(self.proved, len(rows))
        return self._united([rows, *whole])

    def _with_earlier_windows(self, rows: list[Row], window: Window) -> list[Row]:
        """The rows, and those that earlier windows as full as the cap turn out to lack."""
        full = self.cap or 0
        for count in [count for count in self._doubtful if count >= full]:
            for earlier in self._doubtful.pop(count):
                if earlier != window:
                    rows = self._united([rows, self._prove(earlier, self.read(earlier), full)])
        return rows

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
        """The window can't be halved any more. An error where the server caps its replies at that number."""
        if self.cap is None:
            start, end = (datetime.strptime(moment, DATETIME_FORMAT) for moment in window)
            around = ((start - AROUND).strftime(DATETIME_FORMAT), (end + AROUND).strftime(DATETIME_FORMAT))
            wider = len(self.read(around))
            if wider > count:
                self.proved = max(self.proved, count)
                return
            if not self._came_elsewhere(count):
                LOGGER.warning(
                    "Stream %s: %d entries came for the second %s, and no others in fifteen days before "
                    "and after: nothing shows whether a reply can hold more.",
                    self.stream,
                    count,
                    window[0],
                )
                return
        raise ServerError(
            f"Stream {self.stream}: {count} entries came for the second {window[0]}, as many as a reply "
            "holds at most, and there may be more: the API can't be asked for less than a second. Report "
            "it to Snow Atlas support, and check whether a filter of this stream can part them.",
            self.stream,
        )

    def _came_elsewhere(self, count: int) -> bool:
        """Whether entries of other windows are known, which a reply for a wider one should have held as
        well.
        """
        windows = sum(len(windows) for windows in self._doubtful.values())
        return windows > 0 or self._largest > count or self.proved > 0


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
