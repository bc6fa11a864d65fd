"""Seams: the places where two pages of a collection meet, and what proves that no row was lost there.

Rows keep their order while others come and go. So two pages that share a row leave no gap between them,
whenever each of them was served: what stands before the shared row is in the first page or in front of it,
what stands behind it in the second or behind it. Where two pages share no row but their totals agree, nothing
is likely to have moved; where the totals differ, something has, and a look is taken: a few rows around the
place, read now. A look that shares rows with both pages proves the seam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from source_snow_atlas.components.collection.pages import PageRequest

EDGE = 8
"""Rows that are remembered of either page of a seam that nothing was wrong with, for a later look."""


@dataclass(frozen=True)
class Taken:
    """A page that was taken: where it lay, the hashes of its rows in order, and what it said of the
    collection when it was served.

    `epoch` counts the changes of the total up to its arrival, `arrived` is a moment in seconds.
    """

    start: int
    size: int
    hashes: Sequence[int]
    total: int | None
    pages: int | None
    epoch: int

    @property
    def end(self) -> int:
        """The offset behind its last row, were it full."""
        return self.start + self.size

    @property
    def is_short(self) -> bool:
        """Whether it holds fewer rows than it could: the collection ended in it when it was served."""
        return len(self.hashes) < self.size

    def without_total(self) -> Taken:
        """The page, but for what it says of the collection's total."""
        return replace(self, total=None, epoch=0)

    def edges(self, last: bool) -> Taken:
        """The page with its last (or first) few rows only, to be kept for long."""
        kept = self.hashes[-EDGE:] if last else self.hashes[:EDGE]
        size = len(kept) + (1 if self.is_short else 0)
        start = self.start + len(self.hashes) - len(kept) if last else self.start
        return Taken(start, size, kept, self.total, self.pages, self.epoch)


@dataclass
class Seam:
    """The place between two neighbouring pages, and the looks taken at it. `place` is the offset where they
    should meet.
    """

    left: Taken
    right: Taken
    place: int
    margin: int
    looks: list[Taken | None] = field(default_factory=list)
    taken: int = 0

    def expect(self, looks: int) -> None:
        """So many pages were asked for to look at the place."""
        self.looks = [None] * looks
        self.taken = 0

    def range(self, total: int | None, drift: int) -> tuple[int, int]:
        """The offsets between which the rows of both sides lie by now: `total` rows are counted now, `drift`
        may have cancelled out.
        """
        fall = rise = 0
        for page in (self.left, self.right):
            if total is not None and page.total is not None:
                fall, rise = max(fall, page.total - total), max(rise, total - page.total)
        if self.left.total is not None and self.right.total is not None:
            fall = max(fall, self.left.total - self.right.total)
            rise = max(rise, self.right.total - self.left.total)
        start, end = (
            min(self.place, self.right.start),
            max(self.place, self.left.start + len(self.left.hashes)),
        )
        if self.left.is_short and self.right.hashes:
            start, end = min(start, self.left.start), max(end, self.left.end)
        margin = self.margin + drift
        return start - fall - margin, end + rise + margin

    def is_proved(self) -> bool:
        """Whether the looks leave no gap between the two pages."""
        looks = [look for look in self.looks if look is not None]
        if not looks:
            return False
        begins = looks[0].start == 0 or any(share(self.left, look) for look in looks)
        linked = all(share(one, other) or one.is_short for one, other in pairwise(looks))
        ends = looks[-1].is_short or any(share(look, self.right) for look in looks)
        return begins and linked and ends


def share(one: Taken, other: Taken) -> bool:
    """Whether the two pages have a row in common."""
    if len(one.hashes) > len(other.hashes):
        one, other = other, one
    return not set(one.hashes).isdisjoint(other.hashes)


@dataclass(frozen=True)
class Look(PageRequest):
    """A page asked for because of a seam: the `part`-th of the pages that hold the place."""

    seam: Seam = field(compare=False)
    part: int = 0
