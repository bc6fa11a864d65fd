"""Reader of paginated collections that may change during the read.

A read is complete if its replies prove it:

1. Every page holds all rows that its own totals count at its offset (`page_reply`). A page that doesn't is
   requested again. Rows that stay missing are counted and fail the stream (`missing_rows`).
2. Neighbouring pages overlap and share a row (`overlap`, `plan`). If two share none, the gap between them is
   read at once, from further back.
3. The last page is not full, and nothing in its reply announces more.

Proof: take a row that exists during the whole read. If it were on neither of two neighbouring pages, it would
come after all rows of the first and before all rows of the second. But they share a row, and rows keep their
order. So the row is on one of the pages. If pages can't overlap, repeated passes are compared (`passes`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.first_page import first_page, is_without_pages
from source_snow_atlas.components.collection.missing_rows import MissingRows
from source_snow_atlas.components.collection.overlap import Overlap, overlap_by_offset, overlap_of
from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import (
    Changes,
    Fetch,
    NoPrefetch,
    PageRequest,
    Prefetch,
    in_flight,
)
from source_snow_atlas.components.collection.passes import RepeatedPasses
from source_snow_atlas.components.collection.plan import OVERLAP, PAGES_OF_A_GAP, Plan
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
FIRST = frozenset({0, 1})
"""The numbers that replies may state for the first page."""
SMALLEST_OVERLAPPING = 16
"""Page size below which overlaps leave too few new rows, and shared rows may be in order by chance."""
REMEMBERED_PAGES = 3
"""Pages before the last one whose rows are remembered, to recognize rows that were emitted."""


@dataclass
class CollectionReader:
    """Reader of one collection. Not thread-safe; call `rows()` once.

    `pages_declared` is False if the operation has no page parameters: page 1 is then requested without them.
    `accepts_missing`: whether to continue without rows that the API counts and never serves. `is_recount`:
    whether rows are read to be counted again, and not emitted. `on_page` is called with every page;
    `on_changes` at the end, if data changed during the read; `on_missing` with the number of missing rows, if
    they are accepted; `warn` with the kind and the text of each warning.
    """

    label: str
    fetch: Fetch
    page_size: int
    key: Sequence[str] = ()
    prefetch: Prefetch = field(default_factory=NoPrefetch)
    pages_declared: bool = True
    accepts_missing: bool = False
    is_recount: bool = False
    on_page: Callable[[Page], None] = lambda page: None
    on_changes: Callable[[Changes], None] = lambda changes: None
    on_missing: Callable[[int], None] = lambda rows: None
    warn: Callable[[str, str], None] = lambda kind, message: LOGGER.warning(message)

    def __post_init__(self) -> None:
        self._planned = self._offset = self._farthest = self._in_flight = 0
        self._has_ended = False
        self._joined = self._idle = 0
        self._emitted_pages: deque[PageReply] = deque(maxlen=REMEMBERED_PAGES)
        self._seen = self._read_again = self._again = 0
        self._missing_rows = MissingRows(self.label, self.accepts_missing, self.warn, self.on_missing)

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows in batches.

        Raises what `fetch` raises, and ServerError if the replies don't prove that the read is complete.
        """
        page = self.fetch(1, self.page_size, FIRST if self.pages_declared else None)
        if page is None:
            raise ServerError(f"{self.label}: the server sent no content (HTTP 204) in place of rows.")
        if is_without_pages(page, self.label, self.fetch, self.page_size, self.pages_declared):
            self.on_page(page)
            yield page.rows
            return
        self._source = PageSource(self.label, self.fetch, tuple(self.key), page, self.warn)
        reply = PageReply(PageRequest(1, self.page_size), page, tuple(self.key))
        first, is_all, is_short = first_page(self._source, reply)
        self._missing_rows.count(first)
        if is_short:
            self._missing_rows.count_short_page(first)
        if is_all:
            self.on_page(first.page)
        for batch in [first.rows] if is_all else self._pages(first):
            self._missing_rows.emitted(len(batch))
            yield batch
        self._missing_rows.emitted(-self._again)
        has_changed = bool(self._seen or self._again)
        uncounted = self._missing_rows.uncounted()
        if uncounted and not self._missing_rows.rows:
            is_doubtful = (has_changed or not self._missing_rows.has_steady_total()) and not self.is_recount
            self._missing_rows.rows = self._recount(uncounted) if is_doubtful else uncounted
        self._missing_rows.is_exact &= not has_changed
        self._missing_rows.conclude()
        if has_changed:
            self.on_changes(Changes(self._seen, self._read_again, self._again))

    def _recount(self, uncounted: int) -> int:
        """Read again, and return how many rows the total counts beyond those that came this time.

        Rows that were inserted or deleted are not missing twice; rows that the server leaves out are. If
        nothing has changed by then, the `uncounted` rows are missing from the first reading.
        """
        again = CollectionReader(
            self.label,
            self.fetch,
            self.page_size,
            self.key,
            self.prefetch,
            self.pages_declared,
            accepts_missing=True,
            is_recount=True,
            warn=lambda kind, message: None,
        )
        for _ in again.rows():
            pass
        has_changed = self._seen or self._again or again._seen or again._again
        is_same = not has_changed and self._missing_rows.has_same_total(again._missing_rows)
        return uncounted if is_same else again._missing_rows.rows

    def _pages(self, first: PageReply) -> Iterator[list[Row]]:
        """Yield the rows of several pages: those of a page after the next one was compared with them."""
        self._plan = Plan(first.request.size)
        self._last, self._pending = first, first.rows
        self._planned = self._offset = self._farthest = first.request.end
        self._source.observe(first)
        if first.total_items is None:
            self._missing_rows.warn_without_total(first)
        try:
            if self._plan.size < SMALLEST_OVERLAPPING:
                raise _CannotOverlap
            self.on_page(first.page)
            with closing(in_flight(self._following, self._source.get, self.prefetch)) as replies:
                for _, reply in replies:
                    self._in_flight -= 1
                    yield from self._receive(reply)
                    if self._has_ended:
                        break
        except _CannotOverlap:
            passes = RepeatedPasses(
                self.label, self._plan.size, self._source, self._missing_rows, self.prefetch, self.on_page
            )
            yield from passes.rows()
            return
        yield self._pending

    def _following(self) -> PageRequest | None:
        """Return the next request, or None until a reply announces more."""
        if self._has_ended or (self._planned >= self._source.announced and self._in_flight):
            return None
        request = self._plan.following(self._planned)
        self._planned = request.end
        self._in_flight += 1
        return request

    def _receive(self, reply: PageReply) -> Iterator[list[Row]]:
        """Join a page to the preceding one, and yield rows that are complete."""
        if reply.has_other_size and not self._is_last_page(reply):
            self._fail_to_overlap("the server changes its page size")
        reply = self._source.confirm_total(reply)
        is_doubtful = (reply.missing or reply.is_miscounted) and len(reply.rows) > OVERLAP
        if reply.failure is not None or not (reply.rows or reply.missing):
            reply = self._source.end_after(reply, self._last)
        elif is_doubtful and self._source.repeats(reply, self._last, *self._emitted_pages):
            reply = self._source.end_after(self._source.as_repeated(reply), self._last)
        self._source.observe(reply)
        overlap = overlap_of(self._last, reply)
        if overlap is None and (self._missing_rows.rows or reply.missing) and not self.accepts_missing:
            # the stream will fail; it is read on to report how many rows are missing
            overlap = Overlap(reply.rows, 0, reaches=bool(reply.rows))
        if overlap is not None:
            yield from self._join(reply, overlap)
        else:
            yield from self._fill_gap(reply)

    def _is_last_page(self, reply: PageReply) -> bool:
        """Return whether a page of another size is the last one: some servers state its rows as its size."""
        shared = self._last.request.end - reply.request.start
        is_aligned = 0 < shared <= len(reply.rows) and reply.rows[:shared] == self._last.rows[-shared:]
        return is_aligned and reply.page.size == len(reply.rows) and reply.is_end

    def _join(self, reply: PageReply, overlap: Overlap) -> Iterator[list[Row]]:
        """Continue with a page that overlaps the last one, and yield rows that are complete."""
        self._observe_changes(reply, overlap)
        self._missing_rows.count(reply, overlap.shared)
        self.on_page(reply.page)
        self._joined += 1
        due, fresh = reply.request.end - self._farthest - reply.missing, len(overlap.new) - overlap.again
        # new rows at offsets that were read before have taken the place of others
        self._missing_rows.is_exact &= reply.request.end > self._farthest or not fresh
        self._offset = reply.request.end
        self._farthest = max(self._farthest, self._offset)
        if reply.rows:
            self._idle = 0 if 0 < 3 * due <= 4 * fresh else self._idle + 1
        if self._idle >= PAGES_OF_A_GAP:
            self._fail_to_overlap(f"{self._idle} pages in a row brought few new rows")
        new = overlap.new
        if overlap.between and reply.has_unique_keys:
            # pages are served in any order: a row that the last page lacks may be on an earlier one
            emitted = [page for page in self._emitted_pages if page.has_unique_keys]
            between, after = new[: overlap.between], new[overlap.between :]
            new = [row for row in between if not any(page.contains(row) for page in emitted)] + after
        if overlap.reaches and (new or len(reply.rows) >= len(self._last.rows)):
            if self._pending:
                yield self._pending
            self._emitted_pages.append(self._last)
            self._last, self._pending = reply, new
        else:
            self._emitted_pages.append(reply)
            self._pending = self._pending + new
        if reply.rows and not reply.is_end and not reply.is_full and not reply.missing:
            if self._source.end_of(reply) is None:
                self._missing_rows.count_short_page(reply)
                return
            self._has_ended = True
        is_end = reply.is_end or not (reply.rows or reply.missing or reply.announces_more)
        if is_end and reply.rows and reply.total_items is None and self._seen:
            # the pages may have been counted before rows moved to one more
            is_end = self._source.end_of(reply) is not None
        self._has_ended |= is_end

    def _observe_changes(self, reply: PageReply, overlap: Overlap) -> None:
        """Count inserted and deleted rows, and let the next pages overlap by as many more."""
        self._again += overlap.again
        if not reply.rows or reply.missing or self._last.missing or self._offset != self._last.request.end:
            return
        displacement = abs(self._offset - reply.request.start - overlap.shared)
        self._seen += displacement
        self._plan.displacement = max(displacement, self._plan.displacement * 3 // 4)

    def _fill_gap(self, right: PageReply) -> Iterator[list[Row]]:
        """Read the rows between the last page and one that shares no row with it. Raises ServerError.

        Pages begin further back, four times as far each time, until one shares a row with the last page; then
        they go forward until one shares a row with the right page or ends after it.
        """
        pages, is_joined = 0, True
        while is_joined and pages < PAGES_OF_A_GAP:
            is_joined = False
            for request in self._plan.across_gap(self._last, right, self._offset, forward=pages > 0):
                reply = self._source.get(request)
                pages += 1
                overlap = None if reply.failure or reply.has_other_size else overlap_of(self._last, reply)
                if overlap is not None:
                    is_joined = True
                    yield from self._join(reply, overlap)
                    break
            if self._has_ended or self._offset >= right.request.end:
                break
            overlap = overlap_of(self._last, right)
            if overlap is not None:
                yield from self._join(right, overlap)
                break
        else:
            # the shared rows are equal to others, or rows that are not served leave a gap
            right = self._source.get(right.request)
            overlap = overlap_of(self._last, right) or overlap_by_offset(self._last, right)
            if overlap is None or not self._source.is_unchanged(self._last, right):
                if self._joined and right.failure is not None:
                    raise self._source.unreadable(right)
                self._fail_to_overlap("neighbouring pages share no row")
            else:
                self._missing_rows.is_exact &= self._last.has_unique_rows and right.has_unique_rows
                yield from self._join(right, overlap)
        self._read_again += pages
        self._planned = max(self._planned, self._offset)

    def _fail_to_overlap(self, what: str) -> None:
        """Change over to repeated passes, or raise ServerError if rows of several pages were emitted."""
        if not self._joined:
            raise _CannotOverlap
        raise ServerError(
            f"{self.label}: {what}, also when read again from further back. The order of the rows changes "
            "between requests or depends on the page size, or more rows came or went at once than a page "
            "holds. Whether all rows came can't be known: sync again, at a quieter time."
        )


class _CannotOverlap(Exception):
    """Raised if the server has one page size only, or an order that changes."""
