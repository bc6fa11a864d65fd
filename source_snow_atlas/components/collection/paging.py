"""All rows of one collection, its pages read side by side. A reading is whole where its replies prove it:

1. Every page holds all rows that its own reply counts at its place (`served`). A page that does not is asked
   for again; what is still missing is counted, and fails the stream (`not_served`).
2. Neighbouring pages overlap and share a row (`overlap`, `plan`). Where two share none, the rows between them
   are read at once, from further back.
3. The last page is not full, and nothing in its reply announces more.

Why that is enough: take a row that is there all the time. If it were on neither of two neighbouring pages, it
would come after all rows of the first and before all rows of the second. But they share a row, and rows keep
their order. So the row is on one of the pages. Where pages can't overlap, whole passes are compared
(`passes`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.first_page import confirm_object, first_page
from source_snow_atlas.components.collection.not_served import NotServed
from source_snow_atlas.components.collection.overlap import Overlap, in_place, overlap_of
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import (
    Changes,
    Fetch,
    NoPrefetch,
    PageRequest,
    Prefetch,
    in_flight,
)
from source_snow_atlas.components.collection.passes import WholePasses
from source_snow_atlas.components.collection.plan import OVERLAP, PAGES_OF_A_GAP, Plan
from source_snow_atlas.components.collection.served import Served
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
FIRST = frozenset({0, 1})
"""The numbers by which replies may call the first page."""
SMALLEST_OVERLAPPING = 16
"""Page size below which overlapping pages make no headway, and few rows can't tell order from chance."""
REMEMBERED_PAGES = 3
"""Pages before the last one whose rows are known where something moves."""


@dataclass
class CollectionReader:
    """Reads one collection. Not for use by several threads at once; `rows()` may be called once."""

    label: str
    fetch: Fetch
    page_size: int
    key: Sequence[str] = ()
    prefetch: Prefetch = field(default_factory=NoPrefetch)
    pages_declared: bool = True
    """False where the operation declares no page parameters: page 1 is then asked for without them."""
    accepts_missing: bool = False
    """Whether rows that the API counts and never serves are the user's to accept."""
    is_recount: bool = False
    """Whether the rows are counted once more, and not given out."""
    on_page: Callable[[Page], None] = lambda page: None
    """Told of every page, for progress."""
    on_changes: Callable[[Changes], None] = lambda changes: None
    """Told in the end, where the data changed while it was read."""
    on_missing: Callable[[int], None] = lambda rows: None
    """Told how many rows the API counts and does not serve, where that is accepted."""
    warn: Callable[[str, str], None] = lambda kind, message: LOGGER.warning(message)
    """Told of what contradicts itself or can't be known: the kind, to be said once a stream, and the
    sentence.
    """

    def __post_init__(self) -> None:
        self._planned = self._place = self._farthest = self._in_flight = 0
        self._has_ended = False
        self._joined = self._idle = 0
        self._given: deque[Served] = deque(maxlen=REMEMBERED_PAGES)
        self._seen = self._read_again = self._again = 0
        self._not_served = NotServed(self.label, self.accepts_missing, self.warn, self.on_missing)

    def rows(self) -> Iterator[list[Row]]:
        """The rows in batches. Raises what `fetch` raises, and ServerError where the reading can't be proved
        whole.
        """
        page = self.fetch(1, self.page_size, FIRST if self.pages_declared else None)
        if page is None:
            raise ServerError(f"{self.label}: the server sent no content (HTTP 204) where rows are due.")
        is_list = page.is_collection or page.is_array
        says_more = page.has_next or (page.total_pages or 0) > 1 or (page.total_items or 0) > len(page.rows)
        if not is_list or (not self.pages_declared and not says_more):
            if self.pages_declared:
                confirm_object(self.label, self.fetch, self.page_size)
            self.on_page(page)
            yield page.rows
            return
        self._source = PageSource(self.label, self.fetch, tuple(self.key), page, self.warn)
        asked = Served(PageRequest(1, self.page_size), page, tuple(self.key))
        first, is_all, is_short = first_page(self._source, asked)
        self._not_served.note(first)
        if is_short:
            self._not_served.note_uncounted(first)
        if first.is_end or is_all:
            self.on_page(first.page)
            batches: Iterator[list[Row]] = iter([first.rows])
        else:
            batches = self._pages(first)
        for batch in batches:
            self._not_served.given(len(batch))
            yield batch
        self._not_served.given(-self._again)
        if self._not_served.uncounted() and not self._not_served.rows and not self.is_recount:
            self._not_served.rows = self._recount()
        has_moved = bool(self._seen or self._again)
        self._not_served.is_exact &= not has_moved
        self._not_served.conclude()
        if has_moved:
            self.on_changes(Changes(self._seen, self._read_again, self._again))

    def _recount(self) -> int:
        """Read once more where a steady total counts more rows than came, though every page was full: how
        many that reading lacks as well. Rows that came and went are not missing twice; those that a server
        leaves out of its pages are.
        """
        again = replace(
            self,
            accepts_missing=True,
            is_recount=True,
            on_page=lambda page: None,
            on_changes=lambda changes: None,
            on_missing=lambda rows: None,
            warn=lambda kind, message: None,
        )
        for _ in again.rows():
            pass
        return again._not_served.rows or again._not_served.uncounted()

    def _pages(self, first: Served) -> Iterator[list[Row]]:
        """The rows of a collection of several pages.

        Those of a page are given out once the next one was compared with them: until then they must stay as
        they came.
        """
        self._plan = Plan(first.request.size)
        self._last, self._new = first, first.rows
        self._planned = self._place = self._farthest = first.request.end
        self._source.learn(first)
        if first.total_items is None:
            self._not_served.say_what_is_not_counted(first)
        try:
            if self._plan.size < SMALLEST_OVERLAPPING:
                raise _CannotOverlap
            self.on_page(first.page)
            with closing(in_flight(self._following, self._source.serve, self.prefetch)) as replies:
                for _, served in replies:
                    self._in_flight -= 1
                    yield from self._take(served)
                    if self._has_ended:
                        break
        except _CannotOverlap:
            passes = WholePasses(
                self.label, self._plan.size, self._source, self._not_served, self.prefetch, self.on_page
            )
            yield from passes.rows([])
            return
        yield self._new

    # what to ask for

    def _following(self) -> PageRequest | None:
        """The next page, or None where the replies under way have to tell first."""
        if self._has_ended or (self._planned >= self._source.announced and self._in_flight):
            return None
        request = self._plan.behind(self._planned)
        self._planned = request.end
        self._in_flight += 1
        return request

    # what came

    def _take(self, served: Served) -> Iterator[list[Row]]:
        """Join a page to the last one; the rows that are new."""
        if served.is_of_other_size and not self._is_last_page(served):
            self._cannot_overlap("the server changes its page size")
        if served.failure is not None or not (served.rows or served.missing):
            served = self._source.behind(served, self._last)
        elif (
            (served.missing or served.miscounts)
            and len(served.rows) > OVERLAP
            and served.repeats(self._last)
        ):
            served = self._source.behind(self._source.repeated(served), self._last)
        self._source.learn(served)
        overlap = overlap_of(self._last, served)
        if overlap is None and (self._not_served.rows or served.missing) and not self.accepts_missing:
            # the stream fails in any case; it is read on to say how many rows are missing
            overlap = Overlap(served.rows, 0, reaches=bool(served.rows))
        if overlap is not None:
            yield from self._join(served, overlap)
        else:
            yield from self._bridge(served)

    def _is_last_page(self, served: Served) -> bool:
        """Whether a page of another size is the last one, of which some servers say that its rows are its
        size.
        """
        shared = self._last.request.end - served.request.start
        is_in_place = 0 < shared <= len(served.rows) and served.rows[:shared] == self._last.rows[-shared:]
        return is_in_place and served.page.size == len(served.rows) and served.is_end

    def _join(self, served: Served, overlap: Overlap) -> Iterator[list[Row]]:
        """Go on behind a page that has rows in common with the last one; the rows that nothing follows
        yet.
        """
        self._observe(served, overlap)
        self._not_served.note(served, overlap.shared)
        self.on_page(served.page)
        self._joined += 1
        due, fresh = served.request.end - self._farthest - served.missing, len(overlap.new) - overlap.again
        # new rows where all was read have taken the place of others
        self._not_served.is_exact &= served.request.end > self._farthest or not fresh
        self._place = served.request.end
        self._farthest = max(self._farthest, self._place)
        if served.rows:
            self._idle = 0 if 0 < 3 * due <= 4 * fresh else self._idle + 1
        if self._idle >= PAGES_OF_A_GAP:
            self._cannot_overlap(f"{self._idle} pages in a row brought few rows that had not come before")
        new = overlap.new
        if overlap.between and served.has_unique_keys:
            # pages are served in another order than they are asked for: a row that a page lacks, because it
            # was deleted by then, may come once more with the next one
            given = [page for page in self._given if page.has_unique_keys]
            repeatable, behind = new[: overlap.between], new[overlap.between :]
            new = [row for row in repeatable if not any(page.holds(row) for page in given)] + behind
        if overlap.reaches and (new or len(served.rows) >= len(self._last.rows)):
            if self._new:
                yield self._new
            self._given.append(self._last)
            self._last, self._new = served, new
        else:
            self._given.append(served)
            self._new = self._new + new
        if served.rows and not served.is_end and not served.is_full and not served.missing:
            if not self._source.ends_behind(served):
                self._not_served.note_uncounted(served)
                return
            self._has_ended = True
        is_end = served.is_end or not (served.rows or served.missing or served.says_more)
        if is_end and served.rows and served.total_items is None and self._seen:
            # pages may have been counted before rows moved to one more
            is_end = self._source.ends_behind(served)
        self._has_ended |= is_end

    def _observe(self, served: Served, overlap: Overlap) -> None:
        """Count what moved between the last page and this one; neighbours overlap by more for a while."""
        self._again += overlap.again
        if not served.rows or served.missing or self._last.missing or self._place != self._last.request.end:
            return
        displacement = abs(self._place - served.request.start - overlap.shared)
        self._seen += displacement
        self._plan.displacement = max(displacement, self._plan.displacement * 3 // 4)

    # neighbours without a row in common

    def _bridge(self, right: Served) -> Iterator[list[Row]]:
        """Read what lies between the last page and one that shares no row with it; the rows that are new.

        From further back, four times as far each time, until a page shares a row with the last one; then
        forward, until one shares a row with the right page or ends behind it. Raises ServerError.
        """
        pages, is_joined = 0, True
        while is_joined and pages < PAGES_OF_A_GAP:
            is_joined = False
            for request in self._plan.around(self._last, right, self._place, forward=pages > 0):
                served = self._source.serve(request)
                pages += 1
                overlap = (
                    None if served.failure or served.is_of_other_size else overlap_of(self._last, served)
                )
                if overlap is not None:
                    is_joined = True
                    yield from self._join(served, overlap)
                    break
            if self._has_ended or self._place >= right.request.end:
                break
            overlap = overlap_of(self._last, right)
            if overlap is not None:
                yield from self._join(right, overlap)
                break
        else:
            # what they share can't be told apart, or rows that are not served leave a hole between them
            right = self._source.serve(right.request)
            overlap = overlap_of(self._last, right) or in_place(self._last, right)
            if overlap is None or not self._source.stands_still(self._last, right):
                if self._joined and right.failure is not None:
                    raise self._source.unread(right)
                self._cannot_overlap("neighbouring pages share no row")
            else:
                self._not_served.is_exact &= self._last.has_unique_rows and right.has_unique_rows
                yield from self._join(right, overlap)
        self._read_again += pages
        self._planned = max(self._planned, self._place)

    def _cannot_overlap(self, what: str) -> None:
        if not self._joined:
            raise _CannotOverlap
        raise ServerError(
            f"{self.label}: {what}, also not when read again from further back. The order of the rows "
            "changes between requests or depends on the page size, or more rows came or went at once than a "
            "page holds. Whether all rows came can't be known: sync again, at a quieter time."
        )


class _CannotOverlap(Exception):
    """The server serves other page sizes than those asked for, or an order that changes."""
