"""Which pages cover which rows: arithmetic on page numbers and page sizes, without requests.

Pages of one size meet at their boundaries. Pages of different sizes can overlap: page 37 of 500 rows ends at
row 18,500, and page 39 of 486 rows begins at row 18,468. The server knows only numbers and sizes, so that is
how an overlap is asked for.
"""

from __future__ import annotations

from math import isqrt

from source_snow_atlas.components.collection.pages import PageRequest

SMALLEST_OVERLAPPING = 16
"""Page size below which overlapping pages would make no headway."""


def overlapping(end: int, overlap: int, largest: int) -> PageRequest:
    """The page that reaches farthest among those that begin at least `overlap` rows before `end`, at most
    `largest` rows long.

    Sizes a little below the largest put boundaries nearly everywhere, so about `1.3 * sqrt(largest)` rows of
    headway are lost.
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


def covering(start: int, end: int, largest: int) -> list[PageRequest]:
    """Pages that hold the rows from offset `start` to `end`: one small one where that is possible, else
    overlapping ones.
    """
    start = max(0, start)
    for size in range(max(2, end - start), largest + 1):
        number = start // size + 1
        if number * size >= end:
            return [PageRequest(number, size)]
    overlap = max(min(2, largest - 1), largest // 8)
    pages = [overlapping(start + overlap, overlap, largest)]
    while pages[-1].end < end:
        page = overlapping(pages[-1].end, overlap, largest)
        if page.end <= pages[-1].end:
            page = PageRequest(pages[-1].number + 1, pages[-1].size)
        pages.append(page)
    return pages


def other_page_size(size: int) -> int:
    """A page size whose boundaries keep away from those of `size`: about 0.907 of it, and smaller wherever
    that is possible.
    """
    return max(1, min(size - 1, round(size * 0.907))) if size > 2 else size
