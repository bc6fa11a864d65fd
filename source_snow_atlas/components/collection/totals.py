"""Totals of the pages of one collection, and how they change during the read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from source_snow_atlas.components.collection.page_reply import PageReply

MIN_JUMP = 4
"""Rows by which totals of neighbouring pages differ if they are those of different replicas."""
MIN_LONE_JUMP = 20
"""The same for totals that only fall or only rise: more than are inserted or deleted between two requests."""
FEW_STEPS = 10
"""Pages of a collection that is small enough to be read again whenever its totals jump."""
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
    _distinct: set[tuple[int, int]] = field(default_factory=set)
    _largest_fall: int = 0
    """Between neighbouring pages."""
    _largest_rise: int = 0

    def observe(self, reply: PageReply) -> None:
        """Add the total of a page, if it has one."""
        if not reply.is_counted:
            return
        least, most = reply.counted
        if self.most:
            fall, rise = self._newest[0] - most, least - self._newest[1]
            self._steps += 1
            self._steady_steps += fall <= 0 and rise <= 0
            self._largest_fall = max(self._largest_fall, fall)
            self._largest_rise = max(self._largest_rise, rise)
        self._newest = reply.counted
        if len(self._distinct) < self._steps:
            self._distinct.add(reply.counted)
        self.least, self.most = max(self.least, least), max(self.most, most)
        self.fall = max(self.fall, self.least - most)
        if self.fall:
            self._lowest = min(self._lowest, most)
            self._rise = max(self._rise, int(least - self._lowest))

    def are_of_replicas(self, emitted: int) -> bool:
        """Return whether totals jump, and some of them count more rows than were emitted.

        Replicas differ then, or a part of an index does not answer at times. If totals change from page to
        page of many, rows are inserted and deleted all the time.
        """
        are_few = self._steps < FEW_STEPS or 3 * len(self._distinct) <= self._steps
        return self._jump and (are_few or 3 * self._steady_steps >= self._steps) and emitted < self.most

    @property
    def _jump(self) -> bool:
        """Return whether totals of neighbouring pages jump down and up, or far in one direction."""
        both = min(self._largest_fall, self._largest_rise)
        return both >= MIN_JUMP or max(self._largest_fall, self._largest_rise) >= MIN_LONE_JUMP

    def lack_a_part(self, emitted: int, *, was_read_again: bool) -> bool:
        """Return whether fewer rows were emitted than counted, and a part of the data was out of reach.

        That is assumed if totals fell to half, or by 5 % and rose again, as while an index is rebuilt. If the
        totals were steady when the collection was read again, many rows were deleted at once.
        """
        if not self.fall or emitted >= self.least:
            return False
        is_half, rose_again = 2 * self.fall >= self.most, 2 * self._rise >= self.fall
        is_large = self.fall > MOST_DELETED and 20 * self.fall > self.most
        is_gap = is_large and rose_again and not was_read_again
        return is_gap or (is_half and (rose_again or is_large))
