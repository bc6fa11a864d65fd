"""Repeated passes over a collection whose pages can't overlap.

They are needed if the server has one page size only, if pages are tiny, or if the order of rows changes with
each request. Each pass yields the rows that no pass before it held. Of equal rows it yields as many as it
holds more than the passes before. The read ends after two passes with the same pages, or when as many
different keys were read as a total counts that never changed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest, content
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.totals import Totals
from source_snow_atlas.components.request.reply import Row

LOGGER = logging.getLogger("airbyte")
MOST_PASSES = 5
"""Passes over changing data before the read fails."""
MOST_PASSES_OF_STEADY_TOTAL = 20
"""The same while the total doesn't change: without an order, each pass finds two thirds of what is left."""
IDLE_PAGES = 40
"""Consecutive pages without a new row, after which the server is assumed to repeat itself for ever."""
MOST_ROWS = 1_000_000
"""Rows whose hashes fit in memory, about 100 MB."""


@dataclass
class _Pass:
    """One pass: the hashes of the rows of each page, the total of each page, and whether a page failed."""

    pages: list[list[int]] = field(default_factory=list)
    totals: list[int | None] = field(default_factory=list)
    failure: ServerError | None = None
    found: Counter[int] = field(default_factory=Counter)
    seen: set[Hashable] = field(default_factory=set)
    idle: int = 0

    def agrees(self, other: _Pass) -> bool:
        """Return whether both passes have the same pages and totals; some servers omit totals at times."""
        if self.failure or other.failure or self.pages != other.pages:
            return False
        totals = zip(self.totals, other.totals, strict=True)
        return all(one == another or None in (one, another) for one, another in totals)


class RepeatedPasses:
    """Reader of all pages of the size of the first one, pass by pass, until nothing new comes."""

    def __init__(self, source: PageSource, first: PageReply) -> None:
        self._source = source
        self._first = first
        self._missing_rows = source.missing_rows
        self._lacked_first_rows = self._missing_rows.rows > 0
        # a number of pages counted other pages, if they had another size than the requested one
        self._missing_rows.observed = Totals()
        self._emitted: Counter[int] = Counter()
        self._keys: set[int] = set()
        self._totals: set[int | None] = set()
        """Totals of all pages; None for a page that lacks a total, a unique key or rows."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows of the collection in batches. Raises ServerError if the passes keep differing."""
        LOGGER.info(
            "%s: its pages can't overlap; all of them are read twice and compared.", self._source.label
        )
        # rows may have moved off the first page since it was received
        yield self._not_emitted(_Pass(), self._first, [hash(content(row)) for row in self._first.rows])
        earlier: _Pass | None = None
        quiet_passes = 0  # those without a new row
        for passes in count(1):
            current, emitted = _Pass(), self._emitted.total()
            yield from self._pass(current)
            if earlier is not None and current.agrees(earlier):
                self._check(current)
                return
            if current.failure is not None and earlier is not None and earlier.failure is not None:
                # if the collection had become shorter, the second pass would have ended earlier
                raise current.failure
            quiet_passes = quiet_passes + 1 if self._emitted.total() == emitted else 0
            if quiet_passes > 1 and self._totals == {len(self._keys)}:
                return
            lacks_keys = len(self._totals) == 1 and len(self._keys) < (next(iter(self._totals)) or 0)
            if passes >= (MOST_PASSES_OF_STEADY_TOTAL if lacks_keys else MOST_PASSES):
                raise self._source.error(
                    f"{passes} passes over all pages brought different rows, and its pages "
                    "share none that proves an overlap. The order of its rows changes between requests, or "
                    "its data changes too fast. "
                    "Whether all rows were received can't be known: sync again, at a quieter time."
                )
            earlier = current

    def _check(self, last: _Pass) -> None:
        """Raise ServerError if two equal passes contradict themselves."""
        self._missing_rows.is_exact &= sum(map(len, last.pages)) == self._emitted.total()
        totals = sorted({*last.totals} - {None}, key=str)
        if len(totals) > 1 and not (self._source.was_miscounted or self._missing_rows.rows):
            # such as a first page from a cache
            raise self._source.error(
                f"the API counts {totals[0]} rows on one page and {totals[-1]} on another, "
                "also when requested again, and does not serve pages that overlap. Whether all rows were "
                "received can't be known. If it happens again, report it to Snow Atlas support."
            )
        distinct = [set(page) for page in last.pages]
        if sum(map(len, distinct)) > len(set[int]().union(*distinct)):
            raise self._source.error(
                "the server sends the same rows on several pages, also when requested again, "
                "and does not serve pages that overlap. Whether they are different rows can't be known, and "
                "the rows of a page may be missing. If it happens again, report it to Snow Atlas support."
            )

    def _pass(self, current: _Pass) -> Iterator[list[Row]]:
        """Yield the new rows of one pass."""
        self._missing_rows.restart()
        numbers = count(1)
        before: PageReply | None = None
        for reply in self._source.replies(
            lambda newest: PageRequest(next(numbers), self._first.request.size)
        ):
            if not self._is_part_of(current, reply, before):
                return
            before = reply
            yield self._new_rows(current, reply)
            if reply.is_end:
                return

    def _new_rows(self, current: _Pass, reply: PageReply) -> list[Row]:
        """Return the rows that no earlier page of any pass held."""
        self._source.observe(reply)
        self._source.count(reply, shared=len(reply.rows))
        current.totals.append(reply.page.total_items)
        hashes = [hash(content(row)) for row in reply.rows]
        current.pages.append(hashes)
        is_keyed = reply.has_unique_keys
        identities = reply.keys if is_keyed else list[Hashable](hashes)
        self._keys.update(map(hash, identities))
        self._totals.add(reply.page.total_items if is_keyed and not reply.missing else None)
        current.idle = current.idle + 1 if current.seen.issuperset(identities) else 0
        current.seen.update(identities, [tuple(reply.identities)])
        if current.idle > IDLE_PAGES:
            raise self._source.error(
                f"{current.idle} pages in a row brought no new row, and nothing says where the "
                "collection ends. Report it to Snow Atlas support."
            )
        new = self._not_emitted(current, reply, hashes)
        if len(self._emitted) + len(self._keys) > 2 * MOST_ROWS:
            raise self._source.error(
                f"the server does not serve pages that overlap, and more than "
                f"{MOST_ROWS:,} rows can't be compared in memory. Whether all were received can't be "
                "known. Narrow the stream with a filter, or report it to Snow Atlas support."
            )
        return new

    def _not_emitted(self, current: _Pass, reply: PageReply, hashes: list[int]) -> list[Row]:
        """Return the rows of a page that no pass before emitted, and count them as emitted."""
        new = []
        for row, value in zip(reply.rows, hashes, strict=True):
            # a row with a unique key is the same one on every page
            current.found[value] = 1 if reply.is_keyed else current.found[value] + 1
            if current.found[value] > self._emitted[value]:
                self._emitted[value] += 1
                new.append(row)
        return new

    def _is_part_of(self, current: _Pass, reply: PageReply, before: PageReply | None) -> bool:
        """Return whether a page is part of the pass. If not, it marks the end or has failed."""
        if before is None:
            if reply.failure is not None:
                raise self._source.unreadable(reply)
            may_have_rows = self._emitted or self._lacked_first_rows
            if may_have_rows and not reply.rows and reply.total_items is None:
                # many servers count one page for a collection without rows
                raise self._source.unreadable(reply)
            return True
        is_another = reply.failure is not None and reply.page.number is not None
        if reply.failure is None and reply.rows and tuple(reply.identities) in current.seen:
            is_another = True
            reply = self._source.failed(reply.request, "an earlier page was received", reply.page)
        if reply.failure is None and (reply.rows or reply.missing):
            if reply.rows and not (before.is_full or before.missing):
                # a page before one with new rows should be full
                self._missing_rows.rows += before.request.size - len(before.rows)
            return True
        # the totals of another page are not those of this one
        is_counted = before.total_items == before.reached or (reply.failure is None and reply.is_counted)
        is_counted &= not self._source.was_miscounted
        announced = max(reply.announced, self._source.announced)
        is_announced = before.announces_more or reply.request.start < announced or reply.is_malformed
        # if nothing is counted, a full page that comes again may hide others
        is_hiding = not is_counted and is_another and before.is_full and not before.is_counted
        if is_announced or is_hiding or (not is_counted and self._source.is_followed(reply, current.seen)):
            current.failure = self._source.unreadable(reply)
        elif reply.failure is not None and not is_counted:
            self._source.warn_of_end(reply)
        return False
