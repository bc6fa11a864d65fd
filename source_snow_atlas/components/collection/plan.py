"""Which page to ask for next: arithmetic on page numbers and page sizes, without requests.

The server knows only numbers and sizes, so an overlap is asked for with pages of different sizes: page 37 of
500 rows ends at row 18,500, and page 39 of 486 rows begins at row 18,468.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from source_snow_atlas.components.collection.pages import PageRequest
from source_snow_atlas.components.collection.served import Served

OVERLAP = 4
"""Rows that neighbouring pages share where nothing moves."""
PAGES_OF_A_GAP = 20
"""Pages read for one gap, or without a new row, after which the data changes too fast."""


@dataclass
class Plan:
    """The pages of a collection whose server goes by `size` rows a page, and whose rows have moved by
    `displacement` between neighbouring pages of late.
    """

    size: int
    displacement: int = 0

    def behind(self, place: int, back: int = 0) -> PageRequest:
        """Return the page that goes on behind an offset: it begins `back` rows before it, or the usual
        overlap.
        """
        overlap = min(OVERLAP + 2 * self.displacement, self.size // 4)
        return overlapping(place, min(max(back, overlap), self.size), self.size)

    def around(self, left: Served, right: Served, place: int, forward: bool) -> Iterator[PageRequest]:
        """The pages behind `place` that may share a row with the left page: the next one if it goes
        `forward`, then from further and further back, and where the totals say that its rows have moved to.
        """
        if left.missing and not right.rows:
            return
        if forward:
            yield self.behind(place)
        back = max(4 * OVERLAP, 4 * self.displacement)
        while back < self.size:
            yield self.behind(place, back)
            back *= 4
        yield self.behind(place, self.size)
        if left.total_items is None or right.total_items is None:
            return
        moved = right.total_items - left.total_items
        begin, end = max(self.size, place + min(moved, 0)), place + max(moved, 0) + self.size
        for _ in range(PAGES_OF_A_GAP if moved else 0):
            request = self.behind(begin, self.size // 2)
            yield request
            begin = max(request.end, begin + 1)
            if begin > end:
                return


def overlapping(end: int, overlap: int, largest: int) -> PageRequest:
    """Return the page that reaches farthest among those that begin at least `overlap` rows before `end`.

    No page is longer than `largest` rows. Sizes a little below the largest put boundaries nearly everywhere,
    so about `1.3 * sqrt(largest)` rows of headway are lost.
    """
    begin = max(0, end - overlap)
    smallest = max(1, largest - 3 * isqrt(largest) - 1, min(largest, 2 * overlap))
    best = PageRequest(begin // largest + 1, largest)
    for size in range(largest - 1, smallest - 1, -1):
        if best.end >= begin + size:
            break
        candidate = PageRequest(begin // size + 1, size)
        if candidate.end > best.end:
            best = candidate
    if best.end > end:
        return best
    # no boundary of these sizes lies well: take the size that divides the place itself
    number = -(-begin // largest) + 1
    size = begin // max(1, number - 1) if begin else largest
    return PageRequest(number, max(1, size))
