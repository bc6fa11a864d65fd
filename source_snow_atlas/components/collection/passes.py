"""One pass over a collection: which page comes next, and looks at the seams where something moved, side by
side with reading on.

Pages of one size meet at their boundaries. While nothing moves that is all there is to it. Where the total
changed between two neighbours, a look is taken at their seam at once. What leaves no sign (a row deleted and
another inserted between the serving of two neighbours) happens with a probability of about
`(changes a page)^2 / 24` a seam. Where that adds up to something, the rest is read in pages that overlap by a
few rows, which proves every seam by a row in common, and the seams before are looked at as well.
"""

from __future__ import annotations

import logging
from collections import deque
from math import ceil, isqrt

from source_snow_atlas.components.collection.evidence import Evidence
from source_snow_atlas.components.collection.moments import Moments
from source_snow_atlas.components.collection.pages import PageRequest
from source_snow_atlas.components.collection.plan import SMALLEST_OVERLAPPING, covering, overlapping
from source_snow_atlas.components.collection.seams import Look, Seam, Taken
from source_snow_atlas.components.request.reply import Page

LOGGER = logging.getLogger("airbyte")
UNSEEN_A_SEAM = 1 / 24
"""Part of the square of the changes a page that hides from both totals and takes a row along."""
NEGLIGIBLE = 1.5e-3
"""Rows expected to be lost without a sign, a stream, up to which pages need not overlap."""
FEW_PAGES = 64
"""Pages up to which all seams are looked at again once something moved: it costs little."""
OFTEN = 0.04
"""Changes a page above which seams without a sign are looked at again, however many they are."""
REMEMBERED_SEAMS = 1000
"""Seams without a sign that can be looked at later: where changes are so many that it is needed, the first
sign comes before that.
"""
TRIES = 3
SMALLEST_MARGIN = 6
LONGEST_RANGE = 20
"""Pages of the collection's own size up to which a place is mended where it is; beyond, all is read again."""
EMPTY_PAGES = 2
"""Empty pages in a row after which nothing is asked for that only an announcement promises."""


class Pass:
    """Plans the pages of one pass and checks how they fit together. `mends`: whether looks are taken; it
    needs rows that are told apart.

    `overlaps`: whether to begin with overlapping pages, as where replies have no totals and a deletion leaves
    no sign.
    """

    def __init__(
        self,
        size: int,
        evidence: Evidence,
        moments: Moments,
        *,
        mends: bool,
        may_overlap: bool,
        overlaps: bool = False,
    ) -> None:
        self.size = size
        self._evidence = evidence
        self._moments = moments
        self._mends = mends
        self._may_overlap = may_overlap and size >= SMALLEST_OVERLAPPING
        self._overlaps = overlaps and self._may_overlap
        self._sizes_are_fixed = False
        self._looks: deque[Look] = deque()
        self._left: Taken | None = None
        self._before: Taken | None = None
        self._last: tuple[PageRequest, Page] | None = None
        self._planned_end = 0
        self._outstanding = 0
        self._quiet: deque[tuple[Taken, Taken]] = deque(maxlen=REMEMBERED_SEAMS)
        self._quiet_seams = 0
        self._quiet_looked_at = False
        self._empty = 0
        self._has_ended = False
        self._largest_displacement = 0
        self.pages = 0
        self.looks = 0
        self.rows = 0
        self.moved = False
        self.unproved = 0
        self.expected_unseen = 0.0

    # what to ask for

    def following(self) -> PageRequest | None:
        """The next page to ask for; None where the replies under way have to tell first, or nothing is
        left.
        """
        if self._looks:
            self.looks += 1
            return self._looks.popleft()
        if not self._has_ended and (self._empty < EMPTY_PAGES or self._last is None):
            announced = self._evidence.announced()
            if self._planned_end < announced or (self._outstanding == 0 and self._asks_on()):
                return self._plan()
        if self._outstanding == 0 and not self._quiet_looked_at:
            self._quiet_looked_at = True
            self._look_at_quiet_seams()
            return self.following()
        return None

    def is_behind(self, request: PageRequest) -> bool:
        """Whether nothing that counts rows says that the page exists: any page may come back for it, or
        none.
        """
        total = self._evidence.total
        return request.start >= (total if total is not None else self._evidence.announced())

    def neighbours(self, request: PageRequest) -> Taken | None:
        """The page before a planned one, which it may share rows with."""
        return None if isinstance(request, Look) else self._left

    def brings_nothing(self, hashes: list[int]) -> bool:
        """Whether all rows of a page came with one of the two pages before it."""
        known = {value for page in (self._left, self._before) if page for value in page.hashes}
        return known.issuperset(hashes)

    def _asks_on(self) -> bool:
        return self._last is None or self._evidence.says_more(*self._last)

    def _plan(self) -> PageRequest:
        if self._overlaps and self._planned_end:
            request = overlapping(self._planned_end, self._overlap(), self.size)
            if request.end <= self._planned_end:
                request = PageRequest(self._planned_end // self.size + 1, self.size)
        else:
            request = PageRequest(self._planned_end // self.size + 1, self.size)
        self._planned_end = request.end
        self._outstanding += 1
        return request

    def _overlap(self) -> int:
        """Rows that neighbouring pages share: more than the changes between their serving are likely to
        move.
        """
        wanted = 4 + max(ceil(3 * self._changes_a_page()), 2 * self._largest_displacement)
        return min(wanted, max(1, self.size // 4))

    def _changes_a_page(self) -> float:
        return self._moments.changes / max(1, self.pages)

    # what came

    def first(self, request: PageRequest, page: Page, taken: Taken) -> None:
        """The first page, which was asked for to learn what the collection is like."""
        self._planned_end = request.end
        self._outstanding = 1
        self.take(request, page, taken)

    def take(self, request: PageRequest, page: Page, taken: Taken) -> bool:
        """Take a page or a look. False where it does not count: a server that knows one page size only has
        served another part.
        """
        fits = taken.size == request.size and len(taken.hashes) <= request.size
        if isinstance(request, Look):
            if fits:
                self._evidence.note(request, page)
            self._take_look(request, taken if fits else None)
            return True
        self._outstanding -= 1
        if not fits and self._overlaps:
            self._fix_sizes()
        if self._sizes_are_fixed and self._left is not None and taken.start != self._left.end:
            return False
        self._evidence.note(request, page)
        self._moments.count(taken.total)
        self.pages += 1
        self.rows += len(taken.hashes)
        self._empty = 0 if taken.hashes else self._empty + 1
        if self._left is not None:
            self._join(self._left, taken)
        self._before, self._left = self._left, taken
        if taken.hashes or self._last is None:
            self._last = (request, page)
        else:
            self._end_perhaps(request)
        return True

    def skip(self, request: PageRequest) -> None:
        """A page came that is none of its own: the last one once more."""
        if isinstance(request, Look):
            self._take_look(request, None)
            return
        self._outstanding -= 1
        self._empty += 1
        self._end_perhaps(request)

    def _end_perhaps(self, request: PageRequest) -> None:
        if self._outstanding or self._last is None:
            return
        if self._empty >= EMPTY_PAGES or self._planned_end >= self._evidence.announced():
            self._has_ended = True
            self._evidence.end_contradicted(
                *self._last, f"page {request.number} of {request.size} brought no more"
            )

    def _fix_sizes(self) -> None:
        """The server does not serve the sizes it is asked for: go on with its own."""
        if not self._sizes_are_fixed:
            self._sizes_are_fixed = True
            self._may_overlap = self._overlaps = False
            self._planned_end = self._left.end if self._left else 0

    def _join(self, left: Taken, right: Taken) -> None:
        if not self._evidence.has_total:
            # without a total, or with one that was refuted, only a row in common proves a seam
            left, right = left.without_total(), right.without_total()
            self._overlaps = self._may_overlap
        if not left.hashes and not right.hashes:
            return
        if left.total is not None and right.total is not None:
            self._largest_displacement = max(self._largest_displacement, abs(left.total - right.total))
        if not self._mends:
            self.moved = self.moved or left.epoch != right.epoch or _differ(left, right)
            return
        if right.start < left.end:
            held = set(left.hashes)
            shared = sum(value in held for value in right.hashes)
            expected = max(0, left.start + len(left.hashes) - right.start)
            if shared:
                displacement = shared - expected
                if displacement:
                    self.moved = True
                    self._moments.displaced(displacement)
                    self._largest_displacement = max(self._largest_displacement, abs(displacement))
            elif right.hashes or expected:
                self._moments.displaced(expected)
                self._largest_displacement = max(self._largest_displacement, expected)
                self._look_at(left, right)
            return
        if right.start > left.end:
            # the page size changed on the way: what lies between can't be said
            self.unproved += 1
            self.moved = True
            return
        if left.epoch != right.epoch or _differ(left, right) or (left.is_short and right.hashes):
            self._look_at(left, right)
            self._settle_mode()
        else:
            self._quiet_seams += 1
            self._quiet.append((left.edges(last=True), right.edges(last=False)))

    # looks

    def _look_at(self, left: Taken, right: Taken) -> None:
        self.moved = True
        self._order(Seam(left, right, right.start, SMALLEST_MARGIN))

    def _order(self, seam: Seam) -> None:
        changes = self._moments.changes
        start, end = seam.range(self._evidence.total, 2 * isqrt(changes))
        if end - start > LONGEST_RANGE * self.size:
            self.unproved += 1
            return
        if self._sizes_are_fixed:
            numbers = range(max(0, start) // self.size + 1, -(-end // self.size) + 1)
            pages = [PageRequest(number, self.size) for number in numbers]
        else:
            pages = covering(start, end, self.size)
        seam.expect(len(pages))
        self._looks.extend(
            Look(page.number, page.size, seam=seam, part=part) for part, page in enumerate(pages)
        )

    def _take_look(self, look: Look, taken: Taken | None) -> None:
        seam = look.seam
        seam.taken += 1
        seam.looks[look.part] = taken
        if taken is None:
            self._fix_sizes()
        if seam.taken < len(seam.looks) or seam.is_proved():
            return
        if seam.margin < SMALLEST_MARGIN * 4 ** (TRIES - 1):
            seam.margin *= 4
            self._order(seam)
        else:
            self.unproved += 1

    def _settle_mode(self) -> None:
        """Something moved: decide whether the rest is read in overlapping pages, and whether the quiet seams
        need a look.
        """
        if not self._may_overlap or self._overlaps:
            return
        left_to_read = max(0, self._evidence.announced() - self._planned_end) / self.size
        if left_to_read * self._unseen_a_seam() > NEGLIGIBLE:
            self._overlaps = True

    def _unseen_a_seam(self) -> float:
        return self._changes_a_page() ** 2 * self._moments.unevenness * UNSEEN_A_SEAM

    def _look_at_quiet_seams(self) -> None:
        """Look at the seams without a sign where changes were so many that some may have cancelled out."""
        quiet = list(self._quiet)
        self._quiet.clear()
        if not self.moved or not self._mends:
            return
        if self.pages <= FEW_PAGES or self._changes_a_page() > OFTEN:
            for left, right in quiet:
                self._order(Seam(left, right, right.start, SMALLEST_MARGIN))
        else:
            self.expected_unseen = self._quiet_seams * self._unseen_a_seam()


def _differ(left: Taken, right: Taken) -> bool:
    """Whether the two pages count the collection's rows or pages differently."""
    if left.total is not None and right.total is not None:
        return left.total != right.total
    return (
        left.pages is not None
        and right.pages is not None
        and left.size == right.size
        and left.pages != right.pages
    )
