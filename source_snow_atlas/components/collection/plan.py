"""Which page to ask for next: arithmetic on page numbers and page sizes, without requests.

The server knows only numbers and sizes, so an overlap is asked for with pages of different sizes: page 37 of
500 rows ends at row 18,500, and page 39 of 486 rows begins at row 18,468.
"""

from __future__ import annotations

from math import isqrt

from source_snow_atlas.components.collection.pages import PageRequest


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
