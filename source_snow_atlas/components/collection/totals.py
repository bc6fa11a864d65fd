"""Totals of the pages of one collection, and how they change during the read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from source_snow_atlas.components.collection.page_reply import PageReply

MIN_JUMP = 4
"""Rows by which totals of neighbouring pages differ if they are those of different replicas."""
MOST_DELETED = 100
"""Rows by which a total may fall during a read, however small the collection is."""


@dataclass
class Totals:
    """Totals of rows in the order of the pages; of a number of pages, the least and the most rows."""

    least: int = 0
    """The least number of rows by the highest total."""
    most: int = 0
    fall: int = 0
    _newest: tuple[int, int] = (0, 0)
    _lowest: float = math.inf
    """The lowest total since the first fall."""
    _rise: int = 0
    _steps: int = 0
    _steady_steps: int = 0
    _has_jumped_down: bool = False
    _has_jumped_up: bool = False

    def observe(self, reply: PageReply) -> None:
        """Add the total of a page, if it has one."""
        if not reply.is_counted:
            return
        least, most = reply.counted
        if self.most:
            fall, rise = self._newest[0] - most, least - self._newest[1]
            self._steps += 1
            self._steady_steps += fall <= 0 and rise <= 0
            self._has_jumped_down |= fall >= MIN_JUMP
            self._has_jumped_up |= rise >= MIN_JUMP
        self._newest = reply.counted
        self.least, self.most = max(self.least, least), max(self.most, most)
        self.fall = max(self.fall, self.least - most)
        if self.fall:
            self._lowest = min(self._lowest, most)
            self._rise = max(self._rise, int(least - self._lowest))

    def are_of_replicas(self, emitted: int) -> bool:
        """Return whether totals jump down and up, and some of them count more rows than were emitted.

        Replicas differ then, or a part of an index does not answer at times. If totals change from page to
        page, rows are inserted and deleted all the time.
        """
        return self.jump_back and 3 * self._steady_steps >= self._steps and emitted < self.most

    @property
    def jump_back(self) -> bool:
        """Return whether totals jump down and up."""
        return self._has_jumped_down and self._has_jumped_up

    def lack_a_part(self, emitted: int) -> bool:
        """Return whether fewer rows were emitted than counted, and a part of the data was out of reach.

        That is assumed if totals fell to half, or by 5 % and rose again, as while an index is rebuilt.
        """
        if not self.fall or emitted >= self.least:
            return False
        is_half, rose_again = 2 * self.fall >= self.most, 2 * self._rise >= self.fall
        is_large = self.fall > MOST_DELETED and 20 * self.fall > self.most
        return (is_half and rose_again) or (is_large and (is_half or rose_again))
