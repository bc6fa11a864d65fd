"""Repeated passes over a collection whose pages can't overlap.

They are needed if the server has one page size only, if pages are tiny, or if the order of rows changes with
each request. Each pass yields the rows that no pass before it held. Of equal rows it yields as many as it
holds more than the passes before. The read ends after two passes with the same pages, or when as many
different keys were read as a total counts that never changed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.missing_rows import MissingRows
from source_snow_atlas.components.collection.page_reply import FEW_ROWS, PageReply, content
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import PageRequest, Prefetch, in_flight
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
MOST_PASSES = 5
"""Passes over changing data before the read fails."""
MOST_PASSES_OF_STEADY_TOTAL = 20
"""The same while the total doesn't change: without an order, each pass finds two thirds of what is left."""
IDLE_PAGES = 40
"""Consecutive pages without a new row, after which the server is assumed to repeat itself for ever."""
ANNOUNCED_IDLE_PAGES = 1000
"""The same for pages that the server announces, because rows may be equal."""
MOST_ROWS = 1_000_000
"""Rows whose hashes fit in memory, about 100 MB."""


@dataclass
class RepeatedPasses:
    """Reader of all pages of `size` rows, pass by pass, until nothing new comes."""

    label: str
    size: int
    source: PageSource
    missing_rows: MissingRows
    prefetch: Prefetch
    on_page: Callable[[Page], None]
    _emitted: Counter[int] = field(default_factory=Counter, init=False)
    _keys: set[int] = field(default_factory=set, init=False)
    _totals: set[int | None] = field(default_factory=set, init=False)
    _totals_of_pass: list[int | None] = field(default_factory=list, init=False)
    _keys_are_unique: bool = field(default=True, init=False)
    _has_lacked_rows: bool = field(default=False, init=False)
    _requested: int = field(default=0, init=False)
    _received: int = field(default=0, init=False)
    _has_ended: bool = field(default=False, init=False)

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows of the collection in batches. Raises ServerError if the passes keep differing."""
        LOGGER.info("%s: its pages can't overlap; all of them are read twice and compared.", self.label)
        earlier: list[list[int]] = []
        earlier_totals: list[int | None] = []
        passes = quiet_passes = 0
        while True:
            passes += 1
            pages: list[list[int]] = []
            is_new = False
            for rows in self._pass(pages):
                is_new |= bool(rows)
                yield rows
            if pages == earlier and _agree(self._totals_of_pass, earlier_totals):
                totals = sorted({*self._totals_of_pass} - {None}, key=str)
                if len(totals) > 1 and not (self.source.was_miscounted or self.missing_rows.rows):
                    # such as a first page from a cache
                    raise ServerError(
                        f"{self.label}: the API counts {totals[0]} rows on one page and {totals[-1]} on "
                        "another, also when requested again, and does not serve pages that overlap. Whether "
                        "all rows came can't be known. If it happens again, report it to Snow Atlas support."
                    )
                distinct = [set(page) for page in pages]
                if sum(map(len, distinct)) == len(set[int]().union(*distinct)):
                    return
                raise ServerError(
                    f"{self.label}: the server sends the same rows on several pages, also when requested "
                    "again, and does not serve pages that overlap. Whether they are different rows can't be "
                    "known, and the rows of a page may be missing. "
                    "If it happens again, report it to Snow Atlas support."
                )
            self.missing_rows.is_exact &= passes == 1 or not is_new
            self._has_lacked_rows |= self.missing_rows.rows > 0
            quiet_passes = 0 if is_new else quiet_passes + 1
            if self._is_steady() and quiet_passes > 1 and {len(self._keys)} == self._totals:
                return
            lacks_keys = self._is_steady() and len(self._keys) < max(filter(None, self._totals), default=0)
            if passes >= (MOST_PASSES_OF_STEADY_TOTAL if lacks_keys else MOST_PASSES):
                raise ServerError(
                    f"{self.label}: {passes} passes over all pages brought different rows, and its pages "
                    "share none that proves an overlap. The order of its rows changes between requests, or "
                    "its data changes too fast. "
                    "Whether all rows came can't be known: sync again, at a quieter time."
                )
            earlier, earlier_totals = pages, self._totals_of_pass

    def _pass(self, pages: list[list[int]]) -> Iterator[list[Row]]:
        """Yield the new rows of one pass, and append the hashes of all its rows to `pages`, page by page."""
        self._requested = self._received = 0
        self._totals_of_pass = []
        self._has_ended = False
        self.missing_rows.restart()
        found: Counter[int] = Counter()
        seen: set[Hashable] = set()
        before: PageReply | None = None
        idle = 0
        for _, received in in_flight(self._following, self.source.get, self.prefetch):
            hashes = [_hash(row) for row in received.rows]
            # rows with unique keys are compared by key, because their values may change each time
            tokens: list[Hashable] = received.keys if received.has_unique_keys else [*hashes]
            page = tuple(tokens if len(tokens) >= FEW_ROWS else hashes)
            reply = self._checked(received, before, page in seen)
            hashes = hashes if reply.rows else []
            self._observe(reply, is_after_end=reply is not received)
            pages.append(hashes)
            idle = idle + 1 if seen.issuperset(tokens) else 0
            seen.update(tokens, [page] if page else [])
            if idle > (ANNOUNCED_IDLE_PAGES if reply.request.end <= self.source.announced else IDLE_PAGES):
                raise ServerError(
                    f"{self.label}: {idle} pages in a row brought no new row, and nothing says where the "
                    "collection ends. Report it to Snow Atlas support."
                )
            new = []
            is_keyed = reply.has_unique_keys and len(hashes) >= FEW_ROWS
            for row, value in zip(reply.rows, hashes, strict=True):
                # a row with a unique key is the same one on every page
                found[value] = 1 if is_keyed else found[value] + 1
                if found[value] > self._emitted[value]:
                    self._emitted[value] += 1
                    new.append(row)
            if len(self._emitted) + len(self._keys) > 2 * MOST_ROWS:
                raise ServerError(
                    f"{self.label}: the server does not serve pages that overlap, and more than "
                    f"{MOST_ROWS:,} rows can't be compared in memory. Whether all of them came can't be "
                    "known. Narrow the stream with a filter, or report it to Snow Atlas support."
                )
            before = reply
            yield new
            if self._has_ended:
                return

    def _checked(self, reply: PageReply, before: PageReply | None, is_repeated: bool) -> PageReply:
        """Return the page, or an empty one if it doesn't exist or repeats an earlier one."""
        if before is None:
            if reply.failure is not None:
                raise reply.failure
            is_counted = reply.total_items is None and reply.total_pages == 1
            if reply.is_after_end and is_counted and self.source.has_counted_pages(reply.request.size):
                # one page is counted for a collection without rows, but also for one that became shorter
                raise self.source.unreadable(reply)
            if not (reply.rows or reply.is_counted) and (
                self._emitted or self.source.is_followed(reply, reply)
            ):
                raise self.source.unreadable(reply)
            return reply
        if reply.rows and not (is_repeated or before.is_full or before.missing):
            # a page before one with new rows should be full
            self.missing_rows.count_short_page(before)
        if reply.failure is None and reply.rows and is_repeated:
            is_announced = before.announces_more or reply.request.start < self.source.announced
            if is_announced or self.source.is_followed(reply, before):
                # rows that moved by a page look the same; otherwise the next pass shows it again
                return reply
            if len(set(map(_hash, reply.rows))) == 1 and not (reply.has_unique_keys or before.is_counted):
                raise ServerError(
                    f"{self.label}: page {reply.request.number} holds the same rows as the page before it, "
                    "and no total counts them. Whether it is the last page once more can't be known."
                )
            reply = self.source.as_repeated(reply)
        if reply.failure is not None or not (reply.rows or reply.missing):
            return self.source.end_after(reply, before)
        return reply

    def _following(self) -> PageRequest | None:
        """Return the next request, or None until a reply announces more."""
        if self._has_ended or (
            self._requested * self.size >= self.source.announced and self._requested > self._received
        ):
            return None
        self._requested += 1
        return PageRequest(self._requested, self.size)

    def _observe(self, reply: PageReply, is_after_end: bool) -> None:
        self._received += 1
        self.source.observe(reply)
        self.missing_rows.count(reply, shared=len(reply.rows))
        self.on_page(reply.page)
        self._totals.add(reply.page.total_items)
        self._totals_of_pass.append(reply.page.total_items)
        if reply.has_unique_keys:
            self._keys.update(map(hash, reply.keys))
        else:
            self._keys_are_unique &= not reply.rows
        if reply.rows and not reply.is_end and not reply.is_full and not reply.missing:
            self._has_ended = self.source.end_of(reply) is not None
        else:
            is_empty = not reply.rows and not reply.missing and not reply.announces_more
            self._has_ended = is_after_end or reply.is_end or is_empty

    def _is_steady(self) -> bool:
        """Return whether the total never changed, all keys are unique and every page held its rows."""
        is_counted = len(self._totals) == 1 and None not in self._totals
        return is_counted and self._keys_are_unique and not self._has_lacked_rows


def _agree(totals: list[int | None], others: list[int | None]) -> bool:
    """Return whether no two totals of the same page differ; some servers leave them out at times."""
    return all(one == other or None in (one, other) for one, other in zip(totals, others, strict=True))


def _hash(row: Row) -> int:
    return hash(content(row))
