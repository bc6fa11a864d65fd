"""Read of pages that overlap: each page has to share a row with the preceding one."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from source_snow_atlas.components.collection.overlap import (
    Overlap,
    has_smaller_size,
    overlap_by_offset,
    overlap_of,
)
from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.plan import COUNTED_OVERLAP, OVERLAP, PAGES_OF_A_GAP, Plan
from source_snow_atlas.components.request.reply import Row

SMALLEST_OVERLAPPING = 16
"""Page size below which overlaps leave too few new rows, and shared rows may be in order by chance."""
REMEMBERED_PAGES = 3
"""Pages before the last one whose rows are remembered, to recognize rows that were emitted."""


class CannotOverlap(Exception):
    """Raised before any row, if the server has one page size only, or an order that changes."""


class OverlappingPages:
    """Reader of the pages of one collection, given the first one. Not thread-safe; call `rows` once."""

    def __init__(self, source: PageSource, first: PageReply) -> None:
        self._source = source
        # where nothing is counted, the last page proves the end: it should not be left without rows
        is_counted = first.has_unique_keys and first.total_items is not None
        self._plan = Plan(first.request.size, COUNTED_OVERLAP if is_counted else OVERLAP)
        self._last, self._pending, self._offset = first, first.rows, first.end
        self._joined = self._idle = 0
        self._followed = 0
        """An offset after which other rows were seen."""
        self._has_ended = False
        self._emitted_pages: deque[PageReply] = deque(maxlen=REMEMBERED_PAGES)

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows: those of a page after the next one was compared with them.

        Raises CannotOverlap, and ServerError if pages share no row.
        """
        if self._plan.size < SMALLEST_OVERLAPPING:
            raise CannotOverlap
        self._source.on_page(self._last.page)
        with closing(self._source.replies(self._following)) as replies:
            for reply in replies:
                yield from self._receive(reply)
                if self._has_ended:
                    break
        yield self._pending

    def _following(self, newest: PageRequest | None) -> PageRequest:
        """Return the request that follows the newest one in flight, or the last page if there is none."""
        if newest is None:
            # the pages before may have brought less or more than was planned
            return self._plan.after(self._last, self._offset)
        return self._plan.following(newest.end)

    def _receive(self, reply: PageReply) -> Iterator[list[Row]]:
        """Join a page to the preceding one, or read the gap between them."""
        # a last page may state the number of its rows as its size, but no rows follow it then
        is_doubtful = reply.states_its_rows and reply.total_items is None
        if reply.has_other_size or (is_doubtful and self._source.is_followed(reply)):
            self._fail_to_overlap("the server changes its page size")
        reply = self._source.confirm_total(reply)
        self._source.observe(reply)
        joined = self._joined
        is_joined = yield from self._join_if_shared(reply)
        if not is_joined:
            yield from self._fill_gap(reply)
        if self._joined == joined:
            self._count_idle(1)

    def _join_if_shared(self, reply: PageReply) -> Generator[list[Row], None, bool]:
        """Continue with a page if it overlaps the last one, and return whether it does."""
        overlap = self._overlap_of(reply)
        if overlap is not None:
            yield from self._join(reply, overlap)
        return overlap is not None

    def _overlap_of(self, reply: PageReply) -> Overlap | None:
        """Return the overlap with the last page, or None if there is none or the page brings nothing new.

        Without a new row, a page that is full or lacks rows may be another one than the requested one.
        """
        if reply.failure is not None or reply.has_other_size or has_smaller_size(self._last, reply):
            return None
        if self._has_same_end(reply):
            return Overlap([], len(reply.rows), reaches=True, is_end=True)
        overlap = overlap_of(self._last, reply)
        is_another = overlap is not None and not overlap.new and not reply.is_short
        return None if is_another and reply.request.end > self._offset else overlap

    def _has_same_end(self, reply: PageReply) -> bool:
        """Return whether a page that is not full begins elsewhere than the last one and ends with its rows.

        No row can follow then, unless a link announces it.
        """
        last = self._last
        is_continued = reply.page.has_next and reply.reached != reply.total_items
        is_aligned = reply.request.start != last.request.start and reply.reached == last.reached
        if not reply.is_short or last.missing or not is_aligned or is_continued or reply.is_beyond_total:
            return False
        short, long = (reply, last) if len(reply.rows) <= len(last.rows) else (last, reply)
        if not short.ends_as(long):
            return False
        # equal rows may be others, and where nothing is counted, rows may follow those that are not served
        is_doubtful = short.ends_as(long, before_end=1) or not reply.is_counted
        return not (is_doubtful and self._is_followed(reply))

    def _is_followed(self, reply: PageReply) -> bool:
        """Return whether rows follow this page, or followed another one that reached as far."""
        if reply.reached < self._followed:
            return True  # smaller pages may lie within the rows that are not served
        is_followed = self._source.is_followed(reply)
        if is_followed:
            self._followed = reply.request.end
        return is_followed

    def _join(self, reply: PageReply, overlap: Overlap) -> Iterator[list[Row]]:
        """Continue with a page that overlaps the last one, and yield rows that are complete."""
        self._observe_changes(reply, overlap)
        self._source.count(reply, overlap.shared)
        self._joined += 1
        self._has_ended = overlap.is_end or self._is_last(reply, overlap)
        if self._has_ended and reply.announces_more:
            self._source.warn_of_contradiction(reply)
        self._offset = reply.end
        if reply.rows:
            self._count_idle(0 if overlap.reaches and len(overlap.new) > overlap.between else 1)
        new = overlap.new
        if overlap.between and reply.has_unique_keys:
            # pages are served in any order: a row that the last page lacks may be on an earlier one
            known = [row for page in self._emitted_pages if page.has_unique_keys for row in page.rows]
            between, after = new[: overlap.between], new[overlap.between :]
            # fields are added to the rows that were emitted
            new = [row for row in between if not any(row.items() <= other.items() for other in known)] + after
        if overlap.reaches and (new or reply.is_short or len(reply.rows) >= len(self._last.rows)):
            if self._pending:
                yield self._pending
            self._emitted_pages.append(self._last)
            self._last, self._pending = reply, new
        else:
            self._emitted_pages.append(reply)
            self._pending = self._pending + new

    def _is_last(self, reply: PageReply, overlap: Overlap) -> bool:
        """Return whether no page follows one that was joined."""
        if reply.states_its_rows and not overlap.reaches:
            return False  # an earlier page of another size than the requested one looks like that
        if reply.is_end:
            if not self._source.changes or (reply.total_items is not None and not reply.states_its_rows):
                return True
            # pages may have been counted before rows moved to one more
        elif reply.is_counted or not (reply.is_short and (self._last.is_short or not overlap.new)):
            return False
        # where nothing is counted, rows may be inserted and deleted at the end all the time
        return not self._is_followed(reply)

    def _count_idle(self, pages: int) -> None:
        """Add to the pages in a row without a new row, or start again at 0. Raises ServerError at last."""
        self._idle = self._idle + pages if pages else 0
        if self._idle >= PAGES_OF_A_GAP:
            self._fail_to_overlap(f"{self._idle} pages in a row brought no new row")

    def _observe_changes(self, reply: PageReply, overlap: Overlap) -> None:
        """Count inserted and deleted rows, and let the next pages overlap by as many more."""
        displacement = 0
        if not (reply.missing or self._last.missing) and self._offset == self._last.end:
            displacement = abs(self._offset - reply.request.start - overlap.shared)
            self._plan.displacement = max(displacement, self._plan.displacement * 3 // 4)
        self._source.changes.seen += displacement
        self._source.changes.again += overlap.again

    def _fill_gap(self, right: PageReply) -> Iterator[list[Row]]:
        """Read the rows between the last page and one that shares no row with it. Raises ServerError.

        Pages begin further back, four times as far each time, until one shares a row with the last page; then
        they go forward until one shares a row with the right page or ends after it.
        """
        pages, is_joined = 0, True
        while is_joined and pages < PAGES_OF_A_GAP:
            for request in self._plan.across_gap(self._last, self._offset, forward=pages > 0):
                pages += 1
                is_joined = yield from self._join_if_shared(self._source.get(request))
                if is_joined:
                    break
            if self._has_ended or self._offset >= right.request.end:
                break
            is_closed = yield from self._join_if_shared(right)
            if is_closed:
                break
        else:
            yield from self._join_by_offset(self._source.get(right.request))
        self._source.changes.read_again += pages

    def _join_by_offset(self, right: PageReply) -> Iterator[list[Row]]:
        """Continue after a gap: shared rows are equal to others, or rows that are not served leave it."""
        overlap = self._overlap_of(right) or overlap_by_offset(self._last, right)
        is_page = right.failure is None and bool(right.rows or right.missing)
        is_page &= not has_smaller_size(self._last, right)
        if is_page and overlap is not None and self._source.is_unchanged(self._last, right):
            are_unique = self._last.has_unique_rows and right.has_unique_rows
            self._source.missing_rows.count_unproven(right, are_unique)
            if are_unique and not self._last.missing:
                # the last page holds the shared rows that this one lacks
                shared = self._last.request.end - right.request.start
                self._source.missing_rows.rows -= max(0, min(right.missing, shared - overlap.shared))
            yield from self._join(right, overlap)
        elif self._joined and not is_page:
            raise self._source.unreadable(right)
        else:
            self._fail_to_overlap("neighbouring pages share no row")

    def _fail_to_overlap(self, what: str) -> None:
        """Raise CannotOverlap, or ServerError if rows of several pages were emitted."""
        if not self._joined:
            raise CannotOverlap
        raise self._source.error(
            f"{what}, also when read again from further back. The order of the rows changes "
            "between requests or depends on the page size, or more rows came or went at once than a page "
            "holds. Whether all rows were received can't be known: sync again, at a quieter time."
        )
