"""When pages were served: in which order, how evenly spread, and how often the collection's total had changed
by then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from source_snow_atlas.components.request.reply import Page

BLOCK = 10
"""Pages over which changes are counted by the totals at both ends: replies that overtake each other show one
change several times.
"""
MOST_UNEVEN = 10.0


class Moments:
    """Stamps replies as they arrive, in whatever thread, and counts the changes that their totals show."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_arrival: float | None = None
        self._last_total: int | None = None
        self._epoch = 0
        self._gaps = 0
        self._sum = 0.0
        self._squares = 0.0
        self._block: list[int] = []
        self._closed = 0
        self._displaced = 0

    def stamp(self, page: Page) -> int:
        """Note that a reply has arrived. The epoch it belongs to: epochs are told apart by changes of the
        total.
        """
        with self._lock:
            now = self._clock()
            if self._last_arrival is not None:
                gap = now - self._last_arrival
                self._gaps += 1
                self._sum += gap
                self._squares += gap * gap
            self._last_arrival = now
            if page.total_items is not None:
                if self._last_total is not None and page.total_items != self._last_total:
                    self._epoch += 1
                self._last_total = page.total_items
            return self._epoch

    def count(self, total: int | None) -> None:
        """Take the total of a page, in the pages' own order."""
        if total is None:
            return
        self._block.append(total)
        if len(self._block) > BLOCK:
            self._closed += abs(self._block[-1] - self._block[0])
            self._block = [total]

    def displaced(self, rows: int) -> None:
        """A seam showed that the rows behind it had moved by so many places while its two pages were
        served.
        """
        self._displaced += abs(rows)

    @property
    def changes(self) -> int:
        """How many rows came or went, at least: by the totals, or by what the seams showed where there are
        none.
        """
        current = abs(self._block[-1] - self._block[0]) if self._block else 0
        signs = self._closed + current
        return max(signs, self._displaced, 1 if self._epoch else 0)

    @property
    def unevenness(self) -> float:
        """1 where replies arrived at even intervals, up to 10 where they came in bursts: most happens in the
        long gaps.
        """
        if self._sum <= 0 or self._gaps < 2:
            return 1.0
        return min(MOST_UNEVEN, max(1.0, self._gaps * self._squares / self._sum**2))
