"""Arithmetic of overlapping pages.

The API knows page numbers and page sizes only, so pages overlap by differing in size: page 37 of 500 rows
ends at offset 18,500, and page 39 of 486 rows begins at offset 18,468.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest

OVERLAP = 4
"""Rows that neighbouring pages share while the data doesn't change."""
COUNTED_OVERLAP = 2
"""The same for rows that are counted and have a key, of which one is enough to recognize an overlap."""
PAGES_OF_A_GAP = 20
"""Pages read to close one gap, or read without a new row, before the read fails."""


@dataclass
class Plan:
    """Planner of page requests of at most `size` rows.

    `overlap` is the number of rows that pages share, `displacement` the number of rows by which offsets have
    shifted recently between neighbouring pages.
    """

    size: int
    overlap: int = OVERLAP
    displacement: int = 0

    def following(self, offset: int, back: int = 0) -> PageRequest:
        """Return the page that continues at an offset, from `back` rows before it or the usual overlap."""
        return overlapping(offset, min(max(back, self._overlap), self.size), self.size)

    def after(self, page: PageReply, offset: int) -> PageRequest:
        """Return the page after one that was read up to an offset.

        After a short page, it begins within that page and reaches beyond its last row.
        """
        if offset < page.request.end:
            begin = max(page.request.start + 1, page.reached - self._overlap)
            for size in range(self.size, 0, -1):
                request = PageRequest(begin // size + 1, size)
                if request.start > page.request.start and request.end > page.reached:
                    return request
        return self.following(offset)

    @property
    def _overlap(self) -> int:
        return min(self.overlap + 2 * self.displacement, self.size // 4)

    def across_gap(self, left: PageReply, offset: int, forward: bool) -> Iterator[PageRequest]:
        """Yield pages that may share a row with the left page, for a gap that begins at `offset`.

        The next page comes first if `forward`; then pages that begin further and further back.
        """
        if forward or offset < left.request.end:
            yield self.after(left, offset)
        back = max(4 * OVERLAP, 4 * self.displacement)
        while back < self.size:
            yield self.following(offset, back)
            back *= 4
        yield self.following(offset, self.size)


def overlapping(end: int, overlap: int, largest: int) -> PageRequest:
    """Return the page that reaches farthest of those that begin at least `overlap` rows before `end`.

    No page is longer than `largest` rows. Sizes slightly below that have a page boundary nearly everywhere,
    so a page advances by about `1.3 * sqrt(largest)` rows less than its size.
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
    # no boundary of these sizes is close enough: use the page with the largest overlap, even if it is small
    pages = [PageRequest(end // size + 1, size) for size in range(1, largest + 1)]
    return max(pages, key=lambda page: (min(overlap, end - page.start), page.end))
